"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from warehouse.connection import WarehouseError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; on success it takes the final name, fsynced.

    Raises
    ------
    WarehouseError
        When the disk is full or the folder cannot be written; the old file stays.
    """
    temporary = _beside(path, "part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_rubbish(path.parent, path.name)
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise WarehouseError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(NotADirectoryError):
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder on the disk of ``path``, beside it, which is removed in the end.

    Raises
    ------
    WarehouseError
        When the disk is full or the folder cannot be written.
    """
    temporary = _beside(path, "parts")
    try:
        clear_rubbish(path.parent, path.name)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
    except OSError as error:
        raise WarehouseError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; on success it takes the final name, fsynced.

    A folder that stood there is moved aside first and removed at last: killed between the two
    renames, neither stands under the name, and the next call makes it again.

    Raises
    ------
    WarehouseError
        When the disk is full or the folder cannot be written; the old one stays.
    """
    with scratch_folder(path) as temporary:
        yield temporary
        sync_folder(temporary)
        old = _beside(path, "old")
        if path.exists():
            path.rename(old)
        temporary.rename(path)
        shutil.rmtree(old, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Bring all that a folder holds to the disk."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def clear_rubbish(folder: Path, name: str = "*") -> None:
    """Remove unfinished files and folders, ``.NAME.PID.part`` and the like, whose writer is dead.

    Parameters
    ----------
    folder
        Where they lie.
    name
        Of what they would have become; all by default.
    """
    for path in folder.glob(f".{name}.*"):
        *_, pid, end = path.name.split(".")
        if end in ("part", "parts", "old") and pid.isdigit() and not _is_alive(int(pid)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{end}")
