"""Open a catalogue file, whatever its format, under one face."""

from ingest.catalogues.readers.common import FileColumn, OpenTable
from ingest.catalogues.readers.detect import open_catalogue

__all__ = ["FileColumn", "OpenTable", "open_catalogue"]
