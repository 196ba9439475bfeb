"""Make one catalogue in every format that the loaders read."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import astropy.units as u
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import Info
from astropy.table import MaskedColumn, Table
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateTable

from ingest.catalogues.load import Summary, load_files
from ingest.catalogues.reading import Options
from warehouse import raw_tables

FORMATS = ("tabledata", "binary", "binary2", "fits", "csv", "psv", "tsv", "ecsv", "parquet")


def votable(table: Table, form: str = "tabledata", **infos: str) -> bytes:
    """Return a VOTable; infos become INFO elements of its resource."""
    document = from_table(table)
    for name, value in infos.items():
        document.resources[0].infos.append(Info(name=name, value=value))
    buffer = io.BytesIO()
    document.to_xml(buffer, tabledata_format=form)
    return buffer.getvalue()


def asu_tsv(table: Table) -> bytes:
    """Return a table as VizieR's tab-separated values: comments, names, units, dashes."""
    lines = ["#", "#   VizieR Astronomical Server", "#Name: J/X/1/t", ""]
    lines.append("\t".join(table.colnames))
    lines.append("\t".join(str(table[name].unit or "") for name in table.colnames))
    lines.append("\t".join("-" * max(1, len(name)) for name in table.colnames))
    for row in table.filled("") if table.masked else table:
        lines.append("\t".join(str(value) for value in row))
    return ("\n".join(lines) + "\n").encode()


def write(table: Table, folder: Path, form: str, *, packed: bool = False) -> Path:
    """Write a table in one of FORMATS and return its path."""
    buffer = io.BytesIO()
    if form in ("tabledata", "binary", "binary2"):
        content, name = votable(table, form), f"{form}.vot"
    elif form == "fits":
        fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table)]).writeto(buffer)
        content, name = buffer.getvalue(), "table.fits"
    elif form == "parquet":
        arrays = {key: pa.array(table[key].tolist()) for key in table.colnames}
        fields = [
            pa.field(key, array.type, metadata={"unit": str(table[key].unit or "")})
            for key, array in arrays.items()
        ]
        pq.write_table(pa.table(list(arrays.values()), pa.schema(fields)), buffer)
        content, name = buffer.getvalue(), "table.parquet"
    elif form == "tsv":
        content, name = asu_tsv(table), "table.tsv"
    else:
        text = io.StringIO()
        if form == "ecsv":
            table.write(text, format="ascii.ecsv")
        else:
            mark = {"csv": ",", "psv": "|"}[form]
            table.write(text, format="ascii.csv", delimiter=mark)
        content, name = text.getvalue().encode(), f"table.{form}"
    if packed:
        content, name = gzip.compress(content), f"{name}.gz"
    path = folder / name
    path.write_bytes(content)
    return path


def load(
    connection: duckdb.DuckDBPyConnection, source: str, path: Path, **options: object
) -> Summary:
    """Load one file."""
    return load_files(connection, source, [path], options=Options(**options))  # type: ignore[arg-type]


def load_text(
    connection: duckdb.DuckDBPyConnection, source: str, folder: Path, text: str, **options: object
) -> Summary:
    """Load a text table."""
    path = folder / f"{source}.csv"
    path.write_text(text)
    return load(connection, source, path, **options)


def gaia_like() -> Table:
    """Three sources with VizieR's names; the parallax is declared in arcsec."""
    table = Table()
    table["Source"] = np.array([2**53 + 1, 4295806720, 4000000000000000001])
    table["RA_ICRS"] = np.array([0.25, 359.5, 120.0]) * u.deg
    table["DE_ICRS"] = np.array([-89.5, 0.0, 45.25]) * u.deg
    table["Plx"] = np.array([1.5e-3, 2e-3, -1e-4]) * u.arcsec
    table["pmRA"] = np.array([1.0, -2.5, 0.125]) * u.mas / u.yr
    table["Gmag"] = MaskedColumn([10.5, 0.0, 12.25], mask=[False, True, False], unit="mag")
    return table


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make schema raw as the declarations have it."""
    engine = create_engine("duckdb:///:memory:")
    connection.execute("create schema raw")
    for table in raw_tables.metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(engine)))
    engine.dispose()
