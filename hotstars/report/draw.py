"""All figures of the report, and which of the papers' are not drawn, and why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hotstars.report.figures import WANG, Drawn, Settings
from hotstars.report.gather import built

if TYPE_CHECKING:
    import duckdb

    from warehouse.home import Home

_BUILD = "needs stars: `hotstars ingest ...`, `hotstars build`"
_SLAM = "needs `hotstars train slam`, `hotstars build`"
_CHECK = "needs `hotstars check-slam`, which keeps its scores"
_MAGNITUDE = "needs `hotstars train absolute-magnitude`, `hotstars build`"
_APOGEE = "needs `hotstars ingest apogee DIR`, `hotstars train apogee-net`, `hotstars build`"

#: Figures of the papers that are redrawn, and what each needs.
WANTED: dict[str, dict[str, str]] = {
    "Wang+2022": {
        **dict.fromkeys(("2", "7", "8", "9", "10", "A1", "A2"), _BUILD),
        "6": "needs `hotstars train be-classifier`",
    },
    "Xiang+2021": dict.fromkeys(("3", "5", "8", "10", "11", "12"), _MAGNITUDE),
    "Guo+2021": {"3": _CHECK, "4": _CHECK, "7": _SLAM, "9": _SLAM},
    "Sprague+2022": dict.fromkeys(("5", "6", "7"), _APOGEE),
}


def draw_all(
    connection: duckdb.DuckDBPyConnection, home: Home, settings: Settings, folder: Path
) -> list[Drawn]:
    """Draw what the warehouse holds.

    Parameters
    ----------
    connection, home
        To a built warehouse; for the models and checks.
    settings
        Vars of the last rebuild.
    folder
        Of the pictures.
    """
    drawn = []
    for name, function in WANG:
        one = function(connection, settings, folder / f"{name}.png")
        if one is not None:
            drawn.append(one)
    drawn += _of_models(home, folder)
    drawn += _distances(connection, home, folder)
    drawn += _slam_scores(home, folder)
    drawn += _slam(connection, folder)
    drawn += _apogee(connection, folder)
    return sorted(drawn, key=_place)


def not_drawn(drawn: Sequence[Drawn]) -> list[str]:
    """Return a line for each figure of the papers that is wanted and not drawn.

    Parameters
    ----------
    drawn
        Those that are.
    """
    there = {(paper, number) for one in drawn for paper, number in _numbers(one)}
    return [
        f"{paper}, figure {number}: {needs}"
        for paper, figures in WANTED.items()
        for number, needs in figures.items()
        if (paper, number) not in there
    ]


def _numbers(one: Drawn) -> list[tuple[str, str]]:
    paper, _, rest = one.paper.partition(", figure")
    return [(paper, number) for number in re.findall(r"\b(A?\d+)\b", rest)]


def _place(one: Drawn) -> tuple[int, int, str]:
    """Papers in their order, their figures in theirs, what is ours after them."""
    names = list(WANTED)
    paper = one.paper.partition(",")[0]
    numbers = [number for _, number in _numbers(one)]
    first = min((int(n.replace("A", "10")) for n in numbers), default=999)
    return (names.index(paper) if paper in names else len(names), first, one.file)


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


def _distances(connection: duckdb.DuckDBPyConnection, home: Home, folder: Path) -> list[Drawn]:
    from hotstars.check_distances import draw

    if "marts.ob_distances" not in built(connection):
        return []
    n, n_magnitudes, simulated = connection.execute(
        "select count(*), count(m_ks), count(*) filter (where survey like 'SIM%') "
        "from marts.ob_distances"
    ).fetchall()[0]
    if not n:
        return []
    told = {
        "emission.png": ("H-alpha excess", "Limits of the emission model.",
                         "Xiang+2021, figure 3"),
        "magnitudes.png": ("Absolute magnitudes", "Spectroscopic against geometric.",
                           "Xiang+2021, figure 5"),
        "parallax_excess.png": ("Excess of the spectroscopic parallax",
                                "Two equal stars are brighter, and seem nearer.",
                                "Xiang+2021, figure 10"),
        "distances.png": ("Distances and their errors", "Best visit of each star.",
                          "Xiang+2021, figure 11"),
        "plane.png": ("In the Galactic plane", "Best visit of each star.",
                      "Xiang+2021, figure 12"),
        "true_distances.png": ("Distances against the truth", "Simulated stars.", "ours"),
    }  # fmt: skip
    by_spectrum = {"emission.png", "magnitudes.png", "parallax_excess.png"}
    paths = draw(connection, home, {"catalogue": {"n_simulated": simulated}}, folder)
    return [
        Drawn(path.name, *told[path.name])
        for path in paths
        if path.name in told and (n_magnitudes or path.name not in by_spectrum)
    ]


def _slam_scores(home: Home, folder: Path) -> list[Drawn]:
    from hotstars.kept_scores import kept_scores
    from hotstars.slam_plots import draw_scores
    from hotstars.slam_scores import CROSS_VALIDATION, UNSEEN

    kept = kept_scores(home)
    drawn = []
    for check, file, title, figure in (
        (CROSS_VALIDATION, "slam_scatter.png", "SLAM by cross-validation", "figure 3"),
        (UNSEEN, "slam_sizes.png", "SLAM by size of the training set", "figure 4"),
    ):
        scores = [item for item in kept if item.check == check]
        if scores:
            name = draw_scores(scores, folder / file).name
            caption = "Scatter and bias of labels of model spectra against S/N."
            drawn.append(Drawn(name, title, caption, f"Guo+2021, {figure}"))
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


def _apogee(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Drawn]:
    from hotstars.apogee_plots import draw_kiel, draw_truth, draw_types
    from hotstars.check_apogee import read_checked

    if "marts.apogee_labels" not in built(connection):
        return []
    stars = read_checked(connection)
    if not len(stars["apogee_id"]):
        return []
    return [
        Drawn(
            draw(stars, folder / f"apogee_{name}.png").name, title, caption, f"Sprague+2022, {of}"
        )
        for draw, name, title, caption, of in (
            (draw_kiel, "kiel", "Near-infrared labels", "Coloured by S/N.", "figure 5"),
            (draw_truth, "truth", "Near-infrared labels against the truth",
             "The paper compares with its first version; simulated stars have a truth.",
             "figure 6"),
            (draw_types, "types", "Teff against spectral type", "Hot stars of the literature.",
             "figure 7"),
        )
    ]  # fmt: skip
