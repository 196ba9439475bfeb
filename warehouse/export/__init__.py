"""Release a mart as a file that a journal, TOPCAT or a script can read."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv

from warehouse import __version__
from warehouse.connection import WarehouseError
from warehouse.export import binary, cds, mrt, origin, printing, tables
from warehouse.export.files import whole_file
from warehouse.export.metadata import Mart
from warehouse.load import quoted


class ExportFormat(enum.StrEnum):
    """The formats of a released table."""

    mrt = "mrt"
    votable = "votable"
    fits = "fits"
    parquet = "parquet"
    csv = "csv"
    cds = "cds"


SUFFIX = {
    ExportFormat.mrt: "txt",
    ExportFormat.votable: "vot",
    ExportFormat.fits: "fits",
    ExportFormat.parquet: "parquet",
    ExportFormat.csv: "csv",
    ExportFormat.cds: "dat",
}


#: Rows of a piece of a table that streams.
PIECE = 50_000


def _query(mart: Mart) -> str:
    names = ", ".join(quoted(column.name) for column in mart.columns)
    order = ", ".join(quoted(name) for name in mart.order_by) or "all"
    return f"select {names} from {quoted(mart.schema)}.{quoted(mart.name)} order by {order}"


def _asked(connection: duckdb.DuckDBPyConnection, mart: Mart, query: str) -> Any:
    """Ask a query of a mart, with errors that say what to do."""
    try:
        return connection.execute(query)
    except duckdb.CatalogException as error:
        raise WarehouseError(f"{mart.name} is not built yet; run `make dbt` first") from error
    except duckdb.BinderException as error:
        raise WarehouseError(
            f"{mart.name} has other columns than the manifest says; run `make dbt` again ({error})"
        ) from error


def read_pieces(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.RecordBatchReader:
    """Return a mart's rows in its own order, in pieces, the columns as its metadata lists them.

    Raises
    ------
    WarehouseError
        When the table is not there or its columns are not those of the metadata.
    """
    return _asked(connection, mart, _query(mart)).to_arrow_reader(PIECE)


def _schema(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.Schema:
    """Return the columns' Arrow types."""
    query = f"select * from ({_query(mart)}) limit 0"
    return _asked(connection, mart, query).to_arrow_table().schema


def _told(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.Table:
    """Return the values of the columns that tell a table's origin."""
    names = [
        column.name
        for column in mart.columns
        if column.name == "survey" or column.name.endswith("_model")
    ]
    source = f"{quoted(mart.schema)}.{quoted(mart.name)}"
    chosen = ", ".join(map(quoted, names)) or "1 as nothing"
    return _asked(connection, mart, f"select distinct {chosen} from {source}").to_arrow_table()


def provenance(
    mart: Mart, rows: pa.Table, rebuild: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what every released file says of its origin.

    Parameters
    ----------
    mart, rows
        The table.
    rebuild
        :func:`warehouse.export.origin.of_rebuild`.
    """
    facts: dict[str, Any] = {"warehouse": f"hotstars {__version__}", "mart": mart.name}
    if mart.paper:
        facts["paper"] = mart.paper
    if "survey" in rows.column_names:
        surveys = sorted({name for name in rows["survey"].to_pylist() if name})
        facts["survey"] = ", ".join(surveys) or "none"
        if any(name.startswith("SIM") for name in surveys):
            facts["simulated"] = "SIM: rows of a simulated survey; these stars do not exist"
    return {**facts, **origin.of_models(mart, rows), **(rebuild or {})}


def export_mart(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    format_: ExportFormat,
    folder: Path,
    rebuild: Mapping[str, Any] | None = None,
) -> Path:
    """Write one mart in one format and return the file.

    Every format passes the table through in pieces.
    Machine-readable and CDS tables are rounded to two figures of the error, at most to the
    declared decimals; the others are not.
    """
    if format_ is ExportFormat.cds:
        return export_cds(connection, [mart], folder, rebuild)[0]
    facts = provenance(mart, _told(connection, mart), rebuild)
    path = folder / f"{mart.name}.{SUFFIX[format_]}"
    with whole_file(path) as temporary:
        if format_ is ExportFormat.csv:
            reader = read_pieces(connection, mart)
            with pa.csv.CSVWriter(temporary, reader.schema) as writer:
                for piece in reader:
                    writer.write_batch(piece)
        elif format_ is ExportFormat.mrt:
            one = _printed(connection, mart)
            notes = [f"{key}: {value}" for key, value in facts.items()]
            with temporary.open("w") as file:
                file.write(mrt.head(mart, one.formats, one.told, notes))
                file.writelines(f"{line.rstrip()}\n" for line in one.lines())
        else:
            _write_binary(connection, mart, format_, temporary, facts)
    return path


def _write_binary(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    format_: ExportFormat,
    path: Path,
    facts: dict[str, Any],
) -> None:
    """Write a format whose columns have types."""
    schema = _schema(connection, mart)
    texts = _texts(connection, mart, schema)
    in_records = format_ is not ExportFormat.parquet
    fields = tables.fields_of(schema, texts, in_records=in_records)
    empty = tables.without_rows(mart, fields)
    # last: another query on this connection would end the reading
    pieces = read_pieces(connection, mart)
    if format_ is ExportFormat.parquet:
        letters = {name: max(one.letters, 1) for name, one in texts.items()}
        binary.write_parquet(path, mart, pieces, empty, letters, facts)
    elif format_ is ExportFormat.votable:
        rows = tables.records(pieces, fields, flags=True)
        binary.write_votable(path, mart, empty, rows, facts)
    else:
        rows = tables.records(pieces, fields, flags=False)
        binary.write_fits(path, mart, empty, fields, rows, facts)


def _texts(
    connection: duckdb.DuckDBPyConnection, mart: Mart, schema: pa.Schema
) -> dict[str, tables.Texts]:
    """Return what the columns of text hold."""
    names = [field.name for field in schema if pa.types.is_string(field.type)]
    if not names:
        return {}
    asked = (
        f"coalesce(max(length({name})), 0), coalesce(max(strlen({name})), 0), "
        f"coalesce(bool_and(length({name}) = strlen({name})), true)"
        for name in map(quoted, names)
    )
    query = f"select {', '.join(asked)} from {quoted(mart.schema)}.{quoted(mart.name)}"
    found = _asked(connection, mart, query).fetchall()[0]
    return {name: tables.Texts(*found[3 * i : 3 * i + 3]) for i, name in enumerate(names)}


def export_cds(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Mart],
    folder: Path,
    rebuild: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write marts as CDS tables with one ReadMe, and return the files, the ReadMe last."""
    printed, facts = [], {}
    for mart in chosen:
        facts.update(provenance(mart, _told(connection, mart), rebuild))
        printed.append(_printed(connection, mart))
    facts["mart"] = ", ".join(mart.name for mart in chosen)
    paths = []
    for one in printed:
        path = folder / one.file
        with whole_file(path) as temporary, temporary.open("w") as file:
            file.writelines(f"{line}\n" for line in one.lines())
        paths.append(path)
    title = chosen[0].paper or "hotstars"
    name = "ReadMe" if len(chosen) > 1 else f"{chosen[0].name}.ReadMe"
    with whole_file(folder / name) as temporary:
        temporary.write_text(cds.readme(f"Tables after {title}", printed, facts))
    return [*paths, folder / name]


def _printed(connection: duckdb.DuckDBPyConnection, mart: Mart) -> cds.Printed:
    """Return a mart as it is printed: found out in one pass, printed in the next."""

    def pieces() -> Iterator[list[list[Any]]]:
        for piece in read_pieces(connection, mart):
            yield [_items(column) for column in piece.columns]

    schema = _schema(connection, mart)
    types = ["varchar" if tables.is_text(field.type) else str(field.type) for field in schema]
    formats = [
        printing.fitted(column.print_format, [], type_name, column.name)
        for column, type_name in zip(mart.columns, types, strict=True)
    ]
    summaries = [printing.Summary() for _ in mart.columns]
    widths = [one.width for one in formats]
    n_rows = 0
    for values in pieces():
        n_rows += len(values[0])
        for place, (column, items) in enumerate(zip(mart.columns, values, strict=True)):
            summaries[place].add(items)
            fit = printing.fitted(column.print_format, items, types[place], column.name)
            widths[place] = max(widths[place], fit.width)
    formats = [
        printing.PrintFormat(one.kind, width, one.decimals)
        for one, width in zip(formats, widths, strict=True)
    ]
    names = [column.name for column in mart.columns]
    small = _small_errors(connection, mart, [name for name in names if name.endswith("_error")])
    formats = printing.rounded(names, formats, small)
    return cds.Printed(mart, formats, [one.told() for one in summaries], n_rows, pieces)


def _items(array: pa.Array) -> list[Any]:
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.string())
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    return [None if item != item else item for item in array.to_pylist()]


def _small_errors(
    connection: duckdb.DuckDBPyConnection, mart: Mart, names: list[str]
) -> dict[str, float]:
    """Return the 10th percentile of the errors that are there and positive, by column."""
    if not names:
        return {}
    chosen = ", ".join(
        f"quantile_disc({quoted(name)}::double, 0.1) filter (where {quoted(name)} > 0 "
        f"and isfinite({quoted(name)}::double))"
        for name in names
    )
    source = f"{quoted(mart.schema)}.{quoted(mart.name)}"
    found = _asked(connection, mart, f"select {chosen} from {source}").fetchall()[0]
    return {name: float(v) for name, v in zip(names, found, strict=True) if v is not None}
