"""Printed numbers that follow from other printed numbers, by the warehouse's own functions."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np

from hotstars.project import PROJECT
from hotstars.scorecard.scores import Score


def formula_scores() -> list[Score]:
    """Return the lines that need neither archives nor dbt."""
    return [*_classifier(), *_lb_1(), *_hot_star_labels(), *_network()]


def _classifier() -> Iterator[Score]:
    from ml.halpha.scores import Confusion

    printed = Confusion(true_positive=209, false_negative=0, false_positive=2, true_negative=205)
    yield Score(
        "wang2022", "Figure 6", "accuracy that follows from the printed confusion matrix (%)", 99.5,
        100 * printed.accuracy, 0.05, "`ml.halpha.scores`", digits=1,
    )  # fmt: skip


def _lb_1() -> Iterator[Score]:
    """The width of LB-1's distance; its mode needs Ks and the reddening, which are not printed."""
    from hotstars.checks.distances import LB_1, lb_1

    found = lb_1()
    note = (
        "From the printed error of M_Ks, 0.30 mag, alone; the printed interval is narrower than "
        "that error makes it"
    )
    for name, quantity, printed in (
        ("p16", "lower error of LB-1's distance (kpc)", 0.15),
        ("p84", "upper error of LB-1's distance (kpc)", 0.24),
    ):
        yield Score("xiang2021", "section 8", quantity, printed, abs(found[name] - LB_1[2]), 0.02,
                    "`hotstars check-distances`", note, 2)  # fmt: skip


def _hot_star_labels() -> Iterator[Score]:
    """Numbers of spectral types, and the labels of the printed star with a type, B2 V."""
    from ml.apogee.hot_star_labels import HotStarLabels
    from ml.spectral_types import parse_spectral_type, parse_spectral_types

    for text, number in (("B2.5V", 12.5), ("O5V", 5.0), ("A0V", 20.0), ("F0V", 30.0)):
        found = parse_spectral_type(text).numeric_type
        yield Score("sprague2022", "section 3.1", f"number of type {text}", number, found, 0.0,
                    "`ml.spectral_types`", digits=1)  # fmt: skip
    yield Score("sprague2022", "section 3.1", "number of class IV-V", 4.5,
                parse_spectral_type("B3IV-V").luminosity_class, 0.0,
                "`ml.spectral_types`", digits=1)  # fmt: skip
    with (PROJECT / "constants" / "hot_star_calibration.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    parsed = parse_spectral_types(np.array([row["spectral_type"] for row in rows]))
    teff, logg = (
        np.array([float(row[name] or "nan") for row in rows]) for name in ("teff", "logg")
    )
    labels = HotStarLabels.of(parsed["numeric_type"], parsed["luminosity_class"], teff, logg)
    star = parse_spectral_type("B2V")
    kind, luminosity = np.array([star.numeric_type]), np.array([star.luminosity_class])
    note = "Learnt from other calibrations: those of the paper are not printed"
    for quantity, regression, printed, tolerance in (
        ("log Teff that B2 V is taken for (dex)", labels.log_teff, 4.306, 0.02),
        ("log g that B2 V is taken for (dex)", labels.logg, 4.04, 0.1),
    ):
        value = regression(kind, luminosity)
        yield Score("sprague2022", "Table 1", quantity, printed, float(value[0]), tolerance,
                    "`ml.apogee.hot_star_labels`", note, 3)  # fmt: skip


def _network() -> Iterator[Score]:
    from ml.apogee.network import ApogeeNetwork
    from ml.torch_setup import torch

    network = ApogeeNetwork()
    first = next(
        m for m in network.modules() if isinstance(m, torch.nn.Linear) and m.out_features == 512
    )
    yield Score(
        "sprague2022", "appendix A", "inputs of the first dense layer, 64 x 133 and 64", 8576.0,
        float(first.in_features), 0.0, "`ml.apogee.network`",
    )  # fmt: skip
