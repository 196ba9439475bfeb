"""Find the columns of a file that a source asks for, and the factors between their units."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from astropy import units as u

from ingest.catalogues.readers import FileColumn, OpenTable
from ingest.catalogues.sources import ColumnRule, Source
from ingest.files import BadFileError

_SEXAGESIMAL = re.compile(r"[\"']?[hd]:m:s")


@dataclass(frozen=True)
class Found:
    """Where one raw column comes from in this file.

    Attributes
    ----------
    rule
        What was asked for.
    numbers
        Numbers of the file's columns (two for a combination).
    factor
        What values are multiplied with to be in the raw column's unit.
    """

    rule: ColumnRule
    numbers: tuple[int, ...]
    factor: float = 1.0


@dataclass(frozen=True)
class Match:
    """The columns of a file that a source uses."""

    found: Mapping[str, Found]
    keep: Mapping[int, tuple[str, ...]]
    notes: tuple[str, ...]


def plain(name: str) -> str:
    """Return a name without case and punctuation: ``E(BP/RP)`` and ``__e_bp_rp_`` are one."""
    return re.sub(r"[^0-9a-z]+", "", name.casefold())


def match(
    source: Source,
    table: OpenTable,
    columns: Mapping[str, str] | None = None,
    given: Collection[str] = (),
) -> Match:
    """Find a source's columns in a table.

    A name is looked for as it is written, then as VOTable ID, then without case and
    punctuation where that leaves no doubt (VizieR's ``b_rgeo`` and ``B_rgeo`` differ).

    Parameters
    ----------
    source, table
        What is wanted and what there is.
    columns
        Raw column -> column of the file, as the user said.
    given
        Raw columns that need no column of the file: the user gave their value.

    Raises
    ------
    BadFileError
        When a required column is missing or declares a unit of another kind.
    """
    finder = _Finder(source, table.columns)
    found: dict[str, Found] = {}
    notes: list[str] = []
    for name, rule in source.columns.items():
        if name in given:
            continue
        own = (columns or {}).get(name)
        numbers = finder.named(own, name) if own is not None else finder.find(rule)
        if numbers:
            unit = table.columns[numbers[0]].unit
            factor = _factor(source, rule, unit, table.columns[numbers[0]].name, notes)
            found[name] = Found(rule, numbers, factor)
    _check(source, table, {*found, *given})
    keep = {
        numbers[0]: values
        for column, values in source.keep.items()
        if (numbers := finder.find(ColumnRule(column, (column,))))
    }
    return Match(found, keep, tuple(notes))


class _Finder:
    """Looks columns up by name, by VOTable ID, and loosely where that leaves no doubt."""

    def __init__(self, source: Source, columns: Sequence[FileColumn]) -> None:
        self.columns = columns
        self.exact: dict[str, int] = {}
        for number, column in enumerate(columns):
            self.exact.setdefault(column.name.strip(), number)
        for number, column in enumerate(columns):
            if column.identifier:
                self.exact.setdefault(column.identifier, number)
        rules = list(source.columns.values())
        claimed = {self.exact.get(name) for rule in rules for name in _single_names(rule)}
        keys = [plain(column.name) for column in columns]
        doubtful = _told_apart_by_case(rules) | {key for key in keys if keys.count(key) > 1}
        self.loose = {
            key: number
            for number, key in enumerate(keys)
            if key and number not in claimed and key not in doubtful
        }

    def find(self, rule: ColumnRule) -> tuple[int, ...]:
        for entry in rule.names:
            parts = entry.split("|")
            if all(part in self.exact for part in parts):
                return tuple(self.exact[part] for part in parts)
        for entry in rule.names:
            parts = [plain(part) for part in entry.split("|")]
            if all(part in self.loose for part in parts):
                return tuple(self.loose[part] for part in parts)
        return ()

    def named(self, wanted: str, raw: str) -> tuple[int, ...]:
        if wanted not in self.exact:
            raise BadFileError(
                f"no column {wanted!r} (asked for as {raw}); it has {listing(self.columns)}"
            )
        return (self.exact[wanted],)


def _told_apart_by_case(rules: Sequence[ColumnRule]) -> set[str]:
    """Return the names that mean two raw columns, depending on case (b_rgeo, B_rgeo)."""
    owners: dict[str, dict[str, str]] = {}
    for rule in rules:
        for name in _single_names(rule):
            owners.setdefault(plain(name), {})[name] = rule.name
    return {key for key, names in owners.items() if len(names) > 1 and len(set(names.values())) > 1}


def _single_names(rule: ColumnRule) -> list[str]:
    return [part for entry in rule.names for part in entry.split("|")]


def listing(columns: Sequence[FileColumn], limit: int = 60) -> str:
    """Return the names of columns for a message."""
    names = [column.name for column in columns]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _check(source: Source, table: OpenTable, found: Collection[str]) -> None:
    missing = [rule for rule in source.columns.values() if rule.required and rule.name not in found]
    text = "; ".join(
        f"no column for {rule.name} (looked for {', '.join(rule.names)})" for rule in missing
    )
    needs_position = {"ra", "dec"} <= {
        column.name for column in source.table.columns if not column.nullable
    }
    has_position = {"ra", "dec"} <= set(found) or (source.position_from_name and "name" in found)
    if not text and needs_position and not has_position:
        text = (
            f"no columns for ra and dec (looked for {', '.join(source.columns['ra'].names)} and "
            f"{', '.join(source.columns['dec'].names)})"
        )
    if text:
        first = missing[0].name if missing else "ra"
        raise BadFileError(
            f"{table.title} is no {source.name} table: {text}. Its columns are "
            f"{listing(table.columns)}. Is it another table? If the archive renamed a column, "
            f"say which one it is: --column {first}=NAME"
        )


def _factor(
    source: Source, rule: ColumnRule, declared: str | None, column: str, notes: list[str]
) -> float:
    target = source.table.columns[rule.name].info.get("unit")
    if target is None or not (declared or rule.unit):
        return 1.0
    if declared and _SEXAGESIMAL.match(declared.strip()):
        return 1.0  # sexagesimal text is read as such
    unit = _unit(declared or rule.unit or "")
    if unit is None:
        notes.append(f"unit {declared!r} of {column} is not understood and was taken as {target}")
        return 1.0
    wanted = _unit(target)
    if unit == u.dimensionless_unscaled or wanted is None:
        return 1.0
    try:
        return float(unit.to(wanted))
    except u.UnitConversionError as error:
        raise BadFileError(
            f"column {column} is declared in {declared}, which is no {target} as {rule.name} "
            f"needs; if another column holds {rule.name}, say --column {rule.name}=NAME"
        ) from error


def _unit(text: str) -> u.UnitBase | None:
    text = text.strip().strip("'\"")
    for written in (text, text.replace("°", "deg")):
        for form in ("vounit", "cds", "fits", "generic"):
            try:
                unit = u.Unit(written, format=form, parse_strict="raise")
            except (ValueError, TypeError, KeyError):
                continue
            return None if unit is None else unit
    return None
