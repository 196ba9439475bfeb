"""Fortran print formats, as machine-readable tables use them: I5, F8.4, E10.3, A20."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse.connection import WarehouseError

_PATTERN = re.compile(r"^([AIFE])(\d+)(?:\.(\d+))?$")


@dataclass(frozen=True)
class PrintFormat:
    """A print format: kind A, I, F or E, width and decimals."""

    kind: str
    width: int
    decimals: int = 0

    @classmethod
    def parse(cls, text: str) -> PrintFormat:
        """Parse such a format.

        Raises
        ------
        ValueError
            For anything else.
        """
        match = _PATTERN.match(text)
        if match is None or (match[1] in "FE") != (match[3] is not None):
            raise ValueError(f"{text!r} is no print format; write I5, F8.4, E10.3 or A20")
        return cls(match[1], int(match[2]), int(match[3] or 0))

    def __str__(self) -> str:
        if self.kind in "FE":
            return f"{self.kind}{self.width}.{self.decimals}"
        return f"{self.kind}{self.width}"

    def text(self, value: Any) -> str:
        """Return a value in this format, unpadded; NULL is an empty string."""
        if value is None or value != value:  # NaN is not equal to itself
            return ""
        if self.kind == "I":
            return f"{int(value):d}"
        if self.kind == "F":
            return f"{value:.{self.decimals}f}"
        if self.kind == "E":
            return f"{value:.{self.decimals}E}"
        return str(value)

    def padded(self, value: Any) -> str:
        """Return a value at the format's width: numbers to the right, text to the left."""
        text = self.text(value)
        return text.ljust(self.width) if self.kind == "A" else text.rjust(self.width)


def fitted(declared: str | None, values: Sequence[Any], type_name: str, column: str) -> PrintFormat:
    """Return the format to print a column with.

    The declared decimals hold; the width grows where a value needs it, so that no digit is
    lost. Without a declaration whole numbers and text get the width they need, and real
    numbers seven significant figures.

    Raises
    ------
    WarehouseError
        When the declaration is no format or does not suit the column's type.
    """
    textual = "char" in type_name.lower() or "timestamp" in type_name.lower()
    if declared is None:
        real = any(word in type_name.lower() for word in ("double", "float", "decimal"))
        start = PrintFormat("E", 14, 6) if real else PrintFormat("A" if textual else "I", 1)
    else:
        try:
            start = PrintFormat.parse(declared)
        except ValueError as error:
            raise WarehouseError(f"column {column}: {error}") from error
    if textual != (start.kind == "A"):
        raise WarehouseError(f"column {column}: format {start} does not suit type {type_name}")
    width = max((len(start.text(value)) for value in values), default=1)
    # Text takes the room that it needs; numbers keep at least the declared width.
    floor = 1 if start.kind == "A" else start.width
    return PrintFormat(start.kind, max(width, floor, 1), start.decimals)


#: Figures that an error is printed with.
ERROR_FIGURES = 2


def rounded(
    names: Sequence[str], formats: Sequence[PrintFormat], small_errors: Mapping[str, float]
) -> list[PrintFormat]:
    """Return formats with no more decimals than the errors warrant.

    A column ``x`` beside ``x_error``, and the error itself, get as many decimals as show two
    figures of the small errors, at most the declared ones. Width stays.

    Parameters
    ----------
    names, formats
        Of the columns.
    small_errors
        Column of errors -> a small one of them, the 10th percentile.
    """
    place = {name: number for number, name in enumerate(names)}
    found = list(formats)
    for name, number in place.items():
        other = place.get(f"{name}_error")
        if other is None or formats[number].kind != "F" or formats[other].kind != "F":
            continue
        small = small_errors.get(f"{name}_error")
        if small is None:
            continue
        warranted = max(ERROR_FIGURES - 1 - math.floor(math.log10(small)), 0)
        for one in (number, other):
            decimals = min(formats[one].decimals, warranted)
            found[one] = PrintFormat("F", formats[one].width, decimals)
    return found


class Summary:
    """What a description says of a column: its limits, and whether a value is missing."""

    def __init__(self) -> None:
        self._low: Any = None
        self._high: Any = None
        self._has_null = False

    def add(self, values: Sequence[Any]) -> None:
        """Take in a piece of the column."""
        known = [value for value in values if value is not None]
        self._has_null |= len(known) < len(values)
        if known:
            low, high = min(known), max(known)
            self._low = low if self._low is None else min(self._low, low)
            self._high = high if self._high is None else max(self._high, high)

    def told(self) -> list[Any]:
        """Return the least and the greatest value, and None where one is missing."""
        values = [] if self._low is None else [self._low, self._high]
        return [*values, None] if self._has_null else values
