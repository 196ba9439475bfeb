"""Turn a file's columns into those of a raw table, as one SELECT.

DuckDB does the work: casting, units, sentinels, angles. The statement is made from the
source's rules and the file's columns (renamed to c0, c1, ... by the reader), so that no
name from outside stands in it. It is built in steps, each a subquery that names what it
computes, because an expression that contains another one twice doubles with every level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, SmallInteger, String

from ingest.catalogues.matching import Found, Match
from ingest.catalogues.sources import Source

#: What archives write where they have no value.
NO_TEXT = ("-", "--", "---", "null", "...")
NO_NUMBER = (*NO_TEXT, "none", "nan", "-nan", "+nan", "n/a", "na", "nil", "inf", "-inf", "masked")

#: Numbers that stand for no value, in a quantity that is no magnitude and no position.
SENTINELS = (-999, -9999, -99999, -999.9, -999.99, -999.999, -9999.9, -9999.99)

#: Beyond this a double cannot tell neighbouring identifiers apart.
EXACT = 2**53

MACROS = r"""
create or replace macro tidy(t) as
    nullif(trim(t, ' ' || chr(9) || chr(10) || chr(13) || chr(0)), '');
create or replace macro sexagesimal(t) as (
    case when regexp_matches(t, '^[-+]?\d+[ :hd]+\d+([ :m'']+\d+(\.\d*)?["s]*)?$') then
        (case when starts_with(t, '-') then -1 else 1 end) * (
            cast(regexp_extract(t, '(\d+)', 1) as double)
            + cast(regexp_extract(t, '\d+[ :hd]+(\d+)', 1) as double) / 60
            + coalesce(
                try_cast(regexp_extract(t, '\d+[ :hd]+\d+[ :m'']+(\d+\.?\d*)', 1) as double), 0
            ) / 3600
        )
    end
);
create or replace macro ra_of_name(t) as (
    15 * (
        try_cast(regexp_extract(t, 'J(\d\d)\d\d\d\d(\.\d+)?[-+]\d{6}', 1) as double)
        + try_cast(regexp_extract(t, 'J\d\d(\d\d)\d\d(\.\d+)?[-+]\d{6}', 1) as double) / 60
        + try_cast(regexp_extract(t, 'J\d{4}(\d\d(\.\d+)?)[-+]\d{6}', 1) as double) / 3600
    )
);
create or replace macro dec_of_name(t) as (
    (case when regexp_matches(t, 'J\d{6}(\.\d+)?-') then -1 else 1 end) * (
        try_cast(regexp_extract(t, 'J\d{6}(\.\d+)?[-+](\d\d)\d{4}', 2) as double)
        + try_cast(regexp_extract(t, 'J\d{6}(\.\d+)?[-+]\d\d(\d\d)\d\d', 2) as double) / 60
        + try_cast(regexp_extract(t, 'J\d{6}(\.\d+)?[-+]\d{4}(\d\d(\.\d+)?)', 2) as double) / 3600
    )
);
"""


def sql_type(column: Column[Any]) -> str:
    """Return DuckDB's name of a raw column's type."""
    for kind, name in (
        (SmallInteger, "smallint"),
        (BigInteger, "bigint"),
        (Integer, "integer"),
        (Boolean, "boolean"),
        (String, "varchar"),
        (Double, "double"),
    ):
        if isinstance(column.type, kind):
            return name
    return "real"


def literal(value: object) -> str:
    """Return a constant as SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + str(value).replace("'", "''") + "'"


class Select:
    """The SELECT that maps one table of a file.

    Parameters
    ----------
    source, match
        The source and where its columns are in the file.
    types
        DuckDB's type of each attached column, by number.
    constants
        Raw columns that no file has.
    simulated
        Whether release and dust map are marked ``SIM``.
    """

    def __init__(
        self,
        source: Source,
        match: Match,
        types: Mapping[int, str],
        constants: Mapping[str, Any],
        simulated: bool,
    ) -> None:
        self.source = source
        self.match = match
        self.types = types
        self.constants = constants
        self.simulated = simulated
        self.columns = [column for column in source.table.columns if column.name != "run_id"]
        #: Raw columns in the order of the bits of ``unreadable_``.
        self.checked: list[str] = []

    def sql(self, relation: str) -> str:
        """Return the statement over a relation with columns c0, c1, ..."""
        query = relation
        for step in (self._texts, self._words, self._numbers, self._values, self._places):
            if added := step():
                query = f"(select *, {', '.join(added)} from {query})"
        values = [
            f"try_cast({value} as {sql_type(column)}) as {column.name}"
            for column in self.columns
            if (value := self._final(column)) is not None
        ]
        tests = []
        for column in self.columns:
            test = self._unreadable(column)
            if test is not None and len(self.checked) < 62:
                tests.append(f"(case when {test} then {1 << len(self.checked)} else 0 end)")
                self.checked.append(column.name)
        values.append(f"({' + '.join(tests) or '0'})::bigint as unreadable_")
        keep = [
            f"(t{number} is null or list_contains([{_list(words)}], t{number}))"
            for number, words in self.match.keep.items()
        ]
        where = f" where {' and '.join(keep)}" if keep else ""
        return f"select {', '.join(values)} from {query}{where}"

    # --- steps: what each subquery adds -------------------------------------------------

    def _texts(self) -> list[str]:
        """t: the cell as trimmed text, NULL where empty."""
        return [f"tidy(c{number}::varchar) as t{number}" for number in self.types]

    def _words(self) -> list[str]:
        """x: text without what stands for none; w: likewise, as a number is written."""
        # list_contains, as DuckDB makes a join of a longer IN.
        return [
            f"case when not list_contains([{_list(words)}], lower(t{number})) then t{number} end "
            f"as {name}{number}"
            for number in self.types
            for name, words in (("x", NO_TEXT), ("w", NO_NUMBER))
        ]

    def _numbers(self) -> list[str]:
        """d: the number; s_<name>: the text of a raw column, prefixes taken off."""
        added = []
        for number in self.types:
            value = f"try_cast(w{number} as double)" if self._is_text(number) else f"c{number}"
            if self.types[number].upper() == "BOOLEAN":
                value = f"c{number}::integer"
            added.append(f"{value}::double as d{number}")
        for name, found in self.match.found.items():
            text = f"x{found.numbers[0]}"
            cases = "".join(
                f" when starts_with({text}, {literal(prefix)}) "
                f"then ltrim(substr({text}, {len(prefix) + 1}))"
                for prefix in found.rule.strip
            )
            added.append(f"{f'case{cases} else {text} end' if cases else text} as s_{name}")
        return added

    def _values(self) -> list[str]:
        """v_<name>: what the file says, in the raw column's unit."""
        return [
            f"{self._value(name, found)} as v_{name}" for name, found in self.match.found.items()
        ]

    def _places(self) -> list[str]:
        """p_ra, p_dec: the position, from its columns or else from the star's designation."""
        added = []
        for axis in ("ra", "dec"):
            if axis not in self.source.table.columns:
                continue
            parts = [f"v_{axis}"] if axis in self.match.found else []
            if self.source.position_from_name and "name" in self.match.found:
                parts.append(f"{axis}_of_name(s_name)")
            if not parts:
                continue
            place = f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]
            added.append(f"{place} as p_{axis}")
        return added

    # --- expressions --------------------------------------------------------------------

    def _value(self, name: str, found: Found) -> str:
        kind = sql_type(self.source.table.columns[name])
        number = found.numbers[0]
        if kind == "varchar":
            return self._text(name, found)
        if kind == "boolean":
            return f"try_cast(t{number} as boolean)"
        if found.rule.digits:
            return f"try_cast(left(s_{name}, {found.rule.digits}) as {kind})"
        if kind in ("bigint", "integer", "smallint") and found.factor == 1.0:
            return self._integer(name, number)
        if name in ("ra", "dec"):
            return self._angle(name, found)
        return self._quantity(name, found)

    def _text(self, name: str, found: Found) -> str:
        text = f"s_{name}"
        if found.rule.underscores:
            text = f"replace({text}, '_', ' ')"
        if found.rule.translate:
            cases = " ".join(
                f"when {literal(old)} then {literal(new)}"
                for old, new in found.rule.translate.items()
            )
            text = f"case {text} {cases} else {text} end"
        return text

    def _integer(self, name: str, number: int) -> str:
        if self._is_text(number):
            # 1.2e18 has lost its last digits; 123.0 has not.
            return (
                f"case when not regexp_matches(s_{name}, '[eE.]') or abs(d{number}) < {EXACT} "
                f"then try_cast(s_{name} as bigint) end"
            )
        if self.types[number].upper() in ("FLOAT", "DOUBLE"):
            return f"case when abs(d{number}) < {EXACT} then try_cast(d{number} as bigint) end"
        return f"c{number}"

    def _angle(self, name: str, found: Found) -> str:
        number = found.numbers[0]
        value = f"d{number} * {found.factor!r}"
        if self._is_text(number):
            hours = "15 * " if name == "ra" else ""
            value = f"coalesce({value}, {hours}sexagesimal(w{number}))"
        return f"case when isfinite(coalesce(d{number}, 0)) then {value} end"

    def _quantity(self, name: str, found: Found) -> str:
        number = found.numbers[0]
        value = f"d{number}"
        if found.rule.combine == "half_difference":
            value = f"((d{found.numbers[1]} - d{number}) / 2)"
        if self.source.table.columns[name].info.get("unit") == "mag":
            sensible = f"d{number} > -90 and d{number} < 90"  # 99.99, -99.9: no star has these
        else:
            words = ", ".join(f"{value}::real" for value in SENTINELS)
            sensible = f"(d{number} > -999 or not list_contains([{words}], d{number}::real))"
        return f"case when isfinite({value}) and {sensible} then {value} * {found.factor!r} end"

    def _final(self, column: Column[Any]) -> str | None:
        name = column.name
        placed = self._has_place(name)
        parts = [f"p_{name}"] if placed else [f"v_{name}"] if name in self.match.found else []
        if name == "name" and self.source.position_from_name and self._has_place("ra"):
            # A star without a name is called after its place, so that it can be told apart.
            parts.append("printf('%.6f%+.6f', p_ra, p_dec)")
        rule = self.source.columns.get(name)
        if name in self.constants:
            parts.append(literal(self.constants[name]))
        elif rule is not None and rule.default is not None:
            parts.append(literal(rule.default))
        elif name in self.source.expect:
            parts.append(literal(self.source.expect[name]))
        if not parts:
            return None
        value = f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]
        if name == "ra":
            turned = f"({value} - 360 * floor({value} / 360))"
            return (
                f"(case when {value} < -360 or {value} > 720 then null "
                f"when {turned} >= 360 or {turned} < 0 then 0.0 else {turned} end)"
            )
        if name == "dec":
            return f"(case when abs({value}) <= 90 then {value} end)"
        if self.simulated and name in ("release", "dust_map"):
            return f"(case when {value} like 'SIM%' then {value} else 'SIM ' || {value} end)"
        return value

    def _has_place(self, axis: str) -> bool:
        return axis in ("ra", "dec") and (
            axis in self.match.found
            or (self.source.position_from_name and "name" in self.match.found)
        )

    def _is_text(self, number: int) -> bool:
        return self.types[number].upper().startswith(("VARCHAR", "ENUM"))

    def _unreadable(self, column: Column[Any]) -> str | None:
        """Return the test that a cell holds something, but nothing of the column's kind."""
        found = self.match.found.get(column.name)
        kind = sql_type(column)
        if found is None or kind in ("varchar", "boolean") or found.rule.digits:
            return None
        number = found.numbers[0]
        whole = kind in ("bigint", "integer", "smallint")
        if column.name in ("ra", "dec"):
            given = f"w{number}" if self._is_text(number) else f"nullif(d{number}, 'nan'::double)"
            return f"{given} is not null and {self._final(column)} is null"
        if self._is_text(number):
            value = f"v_{column.name}" if whole else f"d{number}"
            return f"w{number} is not null and {value} is null"
        if kind == "bigint" and self.types[number].upper() in ("FLOAT", "DOUBLE"):
            return f"abs(d{number}) >= {EXACT}"
        return None


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(literal(word) for word in words)


def attached_types(
    connection: duckdb.DuckDBPyConnection, relation: str, wanted: Sequence[int]
) -> dict[int, str]:
    """Return the types of the wanted columns of an attached relation, by number."""
    names = ", ".join(f"c{number}" for number in wanted)
    rows = connection.execute(f"describe select {names} from {relation}").fetchall()
    return {int(name[1:]): str(kind) for name, kind, *_ in rows}
