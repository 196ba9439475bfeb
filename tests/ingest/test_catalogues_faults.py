"""Damaged and wrong catalogue files are quarantined with a reason; the others land."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from catalogue_files import FORMATS, gaia_like, load, votable, write

from ingest.catalogues.load import load_files
from warehouse.migrate import upgrade_in_memory

MAINTENANCE = b"<!DOCTYPE html>\n<html><body>Archive under maintenance</body></html>\n"


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with upgrade_in_memory() as connection:
        yield connection


def rejected(warehouse: duckdb.DuckDBPyConnection, content: bytes, folder: Path) -> str:
    path = folder / "table"
    path.write_bytes(content)
    summary = load(warehouse, "gaia", path)
    assert warehouse.execute("select count(*) from raw.gaia_source").fetchall() == [(0,)]
    (row,) = warehouse.execute("select reason, sha256 from raw.rejected_file").fetchall()
    assert list(summary.rejected.values()) == [row[0]]
    assert len(row[1]) == 64
    return str(row[0])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("csv", "psv", "tsv")])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_cut_file_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, form: str, packed: bool, part: float
) -> None:
    if form == "ecsv" and not packed:
        pytest.skip("a cut text table is told by its last line only")
    whole = write(gaia_like(), tmp_path, form, packed=packed).read_bytes()
    reason = rejected(warehouse, whole[: int(len(whole) * part)], tmp_path)
    assert any(word in reason for word in ("cut", "damaged", "no table"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(MAINTENANCE, "web page", id="web page"),
        # packed bytes hold the time: in the name of a test, two workers would disagree on it
        pytest.param(gzip.compress(MAINTENANCE), "web page", id="web page, packed"),
        pytest.param(b"PK\x03\x04 and so on", "zip", id="zip"),
        pytest.param(
            bytes(range(256)), "none of VOTable, FITS, Parquet and text", id="no format's bytes"
        ),
        pytest.param(b"one\n1\n2\n", "one column only", id="one column"),
        pytest.param(b"# only\n# comments\n", "comments only", id="comments only"),
    ],
)
def test_what_is_no_table_is_said(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, words: str
) -> None:
    assert words in rejected(warehouse, content, tmp_path)


def test_an_answer_that_hit_the_row_limit_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    reason = rejected(warehouse, votable(gaia_like(), QUERY_STATUS="OVERFLOW"), tmp_path)
    assert "row limit" in reason


def test_an_archives_error_is_passed_on(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    reason = rejected(warehouse, votable(gaia_like(), QUERY_STATUS="ERROR"), tmp_path)
    assert "refused the query" in reason


def test_one_bad_file_leaves_its_neighbours_alone(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(gaia_like(), tmp_path, "fits")
    (tmp_path / "bad.vot").write_bytes(MAINTENANCE)
    second = gaia_like()
    second["Source"] += 1
    write(second, tmp_path, "tabledata")
    summary = load_files(warehouse, "gaia", [tmp_path])
    assert (summary.n_files, len(summary.rejected), summary.n_rows) == (2, 1, 6)


def test_names_with_quotes_and_semicolons_are_only_names(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    table = gaia_like()
    table["x'); drop table raw.gaia_source; --"] = [1, 2, 3]
    for form in ("tabledata", "fits", "parquet", "csv"):
        folder = tmp_path / f'it\'s {form}; "ü"'
        folder.mkdir()
        assert not load(warehouse, "gaia", write(table, folder, form)).rejected
    assert warehouse.execute("select count(*) from raw.gaia_source").fetchall() == [(3,)]
