"""Make the classifier of H-alpha emission: simulate, train, calibrate, score, store."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from hotstars.figures.classifier import held_out
from hotstars.figures.style import SIMULATED, write_figure
from hotstars.training.names import BE_CLASSIFIER
from hotstars.training.reviewed_spectra import Reviewed
from ingest.pool import default_workers
from ingest.simulation import training_set
from ingest.simulation.profiles import PROFILES
from ingest.simulation.training_set import TrainingSet, training_windows
from ml.halpha import calibration, domain, training
from ml.halpha.classify import DOMAIN
from ml.halpha.images import FLUX_RANGE, LINE_WIDTH
from ml.halpha.networks import HalphaNetwork
from ml.halpha.scores import scores, scores_by, snr_bins
from ml.halpha.training import Trained, TrainingConfig
from ml.halpha.window import N_SAMPLES, WINDOW
from ml.registry import save_model
from ml.torch_setup import torch
from warehouse import __version__

_SIMULATED_ONLY = (
    "Emission in simulated spectra is all that this model was trained and scored on: its scores "
    "say nothing certain of real spectra. "
)

_NOT_FOR = (
    "It tells whether H-alpha emission can be seen, not whether a star is a Be star: nebulae, "
    "Herbig stars, winds and active cool stars look like emission too. It saw one window, "
    "6530-6590 (vacuum, 0.1 nm), rectified as this warehouse rectifies, at S/N from 10; a spectrum "
    "beyond the threshold under `domain` is unlike those, and its probability means nothing."
)

#: What decides the labels, beside the mix of stars.
_LIMITS = (
    "SNR_RANGE",
    "SEEN_HEIGHT",
    "SEEN_SIGNIFICANCE",
    "SEEN_DEPTH",
    "SEEN_CORE_SIGNIFICANCE",
    "WEAK_FRACTION",
    "WEAK_WIDTH",
)


def train_be_classifier(
    models: Path,
    config: TrainingConfig,
    n_stars: int,
    *,
    weights: Path | None = None,
    workers: int | None = None,
    reviewed: Reviewed | None = None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Simulate, train, calibrate, score and store the classifier; return its card.

    Parameters
    ----------
    models
        Folder of the registry; what a stopped training needs lies in it until the end.
    config
        How to train.
    n_stars
        Stars to simulate.
    weights
        ImageNet weights for the image network.
    workers
        Processes that simulate.
    reviewed
        Spectra that people judged, to learn from instead of simulated ones.
    say
        Told how far it is.
    """
    if reviewed is None:
        data_config = _data_config(n_stars, config.seed)
        unfinished = models / BE_CLASSIFIER / f".training-{_hash(data_config)}"
        data = _training_set(unfinished / "windows.npz", n_stars, config.seed, workers, say)
    else:
        data, data_config = reviewed.data, _reviewed_config(reviewed)
        unfinished = models / BE_CLASSIFIER / f".training-{_hash(data_config)}"
        say(f"{len(data):,d} reviewed spectra")
    simulated = reviewed is None or reviewed.is_simulated
    part = training.split(data.designation, config)
    say(
        f"{config.architecture}: learning from {_count(data, part == training.TRAIN)}, "
        f"held out {_count(data, part == training.VALIDATION)}"
    )
    folder = unfinished / f"{config.architecture}-{config.image_size}-{config.epochs}"
    trained = training.train(
        data.windows,
        data.label,
        part,
        config,
        weights=weights,
        folder=folder,
        progress=lambda epoch: say(
            f"epoch {epoch.number}/{epoch.of}  loss {epoch.loss:.3f}  held out: loss "
            f"{epoch.validation_loss:.3f}, accuracy {epoch.validation_accuracy:.4f}  "
            f"({epoch.seconds:.1f} s)"
        ),
    )
    if trained.resumed_after:
        say(f"(epochs 1-{trained.resumed_after} were done before)")
    judged = _judge(trained.network, data, part)
    card = {
        "name": BE_CLASSIFIER,
        "architecture": config.architecture,
        "description": (
            "Tells whether H-alpha emission can be seen in a rectified spectrum, after Wang et "
            "al. (2022, section 4.1). Trained on "
            + ("SIMULATED spectra." if simulated else "spectra that people judged.")
        ),
        "simulated": simulated,
        "training": _training_card(config, data_config, trained, weights),
        "data": _data_card(data) if reviewed is None else _reviewed_card(reviewed),
        "split": {
            "by": "star (hash of designation and seed): no star is on two sides",
            **{name: _counts(data.take(part == name)) for name in sorted(set(part.tolist()))},
        },
        **judged.card,
        "history": [asdict(epoch) for epoch in trained.history],
        "weights_origin": "ImageNet" if weights else "trained from scratch",
        "not_for": (_SIMULATED_ONLY if simulated else "") + _NOT_FOR,
    }
    tensors = {name: value.numpy() for name, value in trained.network.state_dict().items()}
    tensors.update({f"{DOMAIN}{name}": value for name, value in judged.clouds.items()})
    model = save_model(models, BE_CLASSIFIER, tensors, card)
    picture = model.folder / "scores.png"
    plate = held_out(
        judged.held_out, judged.probability, model.version, SIMULATED if simulated else None
    )
    write_figure(plate.figure, picture)
    shutil.rmtree(folder, ignore_errors=True)
    _remove_if_done(unfinished)
    return {**model.card, "folder": str(model.folder)}


@dataclass(frozen=True)
class _Judged:
    """What became of a network: its probabilities of held-out spectra, and its cards' parts."""

    held_out: TrainingSet
    probability: NDArray[np.float64]
    clouds: dict[str, NDArray[np.float32]]
    card: dict[str, Any]


def _judge(network: HalphaNetwork, data: TrainingSet, part: NDArray[np.str_]) -> _Judged:
    """Calibrate a network on the stars for it, and score it on those held out."""
    learnt, tuning, held_out = (
        data.take(part == name)
        for name in (training.TRAIN, training.CALIBRATION, training.VALIDATION)
    )
    logits = training.logits(network, held_out.windows)
    temperature = calibration.fit_temperature(
        training.logits(network, tuning.windows), tuning.label
    )
    probability = calibration.probability_of(logits, temperature)
    before = calibration.reliability(held_out.label, calibration.probability_of(logits))
    table = calibration.reliability(held_out.label, probability)
    clouds = domain.fit(training.features(network, learnt.windows), learnt.label)
    limit = domain.threshold(domain.distance(training.features(network, tuning.windows), clouds))
    far = domain.distance(training.features(network, held_out.windows), clouds) > limit
    card = {
        "scores": _scores(held_out, probability),
        "calibration": {
            "method": "temperature scaling, fitted on the calibration stars",
            "temperature": temperature,
            "n_spectra": len(tuning),
            "expected_error_before": before.expected_error,
            "expected_error": table.expected_error,
            "table": calibration.as_card(table),
        },
        "domain": {
            "measure": "Mahalanobis distance to the nearest class in the network's features",
            "threshold": limit,
            "quantile": domain.QUANTILE,
            "of": "the calibration stars' spectra",
            "held_out_beyond": float(far.mean()),
        },
    }
    return _Judged(held_out, probability, clouds, card)


def _remove_if_done(unfinished: Path) -> None:
    """Remove the simulated windows, unless another training that uses them was stopped."""
    if not any(item.is_dir() for item in unfinished.iterdir()):
        shutil.rmtree(unfinished, ignore_errors=True)


def _data_config(n_stars: int, seed: int) -> dict[str, Any]:

    return {
        "simulation": __version__,
        "n_stars": n_stars,
        "seed": seed,
        "mix": asdict(training_set.TRAINING_MIX),
        "limits": {name: getattr(training_set, name) for name in _LIMITS},
    }


def _hash(content: Mapping[str, Any]) -> str:

    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _training_set(
    path: Path, n_stars: int, seed: int, workers: int | None, say: Callable[[str], None]
) -> TrainingSet:
    """Return the simulated windows, from the file of a stopped training where there is one."""
    try:
        with np.load(path) as stored:
            data = TrainingSet(**stored)
        say(f"{len(data):,d} simulated spectra of the training that was stopped")
        return data
    except (FileNotFoundError, BadZipFile, ValueError, TypeError):
        pass
    say(f"simulating spectra of {n_stars:,d} stars ...")
    start = time.monotonic()
    data = training_windows(n_stars, seed, workers=workers or default_workers())
    say(f"{len(data):,d} simulated spectra ({time.monotonic() - start:.1f} s)")
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_name(f".{os.getpid()}.npz")
    np.savez(building, **vars(data))
    building.replace(path)
    return data


def _training_card(
    config: TrainingConfig, data_config: dict[str, Any], trained: Trained, weights: Path | None
) -> dict[str, Any]:

    return {
        **asdict(config),
        "data": data_config,
        "loss": "cross-entropy",
        "optimiser": "Adam, learning rate falling as half a cosine",
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest() if weights else None,
        "torch": str(torch.__version__),
        # what a spectrum is turned into before the network sees it
        "input": {
            "window": WINDOW,
            "samples": N_SAMPLES,
            "flux_range": FLUX_RANGE,
            "line_width": LINE_WIDTH,
        },
        "parameters": sum(value.numel() for value in trained.network.parameters()),
    }


def _count(data: TrainingSet, rows: NDArray[np.bool_]) -> str:
    counts = _counts(data.take(rows))
    return f"{counts['n_spectra']:,d} spectra of {counts['n_stars']:,d} stars"


def _reviewed_config(reviewed: Reviewed) -> dict[str, Any]:
    digest = hashlib.sha256()
    for array in (reviewed.obsid, reviewed.exposure, reviewed.data.label, reviewed.data.windows):
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"reviewed_spectra": len(reviewed.data), "sha256": digest.hexdigest()}


def _reviewed_card(reviewed: Reviewed) -> dict[str, Any]:
    return {
        "source": "spectra of the warehouse that reviewers judged; see marts.be_training_spectra",
        **_counts(reviewed.data),
        "surveys": dict(Counter(reviewed.data.survey.tolist())),
    }


def _counts(data: TrainingSet) -> dict[str, int]:
    return {
        "n_spectra": len(data),
        "n_stars": len(set(data.designation.tolist())),
        "n_emission": int(data.label.sum()),
    }


def _data_card(data: TrainingSet) -> dict[str, Any]:

    seen = data.label == 1
    return {
        "source": "simulated LAMOST spectra (SIM); see docs/simulated_survey.md",
        **_counts(data),
        "surveys": dict(Counter(data.survey.tolist())),
        "profiles_with_label_1": dict(Counter(np.array(PROFILES)[data.profile[seen]].tolist())),
        "kinds_with_label_0": dict(Counter(data.kind[~seen].tolist())),
        "emission_that_cannot_be_seen": int(np.sum(~seen & (data.profile > 0))),
    }


def _scores(data: TrainingSet, probability: NDArray[np.floating]) -> dict[str, Any]:

    def by(groups: NDArray[Any]) -> dict[str, Any]:
        return scores_by(groups, data.label, probability, data.designation)

    bins = by(snr_bins(data.snr))
    found = {
        "of": "held-out stars; intervals of 95 per cent",
        "all": scores(data.label, probability, data.designation),
        "by_survey": by(data.survey),
        "by_snr": {name: bins[name] for name in sorted(bins, key=_first_number)},
    }
    if not (data.kind == "reviewed").all():  # of those the true profile is not known
        found["by_profile"] = by(np.array(PROFILES)[data.profile])
        found["by_clarity"] = by(_clarity(data))
    return found


def _clarity(data: TrainingSet) -> NDArray[np.str_]:
    """Return how plain emission is: near the limits a label is a matter of taste."""
    names = np.array(["emission: hidden", "emission: at the limit", "emission: plain"])
    classes = names[np.searchsorted([3.0, 20.0], data.significance, side="right")]
    return np.where(data.profile > 0, classes, "no emission")


def _first_number(text: str) -> float:
    return float(text.replace("-", " ").split()[0])
