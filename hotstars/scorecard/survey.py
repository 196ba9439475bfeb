"""Printed numbers that only the surveys give: asked of the warehouse where it holds their data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hotstars.scorecard.scores import Score, decimals, published_rows

if TYPE_CHECKING:
    import duckdb

NUMBERS = Path(__file__).with_name("survey_numbers.yml")


def survey_scores(connection: duckdb.DuckDBPyConnection | None) -> list[Score]:
    """Compare the numbers of a warehouse with the printed ones.

    Parameters
    ----------
    connection
        To a warehouse; None, or one that does not hold a survey's own data (simulated ones do
        not count), leaves its numbers open, and names the commands.
    """
    told = yaml.safe_load(NUMBERS.read_text())
    there = {name: _is_there(connection, item["there"]) for name, item in told["data"].items()}
    how = {name: item["how"] for name, item in told["data"].items()}
    scores = []
    for item in told["numbers"]:
        keys: list[str] = []
        if "rows" in item:
            keys = [row["designation"] for row in published_rows(item["rows"])]
        expected = float(item.get("expected", len(keys)))
        obtained = None
        if connection is not None and there[item["data"]]:
            obtained = _number(connection, item["sql"], {"keys": keys} if keys else {})
        tolerance = item.get("tolerance", item.get("relative", 0.0) * abs(expected))
        source = "this warehouse" if obtained is not None else how[item["data"]]
        scores.append(
            Score(
                item["paper"],
                item["place"],
                item["quantity"],
                expected,
                obtained,
                float(tolerance),
                source,
                digits=decimals(str(item.get("expected", len(keys)))),
            )
        )
    for item in told["rows"]:
        scores += _rows(item, connection if there[item["data"]] else None, how[item["data"]])
    return scores


def _rows(
    item: Mapping[str, Any], connection: duckdb.DuckDBPyConnection | None, how: str
) -> Iterator[Score]:
    """Yield a printed table's rows, label by label; those the warehouse lacks stay open."""
    for row in published_rows(item["table"]):
        key = row[item["key"]]
        for column, (printed, tolerance, title) in item["columns"].items():
            if not row[printed]:
                continue
            obtained = None
            if connection is not None:
                query = f"select {column} from {item['relation']} and {item['key']}::varchar = $key"
                obtained = _number(connection, query, {"key": key})
            # a tolerance is a number, or the column of an error
            allowed = 3 * float(row[tolerance]) if isinstance(tolerance, str) else float(tolerance)
            source = "this warehouse" if obtained is not None else how
            yield Score(
                item["paper"],
                item["place"],
                f"{key}: {title}",
                float(row[printed]),
                obtained,
                allowed,
                source,
                item["note"],
                decimals(row[printed]),
            )


def _is_there(connection: duckdb.DuckDBPyConnection | None, query: str) -> bool:
    return connection is not None and bool(_number(connection, query, {}))


def _number(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]
) -> float | None:
    """Return the one number of a query; None where there is none, or its table is not built."""
    import duckdb

    try:
        rows = connection.execute(query, parameters or None).fetchall()
    except duckdb.CatalogException:
        return None
    return float(rows[0][0]) if rows and rows[0][0] is not None else None
