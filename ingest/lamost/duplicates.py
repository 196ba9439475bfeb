"""One observation, several files: who lands, who is a copy, who goes into quarantine.

The first file stays: the one that an earlier batch or run brought, else the first by path.
A later file with the same bytes, or with the same spectra in another packing or layout, is
a copy: it is noted in ``raw.ingested_file`` and gives no rows. One with other content is
put into quarantine, with the paths and hashes of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ingest.files import FileIdentity
from ingest.lamost.arrow import fingerprints
from ingest.lamost.batches import Batch, ReadFile
from warehouse.load import FileRecord, Rejection


@dataclass(frozen=True)
class Settled:
    """A batch that is ready to be committed."""

    observations: pa.Table
    spectra: pa.Table
    records: list[FileRecord]
    rejections: list[Rejection]
    n_copies: int


@dataclass(frozen=True)
class _Holder:
    """The file that has an obsid already; ``spectra`` is None where the warehouse holds them."""

    path: str
    sha256: str
    spectra: pa.Table | None


def settle(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Settled:
    """Compare a batch with itself and with the warehouse, file by file."""
    holders = _known(connection, [file.obsid for file in batch.files])
    rejections = [_rejection(identity, reason) for identity, reason in batch.rejected]
    records: list[FileRecord] = []
    rows: list[int] = []
    spectra: list[int] = []
    n_copies = 0
    for row, file in enumerate(batch.files):
        own = batch.spectra.slice(file.start, file.stop - file.start)
        holder = holders.get(file.obsid)
        if holder is None:
            rows.append(row)
            spectra.extend(range(file.start, file.stop))
            holders[file.obsid] = _Holder(file.identity.path, str(file.identity.sha256), own)
            records.append(_record(file, 1 + own.num_rows))
        elif holder.path == file.identity.path and holder.sha256 == file.identity.sha256:
            records.append(_record(file, 1 + own.num_rows))  # touched, or rolled forward
        elif (note := _copy(connection, holder, file, own)) is not None:
            n_copies += 1
            records.append(_record(file, 0, note))
        else:
            rejections.append(_rejection(file.identity, _conflict(holder, file)))
    return Settled(
        _rows(batch.observations, rows),
        _rows(batch.spectra, spectra),
        records,
        rejections,
        n_copies,
    )


def _rows(table: pa.Table, rows: list[int]) -> pa.Table:
    return table if len(rows) == table.num_rows else table.take(pa.array(rows, type=pa.int64()))


def _known(connection: duckdb.DuckDBPyConnection, obsids: Iterable[int]) -> dict[int, _Holder]:
    found = connection.execute(
        "select obsid, path, sha256 from raw.lamost_observation "
        "where obsid in (select unnest(?::bigint[]))",
        [list(obsids)],
    ).fetchall()
    return {obsid: _Holder(path, sha256, None) for obsid, path, sha256 in found}


def _copy(
    connection: duckdb.DuckDBPyConnection, holder: _Holder, file: ReadFile, own: pa.Table
) -> str | None:
    """Return a note when the file says what its holder says, else None."""
    if holder.sha256 == file.identity.sha256:
        return f"copy: the same bytes as {holder.path}"
    theirs = holder.spectra
    if theirs is None:
        theirs = connection.execute(
            "select * exclude (run_id) from raw.lamost_spectrum where obsid = ?", [file.obsid]
        ).to_arrow_table()
    ours, others = fingerprints(own), fingerprints(theirs)
    common = ours.keys() & others.keys()
    if common and all(ours[key].agrees(others[key]) for key in common):
        return f"copy: the same spectra as {holder.path}, packed or laid out in another way"
    return None


def _conflict(holder: _Holder, file: ReadFile) -> str:
    ours, theirs = file.identity.sha256, holder.sha256
    if holder.path == file.identity.path:
        return (
            f"the file changed after it was loaded (SHA-256 {theirs} then, {ours} now); obsid "
            f"{file.obsid} keeps what was loaded first. To take the new one, delete the obsid from "
            "raw.lamost_observation and raw.lamost_spectrum and ingest it again"
        )
    return (
        f"obsid {file.obsid} is taken by {holder.path} (SHA-256 {theirs}) and this file (SHA-256 "
        f"{ours}) has other content; the first one stays. Remove one of them, or ingest the other "
        "into a warehouse of its own"
    )


def _record(file: ReadFile, n_rows: int, note: str | None = None) -> FileRecord:
    notes = [*([note] if note else []), *file.notes]
    identity = file.identity
    return FileRecord(
        path=identity.path,
        sha256=str(identity.sha256),
        size=int(identity.size or 0),
        mtime_ns=int(identity.mtime_ns or 0),
        n_rows=n_rows,
        note="; ".join(notes) or None,
    )


def _rejection(identity: FileIdentity, reason: str) -> Rejection:
    return Rejection(
        path=identity.path,
        reason=reason,
        sha256=identity.sha256,
        size=identity.size,
        mtime_ns=identity.mtime_ns,
    )
