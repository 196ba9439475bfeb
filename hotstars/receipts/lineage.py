"""Which SQL made a table: its models, the settings they read, the papers behind these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_VAR = re.compile(r"""\bvar\(\s*['"](\w+)['"]""")


def setting_sources(project_file: Path) -> dict[str, tuple[str, str]]:
    """Return what ``dbt_project.yml`` says of each var, in its order: section's title, remark.

    Parameters
    ----------
    project_file
        The file; a title is a comment ``# -- Paper, section: subject ---``, a remark one at the
        end of a var's line.
    """
    sources: dict[str, tuple[str, str]] = {}
    title, in_vars = "", False
    for line in project_file.read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            in_vars = line.startswith("vars:")
        if not in_vars:
            continue
        if heading := re.match(r"\s+# -- (.*?)\s*-*$", line):
            title = heading[1].rstrip(" -")
        elif entry := re.match(r"  (\w+):[^#]*(?:#\s*(.*))?$", line):
            sources[entry[1]] = (title, (entry[2] or "").strip(" ."))
    return sources


def ancestors(manifest: Mapping[str, Any], mart: str) -> list[str]:
    """Return the unique ids of a mart and of all before it, sources included, from the end.

    Parameters
    ----------
    manifest
        dbt's.
    mart
        Name of the model.
    """
    start = next(
        (key for key, node in manifest["nodes"].items()
         if node["resource_type"] == "model" and node["name"] == mart),
        None,
    )  # fmt: skip
    if start is None:
        return []
    found: list[str] = []
    waiting = [start]
    while waiting:
        key = waiting.pop(0)
        if key in found:
            continue
        found.append(key)
        waiting += manifest["nodes"].get(key, {}).get("depends_on", {}).get("nodes", [])
    return found


def settings_read(manifest: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Return the vars that models, or the macros they call, read.

    Parameters
    ----------
    manifest
        dbt's.
    keys
        Of models, as :func:`ancestors` returns them.
    """
    names: set[str] = set()
    seen: set[str] = set()
    for key in keys:
        node = manifest["nodes"].get(key)
        if node is None:
            continue
        names.update(_VAR.findall(node.get("raw_code", "")))
        waiting = list(node.get("depends_on", {}).get("macros", []))
        while waiting:
            macro = waiting.pop()
            if macro in seen or not macro.startswith("macro.hotstars."):
                continue
            seen.add(macro)
            told = manifest["macros"][macro]
            names.update(_VAR.findall(told["macro_sql"]))
            waiting += told["depends_on"]["macros"]
    return sorted(names)


def constants_read(manifest: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Return the files of constants that models read, as ``constants/NAME.csv``."""
    return sorted(
        f"constants/{name.removeprefix('stg_constants__')}.csv"
        for key in keys
        if (name := key.rpartition(".")[2]).startswith("stg_constants__")
    )


def model_columns(manifest: Mapping[str, Any], keys: Iterable[str]) -> list[tuple[str, str]]:
    """Return where models say which trained model they asked: relation and column.

    Parameters
    ----------
    manifest
        dbt's.
    keys
        Of models, as :func:`ancestors` returns them.
    """
    nodes = (manifest["nodes"].get(key) for key in keys)
    return sorted(
        (f"{node['schema']}.{node['name']}", column)
        for node in nodes
        if node is not None and node["resource_type"] == "model"
        for column in node["columns"]
        if column.endswith("_model")
    )


def sql_file(manifest: Mapping[str, Any], mart: str) -> str | None:
    """Return the file of a mart's SQL, as a path in ``dbt_project``."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["name"] == mart:
            return str(node["original_file_path"])
    return None
