"""The sky cross-match in SQL finds the pairs that brute force finds, anywhere on the sky."""

from __future__ import annotations

from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MACRO = Path(__file__).parents[2] / "dbt_project" / "macros" / "crossmatch" / "crossmatch.sql"
ARCSEC = np.pi / 180 / 3600


def crossmatch_sql(**arguments: object) -> str:
    module = jinja2.Environment().from_string(MACRO.read_text()).module
    return str(module.crossmatch(left="lhs", left_id="id", right="rhs", right_id="id", **arguments))


def vectors(sky: np.ndarray) -> np.ndarray:
    ra, dec = np.radians(sky[:, 0]), np.radians(sky[:, 1])
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def separations(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Angular distances in arcsec, all against all, by chords: exact for small angles."""
    chord = np.linalg.norm(vectors(left)[:, None] - vectors(right)[None], axis=2)
    return 2 * np.arcsin(np.minimum(chord / 2, 1)) / ARCSEC


def matches(left: np.ndarray, right: np.ndarray, radius: float, mode: str = "all") -> list:
    connection = duckdb.connect()
    for name, sky in (("lhs", left), ("rhs", right)):
        connection.execute(f"create table {name} (id bigint, ra double, dec double)")
        if len(sky):
            connection.executemany(
                f"insert into {name} values (?, ?, ?)",
                [(i, float(ra), float(dec)) for i, (ra, dec) in enumerate(sky)],
            )
    return connection.execute(crossmatch_sql(radius=radius, mode=mode)).fetchall()


def position() -> st.SearchStrategy[tuple[float, float]]:
    special = st.sampled_from([0.0, 360.0, 359.9999, 0.0001, 90.0, 180.0, 270.0])
    pole = st.sampled_from([90.0, -90.0, 89.9999, -89.9999, 0.0])
    return st.tuples(
        st.one_of(special, st.floats(0, 360, allow_nan=False)),
        st.one_of(pole, st.floats(-90, 90, allow_nan=False)),
    )


@st.composite
def neighbouring_skies(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two lists of positions of which many lie within arcseconds of each other."""
    centres = draw(st.lists(position(), min_size=1, max_size=6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    skies = []
    for _ in range(2):
        chosen = np.array(centres)[generator.integers(0, len(centres), draw(st.integers(0, 25)))]
        chosen = chosen.reshape(-1, 2)
        dec = np.clip(chosen[:, 1] + generator.normal(0, 3, len(chosen)) / 3600, -90, 90)
        stretch = np.maximum(np.cos(np.radians(dec)), 1e-6)
        ra = chosen[:, 0] + generator.normal(0, 3, len(chosen)) / 3600 / stretch
        skies.append(np.stack([np.mod(ra, 360), dec], axis=1))
    return skies[0], skies[1]


@settings(deadline=None, max_examples=60)
@given(neighbouring_skies(), st.sampled_from([0.5, 3.0, 30.0]))
def test_all_pairs_are_those_of_brute_force(
    skies: tuple[np.ndarray, np.ndarray], radius: float
) -> None:
    left, right = skies
    distance = separations(left, right)
    # Pairs at the very limit may fall either way by rounding.
    sure = {tuple(pair) for pair in np.argwhere(distance <= radius * (1 - 1e-9))}
    possible = {tuple(pair) for pair in np.argwhere(distance <= radius * (1 + 1e-9))}
    found = matches(left, right, radius)
    pairs = {(row[0], row[1]) for row in found}
    assert len(found) == len(pairs)
    assert sure <= pairs <= possible
    for left_id, right_id, angular_distance, number_of_neighbours, _ in found:
        assert angular_distance == pytest.approx(distance[left_id, right_id], abs=1e-9)
        assert number_of_neighbours == sum(pair[0] == left_id for pair in pairs)


@settings(deadline=None, max_examples=40)
@given(neighbouring_skies())
def test_the_best_match_is_the_nearest_and_mates_are_counted(
    skies: tuple[np.ndarray, np.ndarray],
) -> None:
    left, right = skies
    distance = separations(left, right)
    found = matches(left, right, 10.0, mode="best")
    assert len({row[0] for row in found}) == len(found)
    best = {row[0]: row[1] for row in found}
    for left_id, right_id in best.items():
        assert distance[left_id, right_id] == pytest.approx(distance[left_id].min(), abs=1e-9)
    for row in found:
        assert row[4] == sum(right_id == row[1] for right_id in best.values())


def test_ties_go_to_the_lower_key() -> None:
    one = np.array([[10.0, 20.0]])
    twins = np.array([[10.0, 20.0], [10.0, 20.0], [10.0, 20.0]])
    assert matches(one, twins, 1.0, mode="best") == [(0, 0, 0.0, 3, 1)]


def test_a_zero_radius_matches_identical_positions_only() -> None:
    left = np.array([[10.0, 20.0], [0.0, 90.0]])
    right = np.array([[10.0, 20.0], [10.0, 20.0 + 1e-6]])
    assert [row[:2] for row in matches(left, right, 0.0)] == [(0, 0)]


def test_empty_tables_and_unknown_positions_match_nothing() -> None:
    nowhere = np.array([[np.nan, 1.0], [1.0, np.inf]])
    some = np.array([[1.0, 1.0]])
    assert matches(np.empty((0, 2)), some, 5.0) == []
    assert matches(nowhere, some, 5.0) == []
    assert matches(some, nowhere, 5.0) == []


def test_a_fast_star_is_found_at_the_epoch_of_the_other_catalogue() -> None:
    # Barnard's star: ICRS position at J2016 and proper motion of Gaia DR3.
    connection = duckdb.connect()
    connection.execute(
        "create table lhs as select 1 as id, 269.44850252543836 as ra, "
        "4.739420051112412 as dec, -801.551 as pmra, 10362.394 as pmdec"
    )
    years = 1999.5 - 2016.0
    dec = 4.739420051112412 + 10.362394 * years / 3600
    ra = 269.44850252543836 - 0.801551 * years / 3600 / np.cos(np.radians(4.74))
    connection.execute(f"create table rhs as select 7 as id, {ra} as ra, {dec} as dec")
    still = connection.execute(crossmatch_sql(radius=3.0)).fetchall()
    moved = connection.execute(crossmatch_sql(radius=3.0, left_years=str(years))).fetchall()
    assert still == []
    assert [row[:2] for row in moved] == [(1, 7)]
    assert moved[0][2] < 0.01


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 360), st.floats(-89.99, 89.99), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_there_and_back_is_the_identity(ra: float, dec: float, pmra: float, pmdec: float) -> None:
    # Both sides moved alike must coincide, whatever the place on the sky.
    connection = duckdb.connect()
    for name in ("lhs", "rhs"):
        connection.execute(
            f"create table {name} as select 1 as id, {ra!r}::double as ra, {dec!r}::double as dec, "
            f"{pmra!r}::double as pmra, {pmdec!r}::double as pmdec"
        )
    sql = crossmatch_sql(radius=1.0, left_years="16.5", right_years="16.5")
    assert connection.execute(sql).fetchall() == [(1, 1, 0.0, 1, 1)]


@pytest.mark.real_data
def test_hipparcos_meets_gaia(real_data: Path) -> None:
    folder = real_data / "positions"
    connection = duckdb.connect()
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
    moved = crossmatch_sql(radius=2.0, mode="all", left_years="2016.0 - 1991.25")
    # astropy's search_around_sky gives the same pairs for the positions as they stand.
    assert connection.execute(stars.format(still)).fetchone() == (95_134, 94_089)
    assert connection.execute(stars.format(moved)).fetchone() == (111_241, 109_881)
