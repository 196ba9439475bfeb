"""The Alembic history makes exactly the tables that the code declares, and can go back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from warehouse import raw_tables, truth_tables
from warehouse.migrate import alembic_config, downgrade, upgrade

DECLARED = {
    table.fullname
    for metadata in (raw_tables.metadata, truth_tables.metadata)
    for table in metadata.sorted_tables
}


def tables(database: Path) -> set[str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('raw', 'truth') and table_name <> 'alembic_version'"
        ).fetchall()
    return {name for (name,) in rows}


def test_head_has_the_declared_tables_with_comments_on_every_column(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    upgrade(database)
    assert tables(database) == DECLARED
    with duckdb.connect(str(database), read_only=True) as connection:
        silent = connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name in "
            "('raw', 'truth') and table_name <> 'alembic_version' and coalesce(comment, '') = ''"
        ).fetchall()
    assert silent == []


def test_autogenerate_finds_no_difference(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    upgrade(database)
    engine = create_engine(f"duckdb:///{database}", poolclass=NullPool)
    with engine.connect() as connection:
        command.check(alembic_config(connection))  # raises when it would write a migration
    engine.dispose()


def test_every_step_goes_down_and_up_again(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    upgrade(database)
    revisions = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())
    for revision in revisions:
        downgrade(database, str(revision.down_revision or "base"))
    assert tables(database) == set()
    upgrade(database)
    assert tables(database) == DECLARED


def test_plain_alembic_upgrades_the_warehouse_of_the_home(home: Path) -> None:
    repository = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=repository,
        env={**os.environ, "HOTSTARS_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    assert tables(home / "warehouse.duckdb") == DECLARED


def test_every_raw_column_has_a_ucd_and_a_unit_that_astropy_knows() -> None:
    from astropy import units

    for metadata in (raw_tables.metadata, truth_tables.metadata):
        for table in metadata.sorted_tables:
            for column in table.columns:
                assert column.info["ucd"], f"{table.fullname}.{column.name}"
                if column.info["unit"]:
                    units.Unit(column.info["unit"], format="vounit")
