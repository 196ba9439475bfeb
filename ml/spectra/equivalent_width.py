"""Equivalent widths of rectified spectra, with errors that know of correlated pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.spectra.continuum import bin_means, design, response, upper_scatter
from ml.spectra.grids import Grid

_BLOCK = 256
_MOST_CORRELATED = 4.0  # times the variance; more is no noise but lines

Doubles = NDArray[np.float64]


def check_flux(flux: NDArray[np.floating], grid: Grid) -> None:
    """Raise ValueError unless flux has the shape ``(n_spectra, grid.size)``."""
    if np.ndim(flux) != 2 or flux.shape[1] != grid.size:
        raise ValueError(
            f"flux has shape {np.shape(flux)}, not (n_spectra, {grid.size}) of grid {grid.name}"
        )


def point_noise(flux: NDArray[np.floating], noise: Doubles, grid: Grid) -> Doubles:
    """Measure the noise of the points that the continuum was fitted to.

    Parameters
    ----------
    flux
        Rectified, shape ``(n_spectra, grid.size)``.
    noise
        Noise of a pixel, shape ``(n_spectra,)``.
    grid
        The grid.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_spectra,)``: standard deviation of a mean of ``grid.bin_width`` pixels, raised
        for the correlation of neighbouring means to what a sum of many of them would show. For
        independent pixels it is ``noise / sqrt(bin_width)``, and it is never taken to be less.
    """
    residual = bin_means(flux, grid) - 1
    usable = np.broadcast_to(design(grid).usable, residual.shape)
    scatter = upper_scatter(residual, usable)
    with np.errstate(invalid="ignore", divide="ignore"):
        quiet = usable & (np.abs(residual) < 3 * scatter[:, None])
        residual = np.where(quiet, residual, 0.0)
        variance = (residual**2).sum(axis=1) / np.count_nonzero(quiet, axis=1)
        correlation = np.zeros(len(flux))
        for lag in (1, 2):
            pairs = np.count_nonzero(quiet[:, lag:] & quiet[:, :-lag], axis=1)
            product = (residual[:, lag:] * residual[:, :-lag]).sum(axis=1) / pairs
            correlation += 2 * product / variance
    spread = np.sqrt(1 + np.clip(np.nan_to_num(correlation), 0, _MOST_CORRELATED - 1))
    return np.maximum(scatter, noise / np.sqrt(grid.bin_width)) * spread


def equivalent_width(
    flux: NDArray[np.floating],
    noise: ArrayLike,
    wave_min: ArrayLike,
    wave_max: ArrayLike,
    grid: Grid,
) -> tuple[Doubles, Doubles]:
    r"""Integrate one minus the rectified flux over a band.

    Parameters
    ----------
    flux
        Rectified, shape ``(n_spectra, grid.size)``.
    noise
        1-sigma noise of a continuum pixel, shape ``(n_spectra,)`` or a number.
    wave_min, wave_max
        The band in A (vacuum), numbers or shape ``(n_spectra,)``. Pixels that it cuts count
        with the part inside, so that adjacent bands add up exactly.
    grid
        The grid.

    Returns
    -------
    equivalent_width : numpy.ndarray
        In A, positive for absorption, shape ``(n_spectra,)``. NaN where the flux in the band is
        not finite, the band is empty or reversed, or reaches beyond the grid.
    error : numpy.ndarray
        1 sigma in A; NaN where also the noise is.

    Raises
    ------
    ValueError
        If the shapes do not fit the grid or each other.

    Notes
    -----
    Two parts make the error. The noise of the band's own pixels,

    .. math:: \sigma_1^2 = b\, \sigma_b^2 \sum_i \Delta\lambda_i^2,

    with :math:`\sigma_b` the scatter of means of :math:`b` pixels beside the lines, raised for
    their correlation (:func:`point_noise`): LAMOST's pixels are tied together by resampling, and
    errors from independent pixels would be too small by up to a factor of two. And the place of
    the continuum: the covariance of the spline's coefficients integrated over the band, less
    what both parts share where the fit used the band's own pixels. Lines that no clip found and
    the photon noise of the line itself are in neither.
    """
    check_flux(flux, grid)
    n = len(flux)
    sigma, low, high = (_per_row(values, n) for values in (noise, wave_min, wave_max))
    edges = grid.edges
    with np.errstate(invalid="ignore"):
        valid = (low < high) & (low >= edges[0]) & (high <= edges[-1])
    width = np.full(n, np.nan)
    error = np.full(n, np.nan)
    rows = np.flatnonzero(valid)
    for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
        if len(block):
            width[block] = _integrate(flux[block], low[block], high[block], grid)
            error[block] = _error(flux[block], sigma[block], low[block], high[block], grid)
    error[np.isnan(width)] = np.nan
    return width, error


def _per_row(values: ArrayLike, n: int) -> Doubles:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (n,)):
        raise ValueError(f"expected a number or shape ({n},), got shape {array.shape}")
    return np.broadcast_to(array, (n,))


def _pixel_of(wavelength: Doubles, grid: Grid) -> tuple[NDArray[np.int64], Doubles]:
    """Return the pixel a wavelength falls in, and how much of the pixel lies below it, in A."""
    pixel = np.searchsorted(grid.edges, wavelength, side="right") - 1
    pixel = np.clip(pixel, 0, grid.size - 1)
    return pixel, wavelength - grid.edges[pixel]


def _integrate(flux: NDArray[np.floating], low: Doubles, high: Doubles, grid: Grid) -> Doubles:
    """Return the integral of ``1 - flux`` between low and high."""
    first, before = _pixel_of(low, grid)
    last, within = _pixel_of(high, grid)
    columns = slice(int(first.min()), int(last.max()) + 1)
    step = np.diff(grid.edges)[columns]
    depth = 1.0 - flux[:, columns].astype(np.float64)
    first, last = first - columns.start, last - columns.start
    column = np.arange(len(step))
    share = np.where((column >= first[:, None]) & (column <= last[:, None]), step, 0.0)
    row = np.arange(len(flux))
    share[row, last] = within
    share[row, first] -= before
    with np.errstate(invalid="ignore"):
        total = np.where(share == 0, 0.0, depth * share).sum(axis=1)
    return np.where(np.isfinite(total), total, np.nan)


def _error(
    flux: NDArray[np.floating], sigma: Doubles, low: Doubles, high: Doubles, grid: Grid
) -> Doubles:
    """Return the error of the integral."""
    first, before = _pixel_of(low, grid)
    last, within = _pixel_of(high, grid)
    step = np.diff(grid.edges)
    squares = np.concatenate([[0.0], np.cumsum(step**2)])
    own = squares[last] - squares[first] + step[last] * within - step[first] * before

    shared = design(grid)
    points = shared.points[shared.usable]
    inverse = response(grid)
    covariance = inverse @ (points.T @ points) @ inverse
    basis = shared.pixels.T.astype(np.float64)  # (size, n_coefficients)
    point = np.minimum(np.arange(grid.size) // grid.bin_width, len(shared.usable) - 1)
    fitted = basis * shared.usable[point, None]

    def over_band(values: Doubles) -> Doubles:
        total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values.T * step, 1).T])
        ends = values[last] * within[:, None] - values[first] * before[:, None]
        return total[last] - total[first] + ends

    reach = over_band(basis)
    placing = ((reach @ covariance) * reach).sum(axis=1)
    # Where the fit saw the band's own pixels, the continuum has followed their noise.
    shared_noise = ((reach @ inverse) * over_band(fitted)).sum(axis=1)
    own = grid.bin_width * own
    variance = np.maximum(own + placing - 2 * shared_noise, 0.1 * own)
    return point_noise(flux, sigma, grid) * np.sqrt(variance)
