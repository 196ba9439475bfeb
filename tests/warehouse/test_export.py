"""A released file reads back, with readers of others, to the values and units of the mart."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.io import fits, votable
from astropy.io.votable.dataorigin import extract_data_origin
from released import COLUMNS, STILTS, database, manifest, mart, missing, read, rows_of, stilts

import warehouse.export.reading
from warehouse.connection import WarehouseError
from warehouse.export import ExportFormat, export_mart, export_marts
from warehouse.export.article import Article
from warehouse.export.files import whole_file, whole_folder
from warehouse.export.metadata import mart_of, marts, read_manifest
from warehouse.export.origin import changed_vars, of_rebuild

#: Formats whose table is one file that astropy reads.
FILES = [one for one in ExportFormat if one is not ExportFormat.hats]
PRINTED = (ExportFormat.mrt, ExportFormat.cds)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as found:
        yield found


@pytest.mark.parametrize("format_", FILES)
def test_the_values_read_back(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    table = read(export_mart(connection, mart(), format_, tmp_path), format_)
    assert len(table) == 3
    for got, want in zip(table, rows_of(connection), strict=True):
        for name, left, right in zip(COLUMNS, got, want, strict=True):
            if right is None:
                assert missing(left), name
            elif isinstance(right, str):
                assert left == right
            elif isinstance(right, bool):
                assert {"true": True, "false": False}.get(str(left), bool(left)) == right
            else:
                assert float(left) == pytest.approx(float(right), abs=1e-9)


@pytest.mark.parametrize(
    "format_", [one for one in FILES if one not in (ExportFormat.csv, ExportFormat.parquet)]
)
def test_units_and_descriptions_read_back(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    table = read(export_mart(connection, mart(), format_, tmp_path), format_)
    assert table["pmra"].unit == units.mas / units.yr
    assert table["v_tp"].unit == units.km / units.s
    if format_ is not ExportFormat.fits:  # astropy does not read TCOMM into descriptions
        assert "Meaning of pmra, a 'quoted' & <odd> word" in table["pmra"].description


def test_two_exports_are_byte_identical(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """No second of writing may stand in them."""
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        for format_ in FILES:
            export_mart(connection, mart(), format_, folder, {"built_at": "2026-01-02"})
        made.append({one.name: one.read_bytes() for one in folder.iterdir()})
        time.sleep(1.1)
    assert len(made[0]) >= len(FILES)
    assert made[0] == made[1]


@pytest.mark.parametrize("format_", FILES)
def test_a_mart_without_rows_gives_a_readable_file(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    connection.execute("delete from marts.be_test")
    path = export_mart(connection, mart(), format_, tmp_path)
    if format_ is ExportFormat.mrt:  # astropy's reader refuses a table without rows
        assert path.read_text().rstrip().endswith("-" * 80)
    elif format_ is ExportFormat.cds:
        assert path.read_text() == ""
        assert " 0  Stars of a test" in path.with_suffix(".ReadMe").read_text()
    else:
        found = read(path, format_)
        assert len(found) == 0
        assert found.colnames == list(COLUMNS)


@pytest.mark.parametrize("format_", FILES)
def test_a_table_in_many_pieces_is_the_same_table(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    format_: ExportFormat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = export_mart(connection, mart(), format_, tmp_path / "whole")
    monkeypatch.setattr(warehouse.export.reading, "PIECE", 1)
    pieces = export_mart(connection, mart(), format_, tmp_path / "pieces")
    if format_ is ExportFormat.parquet:  # row groups are pieces
        assert pq.read_table(pieces).equals(pq.read_table(whole))
    else:
        assert pieces.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("format_", FILES)
def test_every_file_says_what_it_was_made_from_and_that_it_is_simulated(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, format_: ExportFormat
) -> None:
    rebuild = {"commit": "0123abc", "dbt_invocation": "run-7", "vars": "q_max 0.3"}
    article = Article("A title", "Smith J., Jones A.", rights="CC-BY-4.0")
    export_mart(connection, mart(), format_, tmp_path, rebuild, article)
    said = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    for text in (b"0123abc", b"run-7", b"q_max 0.3", b"A title", b"Smith J., Jones A.",
                 b"CC-BY-4.0", b"bibcode:2022ApJS..260...35W", b"SIM: rows"):  # fmt: skip
        assert text in said
    connection.execute("update marts.be_test set survey = 'LAMOST-MRS'")
    export_mart(connection, mart(), format_, tmp_path, rebuild, article)
    said = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"SIM:" not in said
    assert b"SIMULATED" not in said


_DAY, _TIME = "2018-03-01", "2018-03-01 04:05:06.500000"
#: A row of text, whole number, real number of one precision and the other, truth, day and time.
ROWS: dict[str, tuple[Any, ...]] = {
    "all missing": ("a", None, None, None, None, None, None),
    "quotes": ("a 'b' \"c\", d; <e> & f\\g", 1, 0.5, 0.25, True, _DAY, _TIME),
    "single precision": ("a", 1, 12.817, 12.817, False, _DAY, _TIME),
    "not a number": ("a", 1, float("nan"), float("nan"), True, _DAY, _TIME),
    "zero from below": ("a", 0, -1e-9, -0.0, False, _DAY, _TIME),
    "letters": ("α Cen ★ 𝛼", 1, 0.5, 0.25, True, _DAY, _TIME),
    "lines": ("a\nb", 1, 0.5, 0.25, True, _DAY, _TIME),
    "infinite": ("a", 1, float("inf"), float("-inf"), True, _DAY, _TIME),
}
#: What these formats have no place for, and say so.
REFUSED = {
    ExportFormat.mrt: ("letters", "lines", "infinite"),
    ExportFormat.cds: ("letters", "lines", "infinite"),
    ExportFormat.fits: ("letters", "lines"),
}


@pytest.mark.parametrize("case", ROWS)
@pytest.mark.parametrize("format_", FILES)
def test_odd_values_come_back_or_are_refused_by_their_column(
    tmp_path: Path, format_: ExportFormat, case: str
) -> None:
    kinds = ("varchar", "integer", "real", "double", "boolean", "date", "timestamp")
    names = [f"c_{kind}" for kind in kinds]
    formats = ("A1", "I2", "F6.3", "F6.3", "I1", "A10", "A26")
    odd = mart(
        **{name: {"ucd": "meta", "format": one} for name, one in zip(names, formats, strict=True)}
    )
    odd = type(odd)(odd.name, odd.schema, odd.description, odd.columns[-len(kinds) :])
    with duckdb.connect(":memory:") as connection:
        typed = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
        connection.execute(f"create schema marts; create table marts.be_test ({typed})")
        connection.execute("insert into marts.be_test values (?, ?, ?, ?, ?, ?, ?)", ROWS[case])
        if case in REFUSED.get(format_, ()):
            refused = "c_real" if case == "infinite" else "c_varchar"
            with pytest.raises(WarehouseError, match=rf"column {refused} .*votable, parquet, csv"):
                export_mart(connection, odd, format_, tmp_path)
            assert list(tmp_path.iterdir()) == []
            return
        table = read(export_mart(connection, odd, format_, tmp_path), format_)
    assert len(table) == 1
    for name, got, want in zip(names, table[0], ROWS[case], strict=True):
        if want is None or want != want:
            assert missing(got) or got == "", name  # FITS and VOTable have no missing text
        elif isinstance(want, bool):
            assert {"true": True, "false": False}.get(str(got), bool(got)) == want
        elif isinstance(want, float):
            assert got == pytest.approx(want, abs=5e-4 if format_ in PRINTED else 1e-6)
        else:
            assert str(got).replace("T", " ") == str(want), name


def test_single_precision_is_written_with_its_own_figures(tmp_path: Path) -> None:
    """12.817 as a REAL is 12.81699943 as a DOUBLE: neither CSV nor ECSV may say so."""
    with database() as connection:
        connection.execute("alter table marts.be_test alter v_tp type real using 12.817")
        for format_ in (ExportFormat.csv, ExportFormat.ecsv):
            text = export_mart(connection, mart(), format_, tmp_path).read_text()
            assert ",12.817," in text


def test_fits_carries_comments_ucds_and_a_checksum(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = export_mart(connection, mart(), ExportFormat.fits, tmp_path)
    with fits.open(path, checksum=True) as hdus:
        header = hdus[1].header
        assert header["TUCD3"] == "pos.eq.ra;meta.main"
        assert header["TCOMM6"].startswith("Meaning of v_tp")
        assert "1 = one thing; -9 = not known, as many are." in header["TCOMM10"]
        assert "TNULL8" in header
        assert "DATASUM" in header
        assert "SIM" in str(header["HISTORY"])


def test_votable_has_frames_a_clock_and_its_origin_in_the_names_of_the_ivoa(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    others = {
        "l": {"unit": "deg", "ucd": "pos.galactic.lon"},
        "mjd_min": {"unit": "d", "ucd": "time.start;obs"},
        "baseline": {"unit": "d", "ucd": "time.duration;obs"},
    }
    connection.execute(
        "create or replace table marts.be_test as select *, 120.5 as l, 58000.5 as mjd_min, "
        "0.5 as baseline from marts.be_test"
    )
    path = export_mart(
        connection, mart(**others), ExportFormat.votable, tmp_path,
        {"dbt_invocation": "run-7", "built_at": "2026-01-02T03:04:05"},
    )  # fmt: skip
    document = votable.parse(str(path), verify="exception")
    table = document.get_first_table()
    assert {field.name: field.ucd for field in table.fields} == {
        name: meta["ucd"] for name, meta in {**COLUMNS, **others}.items()
    }
    resource = document.resources[0]
    frames = {one.ID: (one.system, one.epoch) for one in resource.coordinate_systems}
    assert frames == {"icrs": ("ICRS", "J2000.0"), "galactic": ("galactic", "J2000.0")}
    (clock,) = resource.time_systems
    assert (clock.timescale, clock.refposition) == ("UTC", "TOPOCENTER")
    refs = {field.name: field.ref for field in table.fields if field.ref}
    assert refs == {"ra": "icrs", "dec": "icrs", "pmra": "icrs", "l": "galactic",
                    "mjd_min": clock.ID}  # fmt: skip
    found = extract_data_origin(document)
    assert found.query.publisher == "the hotstars warehouse"
    (origin,) = found.origin
    assert origin.creator == ["The hotstars developers"]
    assert origin.cites == ["bibcode:2022ApJS..260...35W"]
    assert origin.resource_version == ["run-7"]
    assert origin.last_update_date == ["2026-01-02T03:04:05"]
    assert origin.rights is None
    assert any(info.name == "simulated" for info in resource.infos)
    assert "SIMULATED" in table.description


def test_a_position_without_a_declared_epoch_claims_none(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    nodes = manifest()
    del nodes["nodes"]["model.hotstars.be_test"]["config"]["meta"]["position_epoch"]
    path = export_mart(connection, marts(nodes)["be_test"], ExportFormat.votable, tmp_path)
    (frame,) = votable.parse(str(path)).resources[0].coordinate_systems
    assert (frame.system, frame.epoch) == ("ICRS", None)


def test_parquet_footer_holds_a_votable_header(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = export_mart(connection, mart(), ExportFormat.parquet, tmp_path)
    schema = pq.read_schema(path)
    assert b"<FIELD" in schema.metadata[b"IVOA.VOTable-Parquet.content"]
    assert schema.field("pmra").metadata[b"unit"] == b"mas.yr**-1"


def test_votlint_has_nothing_to_say(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Also with what trips it: times, a letter, a column named as a note is; and without rows."""
    others = {
        "mjd": {"ucd": "time.epoch"},
        "mark": {"ucd": "meta.code"},
        "simulated": {"ucd": "meta.code"},
    }
    connection.execute(
        "create or replace table marts.be_test as "
        "select *, 58000.5::double as mjd, 'x' as mark, 1 as simulated from marts.be_test"
    )
    for _ in range(2):
        path = export_mart(connection, mart(**others), ExportFormat.votable, tmp_path)
        assert stilts("votlint", f"votable={path}").strip() == ""
        connection.execute("delete from marts.be_test")


@pytest.mark.parametrize("name", ["votable", "fits", "mrt", "parquet", "ecsv", "csv"])
def test_stilts_reads_as_many_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    path = export_mart(connection, mart(), ExportFormat(name), tmp_path)
    if STILTS is not None and name == "parquet":
        known = subprocess.run(
            [STILTS, "tpipe", f"in={path}", "ifmt=parquet", "omode=count"],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if "parquet" in known.stderr.lower() and known.returncode:
            pytest.skip("this stilts has no Parquet libraries")
    assert "rows: 3" in stilts("tpipe", f"in={path}", f"ifmt={name}", "omode=count")


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


@pytest.mark.parametrize("writer", [whole_file, whole_folder])
def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path, writer: Any) -> None:
    (tmp_path / "out").touch()
    told = pytest.raises(WarehouseError, match="out/be_test: cannot be written")
    with told, writer(tmp_path / "out" / "be_test"):
        raise AssertionError("it cannot begin")


def test_what_a_killed_writer_left_goes_at_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "be_test.csv"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from warehouse.export.files import whole_file, whole_folder\n"
        f"path = Path({str(path)!r})\n"
        "with whole_folder(path) as a, whole_file(path) as b:\n"
        "    b.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=False, cwd=root)
    other = tmp_path / ".other.csv.1.part"  # of a process that lives
    other.touch()
    assert len(list(tmp_path.iterdir())) == 3
    with whole_file(path) as temporary:
        temporary.write_text("whole")
    assert sorted(tmp_path.iterdir()) == [other, path]


def test_a_folder_appears_whole_in_place_of_the_old_one_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "be_test"
    for text in ("old", "new"):
        with whole_folder(path) as temporary:
            (temporary / text).write_text(text)
    assert [one.name for one in path.iterdir()] == ["new"]

    def write() -> None:
        with whole_folder(path) as temporary:
            (temporary / "half").write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write()
    assert [one.name for one in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_marts_notes_and_missing_manifests_name_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no mart 'be_tset'; there are be_test"):
        mart_of(marts(manifest()), "be_tset")
    with pytest.raises(WarehouseError, match="dbt run"):
        read_manifest(tmp_path / "manifest.json")
    with pytest.raises(WarehouseError, match=r"be_test\.odd: its note 'note_odd' is no docs block"):
        marts(manifest(odd={"ucd": "meta.code", "note": "note_odd"}))


def test_a_table_that_is_not_built_or_has_other_columns_says_so(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(WarehouseError, match=r"other columns .* `hotstars build` again"):
        export_mart(connection, mart(odd={"ucd": "meta"}), ExportFormat.csv, tmp_path)
    connection.execute("drop table marts.be_test")
    with pytest.raises(WarehouseError, match="be_test is not built yet; run `hotstars build`"):
        export_mart(connection, mart(), ExportFormat.csv, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", list(ExportFormat))
def test_a_list_is_refused_by_its_name(tmp_path: Path, format_: ExportFormat) -> None:
    with database() as connection:
        connection.execute("alter table marts.be_test alter v_tp type double[] using [v_tp]")
        with pytest.raises(WarehouseError, match="column v_tp of be_test is a list"):
            export_mart(connection, mart(), format_, tmp_path)


def test_the_origin_names_commit_run_settings_and_sources(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("create schema raw; create table raw.gaia_source (release varchar)")
    connection.execute("insert into raw.gaia_source values ('DR3'), ('DR2'), (null)")
    (tmp_path / "dbt_project.yml").write_text("vars: {q_max: 0.4, snr_min: 10}\n")
    (tmp_path / "run_results.json").write_text(
        '{"metadata": {"invocation_id": "abc", "generated_at": "2024-01-01T00:00:00.123456Z"},'
        ' "args": {"which": "run", "vars": {"q_max": 0.3, "snr_min": 10}},'
        ' "results": [{"unique_id": "model.hotstars.be_test", "status": "success"}]}'
    )
    assert of_rebuild(tmp_path, tmp_path, connection, "0123abc") == {
        "commit": "0123abc",
        "dbt_invocation": "abc",
        "built_at": "2024-01-01T00:00:00",
        "vars": "q_max 0.3",
        "sources": "gaia_source DR2, DR3",
    }
    assert changed_vars("{q_max: 0.4}", tmp_path / "dbt_project.yml") == {}
    assert of_rebuild(tmp_path / "none", tmp_path, connection, "x")["dbt_invocation"] == "unknown"


def test_labels_of_real_stars_from_a_simulated_grid_say_so(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute(
        "create or replace table marts.be_test as select * replace ('LAMOST-LRS' as survey), "
        "'SIM-BSTAR2006' as model_grid from marts.be_test"
    )
    labelled = mart(model_grid={"ucd": "meta.id"})
    text = export_mart(connection, labelled, ExportFormat.mrt, tmp_path).read_text()
    assert "Table: Stars of a test (SIMULATED)" in text
    assert "simulated: SIM: learnt from simulated model spectra" in text


def test_models_that_learnt_from_simulations_are_told_of_real_stars_too(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Which they are of is in the table, or before it; the stars themselves are real."""
    connection.execute(
        "create or replace table marts.be_test as select * replace ('LAMOST-LRS' as survey), "
        "'slam-lrs abc' as slam_model from marts.be_test"
    )
    rebuild = {
        "dbt_invocation": "the last",
        "by_mart": {"be_test": {"dbt_invocation": "its own"}},
        "models_by_mart": {"be_test": ["net 1", "slam-lrs abc"], "other": ["else 7"]},
        "simulated_models": ["net 1", "else 7"],
    }
    labelled = mart(slam_model={"ucd": "meta.id"})
    text = export_mart(connection, labelled, ExportFormat.mrt, tmp_path, rebuild).read_text()
    assert "slam_model: slam-lrs abc\n" in text
    assert "models_before: net 1\n" in text
    assert "resource_version: its own\n" in text
    assert "models_learnt_from_simulations: net 1\n" in text
    assert "Table: Stars of a test\n" in text


def test_a_table_of_counts_that_names_several_surveys_is_simulated_too(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("update marts.be_test set survey = 'LAMOST-MRS, SIM-LRS'")
    (path,) = export_marts(connection, [mart()], ExportFormat.mrt, tmp_path)
    assert "Table: Stars of a test (SIMULATED)" in path.read_text()
