"""A mart read from the database: its rows in pieces, its types, what its columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.connection import WarehouseError
from warehouse.export.metadata import Mart
from warehouse.load import quoted

#: Rows of a piece of a table that streams.
PIECE = 50_000


def is_text(kind: pa.DataType) -> bool:
    """Say whether values of an Arrow type are released as text."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_temporal(kind)
    )


def asked(connection: duckdb.DuckDBPyConnection, mart: Mart, query: str) -> Any:
    """Ask a query of a mart, with errors that say what to do.

    Raises
    ------
    WarehouseError
        When the table is not there or its columns are not those of the metadata.
    """
    try:
        return connection.execute(query)
    except duckdb.CatalogException as error:
        raise WarehouseError(f"{mart.name} is not built yet; run `hotstars build` first") from error
    except duckdb.BinderException as error:
        raise WarehouseError(
            f"{mart.name} has other columns than dbt's manifest says; run `hotstars build` again "
            f"({error})"
        ) from error


def table_of(mart: Mart) -> str:
    """Return a mart's name in SQL."""
    return f"{quoted(mart.schema)}.{quoted(mart.name)}"


def schema_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.Schema:
    """Return the Arrow types of the released columns, in the order of the metadata.

    Raises
    ------
    WarehouseError
        As :func:`asked`, and naming a column of a type that files lack.
    """
    query = f"select {_names(mart)} from {table_of(mart)} limit 0"
    fields = []
    for field in asked(connection, mart, query).to_arrow_table().schema:
        if pa.types.is_nested(field.type):
            raise WarehouseError(
                f"column {field.name} of {mart.name} is a list or a struct, which no format here "
                "holds; release its elements as columns of their own"
            )
        kind = field.type
        if pa.types.is_decimal(kind):
            kind = pa.float64()
        elif pa.types.is_dictionary(kind) or isinstance(kind, pa.BaseExtensionType):
            kind = pa.string()  # ENUM, UUID
        elif not (is_text(kind) or pa.types.is_primitive(kind)) or pa.types.is_interval(kind):
            raise WarehouseError(
                f"column {field.name} of {mart.name} is of a type ({field.type}) that no format "
                "here holds; cast it in its model"
            )
        fields.append(pa.field(field.name, kind))
    return pa.schema(fields)


def read_pieces(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.RecordBatchReader:
    """Return a mart's rows in its own order, in pieces, of the types of :func:`schema_of`.

    Raises
    ------
    WarehouseError
        As :func:`schema_of`.
    """
    order = ", ".join(quoted(name) for name in mart.order_by) or "all"
    query = f"{_released(mart, schema_of(connection, mart))} order by {order}"
    return asked(connection, mart, query).to_arrow_reader(PIECE)


def _names(mart: Mart) -> str:
    return ", ".join(quoted(column.name) for column in mart.columns)


def _released(mart: Mart, schema: pa.Schema) -> str:
    """Return the query of the released rows.

    What is not a number is missing: no NaN leaves the warehouse. Decimals, and whole numbers beyond
    64 bits, become real ones here, for Arrow rounds them wrongly.
    """
    chosen = []
    for field in schema:
        name = quoted(field.name)
        if pa.types.is_float64(field.type):
            name = f"{name}::double"
        if pa.types.is_string(field.type):
            chosen.append(f"{name}::varchar as {name}")
            continue
        if pa.types.is_floating(field.type):
            name = f"case when not isnan({name}) then {name} end as {quoted(field.name)}"
        chosen.append(name)
    return f"select {', '.join(chosen)} from {table_of(mart)}"


def told_values(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.Table:
    """Return the different values of the columns that tell a table's origin."""
    names = [
        column.name
        for column in mart.columns
        if column.name in ("survey", "model_grid") or column.name.endswith("_model")
    ]
    chosen = ", ".join(map(quoted, names)) or "1 as nothing"
    query = f"select distinct {chosen} from {table_of(mart)}"
    return asked(connection, mart, query).to_arrow_table()


@dataclass(frozen=True)
class Extent:
    """What a column holds, as far as print formats and descriptions need it.

    Attributes
    ----------
    low, high
        Least and greatest finite number; None of text and where there is none.
    smallest
        Least size of a number that is not zero.
    small
        10th percentile of the numbers above zero: a small one of a column of errors.
    n_missing, n_infinite
        Rows without a number or text; rows whose number is not finite.
    letters, n_bytes
        Of the longest text, and of the longest in UTF-8.
    is_ascii, is_printable
        Whether all text is ASCII, and whether it is made of ASCII's letters, figures and signs.
    """

    low: Any = None
    high: Any = None
    smallest: float | None = None
    small: float | None = None
    n_missing: int = 0
    n_infinite: int = 0
    letters: int = 0
    n_bytes: int = 0
    is_ascii: bool = True
    is_printable: bool = True


_OF_TEXT = {
    "n_missing": "count(*) - count({0})",
    "letters": "coalesce(max(length({0})), 0)",
    "n_bytes": "coalesce(max(strlen({0})), 0)",
    "is_ascii": "coalesce(bool_and(length({0}) = strlen({0})), true)",
    "is_printable": "coalesce(bool_and(regexp_full_match({0}, '[ -~]*')), true)",
}
_OF_TIME = {"n_missing": "count(*) - count({0})"}
_OF_DAY = {
    **_OF_TIME,
    "n_infinite": "count(*) filter (not isfinite({0}) or year({0}) not between 1 and 9999)",
}
_OF_NUMBER = {
    "n_missing": "count(*) - count({0})",
    "low": "min({0})",
    "high": "max({0})",
}
_OF_REAL = {
    "n_missing": "count(*) - count({0})",
    "n_infinite": "count(*) filter (isinf({0}))",
    "low": "min({0}) filter (isfinite({0}))",
    "high": "max({0}) filter (isfinite({0}))",
    "smallest": "min(abs({0})) filter (isfinite({0}) and {0} <> 0)",
}
_OF_ERRORS = {"small": "quantile_disc({0}::double, 0.1) filter ({0} > 0 and isfinite({0}::double))"}


def extents_of(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    schema: pa.Schema,
    errors: Sequence[str] = (),
    *,
    numbers: bool = True,
) -> tuple[int, list[Extent]]:
    """Return the number of rows and what each column holds, by one query.

    Parameters
    ----------
    connection, mart
        What to read.
    schema
        :func:`schema_of`.
    errors
        Columns of errors, whose small values are asked for.
    numbers
        Whether limits of numbers are asked for, which only printed tables need.

    Raises
    ------
    WarehouseError
        As :func:`asked`.
    """
    keys: list[tuple[int, str]] = []
    expressions = ["count(*)"]
    found: list[dict[str, Any]] = []
    for place, field in enumerate(schema):
        kind, name = field.type, quoted(field.name)
        found.append({})
        if pa.types.is_temporal(kind):
            wanted = _OF_TIME if pa.types.is_time(kind) else _OF_DAY
            found[place] = dict.fromkeys(("letters", "n_bytes"), _letters_of_time(kind))
        elif is_text(kind):
            wanted = _OF_TEXT
        elif not numbers:
            wanted = {}
        elif pa.types.is_floating(kind):
            wanted = {**_OF_REAL, **(_OF_ERRORS if field.name in errors else {})}
        else:
            name = f"{name}::tinyint" if pa.types.is_boolean(kind) else name
            wanted = _OF_NUMBER
        for key, expression in wanted.items():
            keys.append((place, key))
            expressions.append(expression.format(name))
    query = f"select {', '.join(expressions)} from ({_released(mart, schema)})"
    n_rows, *values = asked(connection, mart, query).fetchall()[0]
    for (place, key), value in zip(keys, values, strict=True):
        found[place][key] = value
    for field, one in zip(schema, found, strict=True):
        if pa.types.is_temporal(field.type) and one.get("n_infinite"):
            raise WarehouseError(
                f"column {field.name} of {mart.name} has {one['n_infinite']} dates outside of the "
                "years 1 to 9999, which files lack; make them NULL in its model"
            )
    return n_rows, [Extent(**one) for one in found]


def _letters_of_time(kind: pa.DataType) -> int:
    """Return the length of a date or time as text: with all its decimals, whatever the value."""
    zero = pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(bytes(16))])
    return len(zero.cast(pa.string())[0].as_py())
