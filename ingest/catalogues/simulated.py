"""Load everything that the simulated survey wrote, through the loaders of real files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ingest.catalogues.load import SUFFIXES, Summary, load_files
from ingest.catalogues.reading import Options
from ingest.catalogues.sources import all_sources
from ingest.files import discover
from warehouse.connection import WarehouseError


@dataclass
class SimulatedCounts:
    """What :func:`ingest_simulated` did: spectra, catalogues, truth, model spectra, APOGEE."""

    lamost: Any = None
    catalogues: list[Summary] = field(default_factory=list)
    truth: Any = None
    model_grid: Summary | None = None
    apogee: list[Summary] = field(default_factory=list)


def source_of(path: Path) -> str | None:
    """Return the source that a file of the simulated survey is named after.

    The longest name of a source that stands in the file's name, between underscores:
    ``gaia_dr3.vot`` is gaia, ``spectral_types_skiff.vot`` is skiff.
    """
    stem = f"_{path.name.casefold().split('.')[0]}_"
    names = [name for name in all_sources() if f"_{name}_" in stem]
    specific = [name for name in names if name not in ("literature", "spectral_types")]
    return max(specific or names, key=len, default=None)


def ingest_simulated(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    command: str = "hotstars ingest simulated",
    progress: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> SimulatedCounts:
    """Load LAMOST spectra, catalogues and truth of a simulated survey.

    Parameters
    ----------
    connection
        Warehouse, open for writing.
    folder
        What ``hotstars simulate`` wrote.
    command
        For the ledger.
    progress
        Whether the LAMOST loader draws its bar.
    tell
        Called with a line of progress.

    Raises
    ------
    WarehouseError
        When the folder is missing, or a catalogue of it is refused: these files are our
        own, so that a refused one is a fault of the program.
    """
    from ingest.lamost.load import ingest_lamost  # noqa: PLC0415

    if not folder.is_dir():
        raise WarehouseError(
            f"{folder}: no simulated survey here; make one with `hotstars simulate`"
        )
    counts = SimulatedCounts()
    spectra, tables = (_part(folder, name) for name in ("spectra", "catalogues"))
    counts.lamost = ingest_lamost(connection, [spectra], progress=progress, command=command)
    counts.catalogues = load_catalogues(connection, tables, command=command, tell=tell)
    counts.truth = _load_truth(connection, folder)
    counts.model_grid = _load_model_grid(connection, folder, command, progress, tell)
    counts.apogee = _load_apogee(connection, folder, command, progress, tell)
    return counts


def _part(folder: Path, name: str) -> Path:
    """Return a survey's folder of one kind of files; the whole folder where it has none."""
    return folder / name if (folder / name).is_dir() else folder


def load_catalogues(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    command: str,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Summary]:
    """Load the catalogue files of a simulated survey, each as the source in its name."""
    done = []
    for source, paths in _grouped(discover([folder], SUFFIXES)):
        summary = load_files(
            connection,
            source,
            paths,
            command=command,
            options=Options(simulated=True),
            tell=tell,
        )
        if summary.rejected:
            path, reason = next(iter(summary.rejected.items()))
            raise WarehouseError(f"{path}: {reason}")
        done.append(summary)
    return done


def _grouped(paths: Iterable[Path]) -> list[tuple[str, list[Path]]]:
    groups: dict[str, list[Path]] = {}
    for path in paths:
        name = None if path.name.casefold().startswith("truth") else source_of(path)
        if name is not None:
            groups.setdefault(name, []).append(path)
    return sorted(groups.items())


def _load_truth(connection: duckdb.DuckDBPyConnection, folder: Path) -> Any:
    from ingest.simulation.truth import load_truth  # noqa: PLC0415

    return load_truth(connection, folder)


def _load_model_grid(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    command: str,
    progress: bool,
    tell: Callable[[str], None],
) -> Summary | None:
    from ingest.model_grid.load import load_model_grid  # noqa: PLC0415
    from ingest.simulation.model_grid import FOLDER  # noqa: PLC0415

    if not (folder / FOLDER).is_dir():
        return None  # a survey of an earlier version
    return load_model_grid(
        connection, [folder / FOLDER], command=command, progress=progress, tell=tell
    )


def _load_apogee(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    command: str,
    progress: bool,
    tell: Callable[[str], None],
) -> list[Summary]:
    from ingest.apogee.load import load_apogee  # noqa: PLC0415
    from ingest.simulation.apogee_files import FOLDER  # noqa: PLC0415
    from ingest.simulation.truth import load_apogee_truth  # noqa: PLC0415

    own = folder / FOLDER
    if not own.is_dir():
        return []  # a survey of an earlier version, or one without
    spectra = load_apogee(connection, [own / "stars"], command=command, progress=progress)
    if spectra.rejected:
        path, reason = next(iter(spectra.rejected.items()))
        raise WarehouseError(f"{path}: {reason}")
    done = [spectra, *load_catalogues(connection, own, command=command, tell=tell)]
    load_apogee_truth(connection, own)
    return done
