"""Make the models of Xiang et al. (2021): emission, and absolute magnitudes from spectra."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotstars.figures.magnitudes import error_model
from hotstars.figures.style import SIMULATED, write_figure
from hotstars.training.names import EMISSION, NET_A, NET_B
from hotstars.training.ob_sample import ObSample
from ml.absolute_magnitude.learn import Learnt, learn
from ml.absolute_magnitude.training import TEST, Epoch, TrainingConfig, split, too_bright
from ml.distance.error_model import PARAMETERS, ErrorModel, calibrators, fit_error_model
from ml.ob_spectra.eigen import Eigenspectra
from ml.ob_spectra.emission import FALSE_DISCOVERY_RATE, N_COMPONENTS, EmissionModel, fit
from ml.registry import save_model

#: Spectra without which there is nothing to learn: of all, and with a good parallax.
FEWEST_SPECTRA = 50
FEWEST_MAGNITUDES = 30

#: Unseen spectra without which the error model's four parameters are anything.
FEWEST_CALIBRATORS = 20

#: Least change of the spectroscopic magnitude with the geometric one. A network that learnt next
#: to nothing gives every star the mean, with a small scatter: its errors would be a lie.
LEAST_SLOPE = 0.5

#: A component for so many spectra, so that a small sample is not learnt by heart.
SPECTRA_A_COMPONENT = 5

_NOT_FOR = (
    "Spectra other than low-resolution ones of O, B and early A stars. Luminosity classes that "
    "the training sample lacks are told by `is_out_of_domain`, where it can be told."
)

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which spectra teach (Xiang et al. 2021, section 5.2).

    Attributes
    ----------
    parallax_over_error, snr
        The least ones.
    """

    parallax_over_error: float = 10.0
    snr: float = 50.0


def train_absolute_magnitude(
    models: Path,
    sample: ObSample,
    config: TrainingConfig,
    *,
    n_components: int = N_COMPONENTS,
    limits: Limits = Limits(),
    say: Say,
) -> list[dict[str, Any]]:
    """Learn eigenspectra, both networks and their errors, and store them.

    Parameters
    ----------
    models
        Folder of the registry; a stopped training's checkpoints lie in it until the end.
    sample
        :func:`hotstars.training.ob_sample.read_ob_sample`.
    config
        Of the networks' training.
    n_components
        K; fewer where the sample is small.
    limits
        Which spectra teach.
    say
        Told how far it is.

    Returns
    -------
    list of dict
        Cards of the three models.

    Raises
    ------
    ValueError
        When the sample is too small; it says by how much and what would help.
    """
    n = len(sample)
    if n < FEWEST_SPECTRA:
        raise ValueError(
            f"{n} low-resolution spectra of early-type stars: {FEWEST_SPECTRA} are the least that "
            "eigenspectra can be learnt from; ingest more spectra and build again"
        )
    good = _good_parallax(sample, limits)
    teach = good & (sample.snr > limits.snr)
    if np.count_nonzero(teach) < FEWEST_MAGNITUDES:
        raise ValueError(
            f"{np.count_nonzero(teach)} of {n:,d} spectra have parallax / error > "
            f"{limits.parallax_over_error:g}, S/N > {limits.snr:g}, photometry and extinction: "
            f"{FEWEST_MAGNITUDES} are needed; lower --parallax-over-error or --least-snr"
        )
    k = min(n_components, n // SPECTRA_A_COMPONENT)
    if k < n_components:
        say(f"{n:,d} spectra: {k} components in place of {n_components}")
    emission = fit(sample.blocks(), n_components=k)
    shown = _Shown.of(emission, sample)
    say(
        f"{k} eigenspectra of {n:,d} spectra; H-alpha emission beyond an excess of "
        f"{emission.excess_threshold:.3f}: {np.count_nonzero(shown.is_emission):,d} spectra"
    )
    cards = [_store_emission(models, emission, sample, shown, n_components, k)]
    plain = ~shown.is_emission & ~shown.is_faulty
    nets = ((NET_A, emission.full, plain), (NET_B, emission.clean, ~shown.is_faulty))
    for name, basis, allowed in nets:
        net = _Net(name, basis, models / name / ".training", config, limits)
        cards.append(net.make(models, sample, good & allowed, teach & allowed, say))
    return cards


def _good_parallax(sample: ObSample, limits: Limits) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", divide="ignore"):
        over_error = sample.parallax / sample.parallax_error
    known = np.isfinite(sample.m_ks) & (sample.m_ks_error > 0)
    return np.asarray(known & (over_error > limits.parallax_over_error))


@dataclasses.dataclass(frozen=True)
class _Shown:
    """What the emission model sees in the sample, arrays (n,)."""

    is_emission: NDArray[np.bool_]
    is_faulty: NDArray[np.bool_]

    @classmethod
    def of(cls, model: EmissionModel, sample: ObSample) -> _Shown:
        parts = [model.measure(flux, ivar)[0] for flux, ivar in sample.blocks()]
        return cls(
            np.concatenate([model.is_emission(part) for part in parts]),
            np.concatenate([model.is_faulty(part) for part in parts]),
        )


def _about(sample: ObSample) -> dict[str, Any]:
    """Return what a card says of the sample: how many, which, from where."""
    return {
        "n_spectra": len(sample),
        "obsids_sha256": hashlib.sha256(sample.obsid.tobytes()).hexdigest()[:16],
        "surveys": sorted(set(sample.survey.tolist())),
    }


def _store_emission(
    models: Path,
    model: EmissionModel,
    sample: ObSample,
    shown: _Shown,
    asked: int,
    k: int,
) -> dict[str, Any]:
    card = {
        "architecture": "principal components",
        "description": (
            "Eigenspectra of OB stars without emission, and the thresholds beyond which a spectrum "
            "has H-alpha emission or is faulty, after Xiang et al. (2021, section 3). Learnt from "
            f"{'SIMULATED ' * sample.is_simulated}low-resolution spectra."
        ),
        "simulated": sample.is_simulated,
        "training": {
            "paper": "Xiang+2021",
            "sample": _about(sample),
            "n_components": k,
            "false_discovery_rate": FALSE_DISCOVERY_RATE,
        },
        "thresholds": {
            "halpha_excess": model.excess_threshold,
            "chi2": model.chi2_threshold,
        },
        "found": {
            "n_emission": int(np.count_nonzero(shown.is_emission)),
            "n_faulty": int(np.count_nonzero(shown.is_faulty)),
            "n_without_a_common_grid": sample.n_left_out,
        },
        "not_for": _NOT_FOR,
    }
    if k < asked:
        card["warning"] = f"{len(sample)} spectra allow {k} components; the paper has {asked}"
    stored = save_model(models, EMISSION, model.to_tensors(), card)
    return {**stored.card, "folder": str(stored.folder)}


@dataclasses.dataclass(frozen=True)
class _Net:
    """One of the two networks in the making."""

    name: str
    basis: Eigenspectra
    unfinished: Path
    config: TrainingConfig
    limits: Limits

    def make(
        self,
        models: Path,
        sample: ObSample,
        good: NDArray[np.bool_],
        teach: NDArray[np.bool_],
        say: Say,
    ) -> dict[str, Any]:
        """Train on `teach`, find the errors on those of `good` that it has not seen, store."""
        coefficients, noise, chi2 = self._seen(sample, good)
        fine = np.isfinite(coefficients).all(axis=1) & np.isfinite(noise).all(axis=1)
        rows = np.flatnonzero(good)[fine]
        coefficients, noise, chi2 = coefficients[fine], noise[fine], chi2[fine]
        learning = teach[rows]
        if np.count_nonzero(learning) < FEWEST_MAGNITUDES:
            raise ValueError(
                f"{self.name}: {np.count_nonzero(learning)} spectra to learn from, "
                f"{FEWEST_MAGNITUDES} are needed; lower --parallax-over-error or --least-snr"
            )
        say(f"{self.name}: learning from {np.count_nonzero(learning):,d} spectra")
        taught = rows[learning]
        learnt = learn(
            coefficients[learning],
            noise[learning],
            sample.m_ks[taught],
            sample.m_ks_error[taught],
            sample.designation[taught],
            self.basis,
            self.config,
            chi2=chi2[learning],
            snr=sample.snr[taught],
            folder=self.unfinished,
            progress=_teller(say),
        )
        errors = self._errors(sample, rows, coefficients, learnt, learning, say)
        card = self._card(sample, taught, learnt, errors)
        stored = save_model(models, self.name, learnt.model.to_tensors(), card)
        plate = error_model(errors, self.name, SIMULATED if sample.is_simulated else None)
        write_figure(plate.figure, stored.folder / "error_model.png")
        shutil.rmtree(self.unfinished, ignore_errors=True)
        return {**stored.card, "folder": str(stored.folder)}

    def _seen(
        self, sample: ObSample, chosen: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
        parts: list[tuple[Any, Any, Any]] = []
        first = 0
        for flux, ivar in sample.blocks():
            here = chosen[first : first + len(flux)]
            first += len(flux)
            coefficients = self.basis.coefficients(flux[here], ivar[here])
            noise = self.basis.noise_variance(ivar[here])
            chi2 = self.basis.chi2(flux[here], ivar[here], coefficients)
            parts.append((coefficients, noise, chi2))
        of_all = (np.concatenate(column) for column in zip(*parts, strict=True))
        coefficients, noise, chi2 = of_all
        return coefficients, noise, chi2

    def _errors(
        self,
        sample: ObSample,
        rows: NDArray[np.int64],
        coefficients: NDArray[np.float32],
        learnt: Learnt,
        learning: NDArray[np.bool_],
        say: Say,
    ) -> ErrorModel:
        """Return the error model of stars that the network has not seen, binaries left out.

        These are the test stars, and stars of which only spectra of lower S/N are there.
        """
        seen = np.unique(sample.designation[rows[learning]][learnt.trained.part != TEST])
        parts = split(sample.designation[rows], self.config)
        unseen = (parts == TEST) | ~np.isin(sample.designation[rows], seen)
        predicted = learnt.model.of_coefficients(coefficients[unseen])[0]
        chosen = rows[unseen]
        m_ks, error = sample.m_ks[chosen], sample.m_ks_error[chosen]
        single = ~too_bright(m_ks, error, predicted, self.config.binary_deviations)
        stars, _ = calibrators(
            predicted[single],
            sample.snr[chosen][single],
            sample.parallax[chosen][single],
            sample.parallax_error[chosen][single],
            sample.m_0[chosen][single],
            sample.m_0_error[chosen][single],
        )
        if len(stars.m_ks) < FEWEST_CALIBRATORS:
            raise ValueError(
                f"{self.name}: {len(stars.m_ks)} spectra with good parallaxes are left to measure "
                f"errors with, {FEWEST_CALIBRATORS} are needed; lower --parallax-over-error"
            )
        found = fit_error_model(stars, seed=self.config.seed + 1)
        say(
            f"{self.name}: errors {found.sigma_100:.2f} mag at S/N 100 and {found.sigma_int:.2f} "
            f"intrinsic, slope {1 + found.epsilon:.2f}, from {found.n_stars:,d} unseen spectra"
        )
        if 1.0 + found.epsilon < LEAST_SLOPE:
            raise ValueError(
                f"{self.name}: the network hardly follows the magnitudes of unseen stars (slope "
                f"{1.0 + found.epsilon:.2f}), and is not stored: {np.count_nonzero(learning)} "
                "spectra are too few to learn from; lower --least-snr or --parallax-over-error, "
                "or take more stars"
            )
        return found

    def _card(
        self, sample: ObSample, taught: NDArray[np.int64], learnt: Learnt, errors: ErrorModel
    ) -> dict[str, Any]:
        m_ks = sample.m_ks[taught]
        return {
            "architecture": f"{self.config.n_neurons} + {self.config.n_neurons} sigmoid neurons",
            "description": (
                "Absolute magnitude M_Ks from a low-resolution spectrum of an OB star, after Xiang "
                f"et al. (2021, section 5). Learnt from {'SIMULATED ' * sample.is_simulated}"
                "spectra and parallaxes."
            ),
            "simulated": sample.is_simulated,
            "training": {
                "paper": "Xiang+2021",
                "sample": {
                    **_about(sample),
                    "n_taught": len(taught),
                    "taught_sha256": hashlib.sha256(
                        sample.obsid[taught].tobytes() + m_ks.tobytes()
                    ).hexdigest()[:16],
                },
                "limits": dataclasses.asdict(self.limits),
                "config": dataclasses.asdict(self.config),
                "n_components": self.basis.n_components,
            },
            "ranges": {"m_ks": [round(float(m_ks.min()), 3), round(float(m_ks.max()), 3)]},
            "scores": learnt.scores,
            "n_binaries_taken_out": int(np.count_nonzero(learnt.trained.is_excess)),
            "n_epochs": len(learnt.trained.history),
            "error_model": {
                # the numbers in use, by the path that SQL asks for
                **{name: float(getattr(errors, name)) for name in PARAMETERS},
                "n_calibrators": errors.n_stars,
                "posterior": errors.table(),
            },
            "not_for": _NOT_FOR,
        }


def _teller(say: Say) -> Callable[[Epoch], None]:
    def tell(epoch: Epoch) -> None:
        if epoch.number % 50 == 0:
            say(
                f"   round {epoch.round}, epoch {epoch.number}: loss {epoch.loss:.3f}, "
                f"validation {epoch.validation_loss:.3f}"
            )

    return tell
