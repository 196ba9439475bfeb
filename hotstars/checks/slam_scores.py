"""How well SLAM finds the labels of model spectra: Guo et al. (2021), sections 3.3 and 3.4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.slam.generator import Generator, fit
from ml.slam.grid import ModelGrid
from ml.slam.labels import solve
from ml.slam.masks import useful
from ml.slam.observed import continuum_curves, rectified, wide_wavelength
from ml.slam.training_set import (
    LABELS,
    RESOLUTION,
    VSINI_RANGE,
    WAVELENGTH,
    TrainingSet,
    draw,
)

Floats = NDArray[np.float64]

SNRS = (20.0, 40.0, 60.0, 80.0, 100.0)
"""Signal-to-noise ratios of a pixel (Guo et al. 2021, section 3.3)."""

PUBLISHED = {"LRS": (327.0, 0.03, np.nan, 4.0), "MRS": (562.0, 0.04, np.nan, 1.0)}
"""Scatter at S/N 100 on model spectra: K, dex, km/s (Guo et al. 2021, section 3.4; no [M/H])."""

UNSEEN_SEED = 9001
"""Of the spectra that every size is asked about; no training set has it."""

CROSS_VALIDATION, UNSEEN = "cross-validation", "unseen spectra"


@dataclass(frozen=True)
class Scores:
    """How far labels that were found lie from the labels that were put in.

    Attributes
    ----------
    check
        ``cross-validation`` or ``unseen spectra``.
    survey, grid, simulated, generator, n_spectra
        What was trained; ``n_spectra`` before any were left out.
    snr
        Signal-to-noise ratio of a pixel.
    n_found
        Spectra whose labels were found.
    scatter, bias : (4,)
        Equations 1 and 2 of Guo et al. (2021): root mean square and mean of the difference.
    robust : (4,)
        1.4826 times the median absolute deviation: the scatter without rare failures.
    pull : (4,)
        The same of the difference in units of the error that the solver states. About 1 says
        that the noise alone makes the scatter: no generator does better on these spectra.
    """

    check: str
    survey: str
    grid: str
    simulated: bool
    generator: str
    n_spectra: int
    snr: float
    n_found: int
    scatter: Floats
    bias: Floats
    robust: Floats
    pull: Floats

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, four digits, for JSON; None for what a grid does not vary."""
        plain = {name: value for name, value in vars(self).items() if np.ndim(value) == 0}
        for name in ("scatter", "bias", "robust", "pull"):
            values = getattr(self, name)
            plain[name] = {
                label: float(f"{value:.4g}") if np.isfinite(value) else None
                for label, value in zip(LABELS, values, strict=True)
            }
        return plain


@dataclass(frozen=True)
class Conditions:
    """What spectra go through before labels are found.

    Attributes
    ----------
    weight : (p,)
        0 for pixels that count for nothing, 1 for the others.
    continuum : (c, p), optional
        Curves fitted with the labels, see :func:`ml.slam.labels.solve`.
    """

    weight: Floats
    continuum: Floats | None = None


def training_set(
    grid: ModelGrid, survey: str, n: int, seed: int, *, as_observed: bool
) -> tuple[TrainingSet, Conditions]:
    """Draw spectra of a survey, and say what holds for them.

    Parameters
    ----------
    grid
        Model spectra.
    survey
        ``LRS`` or ``MRS``.
    n, seed
        How many; the same seed gives the same ones.
    as_observed
        True does to the models what the warehouse does to stars: divided by their
        pseudo-continuum, without interstellar bands and LRS's gap, with the rest of the continuum
        free. False is the check of the paper: every pixel, in units of the true continuum.
    """
    if not as_observed:
        drawn = draw(grid, n, seed, RESOLUTION[survey], WAVELENGTH[survey])
        return drawn, Conditions(np.ones(drawn.flux.shape[1]))
    wide = wide_wavelength(survey)
    drawn = rectified(draw(grid, n, seed, RESOLUTION[survey], wide), wide, survey)
    kept = useful(WAVELENGTH[survey], gap=survey == "LRS").astype(np.float64)
    return drawn, Conditions(kept, continuum_curves(survey))


def label_ranges(grid: ModelGrid) -> Floats:
    """Return between which labels are drawn, (4, 2)."""
    return np.concatenate([grid.ranges, [VSINI_RANGE]])


def cross_validate(
    training: TrainingSet,
    ranges: Floats,
    conditions: Conditions,
    *,
    survey: str,
    kind: str = "kernel_ridge",
    folds: int = 5,
    snrs: Sequence[float] = SNRS,
    most: int | None = None,
    seed: int = 5,
    say: Callable[[str], None] = lambda _: None,
) -> list[Scores]:
    """Find the labels of spectra that a training leaves out, fold after fold (section 3.3).

    Parameters
    ----------
    training
        Spectra without noise. They are left out in ``folds`` random groups; white noise is
        added to those left out alone.
    ranges : (4, 2)
        From what ranges the labels were drawn.
    conditions
        See :func:`training_set`.
    survey
        Name for the scores.
    kind
        Generator.
    folds
        Groups.
    snrs
        Signal-to-noise ratios of a pixel.
    most
        Labels are found for no more than so many of the spectra that are left out, in all folds
        together; training leaves out the whole group all the same.
    seed
        Of groups and noise.
    say
        Told how far it is.

    Returns
    -------
    list of Scores
        One for each S/N.

    Raises
    ------
    ValueError
        When there are fewer than two folds, or more than spectra.
    """
    n = len(training)
    if not 2 <= folds <= n:
        raise ValueError(f"{folds} folds of {n} spectra: between 2 and {n} are possible")
    groups = np.array_split(np.random.default_rng(seed).permutation(n), folds)
    a_fold = n if most is None else -(-most // folds)
    found: list[list[tuple[Floats, Floats]]] = [[] for _ in snrs]
    for number, group in enumerate(groups):
        others = np.setdiff1d(np.arange(n), group)
        generator = fit(training.labels[others], training.flux[others], kind, ranges=ranges)
        say(f"   fold {number + 1} of {folds} learnt")
        asked = group[:a_fold]
        for i, snr in enumerate(snrs):
            rng = np.random.default_rng((seed, number, i))
            part = _find(generator, training.flux[asked], snr, conditions, rng)
            found[i].append((part[0] - training.labels[asked], part[1]))
    return [
        _scores(
            CROSS_VALIDATION, survey, training, kind, n, snr,
            np.concatenate([difference for difference, _ in parts]),
            np.concatenate([errors for _, errors in parts]),
        )
        for snr, parts in zip(snrs, found, strict=True)
    ]  # fmt: skip


def score_size(
    training: TrainingSet,
    unseen: TrainingSet,
    ranges: Floats,
    conditions: Conditions,
    *,
    survey: str,
    kind: str = "kernel_ridge",
    snrs: Sequence[float] = SNRS,
    seed: int = 6,
) -> list[Scores]:
    """Find the labels of spectra that no training set holds (section 3.4).

    The paper cross-validates each size. Here all sizes are asked about the same spectra, with the
    same noise, so that their differences are the sizes' own.

    Parameters
    ----------
    training, unseen
        Of the same grid and pixels.
    ranges, conditions, survey, kind, snrs, seed
        As for :func:`cross_validate`.
    """
    generator = fit(training.labels, training.flux, kind, ranges=ranges)
    scores = []
    for i, snr in enumerate(snrs):
        values, errors = _find(
            generator, unseen.flux, snr, conditions, np.random.default_rng((seed, i))
        )
        difference = values - unseen.labels
        scores.append(
            _scores(UNSEEN, survey, training, kind, len(training), snr, difference, errors)
        )
    return scores


def _find(
    generator: Generator,
    flux: NDArray[np.floating],
    snr: float,
    conditions: Conditions,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return labels and errors, (n, 4) each, of spectra with white noise."""
    noisy = flux + (rng.standard_normal(flux.shape) / snr).astype(np.float32)
    ivar = np.broadcast_to((snr**2 * conditions.weight).astype(np.float32), flux.shape)
    labels = solve(generator, noisy, ivar, continuum=conditions.continuum)
    return labels.values, labels.errors


def _scores(
    check: str,
    survey: str,
    training: TrainingSet,
    kind: str,
    n_spectra: int,
    snr: float,
    difference: Floats,
    errors: Floats,
) -> Scores:
    return Scores(
        check=check,
        survey=survey,
        grid=training.grid,
        simulated=training.simulated,
        generator=kind,
        n_spectra=n_spectra,
        snr=snr,
        n_found=len(difference),
        scatter=np.sqrt(np.nanmean(difference**2, axis=0)),
        bias=np.nanmean(difference, axis=0),
        robust=_robust(difference),
        pull=_robust(difference / errors),
    )


def _robust(values: Floats) -> Floats:
    """Return 1.4826 times the median absolute deviation of each column, NaN left out."""
    spread = np.full(values.shape[1], np.nan)
    for column, one in enumerate(values.T):
        known = one[np.isfinite(one)]
        if len(known):
            spread[column] = 1.4826 * np.median(np.abs(known - np.median(known)))
    return spread
