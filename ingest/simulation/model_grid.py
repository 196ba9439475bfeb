"""A simulated grid of model spectra, in TLUSTY's names and format: for tests and demonstrations.

The spectra come from the simulated survey's own photospheres, which are no model atmospheres
(:mod:`ingest.simulation.photosphere`): labels learnt from this grid hold for the simulated
survey and for no real star. The marker beside the files says so, and the loader puts ``SIM-``
before the grids' names.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.model_grid.load import MARKER
from ingest.model_grid.names import Node, file_name
from ingest.progress import Progress
from ingest.simulation.lines import GRIDS
from ingest.simulation.photosphere import absorption
from ml.spectra.air import to_air
from warehouse.connection import WarehouseError

Floats = NDArray[np.float64]

#: Where a simulated survey keeps it.
FOLDER = "model_grid"

#: Raised when the same call would write other files.
VERSION = 1

#: Vacuum wavelengths that are written, A.
SPAN = (3680.0, 7520.0)

#: Compositions and microturbulence: the ends of what Guo et al. (2021) use, and the Sun's.
M_H = (-1.0, 0.0, 0.301)
_MICROTURBULENCE = {"BSTAR2006": 2.0, "OSTAR2002": 10.0}

#: Temperatures (K) of each grid and the least log g there, as the Eddington limit has it.
COARSE: dict[str, tuple[tuple[float, float], ...]] = {
    "BSTAR2006": (
        (15000.0, 2.25),
        (18000.0, 2.25),
        (22000.0, 3.0),
        (26000.0, 3.0),
        (30000.0, 3.0),
    ),
    "OSTAR2002": ((37500.0, 3.75), (45000.0, 3.75)),
}
LOGG = (2.25, 3.0, 3.75, 4.5)

_CONTINUUM_STEP = 10.0  # A
_PLANCK = 1.438777e8  # h c / k, A K


@dataclass(frozen=True)
class GridSummary:
    """What a call of :func:`write_model_grid` did."""

    folder: Path
    n_models: int
    n_written: int

    def __str__(self) -> str:
        known = self.n_models - self.n_written
        before = f", {known} of them there before" if known else ""
        return f"{self.folder}: {self.n_models} simulated model spectra{before}"


def nodes() -> list[Node]:
    """Return the models of the coarse grid."""
    return [
        Node(grid, teff, logg, m_h, _MICROTURBULENCE[grid])
        for grid, temperatures in COARSE.items()
        for teff, lowest in temperatures
        for logg in LOGG
        if logg >= lowest
        for m_h in M_H
    ]


def write_model_grid(folder: Path, *, progress: bool = False) -> GridSummary:
    """Write the coarse grid, or go on with one that was stopped.

    Parameters
    ----------
    folder
        Where it goes.
    progress
        Whether standard error tells how far it is.

    Raises
    ------
    WarehouseError
        When the folder holds other files, or the disk is full.
    """
    try:
        _claim(folder)
        todo = [node for node in nodes() if not _paths(folder, node)[0].exists()]
        with Progress(len(todo), "model spectra", shown=progress) as shown:
            for node in todo:
                _write(folder, node)
                shown.advance(1, 0)
    except OSError as error:
        raise WarehouseError(
            f"{folder}: the grid cannot be written ({error.strerror or error}). Free some space or "
            "give another folder, and run the same command again"
        ) from error
    return GridSummary(folder, len(nodes()), len(todo))


def _claim(folder: Path) -> None:
    """Put the marker into an empty folder, or see that it is this grid's."""
    said = {
        "simulated": True,
        "version": VERSION,
        "note": "No model atmospheres: spectra of the simulated survey's photospheres, named and "
        "written as TLUSTY's OSTAR2002 and BSTAR2006. Not for real stars.",
    }
    marker = folder / MARKER
    if marker.exists():
        try:
            known = json.loads(marker.read_text(encoding="utf-8"))
        except ValueError:
            known = None
        if known != said:
            raise WarehouseError(
                f"{folder}: holds another simulated grid, or a damaged {MARKER}; remove the folder "
                "or give another"
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WarehouseError(f"{folder}: holds other files and no {MARKER}; give another folder")
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f".{MARKER}.part"
    scratch.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    scratch.replace(marker)


def _paths(folder: Path, node: Node) -> tuple[Path, Path]:
    return folder / f"{file_name(node)}.gz", folder / f"{file_name(node, continuum=True)}.gz"


def _write(folder: Path, node: Node) -> None:
    wavelength, flux = synthesise(node)
    level = eddington_flux(wavelength, node.teff)
    thin = np.unique(np.r_[np.arange(0, len(wavelength), _stride(wavelength)), len(wavelength) - 1])
    spectrum, continuum = _paths(folder, node)
    air = to_air(wavelength)
    # the spectrum last: where it is, the model is whole
    for path, rows in ((continuum, (air[thin], level[thin])), (spectrum, (air, level * flux))):
        scratch = path.with_name(f".{path.name}.part")
        scratch.write_bytes(gzip.compress(_text(*rows), 6, mtime=0))
        scratch.replace(path)


def _stride(wavelength: Floats) -> int:
    return max(int(_CONTINUUM_STEP / float(np.median(np.diff(wavelength)))), 1)


def _text(wavelength: Floats, flux: Floats) -> bytes:
    """Return lines as SYNSPEC writes them: F10.3 and an exponent after five digits."""
    pairs = zip(wavelength.tolist(), flux.tolist(), strict=True)
    return b"".join(b"%10.3f %12.5E\n" % pair for pair in pairs)


def synthesise(node: Node) -> tuple[Floats, Floats]:
    """Return vacuum wavelengths (A), in uneven steps, and normalised flux of a node.

    The photosphere's fine grids where they are, its coarse one elsewhere; a star of the grid
    has none of the peculiarities that single stars have.
    """
    teff, logg, m_h = (np.array([value]) for value in (node.teff, node.logg, node.m_h))
    plain = np.full((1, 8), 0.5)
    parts = {
        name: (GRIDS[name].wavelength, 1.0 - absorption(teff, logg, m_h, plain, name)[0])
        for name in ("lrs", "mrs_b", "mrs_r")
    }
    wavelength, flux = parts["lrs"]
    kept = (wavelength > SPAN[0]) & (wavelength < SPAN[1])
    for fine in ("mrs_b", "mrs_r"):
        low, high = parts[fine][0][[0, -1]]
        kept &= (wavelength < low) | (wavelength > high)
    joined = np.concatenate([wavelength[kept], parts["mrs_b"][0], parts["mrs_r"][0]])
    values = np.concatenate([flux[kept], parts["mrs_b"][1], parts["mrs_r"][1]])
    order = np.argsort(joined)
    return joined[order], np.asarray(values[order], dtype=np.float64)


def eddington_flux(wavelength: Floats, teff: float) -> Floats:
    """Return a quarter of a black body's intensity, erg/s/cm2/A: a continuum for the files."""
    return np.asarray(0.25 * 1.191043e27 / wavelength**5 / np.expm1(_PLANCK / (wavelength * teff)))
