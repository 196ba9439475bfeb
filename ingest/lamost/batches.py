"""Many files to one batch of Arrow tables: what a worker process does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from ingest.files import FileIdentity
from ingest.lamost.arrow import observation_table, spectrum_table
from ingest.lamost.model import LamostFile
from ingest.lamost.reader import read_lamost

#: Files that a worker takes at once, and bytes of them on disk: at most about 80 MB as arrays.
BATCH_FILES = 256
BATCH_BYTES = 24 << 20


@dataclass(frozen=True)
class Job:
    """Files to be read together."""

    paths: tuple[Path, ...]
    single_exposures: bool
    salvage: bool


@dataclass(frozen=True)
class ReadFile:
    """A sound file: where its rows lie in the batch.

    Attributes
    ----------
    identity
        Path, hash, size and time.
    obsid
        Of its observation; row ``i`` of the observations is the i-th sound file.
    start, stop
        Its rows among the spectra.
    notes
        What a reader should know.
    """

    identity: FileIdentity
    obsid: int
    start: int
    stop: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """What a job gave; every file of it is in ``files`` or in ``rejected``."""

    files: tuple[ReadFile, ...]
    observations: pa.Table
    spectra: pa.Table
    rejected: tuple[tuple[FileIdentity, str], ...]


def jobs(
    paths: Sequence[Path], *, single_exposures: bool, salvage: bool, batch_files: int
) -> Iterator[Job]:
    """Cut a list of files into jobs by number and by bytes on disk."""
    group: list[Path] = []
    size = 0
    for path in paths:
        try:
            bytes_ = path.stat().st_size
        except OSError:
            bytes_ = 0  # the reader says what is wrong with it
        if group and (len(group) >= batch_files or size + bytes_ > BATCH_BYTES):
            yield Job(tuple(group), single_exposures, salvage)
            group, size = [], 0
        group.append(path)
        size += bytes_
    if group:
        yield Job(tuple(group), single_exposures, salvage)


def merge(batches: Sequence[Batch]) -> Batch:
    """Join batches in order into one, rows still beside their files."""
    files: list[ReadFile] = []
    row = 0
    for batch in batches:
        files += [
            replace(file, start=file.start + row, stop=file.stop + row) for file in batch.files
        ]
        row += batch.spectra.num_rows
    return Batch(
        tuple(files),
        pa.concat_tables([batch.observations for batch in batches]),
        pa.concat_tables([batch.spectra for batch in batches]),
        tuple(item for batch in batches for item in batch.rejected),
    )


def read_batch(job: Job) -> Batch:
    """Read the files of a job; a bad one takes nothing from its neighbours."""
    good: list[LamostFile] = []
    files: list[ReadFile] = []
    rejected: list[tuple[FileIdentity, str]] = []
    row = 0
    for path in job.paths:
        identity, result = read_lamost(
            path, single_exposures=job.single_exposures, salvage=job.salvage
        )
        if not isinstance(result, LamostFile):
            rejected.append((identity, str(result)))
            continue
        stop = row + len(result.spectra)
        notes = tuple(result.notes)
        files.append(ReadFile(identity, result.observation.obsid, row, stop, notes))
        good.append(result)
        row = stop
    return Batch(tuple(files), observation_table(good), spectrum_table(good), tuple(rejected))
