"""A stretch of spectra about a line: its turns, widths and flanks, with errors.

The stretch is smoothed, to tell which turns there are and where the flux crosses a level; places
and fluxes of the turns come from parabolas through the unsmoothed pixels around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.spectra.continuum import multiply
from ml.spectra.grids import H_ALPHA, Grid
from ml.spectra.pixel_noise import autocorrelation, variance_factor

LIGHT = 299792.458  # km/s

FLAT = 4.0
"""Parabolas reach as far as the smoothed flux stays within so many sigma of the turn."""

FLAT_DOUBT = 0.6
"""Part of the half width within one sigma of a turn that its place may be off by: which pixel of
a flat top is the highest is chance, and chooses what the parabola sees. From Monte Carlo."""

SECTION = 1000.0
"""What is cut out on either side of H-alpha, km/s."""

_REACHES = (1, 2, 3, 4, 6, 9)  # pixels, of the parabolas
_MOST_REACH = 65.0  # km/s; peaks of discs have others 100 km/s away

Doubles = NDArray[np.float64]
Columns = NDArray[np.intp]
Measured = tuple[Doubles, Doubles]  # values and errors


@dataclass(frozen=True)
class Section:
    """The pixels around H-alpha of spectra with one smoothing window."""

    grid: Grid
    first: int  # pixel of the grid that is column 0
    velocity: Doubles  # of columns, km/s
    flux: Doubles  # (n, n_columns)
    smoothed: Doubles  # (n, n_columns)
    noise: Doubles  # (n,)
    correlation: Doubles  # (n, n_lags)
    smoothed_noise: Doubles  # (n,), of a smoothed pixel
    fit_reach: int  # least number of pixels that a parabola takes on either side of a turn

    @property
    def step(self) -> float:
        """Width of a pixel, km/s."""
        return float(np.log(10) * self.grid.step * LIGHT)

    def column(self, velocity: float) -> int:
        """Return the first column at or above a velocity."""
        return int(np.searchsorted(self.velocity, velocity))

    def column_near(self, velocity: Doubles) -> Columns:
        """Return the columns next to velocities."""
        place = np.interp(velocity, self.velocity, np.arange(len(self.velocity)))
        return np.rint(np.nan_to_num(place)).astype(np.intp)

    def at(self, column: NDArray[np.floating]) -> Doubles:
        """Return velocities at fractions of columns."""
        return np.interp(column, np.arange(len(self.velocity)), self.velocity, np.nan, np.nan)


@dataclass(frozen=True)
class Turn:
    """Peaks or valleys, one a spectrum."""

    column: Columns
    velocity: Doubles
    velocity_error: Doubles
    flux: Doubles
    flux_error: Doubles


def velocity_of(grid: Grid) -> Doubles:
    """Return the velocity of every pixel from H-alpha at rest, km/s, shape ``(grid.size,)``."""
    return np.asarray((grid.wavelength / H_ALPHA - 1) * LIGHT)


def cut_section(
    flux: NDArray[np.floating], noise: Doubles, grid: Grid, kernel: Doubles, fit_reach: int
) -> Section:
    """Cut out and smooth the surroundings of H-alpha.

    Parameters
    ----------
    flux
        Rectified, shape ``(n, grid.size)``.
    noise
        1-sigma noise of a continuum pixel, shape ``(n,)``.
    grid
        The grid.
    kernel
        Smoothing window, of unit sum.
    fit_reach
        Least number of pixels on either side of a turn that a parabola takes.
    """
    velocity = velocity_of(grid)
    first, last = np.searchsorted(velocity, (-SECTION, SECTION))
    reach = len(kernel) // 2
    smoothed = np.zeros((len(flux), last - first))
    for offset, weight in enumerate(kernel, start=-reach):
        smoothed += weight * flux[:, first + offset : last + offset]
    correlation = autocorrelation(flux, noise, grid)
    return Section(
        grid=grid,
        first=int(first),
        velocity=velocity[first:last],
        flux=flux[:, first:last].astype(np.float64),
        smoothed=smoothed,
        noise=noise,
        correlation=correlation,
        smoothed_noise=noise * np.sqrt(variance_factor(kernel, correlation)),
        fit_reach=fit_reach,
    )


def find_turn(section: Section, column: Columns, sign: int) -> Turn:
    """Lay a parabola through the pixels around a turn: peaks for sign 1, valleys for -1.

    The parabola goes as far as the smoothed flux stays within :data:`FLAT` sigma of the turn, so
    that a flat top in much noise rests on many pixels. Where it does not turn among them, the
    middle pixel stands, with an error of the parabola's reach.

    Parameters
    ----------
    section
        The spectra.
    column
        Where the smoothed flux turns, one a spectrum; -1: nowhere.
    sign
        1 or -1.

    Returns
    -------
    Turn
        NaN, and column -1, where there is none.
    """
    n = len(column)
    turn = Turn(column.copy(), *(np.full(n, np.nan) for _ in range(4)))
    wanted = _flat_reach(section, column, sign, FLAT)
    flat = _flat_reach(section, column, sign, 1.0)
    doubt = np.where(flat >= 2, FLAT_DOUBT * flat, 0.0) * section.step
    most = max(section.fit_reach, int(_MOST_REACH / section.step))
    limits = np.array([reach for reach in _REACHES if section.fit_reach <= reach <= most])
    choice = limits[np.clip(np.searchsorted(limits, wanted, side="right") - 1, 0, None)]
    for reach in np.unique(choice[column >= 0]):
        rows = np.flatnonzero((choice == reach) & (column >= 0))
        # the highest pixel of a noisy top is not its middle: once more about the first vertex
        start = _vertex(section, rows, column[rows], int(reach), sign)[0]
        centre = section.column_near(start)
        velocity, velocity_error, flux, flux_error = _vertex(
            section, rows, centre, int(reach), sign
        )
        turn.velocity[rows] = velocity
        turn.velocity_error[rows] = np.hypot(velocity_error, doubt[rows])
        turn.flux[rows], turn.flux_error[rows] = flux, flux_error
    turn.column[~np.isfinite(turn.flux)] = -1
    return turn


def _flat_reach(section: Section, column: Columns, sign: int, n_sigma: float) -> NDArray[np.intp]:
    """Return how many pixels a turn reaches to its nearer side before it leaves the noise."""
    most = _REACHES[-1]
    offset = np.arange(-most, most + 1)
    place = np.clip(np.maximum(column, 0)[:, None] + offset, 0, section.smoothed.shape[1] - 1)
    near = np.take_along_axis(section.smoothed, place, axis=1)
    top = near[:, most]
    fall = n_sigma * section.smoothed_noise * np.sqrt(np.maximum(top, 1.0))
    gone = sign * (top[:, None] - near) > fall[:, None]
    return np.asarray(np.where(gone, np.abs(offset), most + 1).min(axis=1) - 1)


def _vertex(
    section: Section, rows: NDArray[np.intp], column: Columns, reach: int, sign: int
) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Return velocity and flux of the parabolas' turns, each with its error."""
    x = np.arange(-reach, reach + 1)
    solve = np.linalg.pinv(np.vander(x.astype(np.float64), 3, increasing=True))  # (3, n_x)
    correlation = section.correlation[rows]
    middle = np.clip(column, reach, len(section.velocity) - 1 - reach)
    y = np.take_along_axis(section.flux[rows], middle[:, None] + x, axis=1)
    level, slope, bend = multiply(y, solve.T).T
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = -slope / (2 * bend)
        turns = (sign * bend < 0) & (np.abs(vertex) <= reach)
        vertex = np.where(turns, vertex, 0.0)
        flux = level + slope * vertex + bend * vertex**2
        noise = section.noise[rows] * np.sqrt(np.maximum(flux, 1.0))
        powers = np.stack([np.ones(len(rows)), vertex, vertex**2], axis=1)
        flux_error = noise * np.sqrt(variance_factor(multiply(powers, solve), correlation))
        pull = (solve[1] + 2 * vertex[:, None] * solve[2]) / (2 * bend[:, None])
        place_error = np.where(turns, noise * np.sqrt(variance_factor(pull, correlation)), reach)
    velocity = section.at(np.asarray(middle + vertex, dtype=np.float64))
    return velocity, place_error * section.step, flux, flux_error


def extent(
    section: Section,
    left: Columns,
    right: Columns,
    level: Doubles,
    level_error: Doubles,
    *,
    above: bool = False,
    closed: bool = False,
) -> tuple[Measured, Measured]:
    """Return middle and width, km/s, between the next crossings of a level on either side.

    Parameters
    ----------
    section
        The spectra; the smoothed flux is asked.
    left, right
        Columns to go out from.
    level, level_error
        Shape ``(n,)``.
    above
        Go out until the flux is above the level, not below.
    closed
        Take the section's ends for crossings where none is found before.

    Returns
    -------
    (middle, error), (width, error)
        Of shape ``(n,)`` each; NaN where a side has no crossing. The errors are those of the
        smoothed flux and of the level over the slope at the crossings.
    """
    sign = -1.0 if above else 1.0
    beyond = sign * (section.smoothed - level[:, None]) < 0
    if closed:
        beyond[:, [0, -1]] = True
    column = np.arange(beyond.shape[1])
    row = np.arange(len(beyond))
    last = beyond.shape[1] - 1
    reach = min(section.fit_reach, 2)
    sides, slopes = [], []
    for start, direction in ((left, -1), (right, 1)):
        out = beyond & (direction * (column - start[:, None]) > 0)
        outer = (
            np.where(out, column, -1).max(axis=1)
            if direction < 0
            else np.where(out, column, last + 1).min(axis=1)
        )
        found = (outer >= 0) & (outer <= last) & (start >= 0)
        outer = np.clip(outer, 0, last)
        inner = np.clip(outer - direction, 0, last)
        high, low = section.smoothed[row, inner], section.smoothed[row, outer]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.clip((high - level) / (high - low), 0.0, 1.0)
        place = inner + direction * np.nan_to_num(part)
        sides.append(np.where(found, section.at(place.astype(np.float64)), np.nan))
        ahead = np.clip(outer + direction * (reach - 1), 0, last)
        behind = np.clip(inner - direction * (reach - 1), 0, last)
        rise = section.smoothed[row, behind] - section.smoothed[row, ahead]
        slopes.append(np.maximum(sign * rise / np.maximum(np.abs(ahead - behind), 1), 0.0))
    steep = [slope / section.step for slope in slopes]  # flux a km/s
    noise = section.smoothed_noise * np.sqrt(np.maximum(level, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (1 / slope for slope in steep)
        own = noise**2 * (one**2 + other**2)
        width_error = np.sqrt(own + (level_error * (one + other)) ** 2)
        middle_error = np.sqrt(own + (level_error * (one - other)) ** 2) / 2
    middle = (sides[0] + sides[1]) / 2
    return (middle, middle_error), (sides[1] - sides[0], width_error)


def flanks(section: Section, column: Columns, near: float, far: float) -> Measured:
    """Return the mean flux on both sides of a column, between two distances in pixels.

    Returns
    -------
    mean, error
        Shape ``(n,)`` each; NaN where the column is -1.
    """
    offsets = np.arange(int(np.ceil(near)), int(far) + 1)
    place = column[:, None] + np.concatenate([-offsets[::-1], offsets])
    known = column >= 0
    place = np.clip(place, 0, len(section.velocity) - 1)
    mean = np.take_along_axis(section.flux, place, axis=1).mean(axis=1)
    weights = np.full(len(offsets), 1 / (2 * len(offsets)))
    error = section.noise * np.sqrt(2 * variance_factor(weights, section.correlation))
    error = error * np.sqrt(np.maximum(mean, 1.0))
    return np.where(known, mean, np.nan), np.where(known, error, np.nan)
