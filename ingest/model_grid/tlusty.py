"""Read a spectrum of TLUSTY's grids and its continuum: text, two columns, uneven steps."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.files import BadFileError
from ingest.model_grid.wavelength import Rebinned, medium_of, rebin
from ml.spectra.air import to_vacuum

Floats = NDArray[np.float64]

#: Fortran leaves the E out where an exponent has three digits, and may write D for E.
_BARE_EXPONENT = re.compile(rb"(?<=[0-9.])([+-][0-9]{3})(?![0-9])")
_TO_E = bytes.maketrans(b"Dd", b"EE")

#: A spectrum shorter than this part of its continuum was cut, or the other way round.
_COVERED = 0.98
#: Medians of flux over continuum that a normal spectrum of a hot star can have.
_PLAUSIBLE = (0.5, 1.2)
_SHOWN = 60  # characters of a bad line that are shown


@dataclass(frozen=True)
class Normalised:
    """A model's spectrum, normalised and on the common grid.

    Attributes
    ----------
    medium
        What the file's wavelengths were in: ``air`` or ``vacuum``.
    n_points
        Points in the file.
    rebinned
        Pixels of the common grid.
    """

    medium: str
    n_points: int
    rebinned: Rebinned


def read_columns(content: bytes) -> tuple[Floats, Floats]:
    """Return wavelengths (A, strictly increasing) and flux of a file's text.

    Points at the same wavelength, as SYNSPEC writes where two of its intervals meet, become
    one with their mean flux.

    Raises
    ------
    BadFileError
        For text that is not two columns of numbers, a cut last line, too few points.
    """
    head = content[:200].lstrip().lower()
    if not head:
        raise BadFileError("the file is empty; download it again")
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise BadFileError("a web page in place of a spectrum; download the file again")
    if not content.endswith(b"\n"):
        last = content[-200:].splitlines()[-1].decode("ascii", "replace")
        raise BadFileError(f"cut in its last line ({last!r}); download it again")
    try:
        values = _numbers(content)
    except ValueError:
        values = _numbers(_BARE_EXPONENT.sub(rb"E\1", content.translate(_TO_E)), content)
    n_lines = content.count(b"\n") - _blank_lines(content)
    if len(values) != 2 * n_lines:
        raise BadFileError(
            f"{len(values):,d} numbers in {n_lines:,d} lines; two columns are expected: wavelength "
            "and flux"
        )
    if n_lines < 10:
        raise BadFileError(f"only {n_lines} points; download it again")
    wavelength, flux = values[0::2], values[1::2]
    if not np.all(np.isfinite(values)) or wavelength.min() <= 0.0:
        raise BadFileError("some wavelengths or fluxes are no positive numbers; download it again")
    return _strictly_increasing(wavelength, flux)


def _numbers(text: bytes, original: bytes | None = None) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's word for unreadable text
        try:
            return np.fromstring(text, dtype=np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            if original is None:
                raise ValueError from None
    raise BadFileError(_bad_line(text, original))


def _bad_line(text: bytes, original: bytes) -> str:
    lines = zip(text.splitlines(), original.splitlines(), strict=True)
    for number, (line, shown) in enumerate(lines, start=1):
        try:
            list(map(float, line.split()))
        except ValueError:
            said = shown.decode("ascii", "replace").strip()[:_SHOWN]
            return f"line {number} is no pair of numbers: {said!r}; download it again"
    return "it holds something that is no number; download it again"


def _blank_lines(content: bytes) -> int:
    if b"\n\n" not in content and not content.endswith((b" \n", b"\r\n")):
        return 0
    return sum(not line.strip() for line in content.splitlines())


def _strictly_increasing(wavelength: Floats, flux: Floats) -> tuple[Floats, Floats]:
    if np.all(np.diff(wavelength) > 0.0):
        return wavelength, flux
    unique, place, count = np.unique(wavelength, return_inverse=True, return_counts=True)
    return unique, np.bincount(place, weights=flux) / count


def normalise(
    spectrum: tuple[Floats, Floats], continuum: tuple[Floats, Floats], medium: str | None = None
) -> Normalised:
    """Divide a spectrum by its continuum and bring it to the common grid of vacuum wavelengths.

    Parameters
    ----------
    spectrum, continuum
        Wavelengths and flux as :func:`read_columns` gives them; the continuum may be sampled
        much more thinly.
    medium
        ``air`` or ``vacuum``; None looks at the Balmer lines, and takes air where there are none.

    Raises
    ------
    BadFileError
        When one of both was cut, they do not belong together, or nothing wanted is covered.
    """
    wavelength, flux = spectrum
    at, level = continuum
    _check_ends(wavelength, at)
    if level.min() <= 0.0:
        raise BadFileError("its continuum is 0 or below somewhere; download the .17 file again")
    inside = (wavelength >= at[0]) & (wavelength <= at[-1])
    wavelength, flux = wavelength[inside], flux[inside]
    flux = flux / np.interp(wavelength, at, level)
    middle = float(np.median(flux))
    if not _PLAUSIBLE[0] < middle < _PLAUSIBLE[1]:
        raise BadFileError(
            f"its flux is {middle:.3g} of its continuum (median): the continuum belongs to another "
            "model, or one of the files is damaged; download both again"
        )
    found = medium or medium_of(wavelength, flux) or "air"
    rebinned = rebin(to_vacuum(wavelength) if found == "air" else wavelength, flux)
    if rebinned is None:
        raise BadFileError(
            f"it covers {wavelength[0]:.1f}-{wavelength[-1]:.1f} A, nothing of the optical that is "
            "kept; give the .vis files"
        )
    return Normalised(found, len(spectrum[0]), rebinned)


def _check_ends(wavelength: Floats, continuum: Floats) -> None:
    """Refuse a pair of which one is cut: both run over the same wavelengths."""
    length = max(wavelength[-1], continuum[-1]) - min(wavelength[0], continuum[0])
    common = min(wavelength[-1], continuum[-1]) - max(wavelength[0], continuum[0])
    if common < _COVERED * length:
        raise BadFileError(
            f"the spectrum covers {wavelength[0]:.1f}-{wavelength[-1]:.1f} A and its continuum "
            f"{continuum[0]:.1f}-{continuum[-1]:.1f} A: one of them was cut; download both again"
        )
