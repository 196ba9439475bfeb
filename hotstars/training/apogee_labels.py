"""Make the network for Teff, log g and [Fe/H] of APOGEE spectra: train, score, store."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotstars.training.names import APOGEE_NET
from ml.apogee.network import N_METADATA
from ml.apogee.predict import REALISATIONS, LabelNetwork, Labels
from ml.apogee.standard import METADATA, N_PIXELS, TARGETS
from ml.apogee.training import (
    TEST,
    TRAIN,
    VALIDATION,
    Trained,
    TrainingConfig,
    default_device,
    train,
)
from ml.halpha import domain
from ml.registry import save_model
from ml.torch_setup import torch

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

#: Edges of the ranges of Teff (K) that the card has scores for.
TEFF_EDGES = (4000.0, 6500.0, 10_000.0, 20_000.0)

#: Metals are scored below this Teff (K): of hotter stars they are not reported (section 3.1).
COOL = 6500.0

#: Labels are scored on the spectra themselves of all held-out stars; errors, for which every
#: spectrum is passed twenty times, on so many of them.
PULL_SPECTRA = 1000

#: Training spectra that the domain is learnt from, at most.
DOMAIN_SPECTRA = 10_000

#: Spectra read at a time.
_CHUNK = 4096

#: Scatter is this times the median absolute difference from the median: a Gaussian's sigma.
_ROBUST = 1.4826

_NOT_FOR = (
    "Errors follow from the noise of the spectrum alone; the pulls under `scores` say how far "
    "labels lie from the true ones in these errors. [Fe/H] means nothing from 6,500 K. A spectrum "
    "beyond the threshold under `domain` is unlike those of the training. Labels of a class of "
    "stars with few training spectra are drawn towards those of its neighbours."
)


@dataclass(frozen=True)
class TrainingSpectra:
    """Spectra with known labels.

    Attributes
    ----------
    flux, error : (n, 8575)
        Of apStar files; may be arrays in files.
    metadata : (n, 7)
        :data:`ml.apogee.standard.METADATA`; NaN where there is none.
    log_teff, logg, fe_h : (n,)
        Teff in K, g in cm/s2; [Fe/H] NaN where it is not known.
    star : (n,)
        Which star each is of, the same text for all spectra of one.
    source
        Where they are from, in words.
    config
        All that determines them, as JSON would hold it.
    simulated
        Whether they, or some of them, are.
    """

    flux: Singles
    error: Singles
    metadata: Floats
    log_teff: Floats
    logg: Floats
    fe_h: Floats
    star: NDArray[np.str_]
    source: str
    config: Mapping[str, Any]
    simulated: bool

    def __post_init__(self) -> None:
        n = len(self.star)
        shapes = {
            "flux": (n, N_PIXELS),
            "error": (n, N_PIXELS),
            "metadata": (n, N_METADATA),
            **dict.fromkeys(("log_teff", "logg", "fe_h"), (n,)),
        }
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise ValueError(f"training spectra: {name} has shape {found}, not {shape}")

    def __len__(self) -> int:
        return len(self.star)

    @property
    def targets(self) -> Floats:
        """Labels, (n, 3), in the order of the network."""
        return np.column_stack([getattr(self, name) for name in TARGETS])


def train_apogee_net(
    models: Path,
    config: TrainingConfig,
    data: TrainingSpectra,
    *,
    name: str = APOGEE_NET,
    device: torch.device | None = None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train, score and store the network; return its card.

    Parameters
    ----------
    models
        Folder of the registry; what a stopped training needs lies in it until the end.
    config
        How to train; its defaults are those of Sprague et al. (2022, table 3).
    data
        What to learn from.
    name
        Of the model.
    device
        Where to train; by default CUDA where it is.
    say
        Told how far it is.

    Raises
    ------
    ValueError
        If a label is missing or there are too few stars for one of the parts.
    """
    about = _about(config, data)
    folder = models / name / f".training-{_hash(about)}"
    say(f"learning from {len(data):,d} spectra of {_stars(data):,d} stars ({data.source})")
    trained = train(
        data.flux,
        data.metadata,
        data.targets,
        data.star,
        config,
        folder=folder,
        progress=lambda epoch: say(
            f"epoch {epoch.number}/{config.epochs}  loss {epoch.loss:.4f}  held out: "
            f"{epoch.validation_loss:.4f}  ({epoch.seconds:.1f} s)"
        ),
        device=device,
    )
    say("scoring on the stars held out ...")
    trained.network.to(device or default_device())
    network = LabelNetwork(trained.network, trained.standard, "")
    held_out = np.flatnonzero(trained.part == TEST)
    labels, seen = _once(network, data, held_out)
    network, domain_card = _with_domain(network, data, trained, seen)
    card = {
        "architecture": "APOGEE Net II",
        "description": (
            "Teff, log g and [Fe/H] from apStar spectra with photometry and parallax, after "
            "Sprague et al. (2022). Trained on "
            + ("SIMULATED spectra." if data.simulated else "observed spectra.")
        ),
        "simulated": data.simulated,
        "training": about,
        "standard": trained.standard.table(),
        "data": {
            "source": data.source,
            "n_spectra": len(data),
            "n_stars": _stars(data),
            "with_fe_h": int(np.isfinite(data.fe_h).sum()),
            "by_teff": {
                label: int(rows.sum()) for label, rows in _teff_ranges(data.log_teff).items()
            },
        },
        "split": {
            "by": "star (hash of its name and the seed): no star is on two sides",
            **{
                part: {
                    "n_spectra": int((trained.part == part).sum()),
                    "n_stars": len(set(data.star[trained.part == part].tolist())),
                }
                for part in (TRAIN, VALIDATION, TEST)
            },
        },
        "scores": _scores(network, data, held_out, labels),
        "domain": domain_card,
        "history": [asdict(epoch) for epoch in trained.history],
        "weights_origin": "trained from scratch",
        "not_for": (
            "Simulated spectra are all that this model was trained and scored on: its scores say "
            "nothing certain of real spectra. " * data.simulated + _NOT_FOR
        ),
    }
    model = save_model(models, name, network.tensors(), card)
    shutil.rmtree(folder, ignore_errors=True)
    return {**model.card, "folder": str(model.folder)}


def _about(config: TrainingConfig, data: TrainingSpectra) -> dict[str, Any]:
    """Return all that determines the training."""
    return {
        **asdict(config),
        "data": dict(data.config),
        "loss": "squares of standardised labels, weighted by the inverse density of stars",
        "optimiser": "Adamax",
        "torch": str(torch.__version__),
        "input": {"pixels": N_PIXELS, "metadata": list(METADATA)},
        "targets": list(TARGETS),
    }


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _stars(data: TrainingSpectra) -> int:
    return len(set(data.star.tolist()))


def _once(
    network: LabelNetwork, data: TrainingSpectra, rows: NDArray[np.int64]
) -> tuple[Floats, Singles]:
    """Return labels and features of spectra, read from their file some at a time."""
    chunks = [rows[first : first + _CHUNK] for first in range(0, max(len(rows), 1), _CHUNK)]
    found = [network.once(np.asarray(data.flux[one]), data.metadata[one]) for one in chunks]
    return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])


def _with_domain(
    network: LabelNetwork, data: TrainingSpectra, trained: Trained, held_out: Singles
) -> tuple[LabelNetwork, dict[str, Any]]:
    """Describe the training spectra in the network's features: one cloud a range of Teff."""
    learnt = _some(np.flatnonzero(trained.part == TRAIN), DOMAIN_SPECTRA)
    group = np.searchsorted(np.log10(TEFF_EDGES), data.log_teff[learnt], side="right")
    clouds = domain.fit(_once(network, data, learnt)[1], group)
    validation = np.flatnonzero(trained.part == VALIDATION)
    limit = domain.threshold(domain.distance(_once(network, data, validation)[1], clouds))
    far = domain.distance(held_out, clouds) > limit
    card = {
        "measure": "Mahalanobis distance to the nearest range of Teff in the network's features",
        "teff_edges": list(TEFF_EDGES),
        "threshold": limit,
        "quantile": domain.QUANTILE,
        "of": "the validation stars' spectra",
        "held_out_beyond": float(far.mean()) if len(far) else None,
    }
    return replace(network, domain=clouds, domain_threshold=limit), card


def _some(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many rows, spread evenly over all."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _scores(
    network: LabelNetwork, data: TrainingSpectra, rows: NDArray[np.int64], labels: Floats
) -> dict[str, Any]:
    """Score labels (n, 3) of held-out spectra by range of Teff."""
    truth = data.targets[rows]
    truth[data.log_teff[rows] >= np.log10(COOL), TARGETS.index("fe_h")] = np.nan
    some = _some(np.arange(len(rows)), PULL_SPECTRA)
    chosen = rows[some]
    found = network.predict(
        np.asarray(data.flux[chosen]),
        np.asarray(data.error[chosen]),
        data.metadata[chosen],
        [str(star) for star in data.star[chosen]],
    )
    off, pulls = labels - truth, _pulls(found, truth[some])
    ranges = {"all": np.ones(len(rows), dtype=bool), **_teff_ranges(data.log_teff[rows])}
    return {
        "of": (
            f"held-out stars; scatter is {_ROBUST} times the median absolute difference; pulls "
            f"are differences over errors of {REALISATIONS} noisy copies, for {len(some):,d} "
            f"spectra; [Fe/H] of stars below {COOL:,.0f} K"
        ),
        "by_teff": {
            label: {
                target: {
                    **_summary(off[inside, column]),
                    "pull": _summary(pulls[inside[some], column]),
                }
                for column, target in enumerate(TARGETS)
            }
            for label, inside in ranges.items()
        },
    }


def _pulls(found: Labels, truth: Floats) -> Floats:
    """Return differences from the true labels over their errors, (n, 3)."""
    values, errors = (
        np.column_stack([getattr(found, f"{name}{end}") for name in TARGETS])
        for end in ("", "_error")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((values - truth) / errors)


def _summary(values: Floats) -> dict[str, Any]:
    fine = values[np.isfinite(values)]
    if not len(fine):
        return {"n": 0, "median": None, "scatter": None, "rms": None}
    middle = float(np.median(fine))
    return {
        "n": len(fine),
        "median": middle,
        "scatter": float(_ROBUST * np.median(np.abs(fine - middle))),
        "rms": float(np.sqrt(np.mean(fine**2))),
    }


def _teff_ranges(log_teff: Floats) -> dict[str, NDArray[np.bool_]]:
    """Return which stars are in each range of Teff, by its name."""
    names = [
        f"below {TEFF_EDGES[0]:,.0f} K",
        *(f"{low:,.0f}-{high:,.0f} K" for low, high in pairwise(TEFF_EDGES)),
        f"from {TEFF_EDGES[-1]:,.0f} K",
    ]
    number = np.searchsorted(np.log10(TEFF_EDGES), log_teff, side="right")
    return {name: number == place for place, name in enumerate(names)}
