"""How fast LAMOST files are read and loaded, beside bare astropy on the same files.

    python benchmarks/lamost_files.py                      # generated files, both resolutions
    python benchmarks/lamost_files.py --files FOLDER       # files of your own

"Bare astropy" opens a file with ``astropy.io.fits.open``, reads every header and touches
every column: no check, no table, no warehouse. Readers take turns within a repetition, so that
a busy machine slows them alike; medians are printed.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from astropy.io import fits

from ingest.files import discover
from ingest.lamost import ingest_lamost
from ingest.lamost.batches import Job, read_batch
from ingest.lamost.reader import read_lamost
from ingest.pool import default_workers
from warehouse.connection import connect
from warehouse.migrate import upgrade_in_memory


def bare_astropy(paths: Sequence[Path]) -> None:
    """Open each file and touch all of its data."""
    for path in paths:
        with fits.open(path) as hdus:
            for hdu in hdus:
                _ = len(hdu.header)
                data = hdu.data
                if data is None:
                    continue
                for array in [data[name] for name in data.dtype.names or []] or [data]:
                    array.sum()


def our_reader(paths: Sequence[Path]) -> None:
    """Read, hash, unpack, check and judge each file: numpy arrays."""
    for path in paths:
        read_lamost(path)


def our_worker(paths: Sequence[Path]) -> None:
    """Do all that a worker process does: also the Arrow tables."""
    read_batch(Job(tuple(paths), single_exposures=True, salvage=False))


def our_load(paths: Sequence[Path], workers: int) -> float:
    """Load into a new warehouse on disk and close it; return seconds without its making."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "warehouse.duckdb"
        empty = upgrade_in_memory()
        empty.execute(f"attach '{database}' as disk (storage_version 'latest')")
        empty.execute("copy from database memory to disk")
        empty.close()
        connection = connect(database)
        start = time.perf_counter()
        counts = ingest_lamost(connection, paths, workers=workers, progress=False)
        connection.close()
        took = time.perf_counter() - start
    if counts.rejected:
        print(f"{counts.rejected} files were rejected: {counts.reasons[:3]}", file=sys.stderr)
    return took


def measure(paths: Sequence[Path], repeats: int, workers: int) -> dict[str, float]:
    """Return median seconds of each reader, turn by turn; all but the last on one core."""
    readers: list[Callable[[Sequence[Path]], None]] = [bare_astropy, our_reader, our_worker]
    times: dict[str, list[float]] = {}

    def keep(repeat: int, name: str, took: float) -> None:
        if repeat:  # the first round warms caches and imports
            times.setdefault(name, []).append(took)

    for repeat in range(repeats + 1):
        for reader in readers:
            start = time.perf_counter()
            reader(paths)
            keep(repeat, reader.__name__, time.perf_counter() - start)
        keep(repeat, "our_load_1_worker", our_load(paths, 1))
        if workers > 1:
            keep(repeat, f"our_load_{workers}_workers", our_load(paths, workers))
    return {name: statistics.median(values) for name, values in times.items()}


def generate(folder: Path, count: int) -> dict[str, list[Path]]:
    """Write gzipped files of full size: low resolution, medium resolution."""
    # the factory of the tests has this script's own name: load it by path
    place = Path(__file__).resolve().parents[1] / "tests" / "ingest" / "lamost_files.py"
    spec = importlib.util.spec_from_file_location("lamost_file_factory", place)
    assert spec is not None
    assert spec.loader is not None
    lamost_files: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = lamost_files
    spec.loader.exec_module(lamost_files)
    lamost_files.LRS_PIXELS, lamost_files.MRS_PIXELS = 3909, 4100
    lamost_files.R_START = 3.7988
    groups: dict[str, list[Path]] = {"lrs": [], "mrs": []}
    for name, writer in (("lrs", lamost_files.lrs_image), ("mrs", lamost_files.mrs_rows)):
        for i in range(count if name == "lrs" else max(count // 10, 4)):
            star = lamost_files.Star(obsid=i + 1 if name == "lrs" else 10**6 + i, seed=i)
            plain = writer(folder / f"{name}-{i:05d}.fits", star)
            packed = plain.with_suffix(".fits.gz")
            packed.write_bytes(gzip.compress(plain.read_bytes(), 6))
            plain.unlink()
            groups[name].append(packed)
    return groups


def main() -> None:
    """Print a table, and JSON with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=Path, help="folder of LAMOST files")
    parser.add_argument("--count", type=int, default=1000, help="files to generate")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    report: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if arguments.files:
            paths = discover([arguments.files])
            groups = {
                "lrs": [path for path in paths if not path.name.startswith("med-")],
                "mrs": [path for path in paths if path.name.startswith("med-")],
            }
        else:
            groups = generate(Path(folder), arguments.count)
        for name, paths in groups.items():
            if not paths:
                continue
            size = sum(path.stat().st_size for path in paths) / 1e6
            seconds = measure(paths, arguments.repeats, arguments.workers)
            report[name] = {"files": len(paths), "megabytes": size, **seconds}
            print(f"{name}: {len(paths)} files, {size:.1f} MB packed", file=sys.stderr)
            for reader, took in seconds.items():
                print(
                    f"  {reader:22s}{len(paths) / took:9.0f} files/s {size / took:8.1f} MB/s "
                    f"{seconds['bare_astropy'] / took:6.2f} x bare astropy",
                    file=sys.stderr,
                )
    if arguments.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
