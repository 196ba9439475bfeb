"""Made-up spectra for the tests of the spectral numerics."""

from __future__ import annotations

import numpy as np

from ml.spectra.grids import Grid
from ml.spectra.ragged import RaggedSpectra


def blaze(wavelength, tilt=0.1, bend=0.45):
    """A smooth throughput like the ones of the medium-resolution arms."""
    x = (wavelength - wavelength.mean()) / 250
    return 1 + tilt * x - bend * x**2 + 0.05 * x**3


def gaussian(wavelength, centre, fwhm):
    return np.exp(-4 * np.log(2) * ((wavelength - centre) / fwhm) ** 2)


def a_star(wavelength, centre=6564.61):
    """H-alpha of an A dwarf: a core and wings out to 50 A."""
    x = wavelength - centre
    wings = 0.2 / (1 + (x / 14) ** 2) * np.exp(-((x / 40) ** 2))
    return 1 - 0.35 * gaussian(wavelength, centre, 8) - wings


def native(grid: Grid, shift=0.37, margin=60):
    """Wavelengths of a file: the grid's step, a start of its own, some room on either side."""
    pixel = np.arange(-margin, grid.size + margin) + grid.first + shift
    return 10.0 ** (pixel * grid.step)


def correlated_noise(rng, shape, kernel=(1, 2, 3, 2, 1)):
    """Gaussian noise of unit variance whose neighbours are tied together."""
    kernel = np.asarray(kernel, dtype=float)
    kernel /= np.sqrt((kernel**2).sum())
    white = rng.normal(size=(*shape[:-1], shape[-1] + len(kernel) - 1))
    return sum(k * white[..., i : i + shape[-1]] for i, k in enumerate(kernel))


def ragged(rows, *, explicit=False):
    """Rows of (wavelength, flux, ivar[, or_mask]) as RaggedSpectra."""
    lengths = [len(row[1]) for row in rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    masks = [row[3] if len(row) > 3 else np.zeros(len(row[1])) for row in rows]

    def flat(arrays, dtype):
        return np.concatenate([np.asarray(a) for a in arrays]).astype(dtype)

    log_start = np.array([np.log10(row[0][0]) for row in rows])
    log_step = np.array([np.log10(row[0][1] / row[0][0]) for row in rows])
    if explicit:
        log_start[:] = log_step[:] = np.nan
    else:  # as the loader writes it: one exact step
        ends = np.array([np.log10(row[0][-1]) for row in rows])
        log_step = np.round((ends - log_start) / (np.array(lengths) - 1), 9)
    return RaggedSpectra(
        flux=flat([row[1] for row in rows], np.float32),
        ivar=flat([row[2] for row in rows], np.float32),
        or_mask=flat(masks, np.int16),
        offsets=offsets,
        log_wavelength_start=log_start,
        log_wavelength_step=log_step,
        wavelength=flat([row[0] for row in rows], np.float64) if explicit else None,
    )
