"""Gaps of bad pixels: which they are, which flux in them may be believed, how to bridge them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.spectra.grids import Grid

DEAD_REACH = 6
"""Pixels around a dead one in which flagged pixels are bad too."""


def bridge(values: NDArray[np.float32], good: NDArray[np.bool_]) -> None:
    """Replace bad pixels, in place, by a line between their good neighbours.

    Runs at a row's end take the nearest good value, rows without any good pixel zero.
    """
    n, size = values.shape
    bad = np.zeros((n, size + 2), dtype=bool)
    np.logical_not(good, out=bad[:, 1:-1])
    flips = np.flatnonzero(bad.ravel()[1:] != bad.ravel()[:-1])
    first, last = flips[::2] + 1, flips[1::2]  # of each run, in the padded raster
    if not len(first):
        return
    row = first // (size + 2)
    first, last = first % (size + 2) - 1, last % (size + 2) - 1
    left = values[row, np.maximum(first - 1, 0)].astype(np.float64)
    right = values[row, np.minimum(last + 1, size - 1)].astype(np.float64)
    left, right = (
        np.where(first == 0, right, left),
        np.where(last == size - 1, left, right),
    )
    empty = (first == 0) & (last == size - 1)
    left[empty] = right[empty] = 0.0
    length = last - first + 1
    run = np.repeat(np.arange(len(first)), length)
    step = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + 1
    slope = (right - left) / (length + 1)
    values[row[run], first[run] + step - 1] = left[run] + slope[run] * step


def joins_smoothly(
    raw: NDArray[np.float32],
    bridged: NDArray[np.float32],
    unit: NDArray[np.float32],
    unweighted: NDArray[np.bool_],
    gap: NDArray[np.bool_],
    grid: Grid,
) -> NDArray[np.bool_]:
    """Mark unweighted pixels whose flux may be believed, all or none of each gap.

    At either end of the gap the flux must not jump by more than six times the noise, or than the
    steepest step of an unresolved Gaussian as high as the gap's greatest departure from its
    bridge: 0.607 of the height over the standard deviation, here with a fifth to spare.
    """
    out = np.zeros_like(gap)
    rows = np.flatnonzero(unweighted.any(axis=1))
    if not len(rows):
        return out
    n, size = len(rows), gap.shape[1]
    raster = np.zeros((n, size + 2), dtype=bool)
    raster[:, 1:-1] = gap[rows]
    flips = np.flatnonzero(raster.ravel()[1:] != raster.ravel()[:-1]) + 1
    first, last = flips[::2], flips[1::2] - 1  # of each gap, in the padded raster

    def spread(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.pad(values[rows].astype(np.float64), ((0, 0), (1, 1)), mode="edge").ravel()

    flux, line, noise = spread(raw), spread(bridged), spread(unit)
    believable = np.pad(unweighted[rows], ((0, 0), (1, 1))).ravel()
    departure = np.where(believable, np.abs(flux - line), np.inf)
    ends = np.append(np.stack([first, last + 1], axis=1).ravel(), departure.size - 1)
    height = np.maximum.reduceat(departure, ends[:-1])[::2]
    steepest = 1.2 * 0.607 / (grid.line_width / 2.355)
    jump = np.maximum(np.abs(flux[first] - line[first - 1]), np.abs(flux[last] - line[last + 1]))
    joins = np.isfinite(height) & (jump <= np.maximum(6 * noise[first], steepest * height))
    inner = (first % (size + 2) > 1) & (last % (size + 2) < size)  # has neighbours on both sides
    length = last - first + 1
    marked = np.zeros(raster.size, dtype=bool)
    run = np.repeat(np.arange(len(first)), length)
    place = first[run] + np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    marked[place] = (joins & inner)[run]
    out[rows] = marked.reshape(n, size + 2)[:, 1:-1] & gap[rows]
    return out


def grow_dead(dead: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the flagged pixels within reach of a dead one."""
    near = np.zeros_like(dead)
    rows = np.flatnonzero(dead.any(axis=1) & flagged.any(axis=1))
    if len(rows):
        padded = np.pad(dead[rows], ((0, 0), (DEAD_REACH, DEAD_REACH)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * DEAD_REACH + 1, axis=1)
        near[rows] = windows.any(axis=2) & flagged[rows]
    return near
