"""What every reader hands out: tables whose columns can be attached to a DuckDB query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: Attach some columns to a connection; returns what stands behind FROM, with columns c0, c1...
Attach = Callable[[duckdb.DuckDBPyConnection, Sequence[int]], str]

_SIMULATED = re.compile(r"^\s*simul(ated)?\s*[=:]\s*'?(t|true|1|yes)\b|simulated survey", re.I)


@dataclass(frozen=True)
class FileColumn:
    """A column of a file: its name, its other name (VOTable's ID) and its unit."""

    name: str
    unit: str | None = None
    identifier: str | None = None


@dataclass(frozen=True)
class OpenTable:
    """One table of a file, ready to be queried.

    Attributes
    ----------
    title
        What it is called in messages: the file's name, with the table's where it has several.
    columns
        In the order of the file.
    attach
        Makes the wanted columns known to a connection as ``c<number>``.
    simulated
        Whether the file says that it comes from the simulated survey.
    n_rows
        Rows, where the format tells.
    problems
        Filled while the table is read: rows that are no rows, with the reason.
    """

    title: str
    columns: tuple[FileColumn, ...]
    attach: Attach
    simulated: bool = False
    n_rows: int | None = None
    problems: Callable[[duckdb.DuckDBPyConnection], list[str]] = field(default=lambda _: [])


def says_simulated(lines: Iterable[str] | Mapping[str, Any]) -> bool:
    """Tell whether comments or keywords mark a file as one of the simulated survey."""
    if isinstance(lines, Mapping):
        lines = [f"{key} = {value}" for key, value in lines.items()]
    return any(_SIMULATED.search(line) for line in lines)


def to_arrow(
    values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
) -> pa.Array | pa.ChunkedArray:
    """Return a numpy column as Arrow; NaN and masked elements become NULL.

    Parameters
    ----------
    values, shape (n,)
        Numbers in any byte order, bytes, text or objects.
    mask, shape (n,)
        True where there is no value.
    """
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind == "S":
        packed = pa.array(values, mask=mask)
        try:
            return packed.cast(pa.string())
        except pa.ArrowInvalid:  # old files write accents in ISO 8859-1
            values = np.char.decode(values, "latin-1")
    if values.dtype.kind in "UO":
        items = [_text(item) for item in values]
        return pa.array(items, pa.string(), mask=mask)
    return pa.array(values, mask=mask, from_pandas=values.dtype.kind == "f")


def _text(item: Any) -> str | None:
    if item is None or item is np.ma.masked:
        return None
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return str(item)


def attach_arrow(make: Callable[[Sequence[int]], pa.Table]) -> Attach:
    """Return an :data:`Attach` for a reader that makes Arrow tables of wanted columns."""

    def attach(connection: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> str:
        connection.register("catalogue_", make(wanted))
        return "catalogue_"

    return attach
