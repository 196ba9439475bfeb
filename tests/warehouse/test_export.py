"""A released file reads back, with astropy, to the values, units and notes of the mart."""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
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

import warehouse.export
from warehouse.connection import WarehouseError
from warehouse.export import ExportFormat, export_cds, export_mart
from warehouse.export.files import whole_file
from warehouse.export.metadata import find_mart, read_manifest
from warehouse.export.mrt import cds_unit
from warehouse.export.origin import changed_vars, of_rebuild
from warehouse.export.printing import PrintFormat, fitted, rounded

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
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as database:
        database.execute("""
            create schema marts;
            create table marts.be_test as
            select * from (values
                ('J000035.31+623317.7', 'SIM-MRS', 0.147123, 2.4793, 34.3, 3::integer, true),
                ('J235756.00+625549.6', 'SIM-MRS', 359.483333, -4.2501, null, null, null),
                ('J185103.91-061732.0', 'SIM-LRS', 282.766292, null, 125.9, 12, false)
            ) as t (designation, survey, ra, pmra, v_tp, n_visits, is_runaway)
        """)
        yield database


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
    if format_ is ExportFormat.cds:
        readme = path.with_suffix(".ReadMe")
        return astropy_ascii.read(path, format="cds", readme=str(readme))
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


@pytest.mark.parametrize(
    "format_", [ExportFormat.mrt, ExportFormat.cds, ExportFormat.votable, ExportFormat.fits]
)
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
    time.sleep(1.1)  # no second of writing may stand in it
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
    elif format_ is ExportFormat.cds:
        assert path.read_text() == ""
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


STILTS = shutil.which("stilts")


def stilts(*arguments: str) -> str:
    if STILTS is None:
        pytest.skip("no stilts to check with")
    done = subprocess.run(
        [STILTS, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_votlint_has_nothing_to_say(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Also with what trips it: times, one-letter text, a column named as a note is."""
    nodes = manifest()
    columns = nodes["nodes"]["model.hotstars.be_test"]["columns"]
    for name, ucd in (("mjd", "time.epoch"), ("mark", "meta.code"), ("simulated", "meta.code")):
        columns[name] = {"name": name, "description": name, "config": {"meta": {"ucd": ucd}}}
    connection.execute(
        "create or replace table marts.be_test as "
        "select *, 58000.5::double as mjd, 'x' as mark, 1 as simulated from marts.be_test"
    )
    path = export_mart(connection, find_mart(nodes, "be_test"), ExportFormat.votable, tmp_path)
    document = votable.parse(str(path), verify="exception")
    assert document.version == "1.4"
    assert document.resources[0].time_systems[0].timescale == "UTC"
    assert stilts("votlint", f"votable={path}").strip() == ""


@pytest.mark.parametrize("name", ["votable", "fits", "mrt", "parquet"])
def test_stilts_reads_as_many_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    path = export_mart(connection, find_mart(manifest(), "be_test"), ExportFormat(name), tmp_path)
    if STILTS is not None and name == "parquet":
        known = subprocess.run(
            [STILTS, "tpipe", f"in={path}", "ifmt=parquet", "omode=count"],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if "parquet" in known.stderr.lower() and known.returncode:
            pytest.skip("this stilts has no Parquet libraries")
    assert "rows: 3" in stilts("tpipe", f"in={path}", f"ifmt={name}", "omode=count")


def test_several_marts_share_one_readme(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("create table marts.be_more as select * from marts.be_test limit 2")
    nodes = manifest()
    node = dict(nodes["nodes"]["model.hotstars.be_test"])
    nodes["nodes"]["model.hotstars.be_more"] = {**node, "name": "be_more"}
    paths = export_cds(
        connection, [find_mart(nodes, name) for name in ("be_test", "be_more")], tmp_path
    )
    assert [path.name for path in paths] == ["be_test.dat", "be_more.dat", "ReadMe"]
    for path, n_rows in zip(paths[:2], (3, 2), strict=True):
        found = astropy_ascii.read(path, format="cds", readme=str(paths[2]))
        assert len(found) == n_rows
        assert found.colnames == list(COLUMNS)
    assert "simulated: SIM" in paths[2].read_text()


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1e-7, 1e3)), min_size=1, max_size=30),
    st.integers(0, 6),
)
def test_values_are_rounded_within_a_tenth_of_the_small_errors(
    rows: list[tuple[float, float]], decimals: int
) -> None:
    """Two figures of the error, never more decimals than declared."""
    declared = [PrintFormat("F", 20, decimals), PrintFormat("F", 20, decimals)]
    values, errors = ([row[place] for row in rows] for place in (0, 1))
    small = sorted(errors)[len(errors) // 10]
    value_format, error_format = rounded(["x", "x_error"], declared, {"x_error": small})
    assert value_format.decimals == error_format.decimals <= decimals
    if value_format.decimals < decimals:
        for value in values:
            printed = float(value_format.text(value))
            assert abs(printed - value) <= 0.05 * small * (1 + 1e-9) + 1e-12 or (
                value_format.decimals == 0 and small >= 10
            )


def test_a_column_without_an_error_keeps_its_decimals() -> None:
    formats = [PrintFormat("F", 10, 4), PrintFormat("F", 10, 4), PrintFormat("I", 3)]
    assert rounded(["x", "y", "n"], formats, {}) == formats
    assert rounded(["x", "x_error"], formats[:2], {}) == formats[:2]


def test_errors_decide_the_decimals_of_a_released_table(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """v_tp with errors of 3 to 4 km/s: two figures are 3.1, and 34.2718 is 34.3."""
    nodes = manifest()
    columns = nodes["nodes"]["model.hotstars.be_test"]["columns"]
    columns["v_tp"]["config"]["meta"]["format"] = "F9.4"
    columns["v_tp_error"] = {
        "name": "v_tp_error", "description": "error",
        "config": {"meta": {"unit": "km.s**-1", "ucd": "stat.error", "format": "F9.4"}},
    }  # fmt: skip
    connection.execute(
        "create or replace table marts.be_test as select * replace (34.2718::double as v_tp), "
        "3.1415::double as v_tp_error from marts.be_test"
    )
    path = export_mart(connection, find_mart(nodes, "be_test"), ExportFormat.mrt, tmp_path)
    lines = [line for line in path.read_text().splitlines() if line.startswith("J0000")]
    assert " 34.3 " in lines[0]
    assert lines[0].endswith(" 3.1")


@pytest.mark.parametrize("format_", list(ExportFormat))
def test_a_table_in_many_pieces_is_the_same_table(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    format_: ExportFormat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mart = find_mart(manifest(), "be_test")
    whole = export_mart(connection, mart, format_, tmp_path / "whole")
    monkeypatch.setattr(warehouse.export, "PIECE", 1)
    pieces = export_mart(connection, mart, format_, tmp_path / "pieces")
    if format_ is ExportFormat.parquet:  # row groups are pieces
        assert pq.read_table(pieces).equals(pq.read_table(whole))
    else:
        assert pieces.read_bytes() == whole.read_bytes()


def test_the_origin_names_commit_run_settings_and_sources(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("create schema raw; create table raw.gaia_source (release varchar)")
    connection.execute("insert into raw.gaia_source values ('DR3'), ('DR2'), (null)")
    (tmp_path / "dbt_project.yml").write_text("vars: {q_max: 0.4, snr_min: 10}\n")
    (tmp_path / "run_results.json").write_text(
        '{"metadata": {"invocation_id": "abc", "generated_at": "2024-01-01T00:00:00Z"},'
        ' "args": {"which": "run", "vars": {"q_max": 0.3, "snr_min": 10}}}'
    )
    rebuild = of_rebuild(tmp_path, tmp_path, connection, "0123abc")
    assert rebuild == {
        "commit": "0123abc",
        "dbt_invocation": "abc",
        "vars": "q_max 0.3",
        "sources": "gaia_source DR2, DR3",
    }
    mart = find_mart(manifest(), "be_test")
    for format_ in (ExportFormat.mrt, ExportFormat.votable):
        text = export_mart(connection, mart, format_, tmp_path, rebuild).read_bytes()
        assert b"0123abc" in text
        assert b"q_max 0.3" in text
    assert changed_vars("{q_max: 0.4}", tmp_path / "dbt_project.yml") == {}
    assert of_rebuild(tmp_path / "none", tmp_path, connection, "x")["dbt_invocation"] == "unknown"
