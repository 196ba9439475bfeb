"""Alembic's environment: which database, which tables, how DuckDB's types are rendered."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.ddl.impl import DefaultImpl
from duckdb_sqlalchemy.datatypes import FixedArray
from sqlalchemy import create_engine, text

from warehouse import raw_tables, truth_tables
from warehouse.home import current_home

SCHEMAS = ("raw", "truth")


class DuckDBImpl(DefaultImpl):
    """Alembic's defaults do for DuckDB; the class only tells it the dialect's name."""

    __dialect__ = "duckdb"


def include_name(name: str | None, kind: str, parents: dict[str, Any]) -> bool:
    """Look at our schemas only: dbt owns the others."""
    if kind == "schema":
        return name in SCHEMAS
    if kind == "table":
        return name != "alembic_version"
    return True


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    """Render the type that Alembic does not know."""
    if kind == "type" and isinstance(item, FixedArray):
        autogen_context.imports.add("from duckdb_sqlalchemy.datatypes import FixedArray")
        return repr(item)
    return False


def run() -> None:
    """Run migrations on the connection handed over, or on the file of HOTSTARS_HOME."""
    options: dict[str, Any] = {
        "target_metadata": [raw_tables.metadata, truth_tables.metadata],
        "include_schemas": True,
        "include_name": include_name,
        "render_item": render_item,
        "version_table_schema": "raw",
        "compare_type": True,
    }
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection, options)
        return
    database = current_home().database
    database.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"duckdb:///{database}",
        connect_args={"config": {"storage_compatibility_version": "latest"}},
    )
    with engine.connect() as opened:
        _migrate(opened, options)
    engine.dispose()


def _migrate(connection: Any, options: dict[str, Any]) -> None:
    for schema in SCHEMAS:
        connection.execute(text(f"create schema if not exists {schema}"))
    connection.commit()
    # The dialect names schemas with their catalogue ("warehouse.raw"), which no declared table
    # does; told the plain names, autogenerate compares like with like.
    connection.dialect.get_schema_names = lambda *_, **__: list(SCHEMAS)
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


run()
