"""Weights by which rare stars count more in training (Sprague et al. 2022, section 3.2.1).

A star's weight is c over the density of stars about it in standardised log Teff and log g, at
most 5, where c makes the mean weight 1. (The text prints the maximum of both; a cap is the
minimum.) The density is a kernel estimate with Gaussians of width 0.7671.

A sum over all pairs of 10^6 stars would take days. Stars are shared out to a grid, the grid is
convolved, and read between its nodes: seconds, and exact to some parts in a thousand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Floats = NDArray[np.float64]

#: Width of the Gaussian, in standard deviations of the labels (table 3).
BANDWIDTH = 0.7671

#: Largest weight.
CAP = 5.0

#: Nodes of the grid in a kernel's width.
_NODES = 16

#: Widths beyond which a kernel is cut off.
_REACH = 5.0


def density(points: Floats, bandwidth: float = BANDWIDTH) -> Floats:
    """Return the kernel density estimate at each of the points it is made of.

    Parameters
    ----------
    points : (n, 2)
        Finite.
    bandwidth
        Standard deviation of the Gaussian.

    Returns
    -------
    (n,)
        Density a unit of area; its integral is 1.
    """
    step = bandwidth / _NODES
    margin = _REACH * bandwidth + 2 * step
    low = points.min(axis=0) - margin
    shape = tuple(int(np.ceil(v)) + 1 for v in (points.max(axis=0) + margin - low) / step)
    place = (points - low) / step
    grid = _shared_out(place, shape)
    smooth = gaussian_filter(grid, _NODES, mode="constant", truncate=_REACH)
    found = map_coordinates(smooth, place.T, order=1)
    return np.asarray(found / (len(points) * step**2))


def _shared_out(place: Floats, shape: tuple[int, ...]) -> Floats:
    """Share each point out to the four nodes about it, by its distance from them."""
    node = np.floor(place).astype(np.int64)
    part = place - node
    grid = np.zeros(shape[0] * shape[1])
    for right in (0, 1):
        for up in (0, 1):
            share = np.abs(1 - right - part[:, 0]) * np.abs(1 - up - part[:, 1])
            index = (node[:, 0] + right) * shape[1] + node[:, 1] + up
            grid += np.bincount(index, weights=share, minlength=grid.size)
    return grid.reshape(shape)


def loss_weights(points: Floats, bandwidth: float = BANDWIDTH, cap: float = CAP) -> Floats:
    """Return the weight of each star, (n,), with mean 1 and at most ``cap``.

    Parameters
    ----------
    points : (n, 2)
        Standardised log Teff and log g.
    """
    inverse = 1.0 / density(points, bandwidth)
    # mean(min(c * inverse, cap)) grows with c: the c at which it is 1
    order = np.sort(inverse)[::-1]
    capped = np.arange(len(order))
    rest = np.cumsum(order[::-1])[::-1]  # sum of the inverses that are not capped
    with np.errstate(divide="ignore"):
        c = (len(order) - cap * capped) / rest
    fits = (c * order <= cap) & (c > 0)
    chosen = c[np.argmax(fits)] if fits.any() else cap / order[-1]
    return np.asarray(np.minimum(chosen * inverse, cap))
