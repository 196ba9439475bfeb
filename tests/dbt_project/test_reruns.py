"""What has been computed is not computed again, and what is new or asked anew is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from built import Built
from stars import Star, Visit, add_stars, make_warehouse

KEPT = [
    "int_rectified_mrs_b",
    "int_rectified_mrs_r",
    "int_rectified_lrs_b",
    "int_rectified_lrs_r",
    "int_line_measurements",
]
STARS = [
    ("emission", Star()),
    ("absorption", Star(visits=(Visit(halpha="absorption"),))),
    ("low resolution", Star(survey="LAMOST-LRS")),
]


def contents(built: Built) -> dict[str, list[tuple[object, ...]]]:
    """Row identifiers and rows of what is kept: a row computed again gets another identifier."""
    return {
        name: built.query(f"select rowid, * from intermediate.{name} order by obsid, exposure")
        for name in KEPT
    }


def mark(built: Built) -> None:
    """Write into every kept row what no computation would: a row computed anew loses it."""
    with duckdb.connect(str(built.database)) as connection:
        for name in KEPT:
            column = "noise_r" if name == "int_line_measurements" else "noise"
            connection.execute(f"update intermediate.{name} set {column} = 123")


def marked(built: Built, name: str) -> set[int]:
    column = "noise_r" if name == "int_line_measurements" else "noise"
    return {
        obsid
        for (obsid,) in built.query(f"select obsid from intermediate.{name} where {column} = 123")
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Built:
    built = Built(tmp_path_factory.mktemp("reruns"))
    make_warehouse(built.database, STARS)
    built.dbt("run")
    mark(built)
    return built


def test_a_second_run_computes_nothing_and_a_new_star_only_itself(first: Built) -> None:
    before = contents(first)
    assert {name: len(rows) for name, rows in before.items()} == {
        "int_rectified_mrs_b": 2,
        "int_rectified_mrs_r": 2,
        "int_rectified_lrs_b": 1,
        "int_rectified_lrs_r": 1,
        "int_line_measurements": 3,
    }
    first.dbt("run")
    assert contents(first) == before

    with duckdb.connect(str(first.database)) as connection:
        add_stars(connection, [("new", Star())], first_number=len(STARS))
    first.dbt("run")
    after = contents(first)
    new = 1000 * (len(STARS) + 1)
    for name in KEPT:
        expected = {new} if "lrs" not in name else set()
        assert {row[1] for row in after[name]} - marked(first, name) == expected
        assert [row for row in after[name] if row[1] != new] == before[name]
    assert ("new",) in first.query("select designation from marts.be_new")


def test_another_band_measures_every_spectrum_again_and_rectifies_none(
    first: Built, tmp_path: Path
) -> None:
    built = first.copied_to(tmp_path / "home")
    built.dbt(
        "run", "--select", "+int_line_measurements", "--vars", "halpha_band: [6560.0, 6569.0]"
    )
    for name in KEPT[:-1]:
        assert marked(built, name) == {
            row[0]
            for row in built.query(f"select obsid from intermediate.{name} where noise = 123")
        }
        assert marked(built, name), name
    assert marked(built, "int_line_measurements") == set()


def test_an_empty_warehouse_runs_and_passes_its_tests(tmp_path: Path) -> None:
    built = Built(tmp_path)
    make_warehouse(built.database)
    results = built.dbt("build")["results"]
    assert {result["status"] for result in results} == {"success", "pass"}
    assert built.query("select max(n_spectra), count(*) from marts.be_selection_funnel") == [
        (0, 10)
    ]
    assert built.query("select count(*) from marts.be_decisions") == [(0,)]
