"""Spectra of simulated visits: star, disc, companion, interstellar lines, instrument.

All broadening happens in Fourier space, where rotation, the instrument, the shift to the
star's velocity and to the file's own grid are products:

``flux = 1 - photosphere * rotation + lines * disc - interstellar``, all of it times
instrument.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from ingest.simulation.disc import EPOCH, SHELL_INCLINATION, at_time, emission_lines, kernels
from ingest.simulation.instrument import (
    MARGIN,
    ArmSpectrum,
    coadd_mrs,
    exposure_mrs,
    mrs_layout,
    mrs_telluric,
)
from ingest.simulation.instrument_lrs import LRS_LOG_START, observe_lrs
from ingest.simulation.lines import GRIDS, SPEED_OF_LIGHT, Floats, Grid, Singles, interstellar
from ingest.simulation.model import Stars, Visits
from ingest.simulation.photosphere import absorption, doppler_pixels, rotation_transform
from ingest.simulation.profiles import Seen, seen

BLOCK = 32  # visits at a time: what they need stays in the cache of a core
EXPOSURE_SECONDS = 1200
N_EXPOSURES = 3
#: Peking time is eight hours ahead.
_BEIJING_DAYS = 8.0 / 24.0

Complex = npt.NDArray[np.complexfloating]

# Not the operator: for large arrays numpy lets that write into one of its operands, which
# rounds differently, and a spectrum would depend on the size of the block it is made in.
multiply = np.multiply


@dataclass(frozen=True)
class VisitSpectra:
    """All spectra of a visit.

    Attributes
    ----------
    visit
        Index into the visits.
    arms
        Coadds first, then single exposures.
    emission_ew
        Equivalent width of H-alpha emission put in, 0.1 nm, positive.
    rv
        Heliocentric velocity of the (primary) star at the time, km/s.
    emission
        What the coadd with H-alpha shows of the emission.
    """

    visit: int
    arms: tuple[ArmSpectrum, ...]
    emission_ew: float
    rv: float
    emission: Seen

    @property
    def emission_peak(self) -> float:
        """Greatest height of the emission above the photosphere, in units of the continuum."""
        return self.emission.peak

    @property
    def emission_significance(self) -> float:
        """S/N of the emission, summed over its pixels."""
        return self.emission.significance

    @property
    def profile(self) -> int:
        """Class of the profile of H-alpha: index into :data:`~.profiles.PROFILES`."""
        return self.emission.profile

    @property
    def n_cosmic_rays(self) -> int:
        """Spikes in the coadds."""
        return sum(arm.n_cosmic_rays for arm in self.arms if arm.exposure == 0)


def synthesise(stars: Stars, visits: Visits, rows: npt.NDArray[np.integer]) -> list[VisitSpectra]:
    """Make the spectra of some visits.

    Parameters
    ----------
    stars, visits
        The survey.
    rows : (n,)
        Which visits, in whatever order and number: what comes out for a visit depends on
        the star and on ``visits.seed`` only.

    Returns
    -------
    list of VisitSpectra
        In the order of ``rows``.
    """
    rows = np.asarray(rows, dtype=np.int64)
    done: dict[int, VisitSpectra] = {}
    for resolution, make in (("mrs", _medium), ("lrs", _low)):
        chosen = rows[visits.resolution[rows] == resolution]
        for first in range(0, len(chosen), BLOCK):
            block = chosen[first : first + BLOCK]
            then = at_time(stars.take(visits.star[block]), visits.mjd[block])
            for spectra in make(then, visits.take(block), block):
                done[spectra.visit] = spectra
    return [done[int(row)] for row in rows]


def _medium(stars: Stars, visits: Visits, block: npt.NDArray[np.int64]) -> Iterator[VisitSpectra]:
    generators = [np.random.Generator(np.random.SFC64(int(seed))) for seed in visits.seed]
    velocity, companion = velocities(stars, visits.mjd)
    arms: list[list[ArmSpectrum]] = [[] for _ in block]
    exposures: list[list[ArmSpectrum]] = [[] for _ in block]
    emission = [Seen() for _ in block]
    for arm, snr in (("B", visits.snr_b), ("R", visits.snr_r)):
        grid = GRIDS[f"mrs_{arm.lower()}"]
        layouts = [mrs_layout(arm, rng) for rng in generators]
        first = (np.array([start for start, _ in layouts]) - grid.log_start) / grid.log_step
        spectra, excess = _transform(stars, velocity, companion, grid, generators)
        flux = _on_pixels(spectra, grid, first % 1.0)
        for i, rng in enumerate(generators):
            start, n_pixels = layouts[i]
            low = int(first[i])
            star = (float(stars.teff[i]), float(stars.ebv[i]))
            site = (int(visits.spectrograph[i]), int(visits.fibre[i]))
            lines = flux[i, low : low + n_pixels]
            coadd = coadd_mrs(arm, start, lines, star, float(snr[i]), site, rng)
            arms[i].append(coadd)
            if arm == "R" and i in excess:
                alone = _row_on_pixels(excess[i], grid, float(first[i] % 1.0))
                alone = alone[low : low + n_pixels]
                emission[i] = seen(coadd, lines, alone, float(velocity[i]), _kind(stars, i))
            if visits.layout[i] == "mrs_exposures":
                wide = flux[i, low - MARGIN : low + n_pixels + MARGIN]
                pixels = np.arange(-MARGIN, len(wide) - MARGIN, dtype=np.float64)
                log_wavelength = start + grid.log_step * pixels
                single = float(snr[i]) / np.sqrt(N_EXPOSURES)
                exposures[i] += [
                    exposure_mrs(coadd, (log_wavelength, wide), star, single, rng)
                    for _ in range(N_EXPOSURES)
                ]
    for i, row in enumerate(block):
        timed = [
            replace(coadd, mjd=float(visits.mjd[i]), exposure_time=EXPOSURE_SECONDS * N_EXPOSURES)
            for coadd in arms[i]
        ]
        for number, exposure in enumerate(exposures[i]):
            timed.append(_timed(exposure, float(visits.mjd[i]), number % N_EXPOSURES))
        width, speed = float(stars.emission_ew[i]), float(velocity[i])
        yield VisitSpectra(int(row), tuple(timed), width, speed, emission[i])


def _kind(stars: Stars, i: int) -> str | None:
    if stars.nebular[i] > 0.0:
        return "nebular"
    if stars.p_cygni[i]:
        return "P Cygni"
    edge_on = stars.inclination[i] > SHELL_INCLINATION and stars.disc_radius[i] > 1.0
    return "shell" if edge_on else None


def exposure_minutes(mjd: float) -> list[int]:
    """Return the Local Modified Julian Minutes at which the exposures of a visit begin."""
    spacing = EXPOSURE_SECONDS / 60.0 + 4.0
    first = (mjd + _BEIJING_DAYS) * 1440.0 - (N_EXPOSURES * spacing - 4.0) / 2.0
    return [round(first + number * spacing) for number in range(N_EXPOSURES)]


def _timed(arm: ArmSpectrum, mjd: float, number: int) -> ArmSpectrum:
    minute = exposure_minutes(mjd)[number]
    middle = minute / 1440.0 - _BEIJING_DAYS + EXPOSURE_SECONDS / 172800.0
    return replace(arm, exposure=minute, mjd=middle, exposure_time=float(EXPOSURE_SECONDS))


def _low(stars: Stars, visits: Visits, block: npt.NDArray[np.int64]) -> Iterator[VisitSpectra]:
    generators = [np.random.Generator(np.random.SFC64(int(seed))) for seed in visits.seed]
    velocity, companion = velocities(stars, visits.mjd)
    grid = GRIDS["lrs"]
    first = (LRS_LOG_START - grid.log_start) / grid.log_step
    spectra, excess = _transform(stars, velocity, companion, grid, generators)
    flux = _on_pixels(spectra, grid, np.full(len(block), first % grid.thin))
    low = int(first // grid.thin)
    for i, rng in enumerate(generators):
        n_pixels = int(rng.choice([3909, 3906, 3904, 3908, 3902, 3894, 3820],
                                  p=[0.5, 0.2, 0.15, 0.05, 0.05, 0.03, 0.02]))  # fmt: skip
        star = (float(stars.teff[i]), float(stars.ebv[i]))
        snr = (float(visits.snr_b[i]), float(visits.snr_r[i]))
        old = bool(visits.layout[i] == "lrs_image_old")
        lines = flux[i, low : low + n_pixels]
        arm = observe_lrs(lines, star, snr, old, rng)
        arm = replace(arm, mjd=float(visits.mjd[i]), exposure_time=4500.0)
        width, speed = float(stars.emission_ew[i]), float(velocity[i])
        emission = Seen()
        if i in excess:
            alone = _row_on_pixels(excess[i], grid, float(first % grid.thin))
            alone = alone[low : low + n_pixels]
            emission = seen(arm, lines, alone, speed, _kind(stars, i))
        yield VisitSpectra(int(block[i]), (arm,), width, speed, emission)


def velocities(stars: Stars, mjd: Floats) -> tuple[Floats, Floats]:
    """Return heliocentric velocities of the stars and of their companions in km/s.

    Orbits are circles; the ratio of masses follows from that of light, L ~ M^3.5.
    """
    double = stars.companion_light > 0.0
    light = np.clip(stars.companion_light, 1e-3, 0.5)
    ratio = np.minimum((light / (1.0 - light)) ** (1.0 / 3.5), 1.0)
    period = np.where(double & (stars.period > 0.0), stars.period, 1.0)
    phase = stars.phase0 + (mjd - EPOCH) / period
    swing = np.where(double, stars.companion_amplitude, 0.0) * np.sin(2.0 * np.pi * phase)
    swing = np.nan_to_num(swing)
    return stars.rv + swing, stars.rv - swing / ratio


def _transform(
    stars: Stars,
    velocity: Floats,
    companion: Floats,
    grid: Grid,
    generators: list[np.random.Generator],
) -> tuple[Complex, dict[int, Complex]]:
    """Return Fourier transforms at instrumental resolution.

    Returns
    -------
    spectra : (n_stars, n_pixels // 2 + 1)
        Of flux - 1.
    excess
        Star -> the part of it that is emission, (n_pixels // 2 + 1,), where there is any.
    """
    spectra = _photosphere(
        stars, stars.teff, stars.logg, stars.vsini, velocity, stars.variation, grid
    )
    double = np.flatnonzero(stars.companion_light > 0.0)
    if len(double):
        other = stars.take(double)
        light = other.companion_light[:, None].astype(np.float32)
        logg = np.full(len(other), 4.1)
        vsini = 10.0 + 120.0 * other.variation[:, 7]
        second = _photosphere(
            other, other.companion_teff, logg, vsini, companion[double],
            other.variation[:, ::-1], grid,
        )  # fmt: skip
        first = multiply(spectra[double], np.float32(1.0) - light)
        spectra[double] = first + multiply(second, light)
    spectra = -spectra
    bright = np.flatnonzero((stars.emission_ew > 0.0) | (stars.nebular > 0.0))
    alone = np.zeros((0, spectra.shape[1]), dtype=spectra.dtype)
    if len(bright):
        alone = _emission(stars.take(bright), velocity[bright], grid)
        spectra[bright] += alone
    depth = -np.expm1(-stars.ebv.astype(np.float32)[:, None] * interstellar(grid.name))
    drift = 0.3 * stars.rv  # the clouds on the way move with the Galaxy, about as the star
    spectra -= multiply(_transformed(depth), _shift(drift, grid))
    if grid.name == "mrs_r":
        wet = np.array([0.8 * rng.random() ** 2 for rng in generators], dtype=np.float32)
        helio = np.array([50.0 * rng.random() - 25.0 for rng in generators])
        air = _transformed(-np.expm1(-wet[:, None] * mrs_telluric()))
        spectra -= multiply(air, _shift(helio, grid))
    power = grid.resolution * np.array([1.0 + 0.05 * rng.standard_normal() for rng in generators])
    response = _instrument(power, grid)
    excess = {int(row): multiply(alone[k], response[row]) for k, row in enumerate(bright)}
    return np.asarray(multiply(spectra, response)), excess


def _photosphere(
    stars: Stars,
    teff: Floats,
    logg: Floats,
    vsini: Floats,
    velocity: Floats,
    variation: Floats,
    grid: Grid,
) -> Complex:
    depth = absorption(teff, logg, stars.m_h, variation, grid.name)
    spectra = multiply(_transformed(depth), _real(rotation_transform(vsini, grid)))
    return np.asarray(multiply(spectra, _shift(velocity, grid)))


def _emission(stars: Stars, velocity: Floats, grid: Grid) -> Complex:
    permitted, forbidden = emission_lines(stars, grid)
    spectra = multiply(_transformed(permitted), _transformed(kernels(stars, grid)))
    spectra += _transformed(forbidden)
    return np.asarray(multiply(spectra, _shift(velocity, grid)))


def _transformed(rows: Singles) -> Complex:
    return np.asarray(rfft(rows, axis=1))


def _real(rows: Floats) -> Singles:
    return rows.astype(np.float32)


def _shift(velocity: Floats, grid: Grid) -> Complex:
    return _phase(doppler_pixels(velocity, grid), grid.n_pixels)


def _phase(pixels: Floats, n_pixels: int) -> Complex:
    """Return the transform of a shift by some pixels to the red, (n, n_pixels // 2 + 1)."""
    frequency = np.arange(n_pixels // 2 + 1) / n_pixels
    # powers of one number along the row would drift; the exponential is exact everywhere
    angle = (-2.0 * np.pi * pixels[:, None] * frequency).astype(np.float32)
    wave = np.empty(angle.shape, dtype=np.complex64)
    wave.real, wave.imag = np.cos(angle), np.sin(angle)
    return wave


def _instrument(power: Floats, grid: Grid) -> Singles:
    """Return the transform of the instrument's Gaussian, less the width that lines have."""
    frequency = np.arange(grid.n_pixels // 2 + 1) / grid.n_pixels
    sigma = SPEED_OF_LIGHT / power / 2.3548 / grid.velocity_step  # pixels
    variance = np.maximum(sigma**2 - 1.0, 0.1)
    return _real(np.exp(-2.0 * (np.pi * frequency) ** 2 * variance[:, None]))


def _on_pixels(spectra: Complex, grid: Grid, start: Floats) -> Singles:
    """Return normalised flux on pixels of the instrument that begin at ``start`` (grid pixels)."""
    return np.maximum(_sampled(spectra, grid, start) + np.float32(1.0), np.float32(0.01))


def _row_on_pixels(spectrum: Complex, grid: Grid, start: float) -> Singles:
    return np.asarray(_sampled(spectrum[None, :], grid, np.array([start]))[0])


def _sampled(spectra: Complex, grid: Grid, start: Floats) -> Singles:
    spectra = np.asarray(multiply(spectra, _phase(-start, grid.n_pixels)))
    n = grid.n_pixels // grid.thin
    return np.asarray(irfft(spectra[:, : n // 2 + 1], n, axis=1) / np.float32(grid.thin))
