"""CSV has its metadata beside it and ECSV inside: types, units, descriptions, origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from released import COLUMNS, database, mart, rows_of, stilts

from warehouse.export import ExportFormat, export_mart, export_marts
from warehouse.export.article import Article

#: Datatypes of CSVW (W3C) and what pandas calls them, nullable.
PANDAS = {
    "string": "string", "boolean": "boolean", "int": "Int32", "long": "Int64", "double": "Float64",
}  # fmt: skip


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as found:
        yield found


def test_csv_is_read_by_the_types_that_stand_beside_it(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path, beside = export_marts(connection, [mart()], ExportFormat.csv, tmp_path)
    assert beside.name == f"{path.name}-metadata.json"  # where CSVW looks for it
    told = json.loads(beside.read_text())
    assert told["url"] == path.name
    columns = told["tableSchema"]["columns"]
    assert [one["name"] for one in columns] == list(COLUMNS)
    types = {one["name"]: PANDAS[one["datatype"]] for one in columns}
    found = pd.read_csv(path, dtype=types)
    got = found.astype(object).where(found.notna(), None)
    assert list(got.itertuples(index=False, name=None)) == rows_of(connection)
    by_name = {one["name"]: one for one in columns}
    assert by_name["pmra"]["schema:unitText"] == "mas.yr**-1"
    assert by_name["pmra"]["schema:propertyID"] == "pos.pm;pos.eq.ra"
    assert "1 = one thing" in by_name["flag"]["dc:description"]


def test_csv_says_whose_it_is(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    article = Article("A title", "Smith J.", rights="CC-BY-4.0")
    _, beside = export_marts(connection, [mart()], ExportFormat.csv, tmp_path, {}, article)
    told = json.loads(beside.read_text())
    assert told["dc:title"] == "Stars of a test (SIMULATED)"
    assert (told["dc:creator"], told["dc:isPartOf"], told["dc:rights"]) == (
        "Smith J.", "A title", "CC-BY-4.0",
    )  # fmt: skip
    notes = {note["name"]: note["value"] for note in told["notes"]}
    assert notes["cites"] == "bibcode:2022ApJS..260...35W"


def test_ecsv_carries_types_units_and_origin(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("alter table marts.be_test alter v_tp type real")
    path = export_mart(connection, mart(), ExportFormat.ecsv, tmp_path)
    table = Table.read(path, format="ascii.ecsv")
    kinds = {name: table[name].dtype for name in ("v_tp", "logg", "n_visits", "is_runaway")}
    assert kinds == {
        "v_tp": np.dtype("f4"),
        "logg": np.dtype("f8"),
        "n_visits": np.dtype("i4"),
        "is_runaway": np.dtype(bool),
    }
    assert table.meta["title"] == "Stars of a test (SIMULATED)"
    assert table.meta["origin"]["simulated"].startswith("SIM")
    assert table["flag"].description.endswith("1 = one thing; -9 = not known, as many are.")
    # pandas takes the head for comments
    assert pd.read_csv(path, comment="#")["n_visits"].sum() == 15


def test_stilts_reads_ecsv_with_its_types(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = export_mart(connection, mart(), ExportFormat.ecsv, tmp_path)
    said = stilts("tpipe", f"in={path}", "ifmt=ecsv", "cmd=meta name class units", "ofmt=csv")
    assert "is_runaway,Boolean," in said
    assert "n_visits,Integer," in said
    assert "pmra,Double,mas / yr" in said
    rows = stilts("tpipe", f"in={path}", "ifmt=ecsv", "ofmt=csv").splitlines()
    assert rows[1].startswith("J000035.31+623317.7,SIM-MRS,0.147123,62.5549,2.4793,34.3,4.1,3,true")
