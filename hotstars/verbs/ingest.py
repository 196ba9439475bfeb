"""`hotstars ingest`: load spectra and catalogues into the warehouse."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import duckdb

    from ingest.catalogues.load import Summary
    from ingest.catalogues.reading import Options

#: Sources that are no catalogue with a column mapping.
OTHERS = {
    "lamost": "LAMOST spectra, low and medium resolution: FITS files and folders",
    "apogee": "APOGEE spectra: apStar FITS files and folders",
    "simulated": "everything that `hotstars simulate` wrote (default: HOTSTARS_HOME/simulated)",
    "model_grid": "model spectra: TLUSTY files (G40000g400v10.vis.7, .17), pieces in HDF5 or npz",
    "dust": "Bayestar19, sampled at the warehouse's stars and distances (needs the map)",
}


def ingest(
    source: str = typer.Argument("", help="What to load; --list prints the sources."),
    files: list[Path] = typer.Argument(
        None, metavar="[FILES]...", help="VOTable, FITS, CSV or Parquet, gzipped or not; folders."
    ),
    archive: bool = typer.Option(
        False, "--archive", help="Ask the archive for the warehouse's stars, or the whole table."
    ),
    whole: bool = typer.Option(
        False, "--whole", help="With --archive: the whole table, also where stars can be asked for."
    ),
    via: str = typer.Option(
        None, help="With --archive: `tap` or `xmatch`, where a source can be asked both ways."
    ),
    any_size: bool = typer.Option(
        False, "--any-size", help="With --whole: take a table of another size than is known of it."
    ),
    refresh: bool = typer.Option(
        False, "--refresh", help="With --archive: ask again for what was fetched before."
    ),
    release: str = typer.Option(None, help="Data release, where the file does not say it."),
    column: list[str] = typer.Option(
        None, "--column", metavar="RAW=NAME", help="The file's column for a raw column."
    ),
    set_: list[str] = typer.Option(
        None, "--set", metavar="RAW=VALUE", help="A value for every row of a raw column."
    ),
    workers: int = typer.Option(None, help="Processes that read spectra (lamost)."),
    salvage: bool = typer.Option(
        False, "--salvage", help="Keep the sound spectra of a file with a bad coadd (lamost)."
    ),
    coadds_only: bool = typer.Option(
        False, "--coadds-only", help="Leave the single exposures out (lamost)."
    ),
    fetch: bool = typer.Option(False, "--fetch", help="Download the dust map first (dust)."),
    list_: bool = typer.Option(False, "--list", help="Print the sources and end."),
    as_json: bool = typer.Option(False, "--json", help="Print what was done as JSON."),
) -> None:
    """Load spectra or a catalogue; what was loaded before is skipped, what is bad is quarantined.

    Example: hotstars ingest lamost spectra/ && hotstars ingest twomass --archive
    """
    if list_ or not source:
        _print_sources(as_json)
        return
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    if source not in OTHERS:
        from ingest.catalogues.sources import find_source

        find_source(source)  # a misspelt name is told before the database is opened
        if not archive and not files:
            raise WarehouseError(
                f"give the files of {source}, or --archive to ask its archive; see "
                "`hotstars ingest --list`"
            )
    command = f"hotstars ingest {source}"
    options = _options(release, column or [], set_ or [])
    if archive:
        done: Any = _from_archive(
            source, options, whole=whole, via=via, any_size=any_size, refresh=refresh
        )
    else:
        with connect(home.database, must_exist=True) as connection:
            if source == "lamost":
                done = _lamost(
                    connection,
                    files or [],
                    command,
                    workers=workers,
                    salvage=salvage,
                    single_exposures=not coadds_only,
                )
            elif source == "simulated":
                done = _simulated(connection, (files or [home.simulated])[0], command)
            elif source == "model_grid":
                done = _model_grid(connection, files or [], command, workers)
            elif source == "apogee":
                done = _apogee(connection, files or [], command, workers)
            elif source == "dust":
                done = _dust(connection, home.root, fetch)
            else:
                done = _from_files(connection, source, files, options, command)
    _report(done, as_json)


def _pairs(items: list[str], option: str) -> Mapping[str, str]:
    from warehouse.connection import WarehouseError

    pairs = {}
    for item in items:
        name, mark, value = item.partition("=")
        if not mark or not name:
            raise WarehouseError(f"{option} {item}: write it as raw_column=something")
        pairs[name.strip()] = value.strip()
    return pairs


def _options(release: str | None, columns: list[str], constants: list[str]) -> Options:
    from ingest.catalogues.reading import Options

    return Options(release, _pairs(columns, "--column"), _pairs(constants, "--set"))


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _lamost(
    connection: duckdb.DuckDBPyConnection, files: list[Path], command: str, **options: Any
) -> Any:
    from ingest.lamost.load import ingest_lamost
    from warehouse.connection import WarehouseError

    if not files:
        raise WarehouseError("give LAMOST files or folders: hotstars ingest lamost DIR...")
    try:
        return ingest_lamost(connection, files, command=command, **options)
    except FileNotFoundError as error:
        raise WarehouseError(str(error)) from error


def _simulated(connection: duckdb.DuckDBPyConnection, folder: Path, command: str) -> Any:
    from ingest.catalogues.simulated import ingest_simulated

    return ingest_simulated(connection, folder, command=command, progress=True, tell=_say)


def _model_grid(
    connection: duckdb.DuckDBPyConnection, files: list[Path], command: str, workers: int | None
) -> Summary:
    from ingest.model_grid.load import load_model_grid
    from warehouse.connection import WarehouseError

    if not files:
        raise WarehouseError("give TLUSTY files or folders: hotstars ingest model_grid DIR...")
    try:
        return load_model_grid(
            connection, files, command=command, workers=workers, progress=True, tell=_say
        )
    except FileNotFoundError as error:
        raise WarehouseError(str(error)) from error


def _apogee(
    connection: duckdb.DuckDBPyConnection, files: list[Path], command: str, workers: int | None
) -> Summary:
    from ingest.apogee.load import load_apogee
    from warehouse.connection import WarehouseError

    if not files:
        raise WarehouseError("give apStar files or folders: hotstars ingest apogee DIR...")
    try:
        return load_apogee(connection, files, command=command, workers=workers, progress=True)
    except FileNotFoundError as error:
        raise WarehouseError(str(error)) from error


def _dust(connection: duckdb.DuckDBPyConnection, home: Path, fetch: bool) -> Any:
    from ingest.catalogues import dust

    if fetch:
        dust.fetch_map(home / "dustmaps", tell=_say)
    return dust.sample_warehouse(connection, home / "dustmaps", tell=_say)


def _from_files(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    files: list[Path],
    options: Options,
    command: str,
) -> Summary:
    from ingest.catalogues.load import load_files
    from warehouse.connection import WarehouseError

    try:
        return load_files(connection, source, files, command=command, options=options, tell=_say)
    except FileNotFoundError as error:
        raise WarehouseError(str(error)) from error


def _from_archive(
    source: str, options: Options, *, whole: bool, via: str | None, any_size: bool, refresh: bool
) -> Summary:
    from ingest.archives.cache import MAX_AGE_DAYS, Cache
    from ingest.archives.transport import Transport
    from ingest.catalogues.from_archive import CHUNK_POSITIONS, load_from_archive
    from ingest.catalogues.sources import find_source
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    if via not in (None, "tap", "xmatch"):
        raise WarehouseError(f"--via {via}: it is tap or xmatch")
    home = current_home()
    # A smaller chunk is lost more cheaply on a bad line; the services take larger ones.
    chunk = int(os.environ.get("HOTSTARS_CHUNK_POSITIONS") or CHUNK_POSITIONS)
    return load_from_archive(
        lambda: connect(home.database, must_exist=True),
        find_source(source),
        Cache(home.root / "cache", 0.0 if refresh else MAX_AGE_DAYS),
        Transport(tell=_say),
        whole=whole,
        via=via,
        any_size=any_size,
        chunk=chunk,
        options=options,
        tell=_say,
    )


def _report(done: Any, as_json: bool) -> None:
    from dataclasses import asdict, is_dataclass

    if as_json:
        content = asdict(done) if is_dataclass(done) and not isinstance(done, type) else done
        typer.echo(json.dumps(content, indent=1, default=str))
    else:
        items = [
            getattr(done, "lamost", None),
            *getattr(done, "catalogues", [done]),
            getattr(done, "model_grid", None),
            *getattr(done, "apogee", []),
        ]
        for item in items:
            if item is not None:
                typer.echo(_line(item))
    rejected = getattr(done, "rejected", None)
    for kind in ("rejected", "left_out"):
        reasons = getattr(done, kind, None)
        if isinstance(reasons, dict):
            for path, reason in reasons.items():
                typer.echo(f"  {path}\n    {reason}", err=True)
    if isinstance(rejected, dict) and rejected and not getattr(done, "n_files", 0):
        raise typer.Exit(1)  # nothing of what was given could be used


def _line(item: Any) -> str:
    if not hasattr(item, "found"):
        return str(item)
    for path, reason in item.reasons:
        typer.echo(f"  {path}\n    {reason}", err=True)
    return (
        f"lamost: {item.loaded:,d} of {item.found:,d} files loaded, {item.rows:,d} new rows, "
        f"{item.skipped:,d} loaded before, {item.rejected:,d} in quarantine"
    )


def _print_sources(as_json: bool) -> None:
    from ingest.catalogues.sources import all_sources

    sources = all_sources()
    if as_json:
        rows = {name: item.title for name, item in sources.items()}
        typer.echo(json.dumps({**OTHERS, **rows}, indent=1))
        return
    typer.echo("hotstars ingest SOURCE FILES...   or, where there is one, --archive\n")
    for name, title in OTHERS.items():
        typer.echo(f"  {name:22s}{title}")
    for name, item in sources.items():
        where = item.archive.vizier or (item.archive.tap and f"TAP of {item.archive.tap}") or ""
        typer.echo(
            f"  {name:22s}{item.title}"
            + (f"; {item.reference}" if item.reference else "")
            + (f" [{where}]" if where else "")
        )
