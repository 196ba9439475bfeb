"""`hotstars review`: people look at H-alpha, and their verdicts come into the warehouse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import duckdb

    from hotstars.review_sheets.sheet import Profiles

HELP = """Look at H-alpha by eye: write a contact sheet, take its verdicts in, see what is open.

Example: hotstars review export, then open the sheet, then hotstars review import FILE
"""

#: What is looked at where nothing is asked for: the candidates of the spectral criteria.
CANDIDATES = "be_candidates"

SHEET, LIST = "review_sheet.html", "review_verdicts.csv"


def export(
    select: str = typer.Option(
        CANDIDATES, help="A mart, or SQL that returns obsid and, as wanted, exposure and more."
    ),
    out: Path = typer.Option(None, metavar="DIR", help="Folder; HOTSTARS_HOME/review by default."),
    limit: int = typer.Option(None, min=1, help="Spectra at most."),
    every_spectrum: bool = typer.Option(
        False, "--every-spectrum", help="With them, the stars' other spectra with emission."
    ),
    again: bool = typer.Option(False, "--again", help="Also spectra that have a verdict."),
    reviewer: str = typer.Option("", help="Who is going to look."),
) -> None:
    """Write a contact sheet of H-alpha profiles, and the list to fill with verdicts.

    The sheet is one HTML file that opens in any browser; it saves the filled list. The list
    can be filled in any editor instead: emission, absorption or unusable.

    Example: hotstars review export --select be_new --reviewer "A. Reader"
    """
    from hotstars.review_sheets.sheet import sheet, write_list
    from hotstars.review_sheets.spectra import find_profiles
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    folder = out or home.root / "review"
    reviewer = " ".join(reviewer.split())
    _refuse_to_lose(folder / LIST)
    with connect(home.database, read_only=True) as connection:
        profiles, n_without = find_profiles(
            connection, select, limit=limit, every_spectrum=every_spectrum, again=again
        )
    if n_without:
        typer.echo(f"{n_without:,d} spectra without a rectified H-alpha left out", err=True)
    if not len(profiles):
        typer.echo("nothing to look at: every spectrum that was asked for has a verdict")
        return
    title = f"H-alpha review: {len(profiles):,d} spectra ({_origin(profiles)})"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{SHEET}.part"
        part.write_text(sheet(profiles, title, LIST, reviewer), encoding="utf-8")
        part.replace(folder / SHEET)
        write_list(profiles, folder / LIST, reviewer)
    except OSError as error:
        raise WarehouseError(
            f"{folder}: cannot be written ({error.strerror}); choose another --out"
        ) from error
    typer.echo(f"{folder / SHEET}\n{folder / LIST}")


def _refuse_to_lose(path: Path) -> None:
    """Refuse to write over a list that someone filled."""
    from ingest.files import BadFileError
    from ingest.review.reading import read_verdicts
    from warehouse.connection import WarehouseError

    if not path.exists():
        return
    try:
        found = read_verdicts(path, "anybody")
        is_filled = bool(found.verdicts or found.left_out)
    except BadFileError:
        is_filled = True
    if is_filled:
        raise WarehouseError(
            f"{path}: holds verdicts; import it and move it away, or choose another --out"
        )


def _origin(profiles: Profiles) -> str:
    """Return the surveys, and that a simulated one is simulated."""
    surveys = sorted(set(profiles.survey))
    return ", ".join(f"{name}: simulated" if name.startswith("SIM") else name for name in surveys)


def import_(
    files: list[Path] = typer.Argument(metavar="FILE...", help="Filled lists, CSV."),
    reviewer: str = typer.Option(None, help="Who looked, where the list does not say it."),
    as_json: bool = typer.Option(False, "--json", help="Print what was done as JSON."),
) -> None:
    """Take filled lists in; rows that cannot be used are named and quarantined, others land.

    A reviewer's later verdict on a spectrum takes the place of the earlier one. `hotstars
    build` carries the verdicts into the catalogues.

    Example: hotstars review import review_verdicts.csv
    """
    from dataclasses import asdict

    from ingest.review.load import load_verdicts
    from warehouse.connection import connect
    from warehouse.home import current_home

    with connect(current_home().database, must_exist=True) as connection:
        done = load_verdicts(connection, files, reviewer=reviewer)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=1))
    else:
        typer.echo(str(done))
        _some(done.replaced)
        for path, reason in done.rejected.items():
            typer.echo(f"  {path}: {reason}", err=True)
        for path, reasons in done.left_out.items():
            _some([f"{path}, {reason}" for reason in reasons], err=True)
    if (done.rejected or done.left_out) and not done.n_files:
        raise typer.Exit(1)  # nothing of what was given could be used


def _some(lines: Sequence[str], *, err: bool = False, shown: int = 20) -> None:
    for line in lines[:shown]:
        typer.echo(f"  {line}", err=err)
    if len(lines) > shown:
        typer.echo(f"  and {len(lines) - shown:,d} more", err=err)


def status(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Print how many candidates have a verdict, who looked, and where reviewers disagree.

    Example: hotstars review status
    """
    from warehouse.connection import connect
    from warehouse.home import current_home

    with connect(current_home().database, read_only=True) as connection:
        found = review_status(connection)
    if as_json:
        typer.echo(json.dumps(found, default=str, indent=1))
        return
    candidates = found["candidates"]
    if candidates is None:
        typer.echo("candidates     not built yet; run `hotstars build`")
    else:
        typer.echo(
            f"candidates     {candidates['n']:,d}: {candidates['n_reviewed']:,d} with a verdict, "
            f"{candidates['n'] - candidates['n_reviewed']:,d} open"
        )
    counts = ", ".join(f"{n:,d} {verdict}" for verdict, n in found["verdicts"].items())
    typer.echo(
        f"spectra        {sum(found['verdicts'].values()):,d} with a verdict: {counts or '-'}"
    )
    typer.echo(f"disputed       {len(found['disputed']):,d}")
    _some([f"obsid {obsid}, exposure {exposure}: {said}" for obsid, exposure, said in
           found["disputed"]])  # fmt: skip
    for item in found["reviewers"]:
        typer.echo(
            f"  {item['reviewer']:24s}{item['n']:>8,d} verdicts, the last {item['last']:%Y-%m-%d}"
        )


def review_status(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return how far the review is.

    Returns
    -------
    dict
        ``candidates`` (n, n_reviewed; None before they are built), ``verdicts`` (verdict ->
        spectra, the newest verdict of each), ``reviewers`` (reviewer, n, last) and ``disputed``
        (obsid, exposure, who says what).
    """
    import duckdb

    from warehouse.connection import WarehouseError

    try:
        verdicts = connection.execute(
            "with newest as (select max_by(verdict, (reviewed_at, reviewer)) as verdict "
            "from raw.review group by obsid, exposure) "
            "select verdict, count(*) from newest group by verdict order by all"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise WarehouseError(
            "the warehouse has no table of verdicts yet; `hotstars init` makes it"
        ) from error
    reviewers = connection.execute(
        "select reviewer, count(*), max(reviewed_at) from raw.review group by all order by all"
    ).fetchall()
    disputed = connection.execute(
        "select obsid, exposure, string_agg(reviewer || ' ' || verdict, ', ' order by reviewed_at) "
        "from raw.review group by obsid, exposure having count(distinct verdict) > 1 order by all"
    ).fetchall()
    try:
        counts = connection.execute(
            "select count(*), count(*) filter (obsid in (select obsid from raw.review "
            f"where exposure = 0)) from marts.{CANDIDATES}"
        ).fetchall()[0]
        candidates = dict(zip(("n", "n_reviewed"), counts, strict=True))
    except duckdb.CatalogException:
        candidates = None
    return {
        "candidates": candidates,
        "verdicts": dict(verdicts),
        "reviewers": [dict(zip(("reviewer", "n", "last"), row, strict=True)) for row in reviewers],
        "disputed": disputed,
    }
