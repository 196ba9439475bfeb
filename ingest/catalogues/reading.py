"""Read one catalogue file into rows of its raw table, with what could not be used."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from ingest.catalogues.mapping import MACROS, Select, attached_types
from ingest.catalogues.matching import Match, match
from ingest.catalogues.readers import OpenTable, open_catalogue
from ingest.catalogues.sources import Source
from ingest.files import BadFileError, FileIdentity, printable

#: Rows of an Arrow batch.
BATCH = 250_000

#: Beyond this many rows the mapped table lies in a file, mapped into memory.
IN_MEMORY = 3_000_000

#: Rows that a message names by their number.
NAMED = 20


@dataclass(frozen=True)
class Options:
    """What a user may say about a file.

    Attributes
    ----------
    release
        Data release, where the file does not tell.
    columns
        Raw column -> column of the file.
    constants
        Raw column -> value for every row.
    simulated
        Mark the rows as simulated although the file does not say so.
    """

    release: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False


@dataclass(frozen=True)
class Catalogue:
    """The rows of a file, ready for :meth:`warehouse.load.IngestRun.commit`."""

    rows: pa.Table
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    simulated: bool


def identify(path: Path) -> FileIdentity:
    """Return size, time of change and SHA-256 of a file of any size."""
    try:
        status = path.stat()
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return FileIdentity(printable(path))
    return FileIdentity(printable(path), digest.hexdigest(), status.st_size, status.st_mtime_ns)


def read_catalogue(
    path: Path, source: Source, scratch: Path, options: Options | None = None
) -> Catalogue:
    """Read a file of a source.

    Parameters
    ----------
    path
        VOTable, FITS, Parquet or text, gzipped or not.
    source
        What it holds.
    scratch
        Folder for unpacked and mapped copies; it must outlive the rows.
    options
        What the user said about it.

    Raises
    ------
    BadFileError
        When the file as a whole cannot be used.
    """
    options = options or Options()
    for name in [*options.columns, *options.constants]:
        if name not in source.columns and name not in source.table.columns:
            raise BadFileError(
                f"{source.table.fullname} has no column {name}; it has "
                f"{', '.join(column.name for column in source.table.columns)}"
            )
    tables = open_catalogue(path, scratch)
    table, matched = _choose(tables, source, options)
    return read_table(table, matched, source, scratch, options)


def _choose(
    tables: Sequence[OpenTable], source: Source, options: Options
) -> tuple[OpenTable, Match]:
    errors = []
    fitting = []
    for table in tables:
        try:
            fitting.append((table, match(source, table, options.columns, options.constants)))
        except BadFileError as error:
            errors.append(error)
    if not fitting:
        raise BadFileError("; ".join(str(error) for error in errors))
    # A file with several fitting tables: the one that has most of the columns is meant.
    return max(fitting, key=lambda item: len(item[1].found))


def read_table(
    table: OpenTable, matched: Match, source: Source, scratch: Path, options: Options
) -> Catalogue:
    """Map an open table onto its raw table."""
    simulated = table.simulated or options.simulated
    constants = {**source.marked(simulated, options.release), **options.constants}
    wanted = sorted(
        {number for found in matched.found.values() for number in found.numbers} | set(matched.keep)
    )
    connection = duckdb.connect(":memory:", config={"temp_directory": str(scratch / "spill")})
    try:
        connection.execute(MACROS)
        relation = table.attach(connection, wanted)
        select = Select(
            source, matched, attached_types(connection, relation, wanted), constants, simulated
        )
        statement = select.sql(relation)
        rows = _fetch(connection, statement, scratch)
        broken = table.problems(connection)
    except duckdb.Error as error:
        raise BadFileError(
            f"the table cannot be read ({str(error).splitlines()[0]}); is it cut or damaged? "
            "Download it again"
        ) from error
    finally:
        connection.close()
    if broken and len(broken) > 0.1 * (rows.num_rows + len(broken)):
        raise BadFileError(
            f"{len(broken):,d} of {rows.num_rows + len(broken):,d} lines do not have the header's "
            f"{len(table.columns)} values ({broken[0]}); is it cut, or another kind of file?"
        )
    checker = _Checker(source, select.checked, rows)
    rows, left_out = checker.split()
    checker.check_expectations(rows)
    notes = [*matched.notes, *checker.notes]
    if not rows.num_rows:
        notes.append("no rows")
    if broken:
        left_out = [*_named("is broken", broken), *left_out]
    return Catalogue(rows, tuple(left_out), tuple(notes), simulated)


def _fetch(connection: duckdb.DuckDBPyConnection, statement: str, scratch: Path) -> pa.Table:
    reader = connection.execute(statement).to_arrow_reader(BATCH)
    batches: list[pa.RecordBatch] = []
    n_rows = 0
    for batch in reader:
        batches.append(batch)
        n_rows += batch.num_rows
        if n_rows > IN_MEMORY:
            return _mapped(reader, batches, scratch)
    return pa.Table.from_batches(batches, schema=reader.schema)


def _mapped(reader: pa.RecordBatchReader, batches: list[pa.RecordBatch], scratch: Path) -> pa.Table:
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".arrow", delete=False) as file:
        path = file.name
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
        while batches:
            writer.write_batch(batches.pop(0))
        for batch in reader:
            writer.write_batch(batch)
    return pa.ipc.open_file(pa.memory_map(path)).read_all()


class _Checker:
    """Find the rows that the raw table would refuse, and say why in words."""

    def __init__(self, source: Source, checked: Sequence[str], rows: pa.Table) -> None:
        self.source = source
        self.checked = checked
        self.unreadable = rows["unreadable_"].to_numpy()
        self.rows = rows.drop_columns(["unreadable_"])
        self.notes: list[str] = []

    def split(self) -> tuple[pa.Table, list[str]]:
        """Return the rows that can be loaded, and why the others cannot."""
        reasons = list(self._reasons())
        bad = np.zeros(self.rows.num_rows, dtype=bool)
        left_out = []
        for reason, mask in reasons:
            new = mask & ~bad
            if new.any():
                left_out += _named(reason, [f"row {n + 1}" for n in np.flatnonzero(new)])
            bad |= mask
        if self.rows.num_rows and bad.all():
            raise BadFileError(
                f"none of its {self.rows.num_rows:,d} rows can be used: {left_out[0]}"
            )
        self._note_unreadable()
        return (self.rows.filter(pa.array(~bad)) if bad.any() else self.rows), left_out

    def _reasons(self) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[np.bool_]]]]:
        for column in self.source.table.columns:
            if column.nullable or column.name == "run_id":
                continue
            if column.name not in self.rows.column_names:
                raise BadFileError(
                    f"nothing gives {self.source.table.fullname}.{column.name}; name the column "
                    f"that holds it (--column {column.name}=NAME) or its value "
                    f"(--set {column.name}=VALUE)"
                )
            mask = self.rows[column.name].is_null().to_numpy()
            if not mask.any():
                continue
            damaged = mask & self._bit(column.name)
            word = "position" if column.name in ("ra", "dec") else column.name
            if damaged.any():
                yield f"has a {column.name} that cannot be used", damaged
            yield f"has no {word}", mask

    def _bit(self, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if name not in self.checked:
            return np.zeros(self.rows.num_rows, dtype=bool)
        return (self.unreadable >> self.checked.index(name)) & 1 == 1

    def _note_unreadable(self) -> None:
        for name in self.checked:
            if self.source.table.columns[name].nullable:
                n_bad = int(self._bit(name).sum())
                n_good = self.rows.num_rows - self.rows[name].null_count
                if n_bad > n_good:
                    raise BadFileError(
                        f"{n_bad:,d} values of {name} are no numbers and {n_good:,d} are; the "
                        "column holds something else than before. Look at the file, or name the "
                        f"right column: --column {name}=NAME"
                    )
                if n_bad:
                    self.notes.append(f"{n_bad:,d} values of {name} are no numbers: NULL")

    def check_expectations(self, rows: pa.Table) -> None:
        """Refuse a file of another release, told by its epoch."""
        for name, expected in self.source.expect.items():
            values = [value for value in rows[name].unique().to_pylist() if value is not None]
            wrong = [value for value in values if abs(value - expected) > 1e-6]
            if wrong:
                raise BadFileError(
                    f"{name} is {wrong[0]}, but {self.source.name} has {expected}: this is another "
                    "release; choose its source (`hotstars ingest --list`)"
                )


def _named(reason: str, items: Sequence[str]) -> list[str]:
    more = f" and {len(items) - NAMED:,d} more" if len(items) > NAMED else ""
    verb = reason if len(items) == 1 else reason.replace("has ", "have ").replace("is ", "are ")
    return [f"{', '.join(items[:NAMED])}{more} {verb}; left out, the others are loaded"]
