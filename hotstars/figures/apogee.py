"""Figures 5 to 7 of Sprague et al. (2022), and near-infrared labels against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hotstars.figures.panels import (
    MANY,
    Group,
    Plate,
    comparison,
    comparison_height,
    crowd,
    legend_above,
    limits,
    n_outside,
    points,
    spread,
    tell_outside,
    told_outside,
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

Columns = Mapping[str, NDArray[Any]]

#: From this Teff on the paper has no metals, and no first version to compare with, K.
COOL = 6500.0

_CLASSES = (
    ("V, IV", 3.5, 5.5, BLUE, "o"),
    ("III, II", 1.5, 3.5, GREEN, "s"),
    ("I", 0.5, 1.5, RED, "^"),
)

_TEFF, _LOGG = r"$\log T_\mathrm{eff}$ (K)", r"$\log g$ (dex)"


@styled
def kiel(stars: Columns, training: str, mark: str | None) -> Plate:
    """Draw log g against log Teff of the Galaxy's stars (figure 5), beside the truth where known.

    Parameters
    ----------
    stars
        ``log_teff``, ``logg``, ``is_magellanic``, ``is_out_of_domain``, ``true_log_teff``,
        ``true_logg``.
    training
        A sentence on what the network learnt from.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    true = np.isfinite(stars["true_log_teff"]).any()
    figure = new_figure(PAGE, 3.3 if true else 4.2, mark)
    panels = figure.subplots(1, 2 if true else 1, sharex=True, sharey=True, squeeze=False)[0]
    here = stars["is_magellanic"] != 1
    x, y = stars["log_teff"][here], stars["logg"][here]
    strange = stars["is_out_of_domain"][here] == 1
    true_x, true_y = stars["true_log_teff"][here], stars["true_logg"][here]
    panels[0].set_xlim(limits(x, true_x, tails=(0.2, 99.8))[::-1])
    panels[0].set_ylim(limits(y, true_y, tails=(0.2, 99.8))[::-1])
    if len(x) > MANY:
        crowd(panels[0], x, y, "by the network", colours="Blues")
    else:
        points(panels[0], x[~strange], y[~strange], BLUE, "o", "by the network")
        points(panels[0], x[strange], y[strange], RED, "x", "out of its domain")
    legend_above(panels[0])
    beyond = n_outside(panels[0], x, y)
    tell_outside(panels[0], beyond)
    if true:
        if len(x) > MANY:
            crowd(panels[1], true_x, true_y, "put in")
        else:
            points(panels[1], true_x, true_y, BLACK, ".", "put in")
        legend_above(panels[1])
    for axes in panels:
        axes.set_xlabel(_TEFF)
    panels[0].set_ylabel(_LOGG)
    return Plate(
        figure,
        f"Teff and log g of {len(x):,d} stars of the Galaxy by the network"
        + (f"; {strange.sum():,d} spectra are unlike those it learnt from (crosses)"
           if strange.any() and len(x) <= MANY else "")
        + (". Right: what was put in" if true else "")
        + f". {training} The published figure has 630,000 stars of DR17."
        + told_outside(beyond, "stars"),
    )  # fmt: skip


@styled
def training_labels(stars: Columns, training: str, mark: str | None) -> Plate:
    """Draw predictions against training labels of stars held back (figure 6).

    Parameters
    ----------
    stars
        Held back: ``log_teff``, ``logg``, ``fe_h`` with ``..._error`` and ``training_...``.
    training
        A sentence on what the network learnt from.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 3.0, mark)
    panels = figure.subplots(1, 3)
    for axes, label, other, name, colours in (
        (panels[0], "logg", "log_teff", _LOGG, _TEFF),
        (panels[1], "log_teff", "logg", _TEFF, _LOGG),
    ):
        x, y = stars[f"training_{label}"], stars[label]
        fine = np.isfinite(x) & np.isfinite(y)
        ends = limits(x[fine], y[fine], tails=(0.2, 99.8))
        axes.set(xlim=ends, ylim=ends)
        axes.set_box_aspect(1)
        found = axes.scatter(x[fine], y[fine], c=stars[f"training_{other}"][fine], s=5, lw=0,
                             cmap="viridis", rasterized=fine.sum() > MANY)  # fmt: skip
        axes.axline((ends[0], ends[0]), slope=1.0, color=BLACK, lw=0.7)
        axes.set_xlabel(f"taught {name}")
        axes.set_ylabel(f"predicted {name}")
        figure.colorbar(found, ax=axes, label=colours, location="top", pad=0.02)
        tell_outside(axes, n_outside(axes, x, y))
    told = _pulls(panels[2], stars)
    panels[2].set_box_aspect(1)
    return Plate(
        figure,
        f"Predictions against the labels that teach, of {len(stars['log_teff']):,d} stars that "
        "did not teach the network. Left: log g, coloured by Teff; middle: Teff, coloured by log "
        f"g; lines: equal. Right: taught minus predicted of stars below {COOL:,.0f} K over the "
        "network's stated error (the published figure adds the error of the first version); "
        f"dotted: a normal distribution. {told} {training}",
    )


def _pulls(axes: Axes, stars: Columns) -> str:
    """Draw differences over errors of cool stars; return what to see."""
    cool = stars["training_log_teff"] < np.log10(COOL)
    half, bins = 10.0, np.arange(-10.0, 10.01, 1.0)
    told, beyond, most = [], 0, 0
    for label, name, colour, style in (
        ("log_teff", r"$\log T_\mathrm{eff}$", BLUE, "-"),
        ("logg", r"$\log g$", RED, "--"),
        ("fe_h", "[Fe/H]", GREEN, "-."),
    ):
        with np.errstate(invalid="ignore", divide="ignore"):
            pull = (stars[f"training_{label}"] - stars[label]) / stars[f"{label}_error"]
        pull = pull[cool & np.isfinite(pull)]
        axes.hist(pull, bins=list(bins), histtype="step", color=colour, ls=style, label=name)
        middle, wide, n = spread(pull)
        beyond += int((np.abs(pull) > half).sum())
        most = max(most, n)
        word = {"log_teff": "Teff", "logg": "log g", "fe_h": "[Fe/H]"}[label]
        if n:
            told.append(f"{word} {middle:+.1f}" + (f" ± {wide:.1f}" if n > 1 else ", of one"))
    v = np.linspace(-4, 4, 100)
    axes.plot(v, most * np.exp(-(v**2) / 2) / np.sqrt(2 * np.pi), color=GREY, ls=":")
    axes.set_xlim(-half, half)
    axes.set_xlabel(r"(taught $-$ predicted) / $\sigma$")
    axes.set_ylabel(r"stars in 1 $\sigma$")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=3, fontsize=7,
                columnspacing=0.8)  # fmt: skip
    tell_outside(axes, beyond)
    return (f"Median and half width: {', '.join(told)}." if told else "No star is so cool.") + (
        f" {beyond:,d} differences are larger than {half:g} sigma and outside the frame."
        if beyond
        else ""
    )


@styled
def types(stars: Columns, mark: str | None) -> Plate:
    """Draw Teff of hot stars against their spectral type, and where their classes lie (figure 7).

    Parameters
    ----------
    stars
        ``numeric_type`` (B0 = 10), ``luminosity_class``, ``log_teff``, ``logg``,
        ``training_log_teff``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 3.3, mark)
    left, right = figure.subplots(1, 2, sharey=False)
    number, luminosity = stars["numeric_type"], stars["luminosity_class"]
    typed = np.isfinite(number)
    for name, low, high, colour, marker in _CLASSES:
        rows = typed & (luminosity >= low) & (luminosity < high)
        points(left, number[rows], stars["log_teff"][rows], colour, marker, f"class {name}")
        points(right, stars["log_teff"][rows], stars["logg"][rows], colour, marker)
        order = np.argsort(number[rows])
        left.plot(number[rows][order], stars["training_log_teff"][rows][order], color=colour, lw=1)
    unclassed = typed & ~np.isfinite(luminosity)
    if unclassed.any():
        points(left, number[unclassed], stars["log_teff"][unclassed], GREY, "x", "no class")
    first, last = (
        np.nanmin(number) if typed.any() else 5.0,
        (np.nanmax(number) if typed.any() else 35.0),
    )
    ticks = np.arange(5 * np.floor(first / 5), 5 * np.ceil(last / 5) + 1, 5)
    left.set_xticks(ticks, [f"{'OBAFGKM'[int(t // 10)]}{int(t % 10)}" for t in ticks])
    left.set_xlim(ticks[0] - 1, ticks[-1] + 1)
    left.set_xlabel("spectral type in the literature")
    left.set_ylabel(_TEFF)
    right.set_xlim(limits(stars["log_teff"][typed])[::-1])
    right.set_ylim(limits(stars["logg"][typed])[::-1])
    right.set_xlabel(_TEFF)
    right.set_ylabel(_LOGG)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=4)
    tell_outside(right, n_outside(right, stars["log_teff"][typed], stars["logg"][typed]))
    off = (stars["log_teff"] - stars["training_log_teff"])[typed]
    return Plate(
        figure,
        f"{typed.sum():,d} stars with a spectral type in the literature. Left: Teff by the network "
        "against the type, by luminosity class; lines: the Teff that a type is taken for in "
        "training. Right: Teff and log g by class. Predicted minus taken-for log Teff: "
        f"{told_spread(off, 3, 'dex')}.",
    )


@styled
def against_truth(stars: Columns, mark: str | None) -> Plate:
    """Draw labels of simulated stars against what was put in.

    Parameters
    ----------
    stars
        ``log_teff``, ``logg``, ``fe_h`` and ``true_...``; ``is_out_of_domain``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, comparison_height(PAGE, 3), mark)
    cells = figure.add_gridspec(1, 3)
    strange = stars["is_out_of_domain"] == 1
    told = []
    for column, (label, name, word) in enumerate((
        ("log_teff", _TEFF, "log Teff"), ("logg", _LOGG, "log g"),
        ("fe_h", "[Fe/H] (dex)", "[Fe/H]"),
    )):  # fmt: skip
        true, found = stars[f"true_{label}"], stars[label]
        upper, _ = comparison(
            figure, cells[column], true, found,
            [Group(~strange, "like the training", BLUE, "o"),
             Group(strange, "out of its domain", RED, "x")],
            x_name=f"true {name}", y_name=f"found {name}", difference_name=r"$\Delta$ (dex)",
        )  # fmt: skip
        if column == 0:
            handles = upper.get_legend_handles_labels()
            figure.legend(*handles, loc="outside upper left", ncols=2)
        told.append(f"{word} {told_spread(found - true, 3, 'dex')}")
    return Plate(
        figure,
        f"{len(stars['log_teff']):,d} SIMULATED stars that did not teach the network: labels found "
        f"against labels put in; [Fe/H] below {COOL:,.0f} K only. Found minus true: "
        f"{'; '.join(told)}.",
    )
