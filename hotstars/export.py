"""`hotstars export`: release marts as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from warehouse.export import ExportFormat

if TYPE_CHECKING:
    from warehouse.home import Home


def newest_manifest(home: Home) -> Path:
    """Return dbt's newest manifest: that of ``hotstars build``, or of dbt run on its own."""
    from hotstars.build import PROJECT

    folders = (home.dbt_target, PROJECT / "target")
    found = [folder / "manifest.json" for folder in folders if (folder / "manifest.json").exists()]
    return max(found, key=lambda path: path.stat().st_mtime, default=folders[0] / "manifest.json")


def export(
    names: list[str] = typer.Argument(None, metavar="[MART]...", help="Marts; none with --all."),
    format_: list[ExportFormat] = typer.Option(
        [ExportFormat.mrt], "--format", "-f", help="Format; may be given more than once."
    ),
    out: Path = typer.Option(None, help="Folder; HOTSTARS_HOME/export by default."),
    paper: str = typer.Option(
        None, help="All tables of a paper: wang2022, xiang2021, guo2021 or sprague2022."
    ),
    everything: bool = typer.Option(False, "--all", help="Every mart."),
    published: bool = typer.Option(
        False, "--published", help="From the current release, also while a rebuild runs."
    ),
    listing: bool = typer.Option(False, "--list", help="List the marts and stop."),
) -> None:
    """Write marts with units, descriptions and UCDs from dbt's metadata.

    Example: hotstars export be_runaways --format mrt --format votable
    """
    from hotstars.build import PROJECT
    from hotstars.publish import published_database
    from warehouse.connection import WarehouseError, connect
    from warehouse.export import export_cds, export_mart
    from warehouse.export.metadata import find_mart, marts, read_manifest
    from warehouse.export.origin import of_rebuild
    from warehouse.home import current_home
    from warehouse.publish import git_commit

    home = current_home()
    manifest = read_manifest(newest_manifest(home))
    if listing:
        for name, mart in sorted(marts(manifest).items()):
            typer.echo(f"{name:32s}{mart.description}")
        return
    known = marts(manifest)
    chosen = sorted(known) if everything else list(names or [])
    if paper is not None:
        papers = sorted({one.paper_key for one in known.values()})
        if paper.lower() not in papers:
            raise WarehouseError(f"--paper {paper}: it is {', '.join(papers)}")
        chosen += sorted(name for name, one in known.items() if one.paper_key == paper.lower())
    if not chosen:
        raise WarehouseError(
            "name a mart, a --paper, or --all; `hotstars export --list` shows them"
        )
    database = published_database(home) if published else home.database
    folder = out or home.export
    wanted = [find_mart(manifest, name) for name in chosen]
    with connect(database, read_only=True) as connection:
        rebuild = of_rebuild(newest_manifest(home).parent, PROJECT, connection, git_commit(PROJECT))
        for one in format_:
            if one is ExportFormat.cds:
                for path in export_cds(connection, wanted, folder, rebuild):
                    typer.echo(path)
                continue
            for mart in wanted:
                typer.echo(export_mart(connection, mart, one, folder, rebuild))
