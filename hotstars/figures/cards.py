"""Figures of a model from its card: confusion, calibration, training, scores against S/N."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hotstars.figures.panels import Plate, legend_above
from hotstars.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    PAGE,
    RED,
    new_figure,
    styled,
)

#: Of the published network (Wang+2022, figure 6), in the order of :func:`confusion`.
PUBLISHED = (209, 0, 2, 205)

#: A label of SLAM's cards, its symbol and unit.
_SLAM = (
    ("teff", r"$T_\mathrm{eff}$ (K)"),
    ("logg", r"$\log g$ (dex)"),
    ("m_h", "[M/H] (dex)"),
    ("vsini", r"$v\,\sin i$ (km s$^{-1}$)"),
)


@styled
def confusion(card: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw what a classifier makes of spectra that it has not seen (Wang+2022, figure 6).

    Parameters
    ----------
    card
        Of a classifier: ``scores`` with ``all.confusion``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    counts = card["scores"]["all"]["confusion"]
    table = np.array([
        [counts["true_positive"], counts["false_negative"]],
        [counts["false_positive"], counts["true_negative"]],
    ])  # fmt: skip
    figure = new_figure(COLUMN, 2.9, mark)
    axes = figure.subplots()
    part = table / table.sum(axis=1, keepdims=True).clip(1)
    axes.imshow(part, cmap="Blues", vmin=0, vmax=1.5)
    for (row, column), count in np.ndenumerate(table):
        axes.text(column, row, f"{count:,d}\n{100 * part[row, column]:.1f} %", ha="center",
                  va="center", fontsize=11)  # fmt: skip
        axes.text(column - 0.46, row - 0.36, (("TP", "FN"), ("FP", "TN"))[row][column], fontsize=8)
    axes.minorticks_off()
    axes.tick_params(length=0)
    axes.set_xticks([0, 1], ["emission", "no emission"])
    axes.set_yticks([0, 1], ["emission", "no emission"], rotation=90, va="center")
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    accuracy = card["scores"]["all"]["accuracy"]["value"]
    return Plate(
        figure,
        f"{table.sum():,d} validation spectra of {card['name']} {card['version']}: rows are what "
        "was seen or put in, columns what the network says, per cent of the row below the counts. "
        f"Accuracy {100 * accuracy:.1f} % (published: TP {PUBLISHED[0]}, FN {PUBLISHED[1]}, FP "
        f"{PUBLISHED[2]}, TN {PUBLISHED[3]}, 99.5 %).",
    )


@styled
def calibration(card: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw the part with emission against the stated probability.

    Parameters
    ----------
    card
        Of a classifier: ``calibration`` with a ``table``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    from astropy.stats import binom_conf_interval

    rows = [row for row in card["calibration"]["table"] if row["n_spectra"]]
    said, true, n = (
        np.array([row[name] for row in rows]) for name in ("said", "true", "n_spectra")
    )
    low, high = binom_conf_interval(np.round(true * n), n, interval="jeffreys")
    figure = new_figure(COLUMN, 3.0, mark)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8)
    axes.errorbar(
        said, true, [np.maximum(true - low, 0), np.maximum(high - true, 0)], fmt="o", color=BLUE,
        lw=0.9,
    )  # fmt: skip
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    axes.set_box_aspect(1)
    axes.set_xlabel("stated probability of emission")
    axes.set_ylabel("part with emission")
    return Plate(
        figure,
        f"Of {n.sum():,d} validation spectra in bins of the stated probability, the part that has "
        "emission; bars: 68 % intervals of the binomial distribution. Expected calibration error "
        f"{card['calibration']['expected_error']:.3f}.",
    )


@styled
def training(card: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw the loss by epoch.

    Parameters
    ----------
    card
        With a ``history`` of ``number``, ``loss`` and ``validation_loss``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    history = card["history"]
    figure = new_figure(COLUMN, 2.7, mark)
    axes = figure.subplots()
    epoch = [row["number"] for row in history]
    for name, colour, marker, label in (
        ("loss", BLACK, "o", "training"),
        ("validation_loss", RED, "s", "validation"),
    ):
        axes.plot(epoch, [row[name] for row in history], color=colour, marker=marker,
                  mfc="white" if marker == "s" else colour, label=label)  # fmt: skip
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    legend_above(axes)
    return Plate(
        figure,
        f"Loss on training and validation spectra over {len(history)} epochs; the last validation "
        f"loss is {history[-1]['validation_loss']:.3g}.",
    )


@styled
def slam_scores(card: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw scatter and bias of SLAM's labels of unseen spectra against S/N.

    Parameters
    ----------
    card
        Of SLAM: ``scores`` with ``by_snr``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    rows = card["scores"]["by_snr"]
    figure = new_figure(PAGE, 2.1, mark)
    snr = [row["snr"] for row in rows]
    panels = figure.subplots(1, 4)
    for axes, (label, name) in zip(panels, _SLAM, strict=True):
        for what, colour, marker in (("scatter", BLUE, "o"), ("bias", RED, "s")):
            axes.plot(snr, _numbers(rows, what, label), color=colour, marker=marker,
                      mfc="white" if marker == "s" else colour, label=what)  # fmt: skip
        axes.axhline(0.0, color=GREY, lw=0.6)
        axes.set_xlabel("S/N of a pixel")
        axes.set_title(name, fontsize=8.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return Plate(
        figure,
        f"Root mean square (circles) and mean (squares) of found minus true labels of "
        f"{card['scores']['of']}.",
    )


@styled
def magnitude_scores(card: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw median and scatter of spectroscopic minus geometric magnitudes, by S/N.

    Parameters
    ----------
    card
        Of a network of Xiang+2021: ``scores`` by part of the test stars.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    bins = sorted(
        ((name.removeprefix("snr "), row) for name, row in card["scores"].items()
         if name.startswith("snr ") and row["n"]),
        key=lambda one: float(one[0].partition("-")[0]),
    )  # fmt: skip
    figure = new_figure(COLUMN, 2.6, mark)
    axes = figure.subplots()
    _ranges(axes, [name.replace("-inf", "+").replace("-", "–") for name, _ in bins],
            [row for _, row in bins])  # fmt: skip
    axes.set_xlabel("S/N in g")
    axes.set_ylabel(r"$\Delta M_{K_s}$ (mag)")
    whole = card["scores"]["single"]
    return Plate(
        figure,
        "Spectroscopic minus geometric M_Ks of test stars by S/N: median, and half the width of "
        f"the distribution as bars; numbers: spectra. Single stars: {whole['median']:+.2f} ± "
        f"{whole['scatter']:.2f} mag ({whole['n']:,d}).",
    )


@styled
def label_scores(card: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw median and scatter of near-infrared labels of test stars, by Teff.

    Parameters
    ----------
    card
        Of APOGEE Net: ``scores`` with ``by_teff``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 2.6, mark)
    names = [name for name in card["scores"]["by_teff"] if name != "all"]
    names.sort(key=_first_number)
    for axes, (label, symbol) in zip(
        figure.subplots(1, 3),
        (("log_teff", r"$\log T_\mathrm{eff}$"), ("logg", r"$\log g$"), ("fe_h", "[Fe/H]")),
        strict=True,
    ):
        rows = [card["scores"]["by_teff"][name][label] for name in names]
        _ranges(axes, [name.replace(" K", "").replace(",000", "k").replace(",500", ".5k")
                       .replace("-", "–") for name in names], rows)  # fmt: skip
        axes.tick_params(axis="x", labelrotation=35)
        axes.set_ylabel(f"$\\Delta$ {symbol} (dex)")
    return Plate(
        figure,
        "Found minus true labels of test stars by Teff (K): median, and the scatter as bars; "
        "numbers: stars.",
    )


def _ranges(axes: Axes, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw medians with their scatter, side by side."""
    there = [(n, row) for n, row in enumerate(rows) if row["n"] and row["median"] is not None]
    axes.axhline(0.0, color=GREY, lw=0.6)
    for n, row in there:
        axes.errorbar(n, row["median"], row["scatter"], fmt="o", color=BLUE)
        axes.annotate(f"{row['n']:,d}", (n, row["median"]), (4, 2), textcoords="offset points",
                      fontsize=7, color=GREY)  # fmt: skip
    axes.set_xticks(range(len(names)), names, fontsize=7)
    axes.set_xlim(-0.6, max(len(names), 1) - 0.3)
    axes.tick_params(axis="x", which="minor", length=0)


def _first_number(name: str) -> float:
    digits = "".join(c for c in name.split("-", maxsplit=1)[0] if c.isdigit())
    return float(digits) - name.startswith("below") if digits else 0.0


def _numbers(rows: Sequence[Mapping[str, Any]], what: str, label: str) -> list[float]:
    return [np.nan if row[what][label] is None else float(row[what][label]) for row in rows]
