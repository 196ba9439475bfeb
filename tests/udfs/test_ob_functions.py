"""Spectra of OB stars, emission, magnitudes and extinction in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from spectra_maker import gaussian, ragged

from ml.absolute_magnitude.magnitude import Domain, Magnitude
from ml.ob_spectra.continuum import observe
from ml.ob_spectra.eigen import Eigenspectra
from ml.ob_spectra.emission import EmissionModel
from ml.ob_spectra.grid import OB, clean_pixels, full_pixels
from ml.ob_spectra.moments import Moments
from ml.registry import save_model
from udfs.register import register

K = 5
NATIVE = 10 ** (3.5682 + 1e-4 * np.arange(3900))


@pytest.fixture
def connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    monkeypatch.setenv("HOTSTARS_MODELS", str(tmp_path))
    with duckdb.connect() as found:
        register(found)
        yield found


def files(n: int) -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(n)
    rows = []
    for depth in rng.uniform(0.2, 0.6, n):
        lines = sum(gaussian(NATIVE, line, 14) for line in (4102.9, 4341.7, 4862.7, 6564.6))
        flux = (
            1000
            * (NATIVE / 5000) ** -2
            * (1 - depth * lines - 0.3 * depth * gaussian(NATIVE, 4481.3, 8))
        )
        flux += 10 * rng.standard_normal(len(flux))
        rows.append((NATIVE, flux, np.full(len(flux), 0.01)))
    return rows


@pytest.fixture(scope="module")
def model() -> EmissionModel:
    found = observe(ragged(files(60)), 0.0)
    moments = Moments(OB.size)
    moments.add(found.flux)
    bases = [
        Eigenspectra.from_moments(moments, pixels, K) for pixels in (clean_pixels(), full_pixels())
    ]
    return EmissionModel(*bases, excess_threshold=0.1, chi2_threshold=5.0)


def magnitude(basis: Eigenspectra, seed: int) -> Magnitude:
    rng = np.random.default_rng(seed)
    weights = {
        "first.weight": rng.standard_normal((7, K)) / 50,
        "first.bias": rng.standard_normal(7),
        "second.weight": rng.standard_normal((7, 7)),
        "second.bias": rng.standard_normal(7),
        "last.weight": rng.standard_normal((1, 7)),
        "last.bias": rng.standard_normal(1),
    }
    domain = Domain(np.zeros(K), basis.eigenvalues.astype(float), np.full(K, 1e-3), 1.5)
    return Magnitude(basis, weights, -1.0, 1.2, 0.2, domain)


def table(connection: duckdb.DuckDBPyConnection, rows: list[tuple[np.ndarray, ...]]) -> None:
    """A table `s` of native spectra; the second has no flux, the third no velocity."""
    n = len(rows)
    connection.register(
        "arrow",
        pa.table(
            {
                "i": np.arange(n),
                "flux": pa.array(
                    [None if i == 1 else row[1] for i, row in enumerate(rows)],
                    pa.list_(pa.float32()),
                ),
                "ivar": pa.array([row[2] for row in rows], pa.list_(pa.float32())),
                "rv": pa.array([None if i == 2 else 0.0 for i in range(n)], pa.float64()),
            }
        ),
    )
    connection.execute("create table s as from arrow")
    connection.execute(
        "create table o as select i, "
        "ob_spectrum(flux, ivar, null, 3.5682, 1e-4, null, rv) as x from s"
    )


def test_sql_gives_the_spectra_that_python_gives(connection):
    rows = files(6)
    table(connection, rows)
    expected = observe(ragged(rows), 0.0)
    found = connection.execute("select x from o order by i").fetchall()
    for row, (one,) in enumerate(found):
        if row == 1:
            assert (one["status"], one["flux"], one["snr"]) == ("no spectrum", None, None)
        else:
            assert one["status"] == "ok"
            # as the file's step is known to ten digits, the two place pixels alike
            np.testing.assert_allclose(one["flux"], expected.flux[row], atol=2e-4)
            np.testing.assert_allclose(one["ivar"], expected.ivar[row], rtol=2e-2)


def test_sql_gives_the_emission_that_python_gives(connection, model, tmp_path):
    stored = save_model(tmp_path, "ob", model.to_tensors(), {"training": 1})
    rows = files(6)
    rows[4] = (NATIVE, rows[4][1] * (1 + 3 * gaussian(NATIVE, 6564.6, 9)), rows[4][2])
    table(connection, rows)
    found = connection.execute(
        "select ob_emission(x.flux, x.ivar, 'ob'), x.flux, x.ivar from o order by i"
    ).fetchall()
    assert all(value is None for value in found[1][0].values())
    known = [row for row in range(6) if row != 1]
    flux, ivar = (
        np.array([found[row][column] for row in known], dtype=np.float32) for column in (1, 2)
    )
    expected, coefficients = model.measure(flux, ivar)
    for number, row in enumerate(known):
        one = found[row][0]
        assert one["halpha_excess"] == pytest.approx(expected.halpha_excess[number], abs=1e-5)
        assert one["chi2"] == pytest.approx(expected.chi2[number], rel=1e-3)
        np.testing.assert_allclose(one["coefficients"], coefficients[number], atol=1e-3)
        assert one["is_emission"] == (row == 4)
        assert (one["model_name"], one["model_version"]) == ("ob", stored.version)


def test_each_row_is_asked_of_its_own_network(connection, model, tmp_path):
    one, two = magnitude(model.full, 1), magnitude(model.clean, 2)
    save_model(tmp_path, "plain", one.to_tensors(), {"training": 1})
    save_model(tmp_path, "emission", two.to_tensors(), {"training": 1})
    table(connection, files(8))
    found = connection.execute(
        "select spectroscopic_m_ks(x.flux, x.ivar, case i % 4 when 0 then 'plain' "
        "when 3 then null when 2 then 'unknown' else 'emission' end), x.flux, x.ivar "
        "from o order by i"
    ).fetchall()
    for row, (got, flux, ivar) in enumerate(found):
        if row % 4 in (2, 3) or row == 1:
            assert all(value is None for value in got.values())
            continue
        network = one if row % 4 == 0 else two
        expected = network.predict(np.array([flux], np.float32), np.array([ivar], np.float32))
        for name in expected._fields:
            assert got[name] == pytest.approx(getattr(expected, name)[0], rel=1e-3)
        assert got["is_out_of_domain"] == bool(expected.distance[0] > 1.5)
        assert got["model_name"] == ("plain" if row % 4 == 0 else "emission")


def test_a_new_version_is_taken_up_at_once(connection, model, tmp_path):
    table(connection, files(2))
    ask = "select spectroscopic_m_ks(x.flux, x.ivar, 'm').model_version from o where i = 0"
    versions = []
    for seed in (1, 2):
        stored = save_model(
            tmp_path, "m", magnitude(model.full, seed).to_tensors(), {"training": seed}
        )
        versions.append(stored.version)
        assert connection.execute(ask).fetchone() == (stored.version,)
    assert versions[0] != versions[1]


def test_a_model_of_the_wrong_kind_is_refused_by_name(connection, model, tmp_path):
    save_model(tmp_path, "ob", model.to_tensors(), {"training": 1})
    table(connection, files(1))
    with pytest.raises(duckdb.Error, match="model ob gives no magnitudes"):
        connection.execute("select spectroscopic_m_ks(x.flux, x.ivar, 'ob') from o").fetchall()


def test_functions_take_no_rows_and_all_nulls(connection):
    fixed = f"null::FLOAT[{OB.size}]"
    calls = [
        "ob_spectrum(null, null, null, null, null, null, null).status",
        f"ob_emission({fixed}, {fixed}, 'x').chi2",
        f"spectroscopic_m_ks({fixed}, {fixed}, null).m_ks",
        "ebv_from_colours(null, null, null, null, null, null).ebv",
        "interpolated(null, null, null)",
    ]
    for call in calls:
        expected = "no spectrum" if "ob_spectrum" in call else None
        assert connection.execute(f"select {call} from range(2)").fetchall() == [(expected,)] * 2
        assert connection.execute(f"select {call} from range(0)").fetchall() == []


def test_sql_finds_the_extinction_of_a_star(connection):
    # E(B-V) = 0.4 and R = 3.4, 1.9, 0.82, 0.52; the second star lacks J
    query = """
    select ebv_from_colours(m, [0.02, 0.02, 0.02, 0.02], [-0.3, 0, -0.1, 0],
                            [3.4, 1.9, 0.82, 0.52], [1, 1, 2, 2], 0.014)
    from (values (1, [10 - 0.3 + 1.36, 10 + 0.76, 10 - 0.1 + 0.328, 10 + 0.208]),
                 (2, [10 - 0.3 + 1.36, 10 + 0.76, null, 10 + 0.208]),
                 (3, [null, 10.0, null, 10.0]),
                 (4, [10.0, 10.0])) as stars(i, m) order by i
    """
    found = [row[0] for row in connection.execute(query).fetchall()]
    assert [one["n_colours"] for one in found] == [2, 1, 0, 0]
    assert found[0]["ebv"] == pytest.approx(0.4)
    assert found[1]["ebv"] == pytest.approx(0.4)
    assert found[0]["ebv_error"] < found[1]["ebv_error"]
    assert found[2]["ebv"] is None
    assert found[3]["ebv"] is None


def test_sql_interpolates_in_the_seed(connection):
    seed = Path(__file__).parents[2] / "dbt_project" / "constants" / "intrinsic_colours.csv"
    query = f"""
    with sequence as (
        select list(teff::double order by teff) as teff, list(j_h::double order by teff) as j_h
        from read_csv('{seed}')
    )
    select interpolated(x, teff, j_h)
    from (values (9700.0), (10050.0), (5000.0), (null)) as t(x), sequence
    """
    found = [row[0] for row in connection.execute(query).fetchall()]
    assert found[0] == pytest.approx(-0.032)
    assert found[1] == pytest.approx(-0.038)  # half-way between A0V and B9.5V
    assert found[2:] == [None, None]
