"""Figures of Guo et al. (2021), from the catalogues of SLAM and the scores that are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotstars.checks.kept_scores import kept_scores
from hotstars.checks.slam_marts import AGAINST_TRUTH, LABELS, both_query
from hotstars.checks.slam_scores import CROSS_VALIDATION, UNSEEN
from hotstars.figures import slam as slam_plots
from hotstars.figures.panels import Plate
from hotstars.figures.style import SIMULATED, mark_of
from hotstars.report.drawn import Wanted
from hotstars.report.source import Source

_SLAM = "`hotstars train slam`, then `hotstars build`"
_CHECK = "`hotstars check-slam`, which keeps its scores"

#: Least S/N of figure 9 as published, and ours where so few stars have it.
BOTH_SNR, LOW_SNR, FEW = 100.0, 30.0, 10


def _scores(check: str) -> Callable[[Source], Plate | None]:
    def run(source: Source) -> Plate | None:
        shown = [item for item in kept_scores(source.home) if item.check == check]
        if not shown:
            return None
        simulated = any(item.simulated for item in shown)
        return slam_plots.scores(shown, SIMULATED if simulated else None)

    return run


def _labels(source: Source) -> Any:
    """Return the relation of all labels; None where there are none."""
    if not {"marts.slam_lrs_labels", "marts.slam_mrs_labels"} <= source.relations:
        return None
    labels = source.connection.sql(LABELS)
    return labels if labels.limit(1).fetchall() else None


def _nodes(source: Source) -> dict[str, Any]:
    return source.columns("select grid, teff, logg, m_h from raw.model_grid_spectrum")


def _models(source: Source) -> list[str]:
    return [str(source.settings[f"slam_{one}_model"]) for one in ("mrs", "lrs")]


def _mark(source: Source, survey: Any) -> str | None:
    return mark_of(survey, by_simulated=source.is_simulated(*_models(source)))


def _ranges(source: Source) -> Any:
    """Return the range of the training set by the models' cards; None without a model."""
    cards = [source.cards[name] for name in _models(source) if name in source.cards]
    return cards[0].get("ranges") if cards else None


def kiel(source: Source) -> Plate | None:
    """Figure 7."""
    labels = _labels(source)
    nodes = _nodes(source)
    if labels is None or not len(nodes["teff"]):
        return None
    arrays = labels.fetchnumpy()
    return slam_plots.kiel(arrays, nodes, _mark(source, arrays["survey"]), _ranges(source))


def both(source: Source) -> Plate | None:
    """Figure 9."""
    labels = _labels(source)
    nodes = _nodes(source)
    if labels is None or not len(nodes["teff"]):
        return None
    survey = labels.project("survey").fetchnumpy()["survey"]
    for least, enough in ((BOTH_SNR, FEW), (LOW_SNR, 1)):
        stars = labels.query("labels", both_query(source.connection, least)).fetchnumpy()
        if len(stars["designation"]) >= enough:
            return slam_plots.both(stars, nodes, least, _mark(source, survey), _ranges(source))
    return None


def against_truth(source: Source) -> Plate | None:
    """Labels of simulated stars against what was put in."""
    labels = _labels(source)
    if labels is None or "truth.stars" not in source.relations:
        return None
    compared = labels.query("labels", AGAINST_TRUTH).fetchnumpy()
    if not slam_plots.against_truth_is_there(compared):
        return None
    return slam_plots.against_truth(compared, SIMULATED)


FIGURES = tuple(
    Wanted("guo2021", number, name, title, needs, function)
    for number, name, title, needs, function in (
        ("3", "guo2021_figure_3", "Cross-validation", _CHECK, _scores(CROSS_VALIDATION)),
        ("4", "guo2021_figure_4", "Size of the training set", _CHECK, _scores(UNSEEN)),
        ("7", "guo2021_figure_7", "Labels of all spectra", _SLAM, kiel),
        ("9", "guo2021_figure_9", "Low against medium resolution", _SLAM, both),
        ("", "guo2021_truth", "Labels against the truth", _SLAM, against_truth),
    )
)
"""All of them, in the paper's order; ours come after."""
