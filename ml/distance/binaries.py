"""Binaries: stars that are nearer by their spectra than by their parallaxes.

Xiang et al. (2021, section 6, eqs. 15 to 17). Two stars in one image are brighter than the one
that the spectrum speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.distance.density import MAGNITUDES, Floats

LEAST_EXCESS = 2.0
"""S/N of the parallax excess beyond which a star is a binary (section 6)."""

BINARY, SINGLE, UNKNOWN = 1, 0, -9
"""Values of the paper's ``binary_flag`` (Table 1)."""


@dataclass(frozen=True)
class ParallaxExcess:
    """Spectro-photometric parallaxes of n stars beside the measured ones; arrays ``(n,)``.

    Attributes
    ----------
    parallax, parallax_error
        Spectro-photometric, mas (eqs. 15 and 17).
    snr
        Signal-to-noise ratio of its excess over the measured parallax (eq. 16); NaN where
        anything is missing.
    flag : (n,) of int8
        1 binary, 0 single, -9 where the excess is unknown.
    """

    parallax: Floats
    parallax_error: Floats
    snr: Floats
    flag: NDArray[np.int8]


def spectroscopic_parallax(modulus: ArrayLike) -> Floats:
    """Return the parallax in mas of a distance modulus in mag, ``(n,)`` (eq. 15)."""
    return 10.0 ** (-0.2 * (np.asarray(modulus, dtype=np.float64) - 10.0))


def parallax_excess(
    parallax: ArrayLike,
    parallax_error: ArrayLike,
    modulus: ArrayLike,
    modulus_error: ArrayLike,
    *,
    least_excess: float = LEAST_EXCESS,
) -> ParallaxExcess:
    """Compare spectro-photometric with measured parallaxes.

    Parameters
    ----------
    parallax, parallax_error : (n,)
        mas, the zero point taken off.
    modulus, modulus_error : (n,)
        mag; :func:`ml.distance.posterior.spectroscopic_modulus`. The error is the root in
        eq. 17: of the spectroscopic magnitude (measurement and intrinsic), of the photometry
        and of the extinction.
    least_excess
        S/N above which a star is a binary.

    Returns
    -------
    ParallaxExcess
        The flag is -9 where a number is not finite or an error is not positive.
    """
    w, w_error, mu, mu_error = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(one, float)) for one in (parallax, parallax_error)),
        *(np.atleast_1d(np.asarray(one, float)) for one in (modulus, modulus_error)),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        spectroscopic = spectroscopic_parallax(mu)
        error = spectroscopic * mu_error / MAGNITUDES
        snr = (spectroscopic - w) / np.sqrt(error**2 + w_error**2)
        known = np.isfinite(snr) & (mu_error > 0.0) & (w_error > 0.0)
        flag = np.where(snr > least_excess, BINARY, SINGLE)
    return ParallaxExcess(
        parallax=spectroscopic,
        parallax_error=error,
        snr=np.where(known, snr, np.nan),
        flag=np.where(known, flag, UNKNOWN).astype(np.int8),
    )
