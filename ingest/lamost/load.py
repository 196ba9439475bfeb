"""Bring LAMOST files into the warehouse: in parallel, in whole batches, resumable."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ingest.files import discover
from ingest.lamost.batches import BATCH_FILES, Batch, jobs, merge, read_batch
from ingest.lamost.duplicates import settle
from ingest.pool import default_workers, ordered_map
from ingest.progress import Progress
from warehouse import raw_tables
from warehouse.connection import WarehouseError
from warehouse.load import IngestRun

#: Spectra, bytes and seconds after which a transaction is closed. Small ones are dear: DuckDB
#: writes 250 spectra at 1.6 ms each, 2,048 at 0.9 ms.
COMMIT_SPECTRA = 2048
COMMIT_BYTES = 192 << 20
COMMIT_SECONDS = 10.0
CHECKPOINT_THRESHOLD = "512MB"
#: A pool of processes takes a second to start, as long as one process reads this many bytes.
BYTES_WORTH_A_POOL = 32 << 20
#: What every worker needs; pyarrow takes pandas in when it first sees Python objects.
PRELOAD = ("ingest.lamost.batches", "pandas")
#: Reasons that are kept for the caller to show; all are in ``raw.rejected_file``.
REASONS_KEPT = 20


@dataclass
class IngestCounts:
    """What a call did; ``found = skipped + loaded + rejected``.

    Attributes
    ----------
    found
        Files that the paths mean.
    skipped
        Loaded by an earlier run, as path, size and time of change say.
    loaded
        Read and sound, copies of loaded observations included.
    copies
        Of the loaded ones, those that gave no rows.
    rejected
        Put into quarantine.
    rows
        Inserted, both tables.
    reasons
        Path and reason of the first rejected files.
    run_id
        Of ``raw.ingest_run``.
    """

    found: int = 0
    skipped: int = 0
    loaded: int = 0
    copies: int = 0
    rejected: int = 0
    rows: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    run_id: str = ""

    def __str__(self) -> str:
        lines = [
            f"LAMOST: {self.found:,d} files: {self.loaded:,d} loaded"
            + (f" ({self.copies:,d} of them copies)" if self.copies else "")
            + f", {self.skipped:,d} known, {self.rejected:,d} in quarantine; "
            f"{self.rows:,d} rows"
        ]
        lines += [f"  {path}\n    {reason}" for path, reason in self.reasons]
        if self.rejected > len(self.reasons):
            left = self.rejected - len(self.reasons)
            lines.append(f"  and {left:,d} more: select path, reason from raw.rejected_file")
        return "\n".join(lines)


def ingest_lamost(
    connection: duckdb.DuckDBPyConnection,
    paths: Iterable[Path | str],
    *,
    workers: int | None = None,
    single_exposures: bool = True,
    salvage: bool = False,
    progress: bool = True,
    batch_files: int = BATCH_FILES,
    commit_spectra: int = COMMIT_SPECTRA,
    command: str | None = None,
) -> IngestCounts:
    """Load LAMOST FITS files, low and medium resolution, gzipped or not.

    Every file ends in ``raw.ingested_file`` or in ``raw.rejected_file``. Files land in whole
    transactions: killed at any moment, the next call loads what is missing and nothing
    twice.

    Parameters
    ----------
    connection
        A warehouse, open for writing.
    paths
        Files, or folders that are searched for FITS files.
    workers
        Processes that read; the cores of this machine by default, 1 reads in this process.
    single_exposures
        Whether the single exposures of medium resolution are loaded beside the coadds.
    salvage
        Whether the sound spectra of a file with a bad coadd are loaded.
    progress
        Whether to show progress on standard error.
    batch_files
        Files that a worker takes at once.
    commit_spectra
        Spectra after which a transaction is closed.
    command
        For the ledger.

    Returns
    -------
    IngestCounts
        Also when files were rejected: that is no error of the call.

    Raises
    ------
    WarehouseError
        When a path does not exist, or the warehouse cannot be written.
    """
    given = [Path(path) for path in paths]
    try:
        files = discover(given)
    except OSError as error:
        raise WarehouseError(str(error)) from error
    counts = IngestCounts(found=len(files))
    command = command or "hotstars ingest lamost " + " ".join(map(str, given))
    with IngestRun(connection, source="lamost", command=printable_text(command)) as run:
        counts.run_id = run.run_id
        pending = run.pending(files)
        counts.skipped = counts.found - len(pending)
        workers = default_workers() if workers is None else max(workers, 1)
        if workers > 1 and not _worth_a_pool(pending):
            workers = 1
        if workers > 1:  # a small survey must not end in one worker's hands
            batch_files = min(batch_files, max(32, math.ceil(len(pending) / (4 * workers))))
        todo = jobs(
            pending,
            single_exposures=single_exposures,
            salvage=salvage,
            batch_files=batch_files,
        )
        batches = ordered_map(
            read_batch, todo, workers=workers, preload=["ingest.lamost.batches", "pandas"]
        )
        with (
            Progress(len(pending), "LAMOST files", shown=progress) as shown,
            _rare_checkpoints(connection),
        ):
            for group in _groups(_shown(batches, shown), commit_spectra):
                with _interruptible():
                    _commit(run, group, counts)
    return counts


def _worth_a_pool(files: Iterable[Path]) -> bool:
    size = 0
    for file in files:
        with contextlib.suppress(OSError):
            size += file.stat().st_size
        if size >= BYTES_WORTH_A_POOL:
            return True
    return False


def _shown(batches: Iterable[Batch], progress: Progress) -> Iterator[Batch]:
    for batch in batches:
        progress.advance(len(batch.files) + len(batch.rejected), len(batch.rejected))
        yield batch


def _groups(batches: Iterable[Batch], commit_spectra: int) -> Iterator[Batch]:
    """Join batches until a transaction is worth its cost, or somebody has waited long enough."""
    group: list[Batch] = []
    began = time.monotonic()
    for batch in batches:
        group.append(batch)
        if (
            sum(item.spectra.num_rows for item in group) >= commit_spectra
            or sum(item.spectra.nbytes for item in group) >= COMMIT_BYTES
            or time.monotonic() - began > COMMIT_SECONDS
        ):
            yield merge(group)
            group, began = [], time.monotonic()
    if group:
        yield merge(group)


def _commit(run: IngestRun, batch: Batch, counts: IngestCounts) -> None:
    """Write a batch in one transaction and count what it gave."""
    settled = settle(run.connection, batch)
    inserted = run.commit(
        tables={
            raw_tables.lamost_observation: settled.observations,
            raw_tables.lamost_spectrum: settled.spectra,
        },
        files=settled.records,
        rejections=settled.rejections,
    )
    counts.loaded += len(settled.records)
    counts.copies += settled.n_copies
    counts.rejected += len(settled.rejections)
    counts.rows += sum(inserted.values())
    room = REASONS_KEPT - len(counts.reasons)
    counts.reasons += [(item.path, item.reason) for item in settled.rejections[:room]]


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Turn what DuckDB makes of Ctrl-C during a query back into KeyboardInterrupt."""
    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as error:
        if "interrupt" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


@contextlib.contextmanager
def _rare_checkpoints(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let the write-ahead log grow while spectra are loaded.

    By default DuckDB checkpoints every 16 MB, about 200 spectra, and packs unfinished row groups
    again each time: 24,000 low-resolution spectra then took 3.2 ms each and twice the space on
    disk, 1.9 ms with this, 1.1 ms with transactions of 2,048 spectra. A killed load replays the
    log.
    """
    before = connection.execute("select current_setting('checkpoint_threshold')").fetchall()[0][0]
    connection.execute(f"set checkpoint_threshold = '{CHECKPOINT_THRESHOLD}'")
    try:
        yield
    finally:
        connection.execute(f"set checkpoint_threshold = '{before}'")


def printable_text(text: str) -> str:
    """Return text that any table can hold, bytes that are no UTF-8 as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
