"""Short pieces of published grids in one file: MSG's HDF5 ``specgrid`` and numpy's ``npz``.

MSG (Townsend & Lopez 2023) distributes TLUSTY's grids as specific intensities that follow a law
of limb darkening at each wavelength, in vacuum, and without a continuum. The flux is integrated
from the law; the continuum is a straight line, so that only pieces too short for it to bend are
taken.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.files import BadFileError
from ingest.model_grid.names import Node
from ingest.model_grid.wavelength import Rebinned, rebin

Floats = NDArray[np.float64]

SUFFIXES = (".h5", ".hdf5", ".h5.gz", ".hdf5.gz", ".npz")

#: Longest piece for which a straight line is a continuum, as a part of its wavelength.
LONGEST = 0.02

_HDF5 = b"\x89HDF\r\n\x1a\n"
_KNOWN = re.compile(r"[OB]STAR20\d\d", re.IGNORECASE)
#: Microturbulence of the models, where the file says nothing (km/s): the grids' own.
_MICROTURBULENCE = {"OSTAR2002": 10.0, "BSTAR2006": 2.0}


@dataclass(frozen=True)
class Piece:
    """Models of one file."""

    nodes: tuple[Node, ...]
    spectra: tuple[Rebinned, ...]
    n_points: int
    note: str


def read(content: bytes, name: str) -> Piece:
    """Return the models of a file.

    Parameters
    ----------
    content
        Its bytes, unpacked.
    name
        Its name, which becomes part of the grid's.

    Raises
    ------
    BadFileError
        For another format or layout, a piece too long to be normalised, a missing reader.
    """
    if content.startswith(_HDF5):
        label, axes, wavelength, flux = _specgrid(content)
    elif content.startswith(b"PK"):
        label, axes, wavelength, flux = _npz(content)
    else:
        raise BadFileError(
            f"neither HDF5 nor npz: it starts with {content[:8]!r}; download it again, or name "
            "TLUSTY's files as they are distributed (G40000g400v10.vis.7)"
        )
    if not np.all(np.isfinite(flux)) or flux.min() <= 0.0:
        raise BadFileError("some flux is missing, 0 or below; download it again")
    if np.any(np.diff(wavelength) <= 0.0):
        raise BadFileError("its wavelengths do not increase; download it again")
    if wavelength[-1] / wavelength[0] - 1.0 > LONGEST:
        raise BadFileError(
            f"it covers {wavelength[0]:.0f}-{wavelength[-1]:.0f} A without a continuum; only "
            f"pieces of up to {LONGEST:.0%} of their wavelength can be normalised. Extract a "
            "shorter one, or take TLUSTY's own files, which come with a continuum (.vis.17)"
        )
    level = straight_continuum(wavelength, flux)
    stem = PurePath(name).name.split(".")[0]
    known = _KNOWN.search(f"{label} {name}")
    grid = f"{known[0].upper()} ({stem})" if known else stem
    microturbulence = _MICROTURBULENCE.get(known[0].upper(), 0.0) if known else 0.0
    spectra = [rebin(wavelength, row) for row in flux / level]
    if any(spectrum is None for spectrum in spectra):
        raise BadFileError("it covers nothing of the optical that is kept")
    nodes = tuple(
        Node(grid, float(teff), float(logg), float(m_h), microturbulence)
        for teff, logg, m_h in axes
    )
    note = (
        f"normalised by a straight line; microturbulence {microturbulence:g} km/s taken from the "
        "grid's name"
    )
    return Piece(nodes, tuple(s for s in spectra if s is not None), len(wavelength), note)


def straight_continuum(wavelength: Floats, flux: Floats) -> Floats:
    """Return the straight line that is the continuum of each spectrum.

    From the medians of the first and the last quarter, then fitted ten times to the points that
    lie between half a scatter below the line and three above, the scatter being the median
    distance from it: absorption falls out, and so do the emission lines that models next to
    the Eddington limit have.

    Parameters
    ----------
    wavelength : (m,)
    flux : (n, m)

    Returns
    -------
    (n, m)
    """
    x = (wavelength - wavelength.mean()) / np.ptp(wavelength)
    quarter = max(len(x) // 4, 1)
    ends = [np.median(flux[:, part], axis=1) for part in (slice(quarter), slice(-quarter, None))]
    slope = ((ends[1] - ends[0]) / (x[-quarter:].mean() - x[:quarter].mean()))[:, None]
    line = ends[0][:, None] + slope * (x - x[:quarter].mean())
    for _ in range(10):
        residual = flux - line
        scatter = np.median(np.abs(residual), axis=1, keepdims=True)
        near = (residual >= -0.5 * scatter) & (residual <= 3.0 * scatter)
        weight = near.astype(np.float64)
        total = np.maximum(weight.sum(axis=1, keepdims=True), 1.0)
        mean_x = (weight @ x)[:, None] / total
        mean_y = (weight * flux).sum(axis=1, keepdims=True) / total
        away = x - mean_x
        spread = np.maximum((weight * away**2).sum(axis=1, keepdims=True), 1e-12)
        slope = (weight * away * (flux - mean_y)).sum(axis=1, keepdims=True) / spread
        line = np.where(total > 2.0, mean_y + slope * away, line)
    return line


def _specgrid(content: bytes) -> tuple[str, list[tuple[float, float, float]], Floats, Floats]:
    try:
        import h5py  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
    except ImportError:
        raise BadFileError(
            "HDF5 needs the package h5py, which is not installed: `pip install h5py`, and ingest "
            "it again"
        ) from None
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _read_specgrid(file)
    except (OSError, KeyError, ValueError) as error:
        raise BadFileError(
            f"no MSG specgrid that is understood ({error}); download it again"
        ) from None


def _read_specgrid(file: Any) -> tuple[str, list[tuple[float, float, float]], Floats, Floats]:
    if file.attrs["TYPE"] != b"specgrid_t":
        raise ValueError(f"it is a {file.attrs['TYPE']!r}")
    grid = file["vgrid"]
    shape = tuple(int(n) for n in grid.attrs["shape"])
    values = {}
    places = np.unravel_index(np.asarray(grid["v_lin_seq"]) - 1, shape, order="F")
    for number, place in enumerate(places, start=1):
        axis = grid[f"axes[{number}]"]
        values[axis.attrs["label"].decode()] = np.asarray(axis["x"], dtype=np.float64)[place]
    n = len(places[0])
    teff, logg = values.pop("Teff"), values.pop("log(g)")
    m_h = values.pop("[Fe/H]", None)
    if m_h is None and "Z/Zo" in values:
        m_h = np.log10(values.pop("Z/Zo")).round(3)
    if values:
        raise ValueError(f"it also varies {', '.join(values)}")
    m_h = np.zeros(n) if m_h is None else m_h
    flux, wavelength = [], None
    for number in range(1, n + 1):
        spectrum = file[f"specsource/specints[{number}]"]
        own = _bins(spectrum["range"].attrs)
        if wavelength is None:
            wavelength = own
        elif not np.array_equal(wavelength, own):
            raise ValueError("its spectra have different wavelengths")
        flux.append(_flux(np.asarray(spectrum["c"]), spectrum["limb"].attrs["law"]))
    if wavelength is None:
        raise ValueError("it holds no spectrum")
    label = file.attrs["label"].decode() if "label" in file.attrs else ""
    return label, list(zip(teff, logg, m_h, strict=True)), wavelength, np.array(flux)


def _bins(attributes: Any) -> Floats:
    """Return the middles of a range's wavelength bins."""
    if attributes["TYPE"] != b"log_range_t":
        raise ValueError(f"wavelengths as {attributes['TYPE']!r}")
    step, start, n = (attributes[name] for name in ("dlogx", "logx_0", "n"))
    return np.asarray(np.exp(start + step * (np.arange(int(n) - 1) + 0.5)))


def _flux(coefficients: Floats, law: bytes) -> Floats:
    """Return the flux, the integral of ``2 pi mu I(mu)``, of intensities under a law.

    Claret (2000): ``I = c0 - sum_k c_k (1 - mu^(k/2))``, k = 1 to 4.
    """
    if law == b"CONST":
        return np.pi * coefficients[:, 0]
    if law != b"CLARET":
        raise ValueError(f"its limb darkening follows the law {law!r}; CLARET and CONST are known")
    k = np.arange(1, coefficients.shape[1])
    return np.asarray(np.pi * (coefficients[:, 0] - coefficients[:, 1:] @ (k / (k + 4.0))))


def _npz(content: bytes) -> tuple[str, list[tuple[float, float, float]], Floats, Floats]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name], dtype=np.float64) for name in file.files}
        wavelength = arrays["wave_vac_A"]
        flux, teff, logg = arrays["flux"], arrays["teff"], arrays["logg"]
    except KeyError as error:
        raise BadFileError(
            f"no array {error} in the npz; wanted are wave_vac_A (m), flux (n, m), teff (n), "
            "logg (n) and perhaps m_h (n)"
        ) from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadFileError(f"the npz cannot be read ({error}); download it again") from None
    m_h = arrays.get("m_h", np.zeros(len(teff)))
    if flux.shape != (len(teff), len(wavelength)) or not len(teff) == len(logg) == len(m_h):
        raise BadFileError(
            f"the npz's arrays do not fit: flux {flux.shape}, {len(wavelength)} wavelengths, "
            f"{len(teff)} teff, {len(logg)} logg, {len(m_h)} m_h"
        )
    return "", list(zip(teff, logg, m_h, strict=True)), wavelength, flux
