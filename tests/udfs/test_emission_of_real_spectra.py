"""The measured quantities tell real emission from real absorption."""

import csv

import duckdb
import numpy as np
import pytest
from spectra_maker import ragged

from ml.spectra.equivalent_width import equivalent_width
from ml.spectra.grids import LRS_R
from ml.spectra.peaks import LRS_EDGES, LRS_WIDTHS, find_peaks
from ml.spectra.rectify import rectify

pytestmark = pytest.mark.real_data

RULE = """
select file, coalesce(
    (significance >= 5 and abs(wavelength - 6564.6) <= 4.5 and width >= 0.9)
    or equivalent_width < -5 * equivalent_width_error, false) as emission
from measured
"""


def test_two_emission_stars_are_told_from_the_absorption_stars(real_data):
    from astropy.io import fits

    folder = real_data / "lamost"
    with (folder / "manifest.csv").open() as lines:
        labelled = [row for row in csv.DictReader(lines) if row["halpha"]]
    rows = []
    for entry in labelled:
        with fits.open(folder / entry["file"]) as hdus:
            flux, ivar = hdus[0].data[:2].astype(float)
            header = hdus[0].header
        wave = 10 ** (header["COEFF0"] + header["COEFF1"] * np.arange(len(flux)))
        rows.append((wave, flux, ivar))
    result = rectify(ragged(rows), LRS_R)
    assert set(result.status) == {"ok"}
    snr = 1 / result.noise
    width, error = equivalent_width(result.flux, result.noise, 6548, 6578, LRS_R)
    peaks = find_peaks(result.flux, result.noise, snr, LRS_R, edges=LRS_EDGES, widths=LRS_WIDTHS)
    with duckdb.connect() as connection:
        connection.execute(
            "create table measured (file text, significance double, wavelength double, "
            "width double, equivalent_width double, equivalent_width_error double)"
        )
        connection.executemany(
            "insert into measured values (?, ?, ?, ?, ?, ?)",
            [
                [entry["file"], *(None if np.isnan(x) else float(x) for x in numbers)]
                for entry, *numbers in zip(
                    labelled,
                    peaks.strongest_significance,
                    peaks.strongest_wavelength,
                    peaks.strongest_width,
                    width,
                    error,
                    strict=True,
                )
            ],
        )
        found = dict(connection.execute(RULE).fetchall())
    assert found == {entry["file"]: entry["halpha"] == "emission" for entry in labelled}
