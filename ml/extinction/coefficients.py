r"""Extinction in passbands, in units of E(B-V), for a hot star.

Xiang et al. (2021, section 4): the curve of Fitzpatrick (1999) with R_V = 3.1 over a spectrum of
12,000 K, log g = 4.5. The coefficient of a band is

.. math:: R = -2.5 / E \log_{10} \frac{\int \lambda F 10^{-0.4 A(\lambda)} S d\lambda}
                                      {\int \lambda F S d\lambda}

with the passband S (photons) and A of E(B-V) = E. The curve is made so that E(B-V) is the excess
of Johnson's B-V and A_V is 3.1 E(B-V), for hot stars of little extinction. In wide bands R falls
as E grows; it is taken at :data:`EBV`, typical of the sample. For the narrow ones that hardly
matters; that of BP-RP is 5 % higher for little extinction and 9 % lower at E(B-V) = 1.5.

The spectrum is not Kurucz's, which would have to be downloaded: a black body of 12,000 K with a
Balmer jump. The shape matters little: 20,000 K instead changes Gaia's G by 5 %, BP by 3 %, every
other coefficient by less than 1 %; leaving the jump out changes BP by 1 %.

The numbers that SQL uses stand in the seed ``extinction_coefficients.csv``; these functions made
it and need two packages for that, ``speclite`` (passbands) and ``dust_extinction`` (the curve).
"""

from __future__ import annotations

import csv
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

R_V = 3.1
TEMPERATURE = 12_000.0
"""K, of the star."""

BALMER_JUMP = 0.33
"""dex, of a late B dwarf: the flux below 3,700 A is lower by this."""

EBV = 0.5
"""mag, at which the coefficients are taken."""

PASSBANDS: dict[str, tuple[str, str]] = {
    "b": ("bessell-B", "Johnson B (Bessell 1990); APASS"),
    "v": ("bessell-V", "Johnson V (Bessell 1990); APASS"),
    "g": ("sdss2010-g", "Sloan g (Doi et al. 2010); APASS, XSTPS-GAC"),
    "r": ("sdss2010-r", "Sloan r (Doi et al. 2010); APASS, XSTPS-GAC"),
    "i": ("sdss2010-i", "Sloan i (Doi et al. 2010); APASS, XSTPS-GAC"),
    "g_ps1": ("panstarrs-g", "Pan-STARRS g (Tonry et al. 2012)"),
    "r_ps1": ("panstarrs-r", "Pan-STARRS r (Tonry et al. 2012)"),
    "i_ps1": ("panstarrs-i", "Pan-STARRS i (Tonry et al. 2012)"),
    "gaia_g": ("gaiadr3-G", "Gaia EDR3 G (Riello et al. 2021)"),
    "bp": ("gaiadr3-BP", "Gaia EDR3 BP (Riello et al. 2021)"),
    "rp": ("gaiadr3-RP", "Gaia EDR3 RP (Riello et al. 2021)"),
    "gaia_g_dr2": ("gaiadr2-G", "Gaia DR2 G (Evans et al. 2018)"),
    "bp_dr2": ("gaiadr2-BP", "Gaia DR2 BP (Evans et al. 2018)"),
    "rp_dr2": ("gaiadr2-RP", "Gaia DR2 RP (Evans et al. 2018)"),
    "j": ("twomass-J", "2MASS J (Cohen et al. 2003)"),
    "h": ("twomass-H", "2MASS H (Cohen et al. 2003)"),
    "ks": ("twomass-Ks", "2MASS Ks (Cohen et al. 2003)"),
}
"""Band -> name in ``speclite``, and what it is."""

SOURCE = "Fitzpatrick 1999 (R_V = 3.1); method of Xiang et al. 2021, section 4"
COLUMNS = ("name", "value", "unit", "source", "note")


def curve(wavelength: ArrayLike) -> Floats:
    """Return A(wavelength) / E(B-V) after Fitzpatrick (1999) with R_V = 3.1.

    Parameters
    ----------
    wavelength
        A, from 1,000 to 33,300.
    """
    # only whoever makes the seed needs these
    units = import_module("astropy.units")
    fitzpatrick = import_module("dust_extinction.parameter_averages").F99(Rv=R_V)
    wavenumber = 1e4 / np.asarray(wavelength, dtype=np.float64) / units.um
    return np.asarray(fitzpatrick(wavenumber) * R_V, dtype=np.float64)


def hot_star(
    wavelength: ArrayLike, temperature: float = TEMPERATURE, balmer_jump: float = BALMER_JUMP
) -> Floats:
    """Return the flux a wavelength of a black body with a Balmer jump, in any unit."""
    wavelength = np.asarray(wavelength, dtype=np.float64)
    flux = wavelength**-5.0 / np.expm1(1.438777e8 / (wavelength * temperature))
    return np.asarray(np.where(wavelength < 3700.0, flux * 10.0**-balmer_jump, flux))


def coefficient(
    wavelength: ArrayLike,
    response: ArrayLike,
    *,
    ebv: float = EBV,
    temperature: float = TEMPERATURE,
    balmer_jump: float = BALMER_JUMP,
) -> float:
    """Return A / E(B-V) in a passband.

    Parameters
    ----------
    wavelength, response : (n,)
        A, and the part of the photons that is counted.
    ebv
        mag, E(B-V) at which the coefficient is taken.
    temperature, balmer_jump
        Of the star: K, dex.
    """
    wavelength = np.asarray(wavelength, dtype=np.float64)
    photons = hot_star(wavelength, temperature, balmer_jump) * wavelength * np.asarray(response)
    dimmed = photons * 10.0 ** (-0.4 * ebv * curve(wavelength))
    ratio = np.trapezoid(dimmed, wavelength) / np.trapezoid(photons, wavelength)
    return float(-2.5 * np.log10(ratio) / ebv)


def passband(band: str) -> tuple[Floats, Floats]:
    """Return wavelengths in A and responses of a band of :data:`PASSBANDS`."""
    found = import_module("speclite.filters").load_filter(PASSBANDS[band][0])
    return np.asarray(found.wavelength, np.float64), np.asarray(found.response, np.float64)


def seed_rows() -> list[dict[str, str]]:
    """Return the rows of the seed: name, value, unit, source, note."""
    return [
        {
            "name": band,
            "value": f"{coefficient(*passband(band)):.3f}",
            "unit": "mag/mag",
            "source": SOURCE,
            "note": f"A / E(B-V) in {text}; star of 12000 K at E(B-V) = {EBV}",
        }
        for band, (_, text) in PASSBANDS.items()
    ]


def write_seed(path: Path) -> None:
    """Write the seed anew."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(seed_rows())
