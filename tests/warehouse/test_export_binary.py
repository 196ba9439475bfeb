"""VOTable, FITS and Parquet written in pieces hold every type, every NULL, and true checksums."""

from __future__ import annotations

import datetime
import io
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import example, given
from hypothesis import strategies as st
from released import read

import warehouse.export.reading
from warehouse.connection import WarehouseError
from warehouse.export import ExportFormat, export_mart
from warehouse.export.checksums import Checksum, encoded
from warehouse.export.metadata import Mart, MartColumn
from warehouse.export.tables import Field, records

#: A value of each type that DuckDB gives to a mart, as literal and as Python has it.
TYPES: dict[str, tuple[str, Any]] = {
    "boolean": ("true", True),
    "tinyint": ("-128", -128),
    "utinyint": ("255", 255),
    "smallint": ("-32767", -32767),
    "usmallint": ("65535", 65535),
    "integer": ("-2147483647", -2147483647),
    "uinteger": ("4294967295", 4294967295),
    "bigint": ("-9223372036854775807", -9223372036854775807),
    "ubigint": ("9223372036854775807", 9223372036854775807),
    "hugeint": ("-4503599627370496", -4503599627370496.0),
    "decimal(18,3)": ("12.125", 12.125),
    "float": ("1.1", float(np.float32(1.1))),
    "double": ("1e300", 1e300),
    "date": ("'2018-03-01'", "2018-03-01"),
    "timestamp": ("'2018-03-01 04:05:06.5'", "2018-03-01 04:05:06.500000"),
    "varchar": ("'BD+59 224'", "BD+59 224"),
}

MART = Mart(
    "every_type",
    "marts",
    "A column of each type",
    tuple(MartColumn(f"c{i}", name, None, "meta", "A1") for i, name in enumerate(TYPES)),
    (),
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A value of each type between two rows of NULL."""
    with duckdb.connect(":memory:") as database:
        columns = ", ".join(
            f"cast({value} as {name}) as c{i}" for i, (name, (value, _)) in enumerate(TYPES.items())
        )
        nothing = ", ".join(f"null::{name}" for name in TYPES)
        database.execute("create schema marts")
        database.execute(f"create table marts.every_type as select {columns}")
        database.execute(f"insert into marts.every_type select {nothing} from range(2)")
        yield database


def plain(value: Any) -> Any:
    """A reader's value as Python has it, None where it is missing."""
    if np.ma.is_masked(value) or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, datetime.datetime | datetime.date):
        return str(value)
    value = value.item() if isinstance(value, np.generic) else value
    return None if value == "" else value


@pytest.mark.parametrize("piece", [1, 2, 50_000])
@pytest.mark.parametrize("format_", [ExportFormat.fits, ExportFormat.votable])
def test_every_type_and_its_null_come_back(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    format_: ExportFormat,
    piece: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warehouse.export.reading, "PIECE", piece)
    table = Table.read(export_mart(connection, MART, format_, tmp_path), format=format_.value)
    assert len(table) == 3
    for i, (name, (_, wanted)) in enumerate(TYPES.items()):
        got = sorted((plain(value) for value in table[f"c{i}"]), key=lambda value: value is None)
        assert got == [wanted, None, None], name


def test_parquet_reads_with_its_votable_header(tmp_path: Path) -> None:
    """astropy lays the data over the header, and refuses where the types differ."""
    columns = ("boolean", "integer", "bigint", "float", "double", "varchar")
    mart = Mart("few", "marts", "", tuple(
        MartColumn(f"c{i}", name, "mag" if name == "double" else None, "meta", "A1")
        for i, name in enumerate(columns)
    ), ())  # fmt: skip
    with duckdb.connect(":memory:") as database:
        database.execute("create schema marts")
        chosen = ", ".join(f"{TYPES[name][0]}::{name} as c{i}" for i, name in enumerate(columns))
        database.execute(f"create table marts.few as select {chosen}")
        path = export_mart(database, mart, ExportFormat.parquet, tmp_path)
    table = Table.read(path, format="parquet.votable")
    assert [plain(value) for value in table[0]] == [TYPES[name][1] for name in columns]
    assert str(table["c4"].unit) == "mag"
    assert table["c0"].description == "boolean"


def letters(*texts: str) -> tuple[duckdb.DuckDBPyConnection, Mart]:
    mart = Mart(
        "names", "marts", "", (MartColumn("name", "Name", None, "meta.id", "A1"),), ("name",)
    )
    database = duckdb.connect(":memory:")
    database.execute("create schema marts; create table marts.names (name varchar)")
    database.executemany("insert into marts.names values (?)", [[text] for text in texts])
    return database, mart


# HATS asks for a position first
@pytest.mark.parametrize("format_", [one for one in ExportFormat if one is not ExportFormat.hats])
def test_types_that_no_file_has_become_text_or_are_refused_by_name(
    tmp_path: Path, format_: ExportFormat
) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create type class as enum ('Be', 'Oe');"
            "create table marts.odd as select 'Be'::class as c0, "
            "'6b1f0d2e-9c6e-4c1c-8a52-0d6f1b7f7a11'::uuid as c1 union all select null, null"
        )
        mart = Mart("odd", "marts", "", tuple(MartColumn(f"c{i}", "", None, "meta", "A36")
                                              for i in range(2)))  # fmt: skip
        found = read(export_mart(connection, mart, format_, tmp_path), format_)
        values = [[str(plain(one)) for one in row if plain(one)] for row in found]
        assert ["Be", "6b1f0d2e-9c6e-4c1c-8a52-0d6f1b7f7a11"] in values
        for kind in ("blob", "interval", "map(varchar, integer)"):
            connection.execute(f"create or replace table marts.odd as select 1 c0, null::{kind} c1")
            with pytest.raises(WarehouseError, match="column c1 of odd is"):
                export_mart(connection, mart, format_, tmp_path)
        for date in ("infinity", "0044-03-15 (BC)", "12026-01-01"):
            connection.execute(
                f"create or replace table marts.odd as select 1 as c0, '{date}'::date as c1"
            )
            if format_ not in (ExportFormat.csv, ExportFormat.ecsv):
                with pytest.raises(WarehouseError, match="column c1 of odd has 1 dates"):
                    export_mart(connection, mart, format_, tmp_path)


@pytest.mark.parametrize("format_", [ExportFormat.votable, ExportFormat.fits])
def test_whole_numbers_beyond_64_bits_with_a_sign_are_refused_by_name(
    tmp_path: Path, format_: ExportFormat
) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.odd as select 18446744073709551615::ubigint as c0")
        mart = Mart("odd", "marts", "", (MartColumn("c0", "", None, "meta", "I20"),))
        with pytest.raises(WarehouseError, match="column c0 holds whole numbers beyond 64 bits"):
            export_mart(connection, mart, format_, tmp_path)


@pytest.mark.parametrize("format_", [ExportFormat.fits, ExportFormat.cds, ExportFormat.mrt])
def test_letters_beyond_ascii_in_the_metadata_are_written_by_their_numbers(
    tmp_path: Path, format_: ExportFormat
) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create table marts.odd as select 1 as c0")
        column = MartColumn("c0", "Größe", None, "meta", "I4")
        mart = Mart("odd", "marts", "By Müller", (column,), title="Übersicht", paper="Müller+2020",
                    bibcode="2020A&A...1....1M")  # fmt: skip
        rebuild = {"sources": "Muñoz DR1"}
        path = export_mart(connection, mart, format_, tmp_path, rebuild)
        content = path.read_bytes() + b"".join(one.read_bytes() for one in tmp_path.iterdir())
        assert content.isascii() or format_ is ExportFormat.fits
        assert b"Gr\\xf6\\xdfe" in content
        assert b"Mu\\xf1oz" in content


def test_letters_beyond_ascii_stand_in_votable_and_are_refused_by_fits(tmp_path: Path) -> None:
    """Greek takes two bytes of UTF-8, a star's sign three, what lies beyond 16 bits two words."""
    texts = ("alpha Cen", "α Cen", "★ Cyg", "𝛼 Cen")
    database, mart = letters(*texts)
    with database:
        path = export_mart(database, mart, ExportFormat.votable, tmp_path)
        table = Table.read(path, format="votable")
        assert sorted(table["name"]) == sorted(texts)
        with pytest.raises(WarehouseError, match=r"column name of names .* release it as votable"):
            export_mart(database, mart, ExportFormat.fits, tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["names.vot"]


def test_text_that_grew_while_it_was_written_is_not_cut() -> None:
    piece = pa.record_batch({"name": ["longer than that"]})
    field = Field("name", None, 4)
    with pytest.raises(WarehouseError, match="column name has changed while it was written"):
        list(records([piece], [field], flags=False))


@given(st.lists(st.binary(max_size=40), max_size=12))
@example([b"\xff" * 4] * 9)
@example([b"\xff" * 7, b"\xff" * 6])
def test_the_sum_is_that_of_the_words_however_they_are_cut(pieces: list[bytes]) -> None:
    """Ones' complement: a carry out of 32 bits comes in at the other end."""
    found = Checksum()
    for piece in pieces:
        found.add(piece)
    whole = b"".join(pieces)
    wanted = 0
    for start in range(0, len(whole), 4):
        wanted += int.from_bytes(whole[start : start + 4].ljust(4, b"\0"), "big")
        wanted = (wanted & 0xFFFFFFFF) + (wanted >> 32)
    assert found.value == wanted


@given(st.integers(0, 2**32 - 1))
@example(0)
@example(2**32 - 1)
def test_the_encoded_sum_is_letters_and_figures_that_cancel_it(value: int) -> None:
    """Appendix J: written in place of sixteen '0', at a byte offset of 3, it makes the sum -0."""
    text = encoded(value)
    assert len(text) == 16
    assert text.isascii()
    assert text.isalnum()
    total = Checksum(value)
    # the card's value begins at byte 11, the last of a word
    total.add(b"\0" * 3 + text.encode() + b"\0")
    without = Checksum()
    without.add(b"\0" * 3 + b"0" * 16 + b"\0")
    # ones' complement: taking away is adding the complement
    both = Checksum(total.value)
    both.add((0xFFFFFFFF - without.value).to_bytes(4, "big"))
    assert both.value in (0, 0xFFFFFFFF)


@given(
    st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=1, max_size=9)
)
def test_astropy_agrees_with_the_checksums(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # hypothesis and tmp_path do not mix
        database, mart = letters(*texts)
        with database:
            path = export_mart(database, mart, ExportFormat.fits, Path(folder))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with fits.open(path, checksum=True) as hdus:
                hdus.verify("exception")
                assert len(hdus[1].data) == len(texts)
        damaged = bytearray(path.read_bytes())
        damaged[-1] ^= 1
        with pytest.warns(UserWarning, match="sum verification failed"):
            fits.open(io.BytesIO(damaged), checksum=True)[1].data  # noqa: B018
