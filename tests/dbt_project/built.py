"""A warehouse with dbt at hand, and the printed rows to compare it with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

#: dbt as `hotstars build` runs it.
_DBT = "import sys; from hotstars.verbs.build import dbt; raise SystemExit(dbt(*sys.argv[1:]))"


@dataclass(frozen=True)
class Built:
    """A home with a warehouse, and dbt on it."""

    home: Path

    @property
    def database(self) -> Path:
        return self.home / "warehouse.duckdb"

    def dbt(self, *arguments: str) -> dict[str, Any]:
        """Run dbt as `hotstars build` does; return its results, and fail where it fails."""
        done = subprocess.run(
            [sys.executable, "-c", _DBT, *arguments],
            env={**os.environ, "HOTSTARS_HOME": str(self.home), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return self.json("run_results")

    def json(self, name: str) -> dict[str, Any]:
        """Return what dbt wrote: manifest or run_results."""
        found: dict[str, Any] = json.loads((self.home / "dbt_target" / f"{name}.json").read_text())
        return found

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> dict[str, Any]:
        """Return the one row of a query as a dictionary."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            cursor = connection.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            (values,) = cursor.fetchall()
        return dict(zip(names, values, strict=True))

    def copied_to(self, home: Path) -> Built:
        """A copy that a test may change."""
        shutil.copytree(self.home, home)
        return Built(home)
