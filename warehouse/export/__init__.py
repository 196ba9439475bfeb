"""Release a mart as a file that a journal, TOPCAT or a script can read."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
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

    CSV and Parquet stream; the others hold the table. Machine-readable and CDS tables are rounded
    to two figures of the error, at most to the declared decimals; the others are not.
    """
    if format_ is ExportFormat.cds:
        return export_cds(connection, [mart], folder, rebuild)[0]
    rows = read_rows(connection, mart)
    facts = provenance(mart, rows, rebuild)
    path = folder / f"{mart.name}.{SUFFIX[format_]}"
    with whole_file(path) as temporary:
        if format_ is ExportFormat.csv:
            pa.csv.write_csv(rows, temporary)
        elif format_ is ExportFormat.mrt:
            one = _printed(mart, rows)
            notes = [f"{key}: {value}" for key, value in facts.items()]
            temporary.write_text(mrt.document(mart, one.formats, one.values, notes))
        else:
            table = tables.to_astropy(mart, rows, {})
            if format_ is ExportFormat.votable:
                binary.write_votable(temporary, mart, table, facts)
            elif format_ is ExportFormat.fits:
                binary.write_fits(temporary, mart, table, facts)
            else:
                binary.write_parquet(temporary, mart, rows, table, facts)
    return path


def export_cds(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Mart],
    folder: Path,
    rebuild: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write marts as CDS tables with one ReadMe, and return the files, the ReadMe last."""
    printed, facts = [], {}
    for mart in chosen:
        rows = read_rows(connection, mart)
        facts.update(provenance(mart, rows, rebuild))
        printed.append(_printed(mart, rows))
    facts["mart"] = ", ".join(mart.name for mart in chosen)
    paths = []
    for one in printed:
        path = folder / one.file
        with whole_file(path) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in one.lines()))
        paths.append(path)
    title = chosen[0].paper or "hotstars"
    name = "ReadMe" if len(chosen) > 1 else f"{chosen[0].name}.ReadMe"
    with whole_file(folder / name) as temporary:
        temporary.write_text(cds.readme(f"Tables after {title}", printed, facts))
    return [*paths, folder / name]


def _printed(mart: Mart, rows: pa.Table) -> cds.Printed:
    """Return a mart's values with the formats that they are printed in."""
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
    names = [column.name for column in mart.columns]
    return cds.Printed(mart, printing.rounded(names, formats, values), values)
