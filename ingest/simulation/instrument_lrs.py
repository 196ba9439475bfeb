"""The low-resolution spectrographs of LAMOST: shape, noise, sky, the joint of the arms.

Two arms meet at 5850-5950; sky lines are not taken away well; files of the first release
have ivar 0 in the telluric A band and wherever the S/N is low, but keep the flux there.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ingest.simulation.instrument import (
    ArmSpectrum,
    add_spikes,
    continuum,
    correlated_noise,
    wiggle,
)
from ingest.simulation.lines import Floats, Singles

LRS_LOG_START, LRS_STEP = 3.5682, 1e-4


def observe_lrs(
    lines: Singles,
    star: tuple[float, float],
    snr: tuple[float, float],
    old: bool,
    rng: np.random.Generator,
) -> ArmSpectrum:
    """Return an observed spectrum of low resolution.

    Parameters
    ----------
    lines : (n_pixels,)
        Normalised flux at instrumental resolution, from 3700 in steps of 1e-4 dex.
    star
        Effective temperature in K and E(B-V).
    snr
        Median of flux x sqrt(ivar) to reach in 4000-5500 and in 6600-6800.
    old
        Whether as the first release has it: ivar 0 in the A band and at low S/N.
    rng
        The visit's generator.
    """
    n = len(lines)
    wavelength = _lrs_wavelength(n)
    poor = rng.random() < 0.05
    # light from elsewhere that was not taken away makes lines shallower
    lines = 1.0 - (1.0 - lines) * np.float32(1.0 - 0.2 * rng.random() ** 2)
    shape = continuum(wavelength, *star)
    # relative flux calibration: slopes of ten and more per cent between ends
    slope = (wavelength - 6000.0) / 2500.0
    shape *= np.exp(slope * 0.12 * rng.standard_normal())
    shape *= wiggle(n, 500.0, 0.02, rng) * wiggle(n, 120.0, 0.025 if poor else 0.006, rng)
    shape *= _join(wavelength, poor, rng)
    signal = lines * shape * _telluric(wavelength, rng)
    # light per pixel through mirrors and gratings: low at both ends and where arms meet
    light = np.clip(shape * _throughput(wavelength), 1e-5, None)
    sky = _sky(n)
    faint = 4.0 / (4.0 + max(snr[1], 0.1))
    error = np.sqrt(light * (0.3 + 0.7 * lines) + faint * (0.2 + sky) + 0.02) / light * shape
    blue = (wavelength > 4000.0) & (wavelength < 5500.0)
    red = (wavelength > 6600.0) & (wavelength < 6800.0)
    target = np.log(np.maximum([snr[0], snr[1]], 0.05))
    now = np.log([np.median((signal / error)[part]) for part in (blue, red)])
    step = np.clip((wavelength - 5300.0) / 900.0, 0.0, 1.0)
    error *= np.exp(now[0] - target[0] + step * (now[1] - target[1] - now[0] + target[0]))
    # the older files are smoother: exposures were put together in another way
    scale = np.exp((-0.30 if old else -0.17) + 0.22 * rng.standard_normal())
    scale *= 1.6 if poor else 1.0
    noise = scale * correlated_noise(n, 0.45 if old else 0.33, rng) * error
    for line, size in (
        (5578.9, 0.14 if old else 0.06),
        (6302.0, 0.15 if old else 0.04),
        (6365.5, 0.04 if old else 0.015),
    ):
        width = 4.0 * (1.0 + 0.3 * rng.standard_normal())
        amount = min(size * np.exp(0.9 * rng.standard_normal()), 1.4)
        near = slice(*np.searchsorted(wavelength, [line - 14.0, line + 14.0]))
        x = (wavelength[near] - line) / width
        noise[near] += (
            shape[near] * amount * 1.3 * np.exp(-0.5 * x * x) * rng.standard_normal(len(x))
        )
    residual = 0.004 * sky * np.exp(0.5 * rng.standard_normal()) * faint * 4.0
    noise += shape * residual * rng.standard_normal(n)
    flux = signal + noise
    level = 6.0 * max(float(snr[1]), 0.5) * np.exp(0.9 * rng.standard_normal())
    spikes = add_spikes(flux, error, 0.0003 if old else 0.001, rng)
    ivar = error**-2.0
    # the last pixels hold nothing, and an ivar that does not know it
    empty = int(rng.choice([0, 1, 5, 15, 30, 48], p=[0.15, 0.25, 0.2, 0.2, 0.15, 0.05]))
    flux[n - empty :] = 0.0
    if old:
        _old_zeros(wavelength, signal / error, ivar, rng)
    elif rng.random() < 0.1:
        first = int(rng.integers(0, n - 40))
        ivar[first : first + int(rng.integers(3, 40))] = 0.0
    zeros = np.zeros(n, np.int16)
    return ArmSpectrum(
        "L", 0, 0.0, 0.0, (LRS_LOG_START, LRS_STEP),
        (flux * level).astype(np.float32), (ivar / level**2).astype(np.float32),
        zeros, zeros.copy(), spikes,
    )  # fmt: skip


@cache
def _lrs_wavelength(n: int) -> Floats:
    return np.asarray(10.0 ** (LRS_LOG_START + LRS_STEP * np.arange(n)))


def _throughput(wavelength: Floats) -> Floats:
    nodes = [3690, 3800, 4000, 4300, 4700, 5300, 5750, 5880, 6000, 6300, 7000, 8000, 8600, 9000,
             9100]  # fmt: skip
    value = [0.02, 0.06, 0.25, 0.55, 0.9, 0.9, 0.5, 0.42, 0.6, 0.9, 1.2, 1.2, 0.9, 0.55, 0.35]
    return np.asarray(np.interp(wavelength, nodes, value))


@cache
def _sky(n: int) -> Floats:
    """Return the night sky in units of a faint star: lines, and OH bands to the red."""
    wavelength = _lrs_wavelength(n)
    sky = 0.15 + 0.0 * wavelength
    rng = np.random.default_rng(20270)
    for line in (7245.0, 7278.0, 7318.0, 7343.0, 7717.0, 7752.0, 7796.0, 7823.0, 7855.0, 7915.0,
                 7966.0, 7995.0, 8027.0, 8290.0, 8346.0, 8401.0, 8432.0, 8467.0, 8506.0, 8778.0,
                 8830.0, 8888.0, 8922.0, 8960.0, 9004.0, 9040.0):  # fmt: skip
        sky += (0.4 + rng.random()) * np.exp(-0.5 * ((wavelength - line) / 3.5) ** 2)
    for line, height in ((5578.9, 3.0), (6302.0, 1.2), (6365.5, 0.5), (5892.5, 0.5)):
        sky += height * np.exp(-0.5 * ((wavelength - line) / 3.0) ** 2)
    return sky


def _join(wavelength: Floats, poor: bool, rng: np.random.Generator) -> Floats:
    """Return the error where the blue and the red arm are put together."""
    amount = 0.035 * np.exp(0.7 * rng.standard_normal()) * (3.0 if poor else 1.0)
    part = slice(*np.searchsorted(wavelength, [5600.0, 6200.0]))
    x = (wavelength[part] - 5900.0) / 75.0
    curve = np.ones(len(wavelength))
    wave = np.sin(2.2 * x + 6.28 * rng.random()) + 0.7 * rng.standard_normal()
    curve[part] += min(amount, 0.5) * np.exp(-0.5 * x * x) * wave
    ripple = wiggle(len(x), 9.0, 0.4 * min(amount, 0.3), rng)
    curve[part] *= 1.0 + (ripple - 1.0) * np.exp(-0.5 * (x / 0.8) ** 2)
    return curve


@cache
def _telluric_depth(n: int) -> Floats:
    wavelength = _lrs_wavelength(n)
    depth = np.zeros(n)
    for head, tail, strength in ((6869.0, 22.0, 0.18), (7596.0, 28.0, 0.45), (6278.5, 14.0, 0.03)):
        x = (wavelength - head) / tail
        depth += strength * np.where(x > 0, np.exp(-(np.clip(x, 0.0, 30.0) ** 1.5)), 0.0)
    for line, width, strength in ((7200.0, 45.0, 0.08), (7290.0, 40.0, 0.05), (8175.0, 60.0, 0.05),
                                  (8235.0, 40.0, 0.07), (8970.0, 60.0, 0.12),
                                  (6515.0, 20.0, 0.012), (6570.0, 6.0, 0.008)):  # fmt: skip
        depth += strength * np.exp(-0.5 * ((wavelength - line) / width) ** 2)
    return depth


def _telluric(wavelength: Floats, rng: np.random.Generator) -> Floats:
    """Return what is left of the earth's air after correction: too much or too little."""
    amount = 0.25 + 0.35 * rng.standard_normal()
    return 1.0 - amount * _telluric_depth(len(wavelength))


def _old_zeros(wavelength: Floats, snr: Floats, ivar: Floats, rng: np.random.Generator) -> None:
    """Set ivar to 0 as files of the first release have it; their flux stays."""
    first = int(np.searchsorted(wavelength, 7580.5))
    ivar[first : first + 57] = 0.0
    ends = int(rng.choice([0, 5, 20, 38], p=[0.25, 0.3, 0.25, 0.2]))
    if ends:
        ivar[len(ivar) - ends :] = 0.0
    # up to half of the pixels of a poor file, never all of them
    ivar[snr < min(3.0 + 4.0 * rng.random(), float(np.median(snr)))] = 0.0
