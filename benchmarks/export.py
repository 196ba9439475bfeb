"""Exports at size: seconds and peak memory of each format for a million rows.

    .venv/bin/python benchmarks/export.py --rows 1000000

A table of twelve columns is made in a DuckDB file; each format is written by a process of its
own, whose peak memory is the kernel's account of it, less that of the same process with ten rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from warehouse.export import ExportFormat, export_mart
from warehouse.export.metadata import Mart, MartColumn

COLUMNS = (
    MartColumn("designation", "Star", None, "meta.id;meta.main", "A20"),
    MartColumn("survey", "Survey", None, "meta.id;instr", "A10"),
    MartColumn("ra", "Right ascension", "deg", "pos.eq.ra;meta.main", "F10.6"),
    MartColumn("dec", "Declination", "deg", "pos.eq.dec;meta.main", "F10.6"),
    *(
        MartColumn(f"{name}{end}", name, "mag", f"{kind}phot.mag", "F9.4")
        for name in ("j", "h", "k", "w1")
        for end, kind in (("", ""), ("_error", "stat.error;"))
    ),
)
MART = Mart("big", "marts", "Made for a benchmark", COLUMNS, ("designation",))


def make(database: Path, rows: int) -> None:
    """Write the table."""
    values = ", ".join(
        f"(range * {0.37 + 0.1 * i}::double) % 19 as {column.name}"
        if "error" not in column.name
        else f"0.01 + range % 97 / 1000.0 as {column.name}"
        for i, column in enumerate(COLUMNS[4:])
    )
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.big as select 'J' || lpad(range::varchar, 10, '0') as designation, "
            "'SIM-MRS' as survey, (range * 0.618::double) % 360 as ra, "
            "(range * 0.0317::double) % 180 - 90 as dec, "
            f"{values} from range({rows})"
        )


def one(database: Path, name: str, folder: Path) -> None:
    """Export once; print seconds and peak memory."""
    with duckdb.connect(str(database), read_only=True, config={"memory_limit": "400MB"}) as found:
        start = time.monotonic()
        export_mart(found, MART, ExportFormat(name), folder)
        seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "mib": peak}))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=3, metavar=("DATABASE", "FORMAT", "FOLDER"))
    options = parser.parse_args()
    if options.one:
        one(Path(options.one[0]), options.one[1], Path(options.one[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        databases = {n: Path(folder) / f"{n}.duckdb" for n in (10, options.rows)}
        for n, path in databases.items():
            make(path, n)
        print(f"{options.rows:,d} rows, {len(COLUMNS)} columns; DuckDB limited to 400 MB")
        for name in ExportFormat:
            told = {}
            for n, path in databases.items():
                command = [sys.executable, __file__, "--one", str(path), name.value, folder]
                told[n] = json.loads(subprocess.check_output(command, text=True))
            few, many = told[10], told[options.rows]
            print(
                f"{name.value:8s} {many['seconds']:7.1f} s   peak {many['mib']:6.0f} MiB, "
                f"{many['mib'] - few['mib']:6.0f} more than with ten rows"
            )


if __name__ == "__main__":
    main()
