"""What the report is made from: a built warehouse, its home, and the settings it was built with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb

    from warehouse.home import Home

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Source:
    """A warehouse to report on.

    Attributes
    ----------
    connection
        To the built warehouse, for reading.
    home
        Of the models and checks.
    settings
        Vars of the last rebuild.
    """

    connection: duckdb.DuckDBPyConnection
    home: Home
    settings: Mapping[str, Any]

    @cached_property
    def relations(self) -> set[str]:
        """Tables and views that are there, with their schemas."""
        return built(self.connection)

    def columns(self, query: str, parameters: Mapping[str, Any] | None = None) -> Columns:
        """Return a query's columns; numbers and booleans as float64 with NaN for NULL."""
        return columns(self.connection, query, parameters)

    @cached_property
    def cards(self) -> dict[str, dict[str, Any]]:
        """Cards of the models in use, by name, with their ``version``."""
        from ml.registry import list_models

        return {
            name: {**card, "version": version}
            for name, version, card in list_models(self.home.models)
        }

    def is_simulated(self, *names: str) -> bool:
        """Tell whether one of these models learnt from simulated data."""
        return any(self.cards.get(name, {}).get("simulated") for name in names)


def built(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the relations that are there, with their schemas."""
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
    ).fetchall()
    return {name for (name,) in rows}


def columns(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None
) -> Columns:
    """Return a query's columns; numbers and booleans as float64 with NaN for NULL.

    Parameters
    ----------
    connection
        To a warehouse.
    query, parameters
        What is asked.
    """
    found = {}
    answer = connection.execute(query, dict(parameters)) if parameters else (
        connection.execute(query)
    )  # fmt: skip
    for name, values in answer.fetchnumpy().items():
        if values.dtype.kind in "fiub":
            found[name] = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
        else:
            found[name] = np.ma.getdata(values)
    return found
