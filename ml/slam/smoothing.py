"""Smoothing splines of many spectra at once.

On equal steps a cubic smoothing spline is, but for its ends, the solution of
``(W + s D'D) z = W y`` with weights W and second differences D (Whittaker 1923; Eilers 2003, Anal.
Chem. 75, 3631). The matrix has five diagonals; here all spectra are solved side by side, one
pixel after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stiffness_of(smoothing: float, step: float) -> float:
    """Return ``s`` of a spline that weighs ``integral f''^2 dx`` by ``smoothing``.

    Parameters
    ----------
    smoothing
        In cubes of the unit of ``step``.
    step
        Distance of pixels.
    """
    return smoothing / step**3


def half_power_period(stiffness: float, step: float) -> float:
    """Return the period of a wave that smoothing lessens to one half, in the unit of ``step``."""
    return float(2.0 * np.pi * step * stiffness**0.25)


def smooth(values: NDArray[np.floating], weights: NDArray[np.floating], stiffness: float) -> Floats:
    """Smooth rows.

    Parameters
    ----------
    values : (n, p)
        What stands where the weight is 0 does not count, but must be finite.
    weights : (n, p)
        0 and above, at least two of a row above 0: a straight line through these is the
        smoothest answer.
    stiffness
        How much a squared second difference costs.

    Returns
    -------
    (n, p)

    Raises
    ------
    ValueError
        When shapes disagree or there are fewer than three pixels.
    """
    if values.shape != weights.shape or values.ndim != 2 or values.shape[1] < 3:
        raise ValueError(
            f"values {values.shape} and weights {weights.shape} must both be (n, 3 or more)"
        )
    n, p = values.shape
    # rows of the matrix S'S of second differences: main diagonal and the two above
    main, first, second = np.full(p, 6.0), np.full(p, -4.0), np.ones(p)
    main[[0, -1]], main[[1, -2]] = 1.0, 5.0
    first[[0, -2]] = -2.0
    if p == 3:
        main[1] = 4.0
    # a trace of weight everywhere keeps rows without two good pixels solvable
    weight = np.ascontiguousarray(weights.T, dtype=np.float64) + 1e-12
    right = weight * values.T
    # L D L' with two diagonals below: one division a pixel, all spectra at once
    pivot = np.empty((p, n))
    lower1, lower2 = np.zeros((p, n)), np.zeros((p, n))  # of row k + 1 and k + 2 in column k
    for k in range(p):
        diagonal = weight[k] + stiffness * main[k]
        beside = np.full(n, stiffness * first[k])
        if k >= 1:
            diagonal -= lower1[k - 1] ** 2 * pivot[k - 1]
            beside -= lower1[k - 1] * lower2[k - 1] * pivot[k - 1]
        if k >= 2:
            diagonal -= lower2[k - 2] ** 2 * pivot[k - 2]
        pivot[k] = diagonal
        if k < p - 1:
            lower1[k] = beside / diagonal
        if k < p - 2:
            lower2[k] = stiffness * second[k] / diagonal
    for k in range(1, p):
        right[k] -= lower1[k - 1] * right[k - 1]
        if k >= 2:
            right[k] -= lower2[k - 2] * right[k - 2]
    right /= pivot
    for k in range(p - 2, -1, -1):
        right[k] -= lower1[k] * right[k + 1]
        if k < p - 2:
            right[k] -= lower2[k] * right[k + 2]
    return np.ascontiguousarray(right.T)
