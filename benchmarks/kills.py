"""Kill ingest and `dbt run` at random moments; a plain re-run must end in the same tables.

    .venv/bin/python benchmarks/kills.py --kills 20 --stars 150

A small survey is simulated once. An undisturbed ingest and `dbt run` give the reference
fingerprints of every table of raw, truth, intermediate and marts. Then, for each kill, a
fresh warehouse is loaded (or rebuilt), the process gets SIGKILL after a random part of the
undisturbed time, the same command is run again to its end, and the fingerprints are compared.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from warehouse.connection import connect
from warehouse.fingerprint import fingerprints

SCHEMAS = ("raw", "truth", "intermediate", "marts")


def command(home: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command line and environment of a verb on a home."""
    return (
        [sys.executable, "-m", "hotstars", *arguments],
        {**os.environ, "HOTSTARS_HOME": str(home)},
    )


def run(home: Path, *arguments: str) -> float:
    """Run a verb to its end and return the seconds it took."""
    line, environment = command(home, *arguments)
    start = time.monotonic()
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(line)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return time.monotonic() - start


def run_and_kill(home: Path, seconds: float, *arguments: str) -> bool:
    """Start a verb, kill it after so many seconds; tell whether it was still running."""
    line, environment = command(home, *arguments)
    process = subprocess.Popen(
        line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def state(home: Path) -> dict[str, tuple[int, int]]:
    """Return the fingerprints of a home's warehouse."""
    with connect(home / "warehouse.duckdb", read_only=True) as connection:
        return fingerprints(connection, SCHEMAS)


def differences(want: dict[str, tuple[int, int]], got: dict[str, tuple[int, int]]) -> list[str]:
    """Name the tables that differ."""
    return [
        f"{name}: {want.get(name)} became {got.get(name)}"
        for name in sorted(set(want) | set(got))
        if want.get(name) != got.get(name)
    ]


def killed_runs(
    stage: str, kills: int, start: Path, verb: list[str], seconds: float,
    want: dict[str, tuple[int, int]], seed: int, folder: Path,
) -> int:  # fmt: skip
    """Kill a verb so many times, each on a fresh copy of a home; return how many ended wrong."""
    random_ = random.Random(seed)
    wrong = 0
    for number in range(1, kills + 1):
        home = folder / f"{stage}-{number}"
        home.mkdir()
        shutil.copy(start / "warehouse.duckdb", home / "warehouse.duckdb")
        moment = random_.uniform(0.05, 1.0) * seconds
        interrupted = run_and_kill(home, moment, *verb)
        run(home, *verb)
        found = differences(want, state(home))
        wrong += bool(found)
        print(
            f"{stage} kill {number:2d} after {moment:6.2f} s"
            f"{'' if interrupted else ' (it had ended)'}: "
            + ("same tables" if not found else "DIFFERENT " + "; ".join(found)),
            flush=True,
        )
        shutil.rmtree(home)
    return wrong


def main() -> int:
    """Run the whole experiment and return the number of kills that ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="kills of each command")
    parser.add_argument("--stars", type=int, default=150, help="stars of the simulated survey")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotstars-kills-") as name:
        folder = Path(name)
        reference, empty, loaded = (folder / part for part in ("reference", "empty", "loaded"))
        for home in (reference, empty, loaded):
            home.mkdir()
        survey = folder / "survey"
        run(reference, "simulate", "--stars", str(options.stars), "--seed", str(options.seed),
            "--out", str(survey))  # fmt: skip
        run(empty, "init")
        shutil.copy(empty / "warehouse.duckdb", reference / "warehouse.duckdb")
        ingest = ["ingest", "simulated", str(survey)]
        ingest_seconds = run(reference, *ingest)
        shutil.copy(reference / "warehouse.duckdb", loaded / "warehouse.duckdb")
        raw = state(reference)
        build_seconds = run(reference, "build", "run")
        built = state(reference)
        print(f"undisturbed: ingest {ingest_seconds:.1f} s, dbt run {build_seconds:.1f} s")
        wrong = killed_runs(
            "ingest", options.kills, empty, ingest, ingest_seconds, raw, options.seed, folder
        )
        wrong += killed_runs(
            "build", options.kills, loaded, ["build", "run"], build_seconds, built,
            options.seed + 1, folder,
        )  # fmt: skip
    print(f"{2 * options.kills} kills, {wrong} ended in other tables")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
