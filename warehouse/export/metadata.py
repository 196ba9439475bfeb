"""What a mart's columns mean: read from dbt's manifest, the one place where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.connection import WarehouseError


@dataclass(frozen=True)
class MartColumn:
    """One column of a released table.

    Attributes
    ----------
    name, description
        As in the warehouse.
    unit
        VOUnit; None where there is none.
    ucd, print_format
        UCD1+, and a Fortran format such as ``F8.4``.
    log_of
        Of a decimal logarithm the VOUnit of what the logarithm is of, ``-`` of a ratio.
    note
        What the values mean, where they are codes: a line each.
    """

    name: str
    description: str
    unit: str | None = None
    ucd: str | None = None
    print_format: str | None = None
    log_of: str | None = None
    note: str | None = None

    @property
    def in_full(self) -> str:
        """Description and note as one line, for formats that have no numbered notes."""
        if not self.note:
            return self.description
        return f"{self.description} {' '.join(self.note.split())}"


@dataclass(frozen=True)
class Mart:
    """One released table.

    Attributes
    ----------
    name, schema
        In the warehouse.
    description
        What one row is.
    columns
        In their order.
    order_by
        Columns that the rows are ordered by; all where none is named.
    paper
        Short name of the paper that it follows: ``Wang+2022``.
    meta
        All that the model's YAML says under ``meta``.
    title
        Caption, a few words.
    bibcode
        Of the paper, from the exposure that the mart stands in.
    """

    name: str
    schema: str
    description: str
    columns: tuple[MartColumn, ...]
    order_by: tuple[str, ...] = ()
    paper: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    bibcode: str | None = None

    @property
    def paper_key(self) -> str:
        """The paper's short name as one word: ``wang2022``."""
        return (self.paper or "none").replace("+", "").lower()

    @property
    def caption(self) -> str:
        """The title; of a mart without one its name."""
        return self.title or self.name

    @property
    def position(self) -> tuple[str, str] | None:
        """Columns of the main position, right ascension and declination; None without one."""
        by_ucd = {column.ucd: column.name for column in self.columns}
        ra, dec = by_ucd.get("pos.eq.ra;meta.main"), by_ucd.get("pos.eq.dec;meta.main")
        return (ra, dec) if ra and dec else None


def plain_ascii(text: str) -> str:
    """Return text of the metadata in ASCII, other letters by their numbers."""
    return text.encode("ascii", "backslashreplace").decode()


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


def _note(manifest: Mapping[str, Any], name: str | None, where: str) -> str | None:
    """Return the text of a note, which is a docs block that columns share, a line a value."""
    if name is None:
        return None
    for block in manifest.get("docs", {}).values():
        if block["name"] == name:
            first, *others = str(block["block_contents"]).strip().splitlines()
            lines = [first]
            for line in others:
                if " = " in line:
                    lines.append(line.strip())
                else:  # a sentence goes on
                    lines[-1] += f" {line.strip()}"
            return "\n".join(lines)
    raise WarehouseError(
        f"column {where}: its note {name!r} is no docs block; write one into "
        "dbt_project/models/marts/notes.md and run `hotstars build` again"
    )


def _bibcodes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the bibcode that ends the address of an exposure, by each model that it shows."""
    found: dict[str, str] = {}
    for exposure in manifest.get("exposures", {}).values():
        bibcode = (exposure.get("url") or "").rpartition("/")[2]
        for model in exposure["depends_on"]["nodes"]:
            found.setdefault(model, bibcode)
    return found


def marts(manifest: Mapping[str, Any]) -> dict[str, Mart]:
    """Return every mart of a manifest by name.

    Raises
    ------
    WarehouseError
        When a column refers to a note that does not exist.
    """
    found = {}
    bibcodes = _bibcodes(manifest)
    for unique_id, node in manifest["nodes"].items():
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
                    log_of=column_meta.get("log_of"),
                    note=_note(
                        manifest, column_meta.get("note"), f"{node['name']}.{column['name']}"
                    ),
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
            title=meta.get("title") or "",
            bibcode=bibcodes.get(unique_id),
        )
    return found


def marts_alone(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what :func:`marts` reads of a manifest."""
    nodes = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    parts = {name: manifest.get(name, {}) for name in ("metadata", "exposures", "docs")}
    return {**parts, "nodes": nodes}


def mart_of(known: Mapping[str, Mart], name: str) -> Mart:
    """Return one of the marts.

    Raises
    ------
    WarehouseError
        Naming the marts that there are.
    """
    if name not in known:
        raise WarehouseError(f"no mart {name!r}; there are {', '.join(sorted(known))}")
    return known[name]
