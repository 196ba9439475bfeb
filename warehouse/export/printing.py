"""Fortran print formats, as machine-readable tables use them: I5, F8.4, E10.3, A20."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from warehouse.connection import WarehouseError
from warehouse.export.reading import Extent

_PATTERN = re.compile(r"^([AIFE])(\d+)(?:\.(\d+))?$")


@dataclass(frozen=True)
class PrintFormat:
    """A print format: kind A, I, F or E, width and decimals.

    An error is never printed as zero: one below the last decimal is printed as one unit of it.
    """

    kind: str
    width: int
    decimals: int = 0
    is_error: bool = field(default=False, compare=False)

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
        """Return a value in this format, unpadded; NULL is an empty string.

        What is rounded to zero has no sign.
        """
        if value is None:
            return ""
        if self.is_error and self.kind in "IF" and value > 0:
            value = max(value, 10.0**-self.decimals)
        if self.kind == "I":
            return f"{round(value):d}"
        if self.kind == "F":
            return f"{value:z.{self.decimals}f}"
        if self.kind == "E":
            return f"{value:z.{self.decimals}E}"
        return str(value)

    def padded(self, value: Any) -> str:
        """Return a value at the format's width: numbers to the right, text to the left."""
        text = self.text(value)
        return text.ljust(self.width) if self.kind == "A" else text.rjust(self.width)


def declared_format(declared: str | None, kind: str, column: str) -> PrintFormat:
    """Return the format that a column's metadata ask for.

    Without a declaration real numbers get seven significant figures.

    Parameters
    ----------
    declared
        Such as ``F8.4``.
    kind
        ``text``, ``integer`` or ``real``: what the column holds.
    column
        Its name, for errors.

    Raises
    ------
    WarehouseError
        When the declaration is no format or does not suit what the column holds.
    """
    if declared is None:
        return {
            "text": PrintFormat("A", 1),
            "integer": PrintFormat("I", 1),
            "real": PrintFormat("E", 14, 6),
        }[kind]
    try:
        found = PrintFormat.parse(declared)
    except ValueError as error:
        raise WarehouseError(f"column {column}: {error}") from error
    if (kind == "text") != (found.kind == "A"):
        raise WarehouseError(f"column {column}: format {found} does not suit a column of {kind}")
    return found


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
            found[one] = PrintFormat("F", formats[one].width, decimals, is_error=one == other)
    return found


def fitted(wanted: PrintFormat, extent: Extent) -> PrintFormat:
    """Return a format as wide as a column's longest value, with the decimals that it has.

    The longest number is the least or the greatest, but for exponents of three figures, which the
    one nearest to zero may have. A column without a value keeps its width. Real numbers without
    decimals are printed as whole ones.

    Parameters
    ----------
    wanted
        Kind and decimals.
    extent
        What the column holds.
    """
    kind = "I" if wanted.kind == "F" and wanted.decimals == 0 else wanted.kind
    shape = replace(wanted, kind=kind)
    if kind == "A":
        return PrintFormat("A", max(extent.letters, 1))
    known = [extent.low, extent.high]
    if kind == "E" and extent.smallest is not None:
        known += [math.copysign(extent.smallest, extent.low)]
    texts = [shape.text(value) for value in known if value is not None]
    return replace(shape, width=max(map(len, texts), default=wanted.width))
