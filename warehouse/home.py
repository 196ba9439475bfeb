"""Where the warehouse keeps its files: ``HOTSTARS_HOME``, by default ``./data``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folders of one warehouse."""

    root: Path

    @property
    def database(self) -> Path:
        """The DuckDB file that every verb reads or writes."""
        return self.root / "warehouse.duckdb"

    @property
    def models(self) -> Path:
        """The registry of trained models."""
        return self.root / "models"

    @property
    def export(self) -> Path:
        """Released tables."""
        return self.root / "export"

    @property
    def simulated(self) -> Path:
        """Files that ``hotstars simulate`` wrote."""
        return self.root / "simulated"

    @property
    def published(self) -> Path:
        """Releases that people read while the next rebuild runs."""
        return self.root / "published"

    @property
    def report(self) -> Path:
        """The static report."""
        return self.root / "report"

    @property
    def checks(self) -> Path:
        """Scores that checks of the models keep for the report."""
        return self.root / "checks"

    @property
    def dbt_target(self) -> Path:
        """What dbt writes about its runs, the manifest among it."""
        return self.root / "dbt_target"


def current_home() -> Home:
    """Return the home that ``HOTSTARS_HOME`` names, as an absolute path."""
    return Home(Path(os.environ.get("HOTSTARS_HOME") or "data").expanduser().resolve())
