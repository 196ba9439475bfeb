"""Find out what a file is from its first bytes, never from its name."""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path

from ingest.catalogues.readers.common import OpenTable
from ingest.files import BadFileError

_PACKED = b"\x1f\x8b"
_OTHER = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}


def open_catalogue(path: Path, scratch: Path) -> list[OpenTable]:
    """Open a VOTable, FITS, Parquet or text table, gzipped or not.

    Parameters
    ----------
    path
        The file.
    scratch
        Empty folder for an unpacked copy; it must outlive the tables.

    Returns
    -------
    list of OpenTable
        At least one.

    Raises
    ------
    BadFileError
        When the file cannot be read or is none of these formats.
    """
    try:
        start = _start(path)
        if start.startswith(_PACKED):
            path = _unpacked(path, scratch)
            start = _start(path)
    except OSError as error:
        raise BadFileError(f"cannot be read ({error.strerror or error})") from error
    return _reader(start, path)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _unpacked(path: Path, scratch: Path) -> Path:
    # Unpacked once: a packed stream would be read several times, by one thread, and DuckDB
    # takes a cut one for a short one.
    plain = scratch / (path.name.removesuffix(".gz") or "catalogue")
    try:
        with gzip.open(path) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadFileError(
            f"the gzip stream is cut or damaged ({error}); download the file again"
        ) from error
    return plain


def _reader(start: bytes, path: Path) -> list[OpenTable]:
    if not start.strip():
        raise BadFileError("the file is empty; download it again")
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"SIMPLE  ="):
        from ingest.catalogues.readers.fits import open_fits  # noqa: PLC0415

        return open_fits(path)
    if start.startswith(b"PAR1"):
        from ingest.catalogues.readers.parquet import open_parquet  # noqa: PLC0415

        return open_parquet(path)
    lower = head[:2000].lower()
    if b"<votable" in lower or (head.startswith(b"<?xml") and b"<html" not in lower):
        from ingest.catalogues.readers.votable import open_votable  # noqa: PLC0415

        return open_votable(path)
    if lower.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        raise BadFileError(
            "a web page in place of a table (an archive's error or maintenance page, most "
            "likely); download it again"
        )
    for magic, name in _OTHER.items():
        if start.startswith(magic):
            raise BadFileError(f"packed with {name}; unpack it, only gzip is read")
    if b"\0" in start:
        raise BadFileError(
            "none of VOTable, FITS, Parquet and text: it starts with "
            f"{start[:12]!r}; convert it to one of these"
        )
    from ingest.catalogues.readers.text import open_text  # noqa: PLC0415

    return [open_text(path)]
