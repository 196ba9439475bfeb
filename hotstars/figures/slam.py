"""Figures 3, 4, 7 and 9 of Guo et al. (2021), and SLAM's labels against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from hotstars.checks.slam_scores import CROSS_VALIDATION, PUBLISHED, Scores
from hotstars.figures.panels import (
    Group,
    Plate,
    comparison,
    comparison_height,
    limits,
    n_outside,
    tell_outside,
    told_spread,
)
from hotstars.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PAGE,
    RED,
    new_figure,
    styled,
)
from ml.slam.training_set import LABELS, VSINI_RANGE

#: Symbol, unit and digits of each label.
NAMES = (
    (r"$T_\mathrm{eff}$", "K", 0),
    (r"$\log g$", "dex", 2),
    ("[M/H]", "dex", 2),
    (r"$v\,\sin i$", "km s$^{-1}$", 0),
)
WORDS = ("Teff", "log g", "[M/H]", "v sin i")

_SURVEY = {"LRS": (RED, "s", "low"), "MRS": (BLUE, "*", "medium")}
_SIZES = ((RED, "-"), (BLUE, "--"), (BLACK, ":"), (GREEN, "-."))

Columns = Mapping[str, NDArray[Any]]

#: Least and greatest value of each label.
Ranges = Mapping[str, Sequence[float]]


@styled
def scores(shown: Sequence[Scores], mark: str | None) -> Plate:
    """Draw scatter and bias of each label against S/N (figures 3 and 4).

    Parameters
    ----------
    shown
        Of one check. Of cross-validation also the bias is drawn; of unseen spectra lines tell
        sizes of the training set apart.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 4.8, mark)
    validated = shown[0].check == CROSS_VALIDATION
    sizes = sorted({item.n_spectra for item in shown})
    for label, axes in enumerate(figure.subplots(2, 2, sharex=True).ravel()):
        for survey, size in sorted({(item.survey, item.n_spectra) for item in shown}):
            rows = [item for item in shown if (item.survey, item.n_spectra) == (survey, size)]
            colour, marker, _ = _SURVEY[survey]
            style = "-"
            if not validated:
                colour, style = _SIZES[sizes.index(size) % len(_SIZES)]
            _lines(axes, rows, label, colour, marker, style, validated)
        _published(axes, shown, label)
        axes.axhline(0.0, color=GREY, lw=0.6)
        axes.text(0.96, 0.93, f"({'abcd'[label]})", transform=axes.transAxes, ha="right", va="top")
        axes.set_ylabel(f"{NAMES[label][0]} ({NAMES[label][1]})")
        if label > 1:
            axes.set_xlabel("S/N of a pixel")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=3)
    first = shown[0]
    best = "; ".join(
        f"{item.survey} of {item.n_spectra:,d} spectra "
        + ", ".join(
            f"{item.scatter[k]:.{digits}f} {unit}" if np.isfinite(item.scatter[k]) else "no [M/H]"
            for k, (digits, unit) in enumerate(((0, "K"), (3, "dex"), (3, "dex"), (1, "km/s")))
        )
        for item in shown
        if item.snr == max(one.snr for one in shown)
    )
    what = (
        "Scatter (solid) and bias (dashed) of labels in cross-validation against S/N; dotted: 1.48 "
        "times the median absolute deviation, the scatter without rare failures."
        if validated
        else "Scatter of labels of unseen spectra against S/N, by the size of the training set."
    )
    return Plate(
        figure,
        f"{what} Squares: low resolution (LRS), stars: medium (MRS); hollow grey: as published at "
        f"S/N 100. {'SIMULATED ' * first.simulated}grid {first.grid}, {first.generator}. At the "
        f"highest S/N: {best}.",
    )


def _lines(
    axes: Axes, rows: Sequence[Scores], label: int, colour: str, marker: str, style: str,
    validated: bool,
) -> None:  # fmt: skip
    """Draw a survey's lines of one label."""
    survey, snr = rows[0].survey, [item.snr for item in rows]
    size = f", {rows[0].n_spectra:,d} spectra"
    word = f"{survey}{'' if validated else size}: scatter"
    axes.plot(snr, [item.scatter[label] for item in rows], color=colour, marker=marker, ms=5,
              ls=style, label=word)  # fmt: skip
    if validated:
        axes.plot(snr, [item.bias[label] for item in rows], color=colour, marker=marker, ms=5,
                  mfc="white", ls="--", label=f"{survey}: bias")  # fmt: skip
        axes.plot(snr, [item.robust[label] for item in rows], color=colour, ls=":",
                  label=f"{survey}: robust scatter")  # fmt: skip


def _published(axes: Axes, shown: Sequence[Scores], label: int) -> None:
    for survey in sorted({item.survey for item in shown} & set(PUBLISHED)):
        value, marker = PUBLISHED[survey][label], _SURVEY[survey][1]
        if np.isfinite(value):
            axes.plot(100.0, value, marker=marker, ms=10, mfc="none", mec=GREY, ls="none",
                      label=f"{survey}: published")  # fmt: skip


@styled
def kiel(labels: Columns, nodes: Columns, mark: str | None, ranges: Ranges | None = None) -> Plate:
    """Draw log g against Teff of the catalogues, with the range of the training set (figure 7).

    Parameters
    ----------
    labels
        Columns of :data:`hotstars.checks.slam_marts.LABELS`.
    nodes
        ``grid``, ``teff``, ``logg``, ``m_h`` of model spectra.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    ranges
        Least and greatest label of the training set; those of the model spectra without it.
    """
    figure = new_figure(PAGE, 3.3, mark)
    grids = sorted(set(labels["model_grid"]))
    low, high = _ranges(nodes, grids, ranges)
    teff, logg = _plain(labels["teff"]), _plain(labels["logg"])
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    mine = np.isin(nodes["grid"], "+".join(grids).split("+"))
    panels[0].set_xlim(limits(teff, tails=(0.2, 99.8), holds=[low[0], high[0]])[::-1])
    panels[0].set_ylim(limits(logg, tails=(0.2, 99.8), holds=[low[1], high[1]])[::-1])
    told = []
    most = max(
        float(np.max(_cells(panels[0], teff[rows], logg[rows])[0]))
        for rows in (labels["resolution"] == survey for survey in _SURVEY)
    )
    for axes, survey in zip(panels, _SURVEY, strict=True):
        rows = labels["resolution"] == survey
        inside = rows & (labels["flag"] == "I")
        counts, x_edges, y_edges = _cells(axes, teff[rows], logg[rows])
        density = axes.pcolormesh(
            x_edges, y_edges, np.where(counts > 0, counts, np.nan).T, cmap="YlOrBr",
            norm=LogNorm(vmin=0.7, vmax=max(most, 2.0)), zorder=1, rasterized=True,
        )  # fmt: skip
        axes.add_patch(
            Rectangle(
                (low[0], low[1]), high[0] - low[0], high[1] - low[1], fill=False, ec=BLUE, lw=1.1,
                label="range of the training set", zorder=4,
            )
        )  # fmt: skip
        axes.plot(nodes["teff"][mine], nodes["logg"][mine], "+", color=BLACK, ms=4, mew=0.5,
                  ls="none", label="model spectra", zorder=3)  # fmt: skip
        axes.set_title(f"{survey} ({rows.sum():,d} spectra)", loc="right", fontsize=8)
        axes.set_xlabel(r"$T_\mathrm{eff}$ (K)")
        beyond = n_outside(axes, teff[rows], logg[rows])
        tell_outside(axes, beyond)
        told.append(
            f"{survey} {inside.sum():,d} of {rows.sum():,d} spectra inside (flag I)"
            + (f", {beyond:,d} outside the frame" if beyond else "")
        )
    panels[0].set_ylabel(r"$\log g$ (dex)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    bar = figure.colorbar(density, ax=list(panels), label="spectra in a cell", pad=0.01)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    return Plate(
        figure,
        "Labels of every spectrum, number in a cell. Blue: the range of the training set; beyond "
        "it labels are extrapolated. "
        + (f"Crosses: model spectra of {', '.join(grids)}. " if mine.any() else "")
        + f"{'; '.join(told)}. The isochrones of the published figure are not drawn: they are no "
        "part of this project.",
    )


def _cells(axes: Axes, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return how many points lie in each cell of a frame, and the cells' edges."""
    ends = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    fine = np.isfinite(x) & np.isfinite(y)
    return np.histogram2d(x[fine], y[fine], bins=(52, 40), range=ends)


@styled
def both(
    stars: Columns, nodes: Columns, least_snr: float, mark: str | None,
    ranges: Ranges | None = None,
) -> Plate:  # fmt: skip
    """Draw labels of medium resolution against those of low resolution (figure 9).

    Parameters
    ----------
    stars
        Columns of :data:`hotstars.checks.slam_marts.BOTH`.
    nodes
        As for :func:`kiel`; grey is the range of the training set.
    least_snr
        That the spectra have.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    ranges
        As for :func:`kiel`.
    """
    figure = new_figure(5.9, comparison_height(5.9, 2, 2), mark)
    cells = figure.add_gridspec(2, 2)
    low, high = _ranges(nodes, sorted(set(nodes["grid"])), ranges)
    inside = stars["is_inside"].astype(bool)
    told = []
    for column, label in enumerate(LABELS):
        x, y = (_plain(stars[f"{source}_{label}"]) for source in ("lrs", "mrs"))
        symbol, unit, digits = NAMES[column]
        upper, _ = comparison(
            figure, cells[column // 2, column % 2], x, y,
            [Group(~inside, "extrapolated in one or both", RED, "x"),
             Group(inside, "inside both", BLUE, "o")],
            x_name=f"LRS {symbol} ({unit})", y_name=f"MRS {symbol} ({unit})",
            difference_name="MRS − LRS",
            errors=(_plain(stars[f"lrs_{label}_error"]), _plain(stars[f"mrs_{label}_error"])),
        )  # fmt: skip
        for span in (upper.axhspan, upper.axvspan):
            span(low[column], high[column], color=GREY, alpha=0.13, lw=0, zorder=0)
        if column == 0:
            figure.legend(*upper.get_legend_handles_labels(), loc="outside upper left", ncols=2)
        told.append(f"{WORDS[column]} {told_spread((y - x)[inside], digits, _word(unit))}")
    return Plate(
        figure,
        f"{len(stars['designation']):,d} stars with spectra of both resolutions, S/N from "
        f"{least_snr:g} (published: 229 stars, above 100); means over visits. Grey: the range of "
        "the training set. Medium minus low resolution of stars inside both: "
        f"{'; '.join(told) if inside.any() else 'there are none'}.",
    )


@styled
def against_truth(compared: Columns, mark: str | None) -> Plate:
    """Draw labels of simulated stars against what was put in, spectra with flag I.

    Parameters
    ----------
    compared
        Columns of :data:`hotstars.checks.slam_marts.AGAINST_TRUTH`.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, comparison_height(PAGE, 4, 2), mark)
    cells = figure.add_gridspec(2, 4)
    told = []
    for row, survey in enumerate(_SURVEY):
        chosen = (compared["flag"] == "I") & (compared["resolution"] == survey)
        plain = compared["is_plain"].astype(bool)[chosen]
        for column, label in enumerate(LABELS):
            true, found = (_plain(compared[name])[chosen] for name in (f"true_{label}", label))
            scale, (symbol, unit, digits) = 1.0, NAMES[column]
            if label == "teff":
                scale, unit = 1e-3, "kK"
            upper, _ = comparison(
                figure, cells[row, column], true * scale, found * scale,
                [Group(~plain, "Be, pairs, supergiants and others", RED, "x"),
                 Group(plain, "one B or O star", BLUE, "o")],
                x_name=f"true {symbol} ({unit})",
                y_name=survey if column == 0 else "", difference_name=r"$\Delta$",
            )  # fmt: skip
            if row == column == 0:
                handles = upper.get_legend_handles_labels()
                words = [word.rpartition(" (")[0] for word in handles[1]]
                figure.legend(handles[0], words, loc="outside upper left", ncols=2)
            told.append(
                f"{survey} {WORDS[column]} "
                + told_spread((found - true)[plain], digits, _word(NAMES[column][1]))
            )
    return Plate(
        figure,
        "SIMULATED stars inside the range of the training set (flag I): labels found against "
        "labels put in, all visits; above low, below medium resolution. Found minus true of one B "
        f"or O star: {'; '.join(told)}.",
    )


def against_truth_is_there(compared: Columns) -> bool:
    """Tell whether any spectrum would be drawn."""
    return bool(np.any(compared["flag"] == "I"))


def _plain(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def _word(unit: str) -> str:
    return "km/s" if unit.startswith("km") else unit


def _ranges(
    nodes: Columns, grids: Sequence[str], told: Ranges | None
) -> tuple[list[float], list[float]]:
    """Return least and greatest label of the training set, or of the nodes of some grids."""
    if told is not None:
        return [told[label][0] for label in LABELS], [told[label][1] for label in LABELS]
    mine = np.isin(nodes["grid"], "+".join(grids).split("+"))
    mine = mine if np.any(mine) else np.ones_like(mine)
    columns = [nodes[name][mine] for name in LABELS[:3]]
    low = [*(float(np.min(values)) for values in columns), VSINI_RANGE[0]]
    high = [*(float(np.max(values)) for values in columns), VSINI_RANGE[1]]
    return low, high
