"""`hotstars diff`: what changed between two releases, or between a release and the live file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from warehouse.home import Home

LIVE, CURRENT = "live", "current"


def diff(
    old: str = typer.Argument(CURRENT, help="A release's number, `current`, or `live`."),
    new: str = typer.Argument(LIVE, help="Likewise."),
    table: str = typer.Option(None, "--table", help="Print the rows of this table that changed."),
    most: int = typer.Option(50, min=1, help="Rows to print with --table."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Count the rows that came, went and changed in each catalogue, or list those of one.

    Example: hotstars diff 6 7 --table be_new
    """
    import duckdb

    from hotstars.rows import lines_of, rows_of
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home
    from warehouse.load import quoted

    home = current_home()
    paths = [_database(home, word) for word in (old, new)]
    for path in paths:
        connect(path, read_only=True).close()  # missing or locked: explained here
    with duckdb.connect() as connection:
        for name, path in zip(("old", "new"), paths, strict=True):
            text = str(path).replace("'", "''")
            connection.execute(f"attach '{text}' as {name} (read_only)")
        names = _tables(connection)
        if table is not None:
            if table not in names["old"] & names["new"]:
                both = ", ".join(sorted(names["old"] & names["new"]))
                raise WarehouseError(f"--table {table}: it is {both}")
            shared = _shared(connection, table)
            found: Any = rows_of(
                connection.sql(
                    f"""
                    select * from (
                        select 'went' as change, * from (
                            select {shared} from old.marts.{quoted(table)}
                            except all select {shared} from new.marts.{quoted(table)})
                        union all
                        select 'came' as change, * from (
                            select {shared} from new.marts.{quoted(table)}
                            except all select {shared} from old.marts.{quoted(table)})
                    ) order by columns(* exclude (change)), change limit {most}
                    """
                )
            )
        else:
            found = [_counted(connection, name) for name in sorted(names["old"] & names["new"])]
            for side, other in (("old", "new"), ("new", "old")):
                found += [
                    {"table": name, "rows_old": None, "rows_new": None, "came": None,
                     "went": None, "note": f"in {side} alone"}
                    for name in sorted(names[side] - names[other])
                ]  # fmt: skip
    typer.echo(json.dumps(found, indent=1, default=str) if as_json else "\n".join(lines_of(found)))


def _database(home: Home, word: str) -> Path:
    from hotstars.publish import published_database
    from warehouse.connection import WarehouseError
    from warehouse.publish import DATABASE

    if word == LIVE:
        return home.database
    if word == CURRENT:
        return published_database(home)
    path = home.published / f"{int(word):06d}" / DATABASE if word.isdigit() else None
    if path is None or not path.exists():
        there = sorted(
            one.name.lstrip("0") for one in home.published.glob("[0-9]*") if one.is_dir()
        )
        raise WarehouseError(
            f"{word}: no such release; it is live, current, or one of "
            f"{', '.join(there) or 'none: nothing is published yet'}"
        )
    return path


def _tables(connection: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"old": set(), "new": set()}
    for side, name in connection.execute(
        "select database_name, table_name from duckdb_tables() "
        "where database_name in ('old', 'new') and schema_name = 'marts'"
    ).fetchall():
        found[side].add(name)
    return found


def _shared(connection: Any, table: str) -> str:
    """Return the columns that both have, in the order of the new one."""
    from warehouse.load import quoted

    rows = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? "
        "and database_name in ('old', 'new') group by all having count(*) = 2 "
        "order by max(column_index)",
        [table],
    ).fetchall()
    return ", ".join(quoted(name) for (name,) in rows)


def _counted(connection: Any, table: str) -> dict[str, Any]:
    from warehouse.load import quoted

    shared, name = _shared(connection, table), quoted(table)
    counts = connection.execute(
        f"""
        select
            (select count(*) from old.marts.{name}),
            (select count(*) from new.marts.{name}),
            (select count(*) from (select {shared} from new.marts.{name}
                except all select {shared} from old.marts.{name})),
            (select count(*) from (select {shared} from old.marts.{name}
                except all select {shared} from new.marts.{name}))
        """
    ).fetchall()[0]
    keys = ("rows_old", "rows_new", "came", "went")
    return {"table": table, **dict(zip(keys, counts, strict=True)), "note": ""}
