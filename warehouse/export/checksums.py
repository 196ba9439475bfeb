"""FITS checksums of data that pass by in pieces (FITS standard 4.0, appendix J)."""

from __future__ import annotations

import numpy as np

_WORD = 2**32 - 1
#: ASCII that is no letter or figure, which a checksum must not hold.
_PUNCTUATION = frozenset(range(0x3A, 0x41)) | frozenset(range(0x5B, 0x61))


class Checksum:
    """The ones' complement sum of bytes taken as 32-bit words, however they are cut."""

    def __init__(self, start: int = 0) -> None:
        """Begin, or go on from the sum of what came before."""
        self._sum = start
        self._rest = b""

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        data = self._rest + data
        end = len(data) // 4 * 4
        # Python's integers do not overflow: the carries are folded in at the end
        self._sum += int(np.frombuffer(data[:end], dtype=">u4").sum(dtype=np.uint64))
        self._rest = data[end:]

    @property
    def value(self) -> int:
        """The sum; what does not fill a word is filled with zeros, as FITS fills its blocks."""
        total = self._sum + int.from_bytes(self._rest.ljust(4, b"\0"), "big")
        while total > _WORD:
            total = (total & _WORD) + (total >> 32)
        return total


def encoded(value: int) -> str:
    """Return the 16 characters that CHECKSUM shows, so that header and data add up to -0.

    Parameters
    ----------
    value
        The sum of the whole HDU with CHECKSUM set to sixteen zeros.
    """
    complement = _WORD - value
    characters = [""] * 16
    for place, byte in enumerate(complement.to_bytes(4, "big")):
        quarter, remainder = divmod(byte, 4)
        four = [quarter + remainder + 0x30, *[quarter + 0x30] * 3]
        # pairs keep their sum while they move away from punctuation
        while _PUNCTUATION.intersection(four):
            for one in (0, 2):
                if _PUNCTUATION.intersection(four[one : one + 2]):
                    four[one] += 1
                    four[one + 1] -= 1
        for row, code in enumerate(four):
            characters[(4 * row + place + 1) % 16] = chr(code)
    return "".join(characters)
