"""A mart's columns as VOTable and FITS hold them: types, widths, and records of fixed length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy import units
from astropy.table import MaskedColumn, Table

from warehouse.connection import WarehouseError
from warehouse.export.metadata import Mart
from warehouse.export.reading import Extent, is_text

#: What stands where a whole number is missing; FITS declares it as TNULL.
INTEGER_NULL = {
    np.dtype("int16"): -(2**15),
    np.dtype("int32"): -(2**31),
    np.dtype("int64"): -(2**63),
}

#: Arrow types that both formats lack, and what holds their values. A nullable boolean has no place
#: in FITS: 0 and 1 with a null value have.
_WIDER = {
    pa.bool_(): pa.int16(),
    pa.int8(): pa.int16(),
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
}


@dataclass(frozen=True)
class Field:
    """A column of a file: name, type of its numbers, or letters of its text."""

    name: str
    #: None for text.
    number: np.dtype[Any] | None
    width: int = 0
    is_ascii: bool = True
    is_printable: bool = True

    @property
    def null(self) -> int | None:
        """What stands for a missing whole number; None for text and where NaN does."""
        return INTEGER_NULL.get(self.number) if self.number is not None else None


def astropy_unit(unit: str | None, column: str) -> units.UnitBase | None:
    """Return the astropy unit of a VOUnit.

    Raises
    ------
    WarehouseError
        Naming the column whose unit is none.
    """
    if not unit:
        return None
    try:
        return units.Unit(unit, format="vounit")
    except ValueError as error:
        raise WarehouseError(f"column {column}: {unit!r} is no VOUnit ({error})") from error


def fields_of(
    schema: pa.Schema, extents: Sequence[Extent], *, in_records: bool = True
) -> list[Field]:
    """Return how the columns of a mart are held.

    Parameters
    ----------
    schema
        The columns' Arrow types.
    extents
        What the columns hold, of the same rows.
    in_records
        Whether types must be those that FITS has; else those that VOTable has: a truth is one.
    """
    fields = []
    for one, extent in zip(schema, extents, strict=True):
        kind = one.type
        if is_text(kind):
            # Bytes are at least the UTF-16 words of a text; one letter would be written as
            # arraysize="1", which VOTable has given up.
            fields.append(
                Field(one.name, None, max(extent.n_bytes, 2), extent.is_ascii, extent.is_printable)
            )
            continue
        if in_records or not pa.types.is_boolean(kind):
            kind = _WIDER.get(kind, kind)
        fields.append(Field(one.name, np.dtype(kind.to_pandas_dtype())))
    return fields


def without_rows(mart: Mart, fields: Sequence[Field]) -> Table:
    """Return the mart as an astropy table without a row: names, types, units, descriptions."""
    table = Table(meta={"name": mart.name, "description": mart.description})
    for column, field in zip(mart.columns, fields, strict=True):
        kind: Any = field.number
        if kind is None:
            kind = f"{'S' if field.is_ascii else 'U'}{field.width}"
        table[column.name] = MaskedColumn(
            np.empty(0, dtype=kind),
            unit=astropy_unit(column.unit, column.name),
            description=column.in_full,
            fill_value=field.null,
        )
    return table


def records(
    pieces: Iterable[pa.RecordBatch], fields: Sequence[Field], *, flags: bool
) -> Iterator[np.ndarray]:
    """Yield pieces of a mart as big-endian records of fixed length, ready for a file.

    Parameters
    ----------
    pieces
        Rows; a column each for the fields, in their order.
    fields
        Of :func:`fields_of`, measured on the same rows.
    flags
        Whether a record begins with a bit for each field, set where it is missing (BINARY2).

    Raises
    ------
    WarehouseError
        When rows do not fit what was measured: the table has changed meanwhile.
    """
    head = [("flags", "u1", ((len(fields) + 7) // 8,))] if flags else []
    kind = np.dtype([*head, *((f"f{i}", *_stored(field)) for i, field in enumerate(fields))])
    for piece in pieces:
        found = np.zeros(piece.num_rows, dtype=kind)
        missing = np.zeros((piece.num_rows, len(fields)), dtype=bool)
        for i, (field, array) in enumerate(zip(fields, piece.columns, strict=True)):
            missing[:, i] = np.asarray(array.is_null())
            found[f"f{i}"] = _text(array, field) if field.number is None else _number(array, field)
        if flags:
            found["flags"] = np.packbits(missing, axis=1)
        yield found


def _stored(field: Field) -> tuple[Any, ...]:
    """Return the type of a field in a record, and its shape."""
    if field.number is not None:
        return (field.number.newbyteorder(">"),)
    return (f"S{field.width}",) if field.is_ascii else (">u2", (field.width,))


def _number(array: pa.Array, field: Field) -> np.ndarray:
    assert field.number is not None
    if field.null is None:
        return np.asarray(array.cast(pa.float64()).fill_null(np.nan)).astype(field.number)
    try:
        array = array.cast(pa.from_numpy_dtype(field.number))
    except pa.ArrowInvalid as error:
        raise WarehouseError(
            f"column {field.name} holds whole numbers beyond 64 bits with a sign ({error}), which "
            "VOTable and FITS lack; release it as text: cast it to varchar in its model"
        ) from error
    return np.asarray(array.fill_null(field.null))


def _text(array: pa.Array, field: Field) -> np.ndarray:
    array = array.cast(pa.string()).fill_null("")
    widest = pc.max(pc.binary_length(array)).as_py() or 0
    if widest > field.width:
        raise WarehouseError(
            f"column {field.name} has changed while it was written; release it again"
        )
    if field.is_ascii:
        return np.asarray(array.cast(pa.binary()).to_pylist(), dtype=f"S{field.width}")
    length = 2 * field.width
    joined = b"".join(text.encode("utf-16-be").ljust(length, b"\0") for text in array.to_pylist())
    return np.frombuffer(joined, dtype=">u2").reshape(len(array), field.width)
