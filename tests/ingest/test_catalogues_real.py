"""Real catalogue files load as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from catalogue_files import load

from warehouse.migrate import upgrade_in_memory

pytestmark = pytest.mark.real_data


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with upgrade_in_memory() as connection:
        yield connection


LIN = "be_catalogues/lin2015_lamost_dr1_be.csv"
HOU = "be_catalogues/hou2016_lamost_dr2_emission_2mass.csv.gz"
LIU = "be_catalogues/liu2019_lamost_ob_labelled_2mass_allwise.csv.gz"
MEMBERS = "clusters/cantatgaudin2018_members_401k.parquet"
HERBIG = "gaia/herbig_aebe_gaia_dr3_distances.ecsv.gz"
FIRST_ID = {"source_id": "Source_1"}

FILES = [
    ("lin2015", LIN, "literature_star", 203, {}),
    ("hou2016", HOU, "literature_star", 979, {}),
    ("allwise", LIU, "allwise_source", 415, {}),
    ("liu2019", LIU, "ob_star", 415, {}),
    ("bsc5", "be_catalogues/bsc5_ob_stars.csv", "spectral_type", 1807, {}),
    ("clusters_cantat2018", "clusters/ucc_CANTAT2018.csv.gz", "cluster", 1225, {}),
    ("clusters_cantat2020", "clusters/ucc_CANTAT2020.csv.gz", "cluster", 2017, {}),
    ("clusters_dias2021", "clusters/ucc_DIAS2021.csv.gz", "cluster", 1741, {}),
    ("members_cantat2018", MEMBERS, "cluster_member", 401448, {}),
    ("gaia", HERBIG, "gaia_source", 209, {}),
    ("distances", HERBIG, "distance", 209, FIRST_ID),
    ("gaia", "positions/gaia_dr3_g10_482k.parquet", "gaia_source", 482176, {}),
]


@pytest.mark.parametrize(("source", "name", "table", "n_rows", "columns"), FILES)
def test_a_real_file_loads_whole(
    warehouse: duckdb.DuckDBPyConnection,
    real_data: Path,
    source: str,
    name: str,
    table: str,
    n_rows: int,
    columns: dict[str, str],
) -> None:
    summary = load(warehouse, source, real_data / name, columns=columns)
    assert not summary.rejected
    assert not summary.left_out
    assert warehouse.execute(f"select count(*) from raw.{table}").fetchall() == [(n_rows,)]
    if "ra" in {row[0] for row in warehouse.execute(f"describe raw.{table}").fetchall()}:
        low, high = warehouse.execute(f"select min(ra), max(ra) from raw.{table}").fetchall()[0]
        assert 0 <= low < high < 360


def test_members_are_as_found(warehouse: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    """1,229 clusters; stars in two of them; right ascensions below zero in the file."""
    load(
        warehouse,
        "members_cantat2018",
        real_data / "clusters/cantatgaudin2018_members_401k.parquet",
    )
    row = warehouse.execute(
        "select count(distinct cluster), count(*) - count(distinct source_id), "
        "count(*) filter (cluster like '%\\_%' escape '\\') from raw.cluster_member"
    ).fetchall()[0]
    assert row == (1229, 1794, 0)


def test_hou_keeps_its_three_kinds(warehouse: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    load(warehouse, "hou2016", real_data / HOU)
    kinds = warehouse.execute(
        "select object_type, count(*) from raw.literature_star group by 1 order by 1"
    ).fetchall()
    assert [kind for kind, _ in kinds] == ["CBe", "HAeBe", "HII", "unknown"]


def test_the_bounds_of_a_distance_enclose_it(
    warehouse: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    path = real_data / HERBIG
    load(warehouse, "distances", path, columns=FIRST_ID)
    assert warehouse.execute(
        "select count(*) from raw.distance where not (distance_low < distance "
        "and distance < distance_high)"
    ).fetchall() == [(0,)]
