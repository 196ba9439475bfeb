"""The documentation's commands do what the pages say: they are run, page by page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from pages import DOCS, PAGES, REPOSITORY, Block, blocks

from hotstars.verbs.demo import ENDING

#: Made by the page that begins with nothing; the others go on from there.
FIRST = DOCS / "tutorial.md"


def script(page: Path) -> str:
    """The page's blocks that are run, one after the other, as one shell script."""
    parts = ["set -euo pipefail"]
    for block in blocks(page):
        if runs(block):
            if block.language == "python":
                parts.append(f"python - <<'PYTHON'\n{block.text}PYTHON\n")
            else:
                parts.append(block.text.replace(".venv/bin/", ""))
    return "\n".join(parts)


def runs(block: Block) -> bool:
    if block.language not in ("sh", "python") or block.not_run:
        return False
    return block.needs is None or shutil.which(block.needs) is not None


def run_page(page: Path, home: Path, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["bash", "-x", "-c", script(page)],
        cwd=folder,
        env={
            **os.environ,
            "HOTSTARS_HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, f"{page.name}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the tutorial leaves behind."""
    root = tmp_path_factory.mktemp("docs")
    told = run_page(FIRST, root / "home", root / "work")
    assert "new classical Be star" in told or "This decides" in told
    return root / "home"


def test_the_tutorial_ends_with_what_it_promises(home: Path) -> None:
    assert "Byte-by-byte" in (home / "export" / "be_new.txt").read_text()
    assert (home / "published" / "current" / "warehouse.duckdb").exists()
    assert (home / "report" / "index.html").exists()
    assert (home / "report" / "lineage.html").exists()


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != FIRST and any(map(runs, blocks(page)))],
    ids=lambda page: page.stem,
)
def test_a_pages_commands_run(page: Path, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("simulated"))
    told = run_page(page, copy, tmp_path / "work")
    if page.stem == "change_a_criterion":
        assert "infrared_colours" in told
    if page.stem == "recipes":
        positions = (tmp_path / "work" / "positions.csv").read_text().splitlines()[1:]
        assert positions
        for line in positions:
            assert f" {line.split(',')[0]} " in told, "a position of the page's matches nothing"
    if page.stem == "add_a_catalogue":
        assert told.count("Me 2026") == 2


def test_the_demo_ends_with_stars_that_can_be_explained(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ((told, examples),) = connection.execute(ENDING).fetchall()
        n_rows, n_stars = connection.sql(
            "select count(*), count(distinct designation) from marts.be_new"
        ).fetchall()[0]
    assert told == f"be_new: {n_rows} rows of {n_stars} stars; a row is a star and a survey"
    # the tutorial has no spectra of APOGEE, and then none of its stars is named
    assert [one["what"] for one in examples] == ["a new Be star", "a rejected one"]
    for one in examples:
        done = subprocess.run(
            [sys.executable, "-m", "hotstars", "explain", one["star"]],
            env={**os.environ, "HOTSTARS_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert ("be_new" in done.stdout.splitlines()[1]) == (one["what"] == "a new Be star")


def test_the_notebook_runs(home: Path) -> None:
    """Cell by cell, in the order of the page, as plain Python with pictures that nobody sees."""
    cells = [
        "".join(cell["source"])
        for cell in __import__("json").loads((DOCS / "recipes.ipynb").read_text())["cells"]
        if cell["cell_type"] == "code"
    ]
    assert len(cells) >= 5
    done = subprocess.run(
        [sys.executable, "-c", "\n\n".join(cells)],
        env={**os.environ, "HOTSTARS_HOME": str(home), "MPLBACKEND": "agg"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
