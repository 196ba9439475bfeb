"""SQL functions on distances: thin coats of Arrow over :mod:`ml.distance`.

Moduli, spectro-photometric parallaxes and their excess are plain arithmetic and stay in SQL.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from ml.distance.posterior import HORIZON, NEAREST, distance_posterior
from ml.distance.zero_point import edr3_zero_point
from udfs.arrow import Column, named, numbers, real
from udfs.spectra import SqlFunction

_NUMBERS = ("mode", "p16", "p50", "p84", "log_mean", "log_deviation")
_FLAGS = ("is_bimodal", "is_at_limit")
_EVIDENCE = np.array([None, "parallax", "photometry", "both"], dtype=object)


def distance_posterior_columns(
    parallax: Column,
    parallax_error: Column,
    modulus: Column,
    modulus_error: Column,
    horizon: Column,
    length_scale: Column,
) -> pa.StructArray:
    """Infer the distance of a star from its parallax and its spectroscopic modulus.

    Parameters
    ----------
    parallax, parallax_error
        DOUBLE, mas, the zero point taken off. NULL, or an error that is not positive: not used.
    modulus, modulus_error
        DOUBLE, mag: ``k_mag - m_ks - r_ks * ebv``, and its error. NULL: not used, as it should
        be for binaries.
    horizon
        DOUBLE, kpc: the prior is 0 beyond. NULL: 30.
    length_scale
        DOUBLE, kpc: L of the prior ``d^2 exp(-d / L)``. NULL: flat in d, as in the paper.

    Returns
    -------
    STRUCT(mode DOUBLE, p16 DOUBLE, p50 DOUBLE, p84 DOUBLE, log_mean DOUBLE, log_deviation DOUBLE,
    is_bimodal BOOLEAN, is_at_limit BOOLEAN, evidence VARCHAR)
        kpc; mean and standard deviation of log10(d / kpc); whether parallax and spectrum
        contradict each other; whether the mode is the horizon; and what was used: ``parallax``,
        ``photometry`` or ``both``. NULL in all fields without either, or where horizon or
        length scale is not positive.

    See Also
    --------
    ml.distance.posterior.distance_posterior : the numerics; Xiang et al. (2021), eqs. 18 to 24.
    """
    limit, scale = numbers(horizon), numbers(length_scale)
    limit = np.where(np.isnan(limit), HORIZON, limit)
    good = (limit > NEAREST) & np.isfinite(limit) & ~(scale <= 0.0)
    stars = distance_posterior(
        np.where(good, numbers(parallax), np.nan),
        numbers(parallax_error),
        np.where(good, numbers(modulus), np.nan),
        numbers(modulus_error),
        horizon=np.where(good, limit, HORIZON),
        length_scale=np.where(good, scale, np.nan),
    )
    unknown = stars.evidence == 0
    return pa.StructArray.from_arrays(
        [
            *(real(getattr(stars, name), pa.float64()) for name in _NUMBERS),
            *(pa.array(getattr(stars, name), mask=unknown) for name in _FLAGS),
            pa.array(_EVIDENCE[stars.evidence], pa.string()),
        ],
        names=[*_NUMBERS, *_FLAGS, "evidence"],
    )


def parallax_zero_point_columns(
    phot_g_mean_mag: Column,
    nu_eff_used_in_astrometry: Column,
    pseudocolour: Column,
    ecl_lat: Column,
    astrometric_params_solved: Column,
) -> pa.StructArray:
    """Say what to subtract from a parallax of Gaia EDR3 or DR3.

    Parameters
    ----------
    phot_g_mean_mag, nu_eff_used_in_astrometry, pseudocolour, ecl_lat
        DOUBLE, Gaia's columns: mag, um^-1, um^-1, deg.
    astrometric_params_solved
        INTEGER: 31 or 95; other solutions have no parallax.

    Returns
    -------
    STRUCT(zero_point DOUBLE, in_range BOOLEAN)
        mas; and whether magnitude and colour are within the recipe's range, beyond which the
        value is that at its end. NULL where something is missing.

    See Also
    --------
    ml.distance.zero_point.edr3_zero_point : Lindegren et al. (2021), appendix A.
    """
    result = edr3_zero_point(
        *(
            numbers(column)
            for column in (
                phot_g_mean_mag,
                nu_eff_used_in_astrometry,
                pseudocolour,
                ecl_lat,
                astrometric_params_solved,
            )
        )
    )
    return pa.StructArray.from_arrays(
        [
            real(result.zero_point, pa.float64()),
            pa.array(result.in_range, mask=~np.isfinite(result.zero_point)),
        ],
        names=["zero_point", "in_range"],
    )


def _sql_function(
    name: str, function: Callable[..., pa.Array], arguments: dict[str, str], returns: str
) -> SqlFunction:
    doc = inspect.cleandoc(function.__doc__ or "")
    return SqlFunction(name, named(function, name, arguments), arguments, returns, doc)


SQL_FUNCTIONS = (
    _sql_function(
        "distance_posterior",
        distance_posterior_columns,
        dict.fromkeys(
            (
                "parallax",
                "parallax_error",
                "modulus",
                "modulus_error",
                "horizon",
                "length_scale",
            ),
            "DOUBLE",
        ),
        "STRUCT("
        + ", ".join(
            [f"{name} DOUBLE" for name in _NUMBERS] + [f"{name} BOOLEAN" for name in _FLAGS]
        )
        + ", evidence VARCHAR)",
    ),
    _sql_function(
        "parallax_zero_point",
        parallax_zero_point_columns,
        {
            "phot_g_mean_mag": "DOUBLE",
            "nu_eff_used_in_astrometry": "DOUBLE",
            "pseudocolour": "DOUBLE",
            "ecl_lat": "DOUBLE",
            "astrometric_params_solved": "INTEGER",
        },
        "STRUCT(zero_point DOUBLE, in_range BOOLEAN)",
    ),
)
"""Functions of this module, for registration, documentation and tests."""
