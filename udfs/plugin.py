"""The dbt-duckdb plugin that registers the SQL functions on dbt's connections.

In the profile::

    module_paths: ["."]
    plugins:
      - module: udfs.plugin
"""

from __future__ import annotations

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from udfs.register import register


class Plugin(BasePlugin):
    """Registers :data:`udfs.register.SQL_FUNCTIONS`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions; dbt calls this once for the database it opens."""
        register(conn)
