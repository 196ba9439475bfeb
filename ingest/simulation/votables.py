"""Write simulated catalogues as files of the archives, and as Arrow tables of the raw layer.

Names, types, units and UCDs come from where the loaders have them: the sources' column
rules and the raw tables.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import REAL, BigInteger, Boolean, Column, Integer, SmallInteger, String, Table

from ingest.catalogues.sources import Source, find_source
from ingest.simulation.catalogues import CatalogueRows
from ingest.simulation.model import Strings

Rows = Mapping[str, np.ndarray]

_KINDS: tuple[tuple[Any, Any, Any], ...] = (
    (SmallInteger, np.int16, pa.int16()),
    (BigInteger, np.int64, pa.int64()),
    (Integer, np.int32, pa.int32()),
    (Boolean, np.bool_, pa.bool_()),
    (String, np.str_, pa.string()),
    (REAL, np.float32, pa.float32()),
)


def _types(column: Column[Any]) -> tuple[Any, Any]:
    for kind, dtype, arrow in _KINDS:
        if isinstance(column.type, kind):
            return dtype, arrow
    return np.float64, pa.float64()


def arrow_table(table: Table, rows: Rows, constants: Mapping[str, Any] | None = None) -> pa.Table:
    """Return rows as an Arrow table with the columns and types of a table of the warehouse.

    Parameters
    ----------
    table
        Of schema raw or truth.
    rows
        Column -> values, shape ``(n,)``; NaN and empty text become NULL, empty text only in
        columns that may be NULL.
    constants
        Column -> value of every row.
    """
    n_rows = len(next(iter(rows.values())))
    arrays: dict[str, pa.Array] = {}
    for name, value in (constants or {}).items():
        _, arrow = _types(table.columns[name])
        arrays[name] = pa.array([value] * n_rows, type=arrow)
    for name, values in rows.items():
        column = table.columns[name]
        dtype, arrow = _types(column)
        mask = None
        if values.dtype.kind == "f":
            mask = np.isnan(values)
        elif values.dtype.kind == "U" and column.nullable:
            mask = values == ""
        if arrow == pa.string():
            arrays[name] = pa.array(values.tolist(), type=arrow, mask=mask)
        else:
            arrays[name] = pa.array(values.astype(dtype), type=arrow, mask=mask)
    return pa.table(arrays)


def raw_rows(catalogue: CatalogueRows) -> tuple[Table, pa.Table]:
    """Return a catalogue's raw table and its rows, marked as the loaders mark them."""
    source = find_source(catalogue.source)
    constants = {
        name: f"SIM {value}" if name in ("release", "dust_map") else value
        for name, value in source.marked(True).items()
        if name not in catalogue.rows
    }
    return source.table, arrow_table(source.table, catalogue.rows, constants)


def archive_columns(source: Source, rows: Rows) -> dict[str, tuple[str, np.ndarray]]:
    """Return raw column -> the archive's name of it and its values in the archive's words."""
    columns: dict[str, tuple[str, np.ndarray]] = {}
    taken: set[str] = set()
    for name, values in rows.items():
        rule = source.columns[name]
        archive_name = rule.names[0]
        if archive_name in taken:  # the year stands in the bibcode
            continue
        taken.add(archive_name)
        words = {ours: theirs for theirs, ours in reversed(list(rule.translate.items()))}
        if words:
            values = np.array([words.get(str(v), str(v)) for v in values], dtype=np.str_)  # noqa: PLW2901
        columns[name] = (archive_name, values)
    return columns


def write_catalogue(folder: Path, file: str, source_name: str, rows: Rows) -> Path:
    """Write a catalogue in its archive's format; what is there already stays.

    Parameters
    ----------
    folder
        Where the file goes.
    file
        Its name; ``.csv`` gives LAMOST's text format with ``|`` between the values, any
        other a VOTable.
    source_name
        The source it will be read as.
    rows
        Raw column -> values.
    """
    path = folder / file
    if path.exists():
        return path
    source = find_source(source_name)
    columns = archive_columns(source, rows)
    scratch = path.with_name(f".{path.name}.part")
    if path.suffix == ".csv":
        _write_text(scratch, columns)
    else:
        _write_votable(scratch, source, columns)
    scratch.replace(path)
    return path


def _write_text(path: Path, columns: dict[str, tuple[str, np.ndarray]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="|", lineterminator="\n")
        writer.writerow([name for name, _ in columns.values()])
        texts = [_texts(values) for _, values in columns.values()]
        writer.writerows(zip(*texts, strict=True))


def _texts(values: np.ndarray) -> Strings | list[str]:
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else repr(float(value)) for value in values]
    return values.astype(np.str_)


def _write_votable(path: Path, source: Source, columns: dict[str, tuple[str, np.ndarray]]) -> None:
    from astropy.io.votable import from_table  # noqa: PLC0415
    from astropy.io.votable.exceptions import W03  # noqa: PLC0415
    from astropy.io.votable.tree import Param  # noqa: PLC0415
    from astropy.table import Table as AstropyTable  # noqa: PLC0415
    from astropy.units import Unit  # noqa: PLC0415

    table = AstropyTable()
    for name, (archive_name, values) in columns.items():
        declared = source.table.columns[name]
        dtype, _ = _types(declared)
        table[archive_name] = values.astype(dtype)
        if unit := declared.info.get("unit"):
            table[archive_name].unit = Unit(unit, format="vounit")
    with warnings.catch_warnings():
        # VizieR's names (2MASS, [Fe/H]) are no XML identifiers; astropy makes some of them.
        warnings.simplefilter("ignore", W03)
        document = from_table(table, table_id=source.name)
    document.description = f"Simulated survey: no star of this table exists. As {source.title}."
    resource = document.resources[0]
    votable = resource.tables[0]
    resource.params.append(
        Param(document, name="simulated", datatype="boolean", value=True, ucd="meta.code")
    )
    votable.description = f"Simulated survey, in the form of {source.reference or source.title}"
    for field, name in zip(votable.fields, columns, strict=True):
        declared = source.table.columns[name]
        field.ucd = declared.info["ucd"]
        field.description = str(declared.comment).split(";")[0]
    # BINARY2 keeps every bit; text of a VOTable is for small tables.
    document.to_xml(str(path), tabledata_format="binary2")
