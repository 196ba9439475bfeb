"""What a star's page says of it, in groups that a reader looks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from hotstars.report.values import Dictionary, between, is_there, measured, plain

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """A quantity with a name.

    Attributes
    ----------
    label
        As the field calls it.
    column
        Of the row; its error is ``column_error``.
    remark
        Column whose text stands in brackets behind the value.
    decimals, unit
        In place of what the marts declare.
    """

    label: str
    column: str
    remark: str = ""
    decimals: int | None = None
    unit: str = ""


@dataclass(frozen=True)
class Group:
    """Facts under a heading.

    Attributes
    ----------
    title
        Of the group.
    rows
        Label and value of each.
    """

    title: str
    rows: list[tuple[str, Markup]]


@dataclass(frozen=True)
class Listing:
    """Several rows of the same kind under a heading: visits, labels of visits.

    Attributes
    ----------
    title, note
        Of the table.
    headings
        With units.
    rows
        Cells; empty where a value is missing.
    """

    title: str
    headings: list[str]
    rows: list[list[Markup]]
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a listing.

    Attributes
    ----------
    heading
        Without the unit.
    unit_of
        Column whose unit the heading has; empty for none.
    cell
        Makes a cell from a row.
    """

    heading: str
    unit_of: str
    cell: Callable[[Row, Dictionary], Markup]


def value_of(row: Row, fact: Fact, dictionary: Dictionary) -> Markup | None:
    """Return a fact's value with error, unit and remark; None where it is missing."""
    value = row.get(fact.column)
    if not is_there(value):
        return None
    if isinstance(value, float):
        text = measured(
            value, row.get(f"{fact.column}_error"),
            dictionary.decimals(fact.column) if fact.decimals is None else fact.decimals,
            fact.unit or dictionary.unit(fact.column),
        )  # fmt: skip
    elif isinstance(value, int) and not isinstance(value, bool):
        text = Markup(str(value)) + (f" {fact.unit}" if fact.unit else "")
    else:
        text = escape(plain(value))
    remark = row.get(fact.remark) if fact.remark else None
    return text + Markup(' <span class="small">({})</span>').format(plain(remark)) if is_there(
        remark
    ) else text  # fmt: skip


def group(title: str, row: Row | None, facts: Sequence[Fact], dictionary: Dictionary) -> Group:
    """Return those facts of a row that are there.

    Parameters
    ----------
    title
        Of the group.
    row
        None where the star has none.
    facts
        In the order of the page.
    dictionary
        Units and formats.
    """
    found = [(fact.label, value_of(row or {}, fact, dictionary)) for fact in facts]
    return Group(title, [(label, value) for label, value in found if value is not None])


def listing(
    title: str, rows: Sequence[Row], columns: Sequence[Column], dictionary: Dictionary,
    note: str = "",
) -> Listing:  # fmt: skip
    """Return rows as a table without the columns that are empty in all of them.

    Parameters
    ----------
    title, note
        Of the table.
    rows
        In the order of the page.
    columns
        That may be shown.
    dictionary
        Units and formats.
    """
    cells = [[column.cell(row, dictionary) for column in columns] for row in rows]
    shown = [n for n in range(len(columns)) if any(line[n] for line in cells)]
    headings = []
    for n in shown:
        unit = dictionary.unit(columns[n].unit_of) if columns[n].unit_of else ""
        headings.append(f"{columns[n].heading} ({unit})" if unit else columns[n].heading)
    return Listing(title, headings, [[line[n] for n in shown] for line in cells], note)


def number(heading: str, column: str, decimals: int | None = None) -> Column:
    """Return a column of numbers with their errors; the unit stands in the heading."""

    def cell(row: Row, dictionary: Dictionary) -> Markup:
        value: Any = row.get(column)
        if not is_there(value):
            return Markup("")
        if isinstance(value, int):
            return Markup(str(value))
        places = dictionary.decimals(column) if decimals is None else decimals
        return measured(value, row.get(f"{column}_error"), places)

    return Column(heading, column, cell)


def text(heading: str, column: str) -> Column:
    """Return a column of texts."""
    return Column(heading, "", lambda row, _: escape(plain(row.get(column))))


def file_shown(row: Row) -> Markup:
    """Return a file's name over its SHA-256: twelve characters are seen, all are there to copy."""
    parts = [escape(row["file_name"])] if row.get("file_name") else []
    if row.get("sha256"):
        parts.append(Markup('<code class="hash" title="{0}">{0}</code>').format(row["sha256"]))
    return Markup("<br>").join(parts)


def model(heading: str, column: str) -> Column:
    """Return a column of models; at real stars with a warning of those that know no other."""

    def cell(row: Row, dictionary: Dictionary) -> Markup:
        name = plain(row.get(column))
        if name not in dictionary.simulated or str(row.get("survey", "")).startswith("SIM"):
            return escape(name)
        return Markup('{} <span class="warning">trained on SIMULATED data</span>').format(name)

    return Column(heading, "", cell)


def percentiles(heading: str, column: str) -> Column:
    """Return a column of numbers between ``column_16`` and ``column_84``."""

    def cell(row: Row, dictionary: Dictionary) -> Markup:
        value, low, high = (row.get(name) for name in (column, f"{column}_16", f"{column}_84"))
        if not is_there(value):
            return Markup("")
        decimals = dictionary.decimals(column)
        assert value is not None
        if low is None or high is None or not is_there(low) or not is_there(high):
            return measured(value, None, decimals)
        return between(value, low, high, decimals)

    return Column(heading, column, cell)


def warnings(heading: str, flags: Sequence[tuple[str, Any, str]]) -> Column:
    """Return a column of warnings.

    Parameters
    ----------
    heading
        Of the column.
    flags
        Column, value at which it warns, and the warning.
    """

    def cell(row: Row, _: Dictionary) -> Markup:
        told = [word for column, value, word in flags if column in row and row[column] == value]
        return Markup('<span class="warning">{}</span>').format(", ".join(told)) if told else (
            Markup("")
        )  # fmt: skip

    return Column(heading, "", cell)
