"""Distances in SQL are those of the functions, NULLs and all."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from ml.distance.posterior import distance_posterior
from udfs.register import register


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        register(connection)
        yield connection


def test_sql_says_what_the_function_says_on_more_rows_than_a_batch(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = connection.execute(
        "select w, w_error, mu, (d).mode, (d).p16, (d).p50, (d).p84, (d).log_mean, "
        "(d).log_deviation from ("
        "select *, distance_posterior(w, w_error, mu, 0.3, null, null) as d from ("
        "select 0.05 + (i % 97) * 0.02 as w, 0.03 + (i % 13) * 0.01 as w_error, "
        "case when i % 5 > 0 then 8 + (i % 61) * 0.1 end as mu "
        "from range(5000) as numbers (i)) as stars) as t"
    ).fetchall()
    columns = np.array(rows, dtype=float).T
    expected = distance_posterior(columns[0], columns[1], columns[2], 0.3)
    names = ("mode", "p16", "p50", "p84", "log_mean", "log_deviation")
    for column, name in zip(columns[3:], names, strict=True):
        np.testing.assert_allclose(column, getattr(expected, name), rtol=1e-12)


def test_what_was_used_is_said_and_without_evidence_all_is_null(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = connection.execute(
        "select distance_posterior(w, 0.1, mu, 0.3, null, null) from (values "
        "(1.0, 10.0), (1.0, null), (null, 10.0), (null, null), ('nan'::double, null)"
        ") as stars (w, mu)"
    ).fetchall()
    stars = [row[0] for row in rows]
    assert [star["evidence"] for star in stars] == ["both", "parallax", "photometry", None, None]
    assert all(value is None for star in stars[3:] for value in star.values())
    assert stars[0]["mode"] == pytest.approx(1.0, abs=0.02)


def test_prior_and_horizon_are_arguments_and_nonsense_is_null(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = connection.execute(
        "select (distance_posterior(-0.5, 0.1, null, null, horizon, scale)).mode from (values "
        "(null, null), (10.0, null), (null, 1.0), (0.0, null), (null, -1.0)"
        ") as priors (horizon, scale)"
    ).fetchall()
    modes = [row[0] for row in rows]
    assert modes[:2] == [pytest.approx(30.0), pytest.approx(10.0)]
    assert 2.0 < modes[2] < 30.0  # the prior alone has its mode at 2 L
    assert modes[3:] == [None, None]


def test_no_rows_are_no_rows(connection: duckdb.DuckDBPyConnection) -> None:
    query = "select distance_posterior(x, x, x, x, x, x) from (select 1.0 as x where false)"
    assert connection.execute(query).fetchall() == []


def test_zero_points_in_sql_carry_their_flag(connection: duckdb.DuckDBPyConnection) -> None:
    pytest.importorskip("zero_point", reason="pip install gaiadr3-zeropoint")
    rows = connection.execute(
        "select parallax_zero_point(g, 1.6, null, 20.0, solved) from (values "
        "(12.0, 31), (4.0, 31), (null, 31), (12.0, null), (12.0, 95)) as stars (g, solved)"
    ).fetchall()
    found = [row[0] for row in rows]
    assert -0.1 < found[0]["zero_point"] < 0.0
    assert [star["in_range"] for star in found] == [True, False, None, None, None]
    assert [star["zero_point"] is None for star in found] == [False, False, True, True, True]
