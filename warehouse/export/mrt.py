"""AAS machine-readable tables: fixed width, with a byte-by-byte description.

The layout follows the AAS Journals' instructions for machine-readable tables, which build
on the CDS standard (https://vizier.cds.unistra.fr/doc/catstd.htx).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from warehouse.export.metadata import Mart, MartColumn
from warehouse.export.printing import PrintFormat

_RULE = "=" * 80
_LINE = "-" * 80

#: CDS spellings of the units whose VOUnit spelling differs.
_CDS_UNITS = {"0.1nm": "0.1nm", "yr": "yr", "d": "d"}


def cds_unit(unit: str | None) -> str:
    """Return the CDS spelling of a VOUnit: ``mas.yr**-1`` is ``mas/yr`` there."""
    if not unit:
        return "---"
    if unit in _CDS_UNITS:
        return _CDS_UNITS[unit]
    parts = unit.split(".") if not re.match(r"^\d", unit) else [unit]
    numerator = [part for part in parts if "**-" not in part]
    denominator = [part.replace("**-", "") for part in parts if "**-" in part]
    text = ".".join(part.replace("**", "") for part in numerator)
    for part in denominator:
        text += "/" + (part[:-1] if part.endswith("1") else part)
    return text


def _limits(values: Sequence[Any], print_format: PrintFormat) -> str:
    known = [value for value in values if value is not None]
    if print_format.kind == "A" or not known:
        return ""
    low, high = (print_format.text(limit) for limit in (min(known), max(known)))
    return f"[{low}]" if low == high else f"[{low}/{high}]"


def byte_by_byte(
    columns: Sequence[MartColumn],
    formats: Sequence[PrintFormat],
    values: Sequence[Sequence[Any]],
    file_name: str,
) -> str:
    """Return the byte-by-byte description.

    Parameters
    ----------
    columns, formats
        The columns and how each is printed.
    values
        The values, column by column, or the least, the greatest and a missing one of each; they
        give the limits and say where NULL occurs.
    file_name
        Name the description carries.
    """
    width = max(len("Label"), *(len(column.name) for column in columns))
    lines = [f"Byte-by-byte Description of file: {file_name}", _LINE]
    lines.append(f"   Bytes Format Units     {'Label'.ljust(width)} Explanations")
    lines.append(_LINE)
    start = 1
    for column, print_format, column_values in zip(columns, formats, values, strict=True):
        end = start + print_format.width - 1
        limits = _limits(column_values, print_format)
        null = "?" if any(value is None for value in column_values) else ""
        marks = limits + null
        text = f"{marks} {column.description}".strip()
        lead = (
            f"{start:4d}-{end:4d} {print_format!s:6s} {cds_unit(column.unit):9s} "
            f"{column.name.ljust(width)} "
        )
        wrapped = _wrapped(text, max(80 - len(lead), 30))
        lines.append(lead + wrapped[0])
        lines += [" " * len(lead) + part for part in wrapped[1:]]
        start = end + 2
    lines.append(_LINE)
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    """Wrap a description so that no line but the first begins with a number.

    Readers tell columns by lines that begin so.
    """
    glued = re.sub(r" (?=\d)", "\u00a0", text)
    lines = textwrap.wrap(glued, width, break_on_hyphens=False, break_long_words=False) or [""]
    return [line.replace("\u00a0", " ") for line in lines]


def head(
    mart: Mart,
    formats: Sequence[PrintFormat],
    told: Sequence[Sequence[Any]],
    notes: Sequence[str],
) -> str:
    """Return all of a table but its rows.

    Parameters
    ----------
    mart
        What the table is.
    formats
        A print format a column.
    told
        Limits of each column, and None where a value is missing.
    notes
        Lines of provenance, printed as notes.
    """
    title = textwrap.wrap(mart.description or mart.name, 72)
    lines = ["Title: " + title[0], *("       " + part for part in title[1:])]
    lines += ["Authors: the hotstars warehouse", f"Table: {mart.name}", _RULE]
    lines.append(byte_by_byte(mart.columns, formats, told, f"{mart.name}.txt"))
    for number, note in enumerate(notes, start=1):
        lines += textwrap.wrap(f"Note ({number}): {note}", 80, subsequent_indent="  ")
    lines.append(_LINE)
    return "\n".join(lines) + "\n"
