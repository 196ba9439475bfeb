"""Where the spectra of a LAMOST file lie, found from what the file holds.

Neither the name nor the release (DATA_V) decides: files that call themselves DR8 come in
several layouts.

========================  =====================================================================
``lrs-image-coefficients`` primary image of 5 rows (flux, ivar, something else, AND mask, OR
                          mask); wavelengths from COEFF0 and COEFF1 (first releases)
``lrs-image-wavelength``  the same with the wavelengths in the third row (to DR7, many of DR8)
``lrs-table``             binary table COADD, one row of arrays (newer releases)
``mrs-rows``              binary tables COADD_B, COADD_R, B-<minute>, R-<minute>, a row a pixel
``mrs-arrays``            the same tables, one row of arrays
========================  =====================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.files import BadFileError
from ingest.fits import Hdu

_COADD = re.compile(r"COADD(?:_([BR]))?$")
_EXPOSURE = re.compile(r"([BR])-(\d{7,9})$")


@dataclass(frozen=True)
class Place:
    """An HDU that holds a spectrum.

    Attributes
    ----------
    hdu
        The HDU.
    arm
        B, R or L.
    exposure
        0 for a coadd, else the Local Modified Julian Minute.
    """

    hdu: Hdu
    arm: str
    exposure: int

    @property
    def label(self) -> str:
        """Name for a message."""
        return self.hdu.name or "primary image"


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: ``resolution`` is LRS or MRS, ``form`` image, rows or arrays."""

    resolution: str
    form: str
    places: tuple[Place, ...]


def find_layout(hdus: list[Hdu]) -> Layout:
    """Return the layout of a file.

    Raises
    ------
    BadFileError
        When no spectrum is found, or one is missing that the headers announce.
    """
    _check_count(hdus)
    places = tuple(place for hdu in hdus[1:] if (place := _place(hdu)) is not None)
    if places:
        _check_announced(hdus[0], places)
        arms = {place.arm for place in places}
        # One row holds whole arrays; a table with a row a pixel has thousands.
        form = "arrays" if all(place.hdu.n_rows == 1 for place in places) else "rows"
        return Layout("LRS" if "L" in arms else "MRS", form, places)
    shape = hdus[0].image_shape
    if len(shape) == 2 and shape[0] == 5:
        return Layout("LRS", "image", (Place(hdus[0], "L", 0),))
    if shape:
        raise BadFileError(
            f"unknown layout: the primary image is {' x '.join(map(str, shape[::-1]))}, a LAMOST "
            "spectrum has 5 rows (flux, ivar, wavelength, AND mask, OR mask); is this LAMOST?"
        )
    names = ", ".join(hdu.name or "unnamed" for hdu in hdus[1:]) or "none"
    raise BadFileError(
        "no spectrum: the primary HDU has no image and no extension is called COADD, COADD_B, "
        f"COADD_R, B-<minute> or R-<minute> (extensions: {names}); download it again"
    )


def _place(hdu: Hdu) -> Place | None:
    if hdu.kind != "BINTABLE":
        return None
    name = hdu.name.strip()
    if match := _COADD.match(name):
        return Place(hdu, match.group(1) or "L", 0)
    if match := _EXPOSURE.match(name):
        return Place(hdu, match.group(1), int(match.group(2)))
    return None


def _check_count(hdus: list[Hdu]) -> None:
    # N_EXTEN counts the primary HDU too; a file that was cut between two HDUs is short of it.
    announced = hdus[0].header.number("N_EXTEN")
    if announced is not None and len(hdus) < announced:
        present = ", ".join(hdu.name or "unnamed" for hdu in hdus[1:]) or "none"
        raise BadFileError(
            f"missing HDU: N_EXTEN announces {announced:g} HDUs, {len(hdus)} are there "
            f"(extensions: {present}): the file was cut between two of them; download it again"
        )


def _check_announced(primary: Hdu, places: tuple[Place, ...]) -> None:
    coadds = {place.arm for place in places if place.exposure == 0}
    for arm in "BR":
        if primary.header.get(f"COMBIN_{arm}") is True and arm not in coadds and "L" not in coadds:
            raise BadFileError(
                f"missing HDU: COMBIN_{arm} says that this arm has a coadd, but there is no "
                f"COADD_{arm}; download it again"
            )
    seen: set[tuple[str, int]] = set()
    for place in places:
        if (place.arm, place.exposure) in seen:
            raise BadFileError(f"{place.label}: there are two HDUs of this name; download it again")
        seen.add((place.arm, place.exposure))
