"""Many files into the warehouse: nothing lost, nothing twice, no neighbour touched."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from lamost_files import Star, lrs_image, lrs_table, mrs_arrays, mrs_rows
from lamost_survey import rejected, survey, tables

from ingest.lamost import ingest_lamost, read_lamost
from ingest.lamost.model import LamostFile
from warehouse.connection import WarehouseError
from warehouse.migrate import upgrade_in_memory


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with upgrade_in_memory() as connection:
        yield connection


def test_every_layout_lands_and_a_second_call_does_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    survey(tmp_path / "files", 10)
    counts = ingest_lamost(warehouse, [tmp_path / "files"], workers=1)
    # 6 low-resolution files of one spectrum, 4 of medium resolution with 2 coadds + 4 exposures
    assert (counts.found, counts.loaded, counts.rejected, counts.rows) == (10, 10, 0, 10 + 6 + 24)
    before = tables(warehouse)
    again = ingest_lamost(warehouse, [tmp_path / "files"], workers=1)
    assert (again.skipped, again.loaded, again.rows) == (10, 0, 0)
    assert tables(warehouse) == before


def test_the_tables_hold_what_the_reader_read(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star())
    ingest_lamost(warehouse, [path], workers=1)
    _, file = read_lamost(path)
    assert isinstance(file, LamostFile)
    rows = warehouse.execute(
        "select arm, exposure, flux, ivar, and_mask, or_mask, wavelength, "
        "log_wavelength_start, n_pixels, snr from raw.lamost_spectrum"
    ).fetchall()
    found = {(row[0], row[1]): row[2:] for row in rows}
    assert len(found) == len(file.spectra)
    for spectrum in file.spectra:
        flux, ivar, and_mask, or_mask, wavelength, start, n, snr = found[
            spectrum.arm, spectrum.exposure
        ]
        np.testing.assert_array_equal(np.array(flux, np.float32), spectrum.flux)
        np.testing.assert_array_equal(np.array(ivar, np.float32), spectrum.ivar)
        np.testing.assert_array_equal(or_mask, spectrum.or_mask)
        assert (and_mask is None) == (spectrum.and_mask is None)
        assert start == spectrum.grid.log_start
        assert n == len(spectrum.flux)
        assert snr == np.float32(spectrum.snr)
        if wavelength is not None:
            np.testing.assert_array_equal(
                np.array(wavelength, np.float32), spectrum.grid.wavelength
            )


FAULTS = {
    "truncated gzip": lambda b: gzip.compress(b)[:-4000],
    "flipped gzip": lambda b: (p := gzip.compress(b))[:900] + bytes([p[900] ^ 8]) + p[901:],
    "cut": lambda b: b[: len(b) // 2],
    "cut in the padding": lambda b: b[:-7],
    "html": lambda b: b"<!DOCTYPE html><title>503</title>",
    "empty": lambda b: b"",
    "no fits": lambda b: b"obsid,ra,dec\n1,2,3\n",
}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_file_shifts_no_neighbour(
    workers: int,
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.lamost.load.BYTES_WORTH_A_POOL", 2)
    good = survey(tmp_path / "files", 20)
    ingest_lamost(warehouse, good, workers=1)
    undisturbed = tables(warehouse)
    sample = lrs_image(tmp_path / "sample.fits", Star(obsid=5)).read_bytes()
    for i, spoil in enumerate(FAULTS.values()):
        (tmp_path / "files" / f"{i * 3:04d}-bad.fits").write_bytes(spoil(sample))
    other = upgrade_in_memory()
    counts = ingest_lamost(
        other, [tmp_path / "files"], workers=workers, batch_files=16, commit_spectra=1
    )
    assert tables(other) == undisturbed
    assert counts.loaded + counts.rejected == counts.found == 20 + len(FAULTS)
    assert len(rejected(other)) == len(FAULTS)
    hashes = other.execute("select count(sha256), count(distinct reason) from raw.rejected_file")
    assert hashes.fetchall() == [(len(FAULTS), len(FAULTS))]
    # each file stands in one of the two lists, none in both
    lists = other.execute(
        "select (select count(*) from raw.ingested_file), (select count(*) from raw.ingested_file "
        "join raw.rejected_file using (path))"
    ).fetchall()
    assert lists == [(20, 0)]


def test_a_mended_file_leaves_the_quarantine(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = lrs_image(tmp_path / "a.fits", Star())
    content = path.read_bytes()
    path.write_bytes(content[:3000])
    assert ingest_lamost(warehouse, [path]).rejected == 1
    assert ingest_lamost(warehouse, [path]).rejected == 1  # still bad: one row, not two
    assert len(rejected(warehouse)) == 1
    path.write_bytes(content)
    assert ingest_lamost(warehouse, [path]).loaded == 1
    assert rejected(warehouse) == {}


def test_one_obsid_with_other_content_is_quarantined_with_both_hashes(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lrs_image(tmp_path / "b.fits", Star(seed=1))
    lrs_image(tmp_path / "a.fits", Star(seed=2))
    counts = ingest_lamost(warehouse, [tmp_path / "b.fits", tmp_path / "a.fits"], workers=1)
    assert (counts.loaded, counts.rejected) == (1, 1)
    # the first by path wins, in whatever order they were named
    kept = warehouse.execute("select file_name, sha256 from raw.lamost_observation").fetchall()
    assert kept[0][0] == "a.fits"
    text = rejected(warehouse)["b.fits"]
    assert "a.fits" in text
    assert kept[0][1] in text
    # a later run changes nothing, whichever file comes
    lrs_image(tmp_path / "0.fits", Star(seed=3))
    assert ingest_lamost(warehouse, [tmp_path], workers=1).rejected == 2
    assert warehouse.execute("select file_name from raw.lamost_observation").fetchall() == [
        ("a.fits",)
    ]


def test_copies_are_noted_and_give_no_rows(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = lrs_image(tmp_path / "a.fits", Star())
    shutil.copy(path, tmp_path / "b.fits")
    (tmp_path / "c.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    lrs_table(tmp_path / "d.fits", Star())
    mrs_rows(tmp_path / "e.fits", Star(obsid=7))
    counts = ingest_lamost(warehouse, [tmp_path], workers=1)
    assert (counts.loaded, counts.copies, counts.rejected) == (5, 3, 0)
    mrs_arrays(tmp_path / "f.fits", Star(obsid=7))  # now against the warehouse, not the batch
    counts = ingest_lamost(warehouse, [tmp_path], workers=1)
    assert (counts.skipped, counts.copies, counts.rejected) == (5, 1, 0)
    notes = dict(
        warehouse.execute(
            "select parse_filename(path), note from raw.ingested_file where note like 'copy%'"
        ).fetchall()
    )
    assert "same bytes" in notes["b.fits"]
    assert set(notes) == {"b.fits", "c.fits.gz", "d.fits", "f.fits"}
    assert warehouse.execute("select count(*) from raw.lamost_observation").fetchone() == (2,)


def test_a_file_that_changed_after_it_was_loaded_is_reported(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = lrs_image(tmp_path / "a.fits", Star(seed=1))
    ingest_lamost(warehouse, [path])
    before = tables(warehouse)
    os.utime(path, ns=(1, 1))
    assert ingest_lamost(warehouse, [path]).loaded == 1  # touched only
    lrs_image(path, Star(seed=2))
    assert ingest_lamost(warehouse, [path]).rejected == 1
    assert "changed after it was loaded" in rejected(warehouse)["a.fits"]
    assert tables(warehouse) == before


def test_one_star_in_both_surveys_and_on_two_nights_gives_rows_of_its_own(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lrs_image(tmp_path / "a.fits", Star(obsid=1))
    mrs_rows(tmp_path / "b.fits", Star(obsid=2))
    lrs_image(tmp_path / "c.fits", Star(obsid=None, lmjd=58408))
    lrs_image(tmp_path / "d.fits", Star(obsid=None, lmjd=58409))
    assert ingest_lamost(warehouse, [tmp_path], workers=1).loaded == 4
    assert warehouse.execute(
        "select count(*), count(distinct obsid), count(distinct designation) "
        "from raw.lamost_observation"
    ).fetchall() == [(4, 4, 1)]


def test_odd_names_of_files(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names = ['it\'s "a"; drop table raw.x--.fits', "Hα ★.fits", os.fsdecode(b"\xff\xfe.fits")]
    for i, name in enumerate(names):
        try:
            lrs_image(tmp_path / "plain.fits", Star(obsid=10 + i)).rename(tmp_path / name)
        except OSError:
            pytest.skip("the file system refuses such names")
    assert ingest_lamost(warehouse, [tmp_path], workers=1).loaded == 3
    stored = warehouse.execute("select file_name from raw.lamost_observation").fetchall()
    assert (names[0],) in stored
    assert (names[1],) in stored
    assert ingest_lamost(warehouse, [tmp_path], workers=1).rejected == 0


def test_a_path_that_does_not_exist_is_an_error_and_loads_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lrs_image(tmp_path / "a.fits", Star())
    with pytest.raises(WarehouseError, match="no such file"):
        ingest_lamost(warehouse, [tmp_path, tmp_path / "typo"])
    assert warehouse.execute("select count(*) from raw.lamost_observation").fetchone() == (0,)
