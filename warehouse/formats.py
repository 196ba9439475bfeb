"""The formats of released tables, apart from their writers: the command line names them at once."""

from __future__ import annotations

import enum


class ExportFormat(enum.StrEnum):
    """The formats of a released table."""

    mrt = "mrt"
    cds = "cds"
    votable = "votable"
    fits = "fits"
    parquet = "parquet"
    csv = "csv"
    ecsv = "ecsv"
    hats = "hats"


#: End of the name of a table's file; a HATS catalogue is a folder.
SUFFIX = {
    ExportFormat.mrt: ".txt",
    ExportFormat.cds: ".dat",
    ExportFormat.votable: ".vot",
    ExportFormat.fits: ".fits",
    ExportFormat.parquet: ".parquet",
    ExportFormat.csv: ".csv",
    ExportFormat.ecsv: ".ecsv",
    ExportFormat.hats: "",
}
