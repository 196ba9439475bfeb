"""Emission: Keplerian discs, shells, winds and nebulae.

A disc's line is the sum over rings, each with the double-horned profile of a ring that
turns at the speed of Kepler; the peaks stand at the speed of the outer edge, the wings
reach to that of the inner one (Smak 1969; Horne & Marsh 1986):
``separation = 2 v_K(R_out) sin i``.

The profile is a kernel in velocity, of sum 1, with which the lines of
:func:`emission_lines` are convolved; a star's H-alpha emission so has exactly its
``emission_ew``, whatever its shape. Shell and P Cygni absorption are a negative part of
the kernel, made up for by the positive one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingest.simulation.lines import H_ALPHA, Floats, Grid, Singles
from ingest.simulation.model import Stars

EPOCH = 58000.0  # MJD of phase 0 of orbits and of the waves in discs
SHELL_INCLINATION = 72.0  # deg; seen flatter, a disc absorbs its star's light
N_RINGS = 28
N_ANGLES = 96

# vacuum wavelength and width relative to H-alpha's of what a Be star's disc emits
_DISC_LINES = (
    (4862.69, 0.20), (4341.69, 0.06), (4102.90, 0.02), (6679.99, 0.018), (5877.25, 0.015),
    (5170.47, 0.008), (5019.83, 0.008), (4925.31, 0.006), (5318.1, 0.009), (5235.9, 0.004),
    (5277.5, 0.005), (6457.5, 0.004), (6518.0, 0.003), (6433.0, 0.002), (8448.7, 0.08),
    (8500.4, 0.02), (8544.4, 0.03), (8664.5, 0.03), (8865.2, 0.03),
)  # fmt: skip
# the same for a nebula; H-alpha is the star's emission_ew, its neighbours go with nebular
_NEBULAR_LINES = (
    (4862.69, 0.30), (4341.69, 0.12), (4102.90, 0.06), (6679.99, 0.012), (5877.25, 0.035),
    (8448.7, 0.003),
)  # fmt: skip
_FORBIDDEN_LINES = (
    (6549.86, 0.11), (6585.27, 0.33), (6718.29, 0.12), (6732.67, 0.10), (4960.30, 0.25),
    (5008.24, 0.75), (3727.1, 0.25), (3729.9, 0.30), (4364.4, 0.005), (6313.8, 0.004),
    (9071.1, 0.15),
)  # fmt: skip


def peak_separation(disc_rotation: Floats, disc_radius: Floats, inclination: Floats) -> Floats:
    """Return ``2 v_K(R_out) sin i`` in km/s.

    Parameters
    ----------
    disc_rotation
        Speed of Kepler at the star's surface, km/s.
    disc_radius
        Outer radius in stellar radii.
    inclination
        In degrees, 90 is edge-on.
    """
    edge = disc_rotation / np.sqrt(np.maximum(disc_radius, 1.0))
    return np.asarray(2.0 * edge * np.sin(np.radians(inclination)))


def at_time(stars: Stars, mjd: Floats) -> Stars:
    """Return stars with the emission that they have at a time.

    Half of the discs and winds are steady; those of the others grow and fade by up to 40 per
    cent in one to ten years. The one-armed wave of a disc goes round in three to ten years,
    and violet and red peaks change places.

    Parameters
    ----------
    stars
        As at :data:`EPOCH`, but for the phase of their changes.
    mjd : (n_stars,)
        Modified Julian Date, one a star.
    """
    variation = stars.variation
    days = mjd - EPOCH
    amplitude = 0.4 * np.clip(2.0 * variation[:, 3] - 1.0, 0.0, 1.0) * (stars.nebular <= 0.0)
    turns = days / (365.0 * 10.0 ** variation[:, 4]) + variation[:, 1]
    wave = np.cos(2.0 * np.pi * days / (1100.0 + 2500.0 * variation[:, 0]))
    return replace(
        stars,
        # rounded, since the last bits of a sine depend on how many are computed at once
        emission_ew=np.round(
            stars.emission_ew * (1.0 + amplitude * np.sin(2.0 * np.pi * turns)), 6
        ),
        disc_v_over_r=np.round(stars.disc_v_over_r * wave, 6),
    )


def kernels(stars: Stars, grid: Grid) -> Singles:
    """Return the velocity profile of each star's permitted emission lines.

    Parameters
    ----------
    stars
        Stars with emission: a nebula's is narrow, that of a star without a disc a wind's.
    grid
        On which lines are made.

    Returns
    -------
    (n_stars, n_pixels)
        Of sum 1, velocity 0 at pixel 0, wrapped around as a discrete Fourier transform
        takes it.
    """
    rows = np.zeros((len(stars), grid.n_pixels))
    for i in range(len(stars)):
        rows[i] = _kernel(stars, i, grid)
    return rows.astype(np.float32)


def _kernel(stars: Stars, i: int, grid: Grid) -> Floats:
    disc = stars.disc_radius[i] > 1.0 and stars.disc_rotation[i] > 0.0
    if stars.nebular[i] > 0.0:
        return _gaussian(0.0, 9.0, grid)
    wind = bool(stars.p_cygni[i]) or not disc
    row = _wind(stars, i, grid) if wind else _disc(stars, i, grid)
    absorbed, profile = 0.0, row
    strength = max(float(stars.emission_ew[i]), 1e-3)
    if stars.p_cygni[i]:
        speed = 80.0 + 200.0 * stars.variation[i, 7]
        profile = _gaussian(-speed, 25.0 + 0.25 * speed, grid)
        absorbed = 0.15 + 0.9 * stars.variation[i, 5]
    elif disc and stars.inclination[i] > SHELL_INCLINATION:
        # seen through the disc's edge: narrow, and deeper the flatter it lies in our sight
        profile = _gaussian(0.0, 10.0 + 14.0 * stars.variation[i, 7], grid)
        flat = (stars.inclination[i] - SHELL_INCLINATION) / (90.0 - SHELL_INCLINATION)
        absorbed = np.sqrt(flat) * (0.25 + 0.55 * stars.variation[i, 4])
    if absorbed:
        row = row * (1.0 + absorbed / strength) - profile * (absorbed / strength)
    return row


def _wind(stars: Stars, i: int, grid: Grid) -> Floats:
    """Return the line of a wind: one broad peak, or two, as of a flattened one."""
    sigma = 45.0 + 60.0 * stars.variation[i, 6]
    apart = 1.4 * sigma if stars.variation[i, 4] < 0.3 else 0.0
    violet = 0.25 + 0.5 * stars.variation[i, 3]
    row = violet * _gaussian(-apart, sigma, grid) + (1.0 - violet) * _gaussian(apart, sigma, grid)
    return np.asarray(row)


def _disc(stars: Stars, i: int, grid: Grid) -> Floats:
    edge = float(stars.disc_radius[i])
    power = 1.2 + 1.2 * stars.variation[i, 5]  # of the emission of a unit area with radius
    # rings evenly spread in velocity, so that no gap shows between two of them
    speed = 1.0 - (1.0 - edge**-0.5) * (np.arange(N_RINGS) + 0.5) / N_RINGS
    radius = speed**-2.0
    light = radius ** (1.0 - power) * speed**-3.0
    angle = (np.arange(N_ANGLES) + 0.5) * np.pi / N_ANGLES
    velocity = stars.disc_rotation[i] * np.sin(np.radians(stars.inclination[i]))
    shifts = velocity * speed[:, None] * np.cos(angle)  # (n_rings, n_angles)
    # positive asymmetry: the violet peak is the stronger one
    weights = light[:, None] * (1.0 - stars.disc_v_over_r[i] * np.cos(angle))
    row = deposit(shifts.ravel() / grid.velocity_step, weights.ravel(), grid.n_pixels)
    # light scattered in the line itself fills the middle: strong lines of dense discs are single
    thick = min(float(stars.emission_ew[i]) / 20.0, 1.0)
    row = _smooth(row, 8.0 + (8.0 + 45.0 * thick) * stars.variation[i, 6], grid)
    scattered = 0.10 + 0.25 * stars.variation[i, 7]  # by free electrons: broad wings
    return (1.0 - scattered) * row + scattered * _smooth(row, 180.0, grid)


def deposit(pixel: Floats, weight: Floats, n_pixels: int) -> Floats:
    """Share weights between the two pixels next to each place, wrapped; sum 1."""
    low = np.floor(pixel).astype(np.int64)
    part = pixel - low
    row = np.bincount(low % n_pixels, weight * (1.0 - part), n_pixels)
    row = row + np.bincount((low + 1) % n_pixels, weight * part, n_pixels)
    return np.asarray(row / row.sum())


def _smooth(row: Floats, sigma: float, grid: Grid) -> Floats:
    frequency = np.fft.rfftfreq(grid.n_pixels)
    damping = np.exp(-2.0 * (np.pi * frequency * sigma / grid.velocity_step) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(row) * damping, grid.n_pixels))


def _gaussian(velocity: float, sigma: float, grid: Grid) -> Floats:
    sigma = max(sigma, grid.velocity_step)
    n = grid.n_pixels
    x = ((np.arange(n) + n // 2) % n - n // 2) * grid.velocity_step
    row = np.exp(-0.5 * ((x - velocity) / sigma) ** 2)
    return np.asarray(row / row.sum())


def emission_lines(stars: Stars, grid: Grid) -> tuple[Singles, Singles]:
    """Return permitted and forbidden lines as peaks of one pixel's width.

    Returns
    -------
    permitted : (n_stars, n_pixels)
        To be convolved with :func:`kernels`.
    forbidden : (n_stars, n_pixels)
        Narrow as they are.
    """
    disc, nebula = stars.disc_radius > 1.0, stars.nebular > 0.0
    permitted = np.zeros((len(stars), grid.n_pixels))
    forbidden = np.zeros((len(stars), grid.n_pixels))
    width = np.maximum(stars.emission_ew, 0.0)
    _add(permitted, grid, H_ALPHA, width)
    for wavelength, ratio in _DISC_LINES:
        jitter = 0.4 + 1.2 * stars.variation[:, 4]
        _add(permitted, grid, wavelength, np.where(disc, width * ratio * jitter, 0.0))
    for wavelength, ratio in _NEBULAR_LINES:
        _add(permitted, grid, wavelength, np.where(nebula, width * ratio, 0.0))
    # a wind's other lines fill less of theirs
    _add(permitted, grid, _NEBULAR_LINES[0][0], np.where(disc | nebula, 0.0, width * 0.06))
    narrow = np.maximum(stars.nebular, 0.0) * np.maximum(width, 0.3)
    for wavelength, ratio in _FORBIDDEN_LINES:
        excited = 4900.0 < wavelength < 5100.0  # [O III] goes with the heat of the star
        scale = np.clip((stars.teff - 25000.0) / 12000.0, 0.1, 2.0) if excited else 1.0
        _add(forbidden, grid, wavelength, narrow * ratio * scale)
    return permitted.astype(np.float32), forbidden.astype(np.float32)


def _add(rows: Floats, grid: Grid, wavelength: float, width: Floats) -> None:
    pixel = float(grid.pixel(wavelength))
    low = int(np.floor(pixel))
    if not 0 <= low < grid.n_pixels - 1:
        return
    part = pixel - low
    height = width / (wavelength * np.log(10.0) * grid.log_step)
    rows[:, low] += height * (1.0 - part)
    rows[:, low + 1] += height * part
