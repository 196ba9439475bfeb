"""The runaway limit that a sample of velocities gives, against the numerics of ``ml``."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from built import Built
from maxwellian_oracle import fit_maxwellian


@pytest.fixture(scope="module")
def query(empty: Built) -> str:
    """The model's SQL, with the limit taken from the sample."""
    models = empty.home / "dbt_target" / "compiled" / "hotstars" / "models"
    return (models / "intermediate" / "int_runaway_limit.sql").read_text()


def limit_of(query: str, speeds: np.ndarray) -> dict[str, Any]:
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse; use warehouse")
    connection.execute("create schema intermediate")
    connection.execute(
        """
        create table intermediate.int_be_selection as
        select 's' || row_number() over () as designation, v_tp,
            true as is_classical_be, true as passes_ruwe
        from (select unnest(?::double[]) as v_tp)
        """,
        [speeds.tolist()],
    )
    cursor = connection.execute(query)
    return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def draw(n: int, b: float, seed: int) -> np.ndarray:
    """Speeds of the Maxwellian v^2 exp(-v^2 / b^2): lengths of three-dimensional vectors."""
    vectors = np.random.default_rng(seed).normal(0, b / np.sqrt(2), (n, 3))
    return np.linalg.norm(vectors, axis=1)


@pytest.mark.parametrize(("n", "b"), [(60, 8.7), (323, 8.701), (2000, 5.0), (5000, 20.0)])
def test_the_fit_in_sql_is_that_of_least_squares(query: str, n: int, b: float) -> None:
    runaways = np.linspace(4, 12, n // 20) * b
    speeds = np.append(draw(n, b, seed=n), runaways)
    limit = limit_of(query, speeds)
    expected = fit_maxwellian(speeds)
    assert limit["sample_b"] == pytest.approx(expected.b, rel=2e-3)
    assert limit["b"] == limit["sample_b"]
    assert limit["v_tp_limit"] == pytest.approx(expected.limit, rel=2e-3)
    assert limit["sample_b"] == pytest.approx(b, rel=4 / np.sqrt(2 * n))
    assert (limit["origin"], limit["n_stars"]) == ("sample", len(speeds))


@pytest.mark.parametrize("n", [0, 1, 19])
def test_a_few_stars_leave_the_published_limit(query: str, n: int) -> None:
    limit = limit_of(query, draw(n, 8.7, seed=1))
    assert limit["sample_b"] is None
    assert (limit["origin"], limit["n_stars"]) == ("published", n)
    assert limit["v_tp_limit"] == pytest.approx(24.05, abs=0.005)


def test_stars_that_stand_still_do_no_harm(query: str) -> None:
    limit = limit_of(query, np.zeros(30))
    assert limit["v_tp_limit"] > 0
