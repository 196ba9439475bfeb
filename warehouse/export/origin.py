"""Where released numbers come from: program, commit, dbt's run, models, settings, releases.

Names are those of the IVOA note "Data Origin in the VO" (https://www.ivoa.net/documents/DataOrigin/)
where it has one, and in every format the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from warehouse import __version__
from warehouse.export.article import Article
from warehouse.export.metadata import Mart
from warehouse.export.rebuilds import is_unfinished, rebuilds

#: Columns of raw tables that say where rows are from, the first that a table has.
_SOURCE_COLUMNS = ("release", "reference", "dust_map", "grid")

#: What tables with rows of a simulated survey say, and only these.
SIMULATED = "simulated"

#: What tables say whose rows were judged or labelled by models that learnt from simulated spectra.
LEARNT = "models_learnt_from_simulations"


def provenance(
    mart: Mart, rows: pa.Table, article: Article, rebuild: Mapping[str, Any]
) -> dict[str, str]:
    """Return what every released file says of its origin.

    Parameters
    ----------
    mart
        The table.
    rows
        :func:`warehouse.export.reading.told_values`.
    article
        That it belongs to.
    rebuild
        :func:`of_rebuild`, with ``by_mart`` of :func:`of_tables`; nothing is said of what it lacks.

    Returns
    -------
    dict
        Of the IVOA note ``publisher``, ``server_software``, ``creator``, ``resource_version`` (the
        run of dbt), ``last_update_date`` (its end), ``cites`` (the paper that is followed) and
        ``rights``; then ``title`` where one is given, ``mart``, ``paper``, ``survey``,
        ``simulated``, models by the columns that name them, ``models_before`` that tables before
        this one asked, those of them that learnt from simulated spectra, ``vars``,
        ``runs_before`` (of dbt, that made tables before this one), ``unfinished`` where a later
        one was killed, and ``sources``.
    """
    rebuild = {**rebuild, **rebuild.get("by_mart", {}).get(mart.name, {})}
    commit = rebuild.get("commit")
    facts = {
        "publisher": "the hotstars warehouse",
        "server_software": f"hotstars {__version__}" + (f", commit {commit}" if commit else ""),
        "creator": article.authors,
        "resource_version": rebuild.get("dbt_invocation"),
        "last_update_date": rebuild.get("built_at"),
        "cites": f"bibcode:{mart.bibcode}" if mart.bibcode else None,
        "rights": article.rights,
        "title": article.title,
        "mart": mart.name,
        "paper": mart.paper,
    }
    if "survey" in rows.column_names:
        surveys = _named(rows, "survey")
        facts["survey"] = ", ".join(surveys) or "none"
        if any(name.startswith("SIM") for name in surveys):
            facts[SIMULATED] = "SIM: rows of a simulated survey; these stars do not exist"
    if "model_grid" in rows.column_names:
        grids = _named(rows, "model_grid")
        facts["model_grid"] = ", ".join(grids)
        if any("SIM-" in name for name in grids):
            facts.setdefault(
                SIMULATED, "SIM: learnt from simulated model spectra; of real stars it says nothing"
            )
    models = of_models(mart, rows)
    facts.update({column: ", ".join(names) for column, names in models.items()})
    used = {name for names in models.values() for name in names}
    before = set(rebuild.get("models_by_mart", {}).get(mart.name, ())) - used
    facts["models_before"] = ", ".join(sorted(before))
    learnt = (used | before) & set(rebuild.get("simulated_models", ()))
    facts[LEARNT] = ", ".join(sorted(learnt))
    told = ("vars", "runs_before", "unfinished", "sources")
    facts.update({name: rebuild.get(name) for name in told})
    return {name: str(value) for name, value in facts.items() if value}


def _named(rows: pa.Table, column: str) -> list[str]:
    """Return the different names in a column; a row of counts has several, between commas."""
    return sorted({one for text in rows[column].to_pylist() if text for one in text.split(", ")})


def caption_of(mart: Mart, facts: Mapping[str, str]) -> str:
    """Return a table's caption, which says so where rows are simulated.

    Parameters
    ----------
    mart
        The table.
    facts
        :func:`provenance`.
    """
    return mart.caption + (" (SIMULATED)" if SIMULATED in facts else "")


def of_rebuild(
    target: Path, project: Path, connection: duckdb.DuckDBPyConnection, commit: str
) -> dict[str, Any]:
    """Return what is known of the rebuild that made the catalogues.

    Parameters
    ----------
    target
        Folder of dbt's files: see :mod:`warehouse.export.rebuilds`.
    project
        Folder of ``dbt_project.yml``, for the vars that differ from it.
    connection
        To the warehouse, for the sources' releases.
    commit
        Of the source tree as it is now, or 'unknown': for tables that dbt made without `hotstars
        build`, which notes the commit.
    """
    facts = _of_run(rebuilds(target).last, project, commit)
    if is_unfinished(target):
        facts["unfinished"] = "a later rebuild was killed: what it made is not told apart"
    releases = source_releases(connection)
    if releases:
        facts["sources"] = told_sources(releases)
    return facts


def of_tables(
    target: Path, project: Path, chains: Mapping[str, Sequence[str]], commit: str
) -> dict[str, dict[str, str]]:
    """Return what made each table that other runs than the last had a part in.

    Parameters
    ----------
    target, project, commit
        As for :func:`of_rebuild`.
    chains
        Unique ids of each mart and of all before it, by the mart's name: its own first.

    Returns
    -------
    dict
        By mart, in place of the last run's: ``commit``, ``dbt_invocation``, ``built_at`` of its own
        run; ``vars`` that differ in any run; ``runs_before``, those that made tables before it.
    """
    known = rebuilds(target)
    found = {}
    for mart, keys in chains.items():
        own = next(iter(known.of(keys[:1])), None)
        if own is None:
            continue
        # what was made anew since has no part in it
        others = known.of(keys)
        others = others[: others.index(own)]
        if own is known.last and not others:
            continue
        facts = _of_run(own, project, commit)
        told = {
            f"{name} {value}": None
            for run in (*others, own)
            for name, value in sorted(_changed(run, project).items())
        }
        facts["vars"] = ", ".join(told)
        facts["runs_before"] = ", ".join(run["metadata"]["invocation_id"] for run in others)
        found[mart] = facts
    return found


def _of_run(run: Mapping[str, Any], project: Path, commit: str) -> dict[str, Any]:
    metadata = run.get("metadata", {})
    facts: dict[str, Any] = {
        "commit": run.get("commit") or commit,
        "dbt_invocation": metadata.get("invocation_id", "unknown"),
        # without fractions, as the VO writes times
        "built_at": metadata.get("generated_at", "unknown").partition(".")[0].removesuffix("Z"),
    }
    changed = _changed(run, project)
    if changed:
        facts["vars"] = ", ".join(f"{name} {value}" for name, value in sorted(changed.items()))
    return facts


def _changed(run: Mapping[str, Any], project: Path) -> dict[str, Any]:
    return changed_vars(run.get("args", {}).get("vars") or {}, project / "dbt_project.yml")


def settings(target: Path, project: Path) -> dict[str, Any]:
    """Return the vars that the last rebuild went by.

    Parameters
    ----------
    target, project
        As for :func:`of_rebuild`.
    """
    return settings_of(rebuilds(target).last, project)


def settings_of(run: Mapping[str, Any], project: Path) -> dict[str, Any]:
    """Return the vars that a run went by.

    Parameters
    ----------
    run
        Of :class:`warehouse.export.rebuilds.Rebuilds`.
    project
        As for :func:`of_rebuild`.
    """
    declared = yaml.safe_load((project / "dbt_project.yml").read_text()).get("vars", {})
    given = run.get("args", {}).get("vars") or {}
    wanted = yaml.safe_load(given) if isinstance(given, str) else dict(given)
    return {**declared, **(wanted or {})}


def changed_vars(given: Mapping[str, Any] | str, project: Path) -> dict[str, Any]:
    """Return the vars of a run that differ from the project's."""
    wanted = yaml.safe_load(given) if isinstance(given, str) else dict(given)
    try:
        declared = yaml.safe_load(project.read_text()).get("vars", {})
    except (OSError, yaml.YAMLError):
        declared = {}
    return {name: value for name, value in (wanted or {}).items() if declared.get(name) != value}


def source_releases(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the releases or references that stand in each raw table that has any."""
    found = {}
    for table, columns in connection.execute(
        "select table_name, list(column_name) from duckdb_columns() "
        "where schema_name = 'raw' group by all order by all"
    ).fetchall():
        column = next((name for name in _SOURCE_COLUMNS if name in columns), None)
        if column is None:
            continue
        rows = connection.execute(
            f'select distinct {column} from raw."{table}" where {column} is not null order by all'
        ).fetchall()
        if rows:
            found[table] = [str(value) for (value,) in rows]
    return found


def told_sources(releases: Mapping[str, Sequence[str]], keys: Iterable[str] | None = None) -> str:
    """Return sources with their releases as a text.

    Parameters
    ----------
    releases
        :func:`source_releases`.
    keys
        Unique ids of a table and of all before it, whose sources alone are told; all by default.
    """
    read = None if keys is None else {
        key.rpartition(".")[2] for key in keys if key.startswith("source.")
    }  # fmt: skip
    return "; ".join(
        f"{name} {', '.join(of)}" for name, of in releases.items() if read is None or name in read
    )


def of_models(mart: Mart, rows: pa.Table) -> dict[str, list[str]]:
    """Return the models that a mart's rows name, by its columns that end in ``_model``."""
    found: dict[str, list[str]] = {}
    for column in mart.columns:
        if column.name.endswith("_model") and column.name in rows.column_names:
            names = sorted({one for one in rows[column.name].unique().to_pylist() if one})
            if names:
                found[column.name] = names
    return found
