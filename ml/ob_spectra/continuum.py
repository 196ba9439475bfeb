"""Spectra of OB stars on their common grid, at rest, divided by a pseudo-continuum.

The pseudo-continuum is the spectrum itself, smoothed with a Gaussian kernel of 50 A in width
(Xiang et al. 2021, figure 2). It is no envelope: broad lines pull it down, and the quotient
exceeds one beside them.

The paper does not say what "width" means. Here the kernel is ``exp(-(x / 50 A)^2)``, as in the
work on the same spectra that it builds on (Ho et al. 2017, ApJ 836, 5, equations 1 and 2):
a standard deviation of 35.4 A, a full width at half maximum of 83 A.

Two things differ from smoothing alone. Pixels without a sound measurement have no weight: the
kernel is normalised by the weight that it meets (normalised convolution, Knutsson & Westin
1993). And H-alpha and H-beta have none either: where a disc emits, the smoothed line would
push the quotient down as far as 100 A away, and emission would leak into windows that are to
be free of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.ob_spectra.grid import CONTINUUM_EXCLUDED, INNER, OB, WIDE, inside
from ml.spectra.placement import OK
from ml.spectra.ragged import RaggedSpectra, at_rest
from ml.spectra.resample import to_grid

Singles = NDArray[np.float32]

KERNEL_WIDTH = 50.0
"""A; the kernel falls to 1/e at this distance."""

NO_CONTINUUM = "no continuum"
LEAST_WEIGHT = 0.05
"""Of the kernel, on measured pixels; with less there is no pseudo-continuum."""

_REACH = 3.0  # kernel widths; beyond lies 2e-5 of its weight
_CHUNK = 256  # pixels of the result that share a piece of the kernel
_BLOCK = 256  # spectra in work at once


@dataclass(frozen=True)
class ObSpectra:
    """Spectra on the common grid of OB stars.

    Attributes
    ----------
    flux : (n, p) float32
        In units of the pseudo-continuum; finite where ``status`` is ok (bad pixels bridged, 1
        where the file has none), NaN elsewhere.
    ivar : (n, p) float32
        Inverse variance as the file says; 0 in pixels that do not rest on a measurement.
    snr : (n,) float32
        Median of flux over its error in measured pixels; NaN where status is not ok.
    bad_fraction : (n,) float32
        Part of the pixels whose ``ivar`` is 0.
    n_cosmic_rays : (n,) int32
        Spikes taken out.
    status : (n,)
        ``ok``, ``no continuum``, or what :func:`ml.spectra.resample.to_grid` says.
    """

    flux: Singles
    ivar: Singles
    snr: Singles
    bad_fraction: Singles
    n_cosmic_rays: NDArray[np.int32]
    status: NDArray[np.object_]


def observe(spectra: RaggedSpectra, radial_velocity: ArrayLike) -> ObSpectra:
    """Clean spectra, put them on the common grid at rest, and divide by the pseudo-continuum.

    Parameters
    ----------
    spectra
        Low-resolution spectra; vacuum wavelengths in the frame of the Sun.
    radial_velocity : (n,)
        km/s, of the star; what is not finite counts as 0.

    Returns
    -------
    ObSpectra
        One row a spectrum, in order. Bad data never raise; they end in ``status``.
    """
    n = len(spectra)
    velocity = np.broadcast_to(np.asarray(radial_velocity, dtype=np.float64), (n,))
    out = ObSpectra(
        flux=np.full((n, OB.size), np.nan, dtype=np.float32),
        ivar=np.zeros((n, OB.size), dtype=np.float32),
        snr=np.full(n, np.nan, dtype=np.float32),
        bad_fraction=np.ones(n, dtype=np.float32),
        n_cosmic_rays=np.zeros(n, dtype=np.int32),
        status=np.full(n, OK, dtype=object),
    )
    for first in range(0, n, _BLOCK):
        rows = slice(first, min(first + _BLOCK, n))
        gridded = to_grid(at_rest(spectra.rows(rows), velocity[rows]), WIDE, with_ivar=True)
        assert gridded.ivar is not None
        out.n_cosmic_rays[rows] = gridded.n_cosmic_rays
        out.status[rows] = gridded.status
        ok = np.flatnonzero(gridded.status == OK)
        if not len(ok):
            continue
        good, ivar = gridded.good[ok], gridded.ivar[ok]
        flux, scale = _scaled(gridded.flux[ok], good)
        continuum = pseudo_continuum(flux, good)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            quotient = flux[:, INNER] / continuum
            weight = ivar[:, INNER] * (continuum * scale) ** 2
        covered = gridded.covered[ok][:, INNER]
        fine = np.isfinite(quotient) & np.isfinite(weight) & covered
        quotient = np.where(fine, quotient, np.float32(1))
        weight = np.where(fine & good[:, INNER], weight, np.float32(0))
        measured = np.count_nonzero(weight > 0, axis=1)
        found = measured >= OB.size // 2
        out.status[first + ok[~found]] = NO_CONTINUUM
        place = first + ok[found]
        out.flux[place], out.ivar[place] = quotient[found], weight[found]
        out.bad_fraction[place] = 1.0 - measured[found] / OB.size
        out.snr[place] = _snr(quotient[found], weight[found])
    return out


def pseudo_continuum(flux: Singles, good: NDArray[np.bool_]) -> Singles:
    """Smooth spectra with the Gaussian kernel.

    Parameters
    ----------
    flux : (n, w)
        On :data:`ml.ob_spectra.grid.WIDE`.
    good : (n, w)
        Pixels that count; others may hold anything.

    Returns
    -------
    (n, p)
        On :data:`ml.ob_spectra.grid.OB`; NaN where the kernel meets too few good pixels or the
        result is not positive.
    """
    counts = good & ~inside(CONTINUUM_EXCLUDED, WIDE)
    weight = counts.astype(np.float32)
    weighted = np.where(counts, flux, np.float32(0))
    out = np.empty((len(flux), OB.size), dtype=np.float32)
    for pixels, reach, kernel in _kernel():
        met = weight[:, reach] @ kernel
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weighted[:, reach] @ kernel) / met
        out[:, pixels] = np.where((met > LEAST_WEIGHT) & (mean > 0), mean, np.float32(np.nan))
    return out


@cache
def _kernel() -> tuple[tuple[slice, slice, Singles], ...]:
    """Return the kernel in pieces: pixels of the result, pixels that they need, (need, result).

    A column of the whole kernel sums to one.
    """
    wavelength, width = WIDE.wavelength, np.diff(WIDE.edges)
    pieces = []
    for first in range(0, OB.size, _CHUNK):
        last = min(first + _CHUNK, OB.size)
        centre = OB.wavelength[first:last]
        low = np.searchsorted(wavelength, centre[0] - _REACH * KERNEL_WIDTH)
        high = np.searchsorted(wavelength, centre[-1] + _REACH * KERNEL_WIDTH)
        need = slice(int(low), int(high))
        distance = (wavelength[need, None] - centre) / KERNEL_WIDTH
        kernel = np.exp(-(distance**2)) * width[need, None]
        kernel /= kernel.sum(axis=0)
        pieces.append((slice(first, last), need, kernel.astype(np.float32)))
    return tuple(pieces)


def _scaled(flux: Singles, good: NDArray[np.bool_]) -> tuple[Singles, Singles]:
    """Return flux over its level, and the level (n, 1): single precision has few digits."""
    with np.errstate(over="ignore", invalid="ignore"):
        level = np.abs(np.where(good, flux, 0)).sum(axis=1, keepdims=True, dtype=np.float64)
        level /= np.maximum(np.count_nonzero(good, axis=1)[:, None], 1)
        level = np.where((level > 0) & np.isfinite(level), level, 1.0)
        return (flux / level).astype(np.float32), level.astype(np.float32)


def _snr(flux: Singles, ivar: Singles) -> Singles:
    ratio = np.where(ivar > 0, flux * np.sqrt(ivar), np.nan)
    return np.asarray(np.nanmedian(ratio, axis=1), dtype=np.float32)
