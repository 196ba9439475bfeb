"""Figures of Xiang et al. (2021) on emission and absolute magnitudes by spectrum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hotstars.figures.distances import GOOD_PARALLAX
from hotstars.figures.panels import (
    Group,
    Plate,
    comparison,
    comparison_height,
    legend_above,
    limits,
    n_outside,
    points,
    tell_outside,
    told_outside,
    told_spread,
)
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
from ml.distance.error_model import PARAMETERS, ErrorModel

Columns = Mapping[str, NDArray[Any]]

#: An equal pair is brighter than either star by so much, mag.
EQUAL_PAIR = 0.75

#: Spectra a component from which on a single one says little in it; the paper has 160.
MANY_A_COMPONENT = 50

#: Least S/N in g of the test stars of figure 5.
TEST_SNR = 20.0

_SYMBOLS = (
    r"$\varepsilon$",
    r"$\delta$ (mag)",
    r"$\sigma_\mathrm{int}$ (mag)",
    r"$\sigma_{100}$ (mag)",
)


@styled
def emission(
    stars: Columns, thresholds: Mapping[str, float], mark: str | None,
    n_components: int | None = None, n_taught: int | None = None,
) -> Plate:  # fmt: skip
    """Draw the reduced chi2 about H-alpha against its excess, with the limits (figure 3).

    Parameters
    ----------
    stars
        ``halpha_excess`` (1 = continuum), ``halpha_chi2``, ``emission_flag``.
    thresholds
        ``halpha_excess`` and ``chi2`` of the emission model; what it lacks is not drawn.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    n_components, n_taught
        Principal components, and the spectra that they were learnt from, where that is known.
    """
    figure = new_figure(COLUMN, 3.1, mark)
    axes = figure.subplots()
    x, y = stars["halpha_excess"], stars["halpha_chi2"]
    known = np.isfinite(x) & np.isfinite(y) & (y > 0)
    edge, faulty = thresholds.get("halpha_excess"), thresholds.get("chi2")
    holds = [] if edge is None else [3 * edge]
    axes.set_xlim(limits(x[known], tails=(0.2, 97.0), holds=holds))
    log_y = np.log10(y[known])
    low, high = limits(log_y, holds=[] if faulty is None else [np.log10(faulty)])
    axes.set_yscale("log")
    axes.set_ylim(10**low, 10**high)
    flag = stars["emission_flag"]
    for value, label, colour, marker in (
        (0, "no emission", BLUE, "o"),
        (1, "emission", RED, "^"),
        (-9, "unknown", GREY, "x"),
    ):
        rows = known & (flag == value)
        if rows.any():
            points(axes, x[rows], y[rows], colour, marker, label, hollow=value == 1)
    if edge is not None:
        axes.axvline(edge, color=BLACK, ls="--", lw=0.9)
    if faulty is not None:
        axes.axhline(faulty, color=GREY, ls=":", lw=0.9)
    axes.set_xlabel(r"mean H$\alpha$ flux, observed $-$ reconstructed, 6557–6571 Å")
    axes.set_ylabel(r"reduced $\chi^2$, 6400–6550, 6590–6690 Å")
    legend_above(axes)
    beyond = n_outside(axes, x[known], y[known])
    tell_outside(axes, beyond)
    told = [] if edge is None else [f"Dashed: emission from an excess of {edge:.3f} continua on."]
    told += [] if faulty is None else [f"Dotted: faulty spectra above {faulty:.3g}."]
    if n_components and n_taught and n_taught < MANY_A_COMPONENT * n_components:
        told.append(
            f"The {n_components:,d} components were learnt from only {n_taught:,d} such spectra, "
            "and hold much of their noise: the residuals are those of spectra that the components "
            "learnt from, and χ² of the noisiest is far below 1 for that."
        )
    return Plate(
        figure,
        f"Low-resolution spectra of {known.sum():,d} visits against their reconstruction from "
        f"principal components. {' '.join(told)} {(flag[known] == 1).sum():,d} spectra have "
        f"emission (published: 2,074 of 16,002), {(flag[known] == -9).sum():,d} cannot be told."
        + told_outside(beyond, "spectra"),
    )


@styled
def magnitudes(stars: Columns, mark: str | None) -> Plate:
    """Draw spectroscopic against geometric magnitudes, with their differences (figure 5).

    Parameters
    ----------
    stars
        ``m_ks``, ``m_ks_geometric`` with their errors (mag), ``parallax_over_error``,
        ``binary_flag``, ``emission_flag``, ``snr_g``, ``is_unseen``: whether the star did not
        teach the network.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, comparison_height(PAGE, 2) + 0.02, mark)
    cells = figure.add_gridspec(1, 2)
    x, y = stars["m_ks_geometric"], stars["m_ks"]
    chosen = (
        (stars["parallax_over_error"] > GOOD_PARALLAX)
        & (stars["snr_g"] > TEST_SNR)
        & (stars["is_unseen"] == 1)
        & np.isfinite(x)
        & np.isfinite(y)
    )
    flag, emits = stars["binary_flag"], stars["emission_flag"] == 1
    ends = limits(x[chosen], y[chosen], holds=[-4.0, 2.0])
    told = []
    for cell, rows, title, letter in (
        (cells[0], chosen & ~emits, "without emission: all pixels", "left"),
        (cells[1], chosen & emits, "with emission: clean windows", "right"),
    ):
        groups = [
            Group((flag != 1)[rows], "single or unknown", BLUE, "o"),
            Group((flag == 1)[rows], "taken for binaries", RED, "^", hollow=True),
        ]
        upper, lower = comparison(
            figure, cell, x[rows], y[rows], groups, holds=ends,
            x_name=r"geometric $M_{K_s}$ (mag)", y_name=r"spectroscopic $M_{K_s}$ (mag)",
            difference_name=r"$\Delta M_{K_s}$", difference_limit=2.4,
            errors=(stars["m_ks_geometric_error"][rows], stars["m_ks_error"][rows]),
        )  # fmt: skip
        upper.set(xlim=ends[::-1], ylim=ends[::-1])
        upper.axline((0.0, EQUAL_PAIR), slope=1.0, color=BLACK, lw=0.7, ls="--")
        lower.axhline(EQUAL_PAIR, color=BLACK, lw=0.7, ls="--")
        upper.text(0.97, 0.04, title, transform=upper.transAxes, ha="right", fontsize=8)
        legend_above(upper)
        difference = (y - x)[rows & (flag != 1)]
        told.append(f"{letter} {told_spread(difference, 2, 'mag')} ({len(difference):,d} spectra)")
    return Plate(
        figure,
        f"Absolute magnitudes by spectrum against those by Gaia's parallax, of stars that did not "
        f"teach the networks, with S/N above {TEST_SNR:g} and parallax over error above "
        f"{GOOD_PARALLAX:g}. Left: spectra without emission, by all pixels; right: spectra with "
        "emission, by the windows that hold none (the published panel has all stars so). Solid: "
        f"equal; dashed: two equal stars, {EQUAL_PAIR} mag brighter by parallax. Spectroscopic "
        "minus geometric, without those "
        f"taken for binaries: {'; '.join(told)}.",
    )


@styled
def error_model(errors: ErrorModel, name: str, mark: str | None) -> Plate:
    """Draw the posterior of the error model as a corner plot (figure 8).

    Parameters
    ----------
    errors
        With samples.
    name
        Of the model, for the caption.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    n = len(PARAMETERS)
    figure = new_figure(PAGE, 6.6, mark)
    panels = figure.subplots(n, n)
    ends = np.percentile(errors.samples, (0.1, 99.9), axis=0).T
    for row in range(n):
        for column in range(n):
            axes: Axes = panels[row, column]
            if column > row:
                axes.set_visible(False)
                continue
            axes.set_xlim(*ends[column])
            if column == row:
                _marginal(axes, errors.samples[:, row], ends[row], _SYMBOLS[row])
            else:
                _joint(axes, errors.samples[:, column], errors.samples[:, row], ends[column],
                       ends[row])  # fmt: skip
            axes.tick_params(labelbottom=row == n - 1, labelleft=column == 0 and row > 0)
            if row == n - 1:
                axes.set_xlabel(_SYMBOLS[column])
            if column == 0 and row > 0:
                axes.set_ylabel(_SYMBOLS[row])
    return Plate(
        figure,
        f"Posterior of the error model of {name} (equation 14), from {errors.n_stars:,d} spectra "
        "that it has not seen: ε (the slope minus 1), offset, intrinsic scatter and measurement "
        "error at S/N 100. Lines: median, 16th and 84th percentile; contours hold 39 and 86 % "
        "(1 and 2 sigma).",
    )


def _marginal(axes: Axes, values: NDArray[Any], ends: NDArray[Any], symbol: str) -> None:
    axes.hist(values, bins=40, range=(ends[0], ends[1]), histtype="step", color=BLUE)
    p16, p50, p84 = np.percentile(values, (16, 50, 84))
    for value, style in ((p16, ":"), (p50, "-"), (p84, ":")):
        axes.axvline(value, color=RED, ls=style, lw=0.9)
    name, _, unit = symbol.partition(" ")
    axes.set_title(
        f"{name} $= {p50:.3f}^{{+{p84 - p50:.3f}}}_{{-{p50 - p16:.3f}}}$ {unit.strip('()')}",
        fontsize=8,
    )
    axes.set_yticks([])


def _joint(
    axes: Axes, x: NDArray[Any], y: NDArray[Any], x_ends: NDArray[Any], y_ends: NDArray[Any]
) -> None:
    counts, x_edges, y_edges, _ = axes.hist2d(
        x, y, bins=32, range=[list(x_ends), list(y_ends)], cmap="Blues"
    )
    # the heights above which 86 and 39 % of the samples lie
    heights = np.sort(counts.ravel())[::-1]
    held = np.cumsum(heights) / heights.sum()
    levels = [float(heights[np.searchsorted(held, part)]) for part in (0.865, 0.393)]
    if levels[0] < levels[1]:
        axes.contour(
            (x_edges[:-1] + x_edges[1:]) / 2, (y_edges[:-1] + y_edges[1:]) / 2, counts.T,
            levels=levels, colors=BLACK, linewidths=0.7,
        )  # fmt: skip
    axes.set_ylim(*y_ends)


@styled
def composites(rows: Sequence[Mapping[str, Any]], mark: str | None) -> Plate:
    """Draw the bias of mock binaries by flux ratio (figure 9).

    Parameters
    ----------
    rows
        :func:`ml.distance.mock_binaries.bias_by_flux_ratio`.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 2.9, mark)
    axes = figure.subplots()
    ratio = np.array([(row["ratio_low"] + row["ratio_high"]) / 2 for row in rows])
    median, p16, p84, geometric = (
        np.array([row[name] for row in rows]) for name in ("median", "p16", "p84", "geometric")
    )
    axes.axhline(0.0, color=GREY, lw=0.8)
    axes.errorbar(ratio, median, [median - p16, p84 - median], fmt="o", color=BLUE,
                  label="by spectrum")  # fmt: skip
    axes.plot(ratio, geometric, "s--", color=RED, mfc="white", label="by the light of both")
    axes.set_xlabel("flux of the secondary over the primary's, in $K_s$")
    axes.set_ylabel(r"$M_{K_s}$ of both minus the primary's (mag)")
    legend_above(axes)
    return Plate(
        figure,
        "Mock binaries, spectra of single stars added in pairs: the magnitude that the network "
        "gives the pair minus the one that it gives the primary; median, 16 to 84 %. Squares: what "
        "the light of both makes of it.",
    )
