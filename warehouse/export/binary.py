"""VOTable, FITS and Parquet writers: astropy's and pyarrow's, with our metadata put in."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, Info, TimeSys, VOTableFile
from astropy.table import Table

from warehouse.export.metadata import Mart
from warehouse.export.tables import INTEGER_NULL

#: Positions are LAMOST's input coordinates, on the ICRS at J2000.
_FRAME = {"system": "ICRS", "epoch": "J2000"}


def votable(mart: Mart, table: Table, provenance: dict[str, Any]) -> VOTableFile:
    """Return a VOTable document with UCDs, descriptions, a frame and provenance."""
    document = from_table(table, table_id=mart.name)
    resource = document.resources[0]
    frame = CooSys(ID="icrs", **_FRAME)
    resource.coordinate_systems.append(frame)
    document.version = "1.4"  # the first that knows TIMESYS
    clock = TimeSys(
        ID="time_system",
        timeorigin="MJD-origin",
        timescale="UTC",
        refposition="TOPOCENTER",
        config={"version_1_4_or_later": True},
    )
    times = {one.name for one in mart.columns if one.ucd and one.ucd.startswith("time.epoch")}
    if times:
        resource.time_systems.append(clock)
    for key, value in provenance.items():
        resource.infos.append(Info(ID=f"info_{key}", name=key, value=str(value)))
    element = document.get_first_table()
    element.name = mart.name
    element.description = mart.description
    by_name = {column.name: column for column in mart.columns}
    for item in element.fields:
        column = by_name[item.name]
        item.ucd = column.ucd
        item.description = column.description
        if column.ucd and column.ucd.startswith("pos.eq"):
            item.ref = frame.ID
        if column.name in times:
            item.ref = clock.ID
    return document


def write_votable(path: Path, mart: Mart, table: Table, provenance: dict[str, Any]) -> None:
    """Write a VOTable with a binary2 payload."""
    votable(mart, table, provenance).to_xml(str(path), tabledata_format="binary2")


def write_fits(path: Path, mart: Mart, table: Table, provenance: dict[str, Any]) -> None:
    """Write a FITS binary table with TUNIT, TCOMM, TUCD, TNULL and checksums."""
    plain = table.copy()
    plain.meta = {}
    hdu = fits.table_to_hdu(plain)
    hdu.name = mart.name
    for number, column in enumerate(mart.columns, start=1):
        values = table[column.name]
        hdu.header[f"TCOMM{number}"] = column.description
        if column.ucd:
            hdu.header[f"TUCD{number}"] = column.ucd
        dtype = np.dtype(values.dtype)
        if dtype in INTEGER_NULL and np.any(getattr(values, "mask", False)):
            hdu.columns[number - 1].null = INTEGER_NULL[dtype]
    hdu.header["RADESYS"] = "ICRS"
    for key, value in provenance.items():
        hdu.header["HISTORY"] = f"{key}: {value}"
    primary = fits.PrimaryHDU()
    for one in (primary, hdu):
        # by default the comment names the second of writing: two exports would differ
        one.add_datasum(when="data unit checksum")
        one.add_checksum(when="HDU checksum", override_datasum=False)
    fits.HDUList([primary, hdu]).writeto(path, overwrite=True)


def write_parquet(
    path: Path,
    mart: Mart,
    rows: pa.RecordBatchReader,
    empty: Table,
    widths: Mapping[str, int],
    provenance: dict[str, Any],
) -> None:
    """Write Parquet whose footer carries a data-less VOTable (VOParquet 1.0) and field notes.

    Parameters
    ----------
    path, mart, provenance
        Of the file.
    rows
        In pieces, which become row groups.
    empty
        An astropy table of the same columns without a row, for the header.
    widths
        Longest text of the columns of text.
    """
    header = io.BytesIO()
    votable(mart, empty, provenance).to_xml(header, tabledata_format="tabledata")
    fields = []
    for column, field in zip(mart.columns, rows.schema, strict=True):
        notes = {"description": column.description, "unit": column.unit, "ucd": column.ucd}
        fields.append(field.with_metadata({key: value for key, value in notes.items() if value}))
    schema = pa.schema(
        fields,
        metadata={
            "IVOA.VOTable-Parquet.version": "1.0",
            "IVOA.VOTable-Parquet.content": header.getvalue().decode(),
            # astropy's reader wants the width of text columns, and fails on an empty table without
            **{f"table::len::{name}": str(width) for name, width in widths.items()},
            **{f"hotstars.{key}": str(value) for key, value in provenance.items()},
        },
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in rows:
            writer.write_batch(pa.RecordBatch.from_arrays(piece.columns, schema=schema))
