"""Read apStar files of DR13 to DR17: the combined spectrum and what the header says.

HDU 1 is flux, 2 its error, 3 the mask; the first row is the combined spectrum, the others
are the visits, and a star of one visit has a single row, or no second axis. All are at rest on
one grid in log10 of the vacuum wavelength. DR17 names the same things as earlier releases, with
a few keywords more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.files import BadFileError, unpack
from ingest.fits import Hdu, Header, read_hdus

#: The grid of all apStar spectra: pixels, log10 of the first vacuum wavelength in A, step.
N_PIXELS, LOG_START, LOG_STEP = 8575, 4.179, 6e-6

#: What files of the simulated survey say in their header.
SIMULATED = "SIMULATE"

_APOGEE_ID = re.compile(r"(?:2M|AP|VESTA|CERES)[\w.+-]*")
_RELEASE = re.compile(r"(?:apStar|asStar)-(?P<version>[A-Za-z0-9.]+)-")


@dataclass(frozen=True)
class ApStar:
    """What is kept of a file.

    Attributes
    ----------
    columns
        Of ``raw.apogee_star``, but for file, path and run.
    flux, error : (8575,) float32
        As in the file; not finite ones are 0 and 1e10.
    mask : (8575,) int32, or None
    """

    columns: dict[str, str | float | int | None]
    flux: NDArray[np.float32]
    error: NDArray[np.float32]
    mask: NDArray[np.int32] | None


def read_apstar(content: bytes, file_name: str) -> ApStar:
    """Read the bytes of a file, packed or not.

    Raises
    ------
    BadFileError
        When it is no apStar file or is damaged; the message says what is wrong.
    """
    hdus = read_hdus(unpack(content))
    if len(hdus) < 3:
        raise BadFileError(
            f"{len(hdus)} HDUs; an apStar file has flux, error and mask after its header. Is it an "
            "aspcapStar, or cut? Download the apStar file"
        )
    for number, hdu in enumerate(hdus[:4]):
        hdu.check_sums(f"HDU {number}")
    header = hdus[0].header
    columns = _columns(header, file_name)
    flux = _combined(hdus[1], "flux", hdus[0].header)
    error = _combined(hdus[2], "error", hdus[0].header)
    mask = None
    if len(hdus) > 3 and hdus[3].image_shape:
        mask = _combined(hdus[3], "mask", hdus[0].header).astype(np.int32)
    finite = np.isfinite(flux) & np.isfinite(error)
    if not (finite & (flux != 0.0)).any():
        raise BadFileError("the combined spectrum holds no flux: the visits could not be combined")
    return ApStar(
        columns,
        np.where(finite, flux, 0.0).astype(np.float32),
        np.where(finite, error, 1e10).astype(np.float32),
        mask,
    )


def _combined(hdu: Hdu, what: str, primary: Header) -> NDArray[np.float32]:
    """Return the first row of an image, on the grid."""
    shape = hdu.image_shape
    if not shape or shape[-1] != N_PIXELS or len(shape) > 2:
        raise BadFileError(
            f"{what} has the shape {shape}, where apStar files have (visits + 2, {N_PIXELS}); is "
            "it an apVisit file?"
        )
    for keyword, expected in (("CRVAL1", LOG_START), ("CDELT1", LOG_STEP)):
        value = hdu.header.number(keyword)
        value = primary.number(keyword) if value is None else value
        if value is None or abs(value - expected) > 1e-9 * max(1.0, abs(expected)):
            raise BadFileError(
                f"{what}: {keyword} is {value}, where the grid of apStar files has {expected}; a "
                "network that learnt that grid cannot read another one"
            )
    image = hdu.image()
    return np.ascontiguousarray(image if image.ndim == 1 else image[0])


def _columns(header: Header, file_name: str) -> dict[str, str | float | int | None]:
    apogee_id = header.text("OBJID") or header.text("APOGEE_I") or header.text("OBJ")
    if not apogee_id or not _APOGEE_ID.fullmatch(apogee_id):
        raise BadFileError(
            f"the header names no star (OBJID is {apogee_id!r}); is it an apStar file?"
        )
    found = _RELEASE.match(file_name)
    release = header.text("RELEASE") or header.text("VERSION")
    columns: dict[str, str | float | int | None] = {
        "apogee_id": apogee_id,
        "survey": "SIM-APOGEE" if header.get(SIMULATED) is True else "APOGEE",
        "release": release or (found["version"] if found else "unknown"),
        "telescope": header.text("TELESCOP") or "unknown",
        "field": header.text("FIELD") or "unknown",
        "targeting_survey": header.text("SURVEY"),
    }
    for name, keywords in _NUMBERS.items():
        columns[name] = _first(header, keywords)
    for name, keywords in _INTEGERS.items():
        number = _first(header, keywords)
        columns[name] = None if number is None else int(number)
    for name in ("j", "h", "k"):
        value = columns[name]
        if isinstance(value, float) and not -5.0 < value < 30.0:
            columns[name] = None  # -9999.99 and 99.999 stand for no magnitude
    if isinstance(columns["rv"], float) and abs(columns["rv"]) > 5000.0:
        columns["rv"] = columns["rv_error"] = columns["rv_scatter"] = None
    return columns


#: Keywords of each number, of which the first that is there counts.
_NUMBERS = {
    "ra": ("RA",),
    "dec": ("DEC",),
    "snr": ("SNR",),
    "rv": ("VHELIO", "VHBARY", "VRAD"),
    "rv_error": ("VERR", "VERR_MED"),
    "rv_scatter": ("VSCATTER",),
    "j": ("J",),
    "h": ("H",),
    "k": ("K",),
}

_INTEGERS = {
    "n_visits": ("NVISITS",),
    "targeting_1": ("TARG1", "APTARG1", "AP2TARG1"),
    "targeting_2": ("TARG2", "APTARG2", "AP2TARG2"),
    "targeting_3": ("TARG3", "APTARG3", "AP2TARG3"),
    "targeting_4": ("TARG4", "APTARG4", "AP2TARG4"),
    "starflag": ("STARFLAG",),
}


def _first(header: Header, keywords: tuple[str, ...]) -> float | None:
    for keyword in keywords:
        value = header.number(keyword)
        if value is not None:
            return float(value)
    return None
