"""The sky cross-match in SQL finds the pairs that brute force finds, anywhere on the sky."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord, search_around_sky
from crossmatch_oracle import (
    CompilerError,
    chosen,
    crossmatch_sql,
    load,
    render,
    sky_separations,
    vectors,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MODES = ["all", "best", "best1", "best2", "symmetric"]
RADII = [0.0, 0.01, 0.5, 3.0, 30.0, 3600.0, 5 * 3600.0, 100 * 3600.0, 648_000.0]

Skies = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 2})


def position() -> st.SearchStrategy[tuple[float, float]]:
    ra = st.sampled_from([0.0, 360.0, 359.999999, 1e-9, -1e-7, 90.0, 180.0, 270.0, 725.0])
    dec = st.sampled_from([90.0, -90.0, 89.9999, -89.9999, 90 - 1e-9, 0.0, -1e-300, 45.0])
    return st.tuples(st.one_of(ra, st.floats(0, 360)), st.one_of(dec, st.floats(-90, 90)))


@st.composite
def clustered_skies(draw: st.DrawFn) -> Skies:
    """Two lists of positions, shape (n, 2), of which many lie close together or coincide."""
    centres = np.array(draw(st.lists(position(), min_size=1, max_size=6)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.0, 1e-6, 0.3, 3.0, 1000.0, 1e5])) / 3600
    skies = []
    for _ in range(2):
        n = draw(st.integers(0, 25))
        some = centres[generator.integers(0, len(centres), n)].reshape(-1, 2)
        shift = generator.normal(0, 1, (n, 2)) * scale * generator.integers(0, 2, (n, 1))
        dec = np.clip(some[:, 1] + shift[:, 1], -90, 90)
        ra = some[:, 0] + shift[:, 0] / np.maximum(np.cos(np.radians(dec)), 1e-6)
        if draw(st.booleans()):  # antipodes
            ra, dec = np.append(ra, centres[0, 0] + 180), np.append(dec, -centres[0, 1])
        skies.append(np.stack([ra, dec], axis=1))
    return skies[0], skies[1]


def load_skies(connection: duckdb.DuckDBPyConnection, skies: Skies) -> None:
    for name, sky in zip(("lhs", "rhs"), skies, strict=True):
        load(connection, name, ra=sky[:, 0], dec=sky[:, 1])


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


@settings(deadline=None, max_examples=50)
@given(clustered_skies(), st.sampled_from([0.0, 3.0, 3600.0]), st.sampled_from(MODES))
def test_each_mode_is_its_definition(
    connection: duckdb.DuckDBPyConnection, skies: Skies, radius: float, mode: str
) -> None:
    load_skies(connection, skies)
    # The macro's own separations decide: ties and near-ties must fall as they do there.
    everything = connection.execute(crossmatch_sql(radius=radius, mode="all")).fetchall()
    distance = np.full((len(skies[0]), len(skies[1])), np.inf)
    for row in everything:
        distance[row[0], row[1]] = row[2]
    found = connection.execute(crossmatch_sql(radius=radius, mode=mode)).fetchall()
    assert {row[:2] for row in found} == chosen(distance, np.isfinite(distance), mode)
    nearest = dict(sorted(chosen(distance, np.isfinite(distance), "best1")))
    for row in found:
        others = [left for left, right in nearest.items() if right == row[1] and left != row[0]]
        assert row[4] == len(others)


@settings(deadline=None, max_examples=20)
@given(clustered_skies(), st.sampled_from([0.0, 3.0, 3600.0]), st.sampled_from([1, 7.5, 12, 4e4]))
def test_stored_cells_give_the_same_pairs(
    connection: duckdb.DuckDBPyConnection, skies: Skies, radius: float, cell: float
) -> None:
    load_skies(connection, skies)
    computed = connection.execute(crossmatch_sql(radius=radius, mode="all")).fetchall()
    connection.execute(
        "create or replace table cells as " + render("with_sky_cell", relation="rhs", cell=cell)
    )
    stored = connection.execute(
        crossmatch_sql(right="cells", radius=radius, mode="all", stored_cell=cell)
    ).fetchall()
    assert sorted(stored) == sorted(computed)


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


def test_ties_go_to_the_lower_key(connection: duckdb.DuckDBPyConnection) -> None:
    place = {"ra": [10.0] * 3, "dec": [20.0] * 3}
    load(connection, "lhs", id=[5, 3, 4], **place)
    load(connection, "rhs", id=["c", "a", "b"], **place)
    results = {
        mode: [
            row[:2] for row in connection.execute(crossmatch_sql(radius=1, mode=mode)).fetchall()
        ]
        for mode in MODES
    }
    assert sorted(results["best1"]) == [(3, "a"), (4, "a"), (5, "a")]
    assert sorted(results["best2"]) == [(3, "a"), (3, "b"), (3, "c")]
    assert results["symmetric"] == [(3, "a")]
    assert sorted(results["best"]) == [(3, "a"), (4, "b"), (5, "c")]
    assert len(results["all"]) == 9


def test_the_nearest_pair_first_where_best_is_one_to_one(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    # Along a line with gaps 1, 2, 3, 4, 5 arcsec: left and right take turns.
    places = np.cumsum([0, 1, 2, 3, 4, 5]) / 3600
    left, right = places[::2], places[1::2]
    load(connection, "lhs", ra=left, dec=left * 0)
    load(connection, "rhs", ra=right, dec=right * 0)
    found = connection.execute(crossmatch_sql(radius=6, mode="best")).fetchall()
    assert sorted(row[:2] for row in found) == [(0, 0), (1, 1), (2, 2)]
    mutual = connection.execute(crossmatch_sql(radius=6, mode="symmetric")).fetchall()
    assert [row[:2] for row in mutual] == [(0, 0)]


def test_empty_tables_match_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    some, none = np.array([[1.0, 1.0]]), np.empty((0, 2))
    for skies in ((none, some), (some, none), (none, none)):
        load_skies(connection, skies)
        for mode in MODES:
            assert connection.execute(crossmatch_sql(radius=5, mode=mode)).fetchall() == []


def test_unknown_positions_match_nothing_and_are_kept(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    ra = [1.0, math.nan, None, 1.0, math.inf, 1.0, 1.0]
    dec = [1.0, 1.0, 1.0, math.nan, 1.0, 90.0000001, None]
    load(connection, "lhs", ra=ra, dec=dec)
    load(connection, "rhs", ra=ra, dec=dec)
    matched = connection.execute(crossmatch_sql(radius=648_000, mode="all")).fetchall()
    assert [row[:2] for row in matched] == [(0, 0)]
    for join, n_rows in (("all1", 7), ("all2", 7), ("1or2", 13)):
        rows = connection.execute(crossmatch_sql(radius=1, join=join)).fetchall()
        assert len(rows) == n_rows
        unmatched = [row for row in rows if row[0] is None or row[1] is None]
        assert len(unmatched) == n_rows - 1
        assert {row[2:6] for row in unmatched} == {(None, 0, 0, 0)}


@pytest.mark.parametrize("kind", ["real", "decimal(9,5)", "integer"])
def test_coordinates_of_any_numeric_type(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    load_skies(connection, (np.array([[10.0, 20.0]]), np.array([[10.0, 20.0]])))
    connection.execute(
        f"create or replace table lhs as select id, ra::{kind} as ra, dec::{kind} as dec from lhs"
    )
    assert len(connection.execute(crossmatch_sql(radius=1)).fetchall()) == 1


def test_normalised_distance_is_mahalanobis(connection: duckdb.DuckDBPyConnection) -> None:
    # 0.3 arcsec in ra, 0.4 in dec, off the equator.
    dec = 60.0
    load(
        connection,
        "lhs",
        ra=[0.3 / 3600 / np.cos(np.radians(dec)), 0.0],
        dec=[dec + 0.4 / 3600] * 2,
    )
    load(connection, "rhs", ra=[0.0], dec=[dec], err=[60.0])
    rows = connection.execute(
        crossmatch_sql(
            radius=2,
            mode="all",
            left_error=["80", "100", "0.5"],
            right_error=["err", "err"],
            max_normalised_distance=4.0,
        )
    ).fetchall()
    covariance = np.array([[80**2 + 60**2, 0.5 * 80 * 100], [0.5 * 80 * 100, 100**2 + 60**2]])
    d = np.array([300.0, 400.0])
    expected = math.sqrt(d @ np.linalg.solve(covariance, d))
    normalised = {row[0]: row[-1] for row in rows}
    assert normalised[0] == pytest.approx(expected, rel=1e-5)
    assert len(rows) == 2
    # A limit between the two leaves one neighbour of one candidate each.
    sql = crossmatch_sql(
        radius=2,
        left_error=["80", "100"],
        right_error=["err", "nullif(err, 60)"],
        max_normalised_distance=1.0,
    )
    assert len(connection.execute(sql).fetchall()) == 2  # error not known: the radius decides
    sql = crossmatch_sql(
        radius=2, left_error=["1", "1"], right_error=["1", "1"], max_normalised_distance=5.0
    )
    assert connection.execute(sql).fetchall() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"radius": -1}, "radius"),
        ({"radius": "three"}, "radius"),
        ({"radius": 1, "mode": "nearest"}, "mode is one of all, best"),
        ({"radius": 1, "epoch": 2000.0}, "epochs of both sides"),
        ({"radius": 1, "join": "left"}, "join"),
        ({"radius": 1, "stored_cell": 0.1}, "stored_cell"),
        ({"radius": 1, "epoch": 1, "right_epoch": 2, "spread": "right", "stored_cell": 4}, "moves"),
        ({"radius": 1, "max_normalised_distance": 3}, "left_error"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(CompilerError, match=message):
        crossmatch_sql(**arguments)


def test_gaias_tables_have_gaias_columns(connection: duckdb.DuckDBPyConnection) -> None:
    # Two Gaia sources that 2MASS did not resolve, and one alone.
    load(connection, "lhs", id=[1, 2, 3], ra=[0.0, 1 / 3600, 5.0], dec=[0.0, 0.0, 5.0])
    load(connection, "rhs", id=["a", "b"], ra=[0.2 / 3600, 5.0], dec=[0.0, 5.0])
    sides = {"left": "lhs", "left_id": "id", "right": "rhs", "right_id": "id"}
    near = connection.execute(
        render("neighbourhood", **sides, radius=2.0) + " order by 1"
    ).fetchall()
    assert [column[0] for column in connection.description] == [
        "source_id", "original_ext_source_id", "angular_distance", "score", "xm_flag",
    ]  # fmt: skip
    assert [row[:2] for row in near] == [(1, "a"), (2, "a"), (3, "b")]
    assert near[0][3] == pytest.approx(0.9)
    best = connection.execute(
        render("best_neighbour", **sides, radius=2.0) + " order by 1"
    ).fetchall()
    assert [column[0] for column in connection.description] == [
        "source_id", "original_ext_source_id", "angular_distance", "xm_flag",
        "number_of_neighbours", "number_of_mates",
    ]  # fmt: skip
    assert [row[-1] for row in best] == [1, 1, 0]


def test_a_match_larger_than_memory_spills(tmp_path: Path) -> None:
    connection = duckdb.connect(
        tmp_path / "sky.duckdb",
        config={"threads": 2, "memory_limit": "100MB", "temp_directory": str(tmp_path / "spill")},
    )
    # Two lists of a million places, shifted by 0.5 arcsec: a million pairs at least.
    for name, shift in (("lhs", 0.0), ("rhs", 0.5 / 3600)):
        connection.execute(
            f"""create table {name} as select
                i as id, (i * 137.50776405003785) % 360 as ra,
                degrees(asin((2 * i + 1) / 1e6 - 1)) * 0.999 + {shift} as dec
            from range(1000000) as t(i)"""
        )
    n_pairs, n_same = connection.execute(
        "select count(*), count(*) filter (where left_id = right_id) "
        f"from ({crossmatch_sql(radius=3.0, mode='all')})"
    ).fetchone() or (0, 0)
    assert n_same == 1_000_000
    assert n_pairs < 1_010_000


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
