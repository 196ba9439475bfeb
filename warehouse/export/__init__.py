"""Release a mart as a file that a journal, TOPCAT or a script can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.export import binary, cds, delimited, hats, tables
from warehouse.export.article import Article
from warehouse.export.files import whole_file, whole_folder
from warehouse.export.metadata import Mart
from warehouse.export.mrt import write_mrt
from warehouse.export.origin import provenance
from warehouse.export.printed import printed
from warehouse.export.reading import extents_of, read_pieces, schema_of, told_values
from warehouse.formats import SUFFIX, ExportFormat

__all__ = ["ExportFormat", "export_mart", "export_marts"]


#: Nothing is known of the article; its defaults stand in.
NO_ARTICLE = Article()


def export_marts(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Mart],
    format_: ExportFormat,
    folder: Path,
    rebuild: Mapping[str, Any] | None = None,
    article: Article = NO_ARTICLE,
) -> list[Path]:
    """Write marts in one format and return the files.

    Every format but HATS passes a table through in pieces. Machine-readable and CDS tables are
    rounded to two figures of the error, at most to the declared decimals; the others are not.

    Parameters
    ----------
    connection
        To the warehouse, or to a release.
    chosen
        What to write. CDS tables of a call share a ReadMe.
    format_, folder
        Where to, and how.
    rebuild
        :func:`warehouse.export.origin.of_rebuild`.
    article
        That the tables belong to.

    Raises
    ------
    WarehouseError
        Naming the mart or the column that cannot be written, and what to do.
    """
    rebuild = rebuild or {}
    if format_ is ExportFormat.cds:
        printed_ones = [
            printed(connection, mart, _facts(connection, mart, article, rebuild)) for mart in chosen
        ]
        readme = "ReadMe" if len(chosen) > 1 else f"{chosen[0].name}.ReadMe"
        year = str(rebuild.get("built_at", ""))[:4]
        return cds.write_cds(folder, readme, printed_ones, article, year)
    paths = []
    for mart in chosen:
        facts = _facts(connection, mart, article, rebuild)
        paths += _write(connection, mart, format_, folder, article, facts)
    return paths


def export_mart(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    format_: ExportFormat,
    folder: Path,
    rebuild: Mapping[str, Any] | None = None,
    article: Article = NO_ARTICLE,
) -> Path:
    """Write one mart in one format and return the table's file, as :func:`export_marts`."""
    return export_marts(connection, [mart], format_, folder, rebuild, article)[0]


def _facts(
    connection: duckdb.DuckDBPyConnection, mart: Mart, article: Article, rebuild: Mapping[str, Any]
) -> dict[str, str]:
    return provenance(mart, told_values(connection, mart), article, rebuild)


def _write(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    format_: ExportFormat,
    folder: Path,
    article: Article,
    facts: Mapping[str, str],
) -> list[Path]:
    path = folder / f"{mart.name}{SUFFIX[format_]}"
    if format_ is ExportFormat.hats:
        with whole_folder(path) as temporary:
            hats.write_hats(temporary, connection, mart, article, facts)
        return [path]
    with whole_file(path) as temporary:
        if format_ is ExportFormat.mrt:
            with temporary.open("w", encoding="ascii") as file:
                write_mrt(file, printed(connection, mart, facts), article)
        elif format_ is ExportFormat.csv:
            delimited.write_csv(temporary, read_pieces(connection, mart))
        elif format_ is ExportFormat.ecsv:
            schema = schema_of(connection, mart)
            delimited.write_ecsv(temporary, mart, schema, read_pieces(connection, mart), facts)
        else:
            _write_binary(connection, mart, format_, temporary, facts)
    if format_ is not ExportFormat.csv:
        return [path]
    told = path.with_name(f"{path.name}-metadata.json")
    with whole_file(told) as temporary:
        text = delimited.csvw(mart, schema_of(connection, mart), article, facts)
        temporary.write_text(text, encoding="utf-8")
    return [path, told]


def _write_binary(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    format_: ExportFormat,
    path: Path,
    facts: Mapping[str, str],
) -> None:
    """Write a format whose columns have types."""
    schema = schema_of(connection, mart)
    _, extents = extents_of(connection, mart, schema, numbers=False)
    fields = tables.fields_of(schema, extents, in_records=format_ is not ExportFormat.parquet)
    empty = tables.without_rows(mart, fields)
    # last: another query on this connection would end the reading
    pieces = read_pieces(connection, mart)
    if format_ is ExportFormat.parquet:
        letters = {
            field.name: max(extent.letters, 1)
            for field, extent in zip(schema, extents, strict=True)
            if pa.types.is_string(field.type)
        }
        binary.write_parquet(path, mart, pieces, empty, letters, facts)
    elif format_ is ExportFormat.votable:
        rows = tables.records(pieces, fields, flags=True)
        binary.write_votable(path, mart, empty, rows, facts)
    else:
        rows = tables.records(pieces, fields, flags=False)
        binary.write_fits(path, mart, empty, fields, rows, facts)
