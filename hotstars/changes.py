"""Two releases side by side: rows, stars that entered or left a catalogue, what turned them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotstars.rows import rows_of
from warehouse.load import quoted

if TYPE_CHECKING:
    import duckdb

#: Columns that name a star, the first that a table has.
KEYS = ("designation", "apogee_id")

#: Catalogues whose stars the ledger of Be stars speaks of.
OF_LEDGER = (
    "be_candidates", "be_new", "be_known", "be_kinematics", "be_runaways", "be_cluster_members",
    "be_observing_statistics", "be_shell_emission", "be_shell_absorption", "herbig_stars",
    "oe_stars",
)  # fmt: skip

LEDGER = "be_decisions"

_TURNED = """
with

stars as (
    select unnest($stars) as designation
),

old_rows as (
    select * from old.marts.be_decisions semi join stars using (designation)
),

new_rows as (
    select * from new.marts.be_decisions semi join stars using (designation)
),

both_rows as (
    select
        coalesce(old_rows.designation, new_rows.designation) as designation,
        coalesce(old_rows.survey, new_rows.survey) as survey,
        coalesce(old_rows.step, new_rows.step) as step,
        coalesce(old_rows.criterion, new_rows.criterion) as criterion,
        coalesce(new_rows.quantity, old_rows.quantity) as quantity,
        old_rows.is_passed as was_passed,
        new_rows.is_passed as is_passed,
        old_rows.measured_value as old_value,
        new_rows.measured_value as new_value,
        old_rows.obsid as old_obsid,
        new_rows.obsid as new_obsid,
        old_rows.threshold as old_threshold,
        new_rows.threshold as new_threshold,
        old_rows.designation is null as is_new,
        new_rows.designation is null as is_gone,
        -- of both sides: a star that a second survey saw since needs to be told which one, too
        count(distinct coalesce(old_rows.survey, new_rows.survey)) over (
            partition by coalesce(old_rows.designation, new_rows.designation)
        ) as n_surveys
    from old_rows
    full join new_rows using (designation, survey, criterion)
)

select * from both_rows
where was_passed is distinct from is_passed or is_new or is_gone
order by designation, survey, step
"""


def attach(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Attach two files as ``old`` and ``new``.

    Parameters
    ----------
    connection
        Of its own.
    old, new
        Paths of the files.
    """
    for name, path in (("old", old), ("new", new)):
        text = path.replace("'", "''")
        connection.execute(f"attach '{text}' as {name} (read_only)")


def tables(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Return the marts of ``old`` and of ``new``."""
    found: dict[str, set[str]] = {"old": set(), "new": set()}
    for side, name in connection.execute(
        "select database_name, table_name from duckdb_tables() "
        "where database_name in ('old', 'new') and schema_name = 'marts'"
    ).fetchall():
        found[side].add(name)
    return found


def counted(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Return how many rows, and how many stars, came and went.

    Parameters
    ----------
    connection
        With both files attached.
    table
        A mart of both.
    """
    chosen, name = ", ".join(quoted(column) for column in shared(connection, table)), quoted(table)
    counts = connection.execute(
        f"""
        select
            (select count(*) from old.marts.{name}),
            (select count(*) from new.marts.{name}),
            (select count(*) from (select {chosen} from new.marts.{name}
                except all select {chosen} from old.marts.{name})),
            (select count(*) from (select {chosen} from old.marts.{name}
                except all select {chosen} from new.marts.{name}))
        """
    ).fetchall()[0]
    rows = dict(zip(("rows_old", "rows_new", "came", "went"), counts, strict=True))
    entered, left = moved(connection, table)
    return {
        "table": table,
        **rows,
        "stars_entered": len(entered),
        "stars_left": len(left),
        "note": "",
    }


def moved(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[list[str], list[str]]:
    """Return the stars that entered a table, and those that left it; none of tables without stars.

    Parameters
    ----------
    connection, table
        As for :func:`counted`.
    """
    columns = shared(connection, table)
    key = next((one for one in KEYS if one in columns), None)
    if key is None or table == LEDGER:
        return [], []
    query = (
        f"select distinct {key} from {{}}.marts.{quoted(table)} where {key} is not null "
        f"except select {key} from {{}}.marts.{quoted(table)} order by 1"
    )
    entered, left = (
        [name for (name,) in connection.execute(query.format(*sides)).fetchall()]
        for sides in (("new", "old"), ("old", "new"))
    )
    return entered, left


def turned(connection: duckdb.DuckDBPyConnection, table: str, most: int) -> list[dict[str, Any]]:
    """Return the stars that entered or left a table, each with what turned it.

    Parameters
    ----------
    connection, table
        As for :func:`counted`.
    most
        Stars at most.

    Returns
    -------
    list of dict
        ``table``, ``star``, ``change`` (entered or left), ``turned_by``: sentences,
        ``wanted``: each with ``criterion``, and what it asked for ``before`` and does ``now``.
    """
    entered, left = moved(connection, table)
    stars = [(name, "entered") for name in entered] + [(name, "left") for name in left]
    stars = stars[:most]
    ledgers = tables(connection)
    of_ledger = table in OF_LEDGER and LEDGER in ledgers["old"] & ledgers["new"]
    reasons: dict[str, list[str]] = {}
    wanted: dict[str, list[dict[str, str | None]]] = {}
    if of_ledger and stars:
        answer = connection.execute(_TURNED, {"stars": [name for name, _ in stars]})
        titles = [one[0] for one in answer.description or []]
        for values in answer.fetchall():
            row = dict(zip(titles, values, strict=True))
            text = _reason(row)
            if text not in reasons.setdefault(row["designation"], []):
                reasons[row["designation"]].append(text)
            asked = _wanted(row)
            if asked and asked not in wanted.setdefault(row["designation"], []):
                wanted[row["designation"]].append(asked)
    return [
        {
            "table": table,
            "star": name,
            "change": change,
            "turned_by": reasons.get(name) or [_elsewhere(table, change, of_ledger=of_ledger)],
            "wanted": wanted.get(name, []),
        }
        for name, change in stars
    ]


def changed_rows(
    connection: duckdb.DuckDBPyConnection, table: str, most: int
) -> list[dict[str, Any]]:
    """Return the rows that went and came, those of a star beside each other.

    Parameters
    ----------
    connection, table
        As for :func:`counted`.
    most
        Rows at most.
    """
    chosen, name = ", ".join(quoted(column) for column in shared(connection, table)), quoted(table)
    return rows_of(
        connection.sql(
            f"""
            select * from (
                select 'went' as change, * from (
                    select {chosen} from old.marts.{name}
                    except all select {chosen} from new.marts.{name})
                union all
                select 'came' as change, * from (
                    select {chosen} from new.marts.{name}
                    except all select {chosen} from old.marts.{name})
            ) order by columns(* exclude (change)), change limit {int(most)}
            """
        )
    )


def shared(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Return the columns that both have, in the order of the new one."""
    rows = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? "
        "and database_name in ('old', 'new') group by all having count(*) = 2 "
        "order by max(column_index)",
        [table],
    ).fetchall()
    return [name for (name,) in rows]


def _reason(row: dict[str, Any]) -> str:
    """Return one sentence; it names the survey of a star that two of them saw."""
    survey = f" of {row['survey']}" if row["n_surveys"] > 1 else ""
    if row["is_new"]:
        return f"it had no spectrum{survey} in the old one"
    if row["is_gone"]:
        return f"it has no spectrum{survey} in the new one"
    criterion = row["criterion"].replace("_", " ")
    told = [f"{criterion}{survey}: {_word(row['was_passed'])} before"]
    told.append(f"{_word(row['is_passed'])} now")
    if row["old_value"] != row["new_value"]:
        told.append(f"{row['quantity']} {_number(row['old_value'])}, now "
                    f"{_number(row['new_value'])}")  # fmt: skip
    elif row["new_value"] is not None:
        told.append(f"{row['quantity']} {_number(row['new_value'])} as before")
    if row["old_obsid"] != row["new_obsid"]:
        told.append(f"of another spectrum, obsid {row['new_obsid']} in place of {row['old_obsid']}")
    return "; ".join(told)


def _wanted(row: dict[str, Any]) -> dict[str, str | None] | None:
    """Return what a criterion asks for and asked for; None of a star that one side lacks."""
    if row["is_new"] or row["is_gone"]:
        return None
    return {
        "criterion": row["criterion"].replace("_", " "),
        "before": row["old_threshold"],
        "now": row["new_threshold"],
    }


def _elsewhere(table: str, change: str, *, of_ledger: bool) -> str:
    if of_ledger:
        return "no test of the ledger: see its rows in int_be_star_tests of both"
    sides = ("old", "new") if change == "entered" else ("new", "old")
    return f"the {sides[0]} one has no row of it in {table}, the {sides[1]} one has"


def _word(passed: bool | None) -> str:
    return "passed" if passed else "failed" if passed is not None else "not judged"


def _number(value: float | None) -> str:
    return "not there" if value is None else f"{value:.4g}"
