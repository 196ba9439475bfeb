"""The part of a rectified spectrum around H-alpha that a classifier sees.

Wang et al. (2022, section 4.1.2) draw 6530-6590 A. Both resolutions are brought to the same
samples, so that one network serves both.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml.spectra.grids import Grid

WINDOW = (6530.0, 6590.0)
"""First and last vacuum wavelength, A."""

N_SAMPLES = 240
"""Samples of 0.25 A, each named by its middle."""

WAVELENGTH = WINDOW[0] + (np.arange(N_SAMPLES) + 0.5) * ((WINDOW[1] - WINDOW[0]) / N_SAMPLES)
"""Vacuum wavelength of the samples' middles, A, shape ``(240,)``."""


@lru_cache(maxsize=8)
def _weights(grid: Grid) -> tuple[slice, NDArray[np.float32]]:
    """Return the pixels of a grid that the window needs, and what each gives to each sample.

    A sample is the mean of the flux over its 0.25 A, the flux being straight between the
    middles of pixels: a mean over pixels where these are fine, interpolation where they are
    coarse.
    """
    inner = np.searchsorted(grid.wavelength, WINDOW)
    first, last = int(inner[0]) - 1, int(inner[1]) + 1
    if first < 0 or last > grid.size:
        raise ValueError(f"grid {grid.name} does not cover {WINDOW[0]}-{WINDOW[1]} A")
    wavelength = grid.wavelength[first:last]
    # the mean over a sample, by eight points in it
    fine = (np.arange(8) + 0.5) / 8 - 0.5
    points = WAVELENGTH[:, None] + fine * (WAVELENGTH[1] - WAVELENGTH[0])
    right = np.clip(np.searchsorted(wavelength, points), 1, len(wavelength) - 1)
    part = (points - wavelength[right - 1]) / (wavelength[right] - wavelength[right - 1])
    weights = np.zeros((len(wavelength), N_SAMPLES))
    for k in range(8):
        sample = np.arange(N_SAMPLES)
        np.add.at(weights, (right[:, k] - 1, sample), (1.0 - part[:, k]) / 8)
        np.add.at(weights, (right[:, k], sample), part[:, k] / 8)
    return slice(first, last), weights.astype(np.float32)


def halpha_window(flux: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """Return the flux around H-alpha on the classifier's samples.

    Parameters
    ----------
    flux : (n, grid.size)
        Rectified.
    grid
        The common grid, vacuum.

    Returns
    -------
    (n, 240)
        Mean flux in each 0.25 A of 6530-6590 A. A spectrum with a flux there that is not
        finite is NaN throughout.

    Raises
    ------
    ValueError
        If the grid does not cover the window, or the flux is not on the grid.
    """
    if flux.ndim != 2 or flux.shape[1] != grid.size:
        raise ValueError(f"flux of shape {flux.shape} is not on grid {grid.name} ({grid.size})")
    pixels, weights = _weights(grid)
    part = np.ascontiguousarray(flux[:, pixels], dtype=np.float32)
    window = np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0) @ weights
    window[~np.isfinite(part).all(axis=1)] = np.nan
    return np.asarray(window, dtype=np.float32)
