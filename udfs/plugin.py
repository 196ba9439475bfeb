"""The dbt-duckdb plugin that registers the SQL functions on dbt's connections.

In the profile::

    module_paths: ["."]
    plugins:
      - module: udfs.plugin
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from threadpoolctl import threadpool_limits

from udfs.register import register

CONSTANTS = Path(__file__).resolve().parent.parent / "dbt_project" / "constants"
"""Files that the macro ``constants`` reads."""


class Plugin(BasePlugin):
    """Registers :data:`udfs.register.SQL_FUNCTIONS`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions; dbt calls this once for the database it opens.

        Trained models are looked for beside the database, wherever dbt was started, unless
        ``HOTSTARS_MODELS`` names another folder.
        """
        register(conn)
        # DuckDB calls the functions from as many threads as there are cores: matrix products
        # that start threads of their own would only get in each other's way
        threadpool_limits(1, user_api="blas")
        row = conn.execute(
            "select path from duckdb_databases() where not internal and path is not null"
        ).fetchone()
        if row is not None:
            os.environ.setdefault("HOTSTARS_MODELS", str(Path(row[0]).resolve().parent / "models"))

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Say where the project's tables of constants lie; a variable belongs to one cursor."""
        cursor.execute("set variable hotstars_constants = ?", [str(CONSTANTS)])
