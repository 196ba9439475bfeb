"""The verb: sources, options, exit codes and messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from catalogue_files import create_raw_tables
from typer.testing import CliRunner

from hotstars.verbs.ingest import ingest
from warehouse.connection import WarehouseError, connect

app = typer.Typer()
app.command()(ingest)

STARS = "reference,name,object_type,ra,dec\nMe 2026,HD 1,CBe,10,20\n"


@pytest.fixture
def database(home: Path) -> Path:
    path = home / "warehouse.duckdb"
    with connect(path) as connection:
        create_raw_tables(connection)
    return path


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_list_names_every_source_and_its_designation() -> None:
    code, text, _ = run("--list")
    assert code == 0
    for word in ("lamost", "simulated", "II/246/out", "J/A+A/618/A93/members", "hou2016", "lasp"):
        assert word in text
    _, text, _ = run("--list", "--json")
    assert "twomass" in json.loads(text)


def test_a_file_is_loaded_and_what_was_done_is_said(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(STARS)
    code, text, _ = run("literature", str(path))
    assert (code, text.strip()) == (0, "literature: 1 new rows of 1 from 1 file")
    _, text, _ = run("literature", str(path), "--json")
    assert json.loads(text)["n_known"] == 1


def test_a_column_and_a_value_can_be_given(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("star,ra,dec\nHD 1,10,20\n")
    arguments = ["--column", "name=star", "--set", "reference=Me", "--set", "object_type=HAeBe"]
    code, _, _ = run("hou2016", str(path), *arguments)
    assert code == 0
    with connect(database) as connection:
        rows = connection.execute("select reference, name, object_type from raw.literature_star")
        assert rows.fetchall() == [("Me", "HD 1", "HAeBe")]


def test_a_file_that_cannot_be_used_is_a_failure_with_its_reason(
    database: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n")
    code, _, error = run("twomass", str(path))
    assert code == 1
    assert "no column for designation" in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["twomas"], "no source is called 'twomas'"),
        (["twomass"], "give the files of twomass, or --archive"),
        (["twomass", "no_such_file.vot"], "no such file"),
        (["lamost"], "give LAMOST files"),
        (["simulated"], "no simulated survey here"),
        (["twomass", "--archive", "--via", "post"], "tap or xmatch"),
        (["twomass", "x.csv", "--set", "release"], "--set release: write it as"),
    ],
)
def test_what_is_missing_is_said(database: Path, arguments: list[str], words: str) -> None:
    with pytest.raises(WarehouseError, match=words):
        run(*arguments)
