"""Equivalent widths of nebular lines: [N II], [S II], [O III], and He I beside them.

Stars in H II regions show the nebula's H-alpha on top of their own; the forbidden lines beside it
give the nebula away (Wang et al. 2022, section 5.1; Hou et al. 2016).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.spectra.continuum import multiply
from ml.spectra.equivalent_width import check_flux
from ml.spectra.grids import Grid
from ml.spectra.pixel_noise import autocorrelation, variance_factor

LINES: dict[str, float] = {
    "oiii_4960": 4960.30,
    "oiii_5008": 5008.24,
    "nii_6550": 6549.86,
    "nii_6585": 6585.27,
    "hei_6680": 6679.99,
    "sii_6718": 6718.29,
    "sii_6733": 6732.67,
}
"""Vacuum wavelengths in A (air: 4959, 5007, 6548, 6583, 6678, 6716, 6731), NIST."""

LIGHT = 299792.458  # km/s
MOTION = 80.0
"""Velocity that a line may have without leaving its window, km/s: those of H II regions within a
few kpc of the Sun."""

Doubles = NDArray[np.float64]


def lines_of(grid: Grid) -> dict[str, float]:
    """Return the lines whose windows and flanks lie within a grid."""
    low, high = grid.wavelength[0], grid.wavelength[-1]
    return {
        name: line
        for name, line in LINES.items()
        if low < line - 2.5 * _half_width(line, grid)
        and line + 2.5 * _half_width(line, grid) < high
    }


def _half_width(line: float, grid: Grid) -> float:
    """Half of the window in A: the motion, and one half width of an unresolved line."""
    element = (10 ** (grid.line_width * grid.step) - 1) * line
    return line * MOTION / LIGHT + 0.75 * element


@cache
def _weights(grid: Grid) -> dict[str, tuple[int, Doubles]]:
    """Return, for each line, the first pixel and the weights of the pixels that make its width.

    The width is the sum over the window of (continuum - flux) times the pixel's width, and the
    continuum the straight line through the means of the two flanks: all in all a weighted sum of
    pixels whose weights add up to nothing.
    """
    found = {}
    step = np.diff(grid.edges)
    for name, line in lines_of(grid).items():
        half = _half_width(line, grid)
        x = (grid.wavelength - line) / half
        window = np.abs(x) <= 1
        blue, red = (x >= -2.25) & (x < -1.15), (x > 1.15) & (x <= 2.25)
        weight = np.where(window, -step, 0.0)
        for flank, other in ((blue, red), (red, blue)):
            middle, opposite = x[flank].mean(), x[other].mean()
            share = ((opposite - x) / (opposite - middle) * step)[window].sum()
            weight[flank] += share / np.count_nonzero(flank)
        pixels = np.flatnonzero(weight)
        found[name] = (int(pixels[0]), weight[pixels[0] : pixels[-1] + 1])
    return found


def measure_nebular_lines(
    flux: NDArray[np.floating], noise: ArrayLike, grid: Grid
) -> dict[str, Doubles]:
    """Measure equivalent widths against the local continuum.

    Parameters
    ----------
    flux
        Rectified, shape ``(n_spectra, grid.size)``.
    noise
        1-sigma noise of a continuum pixel, shape ``(n_spectra,)``.
    grid
        Any; the lines that it holds are measured (:func:`lines_of`).

    Returns
    -------
    dict of str to numpy.ndarray
        For each line ``ew_<line>`` and ``ew_<line>_error`` in A, shape ``(n_spectra,)``; positive
        for absorption. NaN where the flux around the line or the noise is not finite.

    Raises
    ------
    ValueError
        If the flux does not fit the grid.

    Notes
    -----
    The local continuum takes out what is wider than the window: the wings of H-alpha and broad
    photospheric He I. The error is that of the noise, tied between neighbours
    (:mod:`ml.spectra.pixel_noise`); curvature of what lies below the line is not in it.
    """
    check_flux(flux, grid)
    n = len(flux)
    sigma = np.broadcast_to(np.asarray(noise, dtype=np.float64), (n,))
    correlation = autocorrelation(flux, sigma, grid)
    out = {}
    for name, (first, weight) in _weights(grid).items():
        near = flux[:, first : first + len(weight)].astype(np.float64)
        width = multiply(near, weight[:, None])[:, 0]
        error = sigma * np.sqrt(variance_factor(weight, correlation))
        known = np.isfinite(width) & np.isfinite(error)
        out[f"ew_{name}"] = np.where(known, width, np.nan)
        out[f"ew_{name}_error"] = np.where(known, error, np.nan)
    return out
