"""The metadata of schema ``raw`` and how one of its tables is declared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Table

metadata = MetaData(schema="raw")


def raw_table(name: str, comment: str, key: tuple[str, ...], *columns: Column[Any]) -> Table:
    """Declare a table of schema ``raw`` whose rows are told apart by ``key``."""
    return Table(name, metadata, *columns, comment=comment, info={"key": key})
