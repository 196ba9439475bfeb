"""The continuum of a batch of spectra: penalised cubic splines with asymmetric clipping.

All spectra share one B-spline basis on the common grid, so that the weighted normal equations of
a whole batch are one matrix product: with ``w`` the weights of the points (0 or 1 after
clipping) and ``P[x, (j, k)] = B_j(x) B_k(x)``, the matrices are ``w @ P`` and the right sides
``(w * flux) @ B``. A solve of a dozen unknowns a spectrum follows.

The points are means of ``grid.bin_width`` pixels, about one resolution element: neighbouring
LAMOST pixels are correlated, such bins nearly not.

Wang et al. (2022, section 2) fit a spline to pseudo-continuum pixels without saying how these
are chosen; Guo et al. (2021) clip 3 sigma above and 1 sigma below, three times. The same is done
here to find the continuum's neighbourhood. A clip as one-sided as that settles 0.5 sigma too
high in pure noise, so the last fits clip symmetrically about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ml.spectra.grids import Grid

KNOT_SPACING = 62.5
"""Wavelength between knots, A: blaze, vignetting and response vary over hundreds of A."""

PENALTY = 0.005
"""Weight of the squared third differences of the coefficients, in points per knot interval. It
steadies the stretch under H-alpha, which has no points of its own, as a parabola."""

LEAST_SCATTER = 0.003
"""Least sigma of the clips, relative to the continuum: how far the spline itself may miss a smooth
blaze. Without it the clips of a spectrum of S/N 1,000 would cut off whatever misfits, and leave
the spline free there."""

_CLIPS = ((-1.0, 3.0),) * 4 + ((-2.5, 2.5),) * 3
_CLIPPED_VARIANCE = 0.82
"""What the symmetric clips leave of a Gaussian's variance (by simulation; 2.5 sigma of an
untouched Gaussian leave 0.91, but sigma shrinks from clip to clip)."""

_LEAST_POINTS = 0.25  # of all points outside the line windows; fewer are no continuum
_LEAST_LEVEL = 0.05  # of the median: a continuum that falls below it somewhere is none

_ROWS = 4  # of a product, see multiply()

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """What all spectra on a grid share.

    Attributes
    ----------
    points
        Basis at the points, shape ``(n_points, n_coefficients)``.
    products
        Products of basis pairs ``j <= k`` at the points, shape ``(n_points, n_pairs)``.
    pairs
        The pairs, two index arrays.
    pixels
        Basis at the grid's pixels, float32, shape ``(n_coefficients, grid.size)``.
    penalty
        Penalty matrix, shape ``(n_coefficients, n_coefficients)``.
    usable
        Points outside the line windows, shape ``(n_points,)``.
    """

    points: Doubles
    products: Doubles
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]]
    pixels: NDArray[np.float32]
    penalty: Doubles
    usable: NDArray[np.bool_]


def b_splines(x: Doubles, low: float, high: float, n_intervals: int) -> Doubles:
    """Return uniform cubic B-splines at some places.

    Parameters
    ----------
    x
        Places between ``low`` and ``high``, shape ``(n,)``.
    low, high
        First and last knot.
    n_intervals
        Knot intervals between them.

    Returns
    -------
    numpy.ndarray
        Shape ``(n, n_intervals + 3)``; rows sum to 1.
    """
    u = np.clip((np.asarray(x) - low) / (high - low), 0.0, 1.0) * n_intervals
    interval = np.minimum(u.astype(int), n_intervals - 1)
    t = u - interval
    values = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1
    )
    basis = np.zeros((len(u), n_intervals + 3))
    np.put_along_axis(basis, interval[:, None] + np.arange(4), values / 6, axis=1)
    return basis


@cache
def design(grid: Grid) -> Design:
    """Return the design of a grid (computed once)."""
    low, high = grid.edges[0], grid.edges[-1]
    n_intervals = max(2, round((high - low) / KNOT_SPACING))
    n_points = grid.size // grid.bin_width
    binned = grid.wavelength[: n_points * grid.bin_width].reshape(n_points, -1)
    points = b_splines(binned.mean(axis=1), low, high, n_intervals)
    n_coefficients = points.shape[1]
    # Cubic B-splines overlap with three neighbours on either side, no more.
    pairs = tuple(
        np.array(
            [(j, k) for j in range(n_coefficients) for k in range(j, n_coefficients) if k - j < 4]
        ).T
    )
    difference = np.diff(np.eye(n_coefficients), n=3, axis=0)
    usable = np.ones(n_points, dtype=bool)
    for window in grid.line_windows:
        usable &= (binned[:, -1] < window[0]) | (binned[:, 0] > window[1])
    return Design(
        points=points,
        products=points[:, pairs[0]] * points[:, pairs[1]],
        pairs=(pairs[0], pairs[1]),
        pixels=np.ascontiguousarray(
            b_splines(grid.wavelength, low, high, n_intervals).T, dtype=np.float32
        ),
        penalty=PENALTY * n_points / n_intervals * (difference.T @ difference),
        usable=usable,
    )


@cache
def response(grid: Grid) -> Doubles:
    """Return the matrix that turns ``points.T @ flux`` into coefficients, all points kept.

    Shape ``(n_coefficients, n_coefficients)``: the inverse of the normal matrix. Lines that are
    clipped away raise it in proportion to the points they take.
    """
    shared = design(grid)
    points = shared.points[shared.usable]
    normal = np.asarray(points.T @ points + shared.penalty, dtype=np.float64)
    return np.asarray(np.linalg.inv(normal), dtype=np.float64)


def multiply(left: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return ``left @ right``, four rows of ``left`` at a time.

    For two reasons. Beyond about 2^18 multiplications OpenBLAS wakes its own threads, which then
    spin between calls, while DuckDB already calls these functions on every core. And OpenBLAS
    rounds a row differently by its place among many: in fours, the last ones filled up with
    zeros, a row's result is the same bits whatever comes with it.
    """
    n = len(left)
    whole = -(-n // _ROWS) * _ROWS
    padded = np.zeros((whole, left.shape[1]), dtype=left.dtype)
    padded[:n] = left
    out = np.empty((whole, right.shape[1]), dtype=np.result_type(left, right))
    for first in range(0, whole, _ROWS):
        np.matmul(padded[first : first + _ROWS], right, out=out[first : first + _ROWS])
    return out[:n]


def bin_means(values: NDArray[np.floating], grid: Grid) -> Doubles:
    """Return the means of runs of ``grid.bin_width`` pixels, shape ``(n_spectra, n_points)``."""
    n_points = values.shape[1] // grid.bin_width
    cut = values[:, : n_points * grid.bin_width]
    if grid.bin_width == 1:
        return cut.astype(np.float64)
    total = cut[:, :: grid.bin_width].astype(np.float64)
    for pixel in range(1, grid.bin_width):
        total += cut[:, pixel :: grid.bin_width]
    return total / grid.bin_width


def _solve(weights: Doubles, points: Doubles, shared: Design) -> Doubles:
    """Return the coefficients of the weighted fits, shape ``(n_spectra, n_coefficients)``."""
    n_coefficients = shared.points.shape[1]
    upper = multiply(weights, shared.products)
    normal = np.zeros((len(weights), n_coefficients, n_coefficients))
    normal[:, shared.pairs[0], shared.pairs[1]] = upper
    normal[:, shared.pairs[1], shared.pairs[0]] = upper
    # A whiff of ridge keeps a coefficient without points solvable.
    normal += shared.penalty + 1e-9 * np.eye(n_coefficients)
    right = multiply(weights * points, shared.points)
    return np.linalg.solve(normal, right[:, :, None])[:, :, 0]


def upper_scatter(residual: Doubles, kept: NDArray[np.bool_]) -> Doubles:
    """Return the standard deviation told from the residuals above zero alone.

    Absorption lines only pull down; what lies above the continuum is noise. The median of the
    positive residuals of a Gaussian is 0.6745 sigma.

    Parameters
    ----------
    residual
        Shape ``(n_spectra, n_points)``.
    kept
        Points to look at, same shape.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_spectra,)``; 0 where nothing lies above zero.
    """
    above = kept & (residual > 0)
    ordered = np.sort(np.where(above, residual, np.inf), axis=1)
    count = np.count_nonzero(above, axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle / 0.6745, 0.0)


def fit_continuum(
    flux: NDArray[np.float32], good: NDArray[np.bool_], grid: Grid
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Fit the continua of spectra on a common grid.

    Parameters
    ----------
    flux
        Finite, shape ``(n_spectra, grid.size)``.
    good
        Measured pixels, same shape; a point counts where at least half of its pixels are.
    grid
        The grid.

    Returns
    -------
    continuum : numpy.ndarray
        float32, shape ``(n_spectra, grid.size)``, positive where ``found``.
    noise : numpy.ndarray
        1-sigma scatter of a pixel about the continuum, relative to it: root mean square over
        the points that the last clip kept, corrected for what the clip cut off.
        It is what the spectrum shows, not what the inverse variance says.
    found : numpy.ndarray of bool
        False where there is no continuum: not positive, nearly zero somewhere, or fewer than a
        quarter of the points near it.

    Raises
    ------
    ValueError
        If the shapes differ from the grid's.
    """
    if flux.ndim != 2 or flux.shape[1] != grid.size or good.shape != flux.shape:
        raise ValueError(
            f"flux {flux.shape} and good {good.shape} must both have shape (n, {grid.size}) "
            f"of grid {grid.name}"
        )
    shared = design(grid)
    enough = (bin_means(good.astype(np.float32), grid) >= 0.5) & shared.usable
    n_usable = np.count_nonzero(shared.usable)
    scale, found = _scale(bin_means(flux, grid), enough)
    found &= np.count_nonzero(enough, axis=1) >= _LEAST_POINTS * n_usable
    points = bin_means(flux, grid) / scale[:, None]
    kept = enough.copy()
    for low, high in _CLIPS:
        fit = multiply(_solve(kept.astype(np.float64), points, shared), shared.points.T)
        # Relative to the fit: the noise in flux varies with the blaze, in the rectified not.
        residual = points / np.maximum(fit, _LEAST_LEVEL) - 1
        sigma = np.maximum(upper_scatter(residual, kept)[:, None], LEAST_SCATTER)
        kept = enough & (residual > low * sigma) & (residual < high * sigma)
    coefficients = _solve(kept.astype(np.float64), points, shared)
    continuum = multiply(coefficients.astype(np.float32), shared.pixels)
    found &= np.count_nonzero(kept, axis=1) >= _LEAST_POINTS * n_usable
    found &= continuum.min(axis=1, initial=np.inf) > _LEAST_LEVEL
    continuum *= scale[:, None].astype(np.float32)
    noise = _pixel_noise(flux, continuum, good, kept, grid)
    return continuum, noise, found


def _scale(points: Doubles, enough: NDArray[np.bool_]) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return the median of the usable points, and where it is positive."""
    ordered = np.sort(np.where(enough, points, np.inf), axis=1)
    count = np.count_nonzero(enough, axis=1)
    median = np.take_along_axis(ordered, count[:, None] // 2, axis=1)[:, 0]
    found = np.isfinite(median) & (median > 0) & (median < 1e37)
    return np.where(found, median, 1.0), found


def _pixel_noise(
    flux: NDArray[np.float32],
    continuum: NDArray[np.float32],
    good: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    grid: Grid,
) -> NDArray[np.float32]:
    """Return the rms of good pixels about the continuum over the kept points."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        residual = np.where(good, flux / continuum - 1, np.float32(0))
        part = np.where(kept, bin_means(good.astype(np.float32), grid), np.nan)
        means = np.where(kept, bin_means(residual, grid) / part, 0.0)
        square = np.where(kept, bin_means(residual * residual, grid) / part, 0.0)
        # The clip looked at means of points: their scatter alone was cut.
        square += means**2 * (1 / _CLIPPED_VARIANCE - 1)
        return np.sqrt(square.sum(axis=1) / np.count_nonzero(kept, axis=1)).astype(np.float32)
