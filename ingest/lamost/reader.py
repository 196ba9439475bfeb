"""Bytes of a LAMOST file to numpy arrays, and the judgement whether they are sound.

What is refused. A file is refused as a whole when it is damaged (see :mod:`ingest.fits`),
when a coadd lacks a column, or when a coadd holds nothing: then the release's product is
not there, and what else the file says is not to be trusted either. With ``salvage`` the
sound spectra of such a file are kept. A single exposure that holds nothing (clouds, a
parked fibre) is left out with a note; the coadd does not suffer from it.

What is kept. Noise is no fault: negative fluxes, S/N of 0, dead pixels, ivar of 0 at the
ends, NaN in some pixels. Cleaning them is the business of the SQL functions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.files import BadFileError, FileIdentity, read_packed, unpack
from ingest.fits import Hdu, read_hdus
from ingest.lamost.headers import minute_to_mjd, observation_from
from ingest.lamost.layouts import Layout, Place, find_layout
from ingest.lamost.model import Floats, Grid, LamostFile, Masks, Spectrum
from ingest.lamost.signal import signal_to_noise
from ingest.lamost.wavelength import (
    grid_from_coefficients,
    grid_from_wavelength,
    is_wavelength,
)

MIN_PIXELS = 100
#: Beyond this a flux is a damaged exponent; real exposures reach 1e7.
MAX_FLUX = 1e30

#: Pixels by which COEFF0 and COEFF1 may differ from the wavelengths beside them.
MAX_SHIFT = 1.0

SALVAGE_HINT = "download it again, or keep its sound spectra with --salvage"


@dataclass(frozen=True)
class _Arrays:
    wavelength: npt.NDArray[np.floating] | None
    flux: Floats
    ivar: Floats
    and_mask: npt.NDArray[np.generic] | None
    or_mask: npt.NDArray[np.generic] | None


def read_lamost(
    path: Path, *, single_exposures: bool = True, salvage: bool = False
) -> tuple[FileIdentity, LamostFile | BadFileError]:
    """Read one file; whatever is wrong with it comes back as a value, not as an exception.

    Parameters
    ----------
    path
        FITS file, gzipped or not.
    single_exposures
        Whether to keep the single exposures of medium resolution.
    salvage
        Whether to keep the sound spectra of a file of which a coadd is bad.

    Returns
    -------
    FileIdentity
        Path, SHA-256, size and time, as far as known.
    LamostFile or BadFileError
        What it holds, or why it cannot be used.
    """
    identity, packed = read_packed(path)
    if isinstance(packed, BadFileError):
        return identity, packed
    try:
        return identity, parse(
            unpack(packed), identity, single_exposures=single_exposures, salvage=salvage
        )
    except BadFileError as error:
        return identity, error
    except Exception as error:
        # One file must never stop a batch of thousands, whatever is in it.
        return identity, BadFileError(
            f"the reader failed on it ({type(error).__name__}: {error}); a fault of hotstars: "
            "please report it with the file"
        )


def parse(
    content: bytes,
    identity: FileIdentity,
    *,
    single_exposures: bool = True,
    salvage: bool = False,
) -> LamostFile:
    """Read unpacked FITS bytes.

    Raises
    ------
    BadFileError
        When the file cannot be used.
    """
    hdus = read_hdus(content)
    layout = find_layout(hdus)
    spectra: list[Spectrum] = []
    notes: list[str] = []
    faults: list[str] = []
    form = layout.form
    for place in layout.places:
        try:
            spectrum, from_coefficients = _spectrum(place, layout)
            if from_coefficients:
                form = "image-coefficients"
            elif form == "image":
                form = "image-wavelength"
            spectra.append(spectrum)
        except _EmptyError as error:
            if place.exposure:
                notes.append(f"{place.label} left out: {error}")
            elif salvage or len(layout.places) == 1:
                faults.append(f"{place.label}: {error}")
            else:
                raise BadFileError(f"{place.label}: {error}; {SALVAGE_HINT}") from None
        except BadFileError as error:
            if not salvage:
                raise BadFileError(_with_hint(place, layout, error)) from None
            faults.append(f"{place.label}: {error}")
    if not spectra:
        raise BadFileError("; ".join(faults + notes) + "; download it again")
    name = f"{layout.resolution.lower()}-{form}".replace("lrs-arrays", "lrs-table")
    observation, header_notes = observation_from(hdus[0].header, layout.resolution, name, spectra)
    spectra = [_with_time(spectrum, spectra, hdus[0], observation.mjd) for spectrum in spectra]
    if not single_exposures:
        spectra = [item for item in spectra if item.exposure == 0] or spectra
    salvaged = [f"salvaged without {fault}" for fault in faults]
    return LamostFile(identity, observation, spectra, header_notes + notes + salvaged)


class _EmptyError(BadFileError):
    """A spectrum that is well formed and holds nothing."""


def _with_hint(place: Place, layout: Layout, error: BadFileError) -> str:
    hint = SALVAGE_HINT if len(layout.places) > 1 else "download it again"
    return f"{place.label}: {error}" + ("" if "download" in str(error) else f"; {hint}")


def _spectrum(place: Place, layout: Layout) -> tuple[Spectrum, bool]:
    """Return the spectrum of an HDU and whether its grid comes from COEFF0 and COEFF1."""
    arrays = _image(place.hdu) if layout.form == "image" else _table(place)
    n = len(arrays.flux)
    if n < MIN_PIXELS:
        raise BadFileError(f"{n} pixels are too few for a spectrum")
    _check_flux(arrays)
    wavelength = arrays.wavelength
    backward = wavelength is not None and wavelength[0] > wavelength[-1]
    order = slice(None, None, -1) if backward else slice(None)
    coefficients = _coefficients(place.hdu, n) if layout.form == "image" else None
    if wavelength is not None:
        # not the coefficients: newer releases print COEFF0 with four decimals, half a pixel
        grid = grid_from_wavelength(wavelength[order])
        _compare(coefficients, wavelength)
    elif coefficients is not None:
        grid = coefficients
    else:
        raise BadFileError(
            "no wavelength: row 3 is none and COEFF0, COEFF1 are missing; download it again"
        )
    header = place.hdu.header
    seconds = header.number("EXPTIME")
    seconds = seconds if seconds is not None and 0.0 < seconds < 1e6 else None
    snr = header.number("SNR")
    flux, ivar = arrays.flux[order], arrays.ivar[order]
    spectrum = Spectrum(
        arm=place.arm,
        exposure=place.exposure,
        grid=grid,
        flux=flux,
        ivar=ivar,
        and_mask=_mask(arrays.and_mask, order, "AND mask"),
        or_mask=_mask(arrays.or_mask, order, "OR mask"),
        snr=signal_to_noise(flux, ivar),
        header_snr=snr if snr is not None and 0.0 <= snr < 1e5 else None,
        mjd=(
            minute_to_mjd(place.exposure) + (seconds or 0.0) / 172800.0 if place.exposure else None
        ),
        exposure_time=seconds,
    )
    return spectrum, coefficients is not None and wavelength is None


def _image(hdu: Hdu) -> _Arrays:
    image = hdu.image()  # (5, n_pixels)
    third = image[2]
    # In the oldest files the third row is the continuum-subtracted flux, or ones.
    wavelength = third if len(third) > 1 and is_wavelength(third) else None
    return _Arrays(wavelength, image[0], image[1], image[3], image[4])


def _table(place: Place) -> _Arrays:
    hdu = place.hdu
    wave_name = next((name for name in ("WAVELENGTH", "LOGLAM") if name in hdu.columns), None)
    or_name = "PIXMASK" if "PIXMASK" in hdu.columns else "ORMASK"
    wanted = ["FLUX", "IVAR", or_name] + (["ANDMASK"] if place.exposure == 0 else [])
    missing = [name for name in wanted if name not in hdu.columns]
    if wave_name is None:
        missing.append("WAVELENGTH or LOGLAM")
    if missing:
        there = ", ".join(hdu.columns) or "none"
        raise BadFileError(f"missing column: {', '.join(missing)} (it has {there})")
    assert wave_name is not None
    columns = {name: hdu.column(name) for name in [*wanted, wave_name]}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise BadFileError(f"its columns differ in length: {sorted(lengths)}")
    wavelength: npt.NDArray[np.floating] = columns[wave_name].astype(np.float64)
    if wave_name == "LOGLAM":
        with np.errstate(over="ignore"):
            wavelength = 10.0**wavelength
    if len(wavelength) >= MIN_PIXELS and not is_wavelength(wavelength):
        raise BadFileError(
            f"no wavelength: {wave_name} does not run steadily through the optical "
            f"(first {wavelength[0]:g}, last {wavelength[-1]:g})"
        )
    with np.errstate(over="ignore"):
        flux = columns["FLUX"].astype(np.float32, copy=False)
        ivar = columns["IVAR"].astype(np.float32, copy=False)
    return _Arrays(wavelength, flux, ivar, columns.get("ANDMASK"), columns[or_name])


def _coefficients(hdu: Hdu, n_pixels: int) -> Grid | None:
    start, step = hdu.header.number("COEFF0"), hdu.header.number("COEFF1")
    if start is None or step is None:
        return None
    return grid_from_coefficients(start, step, n_pixels)


def _compare(grid: Grid | None, wavelength: npt.NDArray[np.floating]) -> None:
    if grid is None or grid.log_step is None or grid.log_start is None:
        return
    shift = np.log10(wavelength.astype(np.float64)) - grid.log_start
    shift -= grid.log_step * np.arange(len(wavelength))
    worst = float(np.abs(shift).max()) / grid.log_step
    if worst > MAX_SHIFT:
        raise BadFileError(
            f"two wavelength scales: row 3 and COEFF0, COEFF1 differ by up to {worst:.3g} pixels: "
            "one of them is damaged; download it again"
        )


def _check_flux(arrays: _Arrays) -> None:
    n = len(arrays.flux)
    finite = np.isfinite(arrays.flux)
    if not finite.any():
        raise _EmptyError(f"the flux is NaN in all {n:,d} pixels")
    if not arrays.flux[finite].any():
        raise _EmptyError(f"the flux is 0 in all {n:,d} pixels")
    if float(np.abs(arrays.flux[finite]).max()) > MAX_FLUX:
        raise BadFileError(f"a flux beyond {MAX_FLUX:g}: bytes are damaged")
    with np.errstate(invalid="ignore"):
        usable = finite & np.isfinite(arrays.ivar) & (arrays.ivar > 0)
    if not usable.any():
        raise _EmptyError(
            f"the inverse variance is 0 (or none) in all {n:,d} pixels: not one pixel is usable"
        )


def _mask(values: npt.NDArray[np.generic] | None, order: slice, name: str) -> Masks | None:
    if values is None:
        return None
    mask = values[order]
    if mask.dtype != np.int16:
        numbers = np.asarray(mask, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            if not (np.all(np.abs(numbers) < 2**15) and np.all(numbers == np.rint(numbers))):
                raise BadFileError(f"the {name} holds what is no set of bits: bytes are damaged")
    return np.ascontiguousarray(mask, dtype=np.int16)


def _with_time(
    spectrum: Spectrum, spectra: list[Spectrum], primary: Hdu, mjd: float | None
) -> Spectrum:
    """Give a coadd the time of the observation and the exposure time of its arm."""
    if spectrum.exposure:
        return spectrum
    times = [
        item.exposure_time
        for item in spectra
        if item.exposure and item.arm == spectrum.arm and item.exposure_time is not None
    ]
    seconds = sum(times) if times else primary.header.number("EXPTIME")
    return replace(spectrum, mjd=mjd, exposure_time=seconds)
