"""What changed between releases, counted and listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.publish import publish


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
    publish(tmp_path / "warehouse.duckdb", tmp_path / "published", orders={}, facts={})
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
    rows = {row["table"]: row for row in json.loads(run(home, "--json").stdout)}
    assert rows["be_new"] == {
        "table": "be_new", "rows_old": 10, "rows_new": 11, "came": 3, "went": 2, "note": "",
    }  # fmt: skip
    assert rows["old_one"]["note"] == "in old alone"
    assert rows["new_one"]["note"] == "in new alone"


def test_the_rows_themselves_are_listed(home: Path) -> None:
    rows = json.loads(run(home, "1", "live", "--table", "be_new", "--json").stdout)
    assert {(row["change"], row["designation"]) for row in rows} == {
        ("went", "J3"), ("went", "J5"), ("came", "J5"), ("came", "J10"), ("came", "J11"),
    }  # fmt: skip


def test_unknown_releases_and_tables_are_told(home: Path) -> None:
    refused = run(home, "7")
    assert refused.returncode == 1
    assert "one of 1" in refused.stderr
    refused = run(home, "--table", "be_old")
    assert refused.returncode == 1
    assert "it is be_new" in refused.stderr


def test_a_release_is_no_different_from_itself(home: Path) -> None:
    rows = json.loads(run(home, "1", "current", "--json").stdout)
    assert all(row["came"] == row["went"] == 0 for row in rows)
