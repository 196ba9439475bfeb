"""`hotstars export`: release marts as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from warehouse.formats import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from warehouse.export.metadata import Mart


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
    title: str = typer.Option("", help="Title of the article that the tables belong to."),
    authors: str = typer.Option("", help='Its authors: "Smith J., Jones A.".'),
    abstract: str = typer.Option("", help="Its abstract, for the ReadMe of CDS tables."),
    keywords: str = typer.Option("", help="Its keywords, for that ReadMe, between semicolons."),
    rights: str = typer.Option("", help="Licence of the tables, such as CC-BY-4.0."),
) -> None:
    """Write marts with units, descriptions and UCDs from dbt's metadata.

    Example: hotstars export be_runaways --format mrt --format votable
    """
    from hotstars.project import newest_manifest
    from hotstars.receipts.rebuild import what_made
    from hotstars.verbs.publish import release_of
    from warehouse.connection import connect
    from warehouse.export import export_marts
    from warehouse.export.article import Article
    from warehouse.export.metadata import marts, read_manifest
    from warehouse.home import current_home

    home = current_home()
    release = release_of(home) if published else None
    path = newest_manifest(home) if release is None else release.manifest
    known = marts(read_manifest(path))
    if listing:
        for name, mart in sorted(known.items()):
            typer.echo(f"{name:26s}{mart.title}")
        return
    chosen = _chosen(known, names or [], paper, everything)
    given = {"title": title, "authors": authors, "abstract": abstract, "keywords": keywords,
             "rights": rights}  # fmt: skip
    article = Article(**{name: text for name, text in given.items() if text})
    database = home.database if release is None else release.database
    folder = out or home.export
    with connect(database, read_only=True) as connection:
        rebuild = what_made(home, connection) if release is None else release.card["rebuild"]
        for one in format_:
            wanted = chosen
            if not names:  # all means all that can be
                wanted = _placed(chosen) if one is ExportFormat.hats else wanted
                wanted = _filled(chosen, connection) if one is ExportFormat.cds else wanted
            for path in export_marts(connection, wanted, one, folder, rebuild, article):
                typer.echo(path)


def _chosen(
    known: Mapping[str, Mart], names: Sequence[str], paper: str | None, everything: bool
) -> list[Mart]:
    """Return the marts that were asked for, each once.

    Raises
    ------
    WarehouseError
        Naming what there is, where a name or a paper is unknown or nothing was named.
    """
    from warehouse.connection import WarehouseError
    from warehouse.export.metadata import mart_of

    chosen = sorted(known) if everything else list(names)
    if paper is not None:
        papers = sorted({one.paper_key for one in known.values()})
        if paper.lower() not in papers:
            raise WarehouseError(f"--paper {paper}: it is {', '.join(papers)}")
        chosen += sorted(name for name, one in known.items() if one.paper_key == paper.lower())
    if not chosen:
        raise WarehouseError(
            "name a mart, a --paper, or --all; `hotstars export --list` shows them"
        )
    return [mart_of(known, name) for name in dict.fromkeys(chosen)]


def _filled(chosen: Sequence[Mart], connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    """Return the marts with rows, and say which have none: CDS takes no empty files."""
    from warehouse.export.reading import asked, table_of

    found = []
    for mart in chosen:
        if asked(connection, mart, f"select 1 from {table_of(mart)} limit 1").fetchall():
            found.append(mart)
        else:
            typer.echo(f"{mart.name}: left out, it has no rows", err=True)
    return found


def _placed(chosen: Sequence[Mart]) -> list[Mart]:
    """Return the marts with a position, and say which have none: --all means all that can be."""
    for mart in chosen:
        if mart.position is None:
            typer.echo(f"{mart.name}: left out, HATS is for tables with a position", err=True)
    return [mart for mart in chosen if mart.position is not None]
