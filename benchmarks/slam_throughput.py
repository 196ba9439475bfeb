"""Labels a second in SQL: low-resolution spectra through rectification, velocity and SLAM.

    .venv/bin/python benchmarks/slam_throughput.py [--spectra 16032] [--survey LRS]

Simulated spectra of hot stars go into a DuckDB table as the warehouse holds them; then one query
does what ``int_slam_lrs_labels`` does, with the model in use of HOTSTARS_HOME (`hotstars train
slam`). Beside it the same spectra through the bare functions, without DuckDB.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ingest.simulation.config import SurveyConfig
from ingest.simulation.direct import simulate_arrow
from udfs.register import register
from udfs.slam import slam_labels_columns, slam_spectrum_columns
from warehouse import raw_tables
from warehouse.home import current_home

ARM = ("flux", "ivar", "or_mask", "log_wavelength_start", "log_wavelength_step", "wavelength")
KINDS = (("B", 0.85), ("O", 0.1), ("supergiant", 0.05))


def spectra(n: int, survey: str) -> pa.Table:
    """Return raw spectra of hot stars, one row a spectrum; the arms of MRS side by side."""
    low = survey == "LRS"
    config = SurveyConfig(
        fractions=KINDS,
        lrs_only_fraction=1.0 if low else 0.0,
        both_fraction=0.0,
        exposures_fraction=0.0,
    )
    parts = [
        table
        for batch in simulate_arrow(max(n // 2, 100), 7, config)
        for kind, table in batch.items()
        if kind is raw_tables.lamost_spectrum
    ]
    connection = duckdb.connect()
    connection.register("parts", pa.concat_tables(parts))
    arms = ("l",) if low else ("b", "r")
    columns = ", ".join(f"{arm}.{name} as {name}_{arm}" for arm in arms for name in ARM)
    joins = " ".join(f"inner join arm_{arm} as {arm} using (obsid)" for arm in arms[1:])
    for arm in arms:
        connection.execute(
            f"create view arm_{arm} as from parts where arm = upper('{arm}') and exposure = 0"
        )
    return connection.execute(
        f"select {columns} from arm_{arms[0]} as {arms[0]} {joins} limit {n}"
    ).to_arrow_table()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectra", type=int, default=16032, help="spectra (default 16032)")
    parser.add_argument("--survey", choices=("LRS", "MRS"), default="LRS")
    parser.add_argument("--bare", type=int, default=1024, help="of them through bare functions")
    arguments = parser.parse_args()
    survey = arguments.survey
    model = f"slam-{survey.lower()}"
    os.environ.setdefault("HOTSTARS_MODELS", str(current_home().models))
    raw = spectra(arguments.spectra, survey)
    threadpool_limits(1, user_api="blas")  # as the dbt plugin does: DuckDB has the threads
    connection = duckdb.connect()
    register(connection)
    connection.register("raw", raw)
    connection.execute("create table spectra as from raw")
    names = ", ".join(raw.column_names)
    suffix = survey.lower()
    begin = time.perf_counter()
    (n_labels,) = connection.execute(f"""
        with at_rest as materialized (
            select slam_spectrum_{suffix}({names}, null, false, '{model}') as s from spectra
        ),
        solved as materialized (
            select slam_labels_{suffix}(s.flux, s.ivar, '{model}') as found from at_rest
        )
        select count(found.teff) from solved
    """).fetchall()[0]
    in_sql = time.perf_counter() - begin
    some = raw.slice(0, arguments.bare)
    n = len(some)
    nothing = pa.nulls(n, pa.float64())
    no, named = pa.array([False] * n), pa.array([model] * n)
    begin = time.perf_counter()
    found = slam_spectrum_columns(*some.columns, nothing, no, named, survey=survey)
    rectified = time.perf_counter() - begin
    slam_labels_columns(found.field("flux"), found.field("ivar"), named, survey=survey)
    solved = time.perf_counter() - begin - rectified
    threads = connection.execute("select current_setting('threads')").fetchall()[0][0]
    print(f"{survey}, model {model}, {len(raw):,d} simulated spectra, velocities measured")
    print(
        f"in SQL, {threads} threads: {in_sql:.1f} s, {len(raw) / in_sql:.0f} a second, "
        f"{n_labels:,d} with labels"
    )
    print(
        f"bare, 1 thread, {n:,d} of them: {n / (rectified + solved):.0f} a second "
        f"({1e3 * rectified / n:.1f} ms to rest, {1e3 * solved / n:.1f} ms for labels)"
    )
    print(f"16,032 at this rate: {16032 / len(raw) * in_sql / 60:.1f} minutes")


if __name__ == "__main__":
    main()
