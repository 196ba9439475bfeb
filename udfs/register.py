"""Make the SQL functions known to a DuckDB connection."""

from __future__ import annotations

import duckdb
from duckdb.func import FunctionNullHandling, PythonUDFType

from udfs import (
    apogee,
    distance,
    extinction,
    halpha,
    models,
    ob_spectra,
    profiles,
    slam,
    spectra,
    spectral_types,
)

SQL_FUNCTIONS = (
    *spectra.SQL_FUNCTIONS,
    *spectral_types.SQL_FUNCTIONS,
    *halpha.SQL_FUNCTIONS,
    *profiles.SQL_FUNCTIONS,
    *slam.SQL_FUNCTIONS,
    *models.SQL_FUNCTIONS,
    *ob_spectra.SQL_FUNCTIONS,
    *extinction.SQL_FUNCTIONS,
    *distance.SQL_FUNCTIONS,
    *apogee.SQL_FUNCTIONS,
)
"""Every SQL function of the warehouse."""


def register(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Register every function that the connection does not have yet.

    Parameters
    ----------
    connection
        Any connection; functions belong to the database instance, so that connections to the
        same file in the same process share them.

    Returns
    -------
    list of str
        Names that were added; empty the second time.

    Notes
    -----
    NULLs reach the functions (``null_handling='special'``): by default DuckDB drops the rows
    that have one, and a mask that is NULL would cost the whole spectrum. Exceptions abort the
    query; ``return_null`` would return zeros instead in DuckDB 1.5.
    """
    known = {
        name
        for (name,) in connection.execute(
            "select distinct function_name from duckdb_functions() where function_type = 'scalar'"
        ).fetchall()
    }
    added = []
    for function in SQL_FUNCTIONS:
        if function.name in known:
            continue
        connection.create_function(
            function.name,
            function.function,
            [duckdb.sqltype(type_) for type_ in function.arguments.values()],
            duckdb.sqltype(function.returns),
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )
        added.append(function.name)
    return added
