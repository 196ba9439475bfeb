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

import numpy as np

from ingest.simulation.lines import H_ALPHA, Floats, Grid, Singles
from ingest.simulation.model import Stars

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


def kernels(stars: Stars, grid: Grid) -> Singles:
    """Return the velocity profile of each star's permitted emission lines.

    Parameters
    ----------
    stars
        Stars with emission; those without a disc give a narrow line.
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
    row = _disc(stars, i, grid) if disc else _gaussian(0.0, 9.0, grid)
    if disc and stars.p_cygni[i]:
        row = _gaussian(0.0, 45.0 + 60.0 * stars.variation[i, 6], grid)
    absorbed, profile = 0.0, row
    strength = max(float(stars.emission_ew[i]), 1e-3)
    if stars.p_cygni[i]:
        speed = 80.0 + 200.0 * stars.variation[i, 7]
        profile = _gaussian(-speed, 25.0 + 0.25 * speed, grid)
        absorbed = 0.15 + 0.9 * stars.variation[i, 5]
    elif disc and stars.inclination[i] > 75.0:
        # seen through the disc's edge: narrow, and deeper the flatter it lies in our sight
        profile = _gaussian(0.0, 10.0 + 14.0 * stars.variation[i, 7], grid)
        absorbed = (stars.inclination[i] - 75.0) / 15.0 * (0.4 + 0.6 * stars.variation[i, 6])
    if absorbed:
        row = row * (1.0 + absorbed / strength) - profile * (absorbed / strength)
    return row


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
    row = _smooth(row, 8.0 + 8.0 * stars.variation[i, 6], grid)
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
    disc = stars.disc_radius > 1.0
    permitted = np.zeros((len(stars), grid.n_pixels))
    forbidden = np.zeros((len(stars), grid.n_pixels))
    width = np.maximum(stars.emission_ew, 0.0)
    _add(permitted, grid, H_ALPHA, width)
    for wavelength, ratio in _DISC_LINES:
        jitter = 0.4 + 1.2 * stars.variation[:, 4]
        _add(permitted, grid, wavelength, np.where(disc, width * ratio * jitter, 0.0))
    for wavelength, ratio in _NEBULAR_LINES:
        _add(permitted, grid, wavelength, np.where(disc, 0.0, width * ratio))
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
