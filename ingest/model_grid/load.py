"""Bring grids of model spectra into the warehouse: pairs of TLUSTY files, pieces in one file."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from ingest.catalogues.load import Summary
from ingest.files import BadFileError, FileIdentity, discover, gunzip, printable, read_packed
from ingest.model_grid import names, pieces, tlusty
from ingest.model_grid.names import Node
from ingest.model_grid.wavelength import LOG_STEP, Rebinned
from ingest.pool import default_workers, ordered_map
from ingest.progress import Progress
from warehouse import raw_tables
from warehouse.load import FileRecord, IngestRun, Rejection

SOURCE = "model_grid"

#: Lies beside simulated files and says so: ``{"simulated": true}``.
MARKER = "model_grid.json"

#: Models of a transaction: 8 MB of flux.
COMMIT_MODELS = 64

#: A pool of processes takes a second to start, as long as one process reads this many bytes.
BYTES_WORTH_A_POOL = 32 << 20

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Model:
    """A row of ``raw.model_grid_spectrum``, without what the ledger adds."""

    node: Node
    continuum: str
    medium: str
    n_points: int
    rebinned: Rebinned


@dataclass(frozen=True)
class Pair:
    """A spectrum and its continuum, either of which may be missing."""

    root: str
    node: Node
    spectrum: Path | None = None
    continuum: Path | None = None
    medium: str | None = None

    @property
    def files(self) -> list[Path]:
        """What there is of both."""
        return [path for path in (self.spectrum, self.continuum) if path is not None]


@dataclass(frozen=True)
class Read:
    """What reading a pair, or a file of many models, gave.

    Attributes
    ----------
    path
        The file that the rows are told to come from.
    files
        All that were read.
    models
        One of a pair, many of a piece, none of a model without metals.
    reason
        Why there is none, for the quarantine.
    note
        For the ledger.
    """

    path: Path
    files: tuple[FileIdentity, ...]
    models: tuple[Model, ...] = ()
    reason: str | None = None
    note: str | None = None


def load_model_grid(
    connection: duckdb.DuckDBPyConnection,
    paths: Iterable[Path],
    *,
    command: str = "",
    medium: str | None = None,
    workers: int | None = None,
    progress: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Load model spectra: TLUSTY's ``.vis.7`` with ``.vis.17``, MSG's HDF5, numpy's ``.npz``.

    Every file ends in ``raw.ingested_file`` or in ``raw.rejected_file``; a load that was
    killed goes on where it was.

    Parameters
    ----------
    connection
        Warehouse, open for writing.
    paths
        Files and folders. A spectrum given alone finds the continuum that lies beside it.
    command
        For the ledger.
    medium
        ``air`` or ``vacuum``, what TLUSTY's wavelengths are in; None finds out from the Balmer
        lines of each spectrum.
    workers
        Processes that read; the cores of this machine by default.
    progress
        Whether to show progress on standard error.
    tell
        Called with a line where something is left out.

    Returns
    -------
    Summary
        What cannot be used is in it and in ``raw.rejected_file``, with the reason.

    Raises
    ------
    FileNotFoundError
        When a path does not exist.
    ValueError
        When ``medium`` is another word.
    """
    if medium not in (None, "air", "vacuum"):
        raise ValueError(f"medium {medium!r}: it is air or vacuum")
    files = discover(paths, (*names.SUFFIXES, *pieces.SUFFIXES))
    summary = Summary(SOURCE)
    with IngestRun(connection, SOURCE, command or f"hotstars ingest {SOURCE}") as run:
        fresh = set(run.pending(files))
        summary.n_known = len(files) - len(fresh)
        pairs, others = pair_up(files)
        todo = [replace(p, medium=medium) for p in pairs if fresh.intersection(p.files)]
        if workers is None:
            workers = default_workers() if _worth_a_pool(todo) else 1
        with Progress(len(todo), "models", shown=progress) as shown:
            reads = ordered_map(read_pair, todo, workers=workers, preload=[__name__])
            for group in _groups(_counted(reads, shown)):
                _commit(run, group, summary)
        for path in others:
            if path in fresh:
                tell(f"{SOURCE}: {path.name}")
                _commit(run, [read_piece(path)], summary)
    return summary


def _worth_a_pool(pairs: Iterable[Pair]) -> bool:
    size = 0
    for path in (path for pair in pairs for path in pair.files):
        with contextlib.suppress(OSError):  # the reader says what is wrong with it
            size += path.stat().st_size
    return size >= BYTES_WORTH_A_POOL


def pair_up(files: Iterable[Path]) -> tuple[list[Pair], list[Path]]:
    """Return pairs of spectrum and continuum, and the files whose names are not TLUSTY's.

    Two copies of a model in one folder, packed and not, are one: the first name wins.
    """
    pairs: dict[tuple[Path, str], Pair] = {}
    others = []
    for path in files:
        name = names.parse(path)
        if name is None:
            others.append(path)
            continue
        key = (path.parent, name.root.upper())
        pair = pairs.setdefault(key, Pair(name.root, name.node))
        if name.is_continuum:
            pairs[key] = replace(pair, continuum=pair.continuum or path)
        else:
            pairs[key] = replace(pair, spectrum=pair.spectrum or path)
    return [_with_neighbour(pair) for pair in pairs.values()], others


def _with_neighbour(pair: Pair) -> Pair:
    """Return a pair completed by what lies beside a file that was given alone."""
    if pair.spectrum is None or pair.continuum is not None:
        return pair
    for suffix in (names.CONTINUUM, f"{names.CONTINUUM}.gz"):
        path = pair.spectrum.with_name(pair.root + suffix)
        if path.exists():
            return replace(pair, continuum=path)
    return pair


def is_simulated(folder: Path) -> bool:
    """Tell whether the marker of simulated grids lies in a folder."""
    try:
        said = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise BadFileError(
            f"{folder / MARKER} cannot be read ({error}): it tells whether the spectra beside it "
            "are simulated; write them anew"
        ) from None
    return bool(isinstance(said, dict) and said.get("simulated"))


def read_pair(pair: Pair) -> Read:
    """Read a model's two files; what is wrong with them is in the result."""
    path = pair.files[0]
    if pair.spectrum is None:
        reason = (
            f"a continuum without its spectrum {pair.root}{names.SPECTRUM}; put both into one "
            "folder and ingest that"
        )
        return Read(path, _identities(pair), reason=reason)
    if math.isinf(pair.node.m_h):
        note = "a model without metals has no [M/H]; left out"
        return Read(path, _identities(pair), note=note)
    if pair.continuum is None:
        reason = (
            f"its continuum {pair.root}{names.CONTINUUM} is missing, without which the flux cannot "
            "be normalised; put it beside the spectrum and ingest the folder again"
        )
        return Read(path, _identities(pair), reason=reason)
    identity, content = read_packed(pair.spectrum)
    other, continuum = read_packed(pair.continuum)
    identities = (identity, other)
    try:
        columns = [
            _columns(content, pair.spectrum, pair.spectrum),
            _columns(continuum, pair.continuum, pair.spectrum),
        ]
        node = _named(pair.node, pair.spectrum)
        normalised = tlusty.normalise(columns[0], columns[1], pair.medium)
    except BadFileError as error:
        return Read(path, identities, reason=str(error))
    model = Model(node, "model", normalised.medium, normalised.n_points, normalised.rebinned)
    return Read(path, identities, (model,))


def _columns(content: bytes | BadFileError, path: Path, spectrum: Path) -> tuple:
    """Return a file's columns; a fault of the continuum names it."""
    try:
        if isinstance(content, BadFileError):
            raise content
        return tlusty.read_columns(gunzip(content) if content.startswith(_GZIP) else content)
    except BadFileError as error:
        if path == spectrum:
            raise
        raise BadFileError(f"its continuum {path.name}: {error}") from None


def _named(node: Node, path: Path) -> Node:
    return replace(node, grid=f"SIM-{node.grid}") if is_simulated(path.parent) else node


def _identities(pair: Pair) -> tuple[FileIdentity, ...]:
    return tuple(read_packed(path)[0] for path in pair.files)


def read_piece(path: Path) -> Read:
    """Read a file that holds many models; what is wrong with it is in the result."""
    identity, content = read_packed(path)
    try:
        if isinstance(content, BadFileError):
            raise content
        unpacked = gunzip(content) if content.startswith(_GZIP) else content
        piece = pieces.read(unpacked, path.name)
        models = tuple(
            Model(_named(node, path), "line", "vacuum", piece.n_points, rebinned)
            for node, rebinned in zip(piece.nodes, piece.spectra, strict=True)
        )
    except BadFileError as error:
        return Read(path, (identity,), reason=str(error))
    return Read(path, (identity,), models, note=piece.note)


def _counted(reads: Iterable[Read], progress: Progress) -> Iterator[Read]:
    for read in reads:
        progress.advance(1, int(read.reason is not None))
        yield read


def _groups(reads: Iterable[Read]) -> Iterator[list[Read]]:
    group: list[Read] = []
    for read in reads:
        group.append(read)
        if len(group) >= COMMIT_MODELS:
            yield group
            group = []
    if group:
        yield group


def _commit(run: IngestRun, reads: list[Read], summary: Summary) -> None:
    """Write what was read in one transaction and count it."""
    records, rejections = [], []
    rows = [(model, read.path) for read in reads for model in read.models]
    for read in reads:
        for identity in read.files:
            if read.reason is None:
                own = identity.path == printable(read.path)
                records.append(_record(identity, len(read.models) if own else 0, read.note))
            elif identity.path == printable(read.path):
                rejections.append(
                    Rejection(
                        identity.path,
                        read.reason,
                        identity.sha256,
                        identity.size,
                        identity.mtime_ns,
                    )
                )
        if read.reason is not None:
            summary.rejected[printable(read.path)] = read.reason
        elif not read.models and read.note:
            summary.left_out[printable(read.path)] = read.note
    counts = run.commit(
        {raw_tables.model_grid_spectrum: to_arrow(rows)}, files=records, rejections=rejections
    )
    summary.n_files += sum(read.reason is None for read in reads)
    summary.n_read += len(rows)
    summary.n_rows += sum(counts.values())


def _record(identity: FileIdentity, n_rows: int, note: str | None) -> FileRecord:
    return FileRecord(
        identity.path,
        identity.sha256 or "",
        identity.size or 0,
        identity.mtime_ns or 0,
        n_rows,
        note,
    )


def to_arrow(rows: list[tuple[Model, Path]]) -> pa.Table:
    """Return models with their files as rows of ``raw.model_grid_spectrum``."""
    models = [model for model, _ in rows]
    columns = {
        "grid": pa.array([model.node.grid for model in models], pa.string()),
        "simulated": pa.array([model.node.grid.startswith("SIM-") for model in models], pa.bool_()),
        "continuum": pa.array([model.continuum for model in models], pa.string()),
        "medium": pa.array([model.medium for model in models], pa.string()),
        "n_points": pa.array([model.n_points for model in models], pa.int32()),
        "log_wavelength_start": pa.array(
            [model.rebinned.log_start for model in models], pa.float64()
        ),
        "log_wavelength_step": pa.array([LOG_STEP] * len(models), pa.float64()),
        "flux": _lists([model.rebinned.flux for model in models]),
        "file_name": pa.array([Path(printable(path)).name for _, path in rows], pa.string()),
        "path": pa.array([printable(path) for _, path in rows], pa.string()),
    }
    for name in ("teff", "logg", "m_h", "microturbulence"):
        columns[name] = pa.array([getattr(model.node, name) for model in models], pa.float64())
    return pa.table(columns)


def _lists(arrays: list[np.ndarray]) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int32)
    values = np.concatenate(arrays) if arrays else np.empty(0, np.float32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, pa.float32()))
