"""Find files and read their bytes, packed or not, with everything that can be wrong said.

What a file is called decides nothing but whether a folder's listing takes it up: packing
is found from the first bytes, as some archives unpack ``.gz`` files on the way.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz")

#: No survey spectrum comes near this; a packed file that grows beyond it is none.
MAX_BYTES = 1 << 28

_GZIP = b"\x1f\x8b"
_OTHER_PACKING = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class BadFileError(Exception):
    """A file that cannot be used; the message says what, why and what to do."""


@dataclass(frozen=True)
class FileIdentity:
    """A file as it lies on disk.

    Attributes
    ----------
    path
        Absolute path; bytes that are no UTF-8 are written as escapes.
    sha256, size, mtime_ns
        None where the file could not be read.
    """

    path: str
    sha256: str | None = None
    size: int | None = None
    mtime_ns: int | None = None


def printable(path: Path) -> str:
    """Return the absolute path as text that every table can hold."""
    return os.fsencode(path.absolute()).decode("utf-8", "backslashreplace")


def read_packed(path: Path) -> tuple[FileIdentity, bytes | BadFileError]:
    """Read a file's bytes as they lie on disk.

    Returns
    -------
    FileIdentity
        What is known of the file, also when reading failed.
    bytes or BadFileError
        The bytes, or why there are none.
    """
    name = printable(path)
    try:
        status = path.stat()
        identity = FileIdentity(name, None, status.st_size, status.st_mtime_ns)
        if not stat.S_ISREG(status.st_mode):
            raise BadFileError("this is no regular file; give FITS files")
        if status.st_size > MAX_BYTES:
            raise BadFileError(
                f"{status.st_size:,d} bytes are too many for a spectrum; is this another product?"
            )
        content = path.read_bytes()
    except BadFileError as error:
        return identity, error
    except OSError as error:
        return FileIdentity(name), BadFileError(_system_says(error))
    digest = hashlib.sha256(content).hexdigest()
    identity = FileIdentity(name, digest, status.st_size, status.st_mtime_ns)
    if len(content) != status.st_size:
        return identity, BadFileError(
            f"short read: {len(content):,d} of {status.st_size:,d} bytes; is it still being "
            "written? Ingest it again when it is complete"
        )
    return identity, content


def _system_says(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "no permission to read it; change its mode or owner"
    if isinstance(error, FileNotFoundError):
        return "it is not there (any more); a broken link, or removed while this ran"
    return f"the system cannot read it ({error.strerror or error}); check the disk and try again"


def unpack(content: bytes) -> bytes:
    """Return the FITS bytes of a file, unpacked where it is gzip.

    Raises
    ------
    BadFileError
        For an empty file, a web page, a damaged or cut gzip stream, another packing.
    """
    if not content:
        raise BadFileError("the file is empty; download it again")
    if content.startswith(_GZIP):
        content = gunzip(content)
    if content.startswith(b"SIMPLE  ="):
        return content
    start = content[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise BadFileError(
            "a web page in place of a FITS file (an archive's error page, most likely); "
            "download it again"
        )
    for magic, name in _OTHER_PACKING.items():
        if content.startswith(magic):
            raise BadFileError(f"packed with {name}; unpack it, only gzip is read")
    if not content:
        raise BadFileError("the gzip file holds nothing; download it again")
    raise BadFileError(
        f"this is no FITS file: it starts with {content[:9]!r} where FITS has 'SIMPLE  ='; "
        "download it again"
    )


def gunzip(packed: bytes) -> bytes:
    """Return what a gzip file holds, all its members; BadFileError if it is damaged or huge."""
    parts = []
    room = MAX_BYTES
    rest = packed
    while rest:
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(rest, room)
        except zlib.error as error:
            raise BadFileError(
                f"the gzip stream is damaged ({_cause(error)}); download it again"
            ) from None
        if not stream.eof:
            if len(part) >= room:
                raise BadFileError(
                    f"it unpacks to more than {MAX_BYTES:,d} bytes, which no spectrum does; "
                    "look at it with `gzip -l`"
                )
            raise BadFileError(
                f"the gzip stream ends too early, after {len(packed):,d} packed bytes: the file "
                "was cut; download it again"
            )
        parts.append(part)
        room -= len(part)
        rest = stream.unused_data.lstrip(b"\0")
        if rest and not rest.startswith(_GZIP):
            raise BadFileError(
                f"{len(rest):,d} bytes that are no gzip follow the gzip stream; download it again"
            )
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _cause(error: zlib.error) -> str:
    text = str(error)
    if "incorrect data check" in text or "incorrect length check" in text:
        return "its check sum does not fit its content"
    return text.rsplit(": ", maxsplit=1)[-1]


def discover(paths: Iterable[Path], suffixes: Sequence[str] = FITS_SUFFIXES) -> list[Path]:
    """Return the files that are meant, each once, in the order of their absolute paths.

    A path that is a file is taken whatever its name; below a folder those are taken whose
    name ends as FITS files do.

    Raises
    ------
    FileNotFoundError
        When a given path does not exist.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            for file in _walk(path, tuple(suffixes)):
                found.setdefault(str(file), file)
        elif path.exists() or path.is_symlink():
            found.setdefault(str(path.absolute()), path.absolute())
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")
    return [found[name] for name in sorted(found)]


def _walk(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    seen = set()  # folders by device and number: links that lead back must not loop
    for root, folders, names in os.walk(folder.absolute(), onerror=_refuse, followlinks=True):
        status = Path(root).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()  # which of two ways to a folder is taken must not depend on the disk
        yield from (Path(root, name) for name in names if name.lower().endswith(suffixes))


def _refuse(error: OSError) -> None:
    raise error
