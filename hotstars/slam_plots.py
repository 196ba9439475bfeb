"""Figures of `hotstars check-slam`, after figures 3, 4, 7 and 9 of Guo et al. (2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hotstars.plot import BLUE, GREEN, GREY, RED
from hotstars.slam_scores import PUBLISHED, Scores
from ml.slam.training_set import LABELS, VSINI_RANGE

BLACK = "#000000"
_NAMES = ("$T_\\mathrm{eff}$ (K)", "log $g$ (dex, cgs)", "[M/H] (dex)", "$v$ sin $i$ (km/s)")
_SURVEY = {"LRS": (RED, "s"), "MRS": (BLUE, "*")}
_LINES = ((RED, "-"), (BLUE, "--"), (BLACK, ":"), (GREEN, "-."))

Columns = Mapping[str, NDArray[Any]]


def draw_scores(scores: Sequence[Scores], path: Path) -> Path:
    """Write scatter and bias of each label against S/N (figures 3 and 4).

    Parameters
    ----------
    scores
        Of one check. Where there are several sizes of the training set, lines tell them apart.
    path
        Of the PNG; it appears when it is whole.
    """
    figure = Figure(figsize=(11, 8), layout="constrained")
    first = scores[0]
    figure.suptitle(
        f"{first.check}, {'SIMULATED ' * first.simulated}grid {first.grid}, {first.generator}"
    )
    sizes = sorted({item.n_spectra for item in scores})
    several = len({(item.survey, item.n_spectra) for item in scores}) > len(
        {item.survey for item in scores}
    )
    for label, axes in enumerate(figure.subplots(2, 2).ravel()):
        for survey, size in sorted({(item.survey, item.n_spectra) for item in scores}):
            rows = [item for item in scores if (item.survey, item.n_spectra) == (survey, size)]
            colour, marker = _SURVEY[survey]
            style = "-"
            if several:
                colour, style = _LINES[sizes.index(size) % len(_LINES)]
            snr = [item.snr for item in rows]
            axes.plot(
                snr, [item.scatter[label] for item in rows], color=colour, marker=marker,
                ls=style, label=f"{survey}, {size:,d} spectra: scatter",
            )  # fmt: skip
            if not several:
                axes.plot(
                    snr, [item.bias[label] for item in rows], color=colour, marker=marker,
                    mfc="none", ls="--", label=f"{survey}: bias",
                )  # fmt: skip
                axes.plot(
                    snr, [item.robust[label] for item in rows], color=colour, ls=":", lw=1,
                    label=f"{survey}: 1.48 median absolute deviation",
                )  # fmt: skip
        for survey in sorted({item.survey for item in scores} & set(PUBLISHED)):
            value, (colour, marker) = PUBLISHED[survey][label], _SURVEY[survey]
            if np.isfinite(value):
                axes.plot(
                    100.0, value, marker=marker, ms=13, mfc="none", mec=GREY, ls="none",
                    label=f"{survey}: published",
                )  # fmt: skip
        axes.axhline(0.0, color=GREY, lw=0.8)
        axes.set_xlabel("signal-to-noise ratio of a pixel")
        axes.set_ylabel(_NAMES[label])
    figure.axes[0].legend(fontsize=8, frameon=False)
    return _write(figure, path)


def draw_kiel(labels: Columns, nodes: Columns, path: Path) -> Path:
    """Write log g against Teff of the catalogues, with the range of the training set (figure 7).

    Parameters
    ----------
    labels
        Columns of :data:`hotstars.check_slam_marts.LABELS`.
    nodes
        ``grid``, ``teff``, ``logg``, ``m_h`` of model spectra.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(12, 6), layout="constrained")
    grids = sorted(set(labels["model_grid"]))
    simulated = bool(np.any(labels["is_simulated_grid"]))
    figure.suptitle(f"labels from {'SIMULATED ' * simulated}grid {', '.join(grids)}")
    for axes, survey in zip(figure.subplots(1, 2, sharey=True), _SURVEY, strict=True):
        rows = labels["resolution"] == survey
        inside = rows & (labels["flag"] == "I")
        for chosen, colour, marker, name in (
            (rows & ~inside, GREY, "x", "outside (extrapolated)"),
            (inside, _SURVEY[survey][0], "o", "flag I"),
        ):
            axes.scatter(
                labels["teff"][chosen], labels["logg"][chosen], s=14, c=colour, marker=marker,
                alpha=0.6, lw=0.8, label=f"{name}: {np.sum(chosen):,d} spectra",
            )  # fmt: skip
        low, high = _ranges(nodes, grids)
        axes.plot(
            [low[0], high[0], high[0], low[0], low[0]],
            [low[1], low[1], high[1], high[1], low[1]],
            color=BLACK, lw=1.2, label="range of the training set",
        )  # fmt: skip
        mine = np.isin(nodes["grid"], "+".join(grids).split("+"))
        axes.plot(nodes["teff"][mine], nodes["logg"][mine], "+", color=BLACK, ms=6, label="models")
        axes.set_title(survey)
        axes.set_xlabel(_NAMES[0])
        axes.set_ylabel(_NAMES[1])
        axes.invert_xaxis()
        axes.legend(fontsize=8, loc="upper left")
    figure.axes[0].invert_yaxis()
    return _write(figure, path)


def draw_both(both: Columns, nodes: Columns, least_snr: float, path: Path) -> Path:
    """Write labels of medium resolution against those of low resolution (figure 9).

    Parameters
    ----------
    both
        Columns of :data:`hotstars.check_slam_marts.BOTH`. A line leads from each simulated star
        to its truth, which lies on the diagonal.
    nodes
        As for :func:`draw_kiel`; grey is the range of the training set.
    least_snr
        For the title.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(10, 9.5), layout="constrained")
    figure.suptitle(
        f"{len(both['designation'])} stars with spectra of both, S/N {least_snr:g} and more, "
        "means over visits"
    )
    low, high = _ranges(nodes, sorted(set(nodes["grid"])))
    inside = both["is_inside"].astype(bool)
    for column, (axes, label) in enumerate(zip(figure.subplots(2, 2).ravel(), LABELS, strict=True)):
        x, y, truth = (
            np.ma.filled(both[f"{source}_{label}"].astype(float), np.nan)
            for source in ("lrs", "mrs", "true")
        )
        axes.axhspan(low[column], high[column], color=GREY, alpha=0.15, lw=0)
        axes.axvspan(low[column], high[column], color=GREY, alpha=0.15, lw=0)
        _diagonal(axes, np.concatenate([x, y]))
        for place, (a, b, t) in enumerate(zip(x, y, truth, strict=True)):
            if np.isfinite(t):
                name = "SIMULATED star to its truth" if place == 0 else None
                axes.plot([a, t], [b, t], color=GREY, lw=0.6, label=name)
        axes.scatter(
            x[~inside], y[~inside], c=RED, marker="x", s=22, label="extrapolated in one or both"
        )
        axes.scatter(x[inside], y[inside], c=BLUE, marker="o", s=18, label="flag I in both")
        axes.set_xlabel(f"LRS {_NAMES[column]}")
        axes.set_ylabel(f"MRS {_NAMES[column]}")
    figure.axes[0].legend(fontsize=8)
    return _write(figure, path)


def draw_truth(compared: Columns, path: Path) -> Path:
    """Write labels of simulated stars against what was put in, spectra with flag I.

    Parameters
    ----------
    compared
        Columns of :data:`hotstars.check_slam_marts.AGAINST_TRUTH`.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(15, 7.5), layout="constrained")
    figure.suptitle("SIMULATED stars, flag I: labels found against labels put in")
    inside = compared["flag"] == "I"
    plain = compared["is_plain"].astype(bool)
    for axes_of, survey in zip(figure.subplots(2, 4), _SURVEY, strict=True):
        rows = inside & (compared["resolution"] == survey)
        for column, (axes, label) in enumerate(zip(axes_of, LABELS, strict=True)):
            x, y = (
                np.ma.filled(compared[name].astype(float), np.nan)
                for name in (f"true_{label}", label)
            )
            _diagonal(axes, y[rows])
            for chosen, colour, marker, name in (
                (rows & ~plain, RED, "x", "Be, pairs, supergiants and others"),
                (rows & plain, BLUE, "o", "one B or O star"),
            ):
                axes.scatter(
                    x[chosen], y[chosen], s=14, c=colour, marker=marker, lw=0.8, alpha=0.7,
                    label=f"{name}: {np.sum(chosen)} spectra",
                )  # fmt: skip
            axes.set_xlabel(f"true {_NAMES[column]}")
            axes.set_ylabel(f"{survey} {_NAMES[column]}")
        axes_of[0].legend(fontsize=7)
    return _write(figure, path)


def _ranges(nodes: Columns, grids: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return least and greatest label of the nodes of some grids."""
    mine = np.isin(nodes["grid"], "+".join(grids).split("+"))
    mine = mine if np.any(mine) else np.ones_like(mine)
    columns = [nodes[name][mine] for name in LABELS[:3]]
    low = [*(float(np.min(values)) for values in columns), VSINI_RANGE[0]]
    high = [*(float(np.max(values)) for values in columns), VSINI_RANGE[1]]
    return low, high


def _diagonal(axes: Axes, values: NDArray[Any]) -> None:
    if np.any(np.isfinite(values)):
        ends = [float(np.nanmin(values)), float(np.nanmax(values))]
        axes.plot(ends, ends, color=BLACK, lw=0.8)


def _write(figure: Figure, path: Path) -> Path:
    building = path.with_name(f".{path.name}")
    FigureCanvasAgg(figure).print_figure(building, dpi=110, format="png")
    building.replace(path)
    return path
