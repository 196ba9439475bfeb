"""The SQL functions on profiles in a real DuckDB: the same numbers as numpy, NULLs, errors."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from spectra_maker import gaussian

from ml.spectra.grids import GRIDS, LRS_R, MRS_R
from ml.spectra.halpha_profile import measure_profile
from ml.spectra.nebular import measure_nebular_lines
from udfs.arrow import fixed_lists
from udfs.profiles import SQL_FUNCTIONS
from udfs.register import register


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2}) as one:
        register(one)
        yield one


def spectra(grid, n=6):
    """Double peaks of growing strength over a nebula's lines."""
    rng = np.random.default_rng(0)
    wave = grid.wavelength
    rows = [
        1
        + 0.2 * i * (gaussian(wave, 6561.5, 4) + 0.8 * gaussian(wave, 6567.5, 4))
        + 0.1 * i * gaussian(wave, 6585.27, 2)
        + rng.normal(size=grid.size) / 50
        for i in range(n)
    ]
    return np.asarray(rows, dtype=np.float32)


def load(connection, flux, noise=0.02, snr=50.0):
    """Rows 0 to n-1 are spectra; then a NULL flux, a NULL noise and a NULL S/N."""
    n = len(flux)
    rows = np.concatenate([flux, flux[:3]])
    table = pa.table(
        {
            "id": range(n + 3),
            "flux": fixed_lists(rows, np.arange(n + 3) != n),
            "noise": pa.array([noise] * n + [noise, None, noise], pa.float32()),
            "snr": pa.array([snr] * n + [snr, snr, None], pa.float32()),
        }
    )
    connection.register("arrow_view", table)
    connection.execute("create table spectrum as select * from arrow_view")


@pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)
def test_profiles_in_sql_are_those_of_numpy(connection, grid):
    flux = spectra(grid)
    load(connection, flux)
    answers = connection.execute(
        f"select halpha_profile_{grid.name}(flux, noise, snr) from spectrum order by id"
    ).fetchall()
    noise = np.full(len(flux), np.float32(0.02), dtype=np.float64)
    expected = measure_profile(flux, noise, np.full(len(flux), 50.0), grid)
    for row, (answer,) in enumerate(answers[: len(flux)]):
        assert set(answer) == set(expected)
        for name, values in expected.items():
            value = np.nan if answer[name] is None else answer[name]
            assert value == pytest.approx(values[row], nan_ok=True), name
    for (answer,) in answers[len(flux) :]:
        assert set(answer.values()) == {None}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_nebular_lines_in_sql_are_those_of_numpy(connection, grid):
    flux = spectra(grid)
    load(connection, flux)
    answers = connection.execute(
        f"select nebular_lines_{grid.name}(flux, noise) from spectrum order by id"
    ).fetchall()
    expected = measure_nebular_lines(flux, np.full(len(flux), np.float32(0.02)), grid)
    for row, (answer,) in enumerate(answers[: len(flux)]):
        assert answer == pytest.approx({name: values[row] for name, values in expected.items()})
    no_flux, no_noise, no_snr = (answer for (answer,) in answers[len(flux) :])
    assert set(no_flux.values()) == set(no_noise.values()) == {None}
    assert None not in no_snr.values()  # the function does not ask for it


def test_no_rows_and_only_nulls(connection):
    load(connection, spectra(MRS_R))
    question = (
        "select count(r.v_over_r), count(*) from (select halpha_profile_mrs_r({}) as r from {})"
    )
    arguments = "flux, noise, snr"
    none = connection.execute(question.format(arguments, "spectrum where id < 0")).fetchone()
    assert none == (0, 0)
    null = connection.execute(
        question.format("null::float[3316], null::float, null::float", "range(5)")
    ).fetchone()
    assert null == (0, 5)


def test_a_spectrum_on_another_grid_is_refused_before_it_is_read(connection):
    load(connection, spectra(LRS_R))
    with pytest.raises(duckdb.Error, match=r"FLOAT\[3316\]"):
        connection.execute("select halpha_profile_mrs_r(flux, noise, snr) from spectrum").fetchall()


def test_the_profile_lies_in_the_red_arm_and_every_function_is_documented():
    names = {function.name for function in SQL_FUNCTIONS}
    assert {name for name in names if name.startswith("halpha_profile")} == {
        "halpha_profile_mrs_r",
        "halpha_profile_lrs_r",
    }
    assert {name for name in names if name.startswith("nebular_lines")} == {
        f"nebular_lines_{grid}" for grid in GRIDS
    }
    assert all(function.doc for function in SQL_FUNCTIONS)
