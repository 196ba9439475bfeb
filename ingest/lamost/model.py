"""What a LAMOST file holds, once read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ingest.files import FileIdentity

Floats = npt.NDArray[np.float32]
Masks = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Grid:
    """Vacuum wavelengths, either by two numbers or one by one.

    Attributes
    ----------
    log_start, log_step
        log10 of the first wavelength in 0.1 nm and its step; None where not log-linear.
    wavelength : (n_pixels,)
        Increasing wavelengths in 0.1 nm; None where start and step say it.
    """

    log_start: float | None = None
    log_step: float | None = None
    wavelength: Floats | None = None

    def values(self, n_pixels: int) -> npt.NDArray[np.float64]:
        """Return the wavelengths of all pixels in 0.1 nm."""
        if self.log_start is None or self.log_step is None:
            assert self.wavelength is not None
            return self.wavelength.astype(np.float64)
        return np.asarray(10.0 ** (self.log_start + self.log_step * np.arange(n_pixels)))


@dataclass(frozen=True)
class Spectrum:
    """A coadd or a single exposure of one arm, on the file's own grid.

    Attributes
    ----------
    arm
        B or R, or L for the joined spectrum of low resolution.
    exposure
        0 for the coadd, else the Local Modified Julian Minute.
    grid
        Its wavelengths, increasing.
    flux, ivar : (n_pixels,)
        As in the file, but in order of wavelength.
    and_mask, or_mask : (n_pixels,)
        Bits; ``and_mask`` is None for a single exposure.
    snr
        Median of flux x sqrt(ivar) over the good pixels.
    header_snr
        The same as the file's own header has it.
    mjd
        Modified Julian Date of mid exposure, UTC.
    exposure_time
        In seconds.
    """

    arm: str
    exposure: int
    grid: Grid
    flux: Floats
    ivar: Floats
    and_mask: Masks | None
    or_mask: Masks | None
    snr: float | None
    header_snr: float | None = None
    mjd: float | None = None
    exposure_time: float | None = None


@dataclass
class Observation:
    """What the headers say of the star and the night; the raw table's columns."""

    obsid: int
    survey: str
    release: str | None
    layout: str
    designation: str | None
    object_name: str | None
    object_type: str | None
    class_: str | None
    subclass: str | None
    ra: float
    dec: float
    mjd: float | None
    lmjd: int | None
    plan_id: str | None
    spectrograph: int | None
    fibre: int | None
    snr_b: float | None
    snr_r: float | None
    redshift: float | None
    heliocentric_correction: float | None
    magnitude_type: str | None
    magnitudes: list[float]


@dataclass
class LamostFile:
    """One file, read: the observation, its spectra and what a reader should know."""

    identity: FileIdentity
    observation: Observation
    spectra: list[Spectrum]
    notes: list[str] = field(default_factory=list)
