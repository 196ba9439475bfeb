"""LAMOST low- and medium-resolution spectra: from FITS files to two raw tables.

``layouts`` says where the spectra of a file lie, ``wavelength`` on what grid, ``headers``
reads the observation, ``reader`` joins them and judges, ``arrow`` makes tables, ``load``
brings many files into the warehouse.
"""

from ingest.lamost.load import IngestCounts, ingest_lamost
from ingest.lamost.model import LamostFile, Observation, Spectrum
from ingest.lamost.reader import read_lamost

__all__ = [
    "IngestCounts",
    "LamostFile",
    "Observation",
    "Spectrum",
    "ingest_lamost",
    "read_lamost",
]
