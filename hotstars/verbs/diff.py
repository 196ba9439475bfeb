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
    table: str = typer.Option(None, "--table", help="This table alone."),
    rows: bool = typer.Option(False, "--rows", help="With --table: the rows that came and went."),
    most: int = typer.Option(20, min=1, help="Stars of a table, or rows, at most."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say which stars entered or left each catalogue, and which criterion turned them.

    The criteria come from the ledgers (`be_decisions`) of both.

    Example: hotstars diff 6 7 --table be_new
    """
    import duckdb

    from hotstars.changes import attach, changed_rows, counted, tables, turned
    from hotstars.rows import lines_of
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    if rows and table is None:
        raise WarehouseError("--rows: of which table? give --table, too")
    home = current_home()
    paths = [_database(home, word) for word in (old, new)]
    for path in paths:
        connect(path, read_only=True).close()  # missing or locked: explained here
    with duckdb.connect() as connection:
        attach(connection, str(paths[0]), str(paths[1]))
        names = tables(connection)
        both = sorted(names["old"] & names["new"])
        if table is not None and table not in both:
            raise WarehouseError(f"--table {table}: it is {', '.join(both)}")
        if rows:
            found: Any = changed_rows(connection, table, most)
            typer.echo(
                json.dumps(found, indent=1, default=str) if as_json else "\n".join(lines_of(found))
            )
            return
        counts = [counted(connection, name) for name in both if table in (None, name)]
        stars = [
            star
            for row in counts
            if row["stars_entered"] or row["stars_left"]
            for star in turned(connection, row["table"], most)
        ]
    if table is None:
        counts += _alone(names)
    if as_json:
        typer.echo(json.dumps({"tables": counts, "stars": stars}, indent=1, default=str))
    else:
        typer.echo("\n".join([*lines_of(counts), *_told(stars, counts, most)]))


def _alone(names: dict[str, set[str]]) -> list[dict[str, Any]]:
    """Return rows for tables that one of the two lacks."""
    empty = dict.fromkeys(("rows_old", "rows_new", "came", "went", "stars_entered", "stars_left"))
    return [
        {"table": name, **empty, "note": f"in {side} alone"}
        for side, other in (("old", "new"), ("new", "old"))
        for name in sorted(names[side] - names[other])
    ]


def _told(stars: list[dict[str, Any]], counts: list[dict[str, Any]], most: int) -> list[str]:
    """Return the stars as lines, table by table, with how many are left out.

    What the criteria ask for stands once, at the end: it is long, and the same for all stars.
    """
    lines: list[str] = []
    for row in counts:
        chosen = [star for star in stars if star["table"] == row["table"]]
        if not chosen:
            continue
        lines += ["", f"{row['table']}: {row['stars_entered']:,d} stars entered, "
                  f"{row['stars_left']:,d} left"]  # fmt: skip
        for star in chosen:
            first, *others = star["turned_by"]
            lines.append(f"   {star['star']} {star['change']}: {first}")
            lines += [f"      and {other}" for other in others]
        n_left_out = row["stars_entered"] + row["stars_left"] - len(chosen)
        if n_left_out:
            lines.append(f"   ... and {n_left_out:,d} more; --most {most + n_left_out} shows them")
    asked = dict.fromkeys(tuple(one.values()) for star in stars for one in star["wanted"])
    if asked:
        lines += ["", "what these criteria ask for"]
    for criterion, before, now in asked:
        if before == now:
            lines.append(f"   {criterion}, as before: {now}")
        else:
            lines += [f"   {criterion}, before: {before}", f"   {criterion}, now: {now}"]
    return lines


def _database(home: Home, word: str) -> Path:
    from hotstars.verbs.publish import published_database
    from warehouse.connection import WarehouseError
    from warehouse.publish import DATABASE

    if word == LIVE:
        return home.database
    if word == CURRENT:
        return published_database(home)
    number = int(word) if word.isdecimal() else 0
    path = home.published / f"{number:06d}" / DATABASE
    if path.exists():
        return path
    there = sorted(int(one.parent.name) for one in home.published.glob(f"[0-9]*/{DATABASE}"))
    if not there:
        raise WarehouseError(f"{word}: no such release; nothing is published yet, it is live alone")
    names = ", ".join(map(str, there))
    if 0 < number < there[-1]:
        raise WarehouseError(
            f"{word}: this release was removed, as `hotstars publish` removes old ones (its --keep "
            f"says how many stay); it is live, current, or one of {names}"
        )
    raise WarehouseError(f"{word}: no such release; it is live, current, or one of {names}")
