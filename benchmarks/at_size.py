"""`dbt run` at size: 100,000 MRS spectra of 30,000 stars, from raw to the catalogues.

    .venv/bin/python benchmarks/at_size.py --stars 30000 --home /tmp/at_size

The survey is simulated straight into the raw tables, without the detour over FITS files; then
`dbt run` is timed three times: a full build, a second run with nothing new, and a run after
one per cent of new spectra. Printed are the seconds of each run, its peak memory, and the
seconds of its slowest models. With --home the warehouse is kept for a look afterwards; with
--models, a folder like HOTSTARS_HOME/models, trained networks and SLAM work as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from ingest.simulation.config import MRS_ONLY
from ingest.simulation.direct import simulate_arrow
from warehouse import raw_tables
from warehouse.connection import connect
from warehouse.home import Home
from warehouse.load import IngestRun
from warehouse.migrate import upgrade

#: Batches of 500 spectra that are loaded last, as a new night: one per cent.
KEPT_BACK = 2
#: Enough repeat visits that 30,000 stars give 100,000 spectra.
SURVEY = replace(MRS_ONLY, single_visit_fraction=0.4, visit_decay=0.25)


def load(home: Home, stars: int, seed: int) -> list[dict]:
    """Simulate into the raw tables; keep back the last batches, a new night, and return them."""
    upgrade(home.database)
    connection = connect(home.database)
    waiting: deque[dict] = deque()
    start = told = time.monotonic()
    with connection, IngestRun(connection, "simulated", "benchmark") as run:
        for batch in simulate_arrow(stars, seed, SURVEY, workers=2):
            if raw_tables.lamost_spectrum not in batch:
                run.commit(batch)
                continue
            waiting.append(batch)
            if len(waiting) > KEPT_BACK:
                run.commit(waiting.popleft())
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"  loaded {run.n_rows:,d} rows, {told - start:.0f} s", flush=True)
    return list(waiting)


def watched(process: subprocess.Popen) -> int:
    """Wait for a process; return the most memory (KiB) that it or a child of it ever held.

    The kernel's own account of a child (``ru_maxrss``) begins with what its parent held.
    """
    peak = 0
    while process.poll() is None:
        family = [process.pid]
        while family:
            folder = Path(f"/proc/{family.pop()}")
            try:
                family += map(int, (folder / f"task/{folder.name}/children").read_text().split())
                lines = (folder / "status").read_text().splitlines()
            except OSError:  # it has ended meanwhile
                continue
            peak = max([peak, *(int(line.split()[1]) for line in lines if "VmHWM" in line)])
        time.sleep(0.2)
    return peak


def timed_build(home: Home, title: str) -> float:
    """Run dbt and print its seconds, its peak memory and its slowest models."""
    start = time.monotonic()
    environment = {**os.environ, "HOTSTARS_HOME": str(home.root)}
    process = subprocess.Popen(
        [sys.executable, "-m", "hotstars", "build", "run", "--quiet"], env=environment
    )
    peak = watched(process)
    if status := process.returncode:
        raise SystemExit(f"dbt run failed with status {status}")
    seconds = time.monotonic() - start
    results = json.loads((home.dbt_target / "run_results.json").read_text())["results"]
    slowest = sorted(results, key=lambda result: -result["execution_time"])[:6]
    print(
        f"{title}: {seconds:.1f} s wall, peak memory {peak / 2**20:.2f} GiB",
        flush=True,
    )
    for result in slowest:
        print(f"    {result['unique_id'].split('.')[-1]:36s}{result['execution_time']:8.2f} s")
    return seconds


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="keep the warehouse here")
    parser.add_argument("--models", type=Path, help="registry of trained models to build with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotstars-at-size-") as folder:
        home = Home((options.home or Path(folder)).resolve())
        if options.models:
            shutil.copytree(options.models, home.models, dirs_exist_ok=True)
        later = load(home, options.stars, options.seed)
        with connect(home.database) as connection:
            counts = connection.execute(
                "select count(*), count(distinct designation) from raw.lamost_observation"
            ).fetchall()[0]
        print(f"{counts[0]:,d} spectra of {counts[1]:,d} stars in {home.database}")
        full = timed_build(home, "full build")
        again = timed_build(home, "second run")
        with connect(home.database) as connection, IngestRun(connection, "simulated", "1 %") as run:
            for batch in later:
                run.commit(batch)
        increment = timed_build(home, "1 % new   ")
    print(f"second run / full build: {again / full:.3f}   (goal < 0.05)")
    print(f"1 % new    / full build: {increment / full:.3f}")


if __name__ == "__main__":
    main()
