"""`hotstars explain`: why a star is in a catalogue, or why not, and where its numbers come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from warehouse.export.metadata import Mart
    from warehouse.export.rebuilds import Rebuilds
    from warehouse.home import Home


def explain(
    star: str = typer.Argument(help="Designation, obsid or APOGEE_ID; the start of one will do."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say which catalogues hold a star and why, and what each number of it came from.

    Back to the origin: files of spectra and catalogues with SHA-256, matched rows with their
    separations, models with the hash of their weights, settings with their papers, SQL and commit.

    Example: hotstars explain J011007.48-092834.7
    """
    from hotstars.project import check_built_by_this_version
    from hotstars.receipts.text import lines
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    with connect(home.database, must_exist=True, read_only=True) as connection:
        check_built_by_this_version(connection)
        names = find(connection, star)
        if not names:
            raise WarehouseError(
                f"{star}: no star of this warehouse has that designation, obsid or APOGEE_ID; "
                '`hotstars sql "select designation from intermediate.int_stars"` lists them'
            )
        if len(names) > 1:
            raise WarehouseError(
                f"{star}: {len(names)} stars begin so: {', '.join(names[:5])}"
                f"{' ...' if len(names) > 5 else ''}; give more of the name"
            )
        found = gather(connection, names[0])
        found |= receipts(connection, home, names[0], found["catalogues"])
    if as_json:
        typer.echo(json.dumps(found, indent=1, default=str))
    else:
        typer.echo("\n".join(lines(found)))


def receipts(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    name: str,
    catalogues: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return where a star's numbers come from.

    Parameters
    ----------
    connection, home
        The warehouse, and dbt's files of its last rebuild.
    name
        Of the star.
    catalogues
        Its rows by mart.

    Returns
    -------
    dict
        ``spectra``, ``matches``, ``models``; ``tables``, ``settings``, ``constants``, which are
        empty where dbt's manifest is missing; ``rebuild``; ``rebuilt_apart``, the tables that
        other runs than the last had a part in.
    """
    from hotstars.project import PROJECT, newest_manifest
    from hotstars.receipts import lineage, origins
    from warehouse.export.metadata import marts
    from warehouse.export.origin import of_rebuild, of_tables, source_releases, told_sources
    from warehouse.export.rebuilds import rebuilds
    from warehouse.publish import git_commit

    path = newest_manifest(home)
    commit = git_commit(PROJECT)
    rebuild = of_rebuild(path.parent, PROJECT, connection, commit)
    apart: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    read: list[dict[str, Any]] = []
    constants: list[str] = []
    if path.exists():
        manifest = json.loads(path.read_text())
        known = marts(manifest)
        before = {mart: lineage.ancestors(manifest, mart) for mart in catalogues}
        for mart in catalogues:
            if mart in known:
                meta = known[mart].meta
                tables[mart] = {
                    "paper": meta.get("paper"),
                    "section": str(meta.get("section", "")),
                    "sql": lineage.sql_file(manifest, mart),
                    "units": {one.name: one.unit for one in known[mart].columns if one.unit},
                    "decimals": _decimals(known[mart]),
                }
        apart = of_tables(path.parent, PROJECT, before, commit)
        keys = sorted({key for chain in before.values() for key in chain})
        rebuild["sources"] = told_sources(source_releases(connection), keys)
        values = _values_read(manifest, keys, rebuilds(path.parent))
        told = lineage.setting_sources(PROJECT / "dbt_project.yml")
        read = [
            {"name": var, "value": values[var], "source": source, "remark": remark}
            for var, (source, remark) in told.items()
            if var in values
        ]
        constants = lineage.constants_read(manifest, keys)
    return {
        "spectra": origins.spectra(connection, name),
        "matches": origins.matches(connection, name),
        "models": origins.models(connection, home.models, name, catalogues),
        "tables": tables,
        "settings": read,
        "constants": constants,
        "rebuild": rebuild,
        "rebuilt_apart": apart,
    }


def _values_read(manifest: dict[str, Any], keys: Sequence[str], known: Rebuilds) -> dict[str, Any]:
    """Return the vars that tables read, as they were when each was made.

    One that tables of different runs read differently has all its values, as a text.
    """
    from hotstars.project import PROJECT
    from hotstars.receipts import lineage
    from warehouse.export.origin import settings_of

    by_run: dict[str | None, list[str]] = {}
    for key in keys:
        by_run.setdefault(known.tables.get(key), []).append(key)
    found: dict[str, list[Any]] = {}
    for invocation, own in by_run.items():
        run = known.runs[invocation] if invocation else known.last
        values = settings_of(run, PROJECT)
        for var in lineage.settings_read(manifest, own):
            if var in values and values[var] not in found.setdefault(var, []):
                found[var].append(values[var])
    return {
        var: values[0] if len(values) == 1 else " and ".join(map(str, values))
        for var, values in found.items()
    }


def _decimals(mart: Mart) -> dict[str, int]:
    """Return how many decimals a mart's real numbers are printed with, by column."""
    from warehouse.export.printing import PrintFormat

    formats = {
        one.name: PrintFormat.parse(one.print_format) for one in mart.columns if one.print_format
    }
    return {name: form.decimals for name, form in formats.items() if form.kind == "F"}


def find(connection: duckdb.DuckDBPyConnection, star: str) -> list[str]:
    """Return names of the stars that a text means: the whole name first, else what begins so."""
    import duckdb

    places = [
        ("designation", "intermediate.int_stars", "designation"),
        ("apogee_id", "intermediate.int_apogee_stars", "apogee_id"),
    ]
    if star.lstrip("-").isdigit():
        places.insert(0, ("designation", "staging.stg_lamost__observations", "obsid::varchar"))
    for test in ("{} = ?", "starts_with({}, ?)"):
        found: set[str] = set()
        for name, relation, text in places:
            query = f"select distinct {name} from {relation} where {test.format(text)}"
            try:
                found.update(one for (one,) in connection.execute(query, [star]).fetchall())
            except duckdb.CatalogException:
                continue  # not built yet
        if found:
            return sorted(found)
    return []


def gather(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """Return a star's rows in every mart that names stars, and its ledger."""
    catalogues: dict[str, list[dict[str, Any]]] = {}
    decisions: list[dict[str, Any]] = []
    for mart, key in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' "
        "and column_name in ('designation', 'apogee_id') order by all"
    ).fetchall():
        relation = connection.execute(f'select * from marts."{mart}" where "{key}" = ?', [name])
        columns = [one[0] for one in relation.description or []]
        rows = [dict(zip(columns, row, strict=True)) for row in relation.fetchall()]
        if mart == "be_decisions":
            decisions = rows
        elif rows:
            catalogues[mart] = rows
    return {"name": name, "catalogues": catalogues, "decisions": decisions}
