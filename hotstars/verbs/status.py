"""`hotstars status`: what the warehouse holds and what the last runs did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from warehouse.home import Home
    from warehouse.publish import Release


def status(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Print where the warehouse is, what it holds, what is in quarantine and the last runs.

    Example: hotstars status
    """
    import duckdb

    from ml.registry import list_models
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home
    from warehouse.load import quoted
    from warehouse.publish import current_release

    home = current_home()
    release = current_release(home.published)
    if release is not None and not as_json:
        _published(release)
    connection = connect(home.database, read_only=True)
    try:
        runs = connection.execute(
            "select source, status, started_at, n_files, n_skipped, n_rejected, n_rows, message "
            "from raw.ingest_run order by started_at desc limit 10"
        ).fetchall()
        rejected = connection.execute(
            "select path, reason from raw.rejected_file order by rejected_at desc limit 20"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise WarehouseError(f"{home.database}: no raw tables; run `hotstars init`") from error
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('raw', 'marts') and table_name <> 'alembic_version' order by all"
    ).fetchall()
    counts = {
        f"{schema}.{name}": connection.execute(
            f"select count(*) from {quoted(schema)}.{quoted(name)}"
        ).fetchall()[0][0]
        for schema, name in tables
    }
    models = {name: version for name, version, _ in list_models(home.models)}
    if as_json:
        keys = [
            "source",
            "status",
            "started_at",
            "n_files",
            "n_skipped",
            "n_rejected",
            "n_rows",
            "message",
        ]
        typer.echo(
            json.dumps(
                {
                    "database": str(home.database),
                    "rows": counts,
                    "models": models,
                    "published": None if release is None else dict(release.card),
                    "runs": [dict(zip(keys, run, strict=True)) for run in runs],
                    "rejected": [{"path": path, "reason": reason} for path, reason in rejected],
                },
                default=str,
                indent=1,
            )
        )
        return
    typer.echo(f"warehouse  {home.database}")
    for name, count in counts.items():
        typer.echo(f"  {name:40s}{count:>12,d}")
    rebuild = _rebuilt(home)
    if rebuild:
        typer.echo(rebuild)
    typer.echo("trained models" if models else "no trained models; see `hotstars train --help`")
    for name, version in models.items():
        typer.echo(f"  {name:40s}{version:>12s}")
    typer.echo("last ingest runs")
    width = max((len(source) for source, *_ in runs), default=0)
    for source, state, started, n_files, n_skipped, n_rejected, n_rows, message in runs:
        typer.echo(
            f"  {started:%Y-%m-%d %H:%M:%S}  {source:{width}s}  {state:8s}{n_files or 0:>8,d} files"
            f" ({n_skipped or 0:,d} known, {n_rejected or 0:,d} rejected) {n_rows or 0:>10,d} rows"
            + (f"  {message}" if message else "")
        )
    if rejected:
        typer.echo("quarantine (newest 20)")
        for path, reason in rejected:
            typer.echo(f"  {path}\n    {reason}")


def _rebuilt(home: Home) -> str:
    """Return when the catalogues were built, and by what; nothing where it is not known."""
    from warehouse.export.rebuilds import is_unfinished, rebuilds

    known = rebuilds(home.dbt_target)
    last = known.last
    if not last:
        return ""
    when, invocation = (last["metadata"][name] for name in ("generated_at", "invocation_id"))
    told = f"built  {when[:19].replace('T', ' ')} UTC, dbt run {invocation}"
    told += f", commit {last['commit']}" if "commit" in last else ""
    if known.ended.get("failed"):
        told += f"\n  {known.told_failure}"
    if is_unfinished(home.dbt_target):
        told += "\n  a later rebuild was killed; `hotstars build` makes it good"
    return told


def _published(release: Release) -> None:
    """Print what is published, when, from what: also where the live file is held by a rebuild."""
    card = release.card
    typer.echo(f"published  {release.database}")
    typer.echo(
        f"  release {card['number']} of {card['published_at']}: {len(card['rows'])} tables, "
        f"{sum(card['rows'].values()):,d} rows"
    )
    typer.echo(
        f"  from {card['from']}, dbt run {card.get('dbt_invocation', 'unknown')}, "
        f"{card['program']}, commit {card['commit']}"
    )
