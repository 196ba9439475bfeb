"""The sky cross-match beside the specialised tools, in one run, on the same files.

    .venv/bin/python benchmarks/crossmatch.py --sizes 1e5x1e6 --lsdb-python ~/lsdb/bin/python

Two skies, one even over the sphere and one crowded along the Galactic plane and in clusters;
every pair within 3 arcsec. Each tool runs in its own process from a file or index of its own
kind, made beforehand and not timed: Parquet for ours and for astropy, FITS for STILTS, an
indexed and clustered table for Q3C, a HATS catalogue with margin for LSDB. Timed is the way from
there to all pairs on disk (Q3C: in a table). Printed, as a table for docs/crossmatch.md, are
seconds, rows of both tables a second, peak memory of all its processes, how many times as long
as ours, and whether the pairs are ours. A tool that is not installed is passed over with a word
on how to install it.
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
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TOOLS = Path(__file__).resolve().with_name("crossmatch_tools.py")
ARCSEC = np.pi / 180 / 3600
TITLES = {
    "ours": "ours, from Parquet",
    "astropy": "astropy search_around_sky, from Parquet",
    "stilts": "STILTS tmatch2, from FITS",
    "lsdb": "LSDB, from HATS",
    "ours_stored": "ours, cells stored",
    "q3c": "Q3C in PostgreSQL, index ready",
}
HOW_TO_INSTALL = {
    "stilts": "apt-get install stilts",
    "q3c": "apt-get install postgresql-15-q3c",
    "lsdb": "python -m venv ~/lsdb; ~/lsdb/bin/pip install lsdb; --lsdb-python ~/lsdb/bin/python",
}


def even_sky(n: int, generator: np.random.Generator) -> np.ndarray:
    """Directions, shape (n, 3), even over the sphere."""
    places = generator.normal(size=(n, 3))
    return places / np.linalg.norm(places, axis=1, keepdims=True)


def crowded_sky(n: int, generator: np.random.Generator) -> np.ndarray:
    """Directions, shape (n, 3): 65 % in a thin plane, 25 % in 300 clusters, the rest even."""
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
    shared = np.random.default_rng(20)  # both tables have the same clusters
    centres = even_sky(300, shared) * [1, 1, 0.05]
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    sizes = np.radians(shared.uniform(0.03, 0.3, 300))
    which = generator.integers(0, 300, clusters)
    in_clusters = centres[which] + generator.normal(size=(clusters, 3)) * sizes[which, None]
    places = np.concatenate([in_plane, in_clusters, even_sky(n - plane - clusters, generator)])
    # The plane must not follow a circle of declination: tilted as the Galaxy's.
    cos, sin = np.cos(np.radians(62.87)), np.sin(np.radians(62.87))
    places = places @ np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    return generator.permutation(places / np.linalg.norm(places, axis=1, keepdims=True))


SKIES = {"even": even_sky, "crowded": crowded_sky}


def write_skies(folder: Path, sky: str, n_left: int, n_right: int) -> None:
    """Two tables as Parquet: four of five left sources are right ones seen 0.5 arcsec beside."""
    generator = np.random.default_rng(n_left + n_right)
    right = SKIES[sky](n_right, generator)
    n_same = n_left * 4 // 5
    same = right[generator.integers(0, n_right, n_same)]
    same = same + generator.normal(size=same.shape) * 0.5 * ARCSEC
    left = np.concatenate([same, SKIES[sky](n_left - n_same, generator)])
    for name, places in (("left", left), ("right", right)):
        ra = np.degrees(np.arctan2(places[:, 1], places[:, 0])) % 360
        dec = np.degrees(np.arctan2(places[:, 2], np.hypot(places[:, 0], places[:, 1])))
        table = pa.table({"id": np.arange(len(places)), "ra": ra, "dec": dec})
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=122_880)


@dataclass
class Result:
    """What one tool took, before and in the match; its pairs, and whether they are ours."""

    tool: str
    seconds: float
    peak_bytes: int
    seconds_before: float
    n_pairs: int
    is_same: bool


def memory_of(root: int) -> int:
    """Bytes that a process and all its descendants hold, shared pages counted once."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    total, family = 0, [root]
    while family:
        process = family.pop()
        family += parents.get(process, [])
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def run(tool: str, step: str, arguments: list[str], python: str) -> int:
    """Run one step of a tool in a process of its own; gives its peak memory in bytes."""
    command = [python, str(TOOLS), tool, step, *arguments]
    log = Path(arguments[0]) / f"{tool}.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(0.1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, log.read_text()[-2000:])
    return peak


def is_installed(tool: str, lsdb_python: str | None) -> bool:
    """Whether a tool can run here."""
    return {
        "stilts": shutil.which("stilts") is not None,
        "q3c": Path("/usr/share/postgresql/15/extension/q3c.control").exists(),
        "lsdb": lsdb_python is not None,
    }.get(tool, True)


def differences(folder: Path, tool: str) -> tuple[int, int]:
    """How many pairs a tool found, and how many are found by one of it and us only."""
    theirs, ours = (f"'{folder}/{name}.parquet'" for name in (tool, "ours"))
    pairs = "select left_id, right_id from"
    row = duckdb.sql(
        f"""select
            (select count(*) from {theirs}),
            (select count(*) from ({pairs} {theirs} except all {pairs} {ours}))
            + (select count(*) from ({pairs} {ours} except all {pairs} {theirs}))"""
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def measure(folder: Path, tools: list[str], options: argparse.Namespace) -> list[Result]:
    """Run all tools on the tables of a folder in turns, so that a busy minute falls on all."""
    arguments = [str(folder), str(options.radius), str(options.threads)]
    runs: dict[str, list[tuple[float, int]]] = {}
    prepared: dict[str, float] = {}
    for turn in range(options.repeat):
        for tool in tools:
            if turn and (tool not in runs or runs[tool][0][0] > options.patience):
                continue
            python = (options.lsdb_python if tool == "lsdb" else None) or sys.executable
            try:
                if not turn:
                    start = time.monotonic()
                    run(tool, "prepare", arguments, python)
                    prepared[tool] = time.monotonic() - start
                peak = run(tool, "match", arguments, python)
            except subprocess.CalledProcessError as error:
                print(f"{tool} failed: {error.output}", file=sys.stderr)
                runs.pop(tool, None)
                continue
            seconds = float((folder / f"{tool}.seconds").read_text())
            runs.setdefault(tool, []).append((seconds, peak))
            print(f"  {tool}: {seconds:.2f} s", file=sys.stderr)
            if tool == "ours":
                most = duckdb.sql(f"select max(number_of_neighbours) from '{folder}/ours.parquet'")
                os.environ["MAX_NEIGHBOURS"] = str((most.fetchone() or (1,))[0] + 1)
    results = []
    for tool, measured in runs.items():
        n_pairs, n_different = differences(folder, tool)
        results.append(Result(tool, *min(measured), prepared[tool], n_pairs, n_different == 0))
    return results


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", default=["1e5x1e6", "3e5x1e7"])
    parser.add_argument("--skies", nargs="+", default=list(SKIES), choices=list(SKIES))
    parser.add_argument("--tools", nargs="+", default=list(TITLES))
    parser.add_argument("--radius", type=float, default=3.0, help="arcsec")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each tool, the best counts")
    parser.add_argument(
        "--patience", type=float, default=15.0, help="a tool that takes longer runs once, s"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--lsdb-python", help="a Python that has lsdb")
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--json", type=Path, help="write the results here too")
    options = parser.parse_args()

    tools = []
    for tool in options.tools:
        if is_installed(tool, options.lsdb_python):
            tools.append(tool)
        else:
            print(f"{tool} is not installed: {HOW_TO_INSTALL[tool]}", file=sys.stderr)
    print(
        "| tables | sky | tool | made ready, s | match, s | rows/s | peak MB | times ours | pairs |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    records = []
    for size in options.sizes:
        n_left, n_right = (int(float(part)) for part in size.split("x"))
        for sky in options.skies:
            with tempfile.TemporaryDirectory(dir=options.folder) as name:
                folder = Path(name)
                folder.chmod(0o755)
                write_skies(folder, sky, n_left, n_right)
                results = measure(folder, tools, options)
            for result in results:
                # An index that is ready is compared with cells that are stored.
                like = "ours_stored" if result.tool == "q3c" else "ours"
                ours = next((one for one in results if one.tool == like), results[0])
                print(
                    f"| {size} | {sky} | {TITLES[result.tool]} | {result.seconds_before:.1f} "
                    f"| {result.seconds:.2f} | {(n_left + n_right) / result.seconds:,.0f} "
                    f"| {result.peak_bytes / 1e6:,.0f} | {result.seconds / ours.seconds:.1f} "
                    f"| {result.n_pairs:,}{'' if result.is_same else ', not ours'} |",
                    flush=True,
                )
                records.append({"size": size, "sky": sky, **vars(result)})
    if options.json:
        options.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
