"""What the cross-match makes of its pairs: modes, counts, joins, the tables of Gaia."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from crossmatch_oracle import (
    MACROS,
    CompilerError,
    Skies,
    chosen,
    clustered_skies,
    crossmatch_sql,
    load,
    load_skies,
    render,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MODES = ["all", "best", "best1", "best2", "symmetric"]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


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
@given(
    clustered_skies(),
    st.sampled_from([(0.0, 1), (0.0, 4e4), (3.0, 1), (3.0, 7.5), (3.0, 12), (3600.0, 4e4)]),
)
def test_stored_cells_give_the_same_pairs(
    connection: duckdb.DuckDBPyConnection, skies: Skies, radius_and_cell: tuple[float, float]
) -> None:
    radius, cell = radius_and_cell
    load_skies(connection, skies)
    computed = connection.execute(crossmatch_sql(radius=radius, mode="all")).fetchall()
    connection.execute(
        "create or replace table cells as " + render("with_sky_cell", relation="rhs", cell=cell)
    )
    stored = connection.execute(
        crossmatch_sql(right="cells", radius=radius, mode="all", stored_cell=cell)
    ).fetchall()
    assert sorted(stored) == sorted(computed)


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
        ({"radius": 3600, "stored_cell": 12}, "stored_cell 12 is too small for a radius of 3600"),
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


def test_dbt_runs_what_the_harness_renders(tmp_path: Path) -> None:
    """A project of three models in which a match is a model, a CTE, and a table of Gaia's kind."""
    sources = "(select i as id, i * 1.0 as ra, 0.0 as dec from range({n}) as t(i)) as sources"
    models = {
        "lhs": f"select * from {sources.format(n=3)}",
        "rhs": f"select * from {sources.format(n=5)}",
        "whole": "{{ crossmatch(ref('lhs'), 'id', ref('rhs'), 'id', 3.0, mode='best') }}",
        "body": (
            "with zones as (select * from {{ ref('lhs') }}), "
            "matches as ({{ crossmatch('zones', 'id', ref('rhs'), 'id', 3.0) }}) "
            "select * from matches"
        ),
        "gaia": "{{ neighbourhood(ref('lhs'), 'id', ref('rhs'), 'id', 3.0, join='all2') }}",
    }
    (tmp_path / "models").mkdir()
    for name, sql in models.items():
        (tmp_path / "models" / f"{name}.sql").write_text(sql)
    (tmp_path / "dbt_project.yml").write_text(
        f"{{name: small, version: '1.0.0', profile: small, macro-paths: ['{MACROS}']}}"
    )
    (tmp_path / "profiles.yml").write_text(
        f"{{small: {{target: t, outputs: {{t: {{type: duckdb, path: '{tmp_path}/sky.duckdb'}}}}}}}}"
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "run", "--project-dir", tmp_path,
         "--profiles-dir", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "sky.duckdb"), read_only=True) as connection:
        counts = [
            connection.execute(f"select count(*) from {name}").fetchone()
            for name in ("whole", "body", "gaia")
        ]
    assert counts == [(3,), (3,), (5,)]
