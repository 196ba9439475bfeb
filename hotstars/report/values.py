"""Values as a page shows them: with error and unit, by the formats that the marts declare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from warehouse.export.metadata import Mart, MartColumn
from warehouse.export.printing import ERROR_FIGURES, PrintFormat

#: Units that the field writes otherwise than VOUnits.
_SHOWN = {"0.1nm": "Å", "deg": "°", "": ""}


@dataclass(frozen=True)
class Dictionary:
    """What the marts declare of columns: unit, print format, description.

    Attributes
    ----------
    columns
        By name; of a name that several marts have, the first one's, and none of a name that they
        give different units: the fact has to say its own.
    simulated
        Models that learnt from simulated data, as rows name them.
    """

    columns: Mapping[str, MartColumn] = field(default_factory=dict)
    simulated: frozenset[str] = frozenset()

    @classmethod
    def of(cls, known: Iterable[Mart], simulated: Iterable[str] = ()) -> Dictionary:
        """Return the dictionary of some marts, and of models by ``name version``."""
        columns: dict[str, MartColumn] = {}
        ambiguous = set()
        for column in (column for mart in known for column in mart.columns):
            first = columns.setdefault(column.name, column)
            if (first.unit, first.log_of) != (column.unit, column.log_of):
                ambiguous.add(column.name)
        return cls(
            {name: column for name, column in columns.items() if name not in ambiguous},
            frozenset(simulated),
        )

    def unit(self, name: str) -> str:
        """Return a column's unit as a page shows it; empty where there is none."""
        column = self.columns.get(name)
        if column is None:
            return ""
        if column.log_of:
            return "dex"
        return shown_unit(column.unit) if column.unit else ""

    def decimals(self, name: str) -> int | None:
        """Return how many decimals a column is printed with; None where nothing is declared."""
        column = self.columns.get(name)
        if column is None or column.print_format is None:
            return None
        declared = PrintFormat.parse(column.print_format)
        return declared.decimals if declared.kind == "F" else None


@cache
def shown_unit(unit: str) -> str:
    """Return a VOUnit as the field writes it: ``km.s**-1`` as km s⁻¹, ``0.1nm`` as Å."""
    if unit in _SHOWN:
        return _SHOWN[unit]
    from astropy import units

    try:
        return str(units.Unit(unit, format="vounit").to_string("unicode"))
    except ValueError:
        return unit


def is_there(value: Any) -> bool:
    """Tell whether a value is one: neither NULL, NaN nor an empty text."""
    return value is not None and value != "" and value == value  # NaN is not equal to itself


def warranted(error: float) -> int:
    """Return how many decimals show two figures of an error."""
    if not error > 0 or not math.isfinite(error):
        return 0
    return max(ERROR_FIGURES - 1 - math.floor(math.log10(error)), 0)


def measured(value: float, error: float | None, decimals: int | None, unit: str = "") -> Markup:
    """Return a value with its error and unit.

    Parameters
    ----------
    value, error
        Decimals are those that the error warrants, at most the declared ones.
    decimals
        Declared; None for what the error says, or six figures without an error.
    unit
        As it is shown.
    """
    places = decimals
    if error is not None and is_there(error) and error > 0:
        places = warranted(error) if decimals is None else min(decimals, warranted(error))
        return Markup(f"{_number(value, places)} ± {_number(error, places)}{_after(unit)}")
    if places is None:
        return Markup(f"{_minus(f'{value:.6g}')}{_after(unit)}")
    return Markup(f"{_number(value, places)}{_after(unit)}")


def between(value: float, low: float, high: float, decimals: int | None, unit: str = "") -> Markup:
    """Return a value with the way up and down to its 84th and 16th percentile.

    Parameters
    ----------
    value, low, high
        The value, its 16th and its 84th percentile.
    decimals, unit
        As for :func:`measured`.
    """
    up, down = high - value, value - low
    least = min((one for one in (up, down) if one > 0), default=0.0)
    places = warranted(least)
    places = places if decimals is None else min(decimals, places)
    return Markup(
        f'{_number(value, places)}<span class="asym"><span>{_signed(up, places)}</span>'
        f"<span>{_signed(-down, places)}</span></span>{_after(unit)}"
    )


def plain(value: Any) -> str:
    """Return any value as text: yes and no, six figures, lists with commas."""
    if not is_there(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _minus(f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15
                      else f"{value:.4g}")  # fmt: skip
    if isinstance(value, int):
        return _minus(f"{value:,d}")
    if isinstance(value, list | tuple):
        return ", ".join(plain(one) for one in value)
    return str(value)


def _number(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return _minus(f"{0.0:.{places}f}" if float(text) == 0 else text)


def _signed(value: float, places: int) -> str:
    return ("+" if value >= 0 else "−") + f"{abs(value):.{places}f}"


def _minus(text: str) -> str:
    return f"−{text[1:]}" if text.startswith("-") else text


def _after(unit: str) -> str:
    if not unit:
        return ""
    return f"{'' if unit == '°' else ' '}{escape(unit)}"
