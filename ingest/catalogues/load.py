"""Load catalogue files into the warehouse: read, check, commit, tell."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ingest.catalogues.reading import Options, identify, read_catalogue
from ingest.catalogues.sources import Source, find_source
from ingest.files import BadFileError, FileIdentity, discover, printable
from warehouse.load import FileRecord, IngestRun, Rejection

SUFFIXES = tuple(
    f".{name}{packed}"
    for name in (
        "csv", "tsv", "psv", "txt", "ecsv", "dat",
        "vot", "votable", "xml", "fits", "fit", "parquet", "pq",
    )
    for packed in ("", ".gz")
)  # fmt: skip


@dataclass
class Summary:
    """What a load did."""

    source: str
    n_files: int = 0
    n_known: int = 0
    n_rows: int = 0
    n_read: int = 0
    rejected: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"{self.source}: {self.n_rows:,d} new rows of {self.n_read:,d}"
        text += f" from {self.n_files} file{'s' if self.n_files != 1 else ''}"
        if self.n_known:
            text += f", {self.n_known} loaded before"
        if self.rejected:
            text += f", {len(self.rejected)} in quarantine"
        return text


def load_files(
    connection: duckdb.DuckDBPyConnection,
    source: Source | str,
    paths: Iterable[Path],
    *,
    command: str = "",
    options: Options | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Load files of one source, each in one transaction.

    Parameters
    ----------
    connection
        Warehouse, open for writing.
    source
        The source or its name.
    paths
        Files and folders.
    command
        For the ledger.
    options
        What the user says about the files.
    tell
        Called with a line of progress.

    Returns
    -------
    Summary
        Files that cannot be used are in it and in ``raw.rejected_file``, with the reason.
    """
    if isinstance(source, str):
        source = find_source(source)
    files = discover(paths, SUFFIXES)
    summary = Summary(source.name)
    with IngestRun(connection, source.name, command or f"hotstars ingest {source.name}") as run:
        pending = _pending(run, files)
        summary.n_known = len(files) - len(pending)
        for path in pending:
            tell(f"{source.name}: {path.name}")
            _load_file(run, source, path, options, summary)
    return summary


def _pending(run: IngestRun, files: list[Path]) -> list[Path]:
    """Return the files that were not loaded as this source.

    One file may hold several catalogues (a cross-match does), so that what counts is file
    and source.
    """
    known = set(
        run.connection.execute(
            "select path, size, mtime_ns from raw.ingested_file where source = ?", [run.source]
        ).fetchall()
    )
    fresh = []
    for path in files:
        try:
            status = path.stat()
        except OSError:
            fresh.append(path)
            continue
        if (printable(path), status.st_size, status.st_mtime_ns) in known:
            run.n_skipped += 1
        else:
            fresh.append(path)
    return fresh


def _load_file(
    run: IngestRun, source: Source, path: Path, options: Options | None, summary: Summary
) -> None:
    identity = identify(path)
    with tempfile.TemporaryDirectory(prefix="hotstars-") as folder:
        try:
            catalogue = read_catalogue(path, source, Path(folder), options)
        except BadFileError as error:
            summary.rejected[identity.path] = str(error)
            run.commit({}, rejections=[_rejection(identity, str(error))])
            return
        record = FileRecord(
            path=identity.path,
            sha256=identity.sha256 or "",
            size=identity.size or 0,
            mtime_ns=identity.mtime_ns or 0,
            n_rows=catalogue.rows.num_rows,
            note="; ".join(catalogue.notes) or None,
        )
        reasons = [_rejection(identity, reason) for reason in catalogue.left_out]
        counts = run.commit({source.table: catalogue.rows}, [record], reasons)
    summary.n_files += 1
    summary.n_read += catalogue.rows.num_rows
    summary.n_rows += sum(counts.values())
    if catalogue.left_out:
        summary.left_out[identity.path] = "; ".join(catalogue.left_out)


def _rejection(identity: FileIdentity, reason: str) -> Rejection:
    return Rejection(identity.path, reason, identity.sha256, identity.size, identity.mtime_ns)
