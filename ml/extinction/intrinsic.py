"""Colours of hot stars without extinction.

Two sources. The seed ``intrinsic_colours.csv`` holds an empirical sequence of dwarfs, by
temperature: Pecaut & Mamajek (2013, ApJS 208, 9) in the version of 2024.05.15 that E. Mamajek
keeps. And tables of bolometric corrections of MIST (Choi et al. 2016), which the user may have,
give colours by temperature, gravity and metallicity, as the paper took them
(:mod:`ml.extinction.mist`). Xiang et al. (2021, section 4) found that an empirical relation of
temperature changes E(B-V) by less than 0.03 mag.

The sequence lacks three colours, which follow from those it has (:func:`derived_colours`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

R_I_OF_V_I = 0.62
"""(R-I)/(V-I) of B0-B3 dwarfs (0.59 to 0.65 in the sequence), where V-R is not listed."""


class DerivedColours(NamedTuple):
    """Colours that the sequence of Pecaut & Mamajek does not list for all hot stars, mag."""

    bp_rp: Floats
    r_i: Floats
    v_g: Floats


def derived_colours(v_r: ArrayLike, v_i: ArrayLike, g_r: ArrayLike) -> DerivedColours:
    """Return colours in other systems.

    Parameters
    ----------
    v_r, v_i
        Cousins, mag; V-R may be NaN.
    g_r
        Sloan, mag.

    Returns
    -------
    DerivedColours
        ``bp_rp``: the straight line in V-I through the sequence's own rows B9V to A2V, which list
        both; it reproduces them to 0.006 mag, F0V to 0.001 mag. Continued to O stars it keeps
        within 0.02 mag of the cubic of Riello et al. (2021, appendix C, for V-I > -0.4).
        ``r_i``: Jordi, Grebel & Ammon (2006, table 1), r-i = 1.007 (R-I) - 0.236; 0.003 mag
        from the row A0V, 0.03 mag from A5V, which list it. ``v_g``: Jester et al. (2005,
        table 1), V - g = -0.59 (g-r) - 0.01.
    """
    v_r, v_i, g_r = (np.asarray(colour, dtype=np.float64) for colour in (v_r, v_i, g_r))
    cousins = np.where(np.isfinite(v_r), v_i - v_r, R_I_OF_V_I * v_i)
    return DerivedColours(
        bp_rp=np.asarray(1.24 * v_i - 0.043),
        r_i=np.asarray(1.007 * cousins - 0.236),
        v_g=np.asarray(-0.59 * g_r - 0.01),
    )


def interpolated(x: ArrayLike, at: ArrayLike, value: ArrayLike) -> Floats:
    """Interpolate rows of tables, each at a place of its own, by straight lines.

    Parameters
    ----------
    x : (n,)
        Where; NaN gives NaN.
    at, value : (n, m) or (m,)
        The tables, ``at`` growing. Entries where either is NaN do not count.

    Returns
    -------
    (n,)
        NaN outside the table: no colour is better than a wrong one.

    Raises
    ------
    ValueError
        If the shapes do not belong together.
    """
    x = np.asarray(x, dtype=np.float64)
    at, value = np.asarray(at, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if at.ndim == 1 and value.ndim == 1:  # one table for all
        if at.shape != value.shape:
            raise ValueError(f"a table of {len(at)} places and {len(value)} values")
        known = np.isfinite(at) & np.isfinite(value)
        if not known.any():
            return np.full(len(x), np.nan)
        return np.interp(x, at[known], value[known], left=np.nan, right=np.nan)
    if at.shape != value.shape or at.ndim != 2 or len(at) != len(x):
        raise ValueError(f"{len(x)} places, but tables of shapes {at.shape} and {value.shape}")
    out = np.full(len(x), np.nan)
    table, own = np.unique(
        np.nan_to_num(np.hstack([at, value]), nan=np.inf), axis=0, return_inverse=True
    )
    m = at.shape[1]
    for number, row in enumerate(table):
        rows = own.ravel() == number
        entries = np.where(np.isinf(row), np.nan, row)
        out[rows] = interpolated(x[rows], entries[:m], entries[m:])
    return out
