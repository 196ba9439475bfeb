"""Rotation and the spectrograph, as products in Fourier space on a log-linear wavelength grid.

On such a grid a Doppler shift is the same number of pixels everywhere, and so is the width of
a line that an instrument of constant resolving power makes: both broadenings are convolutions,
and their kernels have transforms in closed form, so that no kernel is ever sampled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import j1

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

SPEED_OF_LIGHT = 299_792.458
"""km/s."""

LIMB_DARKENING = 0.6
"""Coefficient of the linear law, the usual value in the optical (Gray 2005, section 18)."""

_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
_TAIL = 6.0  # standard deviations of the instrument's profile that are kept beyond the ends


def velocity_step(log_step: float) -> float:
    """Return the width of a pixel in km/s on a grid with this step in log10 of the wavelength."""
    return float(SPEED_OF_LIGHT * np.log(10.0) * log_step)


def instrument_sigma(resolution: float) -> float:
    """Return the standard deviation in km/s of a Gaussian of resolving power ``resolution``."""
    return float(SPEED_OF_LIGHT / resolution / _FWHM)


def rotation_profile(
    velocity: Floats, vsini: float, limb_darkening: float = LIMB_DARKENING
) -> Floats:
    """Return the broadening function of a rotating sphere, of unit area.

    Gray (2005, eq. 18.14): rigid rotation, a line of the same shape all over the disc, and
    ``I(mu) / I(1) = 1 - e + e mu``.

    Parameters
    ----------
    velocity : (m,)
        Distance from the line's centre, km/s.
    vsini
        Projected rotational velocity, km/s; above 0.
    limb_darkening
        ``e``.

    Returns
    -------
    (m,)
        Per km/s; 0 beyond ``vsini``.
    """
    e = limb_darkening
    inside = np.clip(1.0 - (np.asarray(velocity, dtype=np.float64) / vsini) ** 2, 0.0, None)
    disc = 2.0 * (1.0 - e) * np.sqrt(inside) + 0.5 * np.pi * e * inside
    return np.asarray(disc / (np.pi * vsini * (1.0 - e / 3.0)))


def rotation_transform(
    frequency: Floats, vsini: Floats, limb_darkening: float = LIMB_DARKENING
) -> Floats:
    """Return the Fourier transform of :func:`rotation_profile`.

    ``[2 (1 - e) J1(x) / x + 2 e j1(x) / x] / (1 - e / 3)`` with ``x = 2 pi f vsini``, the Bessel
    function ``J1`` and the spherical one ``j1(x) = (sin x - x cos x) / x^2``.

    Parameters
    ----------
    frequency : (m,)
        Cycles per km/s.
    vsini : (n,)
        km/s; 0 for a star that does not turn.
    limb_darkening
        ``e``.

    Returns
    -------
    (n, m)
        Real, and 1 at frequency 0: equivalent widths stay.
    """
    e = limb_darkening
    x = 2.0 * np.pi * np.multiply.outer(np.asarray(vsini, dtype=np.float64), frequency)
    small = x < 0.05  # both quotients lose their digits there; series are exact to 1e-10
    safe = np.where(small, 1.0, x)
    square = x * x
    uniform = np.where(small, 0.5 - square / 16.0 + square**2 / 384.0, j1(safe) / safe)
    sphere = np.where(
        small,
        1.0 / 3.0 - square / 30.0 + square**2 / 840.0,
        (np.sin(safe) - safe * np.cos(safe)) / safe**3,
    )
    return np.asarray(2.0 * ((1.0 - e) * uniform + e * sphere) / (1.0 - e / 3.0))


def instrument_transform(frequency: Floats, resolution: float) -> Floats:
    """Return the transform of a Gaussian line of resolving power ``resolution``, (m,)."""
    sigma = instrument_sigma(resolution)
    return np.asarray(np.exp(-2.0 * (np.pi * sigma * frequency) ** 2))


def reach(vsini: float, resolution: float | None = None) -> float:
    """Return how far from a pixel, in km/s, the flux still counts for it."""
    return vsini + (0.0 if resolution is None else _TAIL * instrument_sigma(resolution))


def broaden(
    flux: Singles,
    log_step: float,
    vsini: Floats,
    resolution: float | None = None,
    limb_darkening: float = LIMB_DARKENING,
) -> Singles:
    """Broaden spectra by rotation and by the spectrograph.

    Beyond its ends a spectrum is taken to stay at its last value; pixels closer to an end
    than :func:`reach` are as good as that.

    Parameters
    ----------
    flux : (n, m)
        Normalised flux on a grid of equal steps in log10 of the wavelength.
    log_step
        That step.
    vsini : (n,)
        km/s.
    resolution
        Resolving power, FWHM; None leaves the spectrograph out.
    limb_darkening
        Of the linear law.

    Returns
    -------
    (n, m) float32

    Raises
    ------
    ValueError
        When a ``vsini`` is negative or not finite, or their number is not that of the spectra.
    """
    flux = np.asarray(flux, dtype=np.float32)
    vsini = np.asarray(vsini, dtype=np.float64)
    if vsini.shape != flux.shape[:1]:
        raise ValueError(f"{len(flux)} spectra, but v sin i of shape {vsini.shape}")
    if len(flux) == 0:
        return flux.copy()
    if not np.all(vsini >= 0.0) or not np.all(np.isfinite(vsini)):
        raise ValueError("v sin i must be finite and 0 or above")
    n_pixels = flux.shape[1]
    step = velocity_step(log_step)
    margin = int(np.ceil(reach(float(vsini.max()), resolution) / step)) + 1
    length = next_fast_len(n_pixels + 2 * margin, real=True)
    padded = np.empty((len(flux), length), dtype=np.float32)
    padded[:, :margin] = flux[:, :1]
    padded[:, margin : margin + n_pixels] = flux
    padded[:, margin + n_pixels :] = flux[:, -1:]
    frequency = np.asarray(np.fft.rfftfreq(length, step), dtype=np.float64)
    spectrum = rfft(padded, axis=1)
    spectrum *= rotation_transform(frequency, vsini, limb_darkening).astype(np.float32)
    if resolution is not None:
        spectrum *= instrument_transform(frequency, resolution).astype(np.float32)
    return np.asarray(irfft(spectrum, length, axis=1)[:, margin : margin + n_pixels], np.float32)
