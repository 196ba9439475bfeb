"""FITS and gzip as bytes: cards, headers, check sums (FITS standard 4.0)."""

from __future__ import annotations

import zlib

from ingest.fits import ones_complement_sum

BLOCK = 2880

Value = bool | int | float | str
Card = tuple[str, Value, str]


def pack(content: bytes) -> bytes:
    """Return bytes gzipped fast and without a time, so that equal files are equal."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def _decimal(value: float) -> str:
    """Return the shortest decimal that reads back the same, as FITS wants it."""
    number, _, exponent = repr(float(value)).partition("e")
    number = number if "." in number else number + ".0"
    return f"{number}E{exponent}" if exponent else number


def hdu_bytes(cards: list[Card], data: bytes, *, checked: bool) -> bytes:
    """Return an HDU.

    Parameters
    ----------
    cards
        Keyword, value and comment, in order, without END.
    data
        Not yet padded.
    checked
        Whether to add CHECKSUM and DATASUM.
    """
    data += b"\0" * (-len(data) % BLOCK)
    if not checked:
        return _header(cards) + data
    data_sum = ones_complement_sum(data) if data else 0
    head = [*cards, ("CHECKSUM", "0" * 16, "HDU checksum"), ("DATASUM", str(data_sum), "data sum")]
    header = _header(head)
    total = ones_complement_sum(header)
    total += data_sum
    total = (total & 0xFFFFFFFF) + (total >> 32)
    return (
        header.replace(b"CHECKSUM= '0000000000000000'", b"CHECKSUM= '%s'" % _encoded(total)) + data
    )


def _encoded(total: int) -> bytes:
    """Return the complement of a sum as 16 letters and digits (FITS 4.0, appendix J)."""
    value = ~total & 0xFFFFFFFF
    punctuation = b":;<=>?@[\\]^_`"
    columns = []
    for shift in (24, 16, 8, 0):
        byte = value >> shift & 0xFF
        quarter = [byte // 4 + 48 + (byte % 4 if k == 0 else 0) for k in range(4)]
        while any(code in punctuation for code in quarter):
            for k in (0, 2):
                if quarter[k] in punctuation or quarter[k + 1] in punctuation:
                    quarter[k] += 1
                    quarter[k + 1] -= 1
        columns.append(quarter)
    letters = bytes(columns[place][k] for k in range(4) for place in range(4))
    return letters[-1:] + letters[:-1]


def _header(cards: list[Card]) -> bytes:
    text = "".join([_card(*card) for card in cards]) + f"{'END':80s}"
    return text.ljust(-(-len(text) // BLOCK) * BLOCK).encode("ascii")


def _card(keyword: str, value: Value, comment: str) -> str:
    if keyword == "COMMENT":
        return f"COMMENT {value:<72}"[:80]
    if isinstance(value, bool):
        text = f"{'T' if value else 'F':>20s}"
    elif isinstance(value, str):
        quoted = f"'{value.replace(chr(39), chr(39) * 2):<8s}'"
        text = f"{quoted:<20s}"
    elif isinstance(value, int):
        text = f"{value:>20d}"
    else:
        text = f"{_decimal(value):>20s}"
    card = f"{keyword:<8s}= {text}"
    return f"{card} / {comment}"[:80].ljust(80) if comment else card.ljust(80)
