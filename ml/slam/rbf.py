"""Sums of Gaussians about the training spectra: what both generators of SLAM are.

The flux of a pixel is ``offset + sum_j a_j exp(-gamma |x - x_j|^2)`` with ``x`` the standardised
labels of a star and ``x_j`` those of training spectrum ``j``. Support vector regression and
kernel ridge regression differ in how they find the numbers ``a_j``; generating spectra from them
is the same work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PixelFits:
    """Fits of all pixels to a standardised training set.

    Attributes
    ----------
    gamma : (p,)
        Of the kernel that suits the pixel best, per squared standard deviation of the labels.
    penalty : (p,)
        The other hyperparameter chosen: C of the support vectors, or the ridge.
    coefficients : (n, p)
        ``a_j`` of each training spectrum.
    intercept : (p,)
    error : (p,)
        Root mean square of the errors at spectra that a fit had not seen, standardised flux.
    """

    gamma: Floats
    penalty: Floats
    coefficients: Floats
    intercept: Floats
    error: Floats


def squared_distance(x: Floats, centres: Floats) -> Floats:
    """Return squared distances between two sets of points, (k, d) and (n, d), as (k, n)."""
    distance = np.zeros((len(x), len(centres)))
    for column in range(x.shape[1]):  # plain differences: no cancellation between near points
        distance += (x[:, column, None] - centres[:, column]) ** 2
    return distance
