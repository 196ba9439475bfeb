"""VOTable, FITS and Parquet writers: astropy's heads and pyarrow's files, rows in pieces."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, Info, TimeSys, VOTableFile
from astropy.table import Table

from warehouse.connection import WarehouseError
from warehouse.export.checksums import Checksum, encoded
from warehouse.export.metadata import Mart
from warehouse.export.tables import Field

#: Positions are LAMOST's input coordinates, on the ICRS at J2000.
_FRAME = {"system": "ICRS", "epoch": "J2000"}

#: FITS is written in blocks of as many bytes.
_BLOCK = 2880


def votable(mart: Mart, table: Table, provenance: dict[str, Any]) -> VOTableFile:
    """Return a VOTable document without rows: UCDs, descriptions, a frame and provenance.

    Parameters
    ----------
    mart, provenance
        Of the file.
    table
        :func:`warehouse.export.tables.without_rows`.
    """
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


def write_votable(
    path: Path,
    mart: Mart,
    empty: Table,
    records: Iterable[np.ndarray],
    provenance: dict[str, Any],
) -> None:
    """Write a VOTable with a BINARY2 payload, its rows in pieces.

    Parameters
    ----------
    path, mart, provenance
        Of the file.
    empty
        :func:`warehouse.export.tables.without_rows`.
    records
        :func:`warehouse.export.tables.records`, with flags.
    """
    around = io.BytesIO()
    votable(mart, empty, provenance).to_xml(around, tabledata_format="binary2")
    before, end, after = around.getvalue().rpartition(b"  </TABLE>\n")
    with path.open("wb") as file:
        file.write(before)
        file.write(b'   <DATA>\n    <BINARY2>\n     <STREAM encoding="base64">\n')
        rest = b""
        for piece in records:
            data = rest + piece.tobytes()
            whole = len(data) // 3 * 3  # what base64 takes without filling up
            file.write(base64.b64encode(data[:whole]))
            rest = data[whole:]
        file.write(base64.b64encode(rest))
        file.write(b"\n     </STREAM>\n    </BINARY2>\n   </DATA>\n")
        file.write(end + after)


def write_fits(
    path: Path,
    mart: Mart,
    empty: Table,
    fields: Iterable[Field],
    records: Iterable[np.ndarray],
    provenance: dict[str, Any],
) -> None:
    """Write a FITS binary table with TUNIT, TCOMM, TUCD, TNULL and checksums, its rows in pieces.

    Parameters
    ----------
    path, mart, provenance
        Of the file.
    empty
        :func:`warehouse.export.tables.without_rows`.
    fields
        Of the same columns.
    records
        :func:`warehouse.export.tables.records`, without flags.

    Raises
    ------
    WarehouseError
        Naming a column whose text is not ASCII, which FITS does not hold.
    """
    plain = empty.copy()
    plain.meta = {}
    for field in fields:
        if not field.is_ascii:
            raise WarehouseError(
                f"column {field.name} of {mart.name} holds text that is not ASCII, and FITS has no "
                "place for it; release it as votable, parquet or csv"
            )
    hdu = fits.table_to_hdu(plain)
    hdu.name = mart.name
    for number, (column, field) in enumerate(zip(mart.columns, fields, strict=True), start=1):
        hdu.header[f"TCOMM{number}"] = column.description
        if column.ucd:
            hdu.header[f"TUCD{number}"] = column.ucd
        if field.null is not None:
            hdu.columns[number - 1].null = field.null
    hdu.header["RADESYS"] = "ICRS"
    for key, value in provenance.items():
        hdu.header["HISTORY"] = f"{key}: {value}"
    header = hdu.header
    primary = fits.PrimaryHDU().header
    # by default the comment names the second of writing: two exports would differ
    _sign(primary, Checksum())
    header.set("CHECKSUM", "0" * 16, "HDU checksum")
    header.set("DATASUM", "0", "data unit checksum")
    with path.open("wb") as file:
        file.write(primary.tostring().encode())
        file.write(header.tostring().encode())
        n_rows, total = 0, Checksum()
        for piece in records:
            data = piece.tobytes()
            total.add(data)
            file.write(data)
            n_rows += len(piece)
        file.write(b"\0" * (-n_rows * header["NAXIS1"] % _BLOCK))
        # the header is as long with its numbers as without
        header["NAXIS2"] = n_rows
        _sign(header, total)
        file.seek(len(primary.tostring()))
        file.write(header.tostring().encode())


def _sign(header: fits.Header, data: Checksum) -> None:
    """Put the checksums of an HDU into its header."""
    header.set("CHECKSUM", "0" * 16, "HDU checksum")
    header.set("DATASUM", str(data.value), "data unit checksum")
    whole = Checksum(data.value)
    whole.add(header.tostring().encode())
    header["CHECKSUM"] = encoded(whole.value)


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
