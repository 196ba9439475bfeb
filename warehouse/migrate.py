"""Create and upgrade the raw layer with Alembic."""

from __future__ import annotations

from pathlib import Path

import duckdb
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from warehouse.connection import STORAGE_VERSION, connect


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, bound to a connection where one is given."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Path, revision: str = "head") -> str:
    """Bring a warehouse file to a revision, making it where it does not exist.

    Returns
    -------
    str
        The revision that it now has.
    """
    connect(database).close()  # a lock or a file that is no database is explained here
    return _run(database, command.upgrade, revision)


def downgrade(database: Path, revision: str) -> str:
    """Take a warehouse file back to a revision."""
    return _run(database, command.downgrade, revision)


def _run(database: Path, step: object, revision: str) -> str:
    engine = create_engine(
        f"duckdb:///{database}",
        poolclass=NullPool,
        connect_args={"config": {"storage_compatibility_version": STORAGE_VERSION}},
    )
    try:
        with engine.connect() as connection:
            step(alembic_config(connection), revision)  # type: ignore[operator]
            return current_revision(connection)
    finally:
        engine.dispose()


def current_revision(connection: Connection) -> str:
    """Return the revision of the raw layer, or an empty string."""
    try:
        row = connection.execute(text("select version_num from raw.alembic_version")).first()
    except DBAPIError:
        return ""
    return str(row[0]) if row else ""


def upgrade_in_memory() -> duckdb.DuckDBPyConnection:
    """Return an in-memory warehouse with the newest raw layer, for tests and examples."""
    from sqlalchemy.schema import CreateSchema, CreateTable  # noqa: PLC0415

    from warehouse import raw_tables, truth_tables  # noqa: PLC0415

    engine = create_engine("duckdb:///:memory:")
    connection = duckdb.connect(":memory:")
    for metadata in (raw_tables.metadata, truth_tables.metadata):
        connection.execute(str(CreateSchema(str(metadata.schema)).compile(engine)))
        for table in metadata.sorted_tables:
            connection.execute(str(CreateTable(table).compile(engine)))
    engine.dispose()
    return connection
