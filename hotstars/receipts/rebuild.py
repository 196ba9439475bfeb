"""What made the catalogues: program, dbt's run, settings, sources, and trained models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotstars.project import PROJECT, newest_manifest
from hotstars.receipts.lineage import ancestors, model_columns
from ml.registry import list_versions
from warehouse.export.metadata import marts, read_manifest
from warehouse.export.origin import of_rebuild, of_tables, source_releases, told_sources
from warehouse.publish import git_commit

if TYPE_CHECKING:
    import duckdb

    from warehouse.home import Home


def what_made(home: Home, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what is known of the rebuild that made the live catalogues, for released tables."""
    path = newest_manifest(home)
    manifest = read_manifest(path)
    commit = git_commit(PROJECT)
    chains = {mart: ancestors(manifest, mart) for mart in marts(manifest)}
    simulated = [
        f"{name} {version}"
        for name, version, card in list_versions(home.models)
        if card.get("simulated")
    ]
    releases = source_releases(connection)
    apart = of_tables(path.parent, PROJECT, chains, commit)
    by_mart = {
        mart: {**apart.get(mart, {}), "sources": told_sources(releases, keys)}
        for mart, keys in chains.items()
    }
    return {
        **of_rebuild(path.parent, PROJECT, connection, commit),
        "by_mart": by_mart,
        "models_by_mart": models_by_mart(manifest, connection),
        "simulated_models": simulated,
    }


def models_by_mart(
    manifest: dict[str, Any], connection: duckdb.DuckDBPyConnection
) -> dict[str, list[str]]:
    """Return the trained models that each mart, or a table before it, asked: names and versions.

    Parameters
    ----------
    manifest
        dbt's.
    connection
        To the warehouse; what is not built has asked nothing.
    """
    there = set(
        connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        ).fetchall()
    )
    known: dict[tuple[str, str], set[str]] = {}
    found = {}
    for mart in marts(manifest):
        places = there.intersection(model_columns(manifest, ancestors(manifest, mart)))
        for place in places - set(known):
            relation, column = place
            query = f"select distinct {column} from {relation} where {column} is not null"
            known[place] = {name for (name,) in connection.execute(query).fetchall()}
        found[mart] = sorted(set().union(*(known[place] for place in places)))
    return {mart: names for mart, names in found.items() if names}
