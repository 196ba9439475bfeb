"""Parts that figures share: limits and what lies beyond, crowds, medians, comparisons of labels."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hotstars.figures.style import BLACK, GREY, PALE

Values = NDArray[Any]

#: Points beyond which a density says more than the points.
MANY = 3000

#: Points up to which each has its error bar.
FEW = 300

#: Half of this part of a distribution lies to either side of what a frame shows.
TAILS = (0.5, 99.5)

#: Fewer values are all shown.
TO_CUT = 100


@dataclass(frozen=True)
class Plate:
    """A figure with what is to be said of it.

    Attributes
    ----------
    figure
        Drawn, not yet written.
    caption
        Sentences: which rows, what lines and symbols are, what to see.
    """

    figure: Figure
    caption: str


@dataclass(frozen=True)
class Group:
    """Points that are drawn alike.

    Attributes
    ----------
    rows : (n,) bool
        Which of all points.
    label
        For the legend, without the count.
    colour, marker
        Both differ from group to group.
    hollow
        Whether markers are outlines.
    """

    rows: Values
    label: str
    colour: str
    marker: str
    hollow: bool = False


def limits(
    *values: Values, room: float = 0.06, tails: tuple[float, float] = TAILS,
    holds: Sequence[float] = (),
) -> tuple[float, float]:  # fmt: skip
    """Return limits of an axis that hold all values but the wildest one per cent.

    Parameters
    ----------
    values
        NaN is left out.
    room
        Beside them, in parts of the whole.
    tails
        Percentiles of the first and last value; of few values all are held.
    holds
        What must be inside as well: cuts, for instance.
    """
    together = np.concatenate([np.asarray(one, dtype=np.float64).ravel() for one in values])
    fine = together[np.isfinite(together)]
    wild = tails if len(fine) >= TO_CUT else (0.0, 100.0)
    ends = [*np.percentile(fine, wild), *holds] if len(fine) else [*holds]
    if not ends:
        return 0.0, 1.0
    low, high = float(min(ends)), float(max(ends))
    wide = high - low if high > low else max(abs(high), 1.0)
    return low - room * wide, high + room * wide


def n_outside(axes: Axes, x: Values, y: Values | None = None) -> int:
    """Return how many finite points a frame does not show."""
    low, high = sorted(axes.get_xlim())
    fine = np.isfinite(x)
    beyond = (x < low) | (x > high)
    if y is not None:
        low, high = sorted(axes.get_ylim())
        fine &= np.isfinite(y)
        beyond |= (y < low) | (y > high)
    return int((fine & beyond).sum())


def signed(text: str) -> str:
    """Return a sentence whose negative numbers have a minus sign (U+2212), not a hyphen.

    Ranges, names and exponents keep their hyphen: it follows a letter or a digit.
    """
    return _HYPHEN.sub("−", text)


_HYPHEN = re.compile(r"(?<![\w.)\]-])-(?=\.?\d)")


def told_outside(n: int, of: str = "points") -> str:
    """Return a sentence on what lies outside of a frame; none where nothing does."""
    if not n:
        return ""
    return f" {n:,d} {of if n > 1 else of.removesuffix('s')} outside the frame."


def points(
    axes: Axes, x: Values, y: Values, colour: str, marker: str, label: str | None = None,
    *, hollow: bool = False, zorder: float = 3.0, pale: bool = False, size: float | None = None,
) -> None:  # fmt: skip
    """Draw points; the more they are, the smaller and paler.

    Parameters
    ----------
    axes
        Where.
    x, y : (n,)
        NaN is not drawn.
    colour, marker, label
        Of the group; the label gets the count.
    hollow
        Outlines only.
    zorder
        Higher ones lie on top.
    pale
        Whether a density shines through.
    size
        Of a marker; None for one that suits so many.
    """
    n = int((np.isfinite(x) & np.isfinite(y)).sum())
    size = size or float(np.clip(4.2 - 0.8 * np.log10(max(n, 1)), 1.5, 4.0))
    alpha = 0.3 if pale else 1.0 if n < 100 else 0.7
    axes.plot(
        x, y, marker, color=colour, ms=size, alpha=alpha, mew=0.5,
        mfc="none" if hollow else colour, mec=colour, ls="none", zorder=zorder,
        label=None if label is None else f"{label} ({n:,d})", rasterized=n > MANY,
    )  # fmt: skip


def crowd(
    axes: Axes, x: Values, y: Values, label: str | None = None, *, colours: str = "Greys",
    gridsize: int = 90,
) -> Any:  # fmt: skip
    """Draw the density of many points within the axes' limits; return what a colour bar wants.

    Parameters
    ----------
    axes
        With limits and scales set.
    x, y : (n,)
        NaN is not drawn.
    label
        For the legend; it gets the count.
    colours
        A map of one hue, light to dark.
    gridsize
        Hexagons across.
    """
    scales: list[Any] = [axes.get_xscale(), axes.get_yscale()]
    ends = [sorted(axes.get_xlim()), sorted(axes.get_ylim())]
    inside = np.isfinite(x) & np.isfinite(y)
    for values, (low, high) in zip((x, y), ends, strict=True):
        inside &= (values >= low) & (values <= high)
    extent: Any = tuple(
        float(np.log10(end)) if scale == "log" else end
        for scale, pair in zip(scales, ends, strict=True)
        for end in pair
    )
    if label is not None:
        middle = mpl.colormaps[colours](0.6)
        axes.plot([], [], "h", color=middle, ms=5, ls="none",
                  label=f"{label} ({int((np.isfinite(x) & np.isfinite(y)).sum()):,d})")  # fmt: skip
    return axes.hexbin(
        x[inside], y[inside], gridsize=gridsize, extent=extent, mincnt=1, norm=LogNorm(vmin=0.6),
        cmap=colours, linewidths=0.1, zorder=1, xscale=scales[0], yscale=scales[1],
    )  # fmt: skip


def legend_above(axes: Axes, *, columns: int = 2, of: Sequence[Any] | None = None) -> None:
    """Put an axes' legend over it, where it covers no data."""
    handles, labels = axes.get_legend_handles_labels()
    if of is not None:
        handles, labels = list(of), [one.get_label() for one in of]
    if handles:
        axes.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns,
            borderaxespad=0.1,
        )  # fmt: skip


def tell_outside(axes: Axes, n: int) -> None:
    """Write at the right end of a frame how many points lie outside of it."""
    if n:
        axes.text(
            1.015, 1.0, f"{n:,d} outside", transform=axes.transAxes, rotation=90, ha="left",
            va="top", fontsize=6.5, color=GREY,
        )  # fmt: skip


def running(
    x: Values, y: Values, edges: Values, least: int = 10
) -> tuple[Values, Values, Values, Values]:
    """Return the median of y, and its 16th and 84th percentile, in bins of x.

    Parameters
    ----------
    x, y : (n,)
        NaN is left out.
    edges : (m + 1,)
        Of the bins.
    least
        Points of a bin that is told.

    Returns
    -------
    middles, medians, low, high : (k,)
    """
    rows = []
    for low, high in itertools.pairwise(edges):
        chosen = y[(x >= low) & (x < high) & np.isfinite(y)]
        if len(chosen) >= least:
            rows.append(((low + high) / 2, *np.percentile(chosen, (50.0, 16.0, 84.0))))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return columns[0], columns[1], columns[2], columns[3]


def spread(values: Values) -> tuple[float, float, int]:
    """Return median and half the width between 16th and 84th percentile, and how many there are."""
    fine = values[np.isfinite(values)]
    if not len(fine):
        return np.nan, np.nan, 0
    low, middle, high = np.percentile(fine, (15.87, 50.0, 84.13))
    return float(middle), float(high - low) / 2, len(fine)


def told_spread(values: Values, digits: int, unit: str = "") -> str:
    """Return median and spread in words: ``median +0.12, scatter 0.34 dex``; one has no spread."""
    middle, wide, n = spread(values)
    if not n:
        return "none"
    after = unit and f" {unit}"
    if n == 1:
        return f"{middle:+,.{digits}f}{after}, of one"
    return f"median {middle:+,.{digits}f}, scatter {wide:,.{digits}f}{after}"


def comparison_height(width: float, columns: int, rows: int = 1) -> float:
    """Return the height of a figure whose comparisons are square, inches.

    Parameters
    ----------
    width
        Of the figure.
    columns, rows
        Of comparisons.
    """
    side = width / columns - 0.62  # names and numbers of the axis
    return rows * (side * 4 / 3 + 0.46) + 0.28  # and a legend above all


def comparison(
    figure: Figure, where: SubplotSpec, x: Values, y: Values, groups: Sequence[Group], *,
    x_name: str, y_name: str, difference_name: str, holds: Sequence[float] = (),
    difference_limit: float | None = None, errors: tuple[Values, Values] | None = None,
) -> tuple[Axes, Axes]:  # fmt: skip
    """Draw labels against labels with equal axes, and their differences below.

    Parameters
    ----------
    figure, where
        The cell that is divided; see :func:`comparison_height`.
    x, y : (n,)
        The same label from two sources.
    groups
        Which points are drawn how; the crowd of more than :data:`MANY` is a density.
    x_name, y_name, difference_name
        Of the axes, with units.
    holds
        Values that the axes must hold.
    difference_limit
        Half the height of the lower panel; from the differences without it.
    errors : (n,), (n,)
        Of x and y; bars are drawn where they do not hide the points.

    Returns
    -------
    upper, lower
        The axes.
    """
    cells = where.subgridspec(2, 1, height_ratios=(3, 1), hspace=0.0)
    upper = figure.add_subplot(cells[0])
    lower = figure.add_subplot(cells[1], sharex=upper)
    both = np.isfinite(x) & np.isfinite(y)
    ends = limits(x[both], y[both], holds=holds)
    upper.set(xlim=ends, ylim=ends)
    difference = y - x
    half = difference_limit
    if half is None:
        half = max(abs(one) for one in limits(difference[both], tails=(2.0, 98.0)))
    lower.set_ylim(-half, half)
    lower.yaxis.set_major_locator(MaxNLocator(4, prune="both", symmetric=True))
    many = int(both.sum()) > MANY
    if many:
        crowd(upper, x[both], y[both], "all")
        crowd(lower, x[both], difference[both])
        middles, medians, low, high = running(x[both], difference[both], np.linspace(*ends, 13))
        lower.errorbar(middles, medians, [medians - low, high - medians], fmt="o", ms=2.5,
                       color=BLACK, lw=0.8, zorder=4)  # fmt: skip
    elif errors is not None and int(both.sum()) <= FEW:
        x_error, y_error = (one[both] for one in errors)
        upper.errorbar(x[both], y[both], y_error, x_error, **_BARS)
        lower.errorbar(x[both], difference[both], np.hypot(x_error, y_error), **_BARS)
    for group in groups:
        rows = group.rows & both
        if many and rows.sum() > MANY:
            continue  # the density shows them
        for axes, values, label in ((upper, y, group.label), (lower, difference, None)):
            points(axes, x[rows], values[rows], group.colour, group.marker, label,
                   hollow=group.hollow, pale=many)  # fmt: skip
    upper.axline((ends[0], ends[0]), slope=1.0, color=BLACK, lw=0.7, zorder=2)
    lower.axhline(0.0, color=BLACK, lw=0.7, zorder=2)
    tell_outside(upper, n_outside(upper, x, y))
    tell_outside(lower, n_outside(lower, x, difference))
    upper.tick_params(labelbottom=False)
    upper.set_ylabel(y_name)
    lower.set_xlabel(x_name)
    lower.set_ylabel(difference_name)
    return upper, lower


_BARS: dict[str, Any] = {"fmt": "none", "ecolor": PALE, "lw": 0.6, "zorder": 1}
