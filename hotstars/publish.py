"""`hotstars publish`: a read-only copy of the catalogues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from warehouse.home import Home


def publish(
    keep: int = typer.Option(3, min=1, help="Releases that stay; older ones are removed."),
    as_json: bool = typer.Option(False, "--json", help="Print the release's card as JSON."),
) -> None:
    """Publish the catalogues as a DuckDB file and Parquet files, which stay while a rebuild runs.

    Readers open HOTSTARS_HOME/published/current/warehouse.duckdb; `hotstars sql --published` does.

    Example: hotstars build && hotstars publish
    """
    from hotstars.export import newest_manifest
    from warehouse.export.metadata import marts, read_manifest
    from warehouse.home import current_home
    from warehouse.publish import publish as publish_marts

    home = current_home()
    manifest = read_manifest(newest_manifest(home))
    release = publish_marts(
        home.database,
        home.published,
        orders={name: mart.order_by for name, mart in marts(manifest).items()},
        facts=rebuild_facts(manifest, home.models),
        keep=keep,
        say=lambda line: typer.echo(line, err=True),
    )
    if as_json:
        typer.echo(json.dumps(dict(release.card), indent=1))
        return
    n_tables = len(release.card["rows"])
    typer.echo(f"release {release.card['number']}: {n_tables} tables in {release.database}")


def published_database(home: Home) -> Path:
    """Return the current release's file.

    Raises
    ------
    WarehouseError
        When nothing is published.
    """
    from warehouse.connection import WarehouseError
    from warehouse.publish import current_release

    release = current_release(home.published)
    if release is None:
        raise WarehouseError(f"{home.published}: nothing is published yet; run `hotstars publish`")
    return release.database


def rebuild_facts(manifest: dict[str, Any], models: Path) -> dict[str, Any]:
    """Return what made the catalogues: dbt's run, and the models in use."""
    from ml.registry import current_version, list_models

    metadata = manifest.get("metadata", {})
    return {
        "dbt_invocation": metadata.get("invocation_id", "unknown"),
        "built_at": metadata.get("generated_at", "unknown"),
        "models": {
            name: current_version(models, name) or version
            for name, version, _ in list_models(models)
        },
    }
