"""`hotstars publish`: a read-only copy of the catalogues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from warehouse.home import Home
    from warehouse.publish import Release


def publish(
    keep: int = typer.Option(3, min=1, help="Releases that stay; older ones are removed."),
    as_json: bool = typer.Option(False, "--json", help="Print the release's card as JSON."),
) -> None:
    """Publish the catalogues as a DuckDB file and Parquet files, which stay while a rebuild runs.

    Readers open HOTSTARS_HOME/published/current/warehouse.duckdb; `hotstars sql --published` does.

    Example: hotstars build && hotstars publish
    """
    from hotstars.project import newest_manifest
    from hotstars.receipts.rebuild import what_made
    from warehouse.connection import connect
    from warehouse.export.metadata import read_manifest
    from warehouse.export.rebuilds import rebuilds
    from warehouse.home import current_home
    from warehouse.publish import publish as publish_marts

    home = current_home()
    failure = rebuilds(home.dbt_target).told_failure
    if failure:
        typer.echo(f"   mind: {failure}", err=True)
    # open to the end: what is said of the tables is of those that are copied
    with connect(home.database, read_only=True) as connection:
        release = publish_marts(
            home.database,
            home.published,
            manifest=read_manifest(newest_manifest(home)),
            rebuild=what_made(home, connection),
            models=models_in_use(home.models),
            keep=keep,
            say=lambda line: typer.echo(line, err=True),
        )
    if as_json:
        typer.echo(json.dumps(dict(release.card), indent=1))
        return
    n_tables = len(release.card["rows"])
    typer.echo(f"release {release.card['number']}: {n_tables} tables in {release.database}")


def release_of(home: Home) -> Release:
    """Return the current release.

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
    return release


def published_database(home: Home) -> Path:
    """Return the current release's file, or raise as :func:`release_of`."""
    return release_of(home).database


def models_in_use(models: Path) -> dict[str, str]:
    """Return the version of each model that the catalogues were made with, by its name."""
    from ml.registry import current_version, list_models

    return {
        name: current_version(models, name) or version for name, version, _ in list_models(models)
    }
