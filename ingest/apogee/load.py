"""Bring apStar files into the warehouse: in parallel, in whole batches, resumable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from ingest.apogee.duplicates import KEY, Read, settle
from ingest.apogee.reader import read_apstar
from ingest.catalogues.load import Summary
from ingest.files import BadFileError, discover, read_packed
from ingest.pool import default_workers, ordered_map
from ingest.progress import Progress
from warehouse import raw_tables
from warehouse.load import FileRecord, IngestRun, Rejection

SOURCE = "apogee"

#: Files that a worker takes at once, and spectra after which a transaction is closed: 100 kB each.
BATCH_FILES = 32
COMMIT_SPECTRA = 1024

#: A pool of processes takes a second to start, as long as one process reads so many files.
FILES_WORTH_A_POOL = 400


def load_apogee(
    connection: duckdb.DuckDBPyConnection,
    paths: Iterable[Path],
    *,
    command: str = "",
    workers: int | None = None,
    progress: bool = False,
) -> Summary:
    """Load apStar files, gzipped or not.

    Every file ends in ``raw.ingested_file`` or in ``raw.rejected_file``; a load that was
    killed goes on where it was. The same star in another release, field or telescope is another
    row; a copy of one that is there adds nothing, and another spectrum under the same name goes
    into quarantine (:mod:`ingest.apogee.duplicates`).

    Parameters
    ----------
    connection
        Warehouse, open for writing.
    paths
        Files and folders.
    command
        For the ledger.
    workers
        Processes that read; the cores of this machine by default.
    progress
        Whether to show progress on standard error.

    Raises
    ------
    FileNotFoundError
        When a path does not exist.
    """
    files = [path for path in discover(paths) if not _is_other(path)]
    summary = Summary(SOURCE)
    with IngestRun(connection, SOURCE, command or f"hotstars ingest {SOURCE}") as run:
        pending = run.pending(files)
        summary.n_known = len(files) - len(pending)
        if workers is None:
            workers = default_workers() if len(pending) >= FILES_WORTH_A_POOL else 1
        batches = [pending[i : i + BATCH_FILES] for i in range(0, len(pending), BATCH_FILES)]
        with Progress(len(pending), "apStar files", shown=progress) as shown:
            reads = ordered_map(read_files, batches, workers=workers, preload=[__name__])
            for group in _groups(reads, shown):
                _commit(run, group, summary)
    return summary


def _is_other(path: Path) -> bool:
    """Tell names of the survey's other products, which lie beside apStar files in its folders."""
    return path.name.startswith(("apVisit-", "asVisit-", "aspcapStar-", "allStar", "allVisit"))


def read_files(paths: list[Path]) -> list[Read]:
    """Read files; what is wrong with one is in its result."""
    return [read_file(path) for path in paths]


def read_file(path: Path) -> Read:
    """Read a file; what is wrong with it is in the result."""
    identity, content = read_packed(path)
    try:
        if isinstance(content, BadFileError):
            raise content
        return Read(identity, read_apstar(content, str(path)))
    except BadFileError as error:
        return Read(identity, reason=str(error))


def _groups(batches: Iterable[list[Read]], progress: Progress) -> Iterator[list[Read]]:
    group: list[Read] = []
    for batch in batches:
        progress.advance(len(batch), sum(read.star is None for read in batch))
        group += batch
        if len(group) >= COMMIT_SPECTRA:
            yield group
            group = []
    if group:
        yield group


def _commit(run: IngestRun, reads: list[Read], summary: Summary) -> None:
    settled = settle(run.connection, reads)
    rejections = [
        Rejection(
            read.identity.path,
            read.reason or "",
            read.identity.sha256,
            read.identity.size,
            read.identity.mtime_ns,
        )
        for read in settled.refused
    ]
    records = [_record(read, 1) for read in settled.landing]
    records += [_record(read, 0, note) for read, note in settled.copies]
    stars, spectra = to_arrow(settled.landing)
    counts = run.commit(
        {raw_tables.apogee_star: stars, raw_tables.apogee_spectrum: spectra},
        files=records,
        rejections=rejections,
    )
    summary.n_files += len(records)
    summary.n_read += len(records)
    summary.n_rows += counts.get("apogee_star", 0)
    for item in rejections:
        summary.rejected[item.path] = item.reason


def _record(read: Read, n_rows: int, note: str | None = None) -> FileRecord:
    identity = read.identity
    return FileRecord(
        identity.path,
        identity.sha256 or "",
        identity.size or 0,
        identity.mtime_ns or 0,
        n_rows,
        note,
    )


def to_arrow(reads: list[Read]) -> tuple[pa.Table, pa.Table]:
    """Return sound files as rows of ``raw.apogee_star`` and ``raw.apogee_spectrum``."""
    chosen = [(read, read.star) for read in reads if read.star is not None]
    names = [one.name for one in raw_tables.apogee_star.columns if one.name != "run_id"]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for read, star in chosen:
        told = {
            **star.columns,
            "file_name": Path(read.identity.path).name,
            "path": read.identity.path,
        }
        for name in names:
            columns[name].append(told[name])
    stars = pa.table({name: pa.array(values, _TYPES[name]) for name, values in columns.items()})
    spectra = pa.table(
        {
            **{name: stars[name] for name in KEY},
            "flux": _lists([star.flux for _, star in chosen], pa.float32()),
            "error": _lists([star.error for _, star in chosen], pa.float32()),
            "mask": pa.array(
                [None if star.mask is None else star.mask for _, star in chosen],
                pa.list_(pa.int32()),
            ),
        }
    )
    return stars, spectra


_ARROW = {
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
}
_TYPES = {one.name: _ARROW[str(one.type)] for one in raw_tables.apogee_star.columns}


def _lists(arrays: list[np.ndarray], type_: pa.DataType) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int32)
    values = np.concatenate(arrays) if arrays else np.empty(0, np.float32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, type_))
