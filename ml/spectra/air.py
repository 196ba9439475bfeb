"""Wavelengths in air and in vacuum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def to_vacuum(air: float | Floats) -> Floats:
    """Return vacuum wavelengths (A) of wavelengths in air (Ciddor 1996); below 2000 A as they are.

    Examples
    --------
    >>> to_vacuum(np.array([6562.80, 1215.67])).round(2).tolist()
    [6564.61, 1215.67]
    """
    air = np.asarray(air, dtype=np.float64)
    square = (1e4 / air) ** 2
    index = (
        1.0
        + 8.336624212083e-5
        + 2.408926869968e-2 / (130.1065924522 - square)
        + 1.599740894897e-4 / (38.92568793293 - square)
    )
    return np.where(air < 2000.0, air, air * index)


def to_air(vacuum: float | Floats) -> Floats:
    """Return wavelengths in air (A) of vacuum wavelengths: the inverse of :func:`to_vacuum`."""
    vacuum = np.asarray(vacuum, dtype=np.float64)
    air = vacuum
    for _ in range(3):  # each step gains four digits
        air = vacuum * (air / to_vacuum(air))
    return np.where(vacuum < 2000.0, vacuum, air)
