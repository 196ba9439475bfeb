"""A mart as an astropy table with units, UCDs and descriptions: what VOTable and FITS need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from astropy import units
from astropy.table import MaskedColumn, Table

from warehouse.connection import WarehouseError
from warehouse.export.metadata import Mart

#: What stands under a mask; FITS declares it as TNULL.
INTEGER_NULL = {
    np.dtype("int16"): -(2**15),
    np.dtype("int32"): -(2**31),
    np.dtype("int64"): -(2**63),
}


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


def _numpy_column(array: pa.ChunkedArray, name: str) -> tuple[np.ndarray, np.ndarray]:
    mask = np.asarray(array.is_null())
    kind = array.type
    if pa.types.is_nested(kind):
        raise WarehouseError(f"column {name} is a list or a struct; release its elements instead")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = np.asarray(array.fill_null("").to_pylist(), dtype=str)
        # one letter would be written as arraysize="1", which VOTable has given up
        return texts.astype(f"U{max(texts.dtype.itemsize // 4, 2)}"), mask
    if pa.types.is_temporal(kind):
        text = array.cast(pa.string()).fill_null("")
        return np.asarray(text.to_pylist(), dtype=str), mask
    if pa.types.is_boolean(kind):
        # A nullable boolean has no place in FITS: 0 and 1 with a null value have.
        return np.asarray(array.cast(pa.int8()).fill_null(0)).astype(np.int16), mask
    if pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    if pa.types.is_floating(array.type):
        return np.asarray(array.fill_null(np.nan)), mask
    values = np.asarray(array.fill_null(0))
    if values.dtype == np.int8:
        values = values.astype(np.int16)
    return values, mask


def to_astropy(
    mart: Mart,
    rows: pa.Table,
    provenance: dict[str, Any],
    widths: Mapping[str, int] | None = None,
) -> Table:
    """Return rows of a mart as an astropy table; only columns with NULL are masked.

    Parameters
    ----------
    mart, rows, provenance
        The table; the last goes into its ``meta``.
    widths
        Letters that columns of text have at least, where the rows are not all.
    """
    table = Table(meta={"name": mart.name, "description": mart.description, **provenance})
    for column in mart.columns:
        values, mask = _numpy_column(rows[column.name], column.name)
        if values.dtype.kind == "U" and widths and column.name in widths:
            width = max(widths[column.name], values.dtype.itemsize // 4)
            values = values.astype(f"U{width}")
        if mask.any() and values.dtype in INTEGER_NULL:
            values = np.where(mask, INTEGER_NULL[values.dtype], values)
        table[column.name] = MaskedColumn(
            values,
            mask=mask if mask.any() else False,
            unit=astropy_unit(column.unit, column.name),
            description=column.description,
            fill_value=INTEGER_NULL.get(values.dtype),
        )
        if column.ucd:
            table[column.name].info.meta = {"ucd": column.ucd}
    return table
