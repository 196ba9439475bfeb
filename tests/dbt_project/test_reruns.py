"""What has been computed is not computed again, and what is new or asked anew is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from built import Built
from stars import Star, add_stars

RECTIFIED = [f"int_rectified_{grid}" for grid in ("mrs_b", "mrs_r", "lrs_b", "lrs_r")]
KEPT = [*RECTIFIED, "int_line_measurements"]
NEW = 999  # number of the star that comes later


def contents(built: Built) -> dict[str, list[tuple[object, ...]]]:
    """Row identifiers and rows of what is kept, by obsid."""
    return {
        name: built.query(f"select rowid, * from intermediate.{name} order by obsid, exposure")
        for name in KEPT
    }


def obsids(built: Built, name: str, condition: str = "true") -> set[int]:
    rows = built.query(f"select obsid from intermediate.{name} where {condition}")
    return {obsid for (obsid,) in rows}


@pytest.fixture(scope="module")
def copy(catalogues: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Catalogues whose kept rows carry what no computation gives: one computed anew loses it."""
    built = catalogues.copied_to(tmp_path_factory.mktemp("reruns") / "home")
    with duckdb.connect(str(built.database)) as connection:
        for name in RECTIFIED:
            connection.execute(f"update intermediate.{name} set noise = 123")
        connection.execute("update intermediate.int_line_measurements set ew_mgb = 123")
    return built


def test_a_later_run_computes_new_spectra_only(copy: Built) -> None:
    before = contents(copy)
    assert all(before.values())
    with duckdb.connect(str(copy.database)) as connection:
        add_stars(connection, [("new", Star())], first_number=NEW)
    copy.dbt("run", "--select", "+int_line_measurements")
    after = contents(copy)
    new_obsid = 1000 * (NEW + 1)
    for name in KEPT:
        assert [row for row in after[name] if row[1] != new_obsid] == before[name], name
        assert len(after[name]) == len(before[name]) + (0 if "lrs" in name else 1), name
    assert obsids(copy, "int_line_measurements", "ew_mgb is distinct from 123") == {new_obsid}


def test_another_band_measures_every_spectrum_again_and_rectifies_none(copy: Built) -> None:
    before = contents(copy)
    versions = copy.query("select distinct version from intermediate.int_line_measurements")
    assert len(versions) == 1
    settings = "halpha_band: [6560.0, 6569.0]"
    copy.dbt("run", "--select", "+int_line_measurements", "--vars", settings)
    after = contents(copy)
    for name in RECTIFIED:
        assert after[name] == before[name], name
    assert len(after["int_line_measurements"]) == len(before["int_line_measurements"])
    assert obsids(copy, "int_line_measurements", "ew_mgb = 123") == set()
    again = copy.query("select distinct version from intermediate.int_line_measurements")
    assert len(again) == 1
    assert again != versions


def test_an_empty_warehouse_runs_and_passes_its_tests(empty: Built) -> None:
    results = empty.json("run_results")["results"]
    assert {result["status"] for result in results} == {"success", "pass", "no-op"}
    assert empty.query("select max(n_spectra), count(*) from marts.be_selection_funnel") == [
        (0, 10)
    ]
    assert empty.query("select count(*) from marts.be_decisions") == [(0,)]
    limit = empty.row("select * from intermediate.int_runaway_limit")
    assert (limit["n_stars"], limit["origin"]) == (0, "published")


def test_a_warehouse_that_was_never_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="run `hotstars init` first"):
        Built(tmp_path).dbt("run", "--select", "stg_gaia__sources")
