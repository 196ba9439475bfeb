"""The SQL functions in a real DuckDB: the same numbers as numpy, NULLs, threads, errors."""

from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from spectra_maker import a_star, blaze, gaussian, native, ragged

from ml.spectra.equivalent_width import equivalent_width
from ml.spectra.grids import GRIDS, LRS_R, MRS_R
from ml.spectra.peaks import WANG_EDGES, WANG_WIDTHS, find_peaks
from ml.spectra.rectify import rectify
from udfs.arrow import matrix
from udfs.arrow import ragged as ragged_column
from udfs.register import register
from udfs.spectra import SQL_FUNCTIONS

BY_NAME = {function.name: function for function in SQL_FUNCTIONS}
TABLE_1 = f"{list(WANG_EDGES)}, {list(WANG_WIDTHS)}, 6551, 6579"


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 4}) as one:
        register(one)
        yield one


def spectra(grid, n, seed=0):
    """Rows (wavelength, flux, ivar) with emission of growing strength."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        wave = native(grid, shift=rng.uniform())
        profile = a_star(wave) + 0.01 * i * gaussian(wave, 6564.6, 6)
        flux = 1e3 * blaze(wave) * profile * (1 + rng.normal(size=len(wave)) / 50)
        rows.append((wave, flux, np.full(len(wave), 2.5e-3)))
    return rows


def table(rows, mask=None):
    """The columns of raw.lamost_spectrum that matter here."""
    made = ragged(rows)
    lists = pa.list_(pa.float32())
    return pa.table(
        {
            "id": range(len(rows)),
            "flux": pa.array([np.asarray(r[1], "f4") for r in rows], lists),
            "ivar": pa.array([np.asarray(r[2], "f4") for r in rows], lists),
            "or_mask": pa.array([mask] * len(rows), pa.list_(pa.int16())),
            "start": made.log_wavelength_start,
            "step": made.log_wavelength_step,
            "wavelength": pa.nulls(len(rows), lists),
        }
    )


def load(connection, arrow, name="spectrum"):
    connection.register("arrow_view", arrow)
    connection.execute(f"create or replace table {name} as select * from arrow_view")
    connection.unregister("arrow_view")


def rectified(connection, grid):
    connection.execute(
        f"create or replace table result as select id, "
        f"rectify_{grid.name}(flux, ivar, or_mask, start, step, wavelength) as r from spectrum"
    )
    return connection.execute("select id, r from result order by id").fetchall()


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_sql_gives_what_numpy_gives(connection, grid):
    rows = spectra(grid, 5)
    load(connection, table(rows))
    expected = rectify(ragged(rows), grid)
    for i, result in rectified(connection, grid):
        assert result["status"] == "ok"
        np.testing.assert_array_equal(np.float32(result["flux"]), expected.flux[i])
        assert np.float32(result["noise"]) == expected.noise[i]
        assert result["n_cosmic_rays"] == expected.n_cosmic_rays[i]
        assert np.float32(result["bad_fraction"]) == expected.bad_fraction[i]
    low, high = (6548, 6578) if grid.line_windows else (5160, 5193)
    width, error = equivalent_width(expected.flux, expected.noise, low, high, grid)
    found = connection.execute(
        f"select equivalent_width_{grid.name}(r.flux, r.noise, {low}, {high}) "
        "from result order by id"
    ).fetchall()
    np.testing.assert_array_equal([w[0]["equivalent_width"] for w in found], width)
    np.testing.assert_array_equal([w[0]["equivalent_width_error"] for w in found], error)


@pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)
def test_peaks_in_sql_are_those_of_numpy(connection, grid):
    rows = spectra(grid, 40)
    load(connection, table(rows))
    rectified(connection, grid)
    result = rectify(ragged(rows), grid)
    snr = np.linspace(5, 200, 40)
    expected = find_peaks(
        result.flux, result.noise, snr.astype("f4"), grid, edges=WANG_EDGES, widths=WANG_WIDTHS
    )
    found = connection.execute(
        f"select find_peaks_{grid.name}(r.flux, r.noise, 5 + id * 5, {TABLE_1}) "
        "from result order by id"
    ).fetchall()
    for i, (peaks,) in enumerate(found):
        rows_of = slice(expected.peak_offsets[i], expected.peak_offsets[i + 1])
        assert peaks["n_peaks"] == len(peaks["peak_wavelength"]) == len(peaks["peak_flux"])
        assert peaks["peak_wavelength"] == expected.peak_wavelength[rows_of].tolist()
        assert peaks["n_valleys"] == len(peaks["valley_flux"])
        assert peaks["window"] == expected.window[i]
        if peaks["n_peaks"]:
            assert peaks["strongest_peak_height"] == expected.strongest_prominence[i]
            assert peaks["strongest_peak_significance"] == expected.strongest_significance[i]
        else:
            assert peaks["strongest_peak_height"] is None


def test_nulls_stay_in_their_rows(connection):
    """A NULL list must not shift the lists behind it."""
    rows = spectra(LRS_R, 6)
    arrow = table(rows)
    load(connection, arrow)
    expected = rectified(connection, LRS_R)
    connection.execute("update spectrum set flux = NULL where id = 1")
    connection.execute("update spectrum set ivar = NULL where id = 2")
    connection.execute("update spectrum set or_mask = [] where id = 3")
    connection.execute("update spectrum set start = NULL where id = 4")
    found = rectified(connection, LRS_R)
    assert [r["status"] for _, r in found] == [
        "ok", "no spectrum", "no spectrum", "ok", "no wavelength", "ok",
    ]  # fmt: skip
    for i in (0, 3, 5):
        assert found[i] == expected[i]
    for i in (1, 2, 4):
        assert found[i][1]["flux"] is None
        assert found[i][1]["noise"] is None
    measured = connection.execute(
        "select equivalent_width_lrs_r(r.flux, r.noise, 6548, 6578) as e, "
        f"find_peaks_lrs_r(r.flux, r.noise, 50, {TABLE_1}) as p from result order by id"
    ).fetchall()
    assert [e["equivalent_width"] is None for e, _ in measured] == [
        False, True, True, False, True, False,
    ]  # fmt: skip
    assert [p["n_peaks"] is None for _, p in measured] == [False, True, True, False, True, False]
    assert all(value is None for value in measured[1][1].values())


def test_null_elements_are_bad_pixels(connection):
    rows = spectra(LRS_R, 2)
    load(connection, table(rows))
    connection.execute(
        "update spectrum set flux = list_transform(flux, lambda x, i: if(i = 200, NULL, x)) "
        "where id = 1"
    )
    first, second = (r for _, r in rectified(connection, LRS_R))
    assert first["bad_fraction"] == 0
    assert second["bad_fraction"] == pytest.approx(1 / LRS_R.size)
    assert np.isfinite(second["flux"]).all()


def test_null_arguments_of_the_measures(connection):
    load(connection, table(spectra(LRS_R, 1)))
    rectified(connection, LRS_R)
    for noise, low, expected in (("r.noise", "NULL", None), ("NULL", "6548", "width only")):
        width = connection.execute(
            f"select equivalent_width_lrs_r(r.flux, {noise}, {low}, 6578) from result"
        ).fetchone()[0]
        assert (width["equivalent_width"] is None) == (expected is None)
        assert width["equivalent_width_error"] is None
    for snr, windows in (("NULL", TABLE_1), ("50", "NULL, NULL, 6551, 6579")):
        n_peaks = connection.execute(
            f"select find_peaks_lrs_r(r.flux, r.noise, {snr}, {windows}).n_peaks from result"
        ).fetchone()
        assert n_peaks == (None,)


def test_each_row_may_have_its_own_windows_and_band(connection):
    load(connection, table(spectra(LRS_R, 4)))
    rectified(connection, LRS_R)
    mixed = connection.execute(
        "select find_peaks_lrs_r(r.flux, r.noise, 50, if(id % 2 = 0, [10, 20], [0]), "
        "if(id % 2 = 0, [5, 4], [3]), 6551, if(id < 2, 6579, 6575)) from result order by id"
    ).fetchall()
    for i, (peaks,) in enumerate(mixed):
        edges, widths = ("[10, 20]", "[5, 4]") if i % 2 == 0 else ("[0]", "[3]")
        alone = connection.execute(
            f"select find_peaks_lrs_r(r.flux, r.noise, 50, {edges}, {widths}, 6551, "
            f"{6579 if i < 2 else 6575}) from result where id = {i}"
        ).fetchone()[0]
        assert peaks == alone


def test_many_rows_on_many_threads_in_any_order(connection):
    """More rows than a call holds, in several row groups."""
    load(connection, table(spectra(LRS_R, 50)), "few")
    connection.execute("create table spectrum as select * from few limit 0")
    for _ in range(4):  # row groups are handed to threads
        connection.execute("insert into spectrum select few.* from few, range(30)")
    connection.execute("insert into spectrum select * replace (NULL as flux) from few")
    rectified(connection, LRS_R)
    n, kinds, ok = connection.execute(
        "select count(*), count(distinct (id, r.noise)), count(*) filter (r.status = 'ok') "
        "from result"
    ).fetchone()
    assert (n, ok) == (6050, 6000)
    assert kinds == 100  # 50 stars, each with one noise, and 50 without


def test_a_table_without_rows(connection):
    load(connection, table(spectra(LRS_R, 1)).slice(0, 0))
    assert rectified(connection, LRS_R) == []


@pytest.mark.parametrize("function", SQL_FUNCTIONS, ids=lambda function: function.name)
def test_functions_work_without_duckdb_on_no_rows_and_on_nothing_but_nulls(function):
    for n in (0, 3):
        columns = [pa.chunked_array([pa.nulls(n)]) for _ in function.arguments]
        assert len(function.function(*columns)) == n
    assert "Parameters" in function.doc
    assert "Returns" in function.doc


def test_registering_twice_adds_nothing():
    with duckdb.connect() as connection:
        assert set(BY_NAME) <= set(register(connection))
        assert register(connection) == []


def test_what_duckdb_says_agrees_with_the_table(connection):
    known = dict(
        connection.execute(
            "select function_name, len(parameters) from duckdb_functions() where function_name in "
            f"({', '.join(repr(name) for name in BY_NAME)})"
        ).fetchall()
    )
    assert known == {name: len(function.arguments) for name, function in BY_NAME.items()}


def test_a_fault_of_the_query_names_the_function(connection):
    load(connection, table(spectra(LRS_R, 1)))
    rectified(connection, LRS_R)
    with pytest.raises(duckdb.Error, match="find_peaks_lrs_r: 2 window edges and 1 window widths"):
        connection.execute(
            "select find_peaks_lrs_r(r.flux, r.noise, 50, [10, 20], [5], 6551, 6579) from result"
        )
    with pytest.raises(duckdb.Error, match=r"find_peaks_lrs_r: the band 6551\.0-7000\.0 A"):
        connection.execute(
            "select find_peaks_lrs_r(r.flux, r.noise, 50, [10], [5], 6551, 7000) from result"
        )


def test_a_spectrum_of_another_grid_fails_when_planned(connection):
    load(connection, table(spectra(LRS_R, 1)))
    rectified(connection, LRS_R)
    with pytest.raises(duckdb.BinderException, match="equivalent_width_mrs_r"):
        connection.execute("select equivalent_width_mrs_r(r.flux, r.noise, 6548, 6578) from result")
    with pytest.raises(ValueError, match="332 pixels, but the grid of this function has 3316"):
        matrix(pa.array([[0.0] * 332], pa.list_(pa.float32(), 332)), 3316)


def test_sliced_and_null_lists_keep_their_places():
    lists = pa.array([[1, 2], None, [3], [], [4, None]], pa.list_(pa.float32())).slice(1)
    values, offsets = ragged_column(lists, np.nan)
    rows = [values[a:b].tolist() for a, b in pairwise(offsets)]
    assert rows[:3] == [[], [3.0], []]
    assert rows[3][0] == 4
    assert np.isnan(rows[3][1])
    fixed = pa.array([[1, 2], None, [3, None]], pa.list_(pa.float32(), 2)).slice(1)
    np.testing.assert_array_equal(matrix(fixed, 2), [[np.nan, np.nan], [3, np.nan]])


def test_the_dbt_plugin_registers_the_functions():
    from udfs.plugin import Plugin

    with duckdb.connect() as connection:
        plugin = Plugin("hotstars", {})
        plugin.configure_connection(connection)
        plugin.configure_connection(connection)
        assert connection.execute(
            "select count(*) from duckdb_functions() where function_name = 'rectify_mrs_r'"
        ).fetchone() == (1,)
