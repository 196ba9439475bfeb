"""apStar files: what is read, what is refused and why, and loads that are killed or repeated."""

from __future__ import annotations

import gzip
import io
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.apogee import load as loading
from ingest.apogee.duplicates import Read
from ingest.apogee.load import load_apogee, to_arrow
from ingest.apogee.reader import read_apstar
from ingest.files import BadFileError, FileIdentity
from ingest.simulation.apogee import apogee_spectra, draw_apogee_stars
from ingest.simulation.apogee_files import apstar_bytes, write_apogee_survey
from warehouse.connection import connect
from warehouse.migrate import upgrade

REAL = Path(__file__).parents[3] / "shared" / "data" / "apogee"
N_PIXELS = 8575


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apogee")
    write_apogee_survey(folder, 24, 5, workers=1)
    return folder


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    database = tmp_path / "warehouse.duckdb"
    upgrade(database)
    return database


def real_like(**changes: object) -> bytes:
    """Return an apStar file as astropy writes one, in the layout of DR13-DR16: two visits."""
    rng = np.random.default_rng(1)
    primary = fits.PrimaryHDU()
    header = {
        "OBJID": "2M03122509+0021585", "TELESCOP": "apo25m", "FIELD": "180-45", "RA": 48.1,
        "DEC": 0.37, "SNR": 90.2, "NVISITS": 2, "VHELIO": 35.6, "VERR": 0.07, "VSCATTER": 0.9,
        "J": 12.2, "H": 11.6, "K": 99.999, "TARG1": -2146828288, "TARG2": 0, "STARFLAG": 131584,
        "SURVEY": "apogee",
    }  # fmt: skip
    header.update({key.upper(): value for key, value in changes.items() if key.isupper()})
    for key, value in header.items():
        if value is not None:
            primary.header[key] = value
    shape = changes.get("shape", (4, N_PIXELS))
    errors = np.full(shape, changes.get("error", 3.0))
    images = [rng.normal(260, 3, shape), errors, np.zeros(shape, dtype=np.int16)]
    if "first_flux" in changes:
        images[0][..., 0] = changes["first_flux"]
    hdus = [primary]
    for image in images:
        kind = np.float32 if image.dtype.kind == "f" else np.int16
        hdu = fits.ImageHDU(image.astype(kind))
        hdu.header["CRVAL1"] = changes.get("crval1", 4.179)
        hdu.header["CDELT1"] = changes.get("cdelt1", 6e-6)
        hdus.append(hdu)
    out = io.BytesIO()
    fits.HDUList(hdus).writeto(out)
    return out.getvalue()


SOUND = real_like()


def test_a_file_is_read_as_astropy_reads_it() -> None:
    content = real_like()
    star = read_apstar(content, "apStar-r6-2M03122509+0021585.fits")
    with fits.open(io.BytesIO(content)) as hdus:
        assert np.array_equal(star.flux, hdus[1].data[0].astype(np.float32))
        assert np.array_equal(star.error, hdus[2].data[0].astype(np.float32))
    assert star.columns["apogee_id"] == "2M03122509+0021585"
    assert star.columns["survey"] == "APOGEE"
    assert star.columns["release"] == "r6"
    assert star.columns["rv"] == pytest.approx(35.6)
    assert star.columns["targeting_1"] == -2146828288
    assert star.columns["k"] is None  # 99.999 stands for no magnitude
    assert star.mask is not None
    assert star.mask.shape == (N_PIXELS,)


DR17 = {
    "TELESCOP": None, "SURVEY": None, "TARG1": None, "TARG2": None, "APTARG1": 0, "APTARG2": 0,
    "AP2TARG1": 0, "AP2TARG2": 0, "AP2TARG3": 0, "AP2TARG4": 0,
}  # fmt: skip


def test_flags_of_dr17_are_those_of_the_survey_that_observed() -> None:
    """A header of DR17 has both surveys' flags; those of the other one are all 0."""
    second = read_apstar(real_like(**(DR17 | {"AP2TARG2": 2**30, "AP2TARG4": 5})), "a.fits")
    assert second.columns["targeting_survey"] == "apogee2"
    assert [second.columns[f"targeting_{n}"] for n in range(1, 5)] == [0, 2**30, 0, 5]
    first = read_apstar(real_like(**(DR17 | {"APTARG2": 512})), "a.fits")
    assert first.columns["targeting_survey"] == "apogee"
    assert first.columns["targeting_2"] == 512
    assert first.columns["targeting_3"] is None


@pytest.mark.parametrize(
    ("path", "telescope"),
    [
        ("dr17/stars/lco25m/47TUC/asStar-dr17-2M00000035-7323394.fits", "lco25m"),
        ("asStar-dr17-2M00000035-7323394.fits", "lco25m"),
        ("dr17/stars/apo25m/120+12/apStar-dr17-2M00000002+7417074.fits", "apo25m"),
        ("dr17/stars/apo1m/hip/apStar-dr17-2M00000002+7417074.fits", "apo1m"),
        ("apStar-dr17-2M00000002+7417074.fits", "unknown"),
    ],
)
def test_the_archives_folder_tells_the_telescope(path: str, telescope: str) -> None:
    """The same star in one field of both telescopes is two rows, also without TELESCOP."""
    star = read_apstar(real_like(**DR17), path)
    assert star.columns["telescope"] == telescope
    assert star.columns["release"] == "dr17"
    assert read_apstar(real_like(TELESCOP="apo25m"), path).columns["telescope"] == "apo25m"


def test_a_pixel_without_a_positive_error_was_not_measured() -> None:
    errors = np.full(N_PIXELS, 3.0)
    errors[:3] = 0.0, -1.0, np.nan
    star = read_apstar(real_like(shape=(N_PIXELS,), error=errors), "a.fits")
    assert np.all(star.error[:3] == np.float32(1e10))
    assert np.all(star.flux[:3] == 0.0)
    assert np.all(star.error[3:] == 3.0)


@pytest.mark.parametrize("value", [1e30, -(2**63) - 1, 2**63, "many", True, 1.5, None])
def test_a_damaged_card_costs_its_value_and_not_the_file(value: object) -> None:
    """One header that a column cannot hold would otherwise stop the batch of its neighbours."""
    star = read_apstar(real_like(NVISITS=value, STARFLAG=value, TARG1=value), "a.fits")
    stars, _ = to_arrow([Read(FileIdentity("/a.fits", "0", 1, 1), star)])
    assert stars["n_visits"].to_pylist() == [None]
    assert stars["starflag"].to_pylist() == [None]
    assert stars["targeting_1"].to_pylist() == [None]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2880 - 1), st.integers(0, 7)), min_size=1, max_size=4))
def test_bits_flipped_in_a_header_are_refused_or_leave_a_row(flips: list[tuple[int, int]]) -> None:
    """Whatever a header says, the reader gives a row that fits its table, or BadFileError."""
    content = bytearray(SOUND)
    for place, bit in flips:
        content[place] ^= 1 << bit
    try:
        star = read_apstar(bytes(content), "apStar-r6-x.fits")
    except BadFileError:
        return
    stars, spectra = to_arrow([Read(FileIdentity("/a.fits", "0", 1, 1), star)])
    assert stars.num_rows == spectra.num_rows == 1


def test_one_visit_has_one_axis_and_the_combined_row_comes_first() -> None:
    single = read_apstar(real_like(shape=(N_PIXELS,)), "apStar-dr17-x.fits")
    assert single.flux.shape == (N_PIXELS,)
    packed = read_apstar(gzip.compress(real_like()), "apStar-dr17-x.fits.gz")
    assert np.array_equal(packed.flux, read_apstar(real_like(), "x").flux)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (real_like()[:100_000], "cut|end|short|bytes"),
        (gzip.compress(real_like())[:5000], "ends too early"),
        (real_like(OBJID="NGC 188"), "names no star"),
        (real_like(OBJID=None), "names no star"),
        (real_like(shape=(4, 4096)), "apVisit"),
        (real_like(shape=(0, N_PIXELS)), "shape"),
        (real_like(crval1=4.18), "CRVAL1 is 4.18"),
        (real_like(cdelt1=5e-6), "CDELT1"),
        (real_like(cdelt1=6.0005e-6), "CDELT1"),  # more than half a pixel at the red end
        (real_like(error=0.0), "no flux"),
        (real_like(error=1e10), "no flux"),
        (real_like(first_flux=1e35), "beyond 1e"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(BadFileError, match=reason):
        read_apstar(content, "apStar-r6-x.fits")


def test_a_flipped_bit_is_seen_by_the_check_sum(survey: Path) -> None:
    path = sorted((survey / "stars").iterdir())[0]
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[len(content) // 2] ^= 4
    with pytest.raises(BadFileError, match="SUM"):
        read_apstar(bytes(content), path.name)


def test_what_was_simulated_is_what_is_read(survey: Path) -> None:
    stars = draw_apogee_stars(24, 5)
    flux, error = apogee_spectra(stars, 5)
    for row in range(0, 24, 5):
        star = read_apstar(apstar_bytes(stars, row, flux[row], error[row]), "apStar-dr17-x.fits")
        assert np.array_equal(star.flux, flux[row])
        assert np.array_equal(star.error, error[row])
        assert star.columns["survey"] == "SIM-APOGEE"
        assert star.columns["rv"] == pytest.approx(stars.rv[row], abs=1e-3)
        assert star.columns["n_visits"] == stars.n_visits[row]


def test_a_star_has_the_same_spectrum_alone_and_among_others() -> None:
    stars = draw_apogee_stars(24, 5)
    flux, _ = apogee_spectra(stars, 5)
    alone, _ = apogee_spectra(stars.take(np.array([7])), 5)
    assert np.array_equal(flux[7], alone[0])


def query(database: Path, text: str) -> list[tuple]:
    with duckdb.connect(str(database)) as connection:
        return connection.execute(text).fetchall()


def load(database: Path, *paths: Path, **options: object):
    with connect(database) as connection:
        return load_apogee(connection, list(paths), **options)


def test_bad_files_are_quarantined_and_the_rest_lands(
    survey: Path, warehouse: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(survey / "stars", folder)
    files = sorted(folder.iterdir())
    files[3].write_bytes(files[3].read_bytes()[:3000])
    files[4].write_bytes(b"<html>busy</html>")
    (folder / "aspcapStar-dr17-x.fits").write_bytes(b"another product")
    summary = load(warehouse, folder)
    assert summary.n_rows == 22
    assert set(summary.rejected) == {str(files[3]), str(files[4])}
    rejected = query(warehouse, "select path, reason from raw.rejected_file order by path")
    assert [path for path, _ in rejected] == [str(files[3]), str(files[4])]
    assert "web page" in rejected[1][1]
    # mended, they come in, and leave the quarantine
    for number in (3, 4):
        shutil.copy(survey / "stars" / files[number].name, files[number])
    again = load(warehouse, folder)
    assert again.n_rows == 2
    assert again.n_known == 22
    assert query(warehouse, "select count(*) from raw.rejected_file") == [(0,)]
    assert query(
        warehouse,
        "select count(*), count(distinct apogee_id), min(len(flux)), max(len(error)) "
        "from raw.apogee_star join raw.apogee_spectrum using (apogee_id)",
    ) == [(24, 24, N_PIXELS, N_PIXELS)]


def test_a_copy_adds_nothing_and_another_field_a_row(
    survey: Path, warehouse: Path, tmp_path: Path
) -> None:
    load(warehouse, survey / "stars")
    copy = tmp_path / "copy"
    copy.mkdir()
    name = sorted((survey / "stars").iterdir())[0].name
    shutil.copy(survey / "stars" / name, copy / name)
    assert load(warehouse, copy).n_rows == 0
    (copy / "apStar-r6-other.fits").write_bytes(real_like())
    (copy / "apStar-r6-field.fits").write_bytes(real_like(FIELD="181-45"))
    assert load(warehouse, copy).n_rows == 2


@pytest.mark.parametrize("commit", [1, 1024])
def test_of_two_spectra_of_one_star_the_first_stays_and_the_other_is_listed(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit: int
) -> None:
    """Who stays does not hang on the size of batches, nor on the order of the arguments."""
    monkeypatch.setattr(loading, "COMMIT_SPECTRA", commit)
    monkeypatch.setattr(loading, "BATCH_FILES", 1)
    (tmp_path / "a.fits").write_bytes(real_like(SNR=50.0))
    (tmp_path / "b.fits").write_bytes(real_like(SNR=80.0, error=2.0))
    (tmp_path / "c.fits.gz").write_bytes(gzip.compress(real_like(SNR=50.0)))
    summary = load(warehouse, *(tmp_path / name for name in ("c.fits.gz", "b.fits", "a.fits")))
    assert query(warehouse, "select snr, file_name from raw.apogee_star") == [(50.0, "a.fits")]
    assert list(summary.rejected) == [str(tmp_path / "b.fits")]
    assert str(tmp_path / "a.fits") in summary.rejected[str(tmp_path / "b.fits")]
    copies = query(warehouse, "select path, note from raw.ingested_file where n_rows = 0")
    assert [path for path, _ in copies] == [str(tmp_path / "c.fits.gz")]
    assert copies[0][1].startswith("copy: the same spectrum as")


def test_a_file_that_changed_after_it_was_loaded_is_told(warehouse: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(real_like())
    load(warehouse, path)
    path.write_bytes(real_like(error=2.0))
    assert "changed after it was loaded" in load(warehouse, path).rejected[str(path)]
    stored = query(warehouse, "select distinct unnest(error) from raw.apogee_spectrum")
    assert stored == [(3.0,)]


def test_tables_do_not_depend_on_the_workers(survey: Path, tmp_path: Path) -> None:
    tables = []
    for workers in (1, 2):
        database = tmp_path / f"{workers}.duckdb"
        upgrade(database)
        load(database, survey / "stars", workers=workers)
        tables.append(
            query(
                database,
                "select * exclude (run_id) from raw.apogee_star join raw.apogee_spectrum "
                "using (apogee_id, survey, release, telescope, field) order by apogee_id",
            )
        )
    assert tables[0] == tables[1]


def test_a_load_that_broke_off_goes_on_to_the_same_tables(
    survey: Path, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed before stays and is not read again; nothing comes twice."""
    monkeypatch.setattr(loading, "BATCH_FILES", 4)
    monkeypatch.setattr(loading, "COMMIT_SPECTRA", 8)
    sound = loading.read_file
    n_read = 0

    def breaks(path: Path) -> Read:
        nonlocal n_read
        n_read += 1
        if n_read > 13:
            raise KeyboardInterrupt
        return sound(path)

    monkeypatch.setattr(loading, "read_file", breaks)
    with pytest.raises(KeyboardInterrupt):
        load(warehouse, survey / "stars")
    assert query(warehouse, "select count(*) from raw.apogee_star") == [(8,)]
    monkeypatch.setattr(loading, "read_file", sound)
    again = load(warehouse, survey / "stars")
    assert (again.n_known, again.n_rows) == (8, 16)
    whole = tmp_path / "whole.duckdb"
    upgrade(whole)
    load(whole, survey / "stars")
    rows = "select * exclude (run_id) from raw.apogee_spectrum order by apogee_id"
    assert query(warehouse, rows) == query(whole, rows)


def test_a_stopped_simulation_goes_on_and_gives_the_same_files(
    survey: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    write_apogee_survey(folder, 24, 5, workers=1)
    files = sorted((folder / "stars").iterdir())
    before = {path.name: path.read_bytes() for path in files}
    for path in files[::3]:
        path.unlink()
    (folder / "apogee.json").write_text(
        (folder / "apogee.json").read_text().replace("true", "false")
    )
    summary = write_apogee_survey(folder, 24, 5, workers=1)
    assert summary.n_written == len(files[::3])
    assert {path.name: path.read_bytes() for path in (folder / "stars").iterdir()} == before
    assert before == {path.name: path.read_bytes() for path in (survey / "stars").iterdir()}


@pytest.fixture(scope="module")
def real_file() -> Path:
    if not REAL.is_dir():
        pytest.skip("no real apStar file here")
    return next(REAL.glob("apStar-*.fits.gz"))


@pytest.mark.parametrize("check", ["astropy", "header"])
def test_a_real_file_is_read(real_file: Path, check: str) -> None:
    star = read_apstar(real_file.read_bytes(), real_file.name)
    with fits.open(real_file) as hdus:
        if check == "astropy":
            assert np.array_equal(star.flux, hdus[1].data[0].astype(np.float32))
            assert np.array_equal(star.error, hdus[2].data[0].astype(np.float32))
        else:
            assert star.columns["apogee_id"] == hdus[0].header["OBJID"]
            assert star.columns["snr"] == pytest.approx(hdus[0].header["SNR"])
            assert star.columns["survey"] == "APOGEE"
