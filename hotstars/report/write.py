"""`hotstars report`: a static site of the catalogues, that opens from disk."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotstars.build import PROJECT
from hotstars.export import newest_manifest
from hotstars.report.apogee_stars import apogee_page, apogee_stars, read_apogee_stars
from hotstars.report.cards import card_file, card_page
from hotstars.report.draw import draw_all, not_drawn
from hotstars.report.gather import built, catalogue_stars, read_stars
from hotstars.report.pages import index_page, star_file, star_page
from hotstars.rows import lines_of, rows_of
from hotstars.scorecard.scores import Score
from warehouse import __version__
from warehouse.connection import WarehouseError
from warehouse.export.origin import settings

if TYPE_CHECKING:
    import duckdb

    from warehouse.home import Home

Say = Callable[[str], None]

#: The file by which a folder is known to be a report, and may be replaced by one.
MARK = ".hotstars-report"


@dataclass(frozen=True)
class Written:
    """What a call wrote."""

    index: Path
    n_stars: int
    n_pages: int
    n_figures: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.index}: {self.n_stars:,d} stars, {self.n_pages:,d} pages, {self.n_figures} "
            f"figures ({self.seconds:.1f} s)"
        )


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a report.

    Raises
    ------
    WarehouseError
        When it does.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise WarehouseError(f"{folder}: holds other files than a report; give another --out")


def write_report(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    folder: Path,
    *,
    most: int | None,
    lineage: Path | None,
    scores: Sequence[Score],
    say: Say,
) -> Written:
    """Write the report into a new folder beside the old one, and put it into its place.

    Parameters
    ----------
    connection
        To a built warehouse.
    home
        For the models.
    folder
        Of the report; an older report there is replaced when the new one is whole.
    most
        Pages of stars at most; None for all.
    lineage
        ``index.html`` of dbt's documentation, which is copied beside; None for none.
    scores
        The scorecard; empty for none.
    say
        Told how far it is.

    Raises
    ------
    WarehouseError
        When the catalogues are not built, the folder is something else, or the disk is full.
    """
    start = time.monotonic()
    if "marts.be_candidates" not in built(connection):
        raise WarehouseError("no catalogues here yet; run `hotstars build`")
    check_folder(folder)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(building, ignore_errors=True)
        for name in ("stars", "figures", "models"):
            (building / name).mkdir(parents=True)
        (building / MARK).write_text("a report of hotstars; `hotstars report` replaces it\n")
        settings_ = settings(newest_manifest(home).parent, PROJECT)
        figures = draw_all(connection, home, settings_, building / "figures")
        say(f"   {len(figures)} figures drawn")
        listed = [*catalogue_stars(connection), *apogee_stars(connection)]
        with_page = _star_pages(connection, listed[:most], building / "stars", say)
        way = None
        if lineage is not None:
            shutil.copyfile(lineage, building / "lineage.html")
            way = "lineage.html"
        simulated = any(name.startswith("SIM") for row in listed for name in row["surveys"])
        page = index_page(
            facts=_facts(connection),
            simulated=simulated,
            funnel=_funnel(connection),
            figures=figures,
            missing=not_drawn(figures),
            scores=scores,
            truth=_truth(connection, home) if simulated else [],
            models=_models(home, building / "models"),
            stars=listed,
            with_page=with_page,
            lineage=way,
        )
        (building / "index.html").write_text(page)
        _put(building, folder)
    except OSError as error:
        raise WarehouseError(
            f"{folder}: the report cannot be written ({error.strerror or error}); free some space "
            "or give another --out"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    seconds = time.monotonic() - start
    return Written(folder / "index.html", len(listed), len(with_page), len(figures), seconds)


def _star_pages(
    connection: duckdb.DuckDBPyConnection,
    listed: Sequence[Mapping[str, Any]],
    folder: Path,
    say: Say,
) -> set[str]:
    """Write a page a star; return the names of those that have one."""
    apogee = {row["designation"] for row in listed if "APOGEE star" in row["catalogues"]}
    pages: Iterable[tuple[str, str]] = itertools.chain(
        (
            (star.name, star_page(star))
            for star in read_stars(
                connection, [row for row in listed if row["designation"] not in apogee]
            )
        ),
        (
            (str(star.row["apogee_id"]), apogee_page(star))
            for star in read_apogee_stars(
                connection, [row for row in listed if row["designation"] in apogee]
            )
        ),
    )
    with_page = set()
    for name, text in pages:
        (folder / star_file(name)).write_text(text)
        with_page.add(name)
        if len(with_page) % 500 == 0:
            say(f"   {len(with_page):,d} of {len(listed):,d} stars")
    return with_page


def _put(building: Path, folder: Path) -> None:
    """Put a folder into its place; the old one goes when the new one stands."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(old)
    building.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _facts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    counts = connection.execute(
        "select count(*), count(distinct designation), min(release), max(release), "
        "list(distinct survey order by survey) from raw.lamost_observation"
    ).fetchall()[0]
    newest = connection.execute("select max(finished_at)::date from raw.ingest_run").fetchall()
    return {
        "program": f"hotstars {__version__}",
        "observations": f"{counts[0]:,d} of {counts[1]:,d} stars",
        "surveys": ", ".join(counts[4] or []),
        "last loaded": newest[0][0],
    }


def _funnel(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return rows_of(
        connection.sql(
            "select step, criterion, section, survey, n_spectra, n_stars, published_n_spectra, "
            "published_n_stars from marts.be_selection_funnel order by survey, step"
        )
    )


def _truth(connection: duckdb.DuckDBPyConnection, home: Home) -> list[tuple[str, str]]:
    """Return what the checks print of simulated stars."""
    from hotstars.check import print_recovery
    from hotstars.check_apogee import against_truth as apogee_against_truth
    from hotstars.check_apogee import read_checked, unseen_stars
    from hotstars.check_distances_marts import against_truth, tables
    from hotstars.check_slam_marts import catalogues, mart_tables

    there = built(connection)
    told = []
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print_recovery(connection)
    told.append(("Catalogues of Be stars", out.getvalue().strip()))
    if {"marts.slam_lrs_labels", "marts.slam_mrs_labels"} <= there:
        told.append(("SLAM", "\n".join(mart_tables(catalogues(connection, 30.0))).strip()))
    if "marts.ob_distances" in there:
        told.append(("Distances", "\n".join(tables(against_truth(connection))).strip()))
    if "marts.apogee_labels" in there:
        stars = read_checked(connection)
        chosen = unseen_stars(home.models, stars)
        rows = apogee_against_truth({name: values[chosen] for name, values in stars.items()})
        lines = lines_of(rows) if rows else []
        told.append(("Near-infrared labels", "\n".join(lines)))
    return [(title, text) for title, text in told if text]


def _models(home: Home, folder: Path) -> list[dict[str, Any]]:
    """Write a page a model; return rows of the table of all."""
    from ml.registry import list_models

    rows = []
    for name, version, card in list_models(home.models):
        (folder / card_file(name)).write_text(card_page(name, version, card))
        rows.append(
            {
                "model": name,
                "version": version,
                "trained on": "SIMULATED" if card.get("simulated") else "real data",
                "what it is": card.get("description", card.get("architecture", "")),
                "not for": card.get("not_for", ""),
                "file": card_file(name),
            }
        )
    return rows
