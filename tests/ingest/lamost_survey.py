"""A survey of small files of all layouts, and what the warehouse made of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
from lamost_files import LAYOUTS, Star

OBSERVATIONS = "select * exclude (run_id) from raw.lamost_observation order by obsid"
SPECTRA = "select * exclude (run_id) from raw.lamost_spectrum order by obsid, arm, exposure"


def survey(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    """Write files of all layouts in turn, every third one packed."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for i in range(first, first + count):
        name = list(LAYOUTS)[i % len(LAYOUTS)]
        star = Star(obsid=1000 + i, fibre=i % 250 + 1, plan=f"P{i}", seed=i)
        path = LAYOUTS[name](folder / f"{i:04d}.fits", star)
        if i % 3 == 0:
            packed = path.with_suffix(".fits.gz")
            packed.write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
            path = packed
        paths.append(path)
    return paths


def tables(connection: duckdb.DuckDBPyConnection) -> tuple[list[tuple], list[tuple]]:
    # as text: NaN is equal to itself there
    return tuple(
        connection.execute(f"select cast(t as varchar) from ({query}) t").fetchall()
        for query in (OBSERVATIONS, SPECTRA)
    )  # type: ignore[return-value]


def rejected(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute("select path, reason from raw.rejected_file").fetchall()
    return {Path(path).name: reason for path, reason in rows}
