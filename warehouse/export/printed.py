"""A mart as it is printed: labels, units, formats, limits, explanations, numbered notes, lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.connection import WarehouseError
from warehouse.export import printing
from warehouse.export.cds_units import printed_unit
from warehouse.export.labels import printed_labels
from warehouse.export.metadata import Mart, MartColumn, plain_ascii
from warehouse.export.origin import caption_of
from warehouse.export.printing import PrintFormat
from warehouse.export.reading import Extent, extents_of, is_text, read_pieces, schema_of

#: The note of columns that hold 0 and 1, where their metadata have none.
YES_OR_NO = "Whether what the explanation says is so:\n0 = no;\n1 = yes."


@dataclass(frozen=True)
class PrintedColumn:
    """A column as it is printed.

    Attributes
    ----------
    label, unit, format
        In the spelling of CDS and the AAS Journals.
    limits
        Least and greatest printed number in brackets, and a question mark where one is missing.
    explanation
        Description and the numbers of the notes that it refers to.
    """

    label: str
    unit: str
    format: PrintFormat
    limits: str
    explanation: str


@dataclass(frozen=True)
class Printed:
    """A table as it is printed.

    Attributes
    ----------
    mart, columns
        What it is.
    caption
        Title; SIMULATED where rows are.
    notes
        In the order in which the columns refer to them; the table's origin is one.
    n_rows
        Lines.
    pieces
        Called, gives the values in pieces, column by column.
    """

    mart: Mart
    columns: Sequence[PrintedColumn]
    caption: str
    notes: Sequence[str]
    n_rows: int
    pieces: Callable[[], Iterator[list[list[Any]]]]

    def lines(self) -> Iterator[str]:
        """Return the rows, without the blanks that would end them."""
        for values in self.pieces():
            printed = [
                [one.format.padded(value) for value in column]
                for one, column in zip(self.columns, values, strict=True)
            ]
            yield from (" ".join(row).rstrip() for row in zip(*printed, strict=True))


def printed(connection: duckdb.DuckDBPyConnection, mart: Mart, facts: Mapping[str, Any]) -> Printed:
    """Return a mart as machine-readable and CDS tables have it.

    Parameters
    ----------
    connection, mart
        What to print.
    facts
        Of :func:`warehouse.export.origin.provenance`, which are a note.

    Raises
    ------
    WarehouseError
        Naming a column that cannot be printed: infinite numbers, text that is not ASCII on one
        line, a unit without a CDS spelling, a format that does not suit.
    """
    schema = schema_of(connection, mart)
    names = [column.name for column in mart.columns]
    errors = [name for name in names if name.endswith("_error")]
    n_rows, extents = extents_of(connection, mart, schema, errors)
    for column, extent in zip(mart.columns, extents, strict=True):
        _refuse(mart, column, extent)
    small = {
        name: extent.small
        for name, extent in zip(names, extents, strict=True)
        if extent.small is not None
    }
    wanted = [
        printing.declared_format(column.print_format, _kind(field.type), column.name)
        for column, field in zip(mart.columns, schema, strict=True)
    ]
    formats = [
        printing.fitted(one, extent)
        for one, extent in zip(printing.rounded(names, wanted, small), extents, strict=True)
    ]
    notes, numbers = _numbered(mart, schema, "\n".join(_told(facts)))
    columns = [
        PrintedColumn(
            label=label,
            unit=printed_unit(column),
            format=one,
            limits=_limits(column, extent, one),
            explanation=" ".join([_in_print(column.description), *(f"({n})" for n in of)]),
        )
        for column, label, one, extent, of in zip(
            mart.columns, printed_labels(mart.columns), formats, extents, numbers, strict=True
        )
    ]

    def pieces() -> Iterator[list[list[Any]]]:
        for piece in read_pieces(connection, mart):
            yield [_items(column) for column in piece.columns]

    return Printed(mart, columns, plain_ascii(caption_of(mart, facts)), notes, n_rows, pieces)


def _kind(kind: pa.DataType) -> str:
    if is_text(kind):
        return "text"
    return "real" if pa.types.is_floating(kind) else "integer"


def _refuse(mart: Mart, column: MartColumn, extent: Extent) -> None:
    """Raise where a printed table has no place for what a column holds."""
    other = "release it as votable, parquet, csv or ecsv"
    if extent.n_infinite:
        raise WarehouseError(
            f"column {column.name} of {mart.name}: {extent.n_infinite:,d} numbers are infinite, "
            f"and a printed table has no place for them; mend the model, or {other}"
        )
    if not extent.is_printable:
        raise WarehouseError(
            f"column {column.name} of {mart.name} holds text that is not ASCII or has line breaks, "
            f"and a printed table has no place for it; {other}"
        )


def _limits(column: MartColumn, extent: Extent, one: PrintFormat) -> str:
    """Return the limits of what is printed; none of text and of identifiers.

    They are rounded as the rows are, so that no printed number lies outside. Text may be blank
    anywhere: the question mark is for numbers.
    """
    if one.kind == "A":
        return ""
    missing = "?" if extent.n_missing else ""
    if extent.low is None or (column.ucd or "").startswith("meta.id"):
        return missing
    low, high = one.text(extent.low), one.text(extent.high)
    return (f"[{low}]" if low == high else f"[{low}/{high}]") + missing


def _numbered(mart: Mart, schema: pa.Schema, origin: str) -> tuple[list[str], list[list[int]]]:
    """Return the notes, each once, and their numbers by column.

    The first column refers to what a row is, that of surveys, or else the first, to the origin.
    """
    names = [column.name for column in mart.columns]
    tells_origin = "survey" if "survey" in names else names[0]
    notes: list[str] = []
    numbers = []
    for column, field in zip(mart.columns, schema, strict=True):
        wanted = [mart.description if column.name == names[0] else None]
        wanted.append(column.note or (YES_OR_NO if pa.types.is_boolean(field.type) else None))
        if column.name == tells_origin:
            wanted.append(origin)
        texts = [_in_print(note) for note in wanted if note]
        notes += [text for text in texts if text not in notes]
        numbers.append([notes.index(text) + 1 for text in texts])
    return notes, numbers


def _told(facts: Mapping[str, Any]) -> list[str]:
    return ["Origin of this table:", *(f"{key}: {value}" for key, value in facts.items())]


def _in_print(text: str) -> str:
    """Return text of the metadata as a printed table has it: ASCII, and no NULL but a blank."""
    return plain_ascii(text).replace("NULL", "blank")


def _items(array: pa.Array) -> list[Any]:
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.string())
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    items: list[Any] = array.to_pylist()
    return items
