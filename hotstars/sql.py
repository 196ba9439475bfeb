"""`hotstars sql`: ask the warehouse, with every SQL function registered."""

from __future__ import annotations

import csv
import enum
import json
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import duckdb


class OutputFormat(enum.StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def sql(
    query: str = typer.Argument(
        None, help="One or more SQL statements; `-` or none reads them from standard input."
    ),
    output_format: OutputFormat = typer.Option(
        OutputFormat.table, "--format", help="How rows are printed."
    ),
    write: bool = typer.Option(
        False, "--write", help="Open for writing; the default is read-only."
    ),
    published: bool = typer.Option(
        False, "--published", help="Ask the current release, also while a rebuild runs."
    ),
    functions: bool = typer.Option(False, "--functions", help="List the SQL functions and stop."),
) -> None:
    """Run SQL on the warehouse, with the spectral functions at hand.

    Example: hotstars sql "select * from marts.be_selection_funnel order by step"
    """
    import duckdb

    from hotstars.publish import published_database
    from udfs.register import register
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    if functions:
        from udfs.register import SQL_FUNCTIONS

        for function in SQL_FUNCTIONS:
            arguments = ", ".join(f"{name} {kind}" for name, kind in function.arguments.items())
            typer.echo(f"{function.name}({arguments})\n    {function.doc.splitlines()[0]}")
        return
    text = sys.stdin.read() if query in (None, "-") else query
    home = current_home()
    if published and write:
        raise WarehouseError("--write: a published release is never written; leave --published out")
    database = published_database(home) if published else home.database
    with connect(database, read_only=not write, must_exist=True) as connection:
        register(connection)
        try:
            result = connection.sql(text)
        except duckdb.Error as error:
            raise WarehouseError(f"the query failed: {error}") from error
        if result is not None:
            _print(result, output_format)
            result.close()


def _print(result: duckdb.DuckDBPyRelation, output_format: OutputFormat) -> None:
    if output_format is OutputFormat.table:
        result.show(max_rows=100, max_width=_terminal_width())
        return
    rows = result.fetchall()
    if output_format is OutputFormat.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows(rows)
    else:
        records = [dict(zip(result.columns, row, strict=True)) for row in rows]
        json.dump(records, sys.stdout, default=str, indent=1)
        sys.stdout.write("\n")


def _terminal_width() -> int:
    import shutil

    return max(shutil.get_terminal_size((160, 24)).columns, 120)
