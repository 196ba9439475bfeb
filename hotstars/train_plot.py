"""Draw what a classifier's scores are made of, and its worst mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hotstars.plot import BLUE, GREEN, GREY, RED
from ingest.simulation.profiles import PROFILES
from ingest.simulation.training_set import TrainingSet
from ml.halpha.calibration import reliability
from ml.halpha.scores import auc, confusion, roc_curve
from ml.halpha.window import WAVELENGTH

#: Worst mistakes that are shown, half of either kind.
N_MISTAKES = 12


def draw_scores(
    data: TrainingSet, probability: NDArray[np.floating], path: Path, version: str
) -> None:
    """Write a PNG of held-out spectra: confusion, ROC, reliability, worst mistakes.

    Parameters
    ----------
    data
        Held-out spectra.
    probability : (n,)
        Of emission, calibrated.
    path
        Of the PNG; it appears when it is whole.
    version
        Of the model, for the title.
    """
    figure = Figure(figsize=(13, 12), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(f"be-classifier {version}: held-out SIMULATED stars")
    layout: Any = [
        ["confusion", "confusion", "roc", "roc", "reliability", "reliability"],
        *([f"{6 * row + column}" for column in range(6)] for row in range(2)),
    ]
    axes = figure.subplot_mosaic(layout)
    _confusion(axes["confusion"], data, probability)
    _roc(axes["roc"], data, probability)
    _reliability(axes["reliability"], data, probability)
    for number, row in enumerate(worst(data.label, probability)):
        _mistake(axes[f"{number}"], data, probability, row)
    for number in range(N_MISTAKES):
        if not axes[f"{number}"].has_data():
            axes[f"{number}"].set_axis_off()
    building = path.with_name(f".{path.name}")
    canvas.print_png(building)
    building.replace(path)


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
        axes.text(column, row, f"{count:,d}", ha="center", va="center", fontsize=16)
    axes.set_xticks([0, 1], ["taken for emission", "not"])
    axes.set_yticks([0, 1], ["emission\nseen", "none\nseen"])
    axes.set_title(f"accuracy {counts.accuracy:.4f} ({len(data):,d} spectra)")


def _roc(axes: Axes, data: TrainingSet, probability: NDArray[np.floating]) -> None:
    for survey, colour in (("SIM-MRS", BLUE), ("SIM-LRS", RED)):
        rows = data.survey == survey
        if len(np.unique(data.label[rows])) < 2:
            continue
        false_rate, true_rate, _ = roc_curve(data.label[rows], probability[rows])
        area = auc(data.label[rows], probability[rows])
        axes.plot(false_rate, true_rate, color=colour, label=f"{survey}, area {area:.4f}")
    axes.set_xlim(-0.005, 0.3)
    axes.set_ylim(0.7, 1.005)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate (completeness)")
    axes.set_title("ROC, its upper left corner")
    axes.legend(loc="lower right", frameon=False)


def _reliability(axes: Axes, data: TrainingSet, probability: NDArray[np.floating]) -> None:
    table = reliability(data.label, probability)
    filled = table.count > 0
    axes.plot([0, 1], [0, 1], color=GREY, lw=1)
    axes.scatter(
        table.said[filled], table.true[filled], s=12 + 2 * np.sqrt(table.count[filled]), color=GREEN
    )
    for said, true, count in zip(
        table.said[filled], table.true[filled], table.count[filled], strict=True
    ):
        axes.annotate(f" {count}", (said, true), fontsize=8)
    axes.set_xlabel("mean probability of emission")
    axes.set_ylabel("part with emission")
    axes.set_title(f"reliability, expected error {table.expected_error:.3f}")


def _mistake(axes: Axes, data: TrainingSet, probability: NDArray[np.floating], row: int) -> None:
    axes.plot(WAVELENGTH, data.windows[row], lw=0.8, color=BLUE if data.label[row] else RED)
    axes.tick_params(labelsize=7)
    truth = "missed" if data.label[row] else "taken for it"
    axes.set_title(
        f"{truth}: {PROFILES[data.profile[row]]}\n{data.kind[row]}, {data.survey[row]}, "
        f"S/N {data.snr[row]:.0f}, p = {probability[row]:.2f}",
        fontsize=6.5,
    )
