"""VOTables: TABLEDATA, BINARY and BINARY2, with what their INFO elements warn of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io.votable import parse
from astropy.io.votable.exceptions import E19

from ingest.catalogues.readers.common import (
    FileColumn,
    OpenTable,
    attach_arrow,
    says_simulated,
    to_arrow,
)
from ingest.files import BadFileError


class NoTableError(BadFileError):
    """A whole VOTable without any table: how VizieR answers when no row fits."""


def open_votable(source: Path | BytesIO, title: str | None = None) -> list[OpenTable]:
    """Open the tables of a VOTable.

    Parameters
    ----------
    source
        The file, or the bytes of an archive's answer.
    title
        What to call it in messages; by default the file's name.

    Raises
    ------
    BadFileError
        When the document is cut or no VOTable, when the archive says in it that it failed
        or that rows were left out (OVERFLOW), or when it holds no table.
    """
    if title is None:
        title = source.name if isinstance(source, Path) else "the answer"
    check_ending(source)
    document = _parse(source)
    check_status(document)
    tables = [
        table for resource in _resources(document) for table in resource.tables if table.fields
    ]
    if not tables:
        raise NoTableError("this VOTable holds no table with columns; ask the archive again")
    marked = _marks(document)
    return [
        _open_table(
            table, f"{title}[{table.name or table.ID}]" if len(tables) > 1 else title, marked
        )
        for table in tables
    ]


def check_ending(source: Path | BytesIO) -> None:
    """Refuse a document that does not end as one.

    Raises
    ------
    BadFileError
        When ``</VOTABLE>`` is missing: the transfer was cut.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            file.seek(max(0, source.stat().st_size - 1024))
            tail = file.read()
    else:
        tail = source.getvalue()[-1024:]
    if b"</votable>" not in tail.lower().replace(b"vot:", b""):
        raise BadFileError("the VOTable is cut: it does not end with </VOTABLE>; download it again")


def _parse(source: Path | BytesIO) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(source, verify="ignore")
    except (E19, ValueError, TypeError, IndexError, OSError, EOFError, KeyError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadFileError(
            f"the VOTable is damaged or cut ({message}); download it again"
        ) from error


def _resources(document: Any) -> list[Any]:
    found, waiting = [], list(document.resources)
    while waiting:
        resource = waiting.pop(0)
        found.append(resource)
        waiting[:0] = resource.resources
    return found


def check_status(document: Any) -> None:
    """Refuse an answer that says that it failed or is incomplete (DALI, section 4.4).

    Raises
    ------
    BadFileError
        With the archive's words and the way out.
    """
    infos = list(getattr(document, "infos", []))
    for resource in _resources(document):
        infos += list(resource.infos)
        for table in resource.tables:
            infos += list(table.infos)
    for info in infos:
        name, value = (info.name or "").upper(), (info.value or "").upper()
        text = (info.content or "").strip()
        if name == "QUERY_STATUS" and value == "ERROR":
            raise BadFileError(f"the archive refused the query: {text or 'no reason given'}")
        if (name == "QUERY_STATUS" and value == "OVERFLOW") or (
            name == "WARNING" and ("TRUNCATED" in value or "TRUNCATED" in text.upper())
        ):
            raise BadFileError(
                f"the archive left rows out (row limit reached; {text or value}): ask for fewer "
                "positions at once, or lift the limit (VizieR: -out.max=unlimited, TAP: MAXREC)"
            )


def _marks(document: Any) -> bool:
    words = {}
    for holder in [document, *_resources(document)]:
        for item in [*getattr(holder, "infos", []), *getattr(holder, "params", [])]:
            words[item.name or item.ID or ""] = item.value
    return says_simulated(words) or says_simulated([str(document.description or "")])


def _open_table(table: Any, title: str, marked: bool) -> OpenTable:
    fields = list(table.fields)
    columns = tuple(
        FileColumn(field.name, str(field.unit) if field.unit else None, field.ID)
        for field in fields
    )
    words = {item.name or "": item.value for item in [*table.infos, *getattr(table, "params", [])]}
    simulated = marked or says_simulated(words) or says_simulated([str(table.description or "")])

    def make(wanted: Sequence[int]) -> pa.Table:
        arrays = {}
        for number in wanted:
            column = table.array[table.array.dtype.names[number]]
            if column.ndim > 1:
                raise BadFileError(f"column {fields[number].name} holds an array a row")
            mask = np.ma.getmaskarray(column)
            arrays[f"c{number}"] = to_arrow(column.data, mask)
        return pa.table(arrays)

    return OpenTable(title, columns, attach_arrow(make), simulated, len(table.array))


def describe(source: BytesIO) -> tuple[dict[str, str | None], bool]:
    """Return the units of a VOTable header by column, and whether it says SIMUL."""
    document = _parse(source)
    units = {
        field.name: str(field.unit) if field.unit else None
        for resource in _resources(document)
        for table in resource.tables
        for field in table.fields
    }
    return units, _marks(document)
