"""SLAM in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ml.registry import save_model
from ml.slam.generator import fit
from ml.slam.labels import solve
from ml.slam.model import SlamModel, tensors_of
from ml.slam.observed import continuum_curves
from ml.slam.training_set import WAVELENGTH
from udfs.register import register

LIGHT = 299_792.458
NODES = np.array([[t, g, m] for t in (15e3, 3e4) for g in (3.0, 4.5) for m in (-1.0, 0.3)])
LABELS = np.random.default_rng(4).uniform([15e3, 3.0, -1.0, 0.0], [3e4, 4.5, 0.3, 300.0], (80, 4))
LINES = ((4102.9, 0.3), (4341.7, 0.3), (4472.7, 0.2), (4862.7, 0.3), (5017.1, 0.1), (5170.0, 0.2),
         (5270.0, 0.15), (6402.0, 0.1), (6564.6, 0.3), (6680.0, 0.2))  # fmt: skip
ARM = "flux, ivar, or_mask, log_wavelength_start, log_wavelength_step, wavelength"


def model_flux(labels: np.ndarray, wavelength: np.ndarray) -> np.ndarray:
    """Lines that tell the four labels apart, without any physics."""
    teff, logg, m_h, vsini = (labels[:, column, None] for column in range(4))
    flux = np.ones((len(labels), len(wavelength)))
    for number, (line, depth) in enumerate(LINES):
        strength = ((teff / 2e4) ** (1 - number % 3)) * 10.0 ** (0.3 * m_h * (number % 2))
        sigma = np.hypot(1.5 + 0.5 * (logg - 3.0) * (number % 4 == 1), line * 0.4 * vsini / LIGHT)
        flux -= depth * strength / sigma * np.exp(-0.5 * ((wavelength - line) / sigma) ** 2)
    return flux


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    ranges = np.array([[15e3, 3e4], [3.0, 4.5], [-1.0, 0.3], [0.0, 300.0]])
    for survey in ("LRS", "MRS"):
        flux = model_flux(LABELS, WAVELENGTH[survey]).astype(np.float32)
        generator = fit(LABELS, flux, ranges=ranges)
        card = {
            "survey": survey,
            "simulated": True,
            "grid": {"name": "SIM-test"},
            "training": {"survey": survey},
        }
        save_model(folder, f"slam-{survey.lower()}", tensors_of(generator, NODES), card)
    return folder


@pytest.fixture
def connection(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    monkeypatch.setenv("HOTSTARS_MODELS", str(models))
    with duckdb.connect() as found:
        register(found)
        yield found


def file_spectra(
    connection: duckdb.DuckDBPyConnection, velocity: float, labels: np.ndarray
) -> None:
    """A table `files` of arms L, B and R as the warehouse holds them."""
    rows = []
    for arm, low, high, step in (
        ("L", 3700.0, 9000.0, 1e-4), ("B", 4900.0, 5395.0, 1e-5), ("R", 6275.0, 6865.0, 1e-5),
    ):  # fmt: skip
        start = np.log10(low)
        wavelength = 10.0 ** np.arange(start, np.log10(high), step)
        flux = 300.0 * model_flux(labels, wavelength / (1.0 + velocity / LIGHT))
        flux += 3.0 * np.random.default_rng(1).standard_normal(flux.shape)
        rows += [
            {
                "star": star,
                "arm": arm,
                "flux": row.astype(np.float32),
                "ivar": np.full(len(row), 1.0 / 9.0, np.float32),
                "log_wavelength_start": start,
                "log_wavelength_step": step,
            }
            for star, row in enumerate(flux)
        ]
    connection.register("rows", pa.Table.from_pylist(rows))
    connection.execute(
        "create or replace table files as select *, null::smallint[] as or_mask, "
        "null::float[] as wavelength from rows"
    )


def labels_of(connection: duckdb.DuckDBPyConnection, survey: str, velocity: str = "null") -> list:
    arms = (
        "select star, " + ARM + " from files where arm = 'L'"
        if survey == "lrs"
        else "select b.star, "
        + ", ".join(f"{arm}.{name}" for arm in "br" for name in ARM.split(", "))
        + " from files as b inner join files as r on b.star = r.star and b.arm = 'B' "
        "and r.arm = 'R'"
    )
    inner = (
        ARM
        if survey == "lrs"
        else ", ".join(f"{name}{suffix}" for suffix in ("", "_1") for name in ARM.split(", "))
    )
    return connection.execute(
        f"""
        with arms as ({arms}),
        spectra as (
            select star, slam_spectrum_{survey}({inner}, {velocity}, false, 'slam-{survey}') as s
            from arms
        )
        select star, s.velocity_from, s.radial_velocity,
            unnest(slam_labels_{survey}(s.flux, s.ivar, 'slam-{survey}'))
        from spectra order by star
        """
    ).fetchall()


@pytest.mark.parametrize("survey", ["lrs", "mrs"])
@pytest.mark.parametrize("velocity", ["null", "150.0"])
def test_labels_and_velocities_come_back(
    connection: duckdb.DuckDBPyConnection, survey: str, velocity: str
) -> None:
    truth = LABELS[:12].copy()
    file_spectra(connection, 150.0, truth)
    rows = labels_of(connection, survey, velocity)
    assert len(rows) == len(truth)
    for row, star in zip(rows, truth, strict=True):
        assert row[1] == ("measured" if velocity == "null" else "catalogue")
        assert row[2] == pytest.approx(150.0, abs=15.0)
        assert row[3] == pytest.approx(star[0], rel=0.15)
        assert row[15] == "SIM-test"
        assert row[16] is True
    # in the median hardly farther off than the errors say; the pseudo-continuum has its part
    pulls = [abs(row[3] - star[0]) / row[4] for row, star in zip(rows, truth, strict=True)]
    assert np.median(pulls) < 4.0


def test_sql_gives_what_the_model_gives(
    connection: duckdb.DuckDBPyConnection, models: Path
) -> None:
    from ml.registry import load_model

    rng = np.random.default_rng(3)
    slam = SlamModel.from_model(load_model(models, "slam-lrs"))
    flux = model_flux(LABELS, WAVELENGTH["LRS"]) + 0.01 * rng.standard_normal((80, 3101))
    flux, ivar = flux.astype(np.float32), np.full((80, 3101), 1e4, np.float32)
    expected = solve(slam.generator, flux, ivar, continuum=continuum_curves("LRS"))
    lists = [
        pa.FixedSizeListArray.from_arrays(values.ravel(), 3101, mask=mask)
        for values, mask in ((flux, pa.array(np.arange(80) == 7)), (ivar, None))
    ]
    connection.register("table_", pa.table([np.arange(80), *lists], names=["i", "flux", "ivar"]))
    rows = connection.execute(
        "select i, unnest(slam_labels_lrs(flux, ivar, 'slam-lrs')) from table_ order by i"
    ).fetchnumpy()
    found = np.ma.stack([rows[name] for name in ("teff", "logg", "m_h", "vsini")], axis=1)
    assert found.mask[7].all()
    others = np.arange(80) != 7
    at_bound = np.isnan(expected.errors)
    scale = np.where(at_bound, 1e-9 * slam.generator.label_scale, expected.errors)[others]
    assert np.all(np.abs(found[others] - expected.values[others]) <= 0.02 * scale)
    names = [f"{name}_error" for name in ("teff", "logg", "m_h", "vsini")]
    errors = np.ma.stack([np.ma.asarray(rows[name]) for name in names], axis=1)
    assert np.array_equal(np.ma.getmaskarray(errors)[others], at_bound[others])
    assert rows["model_version"][0] == slam.version


def test_nothing_in_nothing_out(connection: duckdb.DuckDBPyConnection) -> None:
    file_spectra(connection, 0.0, LABELS[:2])
    connection.execute("delete from files where arm = 'L' and star = 1")
    connection.execute("update files set flux = null where arm = 'L'")
    assert labels_of(connection, "lrs") == [(0, None, None, *[None] * 16)]
    connection.execute("delete from files")
    assert labels_of(connection, "mrs") == []


def test_without_a_model_the_status_says_so(connection: duckdb.DuckDBPyConnection) -> None:
    file_spectra(connection, 0.0, LABELS[:1])
    rows = connection.execute(
        f"select slam_spectrum_lrs({ARM}, 0.0, null, 'nobody').status from files where arm = 'L'"
    ).fetchall()
    assert rows == [("no model",)]


def test_a_model_of_the_other_survey_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    file_spectra(connection, 0.0, LABELS[:1])
    with pytest.raises(duckdb.Error, match="slam-mrs was trained on MRS, not on LRS"):
        connection.execute(
            f"select slam_spectrum_lrs({ARM}, 0.0, false, 'slam-mrs') from files where arm = 'L'"
        ).fetchall()
