"""What a simulated survey consists of: stars and visits, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Strings = NDArray[np.str_]
Booleans = NDArray[np.bool_]

N_VARIATIONS = 8
KINDS = (
    "B", "Be", "O", "Oe", "A", "F", "G", "K", "M", "supergiant", "Herbig", "HII", "SB2",
)  # fmt: skip
EMISSION_KINDS = ("Be", "Oe", "Herbig", "HII")
HOT_KINDS = ("B", "Be", "O", "Oe", "supergiant", "Herbig", "HII", "SB2")
LAYOUTS = ("mrs_rows", "mrs_exposures", "lrs_image_old", "lrs_image", "lrs_table")

Arrays = TypeVar("Arrays", bound="_Arrays")


class _Arrays:
    """Arrays of one length that are cut and joined together."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]

    def take(self: Arrays, rows: NDArray[Any]) -> Arrays:
        """Return the elements of the given rows (indices or a mask)."""
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return type(self)(**{name: getattr(self, name)[rows] for name in names})


@dataclass(frozen=True)
class Stars(_Arrays):
    """Stars of a simulated survey, true values; one element a star.

    Positions are ICRS at J2016.0 in degrees. Photometry is as seen: with extinction, and
    with the disc's infrared excess. ``variation`` has shape ``(n, 8)``, uniform in
    [0, 1): the numbers that tell two stars of one type apart.
    """

    designation: Strings  # JHHMMSS.ss+DDMMSS.s
    ra: Floats  # deg, J2016
    dec: Floats  # deg, J2016
    kind: Strings  # one of KINDS
    spectral_type: Strings  # MK type with luminosity class
    teff: Floats  # K
    logg: Floats  # log10 of cm/s2
    m_h: Floats  # dex
    vsini: Floats  # km/s
    rv: Floats  # km/s, heliocentric, systemic
    ebv: Floats  # mag
    distance: Floats  # pc
    emission_ew: Floats  # 0.1 nm of H-alpha, > 0 where flux is emitted above the photosphere
    inclination: Floats  # deg, 90 is edge-on
    disc_radius: Floats  # outer radius in stellar radii; 0 without a disc
    disc_v_over_r: Floats  # asymmetry of the one-armed wave, -0.5 .. 0.5
    disc_rotation: Floats  # km/s, Kepler speed at the star's surface
    p_cygni: Booleans
    nebular: Floats  # strength of narrow nebular lines beside H-alpha; 0 none
    companion_teff: Floats  # K; NaN where single
    companion_light: Floats  # fraction of the light; 0 single
    companion_amplitude: Floats  # km/s, K1 of the primary
    period: Floats  # d; NaN where single
    phase0: Floats  # 0 .. 1, phase at MJD 58000
    variation: Floats  # (n, 8)
    # astrometry
    parallax: Floats  # mas
    pmra: Floats  # mas/yr, x cos(dec)
    pmdec: Floats  # mas/yr
    v_peculiar: Floats  # km/s, tangential
    is_be: Booleans  # Be and Oe stars: an excretion disc
    is_runaway: Booleans
    cluster: Strings  # empty in the field
    # photometry, mag
    g: Floats
    bp: Floats
    rp: Floats
    j: Floats
    h: Floats
    k: Floats
    w1: Floats
    w2: Floats
    w3: Floats
    w4: Floats


@dataclass(frozen=True)
class Visits(_Arrays):
    """Observations of a simulated survey; one element a fibre of a plate on a night."""

    star: Integers  # index into Stars
    obsid: Integers  # positive, nine digits
    resolution: Strings  # mrs or lrs
    mjd: Floats  # mid exposure, UTC
    lmjd: Integers  # local day of the night
    plan_id: Strings
    spectrograph: Integers  # 1 .. 16
    fibre: Integers  # 1 .. 250
    snr_b: Floats  # target S/N a pixel
    snr_r: Floats
    layout: Strings  # one of LAYOUTS
    seed: NDArray[np.uint64]
