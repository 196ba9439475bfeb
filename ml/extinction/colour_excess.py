"""E(B-V) of stars from the excess of their colours, averaged over all that were measured.

Xiang et al. (2021, section 4): each colour of two adjacent bands of a survey, minus its
intrinsic value, over the difference of the bands' extinction coefficients, is an estimate of
E(B-V). They are averaged with the weights of their errors; a colour's error is the quadratic
sum of its bands' errors, and at least 0.014 mag.

Where a band lacks, its neighbours on either side are adjacent: of g, r, i without r, there is
the colour g - i. Colours never join two surveys, whose photometry is of different times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MINIMUM_ERROR = 0.014
"""mag, of a colour (Xiang et al. 2021)."""


class ColourExcess(NamedTuple):
    """E(B-V) of stars, all (n,).

    Attributes
    ----------
    ebv, ebv_error
        mag; NaN where no colour is there. May be negative, as errors make it.
    n_colours
        That were averaged.
    """

    ebv: Floats
    ebv_error: Floats
    n_colours: NDArray[np.int32]


def colour_excess(
    magnitude: ArrayLike,
    magnitude_error: ArrayLike,
    intrinsic: ArrayLike,
    coefficient: ArrayLike,
    chain: ArrayLike,
    minimum_error: ArrayLike = MINIMUM_ERROR,
) -> ColourExcess:
    """Return E(B-V) from colours.

    Parameters
    ----------
    magnitude, magnitude_error : (n, b)
        Of the bands, in an order in which neighbours make a colour; NaN where there is none.
    intrinsic : (n, b)
        Magnitudes of the star without extinction, up to a constant in each chain: (J-H)_0 and
        0 for J and H. NaN where unknown.
    coefficient : (b,) or (n, b)
        A / E(B-V) of the bands.
    chain : (b,)
        Which survey a band is of; colours are of neighbours of the same.
    minimum_error : scalar or (n,)
        mag, least error of a colour.

    Returns
    -------
    ColourExcess
        The error is that of the weighted mean, as the paper propagates it. It does not count
        that neighbouring colours share a band; with all nine bands the true error is 5 %
        larger.

    Raises
    ------
    ValueError
        If the shapes do not belong together.
    """
    magnitude, error = np.asarray(magnitude, np.float64), np.asarray(magnitude_error, np.float64)
    if magnitude.ndim != 2 or error.shape != magnitude.shape:
        raise ValueError(f"magnitudes {magnitude.shape} and errors {error.shape} do not match")
    n, n_bands = magnitude.shape
    intrinsic = np.broadcast_to(np.asarray(intrinsic, np.float64), (n, n_bands))
    coefficient = np.broadcast_to(np.asarray(coefficient, np.float64), (n, n_bands))
    chain = np.asarray(chain)
    if chain.shape != (n_bands,):
        raise ValueError(f"{n_bands} bands, but chains of shape {chain.shape}")
    floor = np.broadcast_to(np.asarray(minimum_error, np.float64), (n,))
    # 2MASS and APASS give no error to magnitudes that are upper limits: such are no measurement
    usable = np.isfinite(magnitude) & np.isfinite(intrinsic) & np.isfinite(coefficient)
    usable &= np.isfinite(error) & (error >= 0)
    weight, total, count = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int32)
    for blue, red in _pairs(chain):
        between = usable[:, blue + 1 : red] & (chain[blue + 1 : red] == chain[blue])
        used = usable[:, blue] & usable[:, red] & ~between.any(axis=1)
        reddening = coefficient[:, blue] - coefficient[:, red]
        used &= reddening != 0
        excess = (magnitude - intrinsic)[:, blue] - (magnitude - intrinsic)[:, red]
        colour_error = np.maximum(np.hypot(error[:, blue], error[:, red]), floor)
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.where(used, (reddening / colour_error) ** 2, 0.0)
            total += np.where(used, own * excess / reddening, 0.0)
        weight += own
        count += used
    with np.errstate(invalid="ignore", divide="ignore"):
        return ColourExcess(total / weight, np.where(weight > 0, weight**-0.5, np.nan), count)


def _pairs(chain: NDArray[np.generic]) -> list[tuple[int, int]]:
    """Return every two bands of the same chain, the first one first."""
    return [
        (blue, red)
        for blue in range(len(chain))
        for red in range(blue + 1, len(chain))
        if chain[blue] == chain[red]
    ]
