"""CSV with its W3C metadata beside it, and ECSV, which carries them itself."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from astropy.table import Column, Table

from warehouse.export.article import Article
from warehouse.export.metadata import Mart, MartColumn
from warehouse.export.origin import caption_of
from warehouse.export.tables import astropy_unit, is_text

#: Arrow type -> datatype of CSVW, where the names differ; others are called as Arrow calls them.
_CSVW_TYPES = {
    pa.bool_(): "boolean",
    pa.int8(): "byte",
    pa.int16(): "short",
    pa.int32(): "int",
    pa.int64(): "long",
    pa.uint8(): "unsignedByte",
    pa.uint16(): "unsignedShort",
    pa.uint32(): "unsignedInt",
    pa.uint64(): "unsignedLong",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.date32(): "date",
}


def write_csv(path: Path, pieces: pa.RecordBatchReader) -> None:
    """Write CSV: a line of names, text in quotes, nothing between commas where a value is missing.

    Numbers have the fewest figures that give back the same number of their precision.
    """
    with pa.csv.CSVWriter(path, pieces.schema) as writer:
        for piece in pieces:
            writer.write_batch(piece)


def csvw(mart: Mart, schema: pa.Schema, article: Article, facts: Mapping[str, str]) -> str:
    """Return what a CSV file cannot say of itself: W3C's Metadata Vocabulary for Tabular Data.

    Parameters
    ----------
    mart, schema
        Of the file: metadata and types of its columns.
    article
        That it belongs to.
    facts
        :func:`warehouse.export.origin.provenance`, as notes.
    """
    columns = [
        _csvw_column(column, field.type) for column, field in zip(mart.columns, schema, strict=True)
    ]
    told = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": f"{mart.name}.csv",
        "dc:title": caption_of(mart, facts),
        "dc:description": mart.description,
        "dc:isPartOf": article.title_of([mart]),
        "dc:creator": article.authors,
        **({"dc:rights": article.rights} if article.rights else {}),
        "dialect": {"header": True, "encoding": "utf-8", "commentPrefix": None},
        "notes": [{"name": name, "value": value} for name, value in facts.items()],
        "tableSchema": {"columns": columns},
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _csvw_column(column: MartColumn, kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_timestamp(kind):
        datatype = "string"  # with a blank between day and time, where CSVW asks for a T
    else:
        datatype = "string" if is_text(kind) and not pa.types.is_date(kind) else _CSVW_TYPES[kind]
    found = {
        "name": column.name,
        "titles": column.name,
        "datatype": datatype,
        "dc:description": column.in_full,
        "schema:unitText": column.unit,
        "schema:propertyID": column.ucd,
    }
    return {key: value for key, value in found.items() if value}


def write_ecsv(
    path: Path,
    mart: Mart,
    schema: pa.Schema,
    pieces: pa.RecordBatchReader,
    facts: Mapping[str, str],
) -> None:
    """Write ECSV: astropy's head with units, descriptions and origin, then comma-separated rows.

    Parameters
    ----------
    path
        Of the file.
    mart, schema, pieces
        Metadata, types and rows.
    facts
        :func:`warehouse.export.origin.provenance`.
    """
    head = io.StringIO()
    _without_rows(mart, schema, facts).write(head, format="ascii.ecsv", delimiter=",")
    plain = pa.schema([(field.name, _ecsv_kind(field.type)) for field in schema])
    options = pa.csv.WriteOptions(include_header=False)
    with path.open("wb") as file:
        file.write(head.getvalue().encode())
        with pa.csv.CSVWriter(file, plain, write_options=options) as writer:
            for piece in pieces:
                arrays = [_ecsv_values(array) for array in piece.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=plain))


def _without_rows(mart: Mart, schema: pa.Schema, facts: Mapping[str, str]) -> Table:
    meta = {"name": mart.name, "title": caption_of(mart, facts), "description": mart.description}
    table = Table(meta={**meta, "origin": dict(facts)})
    for column, field in zip(mart.columns, schema, strict=True):
        kind = field.type
        dtype = np.dtype("U1" if is_text(kind) else kind.to_pandas_dtype())
        table[column.name] = Column(
            np.empty(0, dtype),
            unit=astropy_unit(column.unit, column.name),
            description=column.in_full,
            meta={"ucd": column.ucd} if column.ucd else None,
        )
    return table


def _ecsv_kind(kind: pa.DataType) -> pa.DataType:
    return pa.string() if is_text(kind) or pa.types.is_boolean(kind) else kind


def _ecsv_values(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):  # readers know these two spellings
        return pc.if_else(array, "True", "False")
    return array.cast(_ecsv_kind(array.type))
