"""Near-infrared spectra of simulated stars, 1.51-1.70 micron: hydrogen, helium, metals, molecules.

No model atmosphere: lines have the right places, and strengths that rise and fall with Teff,
log g and [Fe/H] in the right direction. Brackett lines are widest and deepest near 9,300 K and
broader at high gravity; He II shows in O stars; metal lines grow with
[Fe/H] and fade with Teff; the bands of CO are stronger in giants, those of OH and water in dwarfs
below 4,000 K. Strong metal lines stand where APOGEE sees them; a forest of weak ones stands at
places that were drawn once.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

#: The grid of apStar files.
N_PIXELS, LOG_START, LOG_STEP = 8575, 4.179, 6e-6
WAVELENGTH: Floats = np.asarray(10.0 ** (LOG_START + LOG_STEP * np.arange(N_PIXELS)))

#: Resolving power, and the width of a pixel in km/s.
RESOLUTION = 22_500.0
PIXEL_KM_S = 299_792.458 * np.log(10.0) * LOG_STEP

#: 1 / (Rydberg constant of hydrogen), 0.1 nm; upper levels of the Brackett lines in the window.
_RYDBERG = 1.0 / 1.0967758e-3
_BRACKETT = range(10, 22)

#: Vacuum wavelength (0.1 nm), depth at 4,500 K and solar abundance: lines of neutral Mg, Al, Si,
#: K, Ca, Mn, Fe, Ti, V, Co, Ni, Cu in the window.
_STRONG = (
    (15029.1, 0.35), (15044.3, 0.30), (15051.8, 0.25), (15167.2, 0.20), (15172.5, 0.20),
    (15198.6, 0.30), (15211.7, 0.35), (15221.6, 0.25), (15249.2, 0.28), (15298.7, 0.40),
    (15339.6, 0.35), (15381.0, 0.25), (15399.9, 0.22), (15548.0, 0.18), (15595.8, 0.30),
    (15625.9, 0.38), (15636.2, 0.35), (15652.8, 0.25), (15666.3, 0.22), (15696.1, 0.25),
    (15719.7, 0.16), (15744.9, 0.45), (15753.2, 0.50), (15770.1, 0.48), (15822.5, 0.25),
    (15839.5, 0.22), (15872.9, 0.30), (15882.8, 0.28), (15888.8, 0.28), (15890.5, 0.26),
    (15892.7, 0.35), (15910.4, 0.25), (15964.4, 0.42), (15985.1, 0.25), (16014.0, 0.20),
    (16045.0, 0.25), (16064.4, 0.38), (16099.2, 0.36), (16106.8, 0.25), (16140.8, 0.20),
    (16155.2, 0.25), (16161.8, 0.24), (16168.1, 0.35), (16202.9, 0.25), (16212.2, 0.25),
    (16220.1, 0.30), (16236.1, 0.26), (16328.9, 0.25), (16369.3, 0.25), (16384.7, 0.28),
    (16439.4, 0.25), (16491.2, 0.35), (16511.2, 0.25), (16536.5, 0.25), (16589.0, 0.24),
    (16617.3, 0.22), (16650.4, 0.25), (16685.3, 0.35), (16723.5, 0.50), (16755.2, 0.45),
    (16767.9, 0.48), (16832.8, 0.30), (16903.5, 0.22), (16904.8, 0.25),
)  # fmt: skip

#: Bandheads of CO, 3-0 and on.
_CO = (15582.0, 15780.0, 15982.0, 16189.0, 16397.0, 16611.0, 16840.0)

#: 13-7 and 12-7 of He II; He I at 17,007 lies just outside of the window.
_HE_II = (15_723.4, 16_923.1)


@cache
def _forest() -> tuple[Floats, Floats, Floats, Floats]:
    """Return places and depths of weak metal lines, and of lines of OH."""
    rng = np.random.default_rng(1_701)
    metals = rng.uniform(WAVELENGTH[0], WAVELENGTH[-1], 240)
    oh = rng.uniform(WAVELENGTH[0], WAVELENGTH[-1], 120)
    return metals, rng.gamma(1.5, 0.04, 240), oh, rng.gamma(2.0, 0.06, 120)


def normalised_spectra(teff: Floats, logg: Floats, fe_h: Floats, vsini: Floats) -> Singles:
    """Return spectra over their continuum, at rest, at APOGEE's resolution.

    Parameters
    ----------
    teff, logg, fe_h, vsini : (n,)
        K, log10 of cm/s2, dex, km/s.

    Returns
    -------
    (n, 8575)
        Between 0 and 1.
    """
    teff, logg, fe_h, vsini = (
        np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in (teff, logg, fe_h, vsini)
    )
    out = np.empty((len(teff), N_PIXELS), dtype=np.float32)
    for first in range(0, len(teff), 128):
        rows = slice(first, first + 128)
        out[rows] = _block(teff[rows], logg[rows], fe_h[rows], vsini[rows])
    return out


def _block(teff: Floats, logg: Floats, fe_h: Floats, vsini: Floats) -> Floats:
    depth = _metals(teff, logg, fe_h) + _helium(teff)
    sigma = np.hypot(299_792.458 / RESOLUTION / 2.3548, 0.55 * vsini) / PIXEL_KM_S
    blurred = _blurred(depth, sigma)
    # the cores of lines that lie on each other do not fall below nothing
    return (
        np.exp(-blurred) * (1.0 - _hydrogen(teff, logg, vsini)) * (1.0 - _bands(teff, logg, fe_h))
    )


def _blurred(depth: Floats, sigma: Floats) -> Floats:
    """Return depths, (n, p), convolved with Gaussians of width sigma (n,), in pixels."""
    size = 9216
    frequency = np.fft.rfftfreq(size)
    kernel = np.exp(-2.0 * (np.pi * frequency[None, :] * sigma[:, None]) ** 2)
    return np.fft.irfft(np.fft.rfft(depth, size, axis=1) * kernel, size, axis=1)[:, :N_PIXELS]


def _put(depth: Floats, wavelength: Floats, area: Floats) -> None:
    """Add lines of the given areas, (n, m) in pixels, at the nearest two pixels."""
    place = (np.log10(wavelength) - LOG_START) / LOG_STEP
    fine = (place >= 0) & (place < N_PIXELS - 1)
    node = np.floor(place[fine]).astype(int)
    part = place[fine] - node
    for shift, share in ((0, 1.0 - part), (1, part)):
        for line, pixel in enumerate(node + shift):
            depth[:, pixel] += area[:, np.flatnonzero(fine)[line]] * share[line]


def _metals(teff: Floats, logg: Floats, fe_h: Floats) -> Floats:
    depth = np.zeros((len(teff), N_PIXELS))
    log_t = np.log10(teff)
    neutral = 1.0 / (1.0 + np.exp((log_t - 3.80) / 0.035)) * (4500.0 / teff) ** 0.8
    metals = 10.0 ** (0.65 * fe_h)
    gravity = 1.0 - 0.10 * (logg - 3.0)
    strong, forest = np.array(_STRONG), _forest()
    width = 3.4  # pixels, an unsaturated line of depth 1
    _put(depth, strong[:, 0], (neutral * metals * gravity)[:, None] * strong[:, 1] * width)
    _put(depth, forest[0], (neutral * metals * gravity)[:, None] * forest[1] * width)
    cool = np.clip((4600.0 - teff) / 1400.0, 0.0, 1.2) * 10.0 ** (0.4 * fe_h)
    _put(depth, forest[2], (cool * (0.5 + 0.2 * logg))[:, None] * forest[3] * width)
    return depth


def _helium(teff: Floats) -> Floats:
    depth = np.zeros((len(teff), N_PIXELS))
    strength = 0.35 * np.clip((np.log10(teff) - 4.42) / 0.25, 0.0, 1.0)
    _put(depth, np.array(_HE_II), np.repeat((strength * 12.0)[:, None], 2, axis=1))
    return depth


def _hydrogen(teff: Floats, logg: Floats, vsini: Floats) -> Floats:
    """Return 1 minus the flux in the Brackett lines, (n, p)."""
    log_t = np.log10(teff)
    side = np.where(log_t < 3.97, 0.085, 0.34)
    strength = np.exp(-(((log_t - 3.97) / side) ** 2))
    through = np.ones((len(teff), N_PIXELS))
    for level in _BRACKETT:
        centre = _RYDBERG / (1.0 / 16.0 - 1.0 / level**2)
        stark = 10.0 ** (0.32 * (logg - 4.0)) * (level / 11.0) ** 1.1
        half = np.hypot(18.0 * stark, centre * vsini / 299_792.458)  # 0.1 nm
        core = 0.42 * strength * (11.0 / level) ** 1.4 * (18.0 / half) ** 0.35
        core = np.minimum(core, 0.8)
        x = (WAVELENGTH[None, :] - centre) / half[:, None]
        through *= 1.0 - core[:, None] / (1.0 + x**2) ** 1.25
    return 1.0 - through


def _bands(teff: Floats, logg: Floats, fe_h: Floats) -> Floats:
    """Return 1 minus the flux in the bands of CO and water, (n, p)."""
    cool = np.clip((5000.0 - teff) / 1500.0, 0.0, 1.2)
    co = 0.30 * cool * 10.0 ** (0.45 * fe_h) * np.clip(1.45 - 0.25 * logg, 0.1, 1.6)
    through = np.ones((len(teff), N_PIXELS))
    for head in _CO:
        behind = WAVELENGTH - head
        shape = np.where(
            behind > 0, np.exp(-behind / 60.0) * (0.75 + 0.25 * np.cos(behind / 1.6)), 0
        )
        through *= 1.0 - np.minimum(co, 0.7)[:, None] * shape
    water = 0.25 * np.clip((3800.0 - teff) / 800.0, 0.0, 1.0) * np.clip(0.2 * logg, 0.1, 1.0)
    edge = np.abs(WAVELENGTH - 16_200.0) / 1000.0
    through *= 1.0 - water[:, None] * np.clip(edge, 0.0, 1.0) ** 2
    return 1.0 - through


def equivalent_width(flux: Singles, low: float, high: float) -> Floats:
    """Return equivalent widths, (n,), 0.1 nm, of normalised spectra between two wavelengths."""
    inside = (low <= WAVELENGTH) & (high >= WAVELENGTH)
    width = np.gradient(WAVELENGTH)[inside]
    return np.asarray(((1.0 - flux[:, inside]) * width).sum(axis=1))
