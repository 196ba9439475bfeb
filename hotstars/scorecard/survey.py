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

_OBSERVED = (
    "select count(distinct designation) from raw.lamost_observation "
    "where survey = 'LAMOST-MRS' and list_contains($keys, designation)"
)


def survey_scores(
    connection: duckdb.DuckDBPyConnection | None, told: Mapping[str, Any] | None = None
) -> list[Score]:
    """Compare the numbers of a warehouse with the printed ones.

    Parameters
    ----------
    connection
        To a warehouse; None, or one that does not hold a survey's own data, most of it at least
        (simulated ones do not count), leaves its numbers open, and names the commands. Printed
        rows are compared one by one, where the warehouse holds their stars.
    told
        What is asked; the content of :data:`NUMBERS` by default.
    """
    if told is None:
        told = yaml.safe_load(NUMBERS.read_text())
    there = {
        name: _is_there(connection, item["there"], item.get("least", 1))
        for name, item in told["data"].items()
    }
    how = {name: item["how"] for name, item in told["data"].items()}
    scores = []
    for item in told["numbers"]:
        if "rows" in item:
            scores.append(_printed_stars(item, connection, how[item["data"]]))
            continue
        expected = float(item["expected"])
        obtained = None
        if connection is not None and there[item["data"]]:
            obtained = _number(connection, item["sql"], {})
        tolerance = item.get("tolerance", item.get("relative", 0.0) * abs(expected))
        scores.append(
            Score(
                item["paper"],
                item["place"],
                item["quantity"],
                expected,
                obtained,
                float(tolerance),
                "this warehouse" if obtained is not None else how[item["data"]],
                digits=decimals(str(item["expected"])),
            )
        )
    for item in told["rows"]:
        scores += _rows(item, connection, how[item["data"]])
    return scores


def _printed_stars(
    item: Mapping[str, Any], connection: duckdb.DuckDBPyConnection | None, how: str
) -> Score:
    """Return how many printed stars a catalogue holds, of those that the warehouse has observed."""
    keys = {"keys": [row["designation"] for row in published_rows(item["rows"])]}
    observed = _number(connection, _OBSERVED, keys) if connection is not None else None
    if connection is None or not observed:
        n = float(len(keys["keys"]))
        return Score(item["paper"], item["place"], item["quantity"], n, None, 0.0, how)
    quantity = f"{item['quantity']}, of {observed:.0f} observed here"
    found = _number(connection, item["sql"], keys)
    return Score(item["paper"], item["place"], quantity, observed, found, 0.0, "this warehouse")


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


def _is_there(connection: duckdb.DuckDBPyConnection | None, query: str, least: float) -> bool:
    return connection is not None and (_number(connection, query, {}) or 0.0) >= least


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
