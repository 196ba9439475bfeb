"""Read apStar files of DR13 to DR17: the combined spectrum and what the header says.

HDU 1 is flux, 2 its error, 3 the mask; the first row is the combined spectrum, the others
are the visits, and a star of one visit has a single row, or no second axis. All are at rest on
one grid in log10 of the vacuum wavelength. Headers differ by release: DR13 has TARG1 to TARG4 and
SURVEY, which says what they are flags of; DR17 has flags of the first survey (APTARG1, ...) beside
those of the second (AP2TARG1, ...), and need not name the telescope, which its folders and file
names (asStar: the one at Las Campanas) do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from ingest.files import BadFileError, unpack
from ingest.fits import Hdu, Header, read_hdus

#: The grid of all apStar spectra: pixels, log10 of the first vacuum wavelength in A, step.
N_PIXELS, LOG_START, LOG_STEP = 8575, 4.179, 6e-6

#: How far the first wavelength and the last may be off the grid, in log10: a tenth of a pixel.
_OFF_GRID = 0.1 * LOG_STEP

#: Beyond these, bytes are damaged; and from this error on, nothing was measured.
MAX_FLUX = 1e30
_UNMEASURED = 1e9

#: What files of the simulated survey say in their header.
SIMULATED = "SIMULATE"

_APOGEE_ID = re.compile(r"(?:2M|AP|VESTA|CERES)[\w.+-]*")
_RELEASE = re.compile(r"(?:apStar|asStar)-(?P<version>[A-Za-z0-9.]+)-")
_TELESCOPES = ("apo25m", "lco25m", "apo1m")


@dataclass(frozen=True)
class ApStar:
    """What is kept of a file.

    Attributes
    ----------
    columns
        Of ``raw.apogee_star``, but for file, path and run.
    flux, error : (8575,) float32
        As in the file; 0 and 1e10 where either is not finite or the error not positive.
    mask : (8575,) int32, or None
    """

    columns: dict[str, str | float | int | None]
    flux: NDArray[np.float32]
    error: NDArray[np.float32]
    mask: NDArray[np.int32] | None


def read_apstar(content: bytes, path: str) -> ApStar:
    """Read the bytes of a file, packed or not.

    Parameters
    ----------
    content
        The bytes.
    path
        Where they are from: tells release and telescope where the header does not.

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
    columns = _columns(header, PurePath(path))
    flux = _combined(hdus[1], "flux", hdus[0].header)
    error = _combined(hdus[2], "error", hdus[0].header)
    mask = None
    if len(hdus) > 3 and hdus[3].image_shape:
        mask = _bits(_combined(hdus[3], "mask", hdus[0].header))
    sound = np.isfinite(flux) & np.isfinite(error) & (error > 0.0)
    used = sound & (error < _UNMEASURED)
    if not (used & (flux != 0.0)).any():
        raise BadFileError("the combined spectrum holds no flux: the visits could not be combined")
    if float(np.abs(flux[used]).max()) > MAX_FLUX:
        raise BadFileError(f"a flux beyond {MAX_FLUX:g}: bytes are damaged; download it again")
    return ApStar(
        columns,
        np.where(sound, flux, 0.0).astype(np.float32),
        np.where(sound, error, 1e10).astype(np.float32),
        mask,
    )


def _bits(mask: NDArray[np.float32]) -> NDArray[np.int32]:
    with np.errstate(invalid="ignore"):
        if not (np.all(np.abs(mask) < 2**31) and np.all(mask == np.rint(mask))):
            raise BadFileError(
                "the mask holds what is no set of bits: bytes are damaged; download it again"
            )
    return mask.astype(np.int32)


def _combined(hdu: Hdu, what: str, primary: Header) -> NDArray[np.float32]:
    """Return the first row of an image, on the grid."""
    shape = hdu.image_shape
    if not shape or shape[-1] != N_PIXELS or len(shape) > 2 or 0 in shape:
        raise BadFileError(
            f"{what} has the shape {shape}, where apStar files have (visits + 2, {N_PIXELS}); is "
            "it an apVisit file?"
        )
    for keyword, expected, pixels in (("CRVAL1", LOG_START, 1), ("CDELT1", LOG_STEP, N_PIXELS)):
        value = hdu.header.number(keyword)
        value = primary.number(keyword) if value is None else value
        if value is None or abs(value - expected) * pixels > _OFF_GRID:
            raise BadFileError(
                f"{what}: {keyword} is {value}, where the grid of apStar files has {expected}; a "
                "network that learnt that grid cannot read another one"
            )
    image = hdu.image()
    return np.ascontiguousarray(image if image.ndim == 1 else image[0])


def _columns(header: Header, path: PurePath) -> dict[str, str | float | int | None]:
    apogee_id = header.text("OBJID") or header.text("APOGEE_I") or header.text("OBJ")
    if not apogee_id or not _APOGEE_ID.fullmatch(apogee_id):
        raise BadFileError(
            f"the header names no star (OBJID is {apogee_id!r}); is it an apStar file?"
        )
    found = _RELEASE.match(path.name)
    release = header.text("RELEASE") or header.text("VERSION")
    columns: dict[str, str | float | int | None] = {
        "apogee_id": apogee_id,
        "survey": "SIM-APOGEE" if header.get(SIMULATED) is True else "APOGEE",
        "release": release or (found["version"] if found else "unknown"),
        "telescope": header.text("TELESCOP") or _telescope(path),
        "field": header.text("FIELD") or "unknown",
        "n_visits": _integer(header, "NVISITS", 2**31),
        "starflag": _integer(header, "STARFLAG"),
        **_targeting(header),
    }
    for name, keywords in _NUMBERS.items():
        columns[name] = _first(header, keywords)
    for name in ("j", "h", "k"):
        value = columns[name]
        if isinstance(value, float) and not -5.0 < value < 30.0:
            columns[name] = None  # -9999.99 and 99.999 stand for no magnitude
    if isinstance(columns["rv"], float) and abs(columns["rv"]) > 5000.0:
        columns["rv"] = columns["rv_error"] = columns["rv_scatter"] = None
    return columns


def _telescope(path: PurePath) -> str:
    """Return the telescope that the archive's folder, or else the name of the file, tells."""
    for folder in reversed(path.parts[:-1]):
        if folder in _TELESCOPES:
            return folder
    return "lco25m" if path.name.startswith("asStar-") else "unknown"


def _targeting(header: Header) -> dict[str, str | int | None]:
    """Return the four targeting flags and the survey that they are of.

    A file with flags of both surveys gives those of the second, where it has any.
    """
    survey = header.text("SURVEY")
    prefix = "TARG"
    if "APTARG1" in header or "AP2TARG1" in header:
        second = any(_integer(header, f"AP2TARG{number}") for number in range(1, 5))
        first = any(_integer(header, f"APTARG{number}") for number in range(1, 5))
        prefix = "AP2TARG" if second or not first else "APTARG"
        survey = "apogee2" if prefix == "AP2TARG" else "apogee"
    flags = {f"targeting_{n}": _integer(header, f"{prefix}{n}") for n in range(1, 5)}
    return {"targeting_survey": survey, **flags}


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


def _first(header: Header, keywords: tuple[str, ...]) -> float | None:
    for keyword in keywords:
        value = header.number(keyword)
        if value is not None:
            return float(value)
    return None


def _integer(header: Header, keyword: str, limit: int = 2**63) -> int | None:
    """Return a whole number that a column can hold, else None: one bad card costs no file."""
    value = header.get(keyword)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
        return None
    return value
