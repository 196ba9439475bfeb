"""Absolute magnitudes and distances (Xiang+2021) from raw spectra to `ob_distances`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ingest.simulation.config import SurveyConfig
from ingest.simulation.direct import simulate_arrow
from ingest.simulation.model_grid import write_model_grid
from warehouse.connection import connect
from warehouse.load import IngestRun
from warehouse.migrate import upgrade

#: One low-resolution spectrum each of hot stars.
SURVEY = SurveyConfig(
    fractions=(("B", 0.74), ("Be", 0.16), ("O", 0.05), ("SB2", 0.05)),
    lrs_only_fraction=1.0,
    both_fraction=0.0,
    exposures_fraction=0.0,
    single_visit_fraction=1.0,
    failed_fraction=0.0,
)

MODELS = ("ob-emission", "ob-m-ks", "ob-m-ks-emission")


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hotstars", *arguments],
        env={**os.environ, "HOTSTARS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def done(home: Path, *arguments: str) -> str:
    finished = run(home, *arguments)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return finished.stdout


def query(home: Path, text: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        return connection.execute(text).fetchall()


def simulated(home: Path, stars: int, seed: int) -> None:
    upgrade(home / "warehouse.duckdb")
    with (
        connect(home / "warehouse.duckdb") as connection,
        IngestRun(connection, "simulated", "test") as ingest,
    ):
        for batch in simulate_arrow(stars, seed, SURVEY, workers=1):
            ingest.commit(batch)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ob")
    simulated(home, 450, 3)
    write_model_grid(home / "grid")
    done(home, "ingest", "model_grid", str(home / "grid"))
    done(home, "train", "slam", "--survey", "lrs", "--spectra", "150")
    done(home, "build", "run", "--select", "+ob_distances")
    return home


@pytest.fixture(scope="module")
def before(survey: Path) -> list[tuple]:
    """Return the catalogue before anything was learnt."""
    return query(
        survey,
        "select count(*), count(m_ks), count(distance), "
        "count(*) filter (where distance_from <> 'parallax'), count(m_ks_model) "
        "from marts.ob_distances",
    )


@pytest.fixture(scope="module")
def cards(survey: Path, before: list[tuple]) -> list[dict]:
    found: list[dict] = json.loads(
        done(survey, "train", "absolute-magnitude", "--least-snr", "20", "--json")
    )
    done(survey, "build", "run", "--select", "+ob_distances")
    return found


def test_without_a_network_distances_come_from_the_parallax_alone(before: list[tuple]) -> None:
    n, n_m_ks, n_distances, n_otherwise, n_models = before[0]
    assert n > 350
    assert (n_m_ks, n_otherwise, n_models) == (0, 0, 0)
    assert n_distances > 0.9 * n


def test_the_three_models_say_what_they_were_made_of(cards: list[dict], survey: Path) -> None:
    assert [card["name"] for card in cards] == list(MODELS)
    assert all(card["simulated"] for card in cards)
    for card in cards[1:]:
        assert card["error_model"]["sigma_int"] >= 0
        assert card["error_model"]["n_calibrators"] >= 20
        assert card["scores"]["single"]["n"] > 10
        assert (Path(card["folder"]) / "error_model.png").stat().st_size > 10_000
    rows = query(survey, "select distinct m_ks_model from marts.ob_distances")
    versions = {f"{card['name']} {card['version']}" for card in cards[1:]}
    assert {model for (model,) in rows} <= versions


def test_errors_in_the_catalogue_are_those_of_the_card(cards: list[dict], survey: Path) -> None:
    """Xiang et al. (2021), eq. 17, with the numbers of the network that was asked."""
    by_model = {f"{card['name']} {card['version']}": card["error_model"] for card in cards[1:]}
    rows = query(survey, "select m_ks_model, snr_g, m_ks_error from marts.ob_distances")
    assert len({model for model, _, _ in rows}) == 2
    for model, snr, error in rows:
        numbers = by_model[model]
        expected = np.hypot(numbers["sigma_100"] * 100 / max(snr, 1.0), numbers["sigma_int"])
        assert error == pytest.approx(expected, rel=1e-5)


def test_the_truth_is_recovered(cards: list[dict], survey: Path) -> None:
    found = json.loads(done(survey, "check-distances", "--json"))
    assert found["catalogue"]["n_simulated"] == found["catalogue"]["n_spectra"]
    # emission that was put in is seen, and none where none was
    emission = {row["kind"]: row for row in found["emission"]}
    assert emission["Be"]["n_found"] > 0.8 * emission["Be"]["n_visible"] > 20
    assert emission["B"]["n_false"] < 0.02 * emission["B"]["n_spectra"]
    # a network of 300 spectra: better than the 1.0 mag by which the stars themselves scatter
    bright = [row for row in found["magnitudes"] if row["is_plain"] and row["snr_bin"] >= "3"]
    assert all(row["scatter"] < 0.75 for row in bright)
    both = next(row for row in found["pulls"] if row["is_plain"] and row["distance_from"] == "both")
    assert abs(both["pull_median"]) < 0.35
    assert 0.75 < both["pull_width"] < 1.4


def test_figures_are_drawn_and_mock_binaries_asked(cards: list[dict], survey: Path) -> None:
    """Two equal stars are 0.75 mag brighter than one, whatever a network says of their sum."""
    folder = survey / "figures"
    options = ("--mock", "--mock-snr", "20", "--mock-pairs", "400", "--out", str(folder))
    found = json.loads(done(survey, "check-distances", *options, "--json"))
    rows = found["mock_binaries"]
    assert sum(row["n"] for row in rows) == 400
    assert -0.7526 <= rows[-1]["geometric"] < -0.69
    assert all(path.with_suffix(".pdf").exists() for path in folder.glob("*.png"))
    names = {path.name for path in folder.glob("*.png")}
    assert names == {
        "magnitudes.png",
        "distances.png",
        "emission.png",
        "mock_binaries.png",
        "parallax_excess.png",  # figures 11 and 12 of Xiang+2021
        "plane.png",
        "true_distances.png",  # the survey is simulated
    }


def test_a_sample_that_teaches_nothing_is_refused_in_words(cards: list[dict], survey: Path) -> None:
    refused = run(survey, "train", "absolute-magnitude", "--least-snr", "100000")
    assert refused.returncode == 1
    assert "lower --parallax-over-error or --least-snr" in refused.stderr
    # and the models that were there are still in use
    status = done(survey, "status")
    assert all(card["version"] in status for card in cards)


def test_an_empty_warehouse_says_what_to_run_first(tmp_path: Path) -> None:
    refused = run(tmp_path, "train", "absolute-magnitude")
    assert refused.returncode == 1
    assert "hotstars init" in refused.stderr
    upgrade(tmp_path / "warehouse.duckdb")
    refused = run(tmp_path, "train", "absolute-magnitude")
    assert refused.returncode == 1
    assert "hotstars train slam` and `hotstars build` first" in refused.stderr
    refused = run(tmp_path, "check-distances")
    assert "hotstars build" in refused.stderr
