"""The command line: help with examples, errors in one line, and an exit code that says so."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from hotstars.verbs.sql import stopped_by_ctrl_c
from warehouse.export.rebuilds import begin_rebuild, end_rebuild

VERBS = [
    "init", "simulate", "ingest", "inspect", "sql", "build", "train", "review", "export", "status",
    "demo", "publish", "report", "explain", "scorecard", "diff", "check", "check-slam",
    "check-distances", "check-apogee", "schema",
]  # fmt: skip


def hotstars(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200"}
    if home is not None:
        environment["HOTSTARS_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-m", "hotstars", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    done = hotstars(verb, "--help")
    assert done.returncode == 0
    assert f"hotstars {verb}" in done.stdout.split("Example", 1)[1]


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("sql", "select 1"), ("build",), ("export", "be_new")],
)
def test_without_a_warehouse_a_verb_says_what_to_do(home: Path, arguments: tuple[str, ...]) -> None:
    done = hotstars(*arguments, home=home)
    assert done.returncode == 1
    assert done.stderr.startswith("hotstars: ")
    assert "Traceback" not in done.stderr
    assert "hotstars init" in done.stderr or "dbt run" in done.stderr


def test_a_mistyped_var_is_refused_with_the_one_that_was_meant(home: Path) -> None:
    assert hotstars("init", home=home).returncode == 0
    for given in (["--vars", "be_probabilty_min: 0.95"], ["--vars={be_probabilty_min: 0.95}"]):
        done = hotstars("build", "run", *given, home=home)
        assert done.returncode == 1
        assert done.stderr.startswith("hotstars: --vars: there is no var 'be_probabilty_min'")
        assert "be_probability_min" in done.stderr


@pytest.mark.parametrize("arguments", [("report",), ("explain", "J040320.74+511852.5")])
def test_tables_of_another_version_are_told_from_those_of_this_one(
    home: Path, arguments: tuple[str, ...]
) -> None:
    assert hotstars("init", home=home).returncode == 0
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create table marts.be_selection_funnel (step integer)")
    done = hotstars(*arguments, home=home)
    assert done.returncode == 1
    assert done.stderr.startswith("hotstars: marts.be_selection_funnel has no column ")
    assert "n_stars_mrs" in done.stderr
    assert "hotstars build" in done.stderr


def test_status_says_when_the_catalogues_were_built_and_whether_a_rebuild_was_killed(
    home: Path,
) -> None:
    assert hotstars("init", home=home).returncode == 0
    assert "\nbuilt " not in hotstars("status", home=home).stdout
    target = home / "dbt_target"
    begin_rebuild(target)
    results = {
        "metadata": {"invocation_id": "run 7", "generated_at": "2026-01-02T03:04:05.6Z"},
        "args": {"which": "run"},
        "results": [{"unique_id": "model.hotstars.be_new", "status": "success"}],
    }
    (target / "run_results.json").write_text(json.dumps(results))
    (target / "manifest.json").write_text('{"nodes": {}}')
    end_rebuild(target, "0123abc")
    told = "built  2026-01-02 03:04:05 UTC, dbt run run 7, commit 0123abc"
    assert told in hotstars("status", home=home).stdout
    begin_rebuild(target)  # and killed
    assert f"{told}\n  a later rebuild was killed" in hotstars("status", home=home).stdout


def test_ctrl_c_says_that_the_work_can_go_on(home: Path) -> None:
    assert hotstars("init", home=home).returncode == 0
    process = subprocess.Popen(
        [
            sys.executable, "-m", "hotstars", "sql",
            "select sum(i) from range(1000000000000) t(i)",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOTSTARS_HOME": str(home)},
    )  # fmt: skip
    try:
        while process.poll() is None and not _has_open(process.pid, "warehouse.duckdb"):
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors == "hotstars: stopped; what was committed stays, run it again to go on\n"


def _has_open(pid: int, name: str) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            if name in str(link.readlink()):
                return True
    return False


def test_ctrl_c_that_is_lost_before_the_query_starts_still_ends_it() -> None:
    with duckdb.connect() as connection, stopped_by_ctrl_c(connection):
        with contextlib.suppress(KeyboardInterrupt):  # as a library does that swallows it
            signal.raise_signal(signal.SIGINT)
        with pytest.raises((RuntimeError, duckdb.InterruptException), match=r"(?i)interrupted"):
            connection.sql("select sum(i) from range(1000000000000) t(i)").fetchall()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_init_can_be_repeated_and_status_counts_the_rows(home: Path) -> None:
    assert "made at revision" in hotstars("init", home=home).stdout
    assert "is at revision" in hotstars("init", home=home).stdout
    status = json.loads(hotstars("status", "--json", home=home).stdout)
    assert status["rows"]["raw.lamost_observation"] == 0
    assert status["rejected"] == []


def test_sql_has_the_functions_and_prints_what_scripts_read(home: Path) -> None:
    hotstars("init", home=home)
    query = "select (equivalent_width_mrs_r(null, null, 6548, 6578)).equivalent_width as ew"
    done = hotstars("sql", query, "--format", "json", home=home)
    assert json.loads(done.stdout) == [{"ew": None}]
    done = hotstars("sql", "select 1 as a, 'x' as b", "--format", "csv", home=home)
    assert done.stdout.split() == ["a,b", "1,x"]


def test_sql_does_not_write_unless_asked(home: Path) -> None:
    hotstars("init", home=home)
    done = hotstars("sql", "delete from raw.ingest_run", home=home)
    assert done.returncode == 1
    assert "read-only" in done.stderr.lower()


def test_a_wrong_query_is_one_message(home: Path) -> None:
    hotstars("init", home=home)
    done = hotstars("sql", "select * from nowhere", home=home)
    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_a_query_that_fails_on_a_row_is_one_message(home: Path) -> None:
    hotstars("init", home=home)
    for form in ("table", "json"):
        query = "select cast('x' || i as integer) from range(3) t(i)"
        done = hotstars("sql", query, "--format", form, home=home)
        assert done.returncode == 1
        assert done.stderr.startswith("hotstars: the query failed: ")
        assert "Traceback" not in done.stderr
    assert "Traceback" not in done.stderr


def test_sql_functions_are_listed_with_their_arguments() -> None:
    done = hotstars("sql", "--functions")
    assert "rectify_mrs_r(flux FLOAT[]" in done.stdout
    assert "find_peaks_lrs_r" in done.stdout
