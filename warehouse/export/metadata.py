"""What a mart's columns mean: read from dbt's manifest, the one place where it stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.connection import WarehouseError


@dataclass(frozen=True)
class MartColumn:
    """One column of a released table."""

    name: str
    description: str
    unit: str | None = None
    ucd: str | None = None
    print_format: str | None = None


@dataclass(frozen=True)
class Mart:
    """One released table."""

    name: str
    schema: str
    description: str
    columns: tuple[MartColumn, ...]
    order_by: tuple[str, ...] = ()
    paper: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def paper_key(self) -> str:
        """The paper's short name as one word: ``wang2022``."""
        return (self.paper or "none").replace("+", "").lower()


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read dbt's manifest.

    Raises
    ------
    WarehouseError
        Where there is none yet.
    """
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise WarehouseError(
            f"{path}: no dbt manifest; units and descriptions come from it. "
            "Run `make dbt`, or `dbt run` with DBT_TARGET_PATH set to that folder"
        ) from None
    return manifest


def marts(manifest: dict[str, Any]) -> dict[str, Mart]:
    """Return every mart of a manifest by name."""
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["schema"] != "marts":
            continue
        meta = _meta(node)
        columns = []
        for column in node["columns"].values():
            column_meta = _meta(column)
            columns.append(
                MartColumn(
                    name=column["name"],
                    description=" ".join((column.get("description") or "").split()),
                    unit=column_meta.get("unit"),
                    ucd=column_meta.get("ucd"),
                    print_format=column_meta.get("format"),
                )
            )
        found[node["name"]] = Mart(
            name=node["name"],
            schema=node["schema"],
            description=" ".join((node.get("description") or "").split()),
            columns=tuple(columns),
            order_by=tuple(meta.get("order_by") or ()),
            paper=meta.get("paper"),
            meta=meta,
        )
    return found


def find_mart(manifest: dict[str, Any], name: str) -> Mart:
    """Return one mart.

    Raises
    ------
    WarehouseError
        Naming the marts that there are.
    """
    known = marts(manifest)
    if name not in known:
        raise WarehouseError(f"no mart {name!r}; there are {', '.join(sorted(known))}")
    return known[name]
