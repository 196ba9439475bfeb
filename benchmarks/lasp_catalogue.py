"""Load a LASP catalogue of a whole data release, as CSV and as FITS.

    .venv/bin/python benchmarks/lasp_catalogue.py --rows 2300000

The file has the columns of the low-resolution AFGK catalogue of LAMOST (40 of them, '|'
between values, -9999 where there is none), with random values. Reported: seconds, rows a
second and peak memory of `load_files` into a new warehouse on disk; goal: 2.3 million rows
in about a minute.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
from astropy.table import Table
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateTable

from ingest.catalogues.load import load_files
from warehouse import raw_tables
from warehouse.connection import connect

SPARE = 26  # columns of the real file that the warehouse leaves: plan, fibre, S/N, magnitudes...


def write_csv(path: Path, n_rows: int) -> None:
    """Write the catalogue with DuckDB, which is quick at it."""
    spare = ", ".join(f"round(random() * 100, 2) as spare_{number}" for number in range(SPARE))
    duckdb.sql(
        f"""
        copy (
            select 101001000 + i as obsid, 'J' || lpad(i::varchar, 9, '0') || '+000000.0' as
                designation, '2018-01-01' as obsdate, 58119 as lmjd, 'HD000000N000000B01' as planid,
                round(random() * 360, 6) as ra, round(random() * 180 - 90, 6) as dec, 'A7V' as
                subclass, if(random() < 0.03, -9999.0, round(3800 + 4500 * random(), 2)) as teff,
                round(100 * random(), 2) as teff_err, round(5 * random(), 3) as logg,
                round(random(), 3) as logg_err, round(random() - 0.5, 3) as feh,
                round(random(), 3) as feh_err, round(200 * random() - 100, 2) as rv,
                round(9 * random(), 2) as rv_err, {spare}
            from range({n_rows}) as t(i)
        ) to '{path}' (header, delimiter '|')
        """
    )


def write_fits(path: Path, n_rows: int) -> None:
    """Write the same kind of catalogue as a FITS table."""
    rng = np.random.default_rng(1)
    table = Table()
    table["obsid"] = np.arange(n_rows) + 101001000
    table["designation"] = np.full(n_rows, b"J000000.00+000000.0")
    for name in ("ra", "dec", "teff", "teff_err", "logg", "logg_err", "feh", "feh_err"):
        table[name] = rng.random(n_rows)
    for name in ("rv", "rv_err", *(f"spare_{number}" for number in range(SPARE))):
        table[name] = rng.random(n_rows).astype(np.float32)
    table.write(path, format="fits")


def new_warehouse(path: Path) -> None:
    """Make the raw tables in a file."""
    engine = create_engine("duckdb:///:memory:")
    with connect(path) as connection:
        connection.execute("create schema raw")
        for table in raw_tables.metadata.sorted_tables:
            connection.execute(str(CreateTable(table).compile(engine)))


def main() -> None:
    """Write, load, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=2_300_000)
    parser.add_argument("--format", choices=("csv", "fits"), action="append")
    arguments = parser.parse_args()
    for form in arguments.format or ["csv", "fits"]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"lasp.{form}"
            {"csv": write_csv, "fits": write_fits}[form](file, arguments.rows)
            database = Path(folder) / "warehouse.duckdb"
            new_warehouse(database)
            start = time.monotonic()
            with connect(database) as connection:
                summary = load_files(connection, "lasp", [file])
            seconds = time.monotonic() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            assert summary.n_rows == arguments.rows, summary
            print(
                f"{form:5s}{file.stat().st_size / 1e6:8.0f} MB {summary.n_rows:>10,d} rows in "
                f"{seconds:5.1f} s, {summary.n_rows / seconds:>10,.0f} rows/s, peak {peak:.2f} GB"
            )


if __name__ == "__main__":
    main()
