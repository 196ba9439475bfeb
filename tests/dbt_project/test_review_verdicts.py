"""Candidates go out to be looked at, verdicts come back, and the catalogues' SQL reads them."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from built import Built
from typer.testing import CliRunner

from hotstars.main import app
from warehouse import raw_tables
from warehouse.connection import WarehouseError
from warehouse.load import insert_new


def review(built: Built, *arguments: str, fails: bool = False) -> str:
    """Run `hotstars review`; return what it prints, or its error where it must fail."""
    environment = {"HOTSTARS_HOME": str(built.home), "COLUMNS": "200"}
    done = CliRunner().invoke(app, ["review", *arguments], env=environment)
    if fails:
        assert isinstance(done.exception, WarehouseError)
        return str(done.exception)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fill(path: Path, out: Path, verdict: str, reviewer: str, day: int, n: int = 10**6) -> Path:
    """Give the first rows of a list one verdict."""
    rows = rows_of(path)
    for row in rows[:n]:
        row |= {"verdict": verdict, "reviewer": reviewer, "reviewed_at": f"2026-01-{day:02d}"}
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out


@pytest.fixture
def copy(catalogues: Built, tmp_path: Path) -> Built:
    return catalogues.copied_to(tmp_path / "home")


def test_candidates_go_out_and_verdicts_come_back(copy: Built, tmp_path: Path) -> None:
    candidates = copy.query("select obsid, designation from marts.be_candidates order by all")
    n = len(candidates)
    review(copy, "export")
    listed = copy.home / "review" / "review_verdicts.csv"
    rows = rows_of(listed)
    assert sorted((int(row["obsid"]), row["designation"]) for row in rows) == candidates
    page = (copy.home / "review" / "review_sheet.html").read_text(encoding="utf-8")
    assert all(f'"{obsid}"' in page for obsid, _ in candidates)

    filled = fill(listed, tmp_path / "li.csv", "absorption", "Li", day=1, n=5)
    told = review(copy, "import", str(filled))
    assert "5 new verdicts" in told
    assert f"{n - 5} rows without a verdict" in told
    status = json.loads(review(copy, "status", "--json"))
    assert status["candidates"] == {"n": n, "n_reviewed": 5}
    assert status["verdicts"] == {"absorption": 5}

    # a second reader sees the rest, or everything with what the first one said
    review(copy, "export")
    rest = {row["obsid"] for row in rows_of(listed)}
    assert rest == {row["obsid"] for row in rows[5:]}
    review(copy, "export", "--again")
    assert len(rows_of(listed)) == n
    assert "Li: absorption" in (listed.parent / "review_sheet.html").read_text(encoding="utf-8")

    review(copy, "import", str(fill(listed, tmp_path / "wang.csv", "emission", "Wang", day=2, n=3)))
    status = json.loads(review(copy, "status", "--json"))
    assert status["verdicts"] == {"absorption": 2, "emission": 3}
    assert len(status["disputed"]) == 3
    found = copy.query(
        "select obsid, verdict, reviewer, n_reviewers, is_disputed "
        "from staging.stg_review__verdicts order by all"
    )
    expected = [
        (int(row["obsid"]), *(("emission", "Wang", 2, True) if i < 3 else
                              ("absorption", "Li", 1, False)))
        for i, row in enumerate(rows[:5])
    ]  # fmt: skip
    assert found == sorted(expected)


def test_a_filled_list_is_not_written_over(copy: Built) -> None:
    review(copy, "export")
    listed = copy.home / "review" / "review_verdicts.csv"
    fill(listed, listed, "emission", "Li", day=1, n=1)
    before = listed.read_bytes()
    assert "holds verdicts" in review(copy, "export", fails=True)
    assert listed.read_bytes() == before


def test_all_spectra_that_made_a_star_a_candidate_can_be_asked_for(copy: Built) -> None:
    review(copy, "export", "--every-spectrum")
    rows = rows_of(copy.home / "review" / "review_verdicts.csv")
    keys = {(int(row["obsid"]), int(row["exposure"])) for row in rows}
    assert len(keys) == len(rows)
    ((n,),) = copy.query("select sum(n_emission_spectra) from marts.be_candidates")
    assert len(keys) == n


def test_any_query_can_choose_the_spectra_and_show_more(copy: Built) -> None:
    query = (
        "select obsid, exposure, snr_min as lower_snr from intermediate.int_be_spectrum_tests "
        "where last_step < 5"
    )
    review(copy, "export", "--select", query, "--limit", "4")
    assert len(rows_of(copy.home / "review" / "review_verdicts.csv")) == 4
    page = (copy.home / "review" / "review_sheet.html").read_text(encoding="utf-8")
    assert '"label":"lower_snr"' in page


@pytest.mark.parametrize(
    ("select", "way_out"),
    [
        ("be_nothing", "export --list"),
        ("select 1 as one", "no obsid but one"),
        ("select obsid from", "--select"),
    ],
)
def test_a_selection_that_cannot_be_run_says_why(copy: Built, select: str, way_out: str) -> None:
    assert way_out in review(copy, "export", "--select", select, fails=True)


@dataclass(frozen=True)
class Rebuilt:
    """Catalogues after a reviewer called a candidate's spectra absorption, and those before."""

    built: Built
    star: tuple[str, str]
    candidates: list[tuple[str, str]]
    taught: tuple[Any, ...]


CANDIDATES = "select designation, survey from marts.be_candidates order by all"
MEASURED = "obsid, survey, designation, ew_halpha, ew_halpha_error, peak_significance"


@pytest.fixture(scope="module")
def rebuilt(catalogues: Built, tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
    folder = tmp_path_factory.mktemp("rebuilt")
    built = catalogues.copied_to(folder / "home")
    candidates = built.query(CANDIDATES)
    (taught,) = built.query(f"select {MEASURED} from marts.be_candidates order by obsid limit 1")

    review(built, "export", "--every-spectrum")
    listed = built.home / "review" / "review_verdicts.csv"
    stars = [(row["designation"], row["survey"]) for row in rows_of(listed)]
    n = stars.count(stars[0])
    review(built, "import", str(fill(listed, folder / "li.csv", "absorption", "Li", day=1, n=n)))

    common = {
        "exposure": 0, "label": "emission", "split": "train", "model_name": "be-classifier",
        "model_version": "0123456789ab",
    }  # fmt: skip
    rows = [
        {**common, "obsid": taught[0], "origin": "review"},
        {**common, "obsid": 77, "origin": "simulation truth"},  # not in this warehouse
    ]
    with duckdb.connect(str(built.database)) as connection:
        insert_new(connection, raw_tables.training_spectrum, pa.Table.from_pylist(rows), "test")
    after_a_verdict = "int_halpha_emission+,+be_decisions int_halpha_emission+,+be_candidates"
    built.dbt("run", "--select", *after_a_verdict.split(), "be_training_spectra")
    return Rebuilt(built, stars[0], candidates, taught)


def test_a_verdict_takes_a_star_from_the_candidates_and_the_ledger_says_whose(
    rebuilt: Rebuilt,
) -> None:
    """Also where the peak is plain: what a person saw goes before every rule (section 4)."""
    rest = [star for star in rebuilt.candidates if star != rebuilt.star]
    assert len(rest) == len(rebuilt.candidates) - 1
    assert rebuilt.built.query(CANDIDATES) == rest
    assert rebuilt.built.query(
        "select criterion, quantity from marts.be_decisions "
        "where designation = ? and survey = ? and is_deciding",
        *rebuilt.star,
    ) == [("halpha_emission", "verdict of Li: absorption")]


def test_the_spectra_of_a_training_carry_what_was_measured(rebuilt: Rebuilt) -> None:
    assert rebuilt.built.query(
        f"select {MEASURED}, origin from marts.be_training_spectra order by obsid desc"
    ) == [(*rebuilt.taught, "review"), (77, None, None, None, None, None, "simulation truth")]
