"""Draw what a classifier's scores are made of, and its worst mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from hotstars.figures.panels import Plate
from hotstars.figures.style import BLUE, GREEN, GREY, PAGE, RED, new_figure, styled
from ingest.simulation.profiles import PROFILES
from ingest.simulation.training_set import TrainingSet
from ml.halpha.calibration import reliability
from ml.halpha.scores import auc, confusion, roc_curve
from ml.halpha.window import WAVELENGTH

#: Worst mistakes that are shown, half of either kind.
N_MISTAKES = 12

#: Of them beside each other.
COLUMNS = N_MISTAKES // 2


@styled
def held_out(
    data: TrainingSet, probability: NDArray[np.floating], version: str, mark: str | None
) -> Plate:
    """Draw what is made of held-out spectra: confusion, ROC, reliability, worst mistakes.

    Parameters
    ----------
    data
        Held-out spectra.
    probability : (n,)
        Of emission, calibrated.
    version
        Of the model, for the caption.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 6.6, mark)
    layout: Any = [
        ["confusion", "confusion", "roc", "roc", "reliability", "reliability"],
        *([f"{COLUMNS * row + column}" for column in range(COLUMNS)] for row in range(2)),
    ]
    axes = figure.subplot_mosaic(layout, height_ratios=(1.25, 1, 1))
    _confusion(axes["confusion"], data, probability)
    _roc(axes["roc"], data, probability)
    _reliability(axes["reliability"], data, probability)
    shown = worst(data.label, probability)
    for number, row in enumerate(shown):
        _mistake(axes[f"{number}"], data, probability, row)
        if number % COLUMNS == 0:
            axes[f"{number}"].set_ylabel("flux / continuum", fontsize=6.5)
        if number + COLUMNS >= len(shown):
            axes[f"{number}"].set_xlabel("vacuum wavelength (Å)", fontsize=6.5)
    for number in range(len(shown), N_MISTAKES):
        axes[f"{number}"].set_axis_off()
    return Plate(
        figure,
        f"{len(data):,d} spectra of stars that be-classifier {version} has not seen. Above: counts "
        "of what is seen (rows) and said (columns); the upper left corner of the ROC curve; the "
        "part with emission against the stated probability. Below: its surest mistakes, emission "
        "missed (blue) and absorption taken for it (red): flux over the continuum about Hα against "
        "vacuum wavelength.",
    )


def worst(label: NDArray[Any], probability: NDArray[np.floating]) -> list[int]:
    """Return rows of the surest mistakes: emission missed, then absorption taken for it."""
    half = N_MISTAKES // 2
    missed = np.flatnonzero((label == 1) & (probability < 0.5))
    wrong = np.flatnonzero((label == 0) & (probability >= 0.5))
    first = missed[np.argsort(probability[missed])][:half]
    second = wrong[np.argsort(-probability[wrong])][:half]
    return [int(row) for row in (*first, *second)]


def _confusion(axes: Axes, data: TrainingSet, probability: NDArray[np.floating]) -> None:
    counts = confusion(data.label, probability)
    table = np.array(
        [
            [counts.true_positive, counts.false_negative],
            [counts.false_positive, counts.true_negative],
        ]
    )
    axes.imshow(table / table.sum(axis=1, keepdims=True).clip(1), cmap="Blues", vmin=0, vmax=1.4)
    for (row, column), count in np.ndenumerate(table):
        axes.text(column, row, f"{count:,d}", ha="center", va="center", fontsize=11)
    axes.minorticks_off()
    axes.tick_params(length=0)
    axes.set_xticks([0, 1], ["emission", "none"])
    axes.set_yticks([0, 1], ["emission", "none"], rotation=90, va="center")
    axes.set_xlabel("said")
    axes.set_ylabel("seen")
    axes.set_title(f"accuracy {counts.accuracy:.3f}")


def _roc(axes: Axes, data: TrainingSet, probability: NDArray[np.floating]) -> None:
    for survey, colour in (("SIM-MRS", BLUE), ("SIM-LRS", RED)):
        rows = data.survey == survey
        if len(np.unique(data.label[rows])) < 2:
            continue
        false_rate, true_rate, _ = roc_curve(data.label[rows], probability[rows])
        area = auc(data.label[rows], probability[rows])
        axes.plot(
            false_rate,
            true_rate,
            color=colour,
            ls="-" if survey == "SIM-MRS" else "--",
            label=f"{survey}, {area:.4f}",
        )
    axes.set_xlim(-0.005, 0.3)
    axes.set_ylim(0.7, 1.005)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("completeness")
    axes.legend(loc="lower right")


def _reliability(axes: Axes, data: TrainingSet, probability: NDArray[np.floating]) -> None:
    table = reliability(data.label, probability)
    filled = table.count > 0
    axes.plot([0, 1], [0, 1], color=GREY, lw=1)
    area = 12 + 2 * np.sqrt(table.count[filled])
    axes.scatter(table.said[filled], table.true[filled], s=area, color=GREEN)
    for said, true, count, side in zip(
        table.said[filled], table.true[filled], table.count[filled], np.sqrt(area), strict=True
    ):
        # over or under the point, towards the middle: neither frame nor neighbour is touched
        way = 1 if true < 0.5 else -1
        axes.annotate(
            f"{count}", (said, true), (0, way * (side / 2 + 1)), textcoords="offset points",
            ha="center", va="bottom" if way > 0 else "top", fontsize=6.5,
        )  # fmt: skip
    axes.set(xlim=(-0.08, 1.08), ylim=(-0.08, 1.08))
    axes.set_xlabel("stated probability")
    axes.set_ylabel("part with emission")
    axes.set_title(f"expected error {table.expected_error:.3f}")


def _mistake(axes: Axes, data: TrainingSet, probability: NDArray[np.floating], row: int) -> None:
    axes.plot(WAVELENGTH, data.windows[row], lw=0.6, color=BLUE if data.label[row] else RED)
    axes.tick_params(labelsize=6)
    axes.xaxis.set_major_locator(MultipleLocator(20.0))
    axes.minorticks_off()
    truth = "missed" if data.label[row] else "taken for it"
    axes.set_title(
        f"{truth}, p = {probability[row]:.2f}\n{PROFILES[data.profile[row]]}\n"
        f"{data.kind[row]}, {data.survey[row]}, S/N {data.snr[row]:.0f}",
        fontsize=5.5,
    )
