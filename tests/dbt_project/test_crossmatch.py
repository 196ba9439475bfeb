"""The sky cross-match in SQL finds the pairs that brute force finds, anywhere on the sky."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord, search_around_sky
from crossmatch_oracle import (
    Skies,
    clustered_skies,
    crossmatch_sql,
    load_skies,
    position,
    sky_separations,
    vectors,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MODES = ["all", "best", "best1", "best2", "symmetric"]
RADII = [0.0, 0.01, 0.5, 3.0, 30.0, 3600.0, 5 * 3600.0, 100 * 3600.0, 648_000.0]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


@settings(deadline=None, max_examples=60)
@given(clustered_skies(), st.sampled_from(RADII), st.sampled_from(["left", "right"]))
def test_all_pairs_are_those_of_brute_force(
    connection: duckdb.DuckDBPyConnection, skies: Skies, radius: float, spread: str
) -> None:
    load_skies(connection, skies)
    distance = sky_separations(*skies)
    found = connection.execute(crossmatch_sql(radius=radius, mode="all", spread=spread)).fetchall()
    pairs = {row[:2] for row in found}
    assert len(found) == len(pairs)
    tolerance = 1e-9 * radius + 1e-9 if radius < 600_000 else 0.1
    sure = {tuple(map(int, pair)) for pair in np.argwhere(distance <= radius - tolerance)}
    possible = {tuple(map(int, pair)) for pair in np.argwhere(distance <= radius + tolerance)}
    assert sure <= pairs <= possible
    for left_id, right_id, angular_distance, neighbours, mates, candidates, limit in found:
        separation = float(distance[left_id, right_id])
        # Near the antipode a chord in DOUBLE is good to 0.01 arcsec only.
        assert angular_distance == pytest.approx(separation, abs=1e-8 if separation < 6e5 else 0.05)
        assert neighbours == candidates == sum(pair[0] == left_id for pair in pairs)
        assert 0 <= mates <= len(skies[0]) - 1
        assert limit == radius


@pytest.mark.parametrize("seed", range(3))
def test_the_pairs_are_those_of_astropy(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    generator = np.random.default_rng(seed)
    left, right = (
        np.stack(
            [generator.uniform(0, 360, n), np.degrees(np.arcsin(generator.uniform(-1, 1, n)))],
            axis=1,
        )
        for n in (3_000, 20_000)
    )
    load_skies(connection, (left, right))
    sky = [SkyCoord(part[:, 0], part[:, 1], unit="deg") for part in (left, right)]
    for radius in (60.0, 900.0):
        first, second, separation, _ = search_around_sky(*sky, radius * units.arcsec)
        found = connection.execute(crossmatch_sql(radius=radius, mode="all")).fetchall()
        expected = dict(
            zip(
                zip(first.tolist(), second.tolist(), strict=True),
                separation.arcsec,
                strict=True,
            )
        )
        assert {row[:2] for row in found} == set(expected)
        for row in found:
            assert row[2] == pytest.approx(expected[row[:2]], abs=1e-7)


@settings(deadline=None, max_examples=40)
@given(
    position(),
    st.sampled_from([0.05, 0.5, 3.0, 100.0, 36_000.0]),
    st.floats(0, 2 * math.pi),
    st.sampled_from([-1e-9, 1e-9]),
)
def test_the_limit_belongs_to_the_radius_and_is_sharp(
    connection: duckdb.DuckDBPyConnection,
    place: tuple[float, float],
    radius: float,
    direction: float,
    excess: float,
) -> None:
    ra, dec = np.radians(place[0]), np.radians(place[1])
    angle = np.radians(radius * (1 + excess) / 3600)
    centre = vectors(*map(np.array, place)).astype(float)
    east = np.array([-np.sin(ra), np.cos(ra), 0])
    north = np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    there = centre * np.cos(angle) + np.sin(angle) * (
        np.cos(direction) * north + np.sin(direction) * east
    )
    left = np.array([place])
    right = np.degrees(
        [[np.arctan2(there[1], there[0]), np.arctan2(there[2], np.hypot(there[0], there[1]))]]
    )
    distance = float(sky_separations(left, right)[0, 0])
    load_skies(connection, (left, right))
    found = connection.execute(crossmatch_sql(radius=radius, mode="all")).fetchall()
    # Degrees in DOUBLE are good to some 1e-10 arcsec: what the positions say, not what was meant.
    if abs(distance / radius - 1) > 2e-10 + 1e-10 / radius:
        assert bool(found) == (distance < radius)


def test_identical_positions_match_at_radius_zero(connection: duckdb.DuckDBPyConnection) -> None:
    left = np.array([[10.0, 20.0], [0.0, 5.0], [120.0, 90.0], [33.0, -90.0], [1 / 3, 1 / 7]])
    right = np.array([[10.0, 20.0], [360.0, 5.0], [7.0, 90.0], [8.0, -90.0], [1 / 3, 1 / 7]])
    load_skies(connection, (left, right))
    found = connection.execute(crossmatch_sql(radius=0, mode="all")).fetchall()
    assert sorted(row[:3] for row in found) == [(i, i, 0.0) for i in range(5)]
    load_skies(connection, (left, right + [[0, 1e-9]] * 5))
    assert connection.execute(crossmatch_sql(radius=0, mode="all")).fetchall() == []


def test_empty_tables_match_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    some, none = np.array([[1.0, 1.0]]), np.empty((0, 2))
    for skies in ((none, some), (some, none), (none, none)):
        load_skies(connection, skies)
        for mode in MODES:
            assert connection.execute(crossmatch_sql(radius=5, mode=mode)).fetchall() == []


@pytest.mark.parametrize("kind", ["real", "decimal(9,5)", "integer"])
def test_coordinates_of_any_numeric_type(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    load_skies(connection, (np.array([[10.0, 20.0]]), np.array([[10.0, 20.0]])))
    connection.execute(
        f"create or replace table lhs as select id, ra::{kind} as ra, dec::{kind} as dec from lhs"
    )
    assert len(connection.execute(crossmatch_sql(radius=1)).fetchall()) == 1


@pytest.mark.real_data
def test_hipparcos_meets_gaia(real_data: Path) -> None:
    connection = duckdb.connect(config={"threads": 2})
    folder = real_data / "positions"
    connection.execute(
        "create view lhs as select hip as id, ra_deg as ra, dec_deg as dec, pmra, pmde as pmdec "
        f"from '{folder / 'hipparcos2_i311.parquet'}'"
    )
    connection.execute(
        "create view rhs as select source_id as id, ra, dec "
        f"from '{folder / 'gaia_dr3_g10_482k.parquet'}'"
    )
    stars = "select count(*), count(distinct left_id) from ({})"
    still = crossmatch_sql(radius=2.0, mode="all")
    moved = crossmatch_sql(radius=2.0, mode="all", epoch=1991.25, right_epoch=2016.0)
    # astropy's search_around_sky gives the same for the positions as they stand.
    assert connection.execute(stars.format(still)).fetchone() == (95_134, 94_089)
    assert connection.execute(stars.format(moved)).fetchone() == (111_241, 109_881)
