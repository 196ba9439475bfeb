"""Write a simulated survey: spectra as FITS files, catalogues, truth.

A survey is cut into pieces of some hundred visits. A piece is done when its share of the
truth lies in ``truth/parts``; a survey that was stopped goes on with the pieces that are
not. What comes out depends on stars, seed and configuration only, not on the workers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ingest.pool import default_workers, ordered_map
from ingest.progress import Progress
from ingest.simulation import truth
from ingest.simulation.astrometry import star_position
from ingest.simulation.catalogues import CatalogueRows, catalogues
from ingest.simulation.config import SurveyConfig
from ingest.simulation.model import Stars, Visits
from ingest.simulation.population import draw_blocks, draw_survey
from ingest.simulation.votables import write_catalogue
from warehouse.connection import WarehouseError

#: Raised when the same stars, seed and configuration would give other files.
VERSION = 2

#: Visits of a piece of work.
PIECE = 120

RECORD = "survey.json"
_SPOKEN = {"n_stars": "--stars", "seed": "--seed", "version": "version"}

_PRELOAD = ("ingest.simulation.spectra", "ingest.simulation.fits_files")


@dataclass(frozen=True)
class Piece:
    """Visits of one resolution with their stars, small enough for one worker."""

    number: int
    folder: str
    stars: Stars
    visits: Visits


@dataclass(frozen=True)
class SurveySummary:
    """What a call of :func:`write_survey` did."""

    folder: Path
    n_stars: int
    n_visits: int
    n_written: int
    seconds: float

    def __str__(self) -> str:
        known = self.n_visits - self.n_written
        before = f", {known:,d} of them there before" if known else ""
        return (
            f"{self.folder}: {self.n_stars:,d} stars, {self.n_visits:,d} spectra files{before} "
            f"({self.seconds:.1f} s)"
        )


def write_survey(
    folder: Path,
    n_stars: int,
    seed: int,
    *,
    workers: int | None = None,
    config: SurveyConfig | None = None,
    progress: bool = True,
) -> SurveySummary:
    """Write a survey, or go on with one that was stopped.

    Parameters
    ----------
    folder
        Where it goes: ``spectra/``, ``catalogues/``, ``truth/`` and ``survey.json``.
    n_stars, seed, config
        What is simulated.
    workers
        Processes; None for as many as there are cores.
    progress
        Whether standard error tells how far it is.

    Raises
    ------
    WarehouseError
        When the folder holds another survey or other files, or the disk is full.
    """
    if n_stars < 1:
        raise WarehouseError(f"--stars {n_stars}: a survey needs one star at least")
    start = time.monotonic()
    config = config or SurveyConfig()
    wanted = record_of(n_stars, seed, config)
    known = _known_record(folder, wanted)
    if known.get("finished"):
        return SurveySummary(folder, n_stars, int(known["n_visits"]), 0, time.monotonic() - start)
    try:
        return _write(folder, n_stars, seed, config, workers, progress, start)
    except OSError as error:
        raise WarehouseError(
            f"{folder}: the survey cannot be written ({error.strerror or error}). Free some space "
            "or give another --out, and run the same command again"
        ) from error


def _write(
    folder: Path,
    n_stars: int,
    seed: int,
    config: SurveyConfig,
    workers: int | None,
    progress: bool,
    start: float,
) -> SurveySummary:
    record = record_of(n_stars, seed, config)
    parts = folder / truth.FOLDER / "parts"
    for name in (folder / "catalogues", parts):
        name.mkdir(parents=True, exist_ok=True)
    _write_record(folder, record)
    stars, visits = draw_survey(n_stars, seed, config)
    for catalogue in survey_catalogues(n_stars, seed, config):
        write_catalogue(folder / "catalogues", catalogue.file, catalogue.source, catalogue.rows)
    rows_of = pieces(visits)
    pending = [number for number in range(len(rows_of)) if not (parts / part_name(number)).exists()]
    n_written = sum(len(rows_of[number]) for number in pending)
    work = (_piece(number, folder, stars, visits, rows_of[number]) for number in pending)
    done = ordered_map(write_piece, work, workers=workers or default_workers(), preload=_PRELOAD)
    with Progress(n_written, "simulated", shown=progress) as bar:
        for n_files in done:
            bar.advance(n_files, 0)
    truth.write_truth(folder, stars, visits, _collect(parts, rows_of, len(visits)))
    _write_record(folder, {**record, "finished": True, "n_visits": len(visits)})
    for number in range(len(rows_of)):
        (parts / part_name(number)).unlink(missing_ok=True)
    parts.rmdir()
    return SurveySummary(folder, n_stars, len(visits), n_written, time.monotonic() - start)


def record_of(n_stars: int, seed: int, config: SurveyConfig) -> dict[str, Any]:
    """Return what ``survey.json`` says of a survey: all that decides about its files."""
    record = {
        "simulated": True,
        "version": VERSION,
        "n_stars": n_stars,
        "seed": seed,
        "config": asdict(config),
    }
    return json.loads(json.dumps(record))  # tuples become lists, as they come back


def _known_record(folder: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    path = folder / RECORD
    if not path.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise WarehouseError(
                f"{folder}: holds other files and no {RECORD}; give another folder with --out"
            )
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        differing = [name for name in wanted if known[name] != wanted[name]]
    except (ValueError, KeyError, TypeError) as error:
        raise WarehouseError(
            f"{path}: is damaged; remove the folder {folder} or give another with --out"
        ) from error
    if differing:
        said = ", ".join(
            "another configuration"
            if name == "config"
            else f"{_SPOKEN.get(name, name)} {known[name]} (asked for: {wanted[name]})"
            for name in differing
        )
        raise WarehouseError(
            f"{folder}: holds another simulated survey: {said}. Remove the folder, ask for the "
            "same survey, or give another folder with --out"
        )
    return dict(known)


def _write_record(folder: Path, record: dict[str, Any]) -> None:
    scratch = folder / f".{RECORD}.part"
    scratch.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    scratch.replace(folder / RECORD)


def survey_catalogues(n_stars: int, seed: int, config: SurveyConfig) -> Iterator[CatalogueRows]:
    """Yield the catalogues of a whole survey, each in one piece."""
    gathered: dict[str, list[CatalogueRows]] = {}
    for block, (stars, visits) in enumerate(draw_blocks(n_stars, seed, config)):
        for catalogue in catalogues(stars, visits, seed, block, config):
            gathered.setdefault(catalogue.file, []).append(catalogue)
    for file, parts in gathered.items():
        rows = {name: np.concatenate([part.rows[name] for part in parts]) for name in parts[0].rows}
        yield CatalogueRows(file, parts[0].source, rows)


def pieces(visits: Visits) -> list[np.ndarray]:
    """Return the rows of the visits of each piece: one resolution, in order."""
    found = []
    for resolution in ("mrs", "lrs"):
        rows = np.flatnonzero(visits.resolution == resolution)
        found += [rows[first : first + PIECE] for first in range(0, len(rows), PIECE)]
    return found


def part_of(stars: Stars, visits: Visits, rows: np.ndarray) -> tuple[Stars, Visits]:
    """Return some visits with no other stars than theirs, renumbered."""
    own, star = np.unique(visits.star[rows], return_inverse=True)
    return stars.take(own), replace(visits.take(rows), star=star)


def _piece(number: int, folder: Path, stars: Stars, visits: Visits, rows: np.ndarray) -> Piece:
    return Piece(number, str(folder), *part_of(stars, visits, rows))


def part_name(number: int) -> str:
    """Return the name of the file that holds a piece's share of the truth."""
    return f"piece-{number:06d}.npy"


def visit_folder(folder: Path, visits: Visits, row: int) -> Path:
    """Return where a visit's file goes: one folder a plate."""
    return folder / "spectra" / str(visits.resolution[row]) / str(visits.obsid[row] // 100_000)


def write_piece(piece: Piece) -> int:
    """Synthesise and write the spectra of a piece, then its share of the truth.

    Returns
    -------
    int
        Files.
    """
    from ingest.simulation.fits_files import write_visit  # noqa: PLC0415
    from ingest.simulation.spectra import synthesise  # noqa: PLC0415

    folder = Path(piece.folder)
    stars, visits = piece.stars, piece.visits
    ra, dec = star_position(stars, 2000.0)
    as_targets = replace(stars, ra=ra, dec=dec)  # LAMOST's input catalogues are of J2000
    applied = np.zeros((len(visits), len(truth.APPLIED)))
    for spectra in synthesise(stars, visits, np.arange(len(visits))):
        target = visit_folder(folder, visits, spectra.visit)
        target.mkdir(parents=True, exist_ok=True)
        write_visit(target, as_targets, visits, spectra)
        applied[spectra.visit] = [getattr(spectra, name) for name in truth.APPLIED]
    path = folder / truth.FOLDER / "parts" / part_name(piece.number)
    scratch = path.with_name(f".{path.name}")
    with scratch.open("wb") as file:
        np.save(file, applied)
    scratch.replace(path)
    return len(visits)


def _collect(parts: Path, rows_of: list[np.ndarray], n_visits: int) -> dict[str, np.ndarray]:
    applied = np.zeros((n_visits, len(truth.APPLIED)))
    for number, rows in enumerate(rows_of):
        applied[rows] = np.load(parts / part_name(number))
    return {name: applied[:, column] for column, name in enumerate(truth.APPLIED)}
