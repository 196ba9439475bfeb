"""The sky cross-match beside the specialised tools, in one run, on the same files.

    .venv/bin/python benchmarks/crossmatch.py --sizes 1e5x1e6 --lsdb-python ~/lsdb/bin/python

Two skies, one even over the sphere and one crowded along the Galactic plane and in clusters;
every pair within 3 arcsec. Each tool runs in its own process from a file or index of its own
kind, which is made beforehand and not timed: Parquet for ours and for astropy, FITS for STILTS,
an indexed and clustered table for Q3C, a HATS catalogue with margin for LSDB. Timed is the way
from there to all pairs on disk (Q3C: in a table). Printed are seconds, rows of both tables a
second, peak memory of all its processes, how many times as long as ours, and whether the pairs
are ours. A tool that is not installed is passed over with a word on how to install it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MACROS = Path(__file__).resolve().parent.parent / "dbt_project" / "macros" / "crossmatch"
ARCSEC = np.pi / 180 / 3600


# -- skies -------------------------------------------------------------------------------------


def even_sky(n: int, generator: np.random.Generator) -> np.ndarray:
    """Directions, shape (n, 3), even over the sphere."""
    places = generator.normal(size=(n, 3))
    return places / np.linalg.norm(places, axis=1, keepdims=True)


def crowded_sky(n: int, generator: np.random.Generator) -> np.ndarray:
    """Directions along a thin plane, thicker and denser to one side, and in 300 clusters."""
    plane, clusters = int(0.65 * n), int(0.25 * n)
    longitude = np.radians(generator.normal(0, 50, plane))
    latitude = np.radians(np.clip(generator.laplace(0, 2.5, plane), -89, 89))
    in_plane = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )
    own = np.random.default_rng(20)  # the same clusters for both tables
    centres = even_sky(300, own) * [1, 1, 0.05]
    sizes = np.radians(own.uniform(0.03, 0.3, 300))
    which = generator.integers(0, 300, clusters)
    spread = generator.normal(size=(clusters, 3)) * sizes[which, None]
    in_clusters = centres[which] / np.linalg.norm(centres[which], axis=1, keepdims=True) + spread
    places = np.concatenate([in_plane, in_clusters, even_sky(n - plane - clusters, generator)])
    # Galactic to equatorial, roughly: the plane must not follow a circle of declination.
    tilt = np.radians(62.87)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    places = places @ turn.T
    return generator.permutation(places / np.linalg.norm(places, axis=1, keepdims=True))


def write_skies(folder: Path, sky: str, n_left: int, n_right: int) -> None:
    """Two tables as Parquet: four of five left sources are right ones seen 0.5 arcsec beside."""
    generator = np.random.default_rng(n_left + n_right)
    make = {"even": even_sky, "crowded": crowded_sky}[sky]
    right = make(n_right, generator)
    n_same = n_left * 4 // 5
    same = right[generator.integers(0, n_right, n_same)]
    same = same + generator.normal(size=same.shape) * 0.5 * ARCSEC
    left = np.concatenate([same, make(n_left - n_same, generator)])
    for name, places in (("left", left), ("right", right)):
        ra = np.degrees(np.arctan2(places[:, 1], places[:, 0])) % 360
        dec = np.degrees(np.arctan2(places[:, 2], np.hypot(places[:, 0], places[:, 1])))
        table = pa.table({"id": np.arange(len(places)), "ra": ra, "dec": dec})
        pq.write_table(table, folder / f"{name}.parquet")


# -- tools: prepare(folder, radius) once, match(folder, radius) timed ------------------------------


def match_ours(folder: Path, radius: float, threads: int) -> None:
    """The dbt macro on DuckDB, from Parquet to Parquet, with all columns of the match."""
    import duckdb
    import jinja2

    source = "\n".join(path.read_text() for path in sorted(MACROS.glob("*.sql")))
    module = jinja2.Environment().from_string(source).module
    sql = module.crossmatch(  # type: ignore[attr-defined]
        f"read_parquet('{folder}/left.parquet')",
        "id",
        f"read_parquet('{folder}/right.parquet')",
        "id",
        radius=radius,
        mode="all",
    )
    connection = duckdb.connect(config={"threads": threads, "temp_directory": str(folder)})
    if limit := os.environ.get("DUCKDB_MEMORY_LIMIT"):
        connection.execute(f"set memory_limit = '{limit}'")
    connection.execute(f"copy ({sql}) to '{folder}/ours.parquet'")


def match_astropy(folder: Path, radius: float, threads: int) -> None:
    """search_around_sky (a k-d tree of scipy), from Parquet to Parquet."""
    from astropy import units
    from astropy.coordinates import SkyCoord, search_around_sky

    sky = {}
    for name in ("left", "right"):
        table = pq.read_table(folder / f"{name}.parquet", columns=["ra", "dec"])
        sky[name] = SkyCoord(table["ra"].to_numpy(), table["dec"].to_numpy(), unit="deg")
    left, right, separation, _ = search_around_sky(
        sky["left"], sky["right"], radius * units.arcsec
    )
    pairs = {"left_id": left, "right_id": right, "angular_distance": separation.arcsec}
    pq.write_table(pa.table(pairs), folder / "astropy.parquet")


def prepare_stilts(folder: Path) -> None:
    """FITS tables, which STILTS maps into memory."""
    from astropy.table import Table

    for name in ("left", "right"):
        table = pq.read_table(folder / f"{name}.parquet")
        columns = {key: table[key].to_numpy() for key in table.column_names}
        Table(columns).write(folder / f"{name}.fits", overwrite=True)


def match_stilts(folder: Path, radius: float, threads: int) -> None:
    """Run tmatch2 with the sky matcher, from FITS to FITS."""
    command = [
        "stilts", "-Xmx12g", "tmatch2", f"in1={folder}/left.fits", f"in2={folder}/right.fits",
        "matcher=sky", "values1=ra dec", "values2=ra dec", f"params={radius}", "find=all",
        "join=1and2", "suffix1=_1", "suffix2=_2", "fixcols=all", "progress=none",
        f"runner=parallel{threads}", "ocmd=keepcols 'id_1 id_2 Separation'",
        f"out={folder}/stilts.fits",
    ]  # fmt: skip
    subprocess.run(command, check=True)


def pairs_of_stilts(folder: Path) -> pa.Table:
    """Pairs from STILTS's FITS table."""
    from astropy.io import fits

    rows = fits.getdata(folder / "stilts.fits")
    return pa.table(
        {"left_id": rows["id_1"].astype("int64"), "right_id": rows["id_2"].astype("int64")}
    )


def prepare_lsdb(folder: Path) -> None:
    """HATS catalogues; the right one with a margin cache, so that no pair is lost at an edge."""
    import lsdb

    for name in ("left", "right"):
        frame = pq.read_table(folder / f"{name}.parquet").to_pandas()
        catalogue = lsdb.from_dataframe(
            frame, ra_column="ra", dec_column="dec", margin_threshold=10.0, catalog_name=name
        )
        catalogue.write_catalog(folder / f"{name}.hats", overwrite=True)


def match_lsdb(folder: Path, radius: float, threads: int) -> None:
    """Catalog.crossmatch with as many neighbours as a source has, from HATS to Parquet."""
    import lsdb
    from dask.distributed import Client

    n_neighbours = int(os.environ["MAX_NEIGHBOURS"])
    with Client(n_workers=threads, threads_per_worker=1, dashboard_address=None):
        start = time.monotonic()
        left, right = (
            lsdb.open_catalog(folder / f"{name}.hats", columns=["id", "ra", "dec"])
            for name in ("left", "right")
        )
        pairs = left.crossmatch(
            right, n_neighbors=n_neighbours, radius_arcsec=radius, suffixes=("_left", "_right"),
            suffix_method="all_columns",
        ).compute()  # fmt: skip
        table = pa.table(
            {
                "left_id": pairs["id_left"].to_numpy().astype("int64"),
                "right_id": pairs["id_right"].to_numpy().astype("int64"),
            }
        )
        pq.write_table(table, folder / "lsdb.parquet")
        (folder / "lsdb.seconds").write_text(str(time.monotonic() - start))
    
