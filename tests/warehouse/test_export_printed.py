"""Machine-readable and CDS tables keep the standard: labels, units, limits, notes, decimals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from astropy import units
from astropy.io import ascii as astropy_ascii
from hypothesis import given
from hypothesis import strategies as st
from released import database, manifest, mart, read

from warehouse.connection import WarehouseError
from warehouse.export import ExportFormat, export_mart, export_marts
from warehouse.export.article import Article
from warehouse.export.cds_units import cds_unit, printed_unit
from warehouse.export.labels import printed_labels
from warehouse.export.metadata import MartColumn, marts
from warehouse.export.printing import PrintFormat, declared_format, fitted, rounded
from warehouse.export.reading import Extent


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as found:
        yield found


def column(name: str, ucd: str = "meta") -> MartColumn:
    return MartColumn(name, name, None, ucd)


def test_labels_are_those_of_the_standard() -> None:
    chosen = [
        column("ra", "pos.eq.ra;meta.main"),
        column("ra_error", "stat.error;pos.eq.ra"),
        column("dec", "pos.eq.dec;meta.main"),
        column("l", "pos.galactic.lon"),
        column("b", "pos.galactic.lat"),
        column("distance", "pos.distance"),
        column("distance_16", "pos.distance;stat.min"),
        column("distance_84", "pos.distance;stat.max"),
        column("v_tp"),
        column("v_tp_error"),
    ]
    assert printed_labels(chosen) == [
        "RAdeg", "e_RAdeg", "DEdeg", "GLON", "GLAT", "distance", "b_distance", "B_distance", "v_tp",
        "e_v_tp",
    ]  # fmt: skip


def test_what_only_looks_so_keeps_its_name() -> None:
    """b may be no latitude, an error without its column belongs to none, 16 is a number."""
    names = ["b", "fit_error", "band_16", "distance_16", "obsid"]
    assert printed_labels([column(name) for name in [*names, "distance"]]) == [*names, "distance"]


def test_two_columns_with_one_label_are_refused() -> None:
    with pytest.raises(WarehouseError, match=r"e_x: label of more than one column"):
        printed_labels([column("x"), column("x_error"), column("e_x")])


@pytest.mark.parametrize(
    ("vounit", "cds"),
    [
        ("mas.yr**-1", "mas/yr"),
        ("km.s**-1", "km/s"),
        ("km/s", "km/s"),
        ("cm.s**-2", "cm/s2"),
        ("W.m**-2", "W/m2"),
        ("mag", "mag"),
        (None, "---"),
        ("0.1nm", "0.1nm"),
    ],
)
def test_units_in_cds_spelling(vounit: str | None, cds: str) -> None:
    assert cds_unit(vounit, "x") == cds


@pytest.mark.parametrize("unit", ["adu", "m**(1/2)"])
def test_a_unit_that_cds_cannot_spell_names_the_column(unit: str) -> None:
    with pytest.raises(WarehouseError, match="column flux: CDS has no spelling for the unit"):
        cds_unit(unit, "flux")


@pytest.mark.parametrize(
    ("log_of", "printed"), [("cm.s**-2", "[cm/s2]"), ("K", "[K]"), ("-", "[-]"), (None, "---")]
)
def test_logarithms_have_their_unit_in_brackets(log_of: str | None, printed: str) -> None:
    assert printed_unit(MartColumn("x", "", None, "meta", None, log_of)) == printed


@pytest.mark.parametrize("text", ["F5", "A20.3", "G5.2", "I", "F.2", ""])
def test_a_wrong_print_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no print format"):
        PrintFormat.parse(text)
    with pytest.raises(WarehouseError, match=r"column x: .* no print format"):
        declared_format(text, "real", "x")


def test_a_format_of_another_kind_is_refused() -> None:
    with pytest.raises(WarehouseError, match=r"column x: format F8\.3 does not suit"):
        declared_format("F8.3", "text", "x")


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.integers(0, 6),
    st.sampled_from("FE"),
)
def test_a_fitted_format_is_as_wide_as_the_longest_number(
    values: list[float], decimals: int, kind: str
) -> None:
    nonzero = [abs(value) for value in values if value]
    extent = Extent(min(values), max(values), min(nonzero, default=None))
    found = fitted(PrintFormat(kind, 30, decimals), extent)
    texts = [found.text(value) for value in values]
    assert max(map(len, texts)) <= found.width
    if kind == "F":
        assert max(map(len, texts)) == found.width
    for value, text in zip(values, texts, strict=True):
        assert len(found.padded(value)) == found.width
        size = abs(value) * 10.0**-decimals if kind == "E" else 10.0**-decimals
        assert float(text) == pytest.approx(value, abs=0.5 * size + 1e-9)


def test_zero_has_no_sign_and_whole_numbers_no_point() -> None:
    assert PrintFormat("F", 6, 2).text(-0.001) == "0.00"
    whole = fitted(PrintFormat("F", 8, 0), Extent(-12.6, 20121.4))
    assert (str(whole), whole.text(-12.6), whole.text(None)) == ("I5", "-13", "")
    assert PrintFormat("I", 20).text(-9223372036854775807) == "-9223372036854775807"


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
    for kind in (error_format, fitted(error_format, Extent(min(errors), max(errors)))):
        for error in errors:  # none is printed as nothing
            assert float(kind.text(error)) > 0
            assert len(kind.text(error)) <= kind.width
            assert float(kind.text(error)) == pytest.approx(error, abs=10.0**-kind.decimals)
    assert float(error_format.text(0.0)) == 0
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


def test_errors_decide_the_decimals_and_the_width_of_a_released_table(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """v_tp with errors of 3 km/s: two figures are 3.1, and 34.2718 is 34.3."""
    nodes = manifest(v_tp_error={"unit": "km.s**-1", "ucd": "stat.error", "format": "F9.4"})
    nodes["nodes"]["model.hotstars.be_test"]["columns"]["v_tp"]["config"]["meta"]["format"] = "F9.4"
    connection.execute(
        "create or replace table marts.be_test as select * replace (34.2718::double as v_tp), "
        "3.1415::double as v_tp_error from marts.be_test"
    )
    path = export_mart(connection, marts(nodes)["be_test"], ExportFormat.mrt, tmp_path)
    text = path.read_text()
    assert re.search(r" F4\.1 +km/s +v_tp ", text)
    assert re.search(r" F3\.1 +km/s +e_v_tp ", text)
    lines = [line for line in text.splitlines() if line.startswith("J0000")]
    assert " 34.3 " in lines[0]
    assert lines[0].endswith(" 3.1")


def test_the_head_of_a_machine_readable_table(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Title and authors are the article's; notes are numbered as the columns refer to them."""
    article = Article("Stars that were made for a test of printed tables", "Smith J., Jones A.")
    path = export_mart(connection, mart(), ExportFormat.mrt, tmp_path, {}, article)
    text = path.read_text()
    head = [
        "Title: Stars that were made for a test of printed tables",
        "Authors: Smith J., Jones A.",
        "Table: Stars of a test (SIMULATED)",
    ]
    assert text.splitlines()[:3] == head
    assert text.isascii()
    above, notes = text.split("-" * 80)[2:4]
    assert all(len(line) <= 80 for line in above.splitlines())
    lines = " ".join(above.split())
    assert "RAdeg [0.147123/359.483333] Meaning of ra" in lines
    assert "[cm/s2] logg [-0.50/4.10]? Meaning" in lines
    assert "survey Meaning of survey, a 'quoted' & <odd> word (2)" in lines
    assert "is_runaway [0/1]? Meaning of is_runaway, a 'quoted' & <odd> word (3)" in lines
    assert "flag [-9/1]? Meaning of flag, a 'quoted' & <odd> word (4)" in lines
    assert re.findall(r"^Note \((\d)\): (.*)$", notes, re.MULTILINE) == [
        ("1", mart().description),
        ("2", "Origin of this table:"),
        ("3", "Whether what the explanation says is so:"),
        ("4", "What it is:"),
    ]
    assert "\n    1 = one thing;\n    -9 = not known, as many are.\n" in notes
    assert re.search(r"^ +\d\d I1 ", above, re.MULTILINE)  # a column of one byte


def test_limits_are_those_of_the_printed_numbers_and_identifiers_have_none(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    others = {
        "obsid": {"ucd": "meta.id", "format": "I20"},
        "x": {"ucd": "stat.value", "format": "F8.2"},
    }
    connection.execute(
        "create or replace table marts.be_test as select *, "
        "-4371494762051739094 + row_number() over () as obsid, "
        "1.004 + 0.017 * row_number() over () as x from marts.be_test"
    )
    path = export_mart(connection, mart(**others), ExportFormat.mrt, tmp_path)
    above = " ".join(path.read_text().split("-" * 80)[2].split())
    assert "I20 --- obsid Meaning of obsid" in above
    low, high = map(float, re.search(r" x \[([\d.]+)/([\d.]+)\]", above).groups())  # type: ignore[union-attr]
    numbers = read(path, ExportFormat.mrt)["x"]
    assert (low, high) == (min(numbers), max(numbers))


@pytest.mark.parametrize("start", ["6,500 K", "B0 = 10", "J2000. and", "-9 for none", "3 A5 x y"])
def test_an_explanation_that_looks_like_a_column_is_none(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, start: str
) -> None:
    """Readers tell columns by how lines begin; the words before make each place of the break."""
    for n in range(0, 40, 3):
        nodes = manifest()
        columns = nodes["nodes"]["model.hotstars.be_test"]["columns"]
        columns["flag"]["description"] = f"{'w' * n} and {start} more {start} end"
        path = export_mart(connection, marts(nodes)["be_test"], ExportFormat.cds, tmp_path)
        table = read(path, ExportFormat.cds)
        assert len(table.columns) == len(columns)
        assert table["flag"].tolist() == [1, None, -9]


def test_several_marts_share_one_readme(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """By CDS's own package, without its placeholders, and also for a table without rows."""
    nodes = manifest()
    node = nodes["nodes"]["model.hotstars.be_test"]
    for name, limit in (("be_more", 2), ("be_none", 0)):
        connection.execute(
            f"create table marts.{name} as select * from marts.be_test limit {limit}"
        )
        nodes["nodes"][f"model.hotstars.{name}"] = {**node, "name": name}
    known = marts(nodes)
    article = Article(
        "Stars of a test", "Smith J., Jones A.", "What was found.", "Stars, Be; Surveys"
    )
    paths = export_marts(
        connection, list(known.values()), ExportFormat.cds, tmp_path,
        {"built_at": "2026-01-02T03:04:05"}, article,
    )  # fmt: skip
    assert [path.name for path in paths] == ["be_test.dat", "be_more.dat", "be_none.dat", "ReadMe"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    for path, n_rows in zip(paths[:2], (3, 2), strict=True):
        found = astropy_ascii.read(path, format="cds", readme=str(paths[3]))
        assert len(found) == n_rows
        assert found["logg"].unit == units.dex(units.cm / units.s**2)
        width = max(map(len, path.read_text().splitlines()))
        assert re.search(rf"^{path.name} +{width} +{n_rows}  Stars of a test", paths[3].read_text(),
                         re.MULTILINE)  # fmt: skip
    assert paths[2].read_text() == ""
    readme = paths[3].read_text()
    assert readme.isascii()
    assert all(len(line) <= 80 for line in readme.splitlines())
    assert readme.splitlines()[0].endswith("(Smith+, 2026)")
    assert "Keywords: Stars, Be; Surveys" in readme
    assert "What was found." in readme
    assert "Wang+2022, 2022ApJS..260...35W" in readme
    assert "simulated: SIM" in readme
    assert "None" not in readme
    assert " ?" not in readme  # placeholders of the package end so


def test_a_title_names_the_papers_of_all_tables() -> None:
    one = mart()
    other = type(one)("ob", "marts", "", (), paper="Xiang+2021")
    assert Article().title_of([one, other, one]) == "Catalogues after Wang+2022 and Xiang+2021"
    assert Article("Mine").title_of([one]) == "Mine"


def test_an_article_in_other_letters_is_refused() -> None:
    with pytest.raises(WarehouseError, match=r"--authors 'Müller J\.': .* ASCII"):
        Article(authors="Müller J.")
