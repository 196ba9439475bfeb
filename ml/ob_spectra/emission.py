"""Which spectra have H-alpha emission, and which are broken: departures from a reconstruction.

Xiang et al. (2021, section 3): eigenspectra of clean windows, learnt from stars without
emission, say what H-alpha would be without it. What the observed line has more, as a mean over
6557-6571 A, is the emission; a large chi^2 on either side of the line marks a faulty spectrum.

The sample is gone through three times: for a first basis, for one without the stars with
emission (and faulty spectra) that the first one shows, and for the thresholds. One such
repetition is enough, as the paper found.

Thresholds
----------
The paper draws its threshold by eye. Here it follows from the distribution of the excess:
noise and errors of the reconstruction go to either side alike, emission only up. Mirrored at
the median, the lower side says how many spectra without emission lie above any value; the
threshold is the lowest at which they are no more than :data:`FALSE_DISCOVERY_RATE` of all that
lie above. The threshold of chi^2 lies five robust standard deviations (of the upper half, in
the logarithm) above the median of spectra without emission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.ob_spectra.eigen import N_COMPONENTS, Eigenspectra
from ml.ob_spectra.grid import (
    CHI2_WINDOWS,
    HALPHA,
    HALPHA_NEIGHBOURS,
    OB,
    clean_pixels,
    full_pixels,
    inside,
)
from ml.ob_spectra.moments import Moments

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Block = tuple[Singles, Singles]
"""Flux and inverse variance, each (n, p), of :class:`ml.ob_spectra.continuum.ObSpectra`."""

FALSE_DISCOVERY_RATE = 0.05
"""Part of the spectra above the threshold that may have no emission; ours."""

FAULTY_DEVIATIONS = 5.0
"""Of the logarithm of chi^2, beyond which a spectrum is faulty; ours."""

MOST_ERROR = 0.05
"""Error of the excess in a sample's spectra that count for bases and thresholds: that of a
spectrum of signal to noise 7. Fainter ones would widen the distribution and hide emission."""

SIGNIFICANCE = 3.0
"""Own errors that an excess must have beside being above the threshold, so that the noise of
fainter spectra is no emission; ours."""

FIRST_CLIP = (0.0, 1.1)
"""Fluxes in the first basis, in which the stars with emission still are: this cuts it off."""

LEAST_PART = 0.5
"""Of the pixels of a window that must be measured."""


@dataclass(frozen=True)
class Residuals:
    """How spectra depart from their reconstruction, all (n,) float64.

    Attributes
    ----------
    halpha_excess
        Mean of observed minus reconstructed flux over 6557-6571 A, in units of the continuum.
    halpha_excess_error
        From the inverse variances: of the line itself, and of the windows that its
        reconstruction rests on.
    chi2
        Reduced chi^2 over 6400-6550 and 6590-6690 A.
    """

    halpha_excess: Floats
    halpha_excess_error: Floats
    chi2: Floats


def residuals(flux: Singles, ivar: Singles, reconstruction: Singles) -> Residuals:
    """Compare spectra with their reconstructions, each (n, p).

    Notes
    -----
    The excess takes every finite pixel, also those of inverse variance 0: LAMOST gives none to
    the peaks of strong emission, where the exposures disagree, and their flux is sound (see
    :mod:`ml.spectra.resample`). NaN where half of a window's pixels are missing.
    """
    difference = (flux - reconstruction).astype(np.float64)
    here = difference[:, inside(HALPHA)]
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.where(np.isfinite(here).all(axis=1), here.mean(axis=1), np.nan)
        aside = inside(CHI2_WINDOWS)
        weight = ivar[:, aside].astype(np.float64)
        there = difference[:, aside]
        used = (weight > 0) & np.isfinite(there)
        count = used.sum(axis=1)
        chi2 = np.where(used, there**2 * weight, 0.0).sum(axis=1) / count
    chi2[count < LEAST_PART * aside.sum()] = np.nan
    return Residuals(excess, halpha_error(ivar), chi2)


def halpha_error(ivar: Singles) -> Floats:
    """Return the error (n,) of the mean flux over 6557-6571 A, from inverse variances (n, p).

    Where fewer than half of the pixels are measured, as in the peaks of some emission lines, it
    is the error of a mean over 7 A on either side; NaN where that is not measured either.
    """
    own = _mean_error(ivar[:, inside(HALPHA)])
    beside = _mean_error(ivar[:, inside(HALPHA_NEIGHBOURS)])
    return np.where(np.isfinite(own), own, beside)


def _mean_error(ivar: Singles) -> Floats:
    measured = ivar > 0
    count = measured.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.where(measured, 1.0 / ivar.astype(np.float64), 0.0).sum(axis=1)
        error = np.sqrt(variance) / count
    error[count < LEAST_PART * ivar.shape[1]] = np.nan
    return np.asarray(error)


def excess_threshold(excess: Floats, rate: float = FALSE_DISCOVERY_RATE) -> float:
    """Return the excess above which at most the given part has no emission.

    Parameters
    ----------
    excess : (n,)
        Of a sample most of which has no emission; NaN is left out.
    rate
        Expected part of false ones among those above.

    Returns
    -------
    float
        The lowest excess that will do; beyond all of the sample's where none does.

    Raises
    ------
    ValueError
        If no excess is finite.

    Notes
    -----
    The estimate of the false ones is one more than are counted on the mirrored side. With it
    the expected part is held, whatever the distribution, if only errors are symmetric (the
    knockoff+ threshold of Barber & Candes 2015, Ann. Statist. 43, 2055, equation 1.9).
    """
    values = excess[np.isfinite(excess)]
    if not len(values):
        raise ValueError("no spectrum of the sample has a finite H-alpha excess")
    departure = values - np.median(values)
    above = np.sort(departure[departure > 0])
    # noise lies on either side alike: as many beyond `d` as there are below `-d`
    below = np.sort(-departure[departure < 0])
    n_above = len(above) - np.arange(len(above))  # at or beyond each candidate
    n_false = len(below) - np.searchsorted(below, above, side="left")
    fine = np.flatnonzero(1 + n_false <= rate * n_above)
    if not len(fine):
        return float(np.nextafter(values.max(), np.inf))
    lowest = above[fine[0]]
    # in a gap of the sample the counts are the same: half-way to what is next, on either side
    others = np.concatenate([[0.0], above[: fine[0]], below[below < lowest]])
    return float(np.median(values) + 0.5 * (lowest + others.max()))


def chi2_threshold(chi2: Floats, deviations: float = FAULTY_DEVIATIONS) -> float:
    """Return the reduced chi^2 above which a spectrum is faulty.

    Parameters
    ----------
    chi2 : (n,)
        Of spectra without emission; NaN is left out.
    deviations
        Robust standard deviations of the logarithm, of its upper half, above the median.

    Raises
    ------
    ValueError
        If no chi^2 is positive and finite.
    """
    logarithm = np.log(chi2[np.isfinite(chi2) & (chi2 > 0)])
    if not len(logarithm):
        raise ValueError("no spectrum of the sample has a chi^2")
    middle, upper = np.quantile(logarithm, [0.5, 0.8413])
    return float(np.exp(middle + deviations * (upper - middle)))


@dataclass(frozen=True)
class EmissionModel:
    """Eigenspectra of stars without emission, and what departs too far from them.

    Attributes
    ----------
    clean
        Basis of the clean windows: finds emission; denoises for stars that have it.
    full
        Basis of all pixels but the atmosphere's bands and Na I D: denoises for stars without.
    excess_threshold, chi2_threshold
        See the module.
    """

    clean: Eigenspectra
    full: Eigenspectra
    excess_threshold: float
    chi2_threshold: float

    def measure(self, flux: Singles, ivar: Singles) -> tuple[Residuals, Singles]:
        """Return residuals and coefficients (n, K), in the clean windows' basis, of spectra."""
        basis = self.clean
        coefficients = basis.coefficients(flux, ivar)
        found = residuals(flux, ivar, basis.reconstruct(coefficients))
        line = inside(HALPHA)
        # the reconstructed line is a sum of the windows' pixels with these weights
        line_of = (basis.loadings[:, line] * basis.deviation[line]).mean(axis=1)  # (K,)
        weights = (basis.vectors @ line_of)[:, None]  # (c, 1)
        variance = basis.weighted_variance(ivar, weights)[:, 0]
        error = np.sqrt(found.halpha_excess_error**2 + variance)
        return replace(found, halpha_excess_error=error), coefficients

    def is_emission(self, found: Residuals) -> NDArray[np.bool_]:
        """Return which spectra have H-alpha emission; False where it cannot be told."""
        above = found.halpha_excess >= self.excess_threshold
        return np.asarray(above & (found.halpha_excess > SIGNIFICANCE * found.halpha_excess_error))

    def is_faulty(self, found: Residuals) -> NDArray[np.bool_]:
        """Return which spectra are faulty; False where it cannot be told."""
        return np.asarray(found.chi2 > self.chi2_threshold)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the registry stores."""
        return {
            **self.clean.to_tensors("clean."),
            **self.full.to_tensors("full."),
            "thresholds": np.array([self.excess_threshold, self.chi2_threshold]),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> EmissionModel:
        """Return what :meth:`to_tensors` stored."""
        excess, chi2 = (float(value) for value in tensors["thresholds"])
        return cls(
            Eigenspectra.from_tensors(tensors, "clean."),
            Eigenspectra.from_tensors(tensors, "full."),
            excess,
            chi2,
        )


def fit(
    blocks: Iterable[Block],
    *,
    n_components: int = N_COMPONENTS,
    false_discovery_rate: float = FALSE_DISCOVERY_RATE,
) -> EmissionModel:
    """Learn eigenspectra and thresholds from a sample.

    Parameters
    ----------
    blocks
        The sample in pieces, each flux and inverse variance (n, p) of spectra whose status is
        ok. It is gone through three times: a list, or an object that begins anew each time.
    n_components
        K.
    false_discovery_rate
        See :func:`excess_threshold`.

    Raises
    ------
    ValueError
        If ``blocks`` can be gone through only once, or the sample is too small.
    """
    if iter(blocks) is blocks:
        raise ValueError("blocks can be gone through only once; give a list or a re-iterable")
    first = _bases(blocks, None, n_components)
    whole = _with_thresholds(first, blocks, false_discovery_rate)
    second = _bases(blocks, whole, n_components)
    return _with_thresholds(second, blocks, false_discovery_rate)


def _bases(
    blocks: Iterable[Block], before: EmissionModel | None, n_components: int
) -> tuple[Eigenspectra, Eigenspectra]:
    """Return the bases of the clean windows and of the full range.

    The first time missing pixels hold what bridges their gap, and all spectra count; then
    missing pixels are reconstructed, and stars with emission and faulty spectra left out.
    """
    moments = Moments(OB.size)
    for flux, ivar in blocks:
        fine = np.isfinite(flux).all(axis=1) & (halpha_error(ivar) < MOST_ERROR)
        if before is None:
            moments.add(np.clip(flux[fine], *FIRST_CLIP))
            continue
        found, coefficients = before.measure(flux, ivar)
        plain = fine & np.isfinite(coefficients).all(axis=1)
        plain &= ~(found.halpha_excess >= before.excess_threshold) & ~before.is_faulty(found)
        filled = before.clean.reconstruct(coefficients[plain])
        moments.add(np.where(ivar[plain] > 0, flux[plain], filled))
    return (
        Eigenspectra.from_moments(moments, clean_pixels(), n_components),
        Eigenspectra.from_moments(moments, full_pixels(), n_components),
    )


def _with_thresholds(
    bases: tuple[Eigenspectra, Eigenspectra], blocks: Iterable[Block], rate: float
) -> EmissionModel:
    model = EmissionModel(*bases, np.inf, np.inf)
    parts = [model.measure(flux, ivar)[0] for flux, ivar in blocks]
    excess = np.concatenate([part.halpha_excess for part in parts])
    chi2 = np.concatenate([part.chi2 for part in parts])
    bright = np.concatenate([part.halpha_excess_error for part in parts]) < MOST_ERROR
    excess, chi2 = excess[bright], chi2[bright]
    limit = excess_threshold(excess, rate)
    return EmissionModel(*bases, limit, chi2_threshold(chi2[~(excess >= limit)]))
