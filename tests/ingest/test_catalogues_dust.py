"""Reddening at the stars' distances, with both parts of its error."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ingest.catalogues.dust import Array, open_map, sample, sample_warehouse
from warehouse.connection import WarehouseError
from warehouse.migrate import upgrade_in_memory


def slope(ra: Array, dec: Array, distance: Array) -> tuple[Array, Array]:
    """Dust that grows with distance, 0.2 mag a kpc +- 0.03; none south of -30 degrees."""
    ebv = np.where(dec < -30, np.nan, 0.2 * distance / 1000)
    return ebv, np.full_like(ebv, 0.03)


def test_the_error_joins_that_of_the_map_and_of_the_distance() -> None:
    n = np.ones(3)
    distance = np.array([1000.0, 1000.0, 1000.0])
    low = np.array([1000.0, 900.0, np.nan])
    high = np.array([1000.0, 1100.0, np.nan])
    ebv, error = sample(slope, 10 * n, 20 * n, distance, low, high)
    assert ebv == pytest.approx([0.2, 0.2, 0.2])
    assert error[0] == pytest.approx(0.03)
    # +-100 pc are +-0.02 mag; 32 quantiles have 0.98 of a Gaussian's deviation.
    assert error[1] == pytest.approx(np.hypot(0.03, 0.02), rel=0.02)
    assert error[2] == pytest.approx(0.03)


def warehouse() -> duckdb.DuckDBPyConnection:
    """Three stars: one with a distance, one without, one outside the map."""
    connection = upgrade_in_memory()
    for number, (ra, dec) in enumerate([(0.00001, 40.0), (120.0, 10.0), (200.0, -60.0)]):
        connection.execute(
            "insert into raw.lamost_observation (obsid, designation, survey, layout, ra, dec, "
            "file_name, path, sha256, run_id) values (?, ?, 's', 'x', ?, ?, 'f', 'f', 's', 'r')",
            [number, f"star {number}", ra, dec],
        )
        connection.execute(
            "insert into raw.gaia_source (release, source_id, ra, dec, run_id) "
            "values ('DR3', ?, ?, ?, 'r')",
            [number, (ra - 0.0001) % 360, dec + 0.0001],
        )
        if number != 1:
            connection.execute(
                "insert into raw.distance (release, source_id, distance, distance_low, "
                "distance_high, run_id) values ('EDR3', ?, 500, 450, 560, 'r')",
                [number],
            )
    return connection


def test_stars_with_a_distance_inside_the_map_get_a_value_once(tmp_path: Path) -> None:
    connection = warehouse()
    summary = sample_warehouse(connection, tmp_path, dust=slope)
    rows = connection.execute("select dust_map, designation, distance, ebv from raw.reddening")
    assert rows.fetchall() == [("Bayestar19", "star 0", 500.0, pytest.approx(0.1))]
    assert (summary.n_read, summary.n_rows) == (2, 1)
    assert sample_warehouse(connection, tmp_path, dust=slope).n_rows == 0


def test_without_the_map_the_way_to_it_and_its_size_are_told(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"ingest dust --fetch.*MB.*colour-excess") as caught:
        open_map(tmp_path)
    missing = importlib.util.find_spec("dustmaps") is None
    assert ("pip install dustmaps" in str(caught.value)) == missing
