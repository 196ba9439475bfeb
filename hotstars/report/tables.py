"""Rows of queries as tables of a page, with plain headings and units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from hotstars.report.facts import Listing
from hotstars.report.values import is_there, plain


@dataclass(frozen=True)
class Shown:
    """A column of a table.

    Attributes
    ----------
    name
        In the rows.
    heading
        With the unit.
    digits
        Decimals; None for what the value says.
    """

    name: str
    heading: str
    digits: int | None = None


def table(
    title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[Shown], note: str = ""
) -> Listing:
    """Return rows as a table without the columns that they lack.

    Parameters
    ----------
    title, note
        Over and under it.
    rows
        Of a query.
    columns
        In their order.
    """
    shown = [one for one in columns if any(is_there(row.get(one.name)) for row in rows)]
    return Listing(
        title,
        [one.heading for one in shown],
        [[cell(row.get(one.name), one.digits) for one in shown] for row in rows],
        note,
    )


def cell(value: Any, digits: int | None = None) -> Markup:
    """Return a value as a cell shows it."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, float) and digits is not None and is_there(value):
        text = f"{value:,.{digits}f}"
        return Markup(f"−{text[1:]}" if text.startswith("-") else text)
    return escape(plain(value))


def interval(n_right: int, n_all: int) -> Markup:
    """Return a part of a whole with its 68 % interval (Jeffreys); nothing of nothing."""
    if not n_all:
        return Markup("")
    from astropy.stats import binom_conf_interval

    low, high = binom_conf_interval(n_right, n_all, interval="jeffreys")
    return Markup(f"{n_right / n_all:.3f} ({low:.3f}–{high:.3f})")
