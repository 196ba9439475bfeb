"""CDS tables: fixed-width .dat files and the ReadMe that describes them.

The layout is that of the catalogue standard (https://vizier.cds.unistra.fr/doc/catstd.htx). The
byte-by-byte description is the one of the machine-readable tables, so that formats, order and
units come from the same place; astropy's CDS reader is the judge in the tests.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse.export.metadata import Mart
from warehouse.export.mrt import byte_by_byte
from warehouse.export.printing import PrintFormat

_RULE = "=" * 80
_LINE = "-" * 80


@dataclass(frozen=True)
class Printed:
    """A table as it is printed.

    Attributes
    ----------
    mart
        What it is.
    formats
        Of its columns.
    told
        Of each column the limits, and None where a value is missing: what a description says.
    n_rows
        Lines.
    pieces
        Called, gives the values in pieces, column by column.
    """

    mart: Mart
    formats: Sequence[PrintFormat]
    told: Sequence[Sequence[Any]]
    n_rows: int
    pieces: Callable[[], Iterator[list[list[Any]]]]

    @property
    def file(self) -> str:
        """Name of the data file."""
        return f"{self.mart.name}.dat"

    @property
    def width(self) -> int:
        """Bytes of a line."""
        return sum(one.width for one in self.formats) + len(self.formats) - 1

    def lines(self) -> Iterator[str]:
        """Return the rows at their full width."""
        for values in self.pieces():
            printed = [
                [one.padded(value) for value in column]
                for one, column in zip(self.formats, values, strict=True)
            ]
            yield from (" ".join(row) for row in zip(*printed, strict=True))


def readme(title: str, tables: Sequence[Printed], facts: Mapping[str, Any]) -> str:
    """Return the ReadMe of some tables.

    Parameters
    ----------
    title
        Of the catalogue.
    tables
        In the order in which they are described.
    facts
        Of the origin, as notes.
    """
    width = max(len("ReadMe"), *(len(one.file) for one in tables))
    lines = [title[:80], _RULE, *textwrap.wrap(title, 80), "    the hotstars warehouse", _RULE]
    lines += ["Abstract:"]
    for one in tables:
        lines += textwrap.wrap(f"{one.mart.name}: {one.mart.description}", 80, initial_indent="  ",
                               subsequent_indent="  ")  # fmt: skip
    lines += ["", "File Summary:", _LINE]
    lines.append(f"{'FileName'.ljust(width)} {'Lrecl':>6} {'Records':>8}   Explanations")
    lines += [_LINE, f"{'ReadMe'.ljust(width)} {80:6d} {'.':>8}   This file"]
    for one in tables:
        summary = f"{one.file.ljust(width)} {one.width:6d} {one.n_rows:8d}   "
        wrapped = textwrap.wrap(one.mart.description, max(80 - len(summary), 20))
        lines.append(summary + (wrapped[0] if wrapped else one.mart.name))
        lines += [" " * len(summary) + part for part in wrapped[1:]]
    lines += [_LINE, ""]
    for one in tables:
        lines += [byte_by_byte(one.mart.columns, one.formats, one.told, one.file), ""]
    lines.append("History:")
    for key, value in facts.items():
        lines += textwrap.wrap(f"{key}: {value}", 78, initial_indent="  ", subsequent_indent="    ")
    lines += [_RULE, "(End)"]
    return "\n".join(lines) + "\n"
