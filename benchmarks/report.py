"""Pages of stars at size: seconds, bytes and memory of a thousand and more.

    .venv/bin/python benchmarks/report.py --home data --pages 1000 --workers 2

The stars of a home are gone through again and again until there are enough pages; spectra are drawn
and tables asked for each of them, as `hotstars report` does. With `--table` a list of so many stars
is written as well, which the page of all stars reads.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import pyarrow as pa

from hotstars.report import work
from hotstars.report.pages import site, stars_script
from hotstars.report.stars import catalogue_stars
from ingest.pool import default_workers, ordered_map


def repeated(listed: pa.Table, n: int) -> pa.Table:
    """Return so many rows, the stars again and again."""
    times = -(-n // listed.num_rows)
    return pa.concat_tables([listed] * times).slice(0, n).combine_chunks()


def together() -> float:
    """Return the memory of this process and all that it started, MiB; shared pages count twice."""
    group, pages = os.getpgrp(), 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(told[2]) == group:
            pages += int(told[21])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def watch(stop: threading.Event, peak: list[float]) -> None:
    """Note the greatest memory until told to stop."""
    while not stop.wait(0.2):
        peak[0] = max(peak[0], together())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path("data"))
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--table", type=int, default=100_000, help="Stars of the list; 0 for none.")
    options = parser.parse_args()
    root = options.home.resolve()
    listed = catalogue_stars(work.source(root).connection)
    if not listed.num_rows:
        sys.exit(f"{root}: no stars in its catalogues")
    shared = site("benchmark", simulated=True, lineage=False)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stars").mkdir()
        rows = repeated(listed, options.pages)
        tasks = [
            work.Pages(root, Path(folder), shared, pa.Table.from_batches(
                rows.slice(first, work.BLOCK).combine_chunks().to_batches()))
            for first in range(0, rows.num_rows, work.BLOCK)
        ]  # fmt: skip
        stop, peak = threading.Event(), [0.0]
        watching = threading.Thread(target=watch, args=(stop, peak))
        watching.start()
        start = time.monotonic()
        n = sum(
            done
            for done in ordered_map(work.do, tasks, workers=options.workers)
            if isinstance(done, int)
        )
        seconds = time.monotonic() - start
        stop.set()
        watching.join()
        sizes = [path.stat().st_size for path in (Path(folder) / "stars").iterdir()]
        print(
            f"{n:,d} pages of {listed.num_rows:,d} stars: {seconds:.1f} s with {options.workers} "
            f"processes, {sum(sizes) / len(sizes) / 1000:.0f} kB a page, at most {peak[0]:.0f} MiB "
            "together"
        )
    if options.table:
        rows = repeated(listed, options.table)
        start = time.monotonic()
        text = stars_script(rows, rows.num_rows)
        print(
            f"list of {options.table:,d} stars: {time.monotonic() - start:.1f} s, "
            f"{len(text.encode()) / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
