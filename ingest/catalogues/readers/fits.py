"""Binary and ASCII tables of FITS files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from ingest.catalogues.readers.common import (
    FileColumn,
    OpenTable,
    attach_arrow,
    says_simulated,
    to_arrow,
)
from ingest.files import BadFileError

#: Rows that are turned into Arrow at once.
CHUNK = 500_000


def open_fits(path: Path) -> list[OpenTable]:
    """Open the tables of a FITS file, mapped into memory.

    Raises
    ------
    BadFileError
        When the file is cut, a checksum fails or it holds no table.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # a cut file is only warned of
            warnings.simplefilter("ignore", VerifyWarning)
            hdus = fits.open(path, memmap=True, checksum=True)
            tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
    except (OSError, AstropyUserWarning, ValueError, TypeError, KeyError) as error:
        raise BadFileError(
            f"the FITS file is cut or damaged ({str(error).splitlines()[0]}); download it again"
        ) from error
    if not tables:
        raise BadFileError("this FITS file holds no table; is it a spectrum or an image?")
    marked = says_simulated({"SIMUL": hdus[0].header.get("SIMUL", False)})
    return [_open_table(path, hdu, marked, len(tables) > 1) for hdu in tables]


def _open_table(path: Path, hdu: Any, marked: bool, several: bool) -> OpenTable:
    columns = tuple(
        FileColumn(column.name, str(column.unit) if column.unit else None) for column in hdu.columns
    )
    title = f"{path.name}[{hdu.name or hdu.ver}]" if several else path.name
    simulated = marked or says_simulated({"SIMUL": hdu.header.get("SIMUL", False)})

    def make(wanted: Sequence[int]) -> pa.Table:
        arrays = {}
        for number in wanted:
            column = hdu.columns[number]
            values = hdu.data.field(number)
            if values.ndim > 1:
                raise BadFileError(f"column {column.name} holds an array a row, not a value")
            arrays[f"c{number}"] = _column(values, column.null)
        return pa.table(arrays)

    return OpenTable(title, columns, attach_arrow(make), simulated, int(hdu.header["NAXIS2"]))


def _column(values: Any, null: Any) -> pa.ChunkedArray:
    parts = []
    for start in range(0, len(values), CHUNK):
        part = np.asarray(values[start : start + CHUNK])
        mask = None
        if part.dtype.kind in "iu" and null not in (None, ""):
            mask = part == int(null)
        parts.append(to_arrow(part, mask))
    return pa.chunked_array(parts) if parts else pa.chunked_array([to_arrow(np.asarray(values))])
