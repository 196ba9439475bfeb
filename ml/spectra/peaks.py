"""Peaks and valleys of a line after smoothing with a Bartlett window.

Wang et al. (2022, section 4.1.1, table 1) look for the local maxima of H-alpha between 6551 and
6579 A after smoothing with a triangular window that is the wider the noisier the spectrum. Every
noise bump is a peak in that sense, so what tells emission from noise is measured beside it: the
prominence of each peak, and the noise of the smoothed spectrum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.spectra.continuum import design
from ml.spectra.equivalent_width import check_flux
from ml.spectra.grids import Grid

WANG_EDGES = (10.0, 20.0, 40.0, 60.0, 100.0, 120.0, 150.0)
"""Lower edges of the S/N bins of Wang et al. (2022), table 1."""

WANG_WIDTHS = (15.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
"""Widths of the Bartlett window in medium-resolution pixels, same table."""

LRS_EDGES = (10.0, 20.0, 60.0)
LRS_WIDTHS = (5.0, 4.0, 3.0)
"""Widths at low resolution, where a pixel is ten times as wide and an unresolved line has a FWHM
of 2.4 pixels: the widest window (effective FWHM 2 pixels) stays below that, the narrowest leaves
the spectrum as it is."""

_BLOCK = 256
_SAMPLE = 3  # the noise of the smoothed spectrum is told from every third pixel

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Peaks:
    """What :func:`find_peaks` returns; ``n`` spectra, lists as values with offsets.

    Attributes
    ----------
    window
        Width of the Bartlett window that was used, pixels; 0 where the row could not be
        measured (flux, S/N or band not usable).
    peak_offsets, valley_offsets
        Shape ``(n + 1,)``: row ``i`` has peaks ``peak_offsets[i]:peak_offsets[i + 1]``.
    peak_wavelength, peak_flux, peak_prominence
        Of every peak, by wavelength. A; smoothed rectified flux; the peak's height above the
        higher one of the two lowest points that separate it from higher flux or the band's end.
    valley_wavelength, valley_flux
        Of every valley.
    strongest_wavelength, strongest_flux, strongest_prominence, strongest_width
        Of the peak with the greatest prominence; the width is the full width at half prominence
        in A. NaN where there is no peak.
    strongest_significance
        Its prominence over ``smoothed_noise``.
    smoothed_noise
        1-sigma scatter of the smoothed spectrum beside the line: 1.4826 times the median
        distance from one, or what independent pixels of the given noise would have, if that is
        more. Photospheric lines and continuum errors count as noise here.
    maximum_flux
        Highest smoothed flux in the band, peak or not.
    """

    window: NDArray[np.int32]
    peak_offsets: NDArray[np.int64]
    peak_wavelength: Doubles
    peak_flux: Doubles
    peak_prominence: Doubles
    valley_offsets: NDArray[np.int64]
    valley_wavelength: Doubles
    valley_flux: Doubles
    strongest_wavelength: Doubles
    strongest_flux: Doubles
    strongest_prominence: Doubles
    strongest_width: Doubles
    strongest_significance: Doubles
    smoothed_noise: Doubles
    maximum_flux: Doubles


def bartlett(width: float) -> Doubles:
    """Return the Bartlett window as an odd, centred kernel of unit sum.

    The triangle falls to zero ``(width - 1) / 2`` pixels from its middle, as in
    ``numpy.bartlett(width)``, with which odd widths agree. Even widths are centred on a pixel
    as well: the window of table 1 would else shift the line by half a pixel.

    Raises
    ------
    ValueError
        If the width is below 1 or not finite.
    """
    if not (np.isfinite(width) and width >= 1):
        raise ValueError(f"a Bartlett window of {width} pixels: the width must be at least 1")
    half = (width - 1) / 2
    reach = max(0, int(np.ceil(half)) - 1)
    offset = np.arange(-reach, reach + 1)
    kernel = np.ones(1) if reach == 0 else 1 - np.abs(offset) / half
    return kernel / kernel.sum()


def choose_window(snr: ArrayLike, edges: Sequence[float], widths: Sequence[float]) -> Doubles:
    """Return the window width of each S/N; NaN for NaN.

    Parameters
    ----------
    snr
        Shape ``(n,)``.
    edges
        Lower edges of the bins, increasing; S/N below the first belongs to the first.
    widths
        One width a bin, pixels.

    Raises
    ------
    ValueError
        If edges and widths differ in length, are empty, or the edges do not increase.
    """
    lower = np.asarray(edges, dtype=np.float64)
    pixels = np.asarray(widths, dtype=np.float64)
    if lower.shape != pixels.shape or lower.ndim != 1 or not len(lower):
        raise ValueError(f"{lower.size} window edges and {pixels.size} window widths")
    if not (np.diff(lower) > 0).all():
        raise ValueError(f"window edges must increase: {lower.tolist()}")
    if not (np.isfinite(pixels) & (pixels >= 1)).all():
        raise ValueError(f"window widths must be at least 1 pixel: {pixels.tolist()}")
    ratio = np.asarray(snr, dtype=np.float64)
    bins = np.clip(np.searchsorted(lower, ratio, side="right") - 1, 0, len(lower) - 1)
    return np.where(np.isnan(ratio), np.nan, pixels[bins])


def find_peaks(
    flux: NDArray[np.floating],
    noise: ArrayLike,
    snr: ArrayLike,
    grid: Grid,
    *,
    edges: Sequence[float],
    widths: Sequence[float],
    wave_min: float = 6551.0,
    wave_max: float = 6579.0,
) -> Peaks:
    """Find the peaks and valleys of the smoothed spectra within a band.

    Parameters
    ----------
    flux
        Rectified, shape ``(n_spectra, grid.size)``.
    noise
        1-sigma noise of a continuum pixel, shape ``(n_spectra,)`` or a number.
    snr
        S/N a pixel, which chooses the window; shape ``(n_spectra,)`` or a number.
    grid
        The grid.
    edges, widths
        Bins of S/N and their window widths in pixels (:data:`WANG_EDGES`, :data:`WANG_WIDTHS`).
    wave_min, wave_max
        The band in A (vacuum). Pixels outside serve the smoothing only.

    Returns
    -------
    Peaks
        Rows with a flux that is not finite, or without S/N, have window 0 and no peaks.

    Raises
    ------
    ValueError
        If shapes or windows are wrong, or the band does not lie within the grid.
    """
    check_flux(flux, grid)
    n = len(flux)
    width = choose_window(np.broadcast_to(np.asarray(snr, dtype=np.float64), (n,)), edges, widths)
    sigma = np.broadcast_to(np.asarray(noise, dtype=np.float64), (n,))
    reach = int(np.ceil(max(widths) / 2)) + 1
    first = int(np.searchsorted(grid.wavelength, wave_min, side="left"))
    last = int(np.searchsorted(grid.wavelength, wave_max, side="right"))
    if not (reach <= first < last - 2 and last <= grid.size - reach):
        raise ValueError(
            f"the band {wave_min}-{wave_max} A must lie inside grid {grid.name} "
            f"({grid.wavelength[0]:.1f}-{grid.wavelength[-1]:.1f} A), {reach} pixels from its ends"
        )
    smoothed = np.full((n, last - first), np.nan)
    scatter = np.full(n, np.nan)
    for one in np.unique(width[np.isfinite(width)]):
        rows = np.flatnonzero(width == one)
        for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
            part = flux[block]
            smoothed[block] = _smooth(part, bartlett(one), first, last)
            scatter[block] = _smoothed_noise(part, sigma[block], bartlett(one), grid)
    usable = np.isfinite(smoothed).all(axis=1)
    return _describe(smoothed, usable, scatter, width, grid.wavelength[first:last])


def _smooth(
    flux: NDArray[np.floating], kernel: Doubles, first: int, last: int, step: int = 1
) -> Doubles:
    """Convolve columns ``first:last:step`` of flux with a kernel."""
    reach = len(kernel) // 2
    total = np.zeros((len(flux), len(range(first, last, step))))
    for offset, weight in enumerate(kernel, start=-reach):
        total += weight * flux[:, first + offset : last + offset : step]
    return total


def _smoothed_noise(
    flux: NDArray[np.floating], noise: Doubles, kernel: Doubles, grid: Grid
) -> Doubles:
    """Return the scatter of the smoothed spectrum outside the line windows."""
    reach = len(kernel) // 2
    smoothed = _smooth(flux, kernel, reach, grid.size - reach, _SAMPLE)
    pixels = np.arange(reach, grid.size - reach, _SAMPLE)
    usable = design(grid).usable
    beside = usable[np.minimum(pixels // grid.bin_width, len(usable) - 1)]
    # Pixels that a file does not cover are exactly one: not a measurement of noise.
    distance = np.abs(smoothed[:, beside] - 1)
    distance[distance == 0] = np.nan
    order = np.sort(distance, axis=1)
    count = np.count_nonzero(np.isfinite(distance), axis=1)
    middle = np.take_along_axis(order, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    measured = np.where(count > 0, 1.4826 * middle, 0.0)
    return np.maximum(measured, noise * np.sqrt((kernel**2).sum()))


def _turns(smoothed: Doubles) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mark local maxima and minima inside each row; of a plateau, its last pixel."""
    slope = np.sign(np.diff(smoothed, axis=1)).astype(np.int8)
    column = np.arange(slope.shape[1])
    last = np.maximum.accumulate(np.where(slope != 0, column, -1), axis=1)
    slope = np.where(last >= 0, np.take_along_axis(slope, np.maximum(last, 0), axis=1), 0)
    peaks = np.zeros(smoothed.shape, dtype=bool)
    valleys = np.zeros(smoothed.shape, dtype=bool)
    peaks[:, 1:-1] = (slope[:, :-1] > 0) & (slope[:, 1:] < 0)
    valleys[:, 1:-1] = (slope[:, :-1] < 0) & (slope[:, 1:] > 0)
    return peaks, valleys


def _prominence(smoothed: Doubles, row: NDArray[np.intp], column: NDArray[np.intp]) -> Doubles:
    """Return the prominence of peaks within their rows."""
    out = np.empty(len(row))
    for chunk in np.split(np.arange(len(row)), range(4096, len(row), 4096)):
        profile = smoothed[row[chunk]]  # (n_peaks, n_columns)
        place = column[chunk][:, None]
        height = np.take_along_axis(profile, place, axis=1)
        index = np.arange(profile.shape[1])
        higher = profile > height
        left = np.where(higher & (index < place), index, -1).max(axis=1, keepdims=True)
        right = np.where(higher & (index > place), index, len(index)).min(axis=1, keepdims=True)
        base_left = np.where((index > left) & (index <= place), profile, np.inf).min(axis=1)
        base_right = np.where((index >= place) & (index < right), profile, np.inf).min(axis=1)
        out[chunk] = height[:, 0] - np.maximum(base_left, base_right)
    return out


def _half_width(
    profile: Doubles, column: NDArray[np.intp], level: Doubles, wavelength: Doubles
) -> Doubles:
    """Return the width in A at a level of the peak at a column, one peak a row."""
    index = np.arange(profile.shape[1])
    below = profile < level[:, None]
    place = column[:, None]
    row = np.arange(len(profile))
    ends = []
    for side in (-1, 1):
        beyond = below & (side * (index - place) > 0)
        if side < 0:
            outer = np.where(beyond, index, -1).max(axis=1)
        else:
            outer = np.where(beyond, index, len(index)).min(axis=1)
        found = (outer >= 0) & (outer < len(index))
        outer = np.clip(outer, 0, len(index) - 1)
        inner = np.clip(outer - side, 0, len(index) - 1)
        drop = profile[row, inner] - profile[row, outer]
        part = np.where(found & (drop > 0), (profile[row, inner] - level) / drop, 0.0)
        ends.append(wavelength[inner] + part * (wavelength[outer] - wavelength[inner]))
    return ends[1] - ends[0]


def _describe(
    smoothed: Doubles,
    usable: NDArray[np.bool_],
    scatter: Doubles,
    width: Doubles,
    wavelength: Doubles,
) -> Peaks:
    """Measure the peaks of smoothed profiles."""
    n = len(smoothed)
    smoothed = np.where(usable[:, None], smoothed, 0.0)
    peaks, valleys = _turns(smoothed)
    peak_row, peak_column = np.nonzero(peaks)
    valley_row, valley_column = np.nonzero(valleys)
    prominence = _prominence(smoothed, peak_row, peak_column)

    strongest = {name: np.full(n, np.nan) for name in ("wave", "flux", "prominence", "width")}
    order = np.lexsort((prominence, peak_row))  # the last one of each row is its strongest
    ends = np.cumsum(np.bincount(peak_row, minlength=n))
    has = np.flatnonzero(np.diff(ends, prepend=0) > 0)
    best = order[ends[has] - 1]
    column = peak_column[best]
    strongest["wave"][has] = wavelength[column]
    strongest["flux"][has] = smoothed[has, column]
    strongest["prominence"][has] = prominence[best]
    level = smoothed[has, column] - prominence[best] / 2
    strongest["width"][has] = _half_width(smoothed[has], column, level, wavelength)
    with np.errstate(divide="ignore", invalid="ignore"):
        significance = strongest["prominence"] / scatter
    return Peaks(
        window=np.where(usable, np.nan_to_num(width), 0).astype(np.int32),
        peak_offsets=np.concatenate([[0], ends]).astype(np.int64),
        peak_wavelength=wavelength[peak_column],
        peak_flux=smoothed[peak_row, peak_column],
        peak_prominence=prominence,
        valley_offsets=np.concatenate(
            [[0], np.cumsum(np.bincount(valley_row, minlength=n))]
        ).astype(np.int64),
        valley_wavelength=wavelength[valley_column],
        valley_flux=smoothed[valley_row, valley_column],
        strongest_wavelength=strongest["wave"],
        strongest_flux=strongest["flux"],
        strongest_prominence=strongest["prominence"],
        strongest_width=strongest["width"],
        strongest_significance=np.where(np.isfinite(significance), significance, np.nan),
        smoothed_noise=np.where(usable, scatter, np.nan),
        maximum_flux=np.where(usable, smoothed.max(axis=1), np.nan),
    )
