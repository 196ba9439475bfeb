"""Each fault of a LAMOST file is told in words that name what, where and what to do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from lamost_files import LAYOUTS, MINUTES, Star, lrs_image, lrs_table, mrs_rows

from ingest.files import BadFileError
from ingest.lamost import LamostFile, read_lamost


def reason(path: Path, **options: bool) -> str:
    _, result = read_lamost(path, **options)
    assert isinstance(result, BadFileError), "it was taken for good"
    assert "fault of hotstars" not in str(result)
    return str(result)


def changed(path: Path, change: Callable[[fits.HDUList], None]) -> Path:
    with fits.open(path) as hdus:
        for hdu in hdus:
            _ = hdu.data
        change(hdus)
        hdus.writeto(path, overwrite=True)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "the flux is NaN in all"), (0.0, "the flux is 0 in all")],
)
def test_a_flux_without_content(layout: str, value: float, words: str, tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        if layout.startswith("lrs-image"):
            hdus[0].data[0] = value
        else:
            hdus[1].data["FLUX"][...] = value

    text = reason(changed(LAYOUTS[layout](tmp_path / "a.fits", Star()), spoil))
    assert words in text
    assert "download it again" in text
    if layout.startswith("mrs"):
        assert "COADD_B" in text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_zero_inverse_variance_everywhere(layout: str, tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        if layout.startswith("lrs-image"):
            hdus[0].data[1] = 0
        else:
            hdus[1].data["IVAR"][...] = 0

    text = reason(changed(LAYOUTS[layout](tmp_path / "a.fits", Star()), spoil))
    assert "inverse variance is 0" in text


@pytest.mark.parametrize("name", ["COADD_R", "COADD_B", f"R-{MINUTES[1]}"])
def test_a_missing_hdu(name: str, tmp_path: Path) -> None:
    path = changed(mrs_rows(tmp_path / "a.fits", Star()), lambda hdus: hdus.pop(name))
    assert "missing HDU" in reason(path)


def test_an_arm_that_is_announced_but_absent(tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        del hdus[0].header["N_EXTEN"]
        hdus.pop("COADD_R")

    assert "COMBIN_R" in reason(changed(mrs_rows(tmp_path / "a.fits", Star()), spoil))


def test_no_spectrum_at_all(tmp_path: Path) -> None:
    path = changed(lrs_table(tmp_path / "a.fits", Star()), lambda hdus: hdus.pop(1))
    assert "no spectrum" in reason(path)
    fits.PrimaryHDU(np.zeros((3, 200), dtype=np.float32)).writeto(path, overwrite=True)
    assert "unknown layout" in reason(path)


@pytest.mark.parametrize("column", ["FLUX", "IVAR", "LOGLAM", "ORMASK", "ANDMASK"])
def test_a_missing_column(column: str, tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        hdus["COADD_R"].columns.del_col(column)

    text = reason(changed(mrs_rows(tmp_path / "a.fits", Star()), spoil))
    assert "COADD_R: missing column" in text
    assert column in text


def test_no_wavelength(tmp_path: Path) -> None:
    path = lrs_image(tmp_path / "a.fits", Star(), third_row="ones", coeff=False)
    assert "no wavelength: row 3" in reason(path)
    assert isinstance(read_lamost(lrs_image(path, Star(), coeff=False))[1], LamostFile)


def test_two_wavelengths_that_differ(tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        hdus[0].header["COEFF0"] = 3.5684

    assert "two wavelength scales" in reason(changed(lrs_image(tmp_path / "a.fits", Star()), spoil))


@pytest.mark.parametrize("pixel", [0, 450, -1])
def test_a_wavelength_that_jumps(pixel: int, tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        hdus["COADD_B"].data["LOGLAM"][pixel] = 3.9

    path = changed(mrs_rows(tmp_path / "a.fits", Star()), spoil)
    if pixel == -1:  # still monotonic: no longer log-linear, and so kept pixel by pixel
        _, result = read_lamost(path)
        assert isinstance(result, LamostFile)
        assert result.spectra[0].grid.wavelength is not None
    else:
        assert "no wavelength" in reason(path)


def test_absurd_values(tmp_path: Path) -> None:
    def exponent(hdus: fits.HDUList) -> None:
        hdus[0].data[0][500] = 3e36

    def mask(hdus: fits.HDUList) -> None:
        hdus[0].data[4][500] = 1.5

    for spoil, words in ((exponent, "a flux beyond"), (mask, "OR mask")):
        assert words in reason(changed(lrs_image(tmp_path / "a.fits", Star()), spoil))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"RA": None}, "no position: RA"),
        ({"RA": "abc", "DEC": None}, "no position: RA and DEC"),
        ({"DEC": 97.0}, "impossible position"),
        ({"RA": -1.0}, "impossible position"),
        ({"OBSID": None, "PLANID": None}, "no identity"),
    ],
)
def test_headers_without_what_is_needed(
    extra: dict[str, object], words: str, tmp_path: Path
) -> None:
    assert words in reason(lrs_image(tmp_path / "a.fits", Star(extra=extra)))


def test_cut_files(tmp_path: Path) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star())
    content = path.read_bytes()
    for length, words in (
        (len(content) // 2, "was cut"),
        (len(content) - 100, "cut at its very end"),
        (3000, "was cut"),
        (100, "was cut"),
    ):
        path.write_bytes(content[:length])
        assert words in reason(path)
    packed = gzip.compress(content)
    path.write_bytes(packed[: len(packed) // 2])
    assert "gzip stream ends too early" in reason(path)
    path.write_bytes(packed[:-3])
    assert "gzip stream ends too early" in reason(path)


def test_a_flipped_bit_in_a_gzip_stream(tmp_path: Path) -> None:
    path = lrs_image(tmp_path / "a.fits", Star())
    packed = bytearray(gzip.compress(path.read_bytes()))
    for place in (len(packed) // 3, len(packed) // 2, len(packed) - 6):
        spoilt = bytearray(packed)
        spoilt[place] ^= 16
        path.write_bytes(bytes(spoilt))
        assert "gzip stream" in reason(path)


def test_a_flipped_bit_that_reads_without_complaint_is_found_by_the_check_sum(
    tmp_path: Path,
) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star())
    with fits.open(path) as hdus:
        hdus.writeto(path, checksum=True, overwrite=True)
    content = bytearray(path.read_bytes())
    assert isinstance(read_lamost(path)[1], LamostFile)
    content[-3000] ^= 1
    path.write_bytes(bytes(content))
    with fits.open(path) as hdus:  # astropy says nothing
        assert len(hdus[-1].data) > 0
    assert "DATASUM does not fit" in reason(path)


def test_a_header_that_was_damaged(tmp_path: Path) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star())
    content = path.read_bytes()
    for old, new in (
        (b"NAXIS2  =                  900", b"NAXIS2  =                99999"),
        (b"NAXIS1  =                   16", b"NAXIS1  =                   17"),
        (b"BITPIX  =                    8", b"BITPIX  =                    9"),
        (b"XTENSION", b"XTENSIOM"),
        (b"TFORM1  = 'E       '", b"TFORM1  = 'Y       '"),
        (b"TFIELDS =                    5", b"TFIELDS =                    4"),
        (b"END" + b" " * 77, b"EMD" + b" " * 77),
    ):
        assert old in content
        path.write_bytes(content.replace(old, new, 1))
        assert "again" in reason(path)


def test_something_appended(tmp_path: Path) -> None:
    path = lrs_image(tmp_path / "a.fits", Star())
    content = path.read_bytes()
    path.write_bytes(content + b"\0" * 2880)
    assert isinstance(read_lamost(path)[1], LamostFile)
    path.write_bytes(content + b"<html>502</html>")
    assert "are no HDU" in reason(path)


def test_an_empty_exposure_is_left_out_with_a_note(tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        hdus[f"B-{MINUTES[0]}"].data["IVAR"][...] = 0

    _, result = read_lamost(changed(mrs_rows(tmp_path / "a.fits", Star()), spoil))
    assert isinstance(result, LamostFile)
    assert len(result.spectra) == 5
    assert any(f"B-{MINUTES[0]} left out" in note for note in result.notes)


def test_a_bad_coadd_can_be_salvaged(tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        hdus["COADD_B"].data["FLUX"][...] = np.nan

    path = changed(mrs_rows(tmp_path / "a.fits", Star()), spoil)
    assert "--salvage" in reason(path)
    _, result = read_lamost(path, salvage=True)
    assert isinstance(result, LamostFile)
    assert len(result.spectra) == 5
    assert any("salvaged without COADD_B" in note for note in result.notes)


def test_exposures_without_a_coadd_are_a_file(tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        for name in ("COADD_B", "COADD_R"):
            hdus.pop(name)
        hdus[0].header["N_EXTEN"] = 5
        hdus[0].header["COMBIN_B"] = hdus[0].header["COMBIN_R"] = False

    _, result = read_lamost(changed(mrs_rows(tmp_path / "a.fits", Star()), spoil))
    assert isinstance(result, LamostFile)
    assert {s.exposure for s in result.spectra} == set(MINUTES)
    assert result.observation.snr_r is not None


def test_two_hdus_of_one_name(tmp_path: Path) -> None:
    def spoil(hdus: fits.HDUList) -> None:
        hdus["COADD_R"].name = "COADD_B"
        hdus[0].header["COMBIN_R"] = False

    assert "two HDUs" in reason(changed(mrs_rows(tmp_path / "a.fits", Star()), spoil))
