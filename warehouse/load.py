"""Bulk load of Arrow batches into the raw layer, with its ledger.

One call of :meth:`IngestRun.commit` is one transaction: the rows of every table, the
record of every file that gave them, the quarantine and the run's counts land together or
not at all. Rows whose key already stands in the table are left out, so that a load that
was killed can be repeated as it is.
"""

from __future__ import annotations

import contextlib
import getpass
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import duckdb
import numpy as np
import pyarrow as pa
from sqlalchemy import Table

from warehouse import __version__, raw_tables
from warehouse.connection import WarehouseError


@dataclass(frozen=True)
class FileRecord:
    """A file that was loaded."""

    path: str
    sha256: str
    size: int
    mtime_ns: int
    n_rows: int
    note: str | None = None


@dataclass(frozen=True)
class Rejection:
    """A file, or a part of one, that was put into quarantine."""

    path: str
    reason: str
    sha256: str | None = None
    size: int | None = None
    mtime_ns: int | None = None


def quoted(identifier: str) -> str:
    """Return an SQL identifier in quotes, inner quotes doubled."""
    return '"' + identifier.replace('"', '""') + '"'


def qualified(table: Table) -> str:
    """Return the quoted ``schema.table`` name."""
    return f"{quoted(table.schema or 'main')}.{quoted(table.name)}"


def utc_now() -> datetime:
    """Return the time in UTC without a zone, as the ledger stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def check_columns(table: Table, columns: Sequence[str]) -> None:
    """Refuse columns that a table does not have, or a batch that lacks a required one.

    Raises
    ------
    ValueError
        With the table, the columns at fault and those that it knows.
    """
    known = {column.name for column in table.columns}
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise ValueError(
            f"{table.fullname}: no column {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    missing = [
        column.name
        for column in table.columns
        if not column.nullable and column.name not in columns and column.name != "run_id"
    ]
    if missing:
        raise ValueError(f"{table.fullname}: the batch lacks {', '.join(missing)}")


def insert_new(
    connection: duckdb.DuckDBPyConnection, table: Table, batch: pa.Table, run_id: str | None = None
) -> int:
    """Insert the rows of a batch whose key is not yet in the table.

    Within the batch the first row of a key wins. Must be called inside a transaction by
    whoever wants several tables to land together.

    Parameters
    ----------
    connection
        Open for writing.
    table
        SQLAlchemy table with ``info["key"]``.
    batch
        Arrow table with the columns' names; absent columns become NULL.
    run_id
        Fills the column of that name, where the table has it.

    Returns
    -------
    int
        Rows inserted.
    """
    check_columns(table, batch.column_names)
    key = table.info["key"]
    names = [name for name in batch.column_names if run_id is None or name != "run_id"]
    targets = [quoted(name) for name in names]
    values = [f"batch.{quoted(name)}" for name in names]
    parameters: list[str] = []
    if "run_id" in table.columns and run_id is not None:
        targets.append("run_id")
        values.append("?")
        parameters.append(run_id)
    keys = ", ".join(quoted(name) for name in key)
    match = " and ".join(f"known.{quoted(name)} = batch.{quoted(name)}" for name in key)
    # Keys are compared first, on their own: the wide columns are read only for rows that go in.
    numbers = pa.array(np.arange(batch.num_rows))
    numbered_keys = batch.select(list(key)).append_column("row_number_", numbers)
    connection.register("batch_keys_", numbered_keys)
    try:
        fresh = connection.execute(
            f"""
            select min(row_number_) as n
            from batch_keys_ as batch
            where not exists (select 1 from {qualified(table)} as known where {match})
            group by {keys}
            order by n
            """
        ).fetchnumpy()["n"]
    finally:
        connection.unregister("batch_keys_")
    if len(fresh) == 0:
        return 0
    rows = batch if len(fresh) == batch.num_rows else batch.take(pa.array(fresh))
    connection.register("batch_", rows)
    try:
        connection.execute(
            f"insert into {qualified(table)} ({', '.join(targets)}) "
            f"select {', '.join(values)} from batch_ as batch",
            parameters,
        )
    finally:
        connection.unregister("batch_")
    return len(fresh)


def _records(items: Iterable[FileRecord | Rejection], **extra: object) -> pa.Table | None:
    rows = [{**asdict(item), **extra} for item in items]
    return pa.Table.from_pylist(rows) if rows else None


class IngestRun:
    """A call of an ingest command: its row in the ledger and its transactions.

    Examples
    --------
    >>> import duckdb
    >>> from warehouse.migrate import upgrade_in_memory
    >>> connection = upgrade_in_memory()
    >>> with IngestRun(connection, source="demo", command="demo") as run:
    ...     counts = run.commit({}, files=[FileRecord("a.csv", "0" * 64, 10, 0, 0)])
    >>> connection.sql("select status, n_files from raw.ingest_run").fetchall()
    [('finished', 1)]
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: str, command: str) -> None:
        self.connection = connection
        self.source = source
        self.command = command
        self.run_id = str(uuid.uuid4())
        self.n_skipped = 0
        self.n_loaded = 0
        self.n_rejected = 0
        self.n_rows = 0

    def __enter__(self) -> IngestRun:
        row = {
            "run_id": self.run_id,
            "source": self.source,
            "command": self.command,
            "user_name": _user(),
            "version": __version__,
            "started_at": utc_now(),
            "status": "running",
        }
        try:
            insert_new(self.connection, raw_tables.ingest_run, pa.Table.from_pylist([row]))
        except duckdb.CatalogException as error:
            raise WarehouseError("the warehouse has no raw tables; run `hotstars init`") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        status = "finished" if error is None else "failed"
        message = None if error is None else f"{type(error).__name__}: {error}"
        self._update(status, message)

    def _update(self, status: str, message: str | None = None) -> None:
        finished = None if status == "running" else utc_now()
        self.connection.execute(
            """
            update raw.ingest_run
            set status = ?, message = ?, finished_at = ?,
                n_files = ?, n_skipped = ?, n_rejected = ?, n_rows = ?
            where run_id = ?
            """,
            [
                status, message, finished,
                self.n_loaded + self.n_skipped + self.n_rejected,
                self.n_skipped, self.n_rejected, self.n_rows, self.run_id,
            ],
        )  # fmt: skip

    def pending(self, paths: Iterable[Path]) -> list[Path]:
        """Return the files that no earlier run has loaded, in the order given.

        A file counts as loaded when path, size and time of change are those of
        ``raw.ingested_file``. Files in quarantine are tried again.
        """
        known = {
            (path, size, mtime_ns)
            for path, size, mtime_ns in self.connection.execute(
                "select path, size, mtime_ns from raw.ingested_file where source = ?",
                [self.source],
            ).fetchall()
        }
        fresh = []
        for path in paths:
            try:
                status = path.stat()
                record = (str(path.absolute()), status.st_size, status.st_mtime_ns)
            except OSError:
                fresh.append(path)  # the reader says what is wrong with it
                continue
            if record in known:
                self.n_skipped += 1
            else:
                fresh.append(path)
        return fresh

    def commit(
        self,
        tables: Mapping[Table, pa.Table],
        files: Sequence[FileRecord] = (),
        rejections: Sequence[Rejection] = (),
    ) -> dict[str, int]:
        """Write one batch in one transaction.

        Parameters
        ----------
        tables
            Raw table -> Arrow table with its columns' names.
        files, rejections
            What was read, and what could not be.

        Returns
        -------
        dict
            Table name -> rows inserted.

        Raises
        ------
        WarehouseError
            When DuckDB cannot write (disk full, read-only); nothing of the batch stays.
        """
        connection = self.connection
        try:
            connection.begin()
            counts = {
                table.name: insert_new(connection, table, batch, self.run_id)
                for table, batch in tables.items()
                if batch.num_rows
            }
            self._replace_files(files)
            self._replace_rejections(rejections, [record.path for record in files])
            self.n_loaded += len(files)
            self.n_rejected += len(rejections)
            self.n_rows += sum(counts.values())
            self._update("running")
            connection.commit()
        except BaseException as error:
            _roll_back(connection)
            if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
                raise WarehouseError(
                    f"the batch could not be written ({str(error).splitlines()[0]}); nothing of it "
                    "was kept. Free some space or memory and run the same command again"
                ) from error
            raise
        return counts

    def _replace_files(self, files: Sequence[FileRecord]) -> None:
        records = _records(files, source=self.source, loaded_at=utc_now())
        if records is None:
            return
        # A file that changed on disk is read again; the ledger tells its newest state.
        self._delete("raw.ingested_file", [record.path for record in files])
        insert_new(self.connection, raw_tables.ingested_file, records, self.run_id)

    def _replace_rejections(self, rejections: Sequence[Rejection], loaded: Sequence[str]) -> None:
        # A file that was mended or met again leaves no stale row in the quarantine.
        self._delete("raw.rejected_file", [*loaded, *(item.path for item in rejections)])
        records = _records(rejections, source=self.source, rejected_at=utc_now())
        if records is not None:
            insert_new(self.connection, raw_tables.rejected_file, records, self.run_id)

    def _delete(self, table: str, paths: Sequence[str]) -> None:
        if paths:
            self.connection.execute(
                f"delete from {table} where list_contains(?, path) and source = ?",
                [list(dict.fromkeys(paths)), self.source],
            )


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.Error):  # DuckDB may have rolled back already
        connection.rollback()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
