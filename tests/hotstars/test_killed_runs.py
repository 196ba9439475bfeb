"""Commands that are killed at any moment, and called again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_killed_runs_end_in_the_same_tables() -> None:
    """The short form of benchmarks/kills.py, which kills each command twenty times."""
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "benchmarks" / "kills.py"), "--kills", "1",
         "--stars", "30"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 ended in other tables" in done.stdout
