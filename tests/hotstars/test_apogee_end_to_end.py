"""APOGEE Net from apStar files to `apogee_labels`, on a simulated survey."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ml.apogee.network import ApogeeNetwork
from ml.torch_setup import torch

N_STARS = 120


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


def build(home: Path) -> None:
    done(home, "build", "run", "--select", "+apogee_labels")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("apogee")
    done(home, "init")
    done(home, "simulate", "--stars", "20", "--apogee-stars", str(N_STARS), "--seed", "4")
    done(home, "ingest", "simulated")
    build(home)
    return home


@pytest.fixture(scope="module")
def card(survey: Path) -> dict:
    assert query(survey, "select count(*) from marts.apogee_labels") == [(0,)]
    options = ("--stars", "500", "--epochs", "8", "--batch-size", "8", "--own-standard")
    found: dict = json.loads(done(survey, "train", "apogee-net", *options, "--json"))
    build(survey)
    return found


def test_every_star_has_labels_and_says_which_network_gave_them(survey: Path, card: dict) -> None:
    rows = query(
        survey,
        "select survey, apogee_model, count(*), count(distinct apogee_id), min(log_teff_error) "
        "from marts.apogee_labels group by all",
    )
    name = f"apogee-net {card['version']}"
    assert [row[:4] for row in rows] == [("SIM-APOGEE", name, N_STARS, N_STARS)]
    assert rows[0][4] > 0
    assert card["simulated"] is True


def test_labels_follow_the_truth(survey: Path, card: dict) -> None:
    """A network of 350 spectra: far from the paper's, but no constant."""
    rows = np.array(
        query(
            survey,
            "select l.log_teff, log10(t.teff), l.logg, t.logg from marts.apogee_labels as l "
            "join truth.apogee_stars as t using (apogee_id)",
        )
    )
    assert np.corrcoef(rows[:, 0], rows[:, 1])[0, 1] > 0.7
    assert np.corrcoef(rows[:, 2], rows[:, 3])[0, 1] > 0.4


def test_metals_of_hot_stars_are_not_reported(survey: Path, card: dict) -> None:
    """Sprague et al. (2022), section 4.1."""
    rows = query(survey, "select log_teff, fe_h, fe_h_error from marts.apogee_labels")
    for log_teff, fe_h, fe_h_error in rows:
        hot = log_teff >= np.log10(6500.0)
        assert (fe_h is None) == hot
        assert (fe_h_error is None) == hot


def test_training_labels_are_those_of_pipeline_and_spectral_types(survey: Path) -> None:
    rows = query(
        survey,
        "select label_from, count(*), max(abs(l.log_teff - log10(t.teff))), median(abs(l.logg - "
        "t.logg)) from intermediate.int_apogee_training_labels as l "
        "join truth.apogee_stars as t using (apogee_id) group by all order by all",
    )
    kinds = {row[0]: row for row in rows}
    assert kinds["pipeline"][1] + kinds["spectral type"][1] > 0.9 * N_STARS
    assert kinds["pipeline"][2] < 0.03
    assert kinds["spectral type"][2] < 0.12
    assert kinds["spectral type"][3] < 0.4


def test_a_second_build_asks_nothing_and_new_files_alone(survey: Path, card: dict) -> None:
    # a mark that no network could leave
    query(survey, "update intermediate.int_apogee_labels set logg = 99.0")
    query(
        survey,
        "delete from intermediate.int_apogee_labels where apogee_id = "
        "(select min(apogee_id) from intermediate.int_apogee_labels)",
    )
    build(survey)
    rows = query(survey, "select logg = 99.0, count(*) from marts.apogee_labels group by all")
    assert dict(rows) == {True: N_STARS - 1, False: 1}
    build(survey)
    assert query(survey, "select count(*) from marts.apogee_labels where logg = 99.0") == [
        (N_STARS - 1,)
    ]


def test_the_check_prints_scatter_and_types(survey: Path, card: dict, tmp_path: Path) -> None:
    found = json.loads(done(survey, "check-apogee", "--json", "--out", str(tmp_path)))
    assert found["n_stars"] == N_STARS
    assert sum(row["n_stars"] for row in found["against_truth"]) == N_STARS
    assert any(row["type"] == "B5-B9" for row in found["against_types"])
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        f"apogee_{what}.{kind}"
        for what in ("kiel", "training", "truth", "types")
        for kind in ("png", "pdf")
    }


def test_published_weights_are_taken_and_asked(survey: Path, card: dict, tmp_path: Path) -> None:
    torch.manual_seed(3)
    torch.save(ApogeeNetwork().state_dict(), tmp_path / "published.pt")
    done(survey, "train", "apogee-net", "--weights", str(tmp_path / "published.pt"))
    build(survey)
    models = query(survey, "select distinct apogee_model from marts.apogee_labels")
    assert len(models) == 1
    assert models[0][0] != f"apogee-net {card['version']}"
    assert query(
        survey, "select count(*) from marts.apogee_labels where is_out_of_domain is not null"
    ) == [(0,)]
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    refused = run(survey, "train", "apogee-net", "--weights", str(tmp_path / "bad.pt"))
    assert refused.returncode == 1
    assert "bad.pt" in refused.stderr


def test_the_warehouse_teaches_what_it_knows(survey: Path, card: dict) -> None:
    found = json.loads(
        done(survey, "train", "apogee-net", "--from", "warehouse", "--epochs", "1", "--json")
    )
    assert found["data"]["n_spectra"] > 0.9 * N_STARS
    assert "the warehouse" in found["data"]["source"]
    # the check leaves out whom it was taught by
    build(survey)
    checked = json.loads(done(survey, "check-apogee", "--json"))
    assert 0.1 * N_STARS < checked["n_stars"] < 0.35 * N_STARS


def test_an_empty_warehouse_says_what_to_do(tmp_path: Path) -> None:
    done(tmp_path, "init")
    for arguments, way_out in (
        (("train", "apogee-net", "--from", "warehouse"), "hotstars ingest apogee"),
        (("check-apogee",), "hotstars build"),
        (("ingest", "apogee"), "hotstars ingest apogee DIR"),
        (("ingest", "apogee", "nowhere"), "nowhere"),
    ):
        refused = run(tmp_path, *arguments)
        assert refused.returncode == 1
        assert way_out in refused.stderr.replace("\n", "")
