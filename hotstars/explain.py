"""`hotstars explain`: why a star is in a catalogue, or why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import duckdb


def explain(
    star: str = typer.Argument(help="Designation, obsid or APOGEE_ID; the start of one will do."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say which catalogues hold a star, what was measured of it, and how each test came out.

    Example: hotstars explain J011007.48-092834.7
    """
    from hotstars.report.ledger import sentences
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    with connect(current_home().database, must_exist=True, read_only=True) as connection:
        names = find(connection, star)
        if not names:
            raise WarehouseError(
                f"{star}: no star of this warehouse has that designation, obsid or APOGEE_ID; "
                '`hotstars sql "select designation from intermediate.int_stars"` lists them'
            )
        if len(names) > 1:
            raise WarehouseError(
                f"{star}: {len(names)} stars begin so: {', '.join(names[:5])}"
                f"{' ...' if len(names) > 5 else ''}; give more of the name"
            )
        found = gather(connection, names[0])
    if as_json:
        typer.echo(json.dumps(found, indent=1, default=str))
        return
    typer.echo(names[0])
    for mart, rows in found["catalogues"].items():
        for row in rows:
            told = ", ".join(
                f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in row.items()
                if value is not None and name not in ("designation", "apogee_id")
            )
            typer.echo(f"  {mart}: {told}")
    if not found["catalogues"]:
        typer.echo("  in no catalogue")
    typer.echo("\n".join(f"  {line}" for line in sentences(found["decisions"])))


def find(connection: duckdb.DuckDBPyConnection, star: str) -> list[str]:
    """Return names of the stars that a text means: the whole name first, else what begins so."""
    import duckdb

    exact: list[str] = []
    queries: tuple[str, ...] = (
        "select distinct designation from intermediate.int_stars where designation {}",
        "select distinct apogee_id from intermediate.int_apogee_stars where apogee_id {}",
    )
    if star.lstrip("-").isdigit():
        queries = (
            "select distinct designation from staging.stg_lamost__observations where "
            "obsid::varchar {}",
            *queries,
        )
    for how, value in (("= ?", star), ("like ? || '%'", star)):
        for query in queries:
            try:
                rows = connection.execute(query.format(how), [value]).fetchall()
            except duckdb.CatalogException:
                continue  # not built yet
            exact += [name for (name,) in rows]
        if exact:
            break
    return sorted(set(exact))


def gather(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """Return a star's rows in every mart that names stars, and its ledger."""
    catalogues: dict[str, list[dict[str, Any]]] = {}
    decisions: list[dict[str, Any]] = []
    for mart, key in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' "
        "and column_name in ('designation', 'apogee_id') order by all"
    ).fetchall():
        relation = connection.execute(f'select * from marts."{mart}" where "{key}" = ?', [name])
        columns = [one[0] for one in relation.description or []]
        rows = [dict(zip(columns, row, strict=True)) for row in relation.fetchall()]
        if mart == "be_decisions":
            decisions = rows
        elif rows:
            catalogues[mart] = rows
    return {"name": name, "catalogues": catalogues, "decisions": decisions}
