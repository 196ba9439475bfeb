"""Positions in the Galaxy, as Xiang et al. (2021, section 7 and Table 1) give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ml.distance.density import Floats

X_SUN = -8.1
"""Of the Sun, kpc; its Y and Z are 0 (section 7)."""


def galactic_position(
    l: ArrayLike,  # noqa: E741 - the field's name
    b: ArrayLike,
    distance: ArrayLike,
    *,
    x_sun: float = X_SUN,
) -> tuple[Floats, Floats, Floats]:
    """Return X, Y, Z, right-handed around the Galactic centre.

    Parameters
    ----------
    l, b : (n,)
        Galactic longitude and latitude, deg.
    distance : (n,)
        From the Sun, kpc.
    x_sun
        X of the Sun, kpc.

    Returns
    -------
    x, y, z : numpy.ndarray
        kpc, ``(n,)`` each. X grows from the Sun towards the centre, so that the Perseus arm lies
        near X = -10; Y grows towards l = 90 deg, the direction of rotation; Z to the north.
        NaN where an argument is.
    """
    longitude, latitude = np.radians(l), np.radians(b)
    distance = np.asarray(distance, dtype=np.float64)
    in_plane = distance * np.cos(latitude)
    return (
        in_plane * np.cos(longitude) + x_sun,
        in_plane * np.sin(longitude),
        distance * np.sin(latitude),
    )
