"""A read-only copy of the catalogues that people read while the next rebuild runs.

A DuckDB file has one writer, and nobody reads it meanwhile. So releases are files of their own:

    published/000007/warehouse.duckdb     schema marts, with its comments; table release
    published/000007/parquet/<mart>.parquet
    published/000007/release.json         what it is, of when, from what
    published/000007/manifest.json        how dbt described its tables
    published/000007/SHA256SUMS           `sha256sum -c SHA256SUMS` checks the files
    published/current -> 000007

A release is built beside the others, and counts when ``current`` points to it: one rename, which
happens or does not. Who reads an older one keeps it until its file is closed, also when its folder
is gone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import __version__
from warehouse.connection import STORAGE_VERSION, WarehouseError, connect
from warehouse.export import ExportFormat, export_mart
from warehouse.export.files import clear_rubbish, sync_folder
from warehouse.export.metadata import Mart, MartColumn, marts, marts_alone
from warehouse.load import quoted

DATABASE, CARD, CURRENT, SUMS = "warehouse.duckdb", "release.json", "current", "SHA256SUMS"
MANIFEST = "manifest.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Release:
    """A published copy.

    Attributes
    ----------
    folder
        Of its files.
    card
        What ``release.json`` says.
    """

    folder: Path
    card: Mapping[str, Any]

    @property
    def database(self) -> Path:
        """The DuckDB file, by its number: it stays what it is."""
        return self.folder / DATABASE

    @property
    def manifest(self) -> Path:
        """What dbt said of its tables when it was published."""
        return self.folder / MANIFEST


def publish(
    live: Path,
    published: Path,
    *,
    manifest: Mapping[str, Any],
    rebuild: Mapping[str, Any],
    models: Mapping[str, str],
    keep: int = 3,
    say: Say = lambda _: None,
) -> Release:
    """Copy every mart of a warehouse into a new release and make it the current one.

    Parameters
    ----------
    live
        The warehouse's file.
    published
        Folder of the releases.
    manifest
        dbt's: order of the rows, and what the Parquet files say of the columns. A table that it
        does not name is released as the database describes it.
    rebuild
        :func:`warehouse.export.origin.of_rebuild`, for the card and the files.
    models
        Version of each model in use, for the card.
    keep
        Releases that stay, the new one among them.
    say
        Told how far it is.

    Raises
    ------
    WarehouseError
        When the warehouse is locked or has no catalogues, or the disk is full; the current
        release stays what it was.
    """
    if keep < 1:
        raise WarehouseError(f"--keep {keep}: one release at least must stay, the new one")
    connect(live, read_only=True).close()  # missing or locked: explained here
    try:
        published.mkdir(parents=True, exist_ok=True)
        with _alone(published, say):
            release = _make(live, published, manifest, rebuild, models, say)
            _point(published, release.folder)
            for old in sorted(_numbered(published))[:-keep]:
                shutil.rmtree(old, ignore_errors=True)
                if old.exists():
                    say(f"   release {int(old.name)} could not be removed: {old}")
                else:
                    say(f"   release {int(old.name)} is removed: the newest {keep} stay (--keep)")
    except OSError as error:
        raise WarehouseError(
            f"{published}: cannot be published ({error.strerror or error}); what was current still "
            "is. Free some space and run it again"
        ) from error
    except duckdb.Error as error:
        raise WarehouseError(
            f"{published}: cannot be published ({str(error).splitlines()[0]}); what was current "
            "still is. Free some space and run it again"
        ) from error
    return release


def _make(
    live: Path,
    published: Path,
    manifest: Mapping[str, Any],
    rebuild: Mapping[str, Any],
    models: Mapping[str, str],
    say: Say,
) -> Release:
    """Make a release beside the others, whole or not at all."""
    clear_rubbish(published)
    number = max([int(path.name) for path in _numbered(published)], default=0) + 1
    building = published / f".{number:06d}.{os.getpid()}.part"
    shutil.rmtree(building, ignore_errors=True)
    (building / "parquet").mkdir(parents=True)
    try:
        counts = _copy(live, building, marts(manifest), rebuild, say)
        (building / MANIFEST).write_text(json.dumps(marts_alone(manifest)) + "\n")
        card = {
            "number": number,
            "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "from": str(live),
            "program": f"hotstars {__version__}",
            "commit": git_commit(Path(__file__).parent),
            "dbt_invocation": rebuild.get("dbt_invocation", "unknown"),
            "built_at": rebuild.get("built_at", "unknown"),
            "rebuild": dict(rebuild),
            "models": dict(models),
            "rows": counts,
        }
        _tell(building / DATABASE, card)
        (building / CARD).write_text(json.dumps(card, indent=1, sort_keys=True) + "\n")
        _sum(building)
        sync_folder(building)
        folder = published / f"{number:06d}"
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Release(folder, card)


def current_release(published: Path) -> Release | None:
    """Return the current release; None where nothing is published."""
    link = published / CURRENT
    if not link.exists():
        return None
    folder = link.resolve()
    try:
        return Release(folder, json.loads((folder / CARD).read_text()))
    except (OSError, ValueError) as error:
        raise WarehouseError(
            f"{folder}: this release is damaged ({error}); remove it and run `hotstars publish`"
        ) from error


def _numbered(published: Path) -> list[Path]:
    return [path for path in published.iterdir() if path.is_dir() and path.name.isdigit()]


def _copy(
    live: Path, building: Path, known: Mapping[str, Mart], rebuild: Mapping[str, Any], say: Say
) -> dict[str, int]:
    """Copy tables and comments, and write each as Parquet; return their rows."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "storage_compatibility_version": STORAGE_VERSION
    }
    with duckdb.connect(str(building / DATABASE), config=settings) as connection:
        path = str(live).replace("'", "''")
        connection.execute(f"attach '{path}' as live (read_only)")
        connection.execute("create schema marts")
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() "
                "where database_name = 'live' and schema_name = 'marts' order by all"
            ).fetchall()
        ]
        if not names:
            raise WarehouseError(f"{live}: no catalogues to publish; run `hotstars build`")
        counts = {}
        for name in names:
            order = ", ".join(map(quoted, known[name].order_by if name in known else ())) or "all"
            table = f"marts.{quoted(name)}"
            connection.execute(
                f"create table {table} as select * from live.{table} order by {order}"
            )
            counts[name] = connection.execute(f"select count(*) from {table}").fetchall()[0][0]
            say(f"   {name}: {counts[name]:,d} rows")
        _comments(connection)
        connection.execute("detach live")
        for name in names:
            mart = known.get(name) or _described(connection, name)
            try:
                export_mart(connection, mart, ExportFormat.parquet, building / "parquet", rebuild)
            except WarehouseError:
                if name in known:
                    raise
                _copy_as_it_is(connection, name, building / "parquet")
    return counts


def _copy_as_it_is(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    """Write a table that nobody described and whose types the VO lacks: lists, structs."""
    path = _text(str(folder / f"{name}.parquet"))
    connection.execute(f"copy marts.{quoted(name)} to {path} (format parquet, compression zstd)")


def _comments(connection: duckdb.DuckDBPyConnection) -> None:
    for table, comment in connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where database_name = 'live' and schema_name = 'marts' and comment is not null"
    ).fetchall():
        connection.execute(f"comment on table marts.{quoted(table)} is {_text(comment)}")
    for table, column, comment in connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'live' and schema_name = 'marts' and comment is not null"
    ).fetchall():
        connection.execute(
            f"comment on column marts.{quoted(table)}.{quoted(column)} is {_text(comment)}"
        )


def _described(connection: duckdb.DuckDBPyConnection, name: str) -> Mart:
    """Return what the database says of a table that dbt's manifest does not have."""
    columns = connection.execute(
        "select column_name, coalesce(comment, '') from duckdb_columns() "
        "where schema_name = 'marts' and table_name = ? order by column_index",
        [name],
    ).fetchall()
    return Mart(name, "marts", "", tuple(MartColumn(*column) for column in columns))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _tell(database: Path, card: Mapping[str, Any]) -> None:
    """Put the card into the database, too, as table ``release``."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table release (key varchar, value varchar)")
        connection.executemany(
            "insert into release values (?, ?)",
            [
                (key, value if isinstance(value, str) else json.dumps(value, sort_keys=True))
                for key, value in sorted(card.items())
            ],
        )
        connection.execute("checkpoint")


def _sum(folder: Path) -> None:
    """Write the SHA-256 of each file, as ``sha256sum`` does."""
    lines = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / SUMS).write_text("".join(lines))


@contextmanager
def _alone(published: Path, say: Say) -> Iterator[None]:
    """Wait until no other publisher is at work here; a killed one is none."""
    with (published / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("   another publisher is at work here; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _point(published: Path, folder: Path) -> None:
    """Let ``current`` point to a release: the one step that counts."""
    link = published / f".{CURRENT}.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(published / CURRENT)


def git_commit(folder: Path) -> str:
    """Return the commit of a source tree, marked where it was changed; 'unknown' of no tree."""
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip() or "unknown"
