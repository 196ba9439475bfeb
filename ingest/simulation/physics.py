"""What the stars of each kind are like: temperature, gravity, rotation, disc, companion."""

from __future__ import annotations

import numpy as np

from ingest.simulation.model import Floats, Strings

#: Numeric type (O0 is 0, B0 is 10, A0 is 20, ...) against Teff: Pecaut & Mamajek 2013.
_TYPES = np.array([
    (3.0, 44900), (5.0, 41400), (8.0, 35100), (9.0, 33300), (10.0, 31400), (10.5, 29000),
    (11.0, 26000), (11.5, 24500), (12.0, 20600), (12.5, 18500), (13.0, 17000), (14.0, 16400),
    (15.0, 15700), (16.0, 14500), (17.0, 14000), (18.0, 12300), (19.0, 10700), (20.0, 9700),
    (21.0, 9300), (22.0, 8800), (25.0, 8080), (30.0, 7220), (35.0, 6550), (40.0, 5930),
    (45.0, 5660), (50.0, 5270), (55.0, 4440), (60.0, 3850), (63.0, 3410), (65.0, 3060),
])  # fmt: skip

_GIANT_TYPES = np.array([
    (48.0, 5050), (50.0, 4800), (51.0, 4600), (52.0, 4450), (53.0, 4300), (54.0, 4150),
    (55.0, 3950), (60.0, 3850), (62.0, 3600), (64.0, 3400), (66.0, 3250), (68.0, 3000),
])  # fmt: skip

#: Teff range (K) and how early types thin out: 1 is uniform in log Teff, more is later.
_TEFF = {
    "F": (6550, 7450, 1.0),
    "A": (7450, 9900, 1.0),
    "G": (5150, 6000, 1.0),
    "K": (3900, 4500, 1.0),
    "M": (2950, 3850, 0.8),
    "B": (10600, 30000, 1.5),
    "Be": (10900, 30000, 1.0),
    "SB2": (10600, 28000, 1.3),
    "HII": (13000, 31000, 0.8),
    "supergiant": (10500, 28000, 1.0),
    "O": (31500, 41000, 1.3),
    "Oe": (31500, 37000, 1.3),
    "Herbig": (8600, 17000, 1.0),
}

#: log g of class V, or of the kind where it has one class.
_LOGG = {"K": 2.1, "M": 1.2, "F": 4.15, "A": 4.1, "G": 4.3, "supergiant": 2.4, "Herbig": 4.1}

#: Share of metal-poor giants among those of kind K; enhanced, as all that tests a cut.
HALO_FRACTION = 0.12


def numeric_type(teff: Floats, giant: np.ndarray) -> Floats:
    """Return the numeric spectral type (O0 is 0, B0 10, A0 20) of a temperature (K)."""
    dwarfs = np.interp(-teff, -_TYPES[:, 1], _TYPES[:, 0])
    giants = np.interp(-teff, -_GIANT_TYPES[:, 1], _GIANT_TYPES[:, 0])
    return np.where(giant, giants, dwarfs)


def type_text(number: float) -> str:
    """Return O9, B2.5, ...: half subtypes from O8 to B3 only."""
    step = 0.5 if 8.0 <= number < 13.25 else 1.0
    rounded = min(max(round(number / step) * step, 3.0), 69.0)
    letter = "OBAFGKM"[int(rounded // 10)]
    return f"{letter}{rounded % 10:g}"


def luminosity_classes(rng: np.random.Generator, kind: Strings) -> Strings:
    """Draw luminosity classes; shape ``(n,)``."""
    u = rng.random(len(kind))
    hot = np.where(u < 0.55, "V", np.where(u < 0.75, "IV", "III"))
    bright = np.where(u < 0.35, "Ia", np.where(u < 0.7, "Ib", "II"))
    late = np.where(u < 0.85, "V", "IV")
    result = np.where(np.isin(kind, ["F", "G", "A"]), late, hot)
    result = np.where(np.isin(kind, ["K", "M"]), "III", result)
    result = np.where(kind == "Herbig", "V", result)
    return np.where(kind == "supergiant", bright, result)


def physics(rng: np.random.Generator, kind: Strings) -> dict[str, np.ndarray]:
    """Draw the physical properties of stars of the given kinds.

    Returns
    -------
    dict
        Columns of :class:`ingest.simulation.model.Stars`, and ``luminosity_class``.
    """
    n = len(kind)
    teff = np.empty(n)
    for name, (low, high, power) in _TEFF.items():
        rows = np.flatnonzero(kind == name)
        teff[rows] = low * (high / low) ** (rng.random(len(rows)) ** power)
    luminosity_class = luminosity_classes(rng, kind)
    lower = {"V": 0.0, "IV": 0.25, "III": 0.55}
    logg = np.array(
        [
            _LOGG.get(str(k), 4.1) - (0.0 if k in ("K", "M", "supergiant") else lower[str(c)])
            for k, c in zip(kind, luminosity_class, strict=True)
        ]
    )
    logg += rng.normal(0.0, 0.12, n)
    late = np.isin(kind, ["F", "G", "K", "M"])
    m_h = np.where(late, rng.normal(-0.12, 0.2, n), rng.normal(-0.05, 0.1, n))
    # Giants of the halo: too few metals for the Mg b cut, left to the infrared colours.
    halo = (kind == "K") & (rng.random(n) < HALO_FRACTION)
    m_h = np.where(halo, rng.uniform(-2.9, -2.1, n), np.clip(m_h, -1.5, 0.45))
    inclination = np.degrees(np.arccos(rng.uniform(0.0, 1.0, n)))
    return {
        "teff": teff,
        "luminosity_class": luminosity_class,
        "logg": np.clip(logg, 0.5, 5.0),
        "m_h": m_h,
        **_rotation(rng, kind, inclination),
        **_emission(rng, kind),
        **_companion(rng, kind, teff),
    }


def _rotation(rng: np.random.Generator, kind: Strings, inclination: Floats) -> dict[str, Floats]:
    n = len(kind)
    disc = np.isin(kind, ["Be", "Oe"])
    # A Be star turns at some 80 % of its break-up speed; seen pole-on it would not look so,
    # and v sin i is kept in the range that is measured, 150-400 km/s.
    inclination = np.where(
        disc, np.degrees(np.arccos(np.cos(np.radians(inclination)) * 0.9)), inclination
    )
    equatorial = rng.uniform(345.0, 420.0, n)
    narrow = rng.random(n) < 0.25
    hot = np.where(narrow, rng.uniform(0.0, 40.0, n), np.abs(rng.normal(120.0, 90.0, n)))
    vsini = np.clip(hot, 0.0, 350.0)
    vsini = np.where(kind == "A", np.clip(rng.normal(120.0, 70.0, n), 5.0, 300.0), vsini)
    vsini = np.where(kind == "F", np.clip(np.abs(rng.normal(0.0, 45.0, n)), 3.0, 160.0), vsini)
    vsini = np.where(np.isin(kind, ["G", "K", "M"]), rng.uniform(1.0, 10.0, n), vsini)
    vsini = np.where(kind == "supergiant", rng.uniform(25.0, 80.0, n), vsini)
    vsini = np.where(kind == "Herbig", rng.uniform(50.0, 240.0, n), vsini)
    vsini = np.where(disc, equatorial * np.sin(np.radians(inclination)), vsini)
    speed = np.where(disc, equatorial / rng.uniform(0.72, 0.92, n), 0.0)
    speed = np.where(kind == "Herbig", rng.uniform(280.0, 420.0, n), speed)
    return {"vsini": vsini, "inclination": inclination, "disc_rotation": speed}


def _emission(rng: np.random.Generator, kind: Strings) -> dict[str, np.ndarray]:
    n = len(kind)
    disc = np.isin(kind, ["Be", "Oe"])
    herbig, bright = kind == "Herbig", kind == "supergiant"
    be = np.clip(9.0 * np.exp(rng.normal(0.0, 1.05, n)), 0.3, 65.0)
    width = np.where(disc, be, 0.0)
    width = np.where(herbig, np.clip(18.0 * np.exp(rng.normal(0.0, 0.7, n)), 3.0, 80.0), width)
    # In an H II region H-alpha is narrow, and the nebula's other lines go with it.
    nebula = np.clip(3.0 * np.exp(rng.normal(0.0, 0.7, n)), 0.8, 20.0)
    width = np.where(kind == "HII", nebula, width)
    active = rng.random(n) < 0.6
    width = np.where(bright & active, rng.uniform(0.3, 3.0, n), width)
    # Strong lines come from large discs; the scatter is as large as the trend.
    radius = np.clip(3.5 * (1 + width) ** 0.45 * np.exp(rng.normal(0.0, 0.2, n)), 2.5, 30.0)
    wave = np.where(rng.random(n) < 0.35, rng.normal(0.0, 0.25, n), rng.normal(0.0, 0.04, n))
    return {
        "emission_ew": width,
        "disc_radius": np.where(disc | herbig, radius, 0.0),
        "disc_v_over_r": np.where(disc | herbig, np.clip(wave, -0.5, 0.5), 0.0),
        "p_cygni": (bright & active & (rng.random(n) < 0.6)) | (herbig & (rng.random(n) < 0.1)),
        "nebular": np.where(kind == "HII", rng.uniform(0.5, 1.5, n), 0.0),
    }


def _companion(rng: np.random.Generator, kind: Strings, teff: Floats) -> dict[str, Floats]:
    n = len(kind)
    double = kind == "SB2"
    period = 10 ** rng.uniform(0.2, 1.6, n)
    amplitude = 215.0 * (period / 3.0) ** (-1 / 3) * np.sqrt(rng.uniform(0.3, 1.0, n))
    return {
        "companion_teff": np.where(double, teff * rng.uniform(0.75, 1.0, n), np.nan),
        "companion_light": np.where(double, rng.uniform(0.22, 0.5, n), 0.0),
        "companion_amplitude": np.where(double, amplitude, 0.0),
        "period": np.where(double, period, np.nan),
        "phase0": rng.random(n),
    }


#: How much brighter (mag) than class V; supergiants have magnitudes of their own.
_BRIGHTER = {"V": 0.0, "IV": 0.5, "III": 1.1}


def brighter_than_dwarf(kind: Strings, luminosity_class: Strings) -> Floats:
    """Return the difference (mag, positive is brighter) to the kind's own sequence."""
    own = np.array([_BRIGHTER.get(str(name), 0.0) for name in luminosity_class])
    return np.where(np.isin(kind, ["K", "M"]), 0.0, own)
