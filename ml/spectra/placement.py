"""Where the pixels of a grid lie among the pixels of files."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ml.spectra.grids import Grid
from ml.spectra.ragged import RaggedSpectra

MARGIN = 12
"""Native pixels beyond the window, so that its borders are cleaned like its middle."""

SAME_STEP = 0.01
"""Pixels by which a file's grid may drift from the common one and still count as its shift."""

MAX_NATIVE = 4
"""Native pixels per pixel of the grid; finer files are no LAMOST spectra."""

OK = "ok"
NO_COVERAGE = "no coverage"
TOO_FINE = "pixels too fine for the grid"


@dataclass(frozen=True)
class Placement:
    """Where the pixels of the grid lie among the pixels of the files.

    ``low`` is the file's pixel in column 0 of the rectangle that is cut out, ``high`` the last
    one that is needed, both (n,). ``position`` counts columns of the rectangle: (n, 1) for rows
    in which it grows by one a pixel, else (n, size). ``backward`` rows are read from their end.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    position: NDArray[np.float64]
    covered: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    status: NDArray[np.object_]

    def take(self, rows: NDArray[np.int64]) -> Placement:
        """Return some of the rows."""
        return Placement(*(getattr(self, field.name)[rows] for field in fields(self)))


def place_shifted(spectra: RaggedSpectra, rows: NDArray[np.int64], grid: Grid) -> Placement:
    """Place rows whose step is the grid's."""
    middle = grid.log_wavelength[grid.size // 2] - spectra.log_wavelength_start[rows]
    start = middle / spectra.log_wavelength_step[rows] - grid.size // 2
    start = np.clip(start, -1e9, 1e9)  # of a row far off, which has no coverage
    length = (spectra.offsets[rows + 1] - spectra.offsets[rows])[:, None]
    first = np.ceil(-start)[:, None].astype(np.int64)
    pixel = np.arange(grid.size)
    covered = (pixel >= first) & (pixel < first + length)
    covered[:, -1] &= start + grid.size - 1 <= length[:, 0] - 1
    last = np.floor(length[:, 0] - 1 - start).astype(np.int64)[:, None]
    covered &= pixel <= last
    low = np.floor(start).astype(np.int64) - MARGIN
    return Placement(
        low=low,
        high=low + grid.size + 2 * MARGIN,
        position=(start - low)[:, None],
        covered=covered,
        backward=np.zeros(len(rows), dtype=bool),
        status=_coverage_status(covered, grid),
    )


def place_anywhere(spectra: RaggedSpectra, rows: NDArray[np.int64], grid: Grid) -> Placement:
    """Place rows of any step or with explicit wavelengths."""
    backward = np.zeros(len(rows), dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        position = _positions(spectra, rows, grid, backward)
        length = (spectra.offsets[rows + 1] - spectra.offsets[rows])[:, None]
        covered = (position >= 0) & (position <= length - 1)
    status = _coverage_status(covered, grid)
    position = np.clip(np.nan_to_num(position), -MARGIN, length - 1 + MARGIN)
    low = np.floor(position.min(axis=1)).astype(np.int64) - MARGIN
    high = np.ceil(position.max(axis=1)).astype(np.int64) + MARGIN
    status[(status == OK) & (high - low > MAX_NATIVE * grid.size)] = TOO_FINE
    return Placement(low, high, position - low[:, None], covered, backward, status)


def _positions(
    spectra: RaggedSpectra, rows: NDArray[np.int64], grid: Grid, reversed_rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return where every pixel of the grid lies among a row's own, counted in pixels.

    NaN outside a row's explicit wavelengths. ``reversed_rows`` (one a row) is filled in: True
    where the explicit wavelengths decrease, and positions then count from the row's end.
    """
    start = spectra.log_wavelength_start[rows, None]
    step = spectra.log_wavelength_step[rows, None]
    with np.errstate(over="ignore"):
        position = (grid.log_wavelength - start) / step  # (n, size)
    if spectra.wavelength is None:
        return position
    offsets = spectra.offsets_of("wavelength")
    lengths = offsets[rows + 1] - offsets[rows]
    explicit = np.flatnonzero(np.isnan(position[:, 0]) & (lengths > 1))
    if not len(explicit):
        return position
    # One sorted list of all rows: log wavelengths lie within (0, 9), so ten times the row number
    # keeps the rows apart, and one search serves every pixel of every row.
    lengths = lengths[explicit]
    row = np.repeat(np.arange(len(explicit)), lengths)
    local = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    first = offsets[rows[explicit]]
    ends = spectra.wavelength[first], spectra.wavelength[first + lengths - 1]
    backward = ends[0] > ends[1]
    reversed_rows[explicit] = backward
    source = np.where(backward[row], lengths[row] - 1 - local, local) + first[row]
    with np.errstate(invalid="ignore", divide="ignore"):
        key = np.log10(spectra.wavelength[source].astype(np.float64))
    broken = ~np.isfinite(key) | (key < 0) | (key > 9)
    key[broken] = 0.0
    fall = np.diff(key) < 0
    broken[1:] |= fall & (np.diff(row) == 0)
    bad_row = np.zeros(len(explicit), dtype=bool)
    bad_row[row[broken]] = True  # not in order, not finite: no wavelength to trust
    key[bad_row[row]] = 0.0
    wanted = grid.log_wavelength + 10.0 * np.arange(len(explicit))[:, None]
    apart = key + 10.0 * row
    left = np.searchsorted(apart, wanted.ravel(), side="right").reshape(wanted.shape) - 1
    begin = (np.cumsum(lengths) - lengths)[:, None]
    end = begin + lengths[:, None] - 1
    inside = (left >= begin) & (grid.log_wavelength <= key[end]) & ~bad_row[:, None]
    left = np.clip(left, begin, end - 1)
    width = key[left + 1] - key[left]
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = (grid.log_wavelength - key[left]) / width
    position[explicit] = np.where(inside, left - begin + fraction, np.nan)
    return position


def _coverage_status(covered: NDArray[np.bool_], grid: Grid) -> NDArray[np.object_]:
    status = np.full(len(covered), OK, dtype=object)
    status[np.count_nonzero(covered, axis=1) < grid.size // 2] = NO_COVERAGE
    return status
