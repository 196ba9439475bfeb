"""Where released numbers come from: program, commit, dbt's run, models, settings, releases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from warehouse.export.metadata import Mart

#: Calls of dbt that make tables.
REBUILDS = ("run", "build")


def of_rebuild(
    target: Path, project: Path, connection: duckdb.DuckDBPyConnection, commit: str
) -> dict[str, Any]:
    """Return what is known of the rebuild that made the catalogues.

    Parameters
    ----------
    target
        Folder of dbt's ``manifest.json`` and ``run_results.json``.
    project
        Folder of ``dbt_project.yml``, for the vars that differ from it.
    connection
        To the warehouse, for the sources' releases.
    commit
        Of the source tree, or 'unknown'.
    """
    results = last_rebuild(target)
    metadata = results.get("metadata", {}) or _json(target / "manifest.json").get("metadata", {})
    facts: dict[str, Any] = {
        "commit": commit,
        "dbt_invocation": metadata.get("invocation_id", "unknown"),
    }
    changed = changed_vars(results.get("args", {}).get("vars") or {}, project / "dbt_project.yml")
    if changed:
        facts["vars"] = ", ".join(f"{name} {value}" for name, value in sorted(changed.items()))
    releases = source_releases(connection)
    if releases:
        facts["sources"] = "; ".join(f"{name} {', '.join(of)}" for name, of in releases.items())
    return facts


def keep_rebuild(target: Path) -> None:
    """Keep what dbt's last call said of itself, where it rebuilt tables: tests and docs do not.

    Parameters
    ----------
    target
        Folder of dbt's ``run_results.json``; ``rebuild.json`` is written beside it.
    """
    results = _json(target / "run_results.json")
    if results.get("args", {}).get("which") in REBUILDS:
        kept = {name: results.get(name, {}) for name in ("metadata", "args")}
        part = target / "rebuild.json.part"
        part.write_text(json.dumps(kept))
        part.replace(target / "rebuild.json")


def last_rebuild(target: Path) -> dict[str, Any]:
    """Return metadata and arguments of dbt's last rebuild; nothing where none is known."""
    results = _json(target / "run_results.json")
    kept = _json(target / "rebuild.json")
    if results.get("args", {}).get("which") not in REBUILDS:
        return kept
    # dbt may have been called without `hotstars build`
    made = [one.get("metadata", {}).get("generated_at", "") for one in (results, kept)]
    return results if made[0] >= made[1] else kept


def settings(target: Path, project: Path) -> dict[str, Any]:
    """Return the vars that the last rebuild went by.

    Parameters
    ----------
    target, project
        As for :func:`of_rebuild`.
    """
    declared = yaml.safe_load((project / "dbt_project.yml").read_text()).get("vars", {})
    given = last_rebuild(target).get("args", {}).get("vars") or {}
    wanted = yaml.safe_load(given) if isinstance(given, str) else dict(given)
    return {**declared, **(wanted or {})}


def changed_vars(given: Mapping[str, Any] | str, project: Path) -> dict[str, Any]:
    """Return the vars of a run that differ from the project's."""
    wanted = yaml.safe_load(given) if isinstance(given, str) else dict(given)
    try:
        declared = yaml.safe_load(project.read_text()).get("vars", {})
    except (OSError, yaml.YAMLError):
        declared = {}
    return {name: value for name, value in (wanted or {}).items() if declared.get(name) != value}


def source_releases(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the releases that stand in the raw tables, by table; none where there are none."""
    try:
        tables = connection.execute(
            "select table_name from duckdb_columns() "
            "where schema_name = 'raw' and column_name = 'release' order by all"
        ).fetchall()
    except duckdb.Error:
        return {}
    found = {}
    for (table,) in tables:
        rows = connection.execute(
            f'select distinct release from raw."{table}" where release is not null order by all'
        ).fetchall()
        if rows:
            found[table] = [str(value) for (value,) in rows]
    return found


def of_models(mart: Mart, rows: pa.Table) -> dict[str, Any]:
    """Return the models that a mart's rows name, from its columns that end in ``_model``."""
    found: dict[str, Any] = {}
    for column in mart.columns:
        if column.name.endswith("_model") and column.name in rows.column_names:
            names = sorted({one for one in rows[column.name].unique().to_pylist() if one})
            if names:
                found[column.name] = ", ".join(names)
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content
