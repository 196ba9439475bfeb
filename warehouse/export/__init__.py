"""Release a mart as a file that a journal, TOPCAT or a script can read."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv

from warehouse import __version__
from warehouse.connection import WarehouseError
from warehouse.export import binary, mrt, printing, tables
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


SUFFIX = {
    ExportFormat.mrt: "txt",
    ExportFormat.votable: "vot",
    ExportFormat.fits: "fits",
    ExportFormat.parquet: "parquet",
    ExportFormat.csv: "csv",
}


def read_rows(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pa.Table:
    """Return a mart's rows in its own order, the columns as its metadata lists them.

    Raises
    ------
    WarehouseError
        When the table is not there or its columns are not those of the metadata.
    """
    names = ", ".join(quoted(column.name) for column in mart.columns)
    order = ", ".join(quoted(name) for name in mart.order_by) or "all"
    source = f"{quoted(mart.schema)}.{quoted(mart.name)}"
    try:
        return connection.sql(f"select {names} from {source} order by {order}").to_arrow_table()
    except duckdb.CatalogException as error:
        raise WarehouseError(f"{mart.name} is not built yet; run `make dbt` first") from error
    except duckdb.BinderException as error:
        raise WarehouseError(
            f"{mart.name} has other columns than the manifest says; run `make dbt` again ({error})"
        ) from error


def provenance(mart: Mart, rows: pa.Table) -> dict[str, Any]:
    """Return what every released file says of its origin."""
    facts: dict[str, Any] = {"warehouse": f"hotstars {__version__}", "mart": mart.name}
    if mart.paper:
        facts["paper"] = mart.paper
    if "survey" in rows.column_names:
        surveys = sorted({name for name in rows["survey"].to_pylist() if name})
        facts["survey"] = ", ".join(surveys) or "none"
        if any(name.startswith("SIM") for name in surveys):
            facts["simulated"] = "SIM: rows of a simulated survey; these stars do not exist"
    return facts


def export_mart(
    connection: duckdb.DuckDBPyConnection, mart: Mart, format_: ExportFormat, folder: Path
) -> Path:
    """Write one mart in one format and return the file."""
    rows = read_rows(connection, mart)
    facts = provenance(mart, rows)
    path = folder / f"{mart.name}.{SUFFIX[format_]}"
    with whole_file(path) as temporary:
        if format_ is ExportFormat.csv:
            pa.csv.write_csv(rows, temporary)
        elif format_ is ExportFormat.mrt:
            temporary.write_text(_mrt_text(mart, rows, facts))
        else:
            table = tables.to_astropy(mart, rows, {})
            if format_ is ExportFormat.votable:
                binary.write_votable(temporary, mart, table, facts)
            elif format_ is ExportFormat.fits:
                binary.write_fits(temporary, mart, table, facts)
            else:
                binary.write_parquet(temporary, mart, rows, table, facts)
    return path


def _mrt_text(mart: Mart, rows: pa.Table, facts: dict[str, Any]) -> str:
    values, formats = [], []
    for column in mart.columns:
        array = rows[column.name]
        if pa.types.is_temporal(array.type):
            array = array.cast(pa.string())
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        items = [None if item != item else item for item in array.to_pylist()]
        type_name = "varchar" if pa.types.is_string(array.type) else str(array.type)
        values.append(items)
        formats.append(printing.fitted(column.print_format, items, type_name, column.name))
    return mrt.document(mart, formats, values, [f"{key}: {value}" for key, value in facts.items()])
