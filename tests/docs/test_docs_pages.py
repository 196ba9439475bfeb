"""Pages hold together: links, commands' options, the schema page, the site."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import duckdb
import pytest
import typer
from pages import DOCS, PAGES, REPOSITORY, blocks, command_lines, words_of

from hotstars.main import app
from hotstars.verbs.schema import page as schema_page
from hotstars.verbs.schema import parsed_manifest
from warehouse.home import Home

#: What stands for something of the reader's own.
PLACEHOLDERS = {"SOURCE", "NAME", "FILE", "DIR", "STAR", "MART"}

COMMANDS = sorted({(page.name, line) for page in PAGES for line in command_lines(page)})


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=lambda value: str(value)[:60])
def test_commands_have_the_options_that_pages_give_them(page: str, line: str) -> None:
    """Those that are too long to run are read by the parser that would run them."""
    name, *rest = words_of(line)
    if name == "hotstars":
        command: click.Command = typer.main.get_command(app)
        while isinstance(command, click.Group):
            verb = rest.pop(0)
            found = command.commands.get(verb)
            assert found is not None, f"{page}: no verb {verb}"
            command = found
        command.make_context(command.name, rest, resilient_parsing=False)
    elif name == "make":
        targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(targets)
    elif name == "python" and rest[0].startswith("benchmarks/"):
        text = (REPOSITORY / rest[0]).read_text()
        for option in (word.split("=")[0] for word in rest[1:] if word.startswith("--")):
            assert f'"{option}"' in text, f"{page}: {rest[0]} knows no {option}"
    elif name == "python":
        assert rest[0] in ("-m", "-c", "-")
    else:
        assert name == "alembic"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_are_run_or_say_why_not(page: Path) -> None:
    for block in blocks(page):
        assert block.language in {"sh", "python", "yaml", ""}, block.text
        if block.language in ("sh", "python") and block.not_run:
            assert len(block.not_run) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_say_where_their_commands_are_before_they_give_any(page: Path) -> None:
    """After `make demo` neither the commands nor the warehouse's place are set."""
    told = ""
    for block in blocks(page):
        if block.language == "sh" and re.search(
            r"^(STAR=\$\()?hotstars ", block.text, re.MULTILINE
        ):
            assert "source .venv/bin/activate" in told
            assert "export HOTSTARS_HOME=" in told
            return
        told += block.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_of_reference_say_where_their_commands_are(page: Path) -> None:
    """Their commands stand in indented lines, to be read rather than to be run in a row."""
    text = page.read_text()
    first = re.search(r"^    hotstars ", text, re.MULTILINE)
    if first:
        told = text[: first.start()]
        assert "source .venv/bin/activate" in told
        assert "HOTSTARS_HOME" in told


def test_labels_side_by_side_have_one_row_a_star() -> None:
    """The recipe, asked of stars with several visits of each resolution."""
    (line,) = [one for one in command_lines(DOCS / "recipes.md") if "slam_mrs_labels" in one]
    _, _, _, query = words_of(line)
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        for table, teff in (("slam_lrs_labels", 10_000), ("slam_mrs_labels", 20_000)):
            connection.execute(
                f"create table marts.{table} as select 'J' || star as designation, "
                f"{teff} + 10 * visit + star as teff, 4 - visit / 10 as logg, "
                # the third visit is the best that is inside the range, the fourth is outside
                "100.0 + visit as snr_r, if(visit < 4, 'I', 'O') as flag "
                "from range(1, 4) as stars(star), range(1, 5) as visits(visit)"
            )
        answer = connection.execute(query)
        columns = [one[0] for one in answer.description or []]
        rows = [dict(zip(columns, values, strict=True)) for values in answer.fetchall()]
    assert len(set(columns)) == len(columns)
    assert not {"teff", "logg"} & set(columns)
    assert [(row["designation"], row["teff_lrs"], row["teff_mrs"]) for row in rows] == [
        ("J1", 10_031, 20_031), ("J2", 10_032, 20_032), ("J3", 10_033, 20_033),
    ]  # fmt: skip
    assert {(float(row["logg_lrs"]), float(row["logg_mrs"])) for row in rows} == {(3.7, 3.7)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text)):
        if not target.startswith(("https://", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target
    for name in re.findall(r"`((?:docs|benchmarks|dbt_project|ml|hotstars)/[\w./]+\w)`", text):
        assert (REPOSITORY / name).exists() or list(REPOSITORY.glob(f"{name}*")), name


def test_pages_name_no_place_of_the_authors() -> None:
    for page in PAGES:
        assert not re.search(r"/(home|root|work|Users)/\w", page.read_text()), page.name


def test_the_notebook_has_no_outputs() -> None:
    for cell in json.loads((DOCS / "recipes.ipynb").read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_schema_page_is_what_the_metadata_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTSTARS_HOME", str(tmp_path))
    assert (DOCS / "schema.md").read_text() == schema_page(parsed_manifest(Home(tmp_path))), (
        "docs/schema.md is old: `hotstars schema --out docs/schema.md` makes it"
    )


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Links, anchors, pages that the contents leave out: mkdocs is strict about them."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir",
         str(tmp_path / "site")],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "recipes.html").exists()
