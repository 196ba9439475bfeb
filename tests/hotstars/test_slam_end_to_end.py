"""SLAM from the grid's files to the released labels: on a simulated survey, and on real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest


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


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("slam")
    done(home, "init")
    done(home, "simulate", "--stars", "250", "--seed", "5")
    done(home, "ingest", "simulated")
    done(home, "train", "slam", "--spectra", "300")
    done(home, "build", "run", "--select", "+slam_lrs_labels", "+slam_mrs_labels")
    return home


def test_every_sampled_spectrum_has_labels_and_says_which_grid_made_them(survey: Path) -> None:
    for resolution in ("lrs", "mrs"):
        (n_sample,) = query(
            survey,
            f"select count(*) from intermediate.int_slam_sample where resolution = '{resolution}'",
        )[0]
        rows = query(
            survey,
            f"select survey, model_grid, is_simulated_grid, count(*) "
            f"from marts.slam_{resolution}_labels group by all",
        )
        assert n_sample > 10
        assert rows == [
            (f"SIM-{resolution.upper()}", "SIM-BSTAR2006+SIM-OSTAR2002", True, n_sample)
        ]


def test_truth_is_recovered(survey: Path) -> None:
    """For quiet stars inside the training range, about as well as the paper's against catalogues.

    Guo+2021, section 5: 1,642 K, 0.25 dex and 42 km/s (LRS); 2,185 K, 0.29 dex, 11 km/s (MRS).
    The stars of the simulated survey differ from its grid by peculiarities of their lines.
    """
    rows = query(
        survey,
        """
        select
            avg(l.teff - t.teff), avg(l.logg - t.logg), avg(l.vsini - t.vsini),
            avg(l.radial_velocity - t.rv)
        from (
            from marts.slam_lrs_labels union all by name from marts.slam_mrs_labels
        ) as l
        inner join truth.stars as t using (designation)
        where l.flag = 'I' and not l.has_emission and t.kind in ('B', 'O')
            and least(l.snr_b, l.snr_r) > 20 and t.teff > 15000
        group by designation, l.survey
        """,
    )
    assert len(rows) > 8
    teff, logg, vsini, velocity = 1.4826 * np.median(np.abs(np.array(rows)), axis=0)
    assert teff < 2500.0
    assert logg < 0.45
    assert vsini < 60.0
    assert velocity < 10.0


def test_a_second_run_solves_nothing_and_a_new_model_everything(survey: Path) -> None:
    labels = "select distinct slam_model, teff from intermediate.int_slam_lrs_labels"
    # a mark that no model could leave
    query(survey, "update intermediate.int_slam_lrs_labels set teff = 1.0")
    done(survey, "build", "run", "--select", "int_slam_lrs_labels")
    assert {teff for _, teff in query(survey, labels)} == {1.0}
    card = json.loads(
        done(survey, "train", "slam", "--survey", "lrs", "--spectra", "200", "--json")
    )[0]
    done(survey, "build", "run", "--select", "int_slam_lrs_labels", "slam_lrs_labels")
    found = query(survey, labels)
    assert {model for model, _ in found} == {f"slam-lrs {card['version']}"}
    assert all(teff > 1000.0 for _, teff in found)


def test_another_judgement_of_emission_gives_other_labels(survey: Path) -> None:
    """What a reviewer calls emission is solved again, without the Balmer lines."""
    obsid, before = query(
        survey,
        "select obsid, n_pixels from marts.slam_lrs_labels where not has_emission "
        "order by obsid limit 1",
    )[0]
    query(
        survey,
        f"""
        insert into raw.review by name
        select {obsid} as obsid, 0 as exposure, 'emission' as verdict, 'test' as reviewer,
            timestamp '2026-01-01' as reviewed_at, 'test' as run_id
        """,
    )
    done(survey, "build", "run", "--select", "+slam_lrs_labels")
    now = query(
        survey,
        f"select has_emission, n_pixels from marts.slam_lrs_labels where obsid = {obsid}",
    )
    assert len(now) == 1
    assert now[0][0] is True
    assert now[0][1] < before - 100


def test_without_model_spectra_the_error_says_what_to_do(tmp_path: Path) -> None:
    done(tmp_path, "init")
    finished = run(tmp_path, "train", "slam")
    assert finished.returncode == 1
    assert "hotstars ingest model_grid DIR" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_real_spectra_get_labels_or_a_reason(survey: Path, tmp_path: Path, real_data: Path) -> None:
    """All real files of LAMOST that are here, with the simulated grid, which labels then name."""
    done(tmp_path, "init")
    done(tmp_path, "ingest", "lamost", str(real_data / "lamost"))
    done(tmp_path, "ingest", "model_grid", str(survey / "simulated" / "model_grid"))
    done(tmp_path, "train", "slam", "--spectra", "200")
    done(tmp_path, "build", "run", "--select", "+slam_lrs_labels", "+slam_mrs_labels")
    (n_sample,) = query(tmp_path, "select count(*) from intermediate.int_slam_sample")[0]
    rows = query(
        tmp_path,
        """
        select status, teff, is_simulated_grid from intermediate.int_slam_lrs_labels
        union all
        select status, teff, is_simulated_grid from intermediate.int_slam_mrs_labels
        """,
    )
    assert len(rows) == n_sample > 0
    for status, teff, is_simulated in rows:
        assert (status == "ok") == (teff is not None)
        assert is_simulated or teff is None
