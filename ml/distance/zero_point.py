"""Zero points of Gaia's parallaxes: what to subtract from a parallax of a release.

Xiang et al. (2021, section 2) correct the parallaxes of DR2 after Leung & Bovy (2019). For EDR3
and DR3, whose astrometry is the same, there is the recipe of Lindegren et al. (2021, appendix A),
which the Gaia consortium's package ``gaiadr3-zeropoint`` evaluates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from ml.distance.density import Booleans, Floats

DR2_ZERO_POINT, DR2_ZERO_POINT_ERROR = -0.0523, 0.0020
"""mas: Leung & Bovy (2019), the constant of their abstract."""

FIVE_PARAMETERS, SIX_PARAMETERS = 31, 95
"""Values of ``astrometric_params_solved`` with a parallax."""

G_RANGE = (6.0, 21.0)
NU_EFF_RANGE = (1.1, 1.9)
PSEUDOCOLOUR_RANGE = (1.24, 1.72)
"""Within which the recipe for EDR3 holds, exclusively: mag, um^-1, um^-1."""


@dataclass(frozen=True)
class ZeroPoint:
    """Zero points of n parallaxes; arrays ``(n,)``.

    Attributes
    ----------
    zero_point
        mas, to be subtracted from the parallax; NaN where it is unknown.
    in_range
        Whether magnitude and colour lie where the recipe was calibrated.
    """

    zero_point: Floats
    in_range: Booleans


def dr2_zero_point(
    phot_g_mean_mag: ArrayLike, relation: tuple[ArrayLike, ArrayLike] | None = None
) -> Floats:
    """Return the zero point of parallaxes of Gaia DR2.

    Parameters
    ----------
    phot_g_mean_mag : (n,)
        G, mag.
    relation : (magnitudes, zero points), optional
        In mag, increasing, and mas: interpolated linearly, and constant beyond. Default is the
        constant of Leung & Bovy (2019), -0.0523 +- 0.0020 mas.

    Returns
    -------
    numpy.ndarray
        mas, ``(n,)``, to be subtracted; NaN where G is not finite.

    Notes
    -----
    Xiang et al. (2021, Table 1) used "the offset - G magnitude relation of Leung & Bovy (2019)",
    which those authors show as the output of a network and give no formula for. Who has read it
    off passes it as `relation`.

    Raises
    ------
    ValueError
        If the relation's magnitudes do not increase.
    """
    g_mag = np.asarray(phot_g_mean_mag, dtype=np.float64)
    if relation is None:
        return np.where(np.isfinite(g_mag), DR2_ZERO_POINT, np.nan)
    magnitudes, zero_points = (np.asarray(one, dtype=np.float64) for one in relation)
    if not np.all(np.diff(magnitudes) > 0.0):
        raise ValueError("relation: its magnitudes must increase; sort it by magnitude first")
    return np.where(np.isfinite(g_mag), np.interp(g_mag, magnitudes, zero_points), np.nan)


def edr3_zero_point(
    phot_g_mean_mag: ArrayLike,
    nu_eff_used_in_astrometry: ArrayLike,
    pseudocolour: ArrayLike,
    ecl_lat: ArrayLike,
    astrometric_params_solved: ArrayLike,
) -> ZeroPoint:
    """Return the zero point of parallaxes of Gaia EDR3 or DR3.

    Parameters
    ----------
    phot_g_mean_mag : (n,)
        G, mag.
    nu_eff_used_in_astrometry, pseudocolour : (n,)
        Effective wavenumber of a solution with five parameters, and the one that a solution with
        six found for itself, um^-1. The other may be NaN.
    ecl_lat : (n,)
        Ecliptic latitude, deg.
    astrometric_params_solved : (n,)
        31 (five parameters) or 95 (six); no zero point for any other.

    Returns
    -------
    ZeroPoint
        Where magnitude or colour is out of range, the value at the range's end, with ``in_range``
        false: whether to take it is the caller's decision. NaN where something is missing.

    Raises
    ------
    ImportError
        Without the package ``gaiadr3-zeropoint``.
    """
    columns = (phot_g_mean_mag, nu_eff_used_in_astrometry, pseudocolour, ecl_lat)
    g_mag, nu_eff, pseudo, latitude, solved = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in columns),
        np.atleast_1d(np.asarray(astrometric_params_solved, dtype=np.float64)),
    )
    six = solved == SIX_PARAMETERS
    colour = np.where(six, pseudo, nu_eff)
    has_parallax = six | (solved == FIVE_PARAMETERS)
    usable = has_parallax & np.isfinite(g_mag) & np.isfinite(colour) & np.isfinite(latitude)
    zero_point = np.full(g_mag.shape, np.nan)
    if usable.any():
        # Beyond its ranges the package warns and extrapolates, or returns NaN for everything
        zero_point[usable] = _package().get_zpt(
            np.clip(g_mag, *_inside(G_RANGE))[usable],
            np.clip(nu_eff, *_inside(NU_EFF_RANGE))[usable],
            np.clip(pseudo, *_inside(PSEUDOCOLOUR_RANGE))[usable],
            latitude[usable],
            solved[usable],
        )
    low = np.where(six, PSEUDOCOLOUR_RANGE[0], NU_EFF_RANGE[0])
    high = np.where(six, PSEUDOCOLOUR_RANGE[1], NU_EFF_RANGE[1])
    in_range = usable & (g_mag > G_RANGE[0]) & (g_mag < G_RANGE[1])
    return ZeroPoint(zero_point, in_range & (colour > low) & (colour < high))


def _inside(limits: tuple[float, float]) -> tuple[float, float]:
    """Return limits just within open ones."""
    return float(np.nextafter(limits[0], limits[1])), float(np.nextafter(limits[1], limits[0]))


@cache
def _package() -> ModuleType:
    try:
        from zero_point import zpt  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "zero points of Gaia EDR3 need the package gaiadr3-zeropoint: "
            "pip install gaiadr3-zeropoint"
        ) from error
    zpt.load_tables()
    return zpt
