"""The lean FITS reader says what astropy says, and refuses what is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lamost_files import LAYOUTS, Star

from ingest.files import BadFileError, discover, read_packed, unpack
from ingest.fits import parse_value, read_hdus


@pytest.mark.parametrize("layout", LAYOUTS)
def test_headers_and_data_are_those_of_astropy(layout: str, tmp_path: Path) -> None:
    path = LAYOUTS[layout](tmp_path / "a.fits", Star())
    ours = read_hdus(path.read_bytes())
    with fits.open(path) as theirs:
        assert len(ours) == len(theirs)
        for own, other in zip(ours, theirs, strict=True):
            for keyword, value in other.header.items():
                if keyword not in {"", "COMMENT", "HISTORY"}:
                    assert own.header.get(keyword) == value
            if other.data is None:
                continue
            if own.columns:
                assert list(own.columns) == other.columns.names
                for name in own.columns:
                    np.testing.assert_array_equal(own.column(name), other.data[name].ravel())
                    assert own.column(name).dtype.isnative
            else:
                np.testing.assert_array_equal(own.image(), other.data)


@given(
    st.one_of(
        st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
    )
)
def test_values_survive_a_card(value: int | float | bool) -> None:
    image = fits.Card("KEY", value, "a / comment").image
    # a float is written with 16 digits: what comes back is what astropy reads
    assert parse_value(image[10:]) == fits.Card.fromstring(image).value


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).filter(
        lambda text: len(text.replace("'", "''")) <= 60  # a longer one has cards of continuation
    )
)
@example("'/")  # astropy writes it rightly and reads it wrongly (8.0.2): the text is the oracle
def test_texts_survive_a_card(value: str) -> None:
    image = fits.Card("KEY", value, "a / comment").image
    assert parse_value(image[10:]) == value.rstrip()  # trailing blanks mean nothing (FITS 4.2.1)


def test_scaled_columns_and_images(tmp_path: Path) -> None:
    unsigned = np.array([0, 1, 40000, 65535], dtype=np.uint16)
    image = fits.PrimaryHDU(np.arange(12, dtype=np.int16).reshape(3, 4))
    image.scale("int16", bscale=0.5, bzero=3.0)
    table = fits.BinTableHDU.from_columns([fits.Column("U", "I", bzero=32768, array=unsigned)])
    path = tmp_path / "scaled.fits"
    fits.HDUList([image, table]).writeto(path)
    hdus = read_hdus(path.read_bytes())
    np.testing.assert_array_equal(hdus[1].column("U"), unsigned)
    with fits.open(path) as theirs:
        np.testing.assert_allclose(hdus[0].image(), theirs[0].data)


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_check_sums_find_every_flipped_bit(
    place: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sums") / "a.fits"
    with fits.open(LAYOUTS["mrs-rows"](path, Star())) as hdus:
        hdus.writeto(path, checksum=True, overwrite=True)
    content = bytearray(path.read_bytes())
    read_hdus(bytes(content))
    content[int(place * len(content))] ^= 1 << bit
    try:
        found = read_hdus(bytes(content))
    except BadFileError:
        return
    # only a flip in the name of a card of the sums, or in its sign of equality, can disarm them
    assert any("CHECKSUM" not in hdu.header or "DATASUM" not in hdu.header for hdu in found)


def test_no_bit_of_a_check_sum_itself_can_flip_unseen(tmp_path: Path) -> None:
    """A quote that is lost makes the sum unreadable, which must not mean that there is none."""
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.arange(12, dtype=np.int16)).writeto(path, checksum=True)
    content = path.read_bytes()
    read_hdus(content)
    for keyword in (b"CHECKSUM= ", b"DATASUM = "):
        start = content.index(keyword) + len(keyword)
        for place in range(start, start - len(keyword) + 80):
            for bit in range(8):
                flipped = bytearray(content)
                flipped[place] ^= 1 << bit
                with pytest.raises(BadFileError, match=r"check sum|does not fit|damaged"):
                    read_hdus(bytes(flipped))


@pytest.mark.parametrize(
    ("keyword", "value", "is_refused"),
    [
        ("DATASUM", "''", False),
        ("DATASUM", "'2503531142'", True),
        ("DATASUM", "'25 thousand'", True),
        ("CHECKSUM", "'                '", False),
        ("CHECKSUM", "/ lost", True),
    ],
)
def test_a_sum_may_be_blank_but_not_garbage(
    keyword: str, value: str, is_refused: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.arange(12, dtype=np.int16)).writeto(path)
    card = f"{keyword:8}= {value}".ljust(80).encode()
    content = path.read_bytes().replace(b"END".ljust(80), card + b"END".ljust(80), 1)
    content = content[:2880].rstrip(b" ").ljust(2880) + content[-2880:]
    if is_refused:
        with pytest.raises(BadFileError, match=keyword):
            read_hdus(content)
    else:
        assert read_hdus(content)[0].image_shape == (12,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>503</html>", "a web page"),
        (b"\n <html>", "a web page"),
        (b"BZh91AY", "bzip2"),
        (b"hello", "no FITS file"),
        (b"SIMPLE  =                    T", "no END card"),
        (b"\x1f\x8b\x08garbage", "gzip stream is damaged"),
    ],
)
def test_what_is_no_fits_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(BadFileError, match=reason):
        read_hdus(unpack(content))


def test_a_gzip_bomb_is_refused_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr("ingest.files.MAX_BYTES", 10_000)
    with pytest.raises(BadFileError, match="unpacks to more than"):
        unpack(gzip.compress(b"\0" * 1_000_000))


def test_gzip_members_are_joined_and_garbage_behind_is_refused(tmp_path: Path) -> None:
    import gzip

    content = LAYOUTS["lrs-table"](tmp_path / "a.fits", Star()).read_bytes()
    two = gzip.compress(content[:5000]) + gzip.compress(content[5000:])
    assert unpack(two) == content
    assert unpack(two + b"\0" * 9) == content
    with pytest.raises(BadFileError, match="follow the gzip stream"):
        unpack(two + b"garbage")


def test_reading_says_what_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(b"x" * 100)
    reasons = {
        PermissionError(13, "Permission denied"): "no permission",
        FileNotFoundError(2, "gone"): "not there",
        OSError(5, "Input/output error"): "Input/output error",
    }
    for error, reason in reasons.items():

        def fail(self: Path, error: OSError = error) -> bytes:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_bytes", fail)
            assert reason in str(read_packed(path)[1])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: b"x" * 60)
        identity, error_ = read_packed(path)
        assert "short read: 60 of 100" in str(error_)
        assert identity.size == 100
    assert "no regular file" in str(read_packed(tmp_path)[1])


def test_folders_are_searched_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b/2.fits", "b/1.FITS.gz", "a/x.fit", "a/readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    text = tmp_path / "a" / "readme.txt"
    found = discover([tmp_path, tmp_path / "b", text, text])
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names == ["a/readme.txt", "a/x.fit", "b/1.FITS.gz", "b/2.fits"]
    with pytest.raises(FileNotFoundError, match="no such"):
        discover([tmp_path / "missing"])
