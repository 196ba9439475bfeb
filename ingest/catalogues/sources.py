"""The catalogues that can be ingested: names, designations and column mappings, as data.

Each YAML file of ``sources/`` holds one kind of catalogue. A source is one entry::

    twomass:
      title: 2MASS point sources
      reference: Skrutskie+2006
      table: twomass_source
      rows: [1, 480000000]            # the whole table has that many
      constants: {release: 2MASS}     # raw columns that no file has
      archive: {vizier: II/246/out, xmatch: "vizier:II/246/out", radius: 3}
      columns:
        designation: {names: [2MASS, designation], required: true, strip: ["2MASS J", J]}
        j: Jmag, j_m                  # short form: names only, most wanted first

The names are those that the archives use for the same quantity: VizieR's, the Gaia
archive's, IRSA's, LAMOST's. A column of the raw table that is not mentioned stays NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Table

from warehouse import raw_tables
from warehouse.connection import WarehouseError

FOLDER = Path(__file__).parent / "sources"


@dataclass(frozen=True)
class ColumnRule:
    """Where one raw column comes from.

    Attributes
    ----------
    name
        Column of the raw table.
    names
        Columns of archives that hold it, most wanted first. A pair joined by ``|`` is
        given to `combine`.
    required
        Whether a file without such a column is refused.
    unit
        Unit of the archive's column where the file declares none; by default the raw
        column's.
    strip
        Prefixes that are taken off a text.
    translate
        Text of the archive -> text of the raw table.
    combine
        ``half_difference``: half of the second minus the first, of two columns.
    digits
        First so many characters, read as a number (the year of a bibcode).
    underscores
        Whether underscores stand for blanks.
    default
        Value where the archive has none.
    """

    name: str
    names: tuple[str, ...]
    required: bool = False
    unit: str | None = None
    strip: tuple[str, ...] = ()
    translate: Mapping[str, str] = field(default_factory=dict)
    combine: str | None = None
    digits: int | None = None
    underscores: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Archive:
    """Where a source lies on the network; what is None cannot be asked.

    Attributes
    ----------
    vizier
        VizieR table, for the whole of it.
    xmatch
        Catalogue of the CDS cross-match service, for the stars of the warehouse.
    tap
        Name of a TAP service, for the stars of the warehouse.
    tap_select, tap_from, tap_where
        The ADQL of it; the table is called ``t`` and has ra and dec.
    radius
        Radius of a match to the warehouse's stars, arcsec.
    by_hand
        How to get the file, where no service hands it out.
    """

    vizier: str | None = None
    xmatch: str | None = None
    tap: str | None = None
    tap_select: str = "t.*"
    tap_from: str = ""
    tap_where: str = ""
    radius: float = 3.0
    by_hand: str | None = None


@dataclass(frozen=True)
class Source:
    """A catalogue that can be ingested."""

    name: str
    title: str
    table: Table
    columns: Mapping[str, ColumnRule]
    constants: Mapping[str, str]
    archive: Archive
    reference: str = ""
    rows: tuple[int, int] | None = None
    position_from_name: bool = False
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expect: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def marked(self, simulated: bool, release: str | None = None) -> dict[str, Any]:
        """Return the constants of a file's rows, with the mark of the simulated survey."""
        values: dict[str, Any] = dict(self.constants)
        if release is not None and "release" in self.table.columns:
            values["release"] = release
        if "simulated" in self.table.columns:
            values["simulated"] = simulated
        return values


def _rule(name: str, entry: Any, where: str) -> ColumnRule:
    if isinstance(entry, str):
        entry = {"names": [part.strip() for part in entry.split(",")]}
    known = set(ColumnRule.__dataclass_fields__) - {"name"}
    if unknown := set(entry) - known:
        raise ValueError(f"{where}.{name}: unknown keys {', '.join(sorted(unknown))}")
    values = dict(entry)
    values["names"] = tuple(str(item) for item in values.get("names", ()))
    values["strip"] = tuple(values.get("strip", ()))
    return ColumnRule(name=name, **values)


def _source(name: str, entry: dict[str, Any], where: str) -> Source:
    entry = dict(entry)
    table: Table = getattr(raw_tables, entry.pop("table"))
    columns = {column: _rule(column, rule, where) for column, rule in entry.pop("columns").items()}
    for column in [*columns, *entry.get("constants", {})]:
        if column not in table.columns:
            raise ValueError(f"{where}.{name}: {table.fullname} has no column {column}")
    rows = entry.pop("rows", None)
    return Source(
        name=name,
        table=table,
        columns=columns,
        constants=entry.pop("constants", {}),
        archive=Archive(**entry.pop("archive", {})),
        rows=None if rows is None else (int(rows[0]), int(rows[1])),
        keep={
            column: tuple(str(value) for value in values)
            for column, values in entry.pop("keep", {}).items()
        },
        **entry,
    )


def _merged(base: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    merged = {**base, **entry}
    for key in ("columns", "constants"):
        merged[key] = {**base.get(key, {}), **entry.get(key, {})}
    return merged


def _entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    entries: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, entry in entries.items():
        if name.startswith("_"):  # a common part that others name with `like`
            continue
        complete = entry
        while "like" in complete:
            complete = dict(complete)
            complete = _merged(entries[complete.pop("like")], complete)
        yield name, complete


@cache
def all_sources() -> Mapping[str, Source]:
    """Return every source by name, in the order of the files."""
    found: dict[str, Source] = {}
    for path in sorted(FOLDER.glob("*.yml")):
        for name, entry in _entries(path):
            if name in found:
                raise ValueError(f"{path.name}: {name} is declared twice")
            found[name] = _source(name, entry, path.name)
    return found


def find_source(name: str) -> Source:
    """Return a source by its name.

    Raises
    ------
    WarehouseError
        When there is none, with the names that there are.
    """
    sources = all_sources()
    if name not in sources:
        raise WarehouseError(
            f"no source is called {name!r}; there are {', '.join(sources)} "
            "(`hotstars ingest --list` says what each is)"
        )
    return sources[name]
