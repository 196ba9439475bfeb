"""Fingerprints of tables: whether two warehouses hold the same rows, whoever loaded them when."""

from __future__ import annotations

import duckdb

from warehouse.load import quoted

#: Columns that tell of the run, not of the sky, and differ between two honest loads.
VOLATILE = frozenset(
    {"run_id", "loaded_at", "started_at", "finished_at", "rejected_at", "mtime_ns", "computed_at"}
)
#: The ledger of runs is a diary: it differs by nature.
DIARY = frozenset({"raw.ingest_run", "raw.alembic_version"})


def fingerprints(
    connection: duckdb.DuckDBPyConnection, schemas: tuple[str, ...] = ("raw", "truth", "marts")
) -> dict[str, tuple[int, int]]:
    """Return table name -> (rows, order-free hash of the rows without volatile columns).

    Parameters
    ----------
    connection
        The warehouse.
    schemas
        Schemas to look at; views are left out.
    """
    columns = connection.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) "
        "from duckdb_columns() join duckdb_tables() using (schema_name, table_name) "
        "where list_contains(?, schema_name) group by all order by all",
        [list(schemas)],
    ).fetchall()
    found = {}
    for name, names in columns:
        if name in DIARY:
            continue
        stable = ", ".join(quoted(column) for column in names if column not in VOLATILE)
        schema, table = name.split(".", 1)
        rows, digest = connection.execute(
            f"select count(*), bit_xor(hash({stable})) from {quoted(schema)}.{quoted(table)}"
        ).fetchall()[0]
        found[name] = (rows, digest or 0)
    return found
