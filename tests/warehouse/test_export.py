"""A released file reads back, with astropy, to the values, units and notes of the mart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.io import ascii as astropy_ascii
from astropy.io import fits, votable
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from warehouse.connection import WarehouseError
from warehouse.export import ExportFormat, export_mart
from warehouse.export.files import whole_file
from warehouse.export.metadata import find_mart, read_manifest
from warehouse.export.mrt import cds_unit
from warehouse.export.printing import PrintFormat, fitted

COLUMNS: dict[str, dict[str, Any]] = {
    "designation": {"ucd": "meta.id;meta.main", "format": "A20"},
    "survey": {"ucd": "meta.id;instr"},
    "ra": {"unit": "deg", "ucd": "pos.eq.ra;meta.main", "format": "F11.6"},
    "pmra": {"unit": "mas.yr**-1", "ucd": "pos.pm;pos.eq.ra", "format": "F8.4"},
    "v_tp": {"unit": "km.s**-1", "ucd": "phys.veloc", "format": "F5.1"},
    "n_visits": {"ucd": "meta.number", "format": "I3"},
    "is_runaway": {"ucd": "meta.code", "format": "I1"},
}


def manifest() -> dict[str, Any]:
    return {
        "nodes": {
            "model.hotstars.be_test": {
                "resource_type": "model",
                "schema": "marts",
                "name": "be_test",
                "description": "Stars made for a test; one row a star.",
                "config": {"meta": {"order_by": ["designation"]}},
                "columns": {
                    name: {
                        "name": name,
                        "description": f"Meaning of {name}, a 'quoted' & <odd> word",
                        "config": {"meta": meta},
                    }
                    for name, meta in COLUMNS.items()
                },
            }
        }
    }


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(":memory:")
    database.execute("""
        create schema marts;
        create table marts.be_test as
        select * from (values
            ('J000035.31+623317.7', 'SIM-MRS', 0.147123, 2.4793, 34.3, 3::integer, true),
            ('J235756.00+625549.6', 'SIM-MRS', 359.483333, -4.2501, null, null, null),
            ('J185103.91-061732.0', 'SIM-LRS', 282.766292, null, 125.9, 12, false)
        ) as t (designation, survey, ra, pmra, v_tp, n_visits, is_runaway)
    """)
    return database


def expected(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute("select * from marts.be_test order by designation").fetchall()


def as_rows(table: Table) -> list[tuple[Any, ...]]:
    rows = []
    for row in table:
        values = []
        for value in row:
            if np.ma.is_masked(value) or (isinstance(value, float) and math.isnan(value)):
                values.append(None)
            else:
                values.append(value.strip() if isinstance(value, str) else value)
        rows.append(tuple(values))
    return rows


def read(path: Path, format_: ExportFormat) -> Table:
    if format_ is ExportFormat.mrt:
        return astropy_ascii.read(path, format="mrt")
    if format_ is ExportFormat.csv:
        return astropy_ascii.read(path, format="csv")
    return Table.read(path, format=format_.value)


@pytest.mark.parametrize("format_", list(ExportFormat))
def test_the_values_read_back(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    path = export_mart(connection, find_mart(manifest(), "be_test"), format_, tmp_path)
    rows = as_rows(read(path, format_))
    assert len(rows) == 3
    for got, want in zip(rows, expected(connection), strict=True):
        for name, left, right in zip(COLUMNS, got, want, strict=True):
            if format_ is ExportFormat.csv and name == "is_runaway" and isinstance(left, str):
                assert {"true": True, "false": False}[left] == right
            elif isinstance(right, bool):
                assert bool(left) == right
            elif right is None or isinstance(right, str):
                assert left == right
            else:
                assert float(left) == pytest.approx(float(right), abs=1e-9)


@pytest.mark.parametrize("format_", [ExportFormat.mrt, ExportFormat.votable, ExportFormat.fits])
def test_units_and_descriptions_read_back(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    path = export_mart(connection, find_mart(manifest(), "be_test"), format_, tmp_path)
    table = read(path, format_)
    assert table["pmra"].unit == units.mas / units.yr
    assert table["v_tp"].unit == units.km / units.s
    if format_ is not ExportFormat.fits:  # astropy does not read TCOMM into descriptions
        assert "Meaning of ra, a 'quoted' & <odd> word" in table["ra"].description


def test_fits_carries_comments_ucds_and_a_checksum(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = export_mart(connection, find_mart(manifest(), "be_test"), ExportFormat.fits, tmp_path)
    with fits.open(path, checksum=True) as hdus:
        header = hdus[1].header
        assert header["TUCD3"] == "pos.eq.ra;meta.main"
        assert header["TCOMM5"].startswith("Meaning of v_tp")
        assert "TNULL6" in header
        assert "DATASUM" in header
        assert "SIM" in str(header["HISTORY"])


def test_votable_has_a_frame_and_validates(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = export_mart(connection, find_mart(manifest(), "be_test"), ExportFormat.votable, tmp_path)
    document = votable.parse(str(path), verify="exception")
    table = document.get_first_table()
    assert {field.name: field.ucd for field in table.fields} == {
        name: meta["ucd"] for name, meta in COLUMNS.items()
    }
    assert document.resources[0].coordinate_systems[0].system == "ICRS"
    assert any("simulated" in info.name for info in document.resources[0].infos)


def test_parquet_footer_holds_a_votable_header(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = export_mart(connection, find_mart(manifest(), "be_test"), ExportFormat.parquet, tmp_path)
    schema = pq.read_schema(path)
    assert b"<FIELD" in schema.metadata[b"IVOA.VOTable-Parquet.content"]
    assert schema.field("pmra").metadata[b"unit"] == b"mas.yr**-1"


@pytest.mark.parametrize("format_", list(ExportFormat))
def test_two_exports_are_byte_identical(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    mart = find_mart(manifest(), "be_test")
    first = export_mart(connection, mart, format_, tmp_path / "a").read_bytes()
    second = export_mart(connection, mart, format_, tmp_path / "b").read_bytes()
    assert first == second


@pytest.mark.parametrize("format_", list(ExportFormat))
def test_an_empty_mart_gives_a_readable_file(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    connection.execute("delete from marts.be_test")
    path = export_mart(connection, find_mart(manifest(), "be_test"), format_, tmp_path)
    if format_ is ExportFormat.mrt:  # astropy's reader refuses a table without rows
        assert path.read_text().rstrip().endswith("-" * 80)
    else:
        assert len(read(path, format_)) == 0


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "be_test.csv"
    path.write_text("old")

    def write() -> None:
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_marts_and_missing_manifests_name_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no mart 'be_tset'; there are be_test"):
        find_mart(manifest(), "be_tset")
    with pytest.raises(WarehouseError, match="dbt run"):
        read_manifest(tmp_path / "manifest.json")


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=20),
    st.integers(0, 6),
)
def test_a_fitted_format_never_loses_a_digit(values: list[float | None], decimals: int) -> None:
    declared = f"F{decimals + 3}.{decimals}"
    print_format = fitted(declared, values, "double", "x")
    for value in values:
        text = print_format.padded(value)
        assert len(text) == print_format.width
        if value is None:
            assert text.strip() == ""
        else:
            assert float(text) == pytest.approx(value, abs=0.5 * 10.0**-decimals + 1e-9)


@pytest.mark.parametrize(
    ("vounit", "cds"),
    [
        ("mas.yr**-1", "mas/yr"),
        ("km.s**-1", "km/s"),
        ("mag", "mag"),
        (None, "---"),
        ("0.1nm", "0.1nm"),
    ],
)
def test_units_in_cds_spelling(vounit: str | None, cds: str) -> None:
    assert cds_unit(vounit) == cds


@pytest.mark.parametrize("text", ["F5", "A20.3", "G5.2", "I", "F.2", ""])
def test_a_wrong_print_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no print format"):
        PrintFormat.parse(text)
