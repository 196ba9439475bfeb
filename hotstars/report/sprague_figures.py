"""Figures of Sprague et al. (2022), redrawn from the near-infrared labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotstars.checks.apogee import read_checked, training_told, unseen_stars
from hotstars.figures import apogee as apogee_plots
from hotstars.figures.panels import Plate
from hotstars.figures.style import mark_of
from hotstars.report.drawn import Wanted
from hotstars.report.source import Source
from hotstars.training.names import APOGEE_NET

_APOGEE = "`hotstars ingest apogee DIR`, `hotstars train apogee-net`, then `hotstars build`"
_TABLE = "`hotstars ingest apogee_allstar FILE`, for labels to compare with, then `hotstars build`"
_TYPES = "`hotstars ingest skiff2014 FILE` or another list of types, then `hotstars build`"


def _stars(source: Source, *, unseen: bool) -> tuple[dict[str, Any], str | None] | None:
    """Return the stars and the figure's word; None where there are none."""
    if "marts.apogee_labels" not in source.relations:
        return None
    stars: dict[str, Any] = read_checked(source.connection)
    word = mark_of(stars["survey"], by_simulated=source.is_simulated(APOGEE_NET))
    if unseen:
        chosen = unseen_stars(source.home.models, stars)
        stars = {name: values[chosen] for name, values in stars.items()}
    return (stars, word) if len(stars["apogee_id"]) else None


def kiel(source: Source) -> Plate | None:
    """Figure 5."""
    found = _stars(source, unseen=False)
    if found is None or not np.isfinite(found[0]["log_teff"]).any():
        return None
    return apogee_plots.kiel(found[0], training_told(source.home.models), found[1])


def training_labels(source: Source) -> Plate | None:
    """Figure 6."""
    found = _stars(source, unseen=True)
    if found is None:
        return None
    both = np.isfinite(found[0]["training_log_teff"]) & np.isfinite(found[0]["log_teff"])
    if not both.any():
        return None
    return apogee_plots.training_labels(found[0], training_told(source.home.models), found[1])


def types(source: Source) -> Plate | None:
    """Figure 7."""
    found = _stars(source, unseen=False)
    if found is None or not np.isfinite(found[0]["numeric_type"]).any():
        return None
    plate = apogee_plots.types(*found)
    seen = not unseen_stars(source.home.models, found[0]).all()
    told = " Stars that taught the network are among them." if seen else ""
    return Plate(plate.figure, plate.caption + told)


def against_truth(source: Source) -> Plate | None:
    """Labels of simulated stars against what was put in."""
    found = _stars(source, unseen=True)
    if found is None or not np.isfinite(found[0]["true_log_teff"]).any():
        return None
    return apogee_plots.against_truth(*found)


FIGURES = tuple(
    Wanted("sprague2022", number, name, title, needs, function)
    for number, name, title, needs, function in (
        ("5", "sprague2022_figure_5", "Teff and log g of all stars", _APOGEE, kiel),
        ("6", "sprague2022_figure_6", "Predictions against training labels", _TABLE,
         training_labels),
        ("7", "sprague2022_figure_7", "Spectral types", _TYPES, types),
        ("", "sprague2022_truth", "Labels against the truth", _APOGEE, against_truth),
    )
)  # fmt: skip
"""All of them, in the paper's order; ours come after."""
