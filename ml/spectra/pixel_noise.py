"""Noise of sums of neighbouring pixels, which resampling has tied together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.spectra.grids import Grid

MOST_LAGS = 4
"""Pixels further apart than this share no noise: a cubic resampling reaches two to either side,
and a file has been resampled twice at most."""

_CONTINUUM_FROM = 6620.0  # A; the red grids' quieter end, beyond the wings of H-alpha
_CLIP = 3.0  # sigma: lines and cosmic rays are no noise

Doubles = NDArray[np.float64]


def autocorrelation(flux: NDArray[np.floating], noise: ArrayLike, grid: Grid) -> Doubles:
    """Measure how the noise of neighbouring pixels hangs together.

    Parameters
    ----------
    flux
        Rectified, shape ``(n_spectra, grid.size)``.
    noise
        1-sigma noise of a continuum pixel, shape ``(n_spectra,)``.
    grid
        The grid. On the red ones the pixels redder than H-alpha's wings are used.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_spectra, MOST_LAGS)``: correlation at lags 1, 2, ... pixels, within 0 and 0.95;
        0 where it cannot be told. Negative ones are taken for chance, so that no error comes
        out smaller than from independent pixels.
    """
    first = int(np.searchsorted(grid.wavelength, _CONTINUUM_FROM))
    first = first if first < grid.size - 10 * MOST_LAGS else 0
    residual = (flux[:, first:] - 1).astype(np.float32)
    limit = _CLIP * np.broadcast_to(np.asarray(noise, dtype=np.float32), (len(flux),))
    with np.errstate(invalid="ignore"):
        quiet = np.abs(residual) < limit[:, None]
    quiet &= residual != 0  # pixels that the file does not cover are exactly one
    residual[~quiet] = 0
    count = np.maximum(np.count_nonzero(quiet, axis=1), 1)
    variance = (residual**2).sum(axis=1, dtype=np.float64) / count
    found = np.zeros((len(flux), MOST_LAGS))
    for lag in range(1, MOST_LAGS + 1):
        product = (residual[:, lag:] * residual[:, :-lag]).sum(axis=1, dtype=np.float64)
        pairs = np.count_nonzero(quiet[:, lag:] & quiet[:, :-lag], axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[:, lag - 1] = product / pairs / variance
    return np.clip(np.nan_to_num(found, posinf=0.0), 0.0, 0.95)


def variance_factor(weights: ArrayLike, correlation: Doubles) -> Doubles:
    r"""Return the variance of a weighted sum of pixels of unit noise.

    Parameters
    ----------
    weights
        Of neighbouring pixels, shape ``(n_pixels,)``, or ``(n_spectra, n_pixels)``.
    correlation
        From :func:`autocorrelation`, shape ``(n_spectra, n_lags)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_spectra,)``: :math:`\sum_i w_i^2 + 2 \sum_l \rho_l \sum_i w_i w_{i+l}`, not
        below a tenth of its first term.
    """
    weight = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    own = (weight**2).sum(axis=1)
    total = np.broadcast_to(own, (len(correlation),)).copy()
    for lag in range(1, min(correlation.shape[1], weight.shape[1] - 1) + 1):
        shared = (weight[:, lag:] * weight[:, :-lag]).sum(axis=1)
        total += 2 * correlation[:, lag - 1] * shared
    return np.maximum(total, 0.1 * own)
