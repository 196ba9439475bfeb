"""A load that is killed leaves nothing half done, and no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
from lamost_survey import rejected, survey, tables

from warehouse.migrate import upgrade_in_memory

SCRIPT = """
import sys
from pathlib import Path
from warehouse.connection import connect
from ingest.lamost import load
load.BYTES_WORTH_A_POOL = 2
if __name__ == "__main__":
    counts = load.ingest_lamost(connect(sys.argv[1]), [sys.argv[2]], workers=2, batch_files=16,
                                commit_spectra=1, progress=False)
    print(counts.skipped, counts.loaded, counts.rejected)
"""


def on_disk(path: Path) -> Path:
    connection = upgrade_in_memory()
    connection.execute(f"attach '{path}' as disk")
    connection.execute("copy from database memory to disk")
    connection.close()
    return path


def test_killed_at_any_moment_the_next_run_completes(tmp_path: Path) -> None:
    files = tmp_path / "files"
    survey(files, 60)
    (files / "0005-bad.fits").write_bytes(b"<html>")
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}

    def command(database: Path) -> list[str]:
        return [sys.executable, str(script), str(database), str(files)]

    calm = on_disk(tmp_path / "calm.duckdb")
    start = time.monotonic()
    subprocess.run(command(calm), env=environment, check=True, timeout=120, capture_output=True)
    took = time.monotonic() - start
    killed = on_disk(tmp_path / "killed.duckdb")
    for part in (0.7, 0.9):
        process = subprocess.Popen(
            command(killed),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(took * part)
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 20
        while _alive(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _alive(process.pid), "workers outlive their parent"
    subprocess.run(command(killed), env=environment, check=True, timeout=120, capture_output=True)
    with duckdb.connect(str(calm)) as one, duckdb.connect(str(killed)) as other:
        assert tables(one) == tables(other)
        assert rejected(one) == rejected(other)
        ledger = "select path, sha256, n_rows, note from raw.ingested_file order by path"
        assert one.execute(ledger).fetchall() == other.execute(ledger).fetchall()


def _alive(group: int) -> bool:
    """Tell whether a process of the session is left (and no mere zombie)."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", maxsplit=1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            return True
    return False
