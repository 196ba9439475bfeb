"""Rows of a query as dicts, and as lines on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def rows_of(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """Return the rows of a relation."""
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def lines_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return a table of rows with the same columns, as right-aligned lines."""
    if not rows:
        return ["   none"]
    shown = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    width = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(f"{c:>{w}}" for c, w in zip(cells, width, strict=True)) for cells in shown]


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
