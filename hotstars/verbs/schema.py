"""`hotstars schema`: every table, column and SQL function as a page, from their own metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from warehouse.export.metadata import Mart
    from warehouse.home import Home

HEAD = """# Tables, columns, functions

Written by `hotstars schema --out docs/schema.md` from the metadata that exports and the report read
as well: dbt's YAML and the definitions of the raw tables. In a warehouse the same texts stand as
comments (`select * from duckdb_columns()`), and `hotstars report` has them with the graph of what
came from which.
"""

#: Schemas in the order in which people ask for them, and what stands in each.
SCHEMAS = {
    "marts": (
        "The catalogues. Units are VOUnits, log(...) of decimal logarithms; UCDs are UCD1+; the "
        "format is that of printed tables."
    ),
    "intermediate": "What the catalogues are made of: measurements, matches, tests.",
    "staging": "The raw tables with the warehouse's names and units.",
}


def schema(
    out: Path = typer.Option(None, help="Write the page into this file."),
) -> None:
    """Print every table with its columns, and the SQL functions, as Markdown.

    Example: hotstars schema --out schema.md
    """
    from warehouse.home import current_home

    text = page(parsed_manifest(current_home()))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text)
        typer.echo(str(out))


def parsed_manifest(home: Home) -> dict[str, Any]:
    """Return dbt's manifest as the project is now.

    Raises
    ------
    WarehouseError
        When dbt cannot read the project.
    """
    from hotstars.verbs.build import dbt
    from warehouse.connection import WarehouseError

    if dbt("--quiet", "parse") != 0:
        raise WarehouseError("dbt cannot read the project; `hotstars build parse` says why")
    manifest: dict[str, Any] = json.loads((home.dbt_target / "manifest.json").read_text())
    return manifest


def page(manifest: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    manifest
        dbt's.
    """
    from warehouse.export.metadata import marts

    lines = [HEAD]
    released = marts(dict(manifest))
    for name, what in SCHEMAS.items():
        lines += [f"## Schema {name}", "", what, ""]
        models = [
            node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == name
        ]
        for model in sorted(models, key=lambda one: one["name"]):
            lines += _model(model, released.get(model["name"]))
    lines += ["## Schema raw", "", "What the archives say, nothing decided.", ""]
    lines += _raw()
    lines += ["## SQL functions", "", "`hotstars sql` and dbt have these.", ""]
    lines += _functions()
    return "\n".join(lines).rstrip() + "\n"


def _model(model: Mapping[str, Any], mart: Mart | None) -> Iterator[str]:
    meta = model["config"].get("meta") or {}
    yield f"### {model['name']}"
    yield ""
    place = f" ({meta['paper']}, {meta['section']})" if meta.get("paper") else ""
    yield f"{_one_line(model['description'])}{place}"
    yield ""
    columns = list(model["columns"].values())
    if mart is None:
        yield from _table(
            ("column", "what it is"), [(c["name"], c["description"]) for c in columns]
        )
        return
    rows = []
    for column, told in zip(columns, mart.columns, strict=True):
        rows.append(
            (
                told.name,
                column.get("data_type") or "",
                f"log({told.log_of})" if told.log_of else told.unit or "",
                told.print_format or "",
                told.ucd or "",
                told.in_full,
            )
        )
    yield from _table(("column", "type", "unit", "format", "UCD", "what it is"), rows)


def _raw() -> Iterator[str]:
    from warehouse import raw_tables

    for table in sorted(raw_tables.metadata.tables.values(), key=lambda one: str(one.name)):
        if table.schema != "raw":
            continue
        yield f"### raw.{table.name}"
        yield ""
        yield f"{_one_line(table.comment or '')} Key: {', '.join(table.info['key'])}."
        yield ""
        yield from _table(
            ("column", "type", "what it is"),
            [(column.name, str(column.type), column.comment or "") for column in table.columns],
        )


def _functions() -> Iterator[str]:
    from udfs.register import SQL_FUNCTIONS

    rows = []
    for function in sorted(SQL_FUNCTIONS, key=lambda one: one.name):
        arguments = ", ".join(f"{name} {kind}" for name, kind in function.arguments.items())
        rows.append((f"{function.name}({arguments})", function.doc.splitlines()[0]))
    yield from _table(("function", "what it gives"), rows)


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|" + " --- |" * len(titles)
    for name, *others in rows:
        yield f"| `{name}` | {' | '.join(_cell(text) for text in others)} |"
    yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|").replace("<", "&lt;")
