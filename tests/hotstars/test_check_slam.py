"""`hotstars check-slam`: its numbers are the paper's equations, and hold for what they say."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from typer.testing import CliRunner

from hotstars.checks import slam as checks
from hotstars.checks import slam_scores
from hotstars.checks.slam_marts import AGAINST_TRUTH, LABELS, both_query, catalogues, mart_tables
from hotstars.checks.slam_scores import Conditions, cross_validate, label_ranges, score_size
from hotstars.figures import slam as slam_plots
from hotstars.figures.style import SIMULATED, write_figure
from hotstars.verbs.check_slam import check_slam
from ml.slam import kernel_ridge
from ml.slam.grid import ModelGrid
from ml.slam.training_set import VSINI_RANGE, TrainingSet, draw
from warehouse.connection import WarehouseError, connect
from warehouse.home import current_home
from warehouse.migrate import upgrade, upgrade_in_memory

WAVELENGTH = np.concatenate([np.arange(4320.0, 4365.0), np.arange(4460.0, 4500.0)])


def made_grid(low: float, high: float, step: float = 1e-5) -> ModelGrid:
    """H-gamma for the gravity, helium and a metal line for the temperature."""
    log_wavelength = np.arange(np.log10(low), np.log10(high), step)
    wavelength = 10**log_wavelength
    nodes = [
        (teff, logg, m_h)
        for teff in (15e3, 20e3, 25e3, 30e3)
        for logg in (3.0, 3.75, 4.5)
        for m_h in (-1.0, 0.3)
    ]
    flux = np.ones((len(nodes), len(wavelength)))
    for row, (teff, logg, m_h) in enumerate(nodes):
        for centre, depth, width in (
            (4341.7, 0.6 * (15e3 / teff), 3.0 + 4.0 * (logg - 3.0)),
            (4472.7, 0.4 * np.exp(-(((teff - 22e3) / 6e3) ** 2)), 1.0),
            (4482.4, 0.5 * 10 ** (0.5 * m_h) * (33e3 / teff - 0.9), 0.4),
        ):
            flux[row] -= depth * np.exp(-0.5 * ((wavelength - centre) / width) ** 2)
    return ModelGrid(
        np.array(nodes), log_wavelength, flux.astype(np.float32), "made", simulated=True
    )


@pytest.fixture(scope="module")
def grid() -> ModelGrid:
    return made_grid(4290.0, 4530.0)


@pytest.fixture(scope="module")
def training(grid: ModelGrid) -> TrainingSet:
    return draw(grid, 150, 1, 7500.0, WAVELENGTH)


EVERY = Conditions(np.ones(len(WAVELENGTH)))


def test_labels_of_left_out_spectra_come_closer_with_less_noise(grid, training):
    scores = cross_validate(
        training, label_ranges(grid), EVERY, survey="made", folds=3, snrs=(30.0, 300.0)
    )
    noisy, clean = scores
    assert [item.n_found for item in scores] == [150, 150]
    assert np.all(clean.scatter < 0.5 * noisy.scatter)
    assert np.all(np.abs(clean.bias) < 0.3 * clean.scatter)
    assert clean.simulated
    assert clean.grid == "made"
    # the stated errors explain what noise does; at S/N 30 the generator adds nothing to it
    assert np.all((noisy.pull > 0.7) & (noisy.pull < 1.4))


def test_no_generator_has_seen_the_spectra_whose_labels_it_finds(grid, training, monkeypatch):
    learnt, asked = [], []
    by_spectrum = {spectrum.tobytes(): row for row, spectrum in enumerate(training.flux)}

    def rows_of(flux):
        return {by_spectrum[spectrum.tobytes()] for spectrum in flux}

    def find(_generator, flux, *_):
        asked.append(rows_of(flux))
        return np.zeros((len(flux), 4)), np.ones((len(flux), 4))

    monkeypatch.setattr(
        slam_scores, "fit", lambda _, flux, *__, **___: learnt.append(rows_of(flux))
    )
    monkeypatch.setattr(slam_scores, "_find", find)
    cross_validate(training, label_ranges(grid), EVERY, survey="made", folds=4, snrs=(100.0,))
    for known, unknown in zip(learnt, asked, strict=True):
        assert not known & unknown
        assert len(known) + len(unknown) == len(training)
    assert set.union(*asked) == set(range(len(training)))


@given(arrays(np.float64, (7, 4), elements=st.integers(-10_000, 10_000).map(float)))
def test_scatter_and_bias_are_equations_1_and_2(difference):
    training = TrainingSet(np.zeros((7, 4)), np.zeros((7, 1)), np.ones(1), 1.0, "made", True)
    found = slam_scores._scores(
        "check", "LRS", training, "svr", 7, 20.0, difference, np.ones((7, 4))
    )
    for label in range(4):
        theta = difference[:, label]
        assert found.scatter[label] == pytest.approx(np.sqrt(sum(d**2 for d in theta) / 7))
        assert found.bias[label] == pytest.approx(sum(theta) / 7, abs=1e-9)
    assert np.all(found.scatter >= np.abs(found.bias) * (1 - 1e-12))
    assert found.pull == pytest.approx(found.robust)


def test_larger_training_sets_are_asked_about_the_same_spectra_and_do_better(grid):
    unseen = draw(grid, 40, 2, 7500.0, WAVELENGTH)
    small, large = (
        score_size(
            draw(grid, n, 1, 7500.0, WAVELENGTH), unseen, label_ranges(grid), EVERY,
            survey="made", snrs=(1000.0,),
        )[0]
        for n in (30, 200)
    )  # fmt: skip
    assert (small.n_spectra, large.n_spectra) == (30, 200)
    assert np.all(large.robust < small.robust)


def test_a_label_that_a_grid_does_not_vary_has_no_scatter_in_json(grid):
    flat = ModelGrid(
        grid.labels[grid.labels[:, 2] == 0.3], grid.log_wavelength,
        grid.flux[grid.labels[:, 2] == 0.3], "flat",
    )  # fmt: skip
    training = draw(flat, 60, 1, 7500.0, WAVELENGTH)
    (found,) = cross_validate(
        training, label_ranges(flat), EVERY, survey="made", folds=2, snrs=(50.0,)
    )
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["pull"]["m_h"] is None
    assert " - " in "\n".join(checks.tables([found]))


@pytest.mark.parametrize("folds", [0, 1, 151])
def test_folds_that_leave_nothing_out_or_nothing_to_learn_are_refused(grid, training, folds):
    with pytest.raises(ValueError, match="folds"):
        cross_validate(training, label_ranges(grid), EVERY, survey="made", folds=folds)


# Two visits of one simulated star at both resolutions, one real star, spectra that do not count.
SPECTRA = [
    # designation, survey, snr, teff, logg, m_h, vsini, flag
    ("SIM-A", "SIM-LRS", 150.0, 20100.0, 4.0, 0.0, 100.0, "I"),
    ("SIM-A", "SIM-LRS", 120.0, 20300.0, 4.2, 0.0, 120.0, "I"),
    ("SIM-A", "SIM-LRS", 30.0, 26000.0, 3.0, -0.9, 290.0, "I"),
    ("SIM-A", "SIM-MRS", 130.0, 20500.0, 4.0, -0.2, 90.0, "I"),
    ("SIM-B", "SIM-MRS", 130.0, 13000.0, 4.6, -0.2, 90.0, ""),
    ("real", "LRS", 200.0, 18000.0, 4.0, 0.1, 50.0, "I"),
    ("real", "MRS", 200.0, 18500.0, 3.9, 0.0, 60.0, ""),
]
COLUMNS = """
    designation varchar, survey varchar, snr_b double, snr_r double, teff double, logg double,
    m_h double, vsini double, flag varchar, model_grid varchar, is_simulated_grid boolean,
    slam_model varchar, teff_error double, logg_error double, m_h_error double, vsini_error double
"""


def make_catalogues(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists marts")
    for resolution in ("lrs", "mrs"):
        connection.execute(f"create table marts.slam_{resolution}_labels ({COLUMNS})")
    for designation, survey, snr, *rest in SPECTRA:
        connection.execute(
            f"insert into marts.slam_{survey[-3:].lower()}_labels values "
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, 'SIM-made', true, 'slam 1', 100.0, 0.1, 0.1, 5.0)",
            [designation, survey, snr - 10.0, snr + 10.0, *rest],
        )
    for designation, teff in (("SIM-A", 20000.0), ("SIM-B", 12000.0)):
        connection.execute(
            "insert into truth.stars by name select 1 as run_id, ? as designation, 'B' as kind, "
            "? as teff, 4.0 as logg, 0.0 as m_h, 100.0 as vsini, false as is_be, "
            "false as is_runaway",
            [designation, teff],
        )


@pytest.fixture
def built() -> duckdb.DuckDBPyConnection:
    connection = upgrade_in_memory()
    make_catalogues(connection)
    return connection


def test_stars_of_both_resolutions_are_compared_by_means_of_their_good_visits(built):
    rows = built.sql(LABELS).query("labels", both_query(built, 100.0)).fetchnumpy()
    assert rows["designation"].tolist() == ["SIM-A", "real"]
    assert rows["lrs_teff"].tolist() == [20200.0, 18000.0]  # without the visit of S/N 30
    assert rows["mrs_vsini"].tolist() == [90.0, 60.0]
    assert rows["is_inside"].tolist() == [True, False]
    assert rows["true_teff"].tolist() == [20000.0, None]  # a real star has no truth


def test_against_the_truth_count_simulated_stars_with_the_flag_alone(built):
    found = catalogues(built, 100.0)
    bins = {(row["resolution"], row["snr_bin"]): row for row in found["against_truth"]}
    assert sorted(bins) == [("LRS", "2: 20-40"), ("LRS", "5: >= 100"), ("MRS", "5: >= 100")]
    good = bins["LRS", "5: >= 100"]
    assert (good["n_spectra"], good["n_stars"]) == (2, 1)
    assert good["teff_scatter"] == round(np.sqrt((100.0**2 + 300.0**2) / 2))
    assert good["teff_bias"] == 200.0
    assert bins["MRS", "5: >= 100"]["vsini_bias"] == -10.0
    assert found["by_kind"][0]["kind"] == "B"
    text = "\n".join(mart_tables(found))
    assert "SIMULATED" in text
    assert "SIM-made" in text


def test_a_warehouse_of_real_stars_has_no_truth_to_compare_with(built):
    built.execute("delete from truth.stars")
    assert "against_truth" not in catalogues(built, 100.0)


def test_figures_of_the_catalogues_are_whole_pngs(built, tmp_path):
    labels = built.sql(LABELS)
    nodes = {
        "grid": np.array(["SIM-made"] * 2), "teff": np.array([15e3, 30e3]),
        "logg": np.array([3.0, 4.5]), "m_h": np.array([-1.0, 0.3]),
    }  # fmt: skip
    both = labels.query("labels", both_query(built, 100.0)).fetchnumpy()
    compared = labels.query("labels", AGAINST_TRUTH).fetchnumpy()
    for name, plate in (
        ("kiel", slam_plots.kiel(labels.fetchnumpy(), nodes, SIMULATED)),
        ("both", slam_plots.both(both, nodes, 100.0, SIMULATED)),
        ("truth", slam_plots.against_truth(compared, SIMULATED)),
    ):
        path = write_figure(plate.figure, tmp_path / f"{name}.png")
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG")
        assert b"IEND" in content[-12:]
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert len(list(tmp_path.iterdir())) == 6


@pytest.fixture
def command(home, monkeypatch):
    """The command on a warehouse without model spectra; the made grid stands in for them."""
    upgrade(current_home().database)
    monkeypatch.setattr(checks, "model_grid", lambda *_: made_grid(3800.0, 7150.0, 2e-5))
    app = typer.Typer()
    app.command()(check_slam)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_command_checks_model_spectra_before_there_are_catalogues(command, tmp_path):
    result = command(
        "--resolution", "lrs", "--spectra", "60", "--folds", "2", "--sizes", "50", "--stars", "20",
        "--out", str(tmp_path / "figures"), "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["model_spectra"]
    assert [row["check"] for row in rows] == ["cross-validation"] * 5 + ["unseen spectra"] * 5
    assert [row["snr"] for row in rows[:5]] == [20.0, 40.0, 60.0, 80.0, 100.0]
    assert all(row["simulated"] and row["grid"] == "made" for row in rows)
    assert "no catalogues of SLAM here" in result.stderr
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert drawn == ["scatter_by_snr.pdf", "scatter_by_snr.png", "sizes.pdf", "sizes.png"]


def test_the_command_shows_catalogues_alone_where_model_checks_are_left_out(command):
    with connect(current_home().database) as connection:
        make_catalogues(connection)
    result = command("--folds", "0", "--sizes", "")
    assert result.exit_code == 0, result.output
    assert "SIM-made" in result.stdout
    assert "training spectra" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sizes", "many"), "--sizes many"),
        (("--sizes", "3"), "fewer"),
        (("--folds", "1"), "2 and"),
    ],
)
def test_options_that_cannot_be_are_told_with_the_way_out(command, arguments, said):
    result = command(*arguments)
    assert isinstance(result.exception, WarehouseError)
    assert said in str(result.exception)


def test_labels_are_drawn_over_the_whole_range_of_rotation(grid):
    assert label_ranges(grid)[3].tolist() == list(VSINI_RANGE)


def test_the_kernels_that_a_pilot_leaves_out_are_missed_in_no_pixel(grid, monkeypatch):
    many = draw(grid, kernel_ridge.PILOT, 1, 7500.0, WAVELENGTH)
    x = (many.labels - many.labels.mean(axis=0)) / many.labels.std(axis=0)
    y = (many.flux - many.flux.mean(axis=0)) / many.flux.std(axis=0)
    tried = []
    with_pilot = kernel_ridge.fit_pixels(x, y, progress=lambda _, of: tried.append(of))
    monkeypatch.setattr(kernel_ridge, "PILOT", 10**9)
    with_all = kernel_ridge.fit_pixels(x, y)
    assert tried[-1] < len(kernel_ridge.GAMMAS)
    assert np.all(with_pilot.error <= 1.05 * with_all.error)
