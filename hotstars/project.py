"""The dbt project beside the program, and the manifest that it wrote last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.home import Home

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"


def newest_manifest(home: Home) -> Path:
    """Return dbt's newest manifest: that of ``hotstars build``, or of dbt run on its own."""
    folders = (home.dbt_target, PROJECT / "target")
    found = [folder / "manifest.json" for folder in folders if (folder / "manifest.json").exists()]
    return max(found, key=lambda path: path.stat().st_mtime, default=folders[0] / "manifest.json")
