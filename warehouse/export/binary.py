"""VOTable, FITS and Parquet writers: astropy's heads and pyarrow's files, rows in pieces."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, Info, TimeSys, VOTableFile
from astropy.table import Table

from warehouse.connection import WarehouseError
from warehouse.export.checksums import Checksum, encoded
from warehouse.export.metadata import Mart, plain_ascii
from warehouse.export.origin import caption_of
from warehouse.export.tables import Field

#: UCDs that begin so belong to a frame: of these columns the frame is declared.
_EQUATORIAL = ("pos.eq", "pos.pm;pos.eq")
_GALACTIC = ("pos.galactic",)

#: UCDs of moments, which have a time scale; durations have none.
_MOMENTS = ("time.epoch", "time.start", "time.end")

#: FITS is written in blocks of as many bytes.
_BLOCK = 2880


def votable(mart: Mart, table: Table, provenance: Mapping[str, str]) -> VOTableFile:
    """Return a VOTable document without rows: UCDs, descriptions, frames, time scale, origin.

    The epoch of a position is the one that the model declares (``position_epoch``); where it
    declares none, none is claimed. Proper motions belong to the frame of the positions. Times are
    those of LAMOST's shutters: UTC by the clock of the observatory, and so neither heliocentric nor
    barycentric.

    Parameters
    ----------
    mart, provenance
        Of the file.
    table
        :func:`warehouse.export.tables.without_rows`.
    """
    document = from_table(table, table_id=mart.name)
    document.version = "1.4"  # the first that knows TIMESYS
    resource = document.resources[0]
    epoch = mart.meta.get("position_epoch")
    icrs = CooSys(ID="icrs", system="ICRS", epoch=epoch)
    galactic = CooSys(ID="galactic", system="galactic", epoch=epoch)
    clock = TimeSys(
        ID="time_system",
        timeorigin="MJD-origin",
        timescale="UTC",
        refposition="TOPOCENTER",
        config={"version_1_4_or_later": True},
    )
    for key, value in provenance.items():
        resource.infos.append(Info(ID=f"info_{key}", name=key, value=value))
    element = document.get_first_table()
    element.name = mart.name
    element.description = f"{caption_of(mart, provenance)}. {mart.description}"
    by_name = {column.name: column for column in mart.columns}
    used = set()
    for item in element.fields:
        column = by_name[item.name]
        item.ucd = column.ucd
        item.description = column.in_full
        for system, ucds in ((icrs, _EQUATORIAL), (galactic, _GALACTIC), (clock, _MOMENTS)):
            if (column.ucd or "").startswith(ucds):
                item.ref = system.ID
                used.add(system.ID)
    resource.coordinate_systems.extend(one for one in (icrs, galactic) if one.ID in used)
    resource.time_systems.extend(one for one in (clock,) if one.ID in used)
    return document


def write_votable(
    path: Path,
    mart: Mart,
    empty: Table,
    records: Iterable[np.ndarray],
    provenance: Mapping[str, str],
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
    provenance: Mapping[str, str],
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
        Naming a column whose text is not printable ASCII, which FITS does not hold.
    """
    plain = empty.copy()
    plain.meta = {}
    for field in fields:
        if not field.is_printable:
            raise WarehouseError(
                f"column {field.name} of {mart.name} holds text that is not ASCII or has line "
                "breaks, and FITS has no place for it; release it as votable, parquet, csv or ecsv"
            )
    hdu = fits.table_to_hdu(plain)
    hdu.name = mart.name
    for number, (column, field) in enumerate(zip(mart.columns, fields, strict=True), start=1):
        hdu.header[f"TCOMM{number}"] = plain_ascii(column.in_full)
        if column.ucd:
            hdu.header[f"TUCD{number}"] = column.ucd
        if field.null is not None:
            hdu.columns[number - 1].null = field.null
    hdu.header["RADESYS"] = "ICRS"
    for key, value in provenance.items():
        hdu.header["HISTORY"] = plain_ascii(f"{key}: {value}")
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
    provenance: Mapping[str, str],
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
        notes = {"description": column.in_full, "unit": column.unit, "ucd": column.ucd}
        fields.append(field.with_metadata({key: value for key, value in notes.items() if value}))
    schema = pa.schema(
        fields,
        metadata={
            "IVOA.VOTable-Parquet.version": "1.0",
            "IVOA.VOTable-Parquet.content": header.getvalue().decode(),
            # astropy's reader wants the width of text columns, and fails on an empty table without
            **{f"table::len::{name}": str(width) for name, width in widths.items()},
            **{f"hotstars.{key}": value for key, value in provenance.items()},
        },
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in rows:
            writer.write_batch(pa.RecordBatch.from_arrays(piece.columns, schema=schema))
