"""`hotstars sql`: ask the warehouse, with every SQL function registered."""

from __future__ import annotations

import contextlib
import csv
import enum
import json
import signal
import sys
import threading
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

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

    from hotstars.verbs.publish import published_database
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
    with (
        connect(database, read_only=not write, must_exist=True) as connection,
        stopped_by_ctrl_c(connection),
    ):
        register(connection)
        try:
            result = connection.sql(text)
            if result is not None:
                _print(result, output_format)
                result.close()
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise WarehouseError(f"the query failed: {error}") from error


@contextlib.contextmanager
def stopped_by_ctrl_c(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C end the query wherever it arrives.

    DuckDB loses a KeyboardInterrupt now and then, when one arrives before a query has
    really started, and would run an endless query on. So whatever becomes of the exception, the
    connection is told to stop until it has.
    """
    over = threading.Event()

    def interrupt_until_over() -> None:
        while not over.wait(0.1):
            connection.interrupt()

    def on_ctrl_c(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=interrupt_until_over, daemon=True).start()
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, on_ctrl_c)
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)


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
