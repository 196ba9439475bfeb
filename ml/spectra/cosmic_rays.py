"""Spikes narrower than the instrument can make them: residual cosmic rays and damaged pixels.

Light that came through the spectrograph is at least as wide as the line-spread function; a
cosmic ray that survived the pipeline is one to four pixels wide at medium resolution, one or
two at low resolution, and falls off within a pixel. Width, not height, tells them apart, so
that a nebular or Be emission line of any strength survives.

The width is measured by a morphological opening (a running minimum, then a running maximum;
Serra 1982, chapter 2): it cuts off whatever is narrower than its window. For a line as narrow
as the instrument allows the opening takes away about as much as it leaves; for a spike it
leaves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class SpikeShape:
    """What counts as too narrow, in pixels of the native grid.

    Parameters
    ----------
    window
        Width of the opening; spikes narrower than this vanish in it.
    reach
        Distance within which the level beside the spike is sought.
    sharpness
        Least ratio of what the opening takes away to what it leaves above that level. An
        unresolved Gaussian gives 1.1 at medium resolution (FWHM 5.8 pixels, window 6) and 0.6
        to 1.7 at low resolution (FWHM 2.4 pixels, window 3, by its phase in the pixel).
    significance
        Least height above the opening in units of its robust scatter in this spectrum.
    """

    window: int
    reach: int
    sharpness: float
    significance: float = 8.0


MEDIUM_RESOLUTION = SpikeShape(window=6, reach=9, sharpness=2.5)
LOW_RESOLUTION = SpikeShape(window=3, reach=4, sharpness=3.5)

_SAMPLE = (
    4  # the scatter is a median over every fourth pixel: enough of them, a quarter of the time
)


def _running(extremum: np.ufunc, values: Floats, width: int) -> Floats:
    """Return the running extremum of ``width`` pixels that start at each pixel.

    Works by doubling: windows of 2, 4, 8 ... pixels, the last one overlapping. The result is
    shorter by ``width - 1``.
    """
    done = 1
    while done < width:
        step = min(done, width - done)
        values = extremum(values[:, :-step], values[:, step:])
        done += step
    return values


def opening(flux: Floats, width: int) -> Floats:
    """Cut off peaks narrower than ``width`` pixels.

    Parameters
    ----------
    flux
        Shape ``(n_spectra, n_pixels)``.
    width
        Pixels.

    Returns
    -------
    numpy.ndarray
        The opened spectra, same shape; never above ``flux``.
    """
    margin = width - 1
    padded = np.pad(flux, ((0, 0), (margin, margin)), mode="edge")
    return _running(np.maximum, _running(np.minimum, padded, width), width)


def scatter(flux: Floats, weight: Floats, good: NDArray[np.bool_], shape: SpikeShape) -> Floats:
    """Measure the noise of spectra in units of what the pipeline says.

    Parameters
    ----------
    flux
        Shape ``(n_spectra, n_pixels)``, finite, bad pixels already bridged.
    weight
        Root of the inverse variance, positive.
    good
        Pixels that were measured.
    shape
        Gives the distance at which pixels are compared.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_spectra, 1)``; infinite where nothing was measured.

    Notes
    -----
    A median over the spectrum of the departure of a pixel from the mean of two others one window
    away on either side, where resampling no longer ties them together. In a spectrum full of
    lines it measures the lines, which is on the safe side. LAMOST's pixels are quieter than
    their inverse variance says (0.3-0.5 of it at medium resolution); that is why the level is
    measured and only its course along the spectrum is taken from the file.
    """
    window = shape.window
    here = slice(window, -window, _SAMPLE)
    before, after = slice(0, -2 * window, _SAMPLE), slice(2 * window, None, _SAMPLE)
    bend = np.abs(flux[:, here] - 0.5 * (flux[:, before] + flux[:, after])) * weight[:, here]
    measured = good[:, here]
    bend = np.sort(np.where(measured, bend, np.inf), axis=1)
    half = np.count_nonzero(measured, axis=1)[:, None] // 2
    noise = np.take_along_axis(bend, half, axis=1) / (0.6745 * np.sqrt(1.5))
    # Spectra without noise still have the rounding of single precision.
    rounding = 1e-6 * np.abs(flux[:, here] * weight[:, here]).mean(axis=1, keepdims=True)
    return np.maximum(noise, rounding)


def find_spikes(flux: Floats, unit: Floats, good: NDArray[np.bool_], shape: SpikeShape) -> Marks:
    """Mark the pixels of positive spikes that are narrower than the instrument allows.

    Parameters
    ----------
    flux
        Shape ``(n_spectra, n_pixels)``, finite, bad pixels already bridged.
    unit
        Standard deviation of every pixel, same shape.
    good
        Pixels that were measured; no others are marked.
    shape
        What is too narrow.

    Returns
    -------
    numpy.ndarray of bool
        Same shape. Give ``-flux`` to find dips.
    """
    opened = opening(flux, shape.window)
    height = flux - opened
    reach = shape.reach
    padded = np.pad(opened, ((0, 0), (reach, reach)), mode="edge")
    # The lowest level nearby: beside a line in the core of a broad absorption it is the core's.
    level = _running(np.minimum, padded, 2 * reach + 1)
    core = good & (height > shape.significance * unit)
    core &= height > shape.sharpness * (opened - level)
    rows = np.flatnonzero(core.any(axis=1))
    if len(rows):
        # The feet of a spike go with it, as far as they stand out of the level on either side.
        aside = 0.5 * (padded[rows, : -2 * reach] + padded[rows, 2 * reach :])
        foot = good[rows] & (flux[rows] - aside > 3 * unit[rows])
        grown = core[rows]
        for _ in range(shape.window // 2):
            near = grown.copy()
            near[:, 1:] |= grown[:, :-1]
            near[:, :-1] |= grown[:, 1:]
            grown |= near & foot
        core[rows] = grown
    return core
