"""Photospheres: normalised line absorption of any star from O to M, fast.

Not a model atmosphere: strengths and shapes follow temperature and gravity by smooth
curves that go through what observed and computed spectra show, and vary from star to star
by the star's own random numbers (``Stars.variation``) about as much as real stars do.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.fft import irfft, rfft
from scipy.special import j1, ndtri

from ingest.simulation.lines import (
    BALMER,
    GRIDS,
    KINDS,
    N_RIPPLES,
    SPEED_OF_LIGHT,
    Floats,
    Grid,
    Singles,
    ripples,
    templates,
)

LIMB_DARKENING = 0.6

# temperatures in K and strengths of each kind of line there; linear in log T between
_STRENGTHS = {
    "neutral": ((3000, 1.9), (3800, 1.8), (4500, 1.5), (5800, 1.0), (6500, 0.72), (7500, 0.40),
                (8500, 0.18), (9500, 0.06), (11000, 0.015), (13000, 0.0)),
    "neutral_weak": ((3000, 2.2), (3800, 1.9), (4500, 1.4), (5800, 0.6), (6500, 0.38),
                     (7500, 0.2), (8500, 0.07), (9500, 0.02), (11000, 0.0)),
    "neutral_high": ((3000, 1.2), (4500, 1.1), (5800, 0.8), (6500, 0.7), (7500, 0.4),
                     (8500, 0.15), (9500, 0.05), (12000, 0.0)),
    "ionised": ((3000, 0.25), (4500, 0.4), (5800, 0.6), (7000, 0.95), (8500, 1.0), (9500, 0.75),
                (11000, 0.42), (13000, 0.24), (16000, 0.1), (20000, 0.03), (25000, 0.0)),
    "ionised_weak": ((3000, 0.5), (5800, 0.8), (7500, 1.0), (9000, 0.75), (11000, 0.4),
                     (14000, 0.18), (18000, 0.05), (25000, 0.0)),
    "magnesium_b": ((3000, 3.9), (3800, 3.8), (4300, 3.7), (5000, 3.1), (5800, 1.4), (6500, 0.8),
                    (7500, 0.42), (8500, 0.28), (9500, 0.15), (11000, 0.05), (13000, 0.0)),
    "calcium_ii": ((3000, 1.6), (5000, 1.5), (6000, 1.15), (7000, 0.75), (8000, 0.40),
                   (9000, 0.16), (10000, 0.075), (12000, 0.035), (16000, 0.012), (25000, 0.0)),
    "magnesium_ii": ((6000, 0.4), (7500, 1.1), (9000, 1.1), (11000, 0.85), (14000, 0.6),
                     (18000, 0.45), (22000, 0.3), (28000, 0.12), (35000, 0.03)),
    "silicon_ii": ((5500, 0.1), (7000, 0.5), (9000, 0.95), (11000, 1.0), (14000, 0.9),
                   (17000, 0.55), (21000, 0.2), (26000, 0.03)),
    "b_star": ((11000, 0.0), (13000, 0.12), (16000, 0.35), (19000, 0.7), (23000, 1.0),
               (27000, 0.8), (31000, 0.4), (36000, 0.12), (42000, 0.0)),
    "helium_i": ((9000, 0.0), (10500, 0.06), (12000, 0.2), (14000, 0.42), (17000, 0.75),
                 (21000, 1.0), (26000, 0.95), (31000, 0.75), (36000, 0.5), (42000, 0.2),
                 (50000, 0.05)),
    "helium_ii": ((25000, 0.0), (28000, 0.12), (31000, 0.4), (35000, 0.8), (40000, 1.1),
                  (50000, 1.25)),
    "o_star": ((25000, 0.05), (29000, 0.5), (33000, 1.0), (42000, 1.0), (50000, 0.6)),
    "titanium_oxide": ((2900, 1.6), (3200, 1.1), (3500, 0.6), (3800, 0.26), (4100, 0.05),
                       (4300, 0.0)),
    "molecules": ((3500, 0.7), (4500, 1.0), (5500, 0.75), (6200, 0.35), (7000, 0.06),
                  (7500, 0.0)),
    "mgh": ((3500, 1.0), (4200, 0.8), (4800, 0.35), (5500, 0.08), (6000, 0.0)),
    "paschen": ((5500, 0.0), (6500, 0.15), (8000, 0.7), (9500, 1.0), (12000, 0.7),
                (20000, 0.45), (35000, 0.3)),
    "hot_weak": ((9000, 0.0), (13000, 0.6), (20000, 1.0), (30000, 0.8), (50000, 0.6)),
}  # fmt: skip

#: H-alpha between 6548 and 6578 (0.1 nm) of a dwarf of log g 4.
_HALPHA_WIDTH = (
    (2900, 0.05), (3500, 0.12), (4200, 0.55), (5000, 1.2), (5800, 2.05), (6300, 2.9), (6800, 4.3),
    (7500, 6.6), (8200, 8.2), (9000, 9.1), (9800, 9.0), (11000, 8.0), (13000, 6.4),
    (16000, 5.0), (20000, 4.1), (25000, 3.3), (30000, 2.7), (36000, 2.2), (45000, 1.8),
)  # fmt: skip


def strengths(teff: Floats, logg: Floats, m_h: Floats, variation: Floats) -> Floats:
    """Return the strength of each kind of line, (n_stars, len(KINDS)).

    Parameters
    ----------
    teff, logg, m_h : (n_stars,)
        K, dex (cgs), dex.
    variation : (n_stars, 8)
        The stars' random numbers.
    """
    weights = np.zeros((len(teff), len(KINDS)))
    metal = 10.0 ** (0.45 * np.clip(m_h, -3.0, 0.6))
    normal = _normal(variation)
    for column, kind in enumerate(KINDS):
        if kind in _STRENGTHS:
            curve = _curve(teff, _STRENGTHS[kind])
        else:  # chemical peculiarity: mostly none, sometimes a lot, in A and F stars above all
            number = int(kind[-1])
            amount = np.clip(normal[:, 2 + number] - 1.1, 0.0, None)
            curve = amount * (0.05 + _curve(teff, _STRENGTHS["ionised_weak"]))
        if kind not in ("helium_i", "helium_ii", "paschen"):
            curve = curve * metal
        # single kinds of lines are stronger in one star, weaker in the next
        weights[:, column] = curve * np.exp(0.16 * _mixed(normal, column))
    low_gravity = np.clip(4.0 - logg, -0.7, 2.5)
    for kind, slope in (
        ("ionised", 0.15),
        ("ionised_weak", 0.15),
        ("b_star", 0.10),
        ("silicon_ii", 0.10),
        ("magnesium_b", -0.06),
        ("mgh", -0.15),
    ):
        weights[:, KINDS.index(kind)] *= 10.0 ** (slope * low_gravity)
    return weights


def absorption(teff: Floats, logg: Floats, m_h: Floats, variation: Floats, name: str) -> Singles:
    """Return 1 - normalised flux of a star that does not turn, before the instrument.

    Parameters
    ----------
    teff, logg, m_h, variation
        As for :func:`strengths`.
    name
        Of the grid: ``mrs_b``, ``mrs_r`` or ``lrs``.

    Returns
    -------
    (n_stars, n_pixels)
        Depths below the continuum.
    """
    weights = strengths(teff, logg, m_h, variation).astype(np.float32)
    table = templates(name)
    curves = ripples(name)
    amounts = (_ripple_weights(variation)).astype(np.float32)
    depth = np.empty((len(teff), table.shape[1]), dtype=np.float32)
    for i in range(len(teff)):
        # one star at a time: a product of fixed shape, so that a star's spectrum does not
        # depend on the block that it was made in
        np.dot(weights[i], table, out=depth[i])
    np.negative(depth, out=depth)
    np.exp(depth, out=depth)
    _hydrogen(depth, teff, logg, variation, GRIDS[name])
    np.subtract(1.0, depth, out=depth)
    for i in range(len(teff)):
        depth[i] += np.dot(amounts[i], curves)
    return depth


def rotation_transform(vsini: Floats, grid: Grid) -> Floats:
    """Return the Fourier transform of the rotational broadening function.

    With a linear law of limb darkening (Gray 2005, eq. 18.14), transformed by hand:
    ``[2 (1-e) J1(x)/x + 2 e (sin x - x cos x)/x^3] / (1 - e/3)``, ``x = 2 pi f vsini``.

    Parameters
    ----------
    vsini : (n_stars,)
        km/s.

    Returns
    -------
    (n_stars, n_pixels // 2 + 1)
        Real, 1 at frequency 0: equivalent widths stay.
    """
    frequency = np.fft.rfftfreq(grid.n_pixels) * (2.0 * np.pi / grid.velocity_step)
    table, step = _rotation_table()
    x = np.abs(vsini)[:, None] * frequency
    place = np.minimum(x / step, len(table) - 1.001)
    low = place.astype(np.int64)
    part = place - low
    return np.asarray(table[low] * (1.0 - part) + table[low + 1] * part)


@cache
def _rotation_table() -> tuple[Floats, float]:
    step = 0.01
    x = np.maximum(np.arange(40_000) * step, 1e-3)
    e = LIMB_DARKENING
    value = 2.0 * (1.0 - e) * j1(x) / x + 2.0 * e * (np.sin(x) - x * np.cos(x)) / x**3
    value = value / (1.0 - e / 3.0)
    value[0] = 1.0
    return np.asarray(value), step


def broaden(rows: Singles, vsini: Floats, grid: Grid) -> Singles:
    """Return spectra broadened by rotation; for tests and plots."""
    spectra = rfft(rows, axis=1) * rotation_transform(vsini, grid)
    return np.asarray(irfft(spectra, rows.shape[1], axis=1), dtype=np.float32)


def halpha_width(teff: Floats, logg: Floats) -> Floats:
    """Return the photospheric equivalent width of H-alpha within 6548-6578, in 0.1 nm."""
    width = _curve(teff, _HALPHA_WIDTH)
    # pressure makes the wings of hot stars; in cool ones gravity hardly counts
    slope = np.interp(
        np.log10(teff), np.log10([5500.0, 7500.0, 9500.0, 40000.0]), [0.0, 0.03, 0.20, 0.22]
    )
    return np.asarray(width * 10.0 ** (slope * np.clip(logg - 4.0, -2.5, 0.6)))


def _hydrogen(flux: Singles, teff: Floats, logg: Floats, variation: Floats, grid: Grid) -> None:
    """Multiply the Balmer lines into the flux, in place."""
    normal = _normal(variation)
    width = halpha_width(teff, logg) * np.exp(0.11 * normal[:, 0])
    log_t = np.log10(teff)
    nodes = np.log10([3500.0, 5800.0, 7500.0, 9500.0, 12000.0, 16000.0, 25000.0, 45000.0])
    # depth of the broad part, depth and width (0.1 nm) of the sharp core upon it
    broad = np.interp(log_t, nodes, [0.15, 0.24, 0.37, 0.43, 0.37, 0.29, 0.21, 0.17])
    core = np.interp(log_t, nodes, [0.20, 0.30, 0.36, 0.36, 0.36, 0.36, 0.34, 0.20])
    sigma = np.interp(log_t, nodes, [0.45, 0.60, 0.66, 0.68, 0.75, 0.85, 1.0, 1.1])
    core = core * np.clip(1.0 + 0.22 * normal[:, 1], 0.35, 1.5)
    broad = broad * np.clip(1.0 + 0.10 * normal[:, 2], 0.6, 1.4)
    sigma = sigma * np.exp(0.18 * normal[:, 3])
    power = (
        1.8
        + 0.5 * (variation[:, 1] - 0.5)
        + np.interp(log_t, nodes, [0.2, 0.0, 0.0, 0.1, 0.0, -0.1, -0.2, -0.2])
    )
    rest = np.maximum(width - core * sigma * np.sqrt(2.0 * np.pi), 0.12 * width)
    core = np.minimum(core, 0.88 * width / (sigma * np.sqrt(2.0 * np.pi)))
    half = np.minimum(_half_width(rest / broad, power), 13.0)
    pixels = grid.wavelength
    for number, (line, ratio) in enumerate(BALMER):
        low, high = np.searchsorted(pixels, [line - 110.0, line + 110.0])
        if low == high:
            continue
        offset = (pixels[low:high] - line).astype(np.float32)
        taper = np.clip((110.0 - np.abs(offset)) / 40.0, 0.0, 1.0)
        # towards the limit the lines share their light and grow shallow in cool stars
        fading = (
            np.ones(len(teff))
            if number == 0
            else np.interp(log_t, nodes[:4], [0.3, 0.55 if number > 1 else 0.8, 0.95, 1.0])
        )
        for i in range(len(teff)):
            wing = np.abs(offset) * np.float32(1.0 / (half[i] * ratio))
            depth = (
                (broad[i] * (1.0 + 0.12 * min(number, 4)))
                * taper
                / (1.0 + wing ** np.float32(power[i]))
            )
            depth += core[i] * np.exp(offset * offset * np.float32(-0.5 / sigma[i] ** 2))
            flux[i, low:high] *= 1.0 - np.minimum(depth * np.float32(fading[i]), 0.93)


@cache
def _width_table() -> tuple[Floats, Floats, Floats]:
    """Return powers, log half widths and the area of the profile within +-1.5 nm."""
    powers = np.linspace(1.2, 2.8, 17)
    halves = np.linspace(-1.6, 1.6, 161)
    offset = (np.arange(1500) + 0.5) * 0.01
    area = [[0.02 * np.sum(1.0 / (1.0 + (offset / 10.0**h) ** p)) for h in halves] for p in powers]
    return powers, halves, np.array(area)


def _half_width(area: Floats, power: Floats) -> Floats:
    """Return the half width at which 1/(1 + |x/h|^p) has an area within +-1.5 nm."""
    powers, halves, table = _width_table()
    place = np.clip((power - powers[0]) / (powers[1] - powers[0]), 0.0, len(powers) - 1.001)
    low = place.astype(np.int64)
    part = place - low
    result = np.empty(len(area))
    for i in range(len(area)):
        curve = table[low[i]] * (1.0 - part[i]) + table[low[i] + 1] * part[i]
        result[i] = 10.0 ** np.interp(area[i], curve, halves)
    return result


def _curve(teff: Floats, nodes: tuple[tuple[float, float], ...]) -> Floats:
    place, value = np.array(nodes).T
    return np.asarray(np.interp(np.log10(teff), np.log10(place), value))


def _normal(variation: Floats) -> Floats:
    return np.asarray(ndtri(np.clip(variation, 0.003, 0.997)))


def _mixed(normal: Floats, column: int) -> Floats:
    """Return another normal number of each star: a fixed turn of its eight."""
    direction = np.random.default_rng([20263, column]).standard_normal(normal.shape[1])
    return np.asarray((normal * (direction / np.linalg.norm(direction))).sum(axis=1))


def _ripple_weights(variation: Floats) -> Floats:
    normal = _normal(variation)
    size = 0.0012 + 0.003 * variation[:, 2] ** 2
    return np.stack([size * _mixed(normal, 100 + k) for k in range(N_RIPPLES)], axis=1) / 2.0


def doppler_pixels(velocity: Floats, grid: Grid) -> Floats:
    """Return by how many pixels a velocity in km/s shifts a spectrum."""
    return np.asarray(np.log10(1.0 + velocity / SPEED_OF_LIGHT) / grid.log_step)
