"""The LAMOST spectrographs: shape of the continuum, noise, defects.

What is done here follows measurements on real files. Medium resolution: coadds are
resampled, so that neighbouring pixels share their noise and scatter less than their ivar
says; a few columns are dead, with an ivar that does not know it; the red end has ivar 0.
Low resolution is :mod:`ingest.simulation.instrument_lrs`.

Every number is drawn from the visit's own generator, so that a visit looks the same in
whatever block it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from ingest.simulation.lines import GRIDS, Floats, Singles
from ml.spectra.air import to_vacuum

Masks = npt.NDArray[np.int16]
_HC_K = 1.438777e8  # 0.1 nm x K

#: Of a coadd: first wavelength (0.1 nm) and pixels, lowest and highest of real files.
MRS_START = {"B": (4894.0, 4900.0), "R": (6270.0, 6309.0)}
MRS_PIXELS = {"B": (4100, 4156), "R": (3692, 3824)}
MRS_STEP = 1e-5
EXPOSURE_PIXELS = 4136
#: Pixels by which the native grid of an exposure may reach beyond the coadd's, each side.
MARGIN = 50


@dataclass(frozen=True)
class ArmSpectrum:
    """A spectrum as a file holds it, in order of increasing wavelength.

    Attributes
    ----------
    arm
        B, R or L.
    exposure
        0 for a coadd, else the Local Modified Julian Minute.
    mjd
        Mid exposure, UTC.
    exposure_time
        In seconds.
    log_wavelength : (n_pixels,) or (start, step)
        log10 of vacuum wavelengths in 0.1 nm; a pair where they are log-linear.
    flux, ivar : (n_pixels,)
        Flux and inverse variance, 32-bit.
    and_mask, or_mask : (n_pixels,)
        Bits; ``and_mask`` has no meaning for a single exposure.
    n_cosmic_rays
        Spikes put in.
    """

    arm: str
    exposure: int
    mjd: float
    exposure_time: float
    log_wavelength: Floats | tuple[float, float]
    flux: Singles
    ivar: Singles
    and_mask: Masks
    or_mask: Masks
    n_cosmic_rays: int = 0

    @property
    def wavelength(self) -> Floats:
        """Vacuum wavelengths in 0.1 nm, (n_pixels,)."""
        if isinstance(self.log_wavelength, tuple):
            start, step = self.log_wavelength
            return np.asarray(10.0 ** (start + step * np.arange(len(self.flux))))
        return np.asarray(10.0**self.log_wavelength)

    @property
    def snr(self) -> float:
        """Median of flux x sqrt(ivar), as the pipeline has it; never below 0."""
        return max(float(np.median(self.flux * np.sqrt(self.ivar))), 0.0)


def continuum(wavelength: Floats, teff: float, ebv: float) -> Floats:
    """Return the shape of a star's continuum, 1 at the middle: a black body, reddened."""
    middle = wavelength[len(wavelength) // 2]
    cool = 0.93 * teff  # line blanketing makes colours redder than the black body's
    body = (middle / wavelength) ** 5 * np.expm1(_HC_K / (middle * cool))
    body = body / np.expm1(_HC_K / (wavelength * cool))
    # A(lambda)/E(B-V) of Cardelli+ 1989 is near to a power of the wavelength here
    slope = 3.1 * ((5500.0 / wavelength) ** 1.35 - (5500.0 / middle) ** 1.35)
    return np.asarray(body * 10.0 ** (-0.4 * ebv * slope))


#: Middle and width (sigma) of the blaze of each arm, 0.1 nm.
_BLAZE = {"B": (5145.0, 175.0), "R": (6600.0, 260.0)}


def wiggle(n: int, scale: float, size: float, rng: np.random.Generator) -> Floats:
    """Return a smooth curve about 1 that wanders by ``size`` on ``scale`` pixels."""
    nodes = rng.standard_normal(int(n / scale) + 3)
    place = np.arange(n) / scale
    low = place.astype(np.int64)
    part = place - low
    part = part * part * (3.0 - 2.0 * part)
    return np.asarray(1.0 + size * (nodes[low] * (1.0 - part) + nodes[low + 1] * part))


def mrs_layout(arm: str, rng: np.random.Generator) -> tuple[float, int]:
    """Draw log10 of the first wavelength and the number of pixels of a coadd."""
    low, high = MRS_START[arm]
    first = low + (high - low) * rng.random()
    n_pixels = int(rng.integers(MRS_PIXELS[arm][0], MRS_PIXELS[arm][1] + 1))
    # to a hundredth of a pixel, as the loader keeps it
    return round(float(np.log10(first)), 7), n_pixels


def coadd_mrs(
    arm: str,
    log_start: float,
    lines: Singles,
    star: tuple[float, float],
    snr: float,
    site: tuple[int, int],
    rng: np.random.Generator,
) -> ArmSpectrum:
    """Return an observed coadd of medium resolution.

    Parameters
    ----------
    arm
        B or R.
    log_start
        log10 of the first wavelength.
    lines : (n_pixels,)
        Normalised flux at instrumental resolution on the coadd's grid.
    star
        Effective temperature in K and E(B-V).
    snr
        Median of flux x sqrt(ivar) to reach.
    site
        Spectrograph and fibre: dead columns stay where they are.
    rng
        The visit's generator.
    """
    n = len(lines)
    wavelength = 10.0 ** (log_start + MRS_STEP * np.arange(n, dtype=np.float64))
    poor = rng.random() < 0.03
    shape = _shape(wavelength, arm, star, rng, poor)
    signal = lines * shape
    snr = max(float(snr), 0.02)
    level = (35.0 if arm == "B" else 50.0) * snr * np.exp(0.5 * rng.standard_normal())
    # photons, plus a floor of sky and read-out; the pipeline's variance hardly sees lines
    readout = 0.08 + 4.0 / (4.0 + snr)
    sigma = np.sqrt(shape * (1.0 - 0.5 * (1.0 - lines)) + readout * wiggle(n, 60.0, 0.03, rng))
    sigma *= float(np.median(signal / sigma)) / snr
    scale = 0.70 + 0.50 * rng.random()
    noise = correlated_noise(n, 0.60 + 0.30 * rng.random(), rng) * (scale * (2.0 if poor else 1.0))
    flux = signal + noise * sigma
    if snr < 3.0:  # a plate under clouds: what is left is the sky's residual
        wander = wiggle(n, 90.0, 1.2, rng)
        flux += sigma * (wander - np.median(wander))
    ivar = sigma**-2.0
    or_mask, and_mask = np.zeros(n, np.int16), np.zeros(n, np.int16)
    spikes = add_spikes(flux, sigma, 0.0003, rng)
    _detector_defects(arm, site, wavelength, flux, or_mask, and_mask, rng)
    share = rng.choice([0.0008, 0.0013, 0.0075], p=[0.3, 0.4, 0.3])
    ends = max(int(n * share), 2)
    flux[n - ends :] = 0.0
    ivar[n - ends :] = 0.0
    if rng.random() < 0.2:
        flux[:2] = ivar[:2] = 0.0
    return ArmSpectrum(
        arm, 0, 0.0, 0.0, (log_start, MRS_STEP),
        (flux * level).astype(np.float32), (ivar / level**2).astype(np.float32),
        and_mask, or_mask, spikes,
    )  # fmt: skip


def exposure_mrs(
    coadd: ArmSpectrum,
    lines: tuple[Floats, Singles],
    star: tuple[float, float],
    snr: float,
    rng: np.random.Generator,
) -> ArmSpectrum:
    """Return a single exposure: native pixels, not log-linear, hardly tied noise.

    Parameters
    ----------
    coadd
        Of the same arm; it gives the range of wavelengths.
    lines
        log10 of wavelengths and normalised flux that cover the coadd and the margins.
    star
        Effective temperature in K and E(B-V).
    snr
        Median of flux x sqrt(ivar) to reach.
    rng
        The visit's generator.
    """
    assert isinstance(coadd.log_wavelength, tuple)
    start, step = coadd.log_wavelength
    n = EXPOSURE_PIXELS
    end = start + step * (len(coadd.flux) - 2)
    if coadd.arm == "B":  # a coadd ends where the first of its exposures does
        start -= MARGIN * step * rng.random()
        end += MARGIN * step * rng.random()
    x = np.arange(n) / (n - 1.0)
    # d log(lambda) of a pixel falls to the red: 1.10e-5 .. 8.4e-6 and 1.0e-5 .. 7.5e-6
    bend = 0.135 * (1.0 + 0.02 * rng.standard_normal())
    log_wavelength = start + (end - start) * (x * (1.0 + bend) - bend * x * x)
    # float32 in the file: rounded here, so that what is told of it is what it holds
    log_wavelength = log_wavelength.astype(np.float32).astype(np.float64)
    wavelength = 10.0**log_wavelength
    normalised = np.interp(log_wavelength, lines[0], lines[1])
    shape = _shape(wavelength, coadd.arm, star, rng, False)
    signal = normalised * shape
    snr = max(float(snr), 0.02)
    level = (60.0 if coadd.arm == "B" else 90.0) * snr * np.exp(0.2 * rng.standard_normal())
    sigma = np.sqrt(shape * (0.4 + 0.6 * normalised) + 0.08 + 4.0 / (4.0 + snr))
    sigma *= float(np.median(signal / sigma)) / snr
    scale = (0.62 if snr < 2.0 else 0.80) + 0.3 * rng.random()
    flux = signal + sigma * scale * correlated_noise(n, 0.40, rng)
    if snr < 2.0:
        flux += sigma * (wiggle(n, 90.0, 0.5, rng) - 1.0)
    spikes = add_spikes(flux, sigma, 0.001 if snr > 3.0 else 0.0005, rng)
    mask = np.zeros(n, np.int16)
    for first in rng.integers(0, n - 8, rng.poisson(1.5)):
        mask[first : first + rng.integers(2, 7)] = rng.choice([1, 1, 1, 4])
    return replace(
        coadd,
        log_wavelength=log_wavelength,
        flux=(flux * level).astype(np.float32),
        ivar=(sigma**-2.0 / level**2).astype(np.float32),
        and_mask=mask,
        or_mask=mask,
        n_cosmic_rays=spikes,
    )


def _shape(
    wavelength: Floats, arm: str, star: tuple[float, float], rng: np.random.Generator, poor: bool
) -> Floats:
    """Return the continuum that an MRS arm records: star, blaze, errors of the flat field."""
    middle, width = _BLAZE[arm]
    n = len(wavelength)
    width *= 1.0 + 0.12 * rng.standard_normal()
    offset = (wavelength - middle - 15.0 * rng.standard_normal()) / width
    shape = continuum(wavelength, *star) * np.exp(-0.5 * offset * offset)
    shape *= wiggle(n, 1100.0, 0.03, rng) * wiggle(n, 260.0, 0.05 if poor else 0.004, rng)
    return np.asarray(shape / np.median(shape))


def correlated_noise(n: int, sigma: float, rng: np.random.Generator) -> Floats:
    """Return noise of unit scatter, its neighbours tied by resampling."""
    white = rng.standard_normal(n + 4)
    weights = np.exp(-0.5 * (np.arange(-2, 3) / sigma) ** 2)
    weights /= np.sqrt(np.sum(weights**2))
    return np.convolve(white, weights, mode="valid")


def add_spikes(flux: Floats, sigma: Floats, share: float, rng: np.random.Generator) -> int:
    """Put cosmic-ray spikes in, in place; return how many."""
    count = int(rng.poisson(share * len(flux)))
    for place in rng.integers(2, len(flux) - 2, count):
        height = 6.0 * (1.0 - rng.random()) ** -0.7 * sigma[place]
        flux[place] += min(height, 100.0 * sigma[place])
        flux[place + rng.choice([-1, 1])] += 0.45 * min(height, 100.0 * sigma[place])
    return count


def _detector_defects(
    arm: str,
    site: tuple[int, int],
    wavelength: Floats,
    flux: Floats,
    or_mask: Masks,
    and_mask: Masks,
    rng: np.random.Generator,
) -> None:
    """Dead and bad columns, in place: the same ones in every visit of a fibre."""
    own = np.random.default_rng([site[0], site[1] // 25, ord(arm)])
    low, high = wavelength[0], wavelength[-1]
    for column in range(own.integers(1, 4)):
        first = int(np.searchsorted(wavelength, own.uniform(low + 10.0, high - 10.0)))
        width = int(own.integers(4, 14))
        place = slice(first, first + width)
        if column == 0 and own.random() < 0.6:
            flux[place] = 0.0  # and an ivar that does not know it
            width = width if rng.random() < 0.6 else 0
        else:
            flux[place] *= 1.0 + 0.04 * rng.standard_normal(len(flux[place]))
        or_mask[first : first + width] |= 1
        if rng.random() < 0.15:
            and_mask[first : first + width] |= 1
    if rng.random() < 0.5:
        first = int(rng.integers(20, len(flux) - 60))
        or_mask[first : first + int(rng.integers(8, 30))] |= 1


_WATER = tuple(
    float(to_vacuum(line))
    for line in (6287.8, 6295.2, 6299.2, 6302.8, 6305.8, 6309.9, 6313.0, 6480.9, 6483.3, 6490.8,
                 6494.6, 6516.6, 6519.5, 6523.8, 6532.4, 6543.9, 6547.7, 6552.6, 6557.2, 6560.6,
                 6564.2, 6568.8, 6572.1, 6574.8, 6580.8, 6586.6, 6594.4, 6599.3)
)  # fmt: skip


@cache
def mrs_telluric() -> Singles:
    """Return the air's optical depth on the grid of the red arm, before the instrument."""
    grid = GRIDS["mrs_r"]
    wavelength = grid.wavelength
    depth = np.zeros(grid.n_pixels)
    for line in _WATER:
        depth += 0.05 * np.exp(-0.5 * ((wavelength - line) / 0.25) ** 2)
    x = (wavelength - 6869.0) / 20.0
    comb = 1.0 + np.sin(2.0 * np.pi * (wavelength - 6869.0) / 4.3)
    depth += 0.22 * comb * np.where(x > 0, np.exp(-np.clip(x, 0.0, 30.0)), 0.0)
    return depth.astype(np.float32)
