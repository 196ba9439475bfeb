"""What changed between releases, counted and listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.publish import publish

NOTHING_TOLD: dict[str, Any] = {"manifest": {"nodes": {}}, "rebuild": {}, "models": {}}


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hotstars", "diff", *arguments],
        env={**os.environ, "HOTSTARS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def write(home: Path, *statements: str) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(
        tmp_path,
        "create schema marts",
        "create table marts.be_new as select 'J' || range as designation, range * 0.5 as v_tp "
        "from range(10)",
        "create table marts.old_one as select 1 as n",
    )
    publish(tmp_path / "warehouse.duckdb", tmp_path / "published", **NOTHING_TOLD)
    write(
        tmp_path,
        "delete from marts.be_new where designation = 'J3'",
        "update marts.be_new set v_tp = 99 where designation = 'J5'",
        "insert into marts.be_new values ('J10', null), ('J11', 1.0)",
        "drop table marts.old_one",
        "create table marts.new_one as select 1 as n",
    )
    return tmp_path


def test_rows_that_came_and_went_are_counted(home: Path) -> None:
    rows = {row["table"]: row for row in json.loads(run(home, "--json").stdout)["tables"]}
    assert rows["be_new"] == {
        "table": "be_new", "rows_old": 10, "rows_new": 11, "came": 3, "went": 2,
        "stars_entered": 2, "stars_left": 1, "note": "",
    }  # fmt: skip
    assert rows["old_one"]["note"] == "in old alone"
    assert rows["new_one"]["note"] == "in new alone"


def test_the_rows_themselves_are_listed(home: Path) -> None:
    told = run(home, "1", "live", "--table", "be_new", "--rows", "--json").stdout
    assert {(row["change"], row["designation"]) for row in json.loads(told)} == {
        ("went", "J3"), ("went", "J5"), ("came", "J5"), ("came", "J10"), ("came", "J11"),
    }  # fmt: skip


LEDGER = """
    create or replace table marts.be_decisions as
    select
        designation, 'LAMOST-MRS' as survey, step, criterion, 'quantity' as quantity,
        value::double as measured_value, threshold, is_passed,
        case when value = 8 then 7 else 9 end as obsid
    from (values {}) as v(designation, step, criterion, value, threshold, is_passed)
"""


@pytest.fixture
def turned(tmp_path: Path) -> Path:
    """J1 leaves by a colour, J2 by a threshold, J3 is new, J4 enters by two criteria, J5 stays."""
    write(
        tmp_path,
        "create schema marts",
        "create table marts.be_new as select unnest(['J1', 'J2', 'J5']) as designation",
        "create table marts.slam_mrs_labels as select unnest(['J1', 'J2']) as designation",
        LEDGER.format(
            "('J1', 9, 'infrared_colours', 0.1, '< 0.2', true), "
            "('J2', 3, 'line_indices', 7.0, '< 10', true), "
            "('J4', 1, 'signal_to_noise', 8.0, '> 10', false), "
            "('J4', 8, 'spectral_type', null, 'B', false), "
            "('J5', 3, 'line_indices', 3.0, '< 10', true)"
        ),
    )
    publish(tmp_path / "warehouse.duckdb", tmp_path / "published", **NOTHING_TOLD)
    write(
        tmp_path,
        "create or replace table marts.be_new as select unnest(['J3', 'J4', 'J5']) as designation",
        "insert into marts.slam_mrs_labels values ('J9')",
        LEDGER.format(
            "('J1', 9, 'infrared_colours', 0.3, '< 0.2', false), "
            "('J2', 3, 'line_indices', 7.0, '< 5', false), "
            "('J3', 3, 'line_indices', 3.0, '< 5', true), "
            "('J4', 1, 'signal_to_noise', 80.0, '> 10', true), "
            "('J4', 8, 'spectral_type', 12.0, 'B', true), "
            "('J5', 3, 'line_indices', 3.0, '< 5', true)"
        ),
    )
    return tmp_path


def test_stars_that_entered_or_left_come_with_what_turned_them(turned: Path) -> None:
    stars = json.loads(run(turned, "1", "live", "--json").stdout)["stars"]
    found = {(row["table"], row["star"], row["change"]): row["turned_by"] for row in stars}
    assert found == {
        ("be_new", "J1", "left"): [
            "infrared colours: passed before; failed now; quantity 0.1, now 0.3"
        ],
        ("be_new", "J2", "left"): ["line indices: passed before; failed now; quantity 7 as before"],
        ("be_new", "J3", "entered"): ["it had no spectrum in the old one"],
        ("be_new", "J4", "entered"): [
            "signal to noise: failed before; passed now; quantity 8, now 80; "
            "of another spectrum, obsid 9 in place of 7",
            "spectral type: failed before; passed now; quantity not there, now 12",
        ],
        ("slam_mrs_labels", "J9", "entered"): [
            "the old one has no row of it in slam_mrs_labels, the new one has"
        ],
    }


def test_a_star_that_two_surveys_saw_is_told_with_the_survey(turned: Path) -> None:
    write(
        turned,
        "insert into marts.be_decisions select 'J1', 'LAMOST-LRS', 9, 'infrared_colours', "
        "'quantity', 0.4, '< 0.2', false, 8",
    )
    told = run(turned, "1", "live", "--table", "be_new").stdout
    assert "J1 left: it had no spectrum of LAMOST-LRS in the old one\n" in told
    assert "and infrared colours of LAMOST-MRS: passed before; failed now" in told
    assert "J2 left: line indices: passed before" in told  # one survey: nothing to tell apart


def test_what_the_criteria_ask_for_is_said_once_however_many_tables_stars_left(
    turned: Path,
) -> None:
    write(turned, "create table marts.be_known as select 'J4' as designation where false")
    publish(turned / "warehouse.duckdb", turned / "published", **NOTHING_TOLD)
    write(
        turned,
        LEDGER.format("('J4', 1, 'signal_to_noise', 8.0, '> 20', false)"),
        "insert into marts.be_known values ('J4')",
        "delete from marts.be_new where designation = 'J4'",
    )
    told = run(turned, "2", "live").stdout
    assert told.count("J4 left: signal to noise") == told.count("J4 entered: signal to noise") == 1
    assert told.count("> 20") == told.count("> 10") == 1
    assert "signal to noise, before: > 10\n   signal to noise, now: > 20\n" in told


def test_a_criterion_that_asks_for_the_same_is_told_as_before(turned: Path) -> None:
    told = run(turned, "1", "live", "--table", "be_new").stdout
    assert told.count("   infrared colours, as before: < 0.2\n") == 1
    assert "   line indices, before: < 10\n   line indices, now: < 5\n" in told


def test_long_lists_say_how_many_they_leave_out(turned: Path) -> None:
    told = run(turned, "--table", "be_new", "--most", "1").stdout
    assert "be_new: 2 stars entered, 2 left" in told
    assert "... and 3 more; --most 4 shows them" in told
    assert "J3 entered: it had no spectrum in the old one" in told
    assert "slam_mrs_labels" not in told


def test_unknown_releases_and_tables_are_told(home: Path) -> None:
    refused = run(home, "7")
    assert refused.returncode == 1
    assert "7: no such release" in refused.stderr
    assert "one of 1\n" in refused.stderr
    refused = run(home, "--table", "be_old")
    assert refused.returncode == 1
    assert "it is be_new" in refused.stderr
    refused = run(home, "--rows")
    assert refused.returncode == 1
    assert "--table" in refused.stderr


def test_a_release_that_was_removed_is_told_with_those_that_stay(home: Path) -> None:
    for _ in range(10):
        publish(home / "warehouse.duckdb", home / "published", keep=3, **NOTHING_TOLD)
    refused = run(home, "1", "11")
    assert refused.returncode == 1
    told = " ".join(refused.stderr.split())
    assert "1: this release was removed" in told
    assert "--keep" in told
    assert "one of 9, 10, 11" in told
    assert run(home, "9", "11").returncode == 0
    for word in ("12", "0", "old"):
        assert f"{word}: no such release" in run(home, word).stderr


def test_without_any_release_only_the_live_file_is_there(tmp_path: Path) -> None:
    write(tmp_path, "create schema marts")
    assert "3: no such release; nothing is published yet" in run(tmp_path, "3").stderr


def test_a_release_is_no_different_from_itself(home: Path) -> None:
    found = json.loads(run(home, "1", "current", "--json").stdout)
    assert all(row["came"] == row["went"] == 0 for row in found["tables"])
    assert found["stars"] == []
