"""AAS machine-readable tables: fixed width, with a byte-by-byte description.

The layout follows the AAS Journals' instructions for machine-readable tables
(https://journals.aas.org/mrt-standards), which build on the standard for astronomical catalogues
(https://vizier.cds.unistra.fr/doc/catstd.htx).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TextIO

from warehouse.export.article import Article
from warehouse.export.metadata import plain_ascii
from warehouse.export.printed import Printed, PrintedColumn

_RULE = "=" * 80
_LINE = "-" * 80
_WIDTH = 80


def write_mrt(file: TextIO, table: Printed, article: Article) -> None:
    """Write a machine-readable table.

    Parameters
    ----------
    file
        Open for text.
    table
        What to write.
    article
        That it belongs to.
    """
    file.write(head(table, article))
    file.writelines(f"{line}\n" for line in table.lines())


def head(table: Printed, article: Article) -> str:
    """Return all of a table but its rows.

    Parameters
    ----------
    table
        What is described.
    article
        Whose title and authors stand at the top.
    """
    lines = [
        *_entry("Title: ", plain_ascii(article.title_of([table.mart]))),
        *_entry("Authors: ", article.authors),
        *_entry("Table: ", table.caption),
        _RULE,
        *byte_by_byte(table.columns, f"{table.mart.name}.txt"),
    ]
    for number, note in enumerate(table.notes, start=1):
        lines += _note(number, note)
    lines.append(_LINE)
    return "\n".join(lines) + "\n"


def byte_by_byte(columns: Sequence[PrintedColumn], file_name: str) -> list[str]:
    """Return the byte-by-byte description, up to the rule that ends it.

    Parameters
    ----------
    columns
        In their order.
    file_name
        Name the description carries.
    """
    width = max(len("Label"), *(len(column.label) for column in columns))
    lines = [f"Byte-by-byte Description of file: {file_name}", _LINE]
    lines.append(f"   Bytes Format Units     {'Label'.ljust(width)} Explanations")
    lines.append(_LINE)
    start = 1
    for column in columns:
        end = start + column.format.width - 1
        # a column of one byte is named by it, at the place where the others end
        place = f"{end:9d}" if start == end else f"{start:4d}-{end:4d}"
        lead = f"{place} {column.format!s:6s} {column.unit:9s} {column.label.ljust(width)} "
        text = f"{column.limits} {column.explanation}".strip()
        first, *others = _wrapped(text, max(_WIDTH - len(lead), 20))
        lines.append(lead + first)
        # one further to the right than the first, as the standard has it
        lines += [" " * (len(lead) + 1) + part for part in others]
        start = end + 2
    lines.append(_LINE)
    return lines


def _entry(name: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=name, subsequent_indent=" " * len(name))


def _note(number: int, note: str) -> list[str]:
    """Return a note: its first line beside the number, the others below, values by line."""
    first, *others = note.splitlines()
    lines = textwrap.wrap(f"Note ({number}): {first}", _WIDTH, subsequent_indent="    ")
    for line in others:
        lines += textwrap.wrap(
            line, _WIDTH, initial_indent="    ", subsequent_indent="        ",
            break_on_hyphens=False,
        )  # fmt: skip
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """Wrap an explanation so that no line but the first begins like a column's.

    Readers tell columns by lines that begin with a number or with what looks like a format.
    """
    glued = re.sub(r" (?=\d|[A-Z][0-9.]+(?:\s|$))", "\u00a0", text)
    room = textwrap.TextWrapper(
        width, subsequent_indent=" ", break_on_hyphens=False, break_long_words=False
    )
    lines = room.wrap(glued) or [""]
    return [line.replace("\u00a0", " ").strip() for line in lines]
