"""`hotstars report`: a static site of the catalogues, that opens from disk."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotstars.report.figures import WANG, Drawn
from hotstars.report.gather import built, catalogue_stars, read_stars
from hotstars.report.pages import index_page, star_file, star_page
from hotstars.rows import rows_of
from warehouse import __version__
from warehouse.connection import WarehouseError

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


def write_report(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    folder: Path,
    *,
    most: int | None,
    lineage: Path | None,
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
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise WarehouseError(f"{folder}: holds other files than a report; give another --out")
    building = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(building, ignore_errors=True)
        (building / "stars").mkdir(parents=True)
        (building / "figures").mkdir()
        (building / MARK).write_text("a report of hotstars; `hotstars report` replaces it\n")
        figures = _figures(connection, home, building / "figures", say)
        listed = catalogue_stars(connection)
        chosen = listed if most is None else listed[:most]
        with_page = set()
        for star in read_stars(connection, chosen):
            (building / "stars" / star_file(star.name)).write_text(star_page(star))
            with_page.add(star.name)
            if len(with_page) % 500 == 0:
                say(f"   {len(with_page):,d} of {len(chosen):,d} stars")
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
            truth=_truth(connection) if simulated else [],
            models=_models(home),
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


def _figures(
    connection: duckdb.DuckDBPyConnection, home: Home, folder: Path, say: Say
) -> list[Drawn]:
    drawn = []
    for name, function in WANG:
        one = function(connection, folder / f"{name}.png")
        if one is not None:
            drawn.append(one)
    drawn += _slam(connection, folder)
    drawn += _distances(connection, home, folder)
    drawn += _apogee(connection, home, folder)
    drawn += _of_models(home, folder)
    say(f"   {len(drawn)} figures drawn")
    return drawn


def _slam(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Drawn]:
    from hotstars.check_slam_marts import AGAINST_TRUTH, LABELS, both_query, has_truth
    from hotstars.slam_plots import draw_both, draw_kiel, draw_truth

    if not {"marts.slam_lrs_labels", "marts.slam_mrs_labels"} <= built(connection):
        return []
    labels = connection.sql(LABELS)
    arrays = labels.fetchnumpy()
    if not len(arrays["teff"]):
        return []
    nodes = connection.sql("select grid, teff, logg, m_h from raw.model_grid_spectrum").fetchnumpy()
    drawn = [
        Drawn(
            draw_kiel(arrays, nodes, folder / "slam_kiel.png").name,
            "Stellar labels by SLAM",
            "With the range of the training set.",
            "Guo+2021, figure 7",
        )
    ]
    least = 30.0
    both = labels.query("labels", both_query(connection, least)).fetchnumpy()
    if len(both["designation"]):
        file = draw_both(both, nodes, least, folder / "slam_both.png").name
        caption = f"Stars of both resolutions, means over visits of S/N above {least:g}."
        drawn.append(Drawn(file, "Low against medium resolution", caption, "Guo+2021, figure 9"))
    if has_truth(connection):
        compared = labels.query("labels", AGAINST_TRUTH).fetchnumpy()
        if len(compared["designation"]):
            file = draw_truth(compared, folder / "slam_truth.png").name
            drawn.append(Drawn(file, "SLAM against the truth", "Simulated stars.", "ours"))
    return drawn


def _distances(connection: duckdb.DuckDBPyConnection, home: Home, folder: Path) -> list[Drawn]:
    from hotstars.check_distances import draw

    if "marts.ob_distances" not in built(connection):
        return []
    n, simulated = connection.execute(
        "select count(*), count(*) filter (where survey like 'SIM%') from marts.ob_distances"
    ).fetchall()[0]
    if not n:
        return []
    told = {
        "magnitudes.png": ("Absolute magnitudes", "Spectroscopic against geometric.",
                           "Xiang+2021, figures 5 and 10"),
        "distances.png": ("Distances", "Relative errors; found over true where it is known.",
                          "Xiang+2021, figures 11 and 12"),
        "emission.png": ("H-alpha excess", "With the threshold of emission.",
                         "Xiang+2021, figure 3"),
    }  # fmt: skip
    paths = draw(connection, home, {"catalogue": {"n_simulated": simulated}}, folder)
    return [Drawn(path.name, *told[path.name]) for path in paths if path.name in told]


def _apogee(connection: duckdb.DuckDBPyConnection, home: Home, folder: Path) -> list[Drawn]:
    from hotstars.apogee_plots import draw_kiel, draw_truth, draw_types
    from hotstars.check_apogee import read_checked

    if "marts.apogee_labels" not in built(connection):
        return []
    stars = read_checked(connection)
    if not len(stars["apogee_id"]):
        return []
    return [
        Drawn(draw(stars, folder / f"apogee_{name}.png").name, title, "", f"Sprague+2022, {figure}")
        for draw, name, title, figure in (
            (draw_kiel, "kiel", "Near-infrared labels", "figure 5"),
            (draw_truth, "truth", "Near-infrared labels against the truth", "figure 6"),
            (draw_types, "types", "Teff against spectral type", "figure 7"),
        )
    ]


def _of_models(home: Home, folder: Path) -> list[Drawn]:
    """Take along what the models' own folders hold."""
    from ml.registry import current_version

    found = []
    for name, file, title, paper in (
        ("be-classifier", "scores.png", "Scores of the H-alpha classifier", "Wang+2022, figure 6"),
        ("ob-m-ks", "error_model.png", "Errors of absolute magnitudes", "Xiang+2021, figure 8"),
    ):
        version = current_version(home.models, name)
        path = home.models / name / (version or "") / file
        if version is not None and path.exists():
            target = f"{name}-{file}"
            shutil.copyfile(path, folder / target)
            found.append(Drawn(target, title, f"Of {name} {version}.", paper))
    return found


def _truth(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return what the checks print of simulated stars."""
    from hotstars.check import print_recovery
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
    return told


def _models(home: Home) -> list[dict[str, Any]]:
    from ml.registry import list_models

    rows = []
    for name, version, card in list_models(home.models):
        rows.append(
            {
                "model": name,
                "version": version,
                "trained on": "SIMULATED" if card.get("simulated") else "real data",
                "what it is": card.get("description", card.get("architecture", "")),
                "not for": card.get("not_for", ""),
            }
        )
    return rows
