"""The dbt project beside the program: its last manifest, and whether its tables are built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.home import Home

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"


def newest_manifest(home: Home) -> Path:
    """Return the manifest of the newest rebuild, of ``hotstars build`` or of dbt run on its own.

    It tells tables as they were built, not as the project would build them now.
    """
    from warehouse.export.rebuilds import built_manifest

    found = [built_manifest(folder) for folder in (home.dbt_target, PROJECT / "target")]
    there = [path for path in found if path.exists()]
    return max(there, key=lambda path: path.stat().st_mtime, default=found[0])


def check_built_by_this_version(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise where a mart was built by a version whose marts had other columns.

    Parameters
    ----------
    connection
        To a built warehouse; marts that were not built are no fault.

    Raises
    ------
    WarehouseError
        Names the mart, the column and the way out.
    """
    import yaml

    from warehouse.connection import WarehouseError

    there: dict[str, set[str]] = {}
    for mart, column in connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'marts' order by all"
    ).fetchall():
        there.setdefault(mart, set()).add(column)
    for path in sorted((PROJECT / "models" / "marts").glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            known = there.get(model["name"])
            lacking = [
                column["name"]
                for column in model["columns"]
                if known and column["name"] not in known
            ]
            if lacking:
                raise WarehouseError(
                    f"marts.{model['name']} has no column {', '.join(lacking)}: it was built by "
                    "another version of hotstars; build again with: hotstars build"
                )
