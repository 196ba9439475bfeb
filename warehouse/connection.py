"""Open the warehouse's DuckDB file, with errors that say what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

#: Newer storage packs float arrays into about 60 % of the space of the default format.
STORAGE_VERSION = "latest"

#: Letters of another process's command that a message shows.
_COMMAND = 80


class WarehouseError(Exception):
    """The warehouse cannot be used as asked; the message says why and the way out."""


def connect(
    path: Path | str, *, read_only: bool = False, must_exist: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file.

    Parameters
    ----------
    path
        The database file.
    read_only
        Open for reading only; several readers can share a file, but not beside a writer.
    must_exist
        Refuse to make a new file (always so for ``read_only``).

    Raises
    ------
    WarehouseError
        When the file is missing, locked by another process, no database, or cannot be
        written.

    Notes
    -----
    Close it, best by ``with``. A connection that is only dropped while a result is half read can
    wait for ever: Python's lock is held then, and a thread of DuckDB that frees what a Python
    function made waits for that lock.
    """
    path = Path(path)
    if (read_only or must_exist) and not path.exists():
        raise WarehouseError(f"{path}: no warehouse here; make one with `hotstars init`")
    if not read_only:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WarehouseError(f"{path.parent}: cannot be made ({error.strerror})") from error
    config: dict[str, str | bool | int | float | list[str]] = {
        "storage_compatibility_version": STORAGE_VERSION
    }
    if limit := os.environ.get("HOTSTARS_MEMORY_LIMIT"):
        config["memory_limit"] = limit
    try:
        return duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.IOException as error:
        raise WarehouseError(_explain(path, str(error), read_only=read_only)) from error


def _explain(path: Path, message: str, *, read_only: bool) -> str:
    if "Conflicting lock" in message or "Could not set lock" in message:
        if read_only:
            way = "and nobody reads meanwhile. Wait until that ingest or dbt run ends"
        else:
            way = (
                "and nobody else has it open then. Wait until that process ends, or close it if it "
                "is a notebook or client that only reads"
            )
        return (
            f"{path}: another process ({_holder(message)}) holds the warehouse; a DuckDB file has "
            f"one writer, {way}; what is published can be read at any time: `hotstars sql "
            "--published`, or the file published/current/warehouse.duckdb beside it"
        )
    if "not a valid DuckDB database file" in message:
        return f"{path}: this is no DuckDB database; move it away and run `hotstars init`"
    if "Permission denied" in message or "Read-only" in message:
        return f"{path}: not writable; check the permissions or set HOTSTARS_HOME to another folder"
    if "No space left" in message:
        return f"{path}: the disk is full; free some space and run the same command again"
    return f"{path}: cannot be opened ({message.splitlines()[0]})"


def _holder(message: str) -> str:
    """Return who holds the lock: the process's number, and where the system tells, its command."""
    found = re.search(r"PID (\d+)", message)
    if found is None:
        return "PID ?"
    try:
        words = Path("/proc", found[1], "cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"PID {found[1]}"
    command = " ".join(word.decode(errors="replace") for word in words).strip()
    shown = command if len(command) <= _COMMAND else f"{command[:_COMMAND]}..."
    return f"PID {found[1]}: {' '.join(shown.split())}" if shown else f"PID {found[1]}"
