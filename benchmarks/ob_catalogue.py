"""Make a warehouse of simulated OB stars at low resolution, to measure `ob_distances` on.

    .venv/bin/python benchmarks/ob_catalogue.py --stars 6000 --home /tmp/ob
    export HOTSTARS_HOME=/tmp/ob
    .venv/bin/hotstars train absolute-magnitude
    .venv/bin/hotstars build run --select +ob_distances
    .venv/bin/hotstars check-distances

The survey that `hotstars simulate` writes has some 150 such stars; here all of them are, three
quarters of them B stars, simulated straight into the raw tables without the detour over FITS
files. SLAM is trained on the simulated grid, and `int_ob_stars` is built.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest.simulation.config import SurveyConfig
from ingest.simulation.direct import simulate_arrow
from ingest.simulation.model_grid import write_model_grid
from warehouse.connection import connect
from warehouse.home import Home
from warehouse.load import IngestRun
from warehouse.migrate import upgrade

SURVEY = SurveyConfig(
    fractions=(
        ("B", 0.74),
        ("Be", 0.11),
        ("O", 0.04),
        ("supergiant", 0.04),
        ("SB2", 0.04),
        ("HII", 0.01),
        ("Oe", 0.01),
        ("Herbig", 0.01),
    ),
    lrs_only_fraction=1.0,
    both_fraction=0.0,
    exposures_fraction=0.0,
)


def main() -> None:
    """Make the warehouse."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, required=True)
    options = parser.parse_args()
    home = Home(options.home.resolve())
    start = time.monotonic()
    upgrade(home.database)
    with connect(home.database) as connection, IngestRun(connection, "simulated", "OB") as run:
        for batch in simulate_arrow(options.stars, options.seed, SURVEY, workers=2):
            run.commit(batch)
    print(f"{options.stars:,d} stars loaded ({time.monotonic() - start:.0f} s)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        write_model_grid(Path(folder))
        hotstars(home, "ingest", "model_grid", folder)
    hotstars(home, "train", "slam", "--survey", "lrs")
    hotstars(home, "build", "run", "--quiet", "--select", "+int_ob_stars")
    print(f"{home.root}: done in {time.monotonic() - start:.0f} s")


def hotstars(home: Home, *arguments: str) -> None:
    """Run a verb of the command on the warehouse."""
    environment = {**os.environ, "HOTSTARS_HOME": str(home.root)}
    subprocess.run([sys.executable, "-m", "hotstars", *arguments], env=environment, check=True)


if __name__ == "__main__":
    main()
