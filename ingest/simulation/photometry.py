"""Magnitudes of simulated stars: intrinsic colours, extinction, warm dust and discs.

Dwarfs follow Pecaut & Mamajek 2013 (and the table that E. Mamajek keeps of it), giants Bessell
& Brett 1988, both rounded to what a simulation needs. Extinction follows Wang+2022, section
5.3: A_J, A_H, A_K, A_W1 = 0.282, 0.190, 0.114, 0.061 A_V.
"""

from __future__ import annotations

import numpy as np

from ingest.simulation.model import Floats, Strings

R_V = 3.1
#: A_band / A_V.
EXTINCTION = {
    "g": 0.79, "bp": 1.05, "rp": 0.60, "j": 0.282, "h": 0.190, "k": 0.114,
    "w1": 0.061, "w2": 0.045, "w3": 0.03, "w4": 0.0,
}  # fmt: skip
BANDS = tuple(EXTINCTION)

#: Teff, M_G, BP-RP, G-K, J-H, H-K, K-W1 of dwarfs.
_DWARFS = np.array([
    (3060, 11.8, 3.00, 4.40, 0.57, 0.28, 0.20),
    (3850, 8.1, 1.84, 3.05, 0.66, 0.15, 0.10),
    (4440, 6.9, 1.43, 2.58, 0.58, 0.11, 0.07),
    (5270, 5.7, 0.98, 1.75, 0.40, 0.07, 0.05),
    (5660, 4.8, 0.85, 1.44, 0.32, 0.055, 0.04),
    (5930, 4.2, 0.77, 1.29, 0.29, 0.05, 0.04),
    (6550, 3.4, 0.56, 0.99, 0.21, 0.04, 0.03),
    (7220, 2.6, 0.38, 0.68, 0.13, 0.03, 0.03),
    (8080, 1.9, 0.20, 0.37, 0.06, 0.02, 0.02),
    (9700, 0.9, 0.00, 0.03, 0.00, 0.01, 0.01),
    (12500, -0.1, -0.10, -0.28, -0.03, -0.02, -0.02),
    (15700, -0.8, -0.17, -0.45, -0.07, -0.04, -0.04),
    (20600, -1.9, -0.25, -0.62, -0.11, -0.06, -0.05),
    (26000, -3.0, -0.31, -0.75, -0.13, -0.07, -0.06),
    (31400, -3.9, -0.35, -0.83, -0.14, -0.08, -0.07),
    (36000, -4.7, -0.38, -0.87, -0.15, -0.085, -0.07),
    (44900, -5.6, -0.40, -0.91, -0.16, -0.09, -0.08),
])  # fmt: skip

#: The same of giants.
_GIANTS = np.array([
    (3250, -1.1, 3.10, 5.10, 0.93, 0.24, 0.15),
    (3600, -1.0, 2.20, 4.00, 0.87, 0.205, 0.11),
    (3850, -0.7, 1.85, 3.40, 0.83, 0.19, 0.09),
    (3950, -0.5, 1.75, 3.20, 0.79, 0.165, 0.08),
    (4150, -0.1, 1.55, 2.90, 0.73, 0.15, 0.07),
    (4300, 0.1, 1.45, 2.70, 0.68, 0.14, 0.06),
    (4450, 0.4, 1.32, 2.50, 0.63, 0.115, 0.05),
    (4600, 0.6, 1.22, 2.30, 0.58, 0.10, 0.05),
    (4800, 0.7, 1.12, 2.15, 0.54, 0.095, 0.05),
    (5050, 0.8, 1.00, 1.95, 0.50, 0.085, 0.05),
])  # fmt: skip


def _column(teff: Floats, giant: np.ndarray, number: int) -> Floats:
    dwarfs = np.interp(np.log10(teff), np.log10(_DWARFS[:, 0]), _DWARFS[:, number])
    giants = np.interp(np.log10(teff), np.log10(_GIANTS[:, 0]), _GIANTS[:, number])
    return np.where(giant, giants, dwarfs)


def absolute_magnitude(teff: Floats, kind: Strings) -> Floats:
    """Return M_G (mag) of luminosity class V, or III for kinds K and M. Shape ``(n,)``."""
    return _column(teff, np.isin(kind, ["K", "M"]), 1)


def absolute_magnitudes(teff: Floats, kind: Strings, m_g: Floats) -> dict[str, Floats]:
    """Return unreddened absolute magnitudes in every band.

    Parameters
    ----------
    teff, kind, m_g : (n,)
        Effective temperature (K), kind, absolute magnitude in G.

    Returns
    -------
    dict
        Band -> magnitudes, shape ``(n,)``.
    """
    giant = np.isin(kind, ["K", "M"])
    bp_rp, g_k, j_h, h_k, k_w1 = (_column(teff, giant, number) for number in range(2, 7))
    k = m_g - g_k
    w1 = k - k_w1
    return {
        "g": m_g,
        "bp": m_g + 0.40 * bp_rp,
        "rp": m_g - 0.60 * bp_rp,
        "j": k + h_k + j_h,
        "h": k + h_k,
        "k": k,
        "w1": w1,
        "w2": w1 + 0.02,
        "w3": w1 + 0.02,
        "w4": w1 + 0.0,
    }


def infrared_excess(rng: np.random.Generator, kind: Strings, strength: Floats) -> dict[str, Floats]:
    """Return how much brighter (mag, negative) a disc or warm dust makes a star.

    The free-free emission of a Be star's disc is mild, so that (H-K)_0 < 0.2 and (K-W1)_0 <
    0.5; the dust of a Herbig star gives (H-K)_0 > 0.4 and (K-W1)_0 > 0.8 (Wang+2022, section
    5.3, after Hou+2016).

    Parameters
    ----------
    rng
        Source of randomness.
    kind : (n,)
        Kind of the star.
    strength : (n,)
        0 .. 1, how strong the disc is.
    """
    n = len(kind)
    disc = np.isin(kind, ["Be", "Oe"]) * strength
    dust = (kind == "Herbig").astype(float)
    j_h = 0.05 * disc * rng.uniform(0.5, 1.0, n) + dust * rng.uniform(0.25, 0.6, n)
    h_k = 0.10 * disc * rng.uniform(0.5, 1.0, n) + dust * rng.uniform(0.58, 0.95, n)
    k_w1 = 0.30 * disc * rng.uniform(0.5, 1.0, n) + dust * rng.uniform(1.02, 1.5, n)
    w1_w2 = 0.15 * disc + dust * rng.uniform(0.4, 0.8, n)
    w2_w3 = 0.4 * disc + dust * rng.uniform(1.5, 2.5, n)
    w3_w4 = 0.3 * disc + dust * rng.uniform(1.2, 2.2, n)
    j = -0.05 * disc - 0.15 * dust
    h = j - j_h
    k = h - h_k
    w1 = k - k_w1
    w2 = w1 - w1_w2
    w3 = w2 - w2_w3
    return {"j": j, "h": h, "k": k, "w1": w1, "w2": w2, "w3": w3, "w4": w3 - w3_w4}


def reddening_along(distance: Floats, sin_b: Floats, density: Floats) -> Floats:
    """Return E(B-V) at a distance through a dust layer of scale height 125 pc.

    Parameters
    ----------
    distance : (n,)
        Distance (pc).
    sin_b : (n,)
        Sine of the Galactic latitude.
    density : (n,)
        E(B-V) a kpc in the plane.
    """
    slope = np.maximum(np.abs(sin_b), 1e-4) / 125.0
    return density / 1000.0 / slope * -np.expm1(-distance * slope)


def distance_for_magnitude(
    g: Floats, m_g: Floats, sin_b: Floats, density: Floats, limit: float
) -> Floats:
    """Return the distance (pc) at which a star of ``m_g`` looks as bright as ``g``.

    Bisection in log distance between 20 pc and ``limit``; a star that would lie farther is
    put at the limit (and is brighter than asked for).
    """
    low = np.full(len(g), np.log10(20.0))
    high = np.full(len(g), np.log10(limit))
    for _ in range(40):
        middle = (low + high) / 2
        extinction = EXTINCTION["g"] * R_V * reddening_along(10**middle, sin_b, density)
        faint = m_g + 5 * middle - 5 + extinction > g
        high = np.where(faint, middle, high)
        low = np.where(faint, low, middle)
    return 10 ** ((low + high) / 2)


def apparent(absolute: dict[str, Floats], distance: Floats, ebv: Floats) -> dict[str, Floats]:
    """Return magnitudes as seen from here, band by band."""
    modulus = 5 * np.log10(distance) - 5
    return {
        band: magnitude + modulus + EXTINCTION[band] * R_V * ebv
        for band, magnitude in absolute.items()
    }
