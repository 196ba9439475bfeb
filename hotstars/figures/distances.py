"""Figures of Xiang et al. (2021) from the models and from `ob_distances`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
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
    running,
    tell_outside,
    told_outside,
    told_spread,
)
from hotstars.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    PAGE,
    RED,
    new_figure,
    styled,
)

Columns = Mapping[str, NDArray[Any]]

#: Least parallax over its error of figures 5 and 10, and least S/N in g of figure 10.
GOOD_PARALLAX, BINARY_SNR = 10.0, 50.0


@styled
def parallax_excess(stars: Columns, limit: float, mark: str | None) -> Plate:
    """Draw the excess of the spectroscopic over Gaia's parallax, over its error (figure 10).

    Parameters
    ----------
    stars
        ``parallax_excess_snr``, ``parallax_over_error``, ``snr_g``, ``m_ks_geometric``.
    limit
        From which on a star is taken for a binary.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 2.9, mark)
    axes = figure.subplots()
    excess = stars["parallax_excess_snr"]
    good = (
        (stars["parallax_over_error"] > GOOD_PARALLAX)
        & (stars["snr_g"] > BINARY_SNR)
        & np.isfinite(excess)
    )
    bins = np.arange(-6.0, 10.01, 0.5)
    bright = good & (stars["m_ks_geometric"] < 0)
    for label, rows, colour, style in (
        ("all", good, BLACK, "-"),
        (r"$M_{K_s} < 0$", bright, RED, "--"),
    ):
        axes.hist(excess[rows], bins=list(bins), histtype="step", color=colour, ls=style,
                  label=f"{label} ({rows.sum():,d})")  # fmt: skip
    axes.axvline(limit, color=GREEN, ls="--", lw=1, label=f"limit, {limit:g}")
    v = np.linspace(-4.0, 4.0, 200)
    expected = good.sum() * 0.5 * np.exp(-(v**2) / 2) / np.sqrt(2 * np.pi)
    axes.plot(v, expected, color=GREY, ls=":", label="normal errors")
    axes.set_xlim(bins[0], bins[-1])
    axes.set_ylim(0.0)
    axes.set_xlabel(r"$(\varpi_\mathrm{spec} - \varpi_\mathrm{Gaia})\,/\,\sigma$")
    axes.set_ylabel("spectra in 0.5")
    legend_above(axes)
    beyond = n_outside(axes, excess[good])
    tell_outside(axes, beyond)
    n_binary = int((excess[good] > limit).sum())
    return Plate(
        figure,
        f"Spectroscopic minus Gaia's parallax over the error of both, of {good.sum():,d} spectra "
        f"with S/N above {BINARY_SNR:g} and parallax over error above {GOOD_PARALLAX:g}; dashed "
        f"red: the {bright.sum():,d} brighter than a geometric M_Ks of 0. A pair is brighter than "
        f"its spectrum says, and seems nearer: beyond {limit:g} (dashed green) a star is taken for "
        f"a binary, {n_binary:,d} spectra here. Dotted: single stars with the stated errors."
        + told_outside(beyond, "spectra"),
    )


@styled
def distances(stars: Columns, mark: str | None) -> Plate:
    """Draw the distribution of distances, and relative errors against them (figure 11).

    Parameters
    ----------
    stars
        ``distance`` (pc), ``log_distance_error`` (dex), ``parallax``, ``parallax_error`` (mas),
        ``binary_flag``, ``uniqflag``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 3.0, mark)
    left, right = figure.subplots(1, 2)
    kpc = stars["distance"] / 1000
    once = (stars["uniqflag"] == 1) & np.isfinite(kpc)
    top = max(float(np.max(kpc[once])), 1.0) if once.any() else 1.0
    bins = np.linspace(0.0, min(top * 1.02, 20.0), 41)
    left.hist(kpc[once], bins=list(bins), histtype="step", color=BLACK,
              label=f"stars ({once.sum():,d})")  # fmt: skip
    left.set(xlim=(0.0, bins[-1]), yscale="log")
    left.set_ylim(0.7)
    left.set_xlabel("distance (kpc)")
    left.set_ylabel(f"stars in {bins[1]:.2g} kpc")
    legend_above(left)
    tell_outside(left, n_outside(left, kpc[once]))
    single = once & (stars["binary_flag"] != 1)
    stated = np.log(10.0) * stars["log_distance_error"]
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.where(stars["parallax"] > 0, stars["parallax_error"] / stars["parallax"], np.nan)
    edges = np.geomspace(0.1, 20.0, 16)
    right.set(xscale="log", yscale="log")
    low_x, high_x = limits(np.log10(kpc[single]), tails=(0, 100))
    low_y, high_y = limits(np.log10(stated[single]), np.log10(alone[single]), tails=(0.2, 99.8))
    right.set(xlim=(10**low_x, 10**high_x), ylim=(10**low_y, min(10**high_y, 3.0)))
    if single.sum() > MANY:
        crowd(right, kpc[single], alone[single], "parallax alone", colours="Oranges")
        crowd(right, kpc[single], stated[single], "spectrum and parallax", colours="Blues")
    else:
        # where the spectrum adds nothing the two coincide: a cross in a circle shows both
        points(right, kpc[single], stated[single], BLUE, "o", "spectrum and parallax",
               hollow=True, zorder=2, size=4.0)  # fmt: skip
        points(right, kpc[single], alone[single], RED, "x", "parallax alone", zorder=3)
    for values, style, label in ((alone, "--", None), (stated, "-", None)):
        middles, medians, _, _ = running(np.log10(kpc[single]), values[single], np.log10(edges))
        right.plot(10**middles, medians, color=BLACK, ls=style, lw=1.2, label=label, zorder=5)
    right.set_xlabel("distance (kpc)")
    right.set_ylabel(r"$\sigma_d/d = \ln 10\ \sigma_{\log d}$")
    legend_above(right)
    beyond = sum(n_outside(right, kpc[single], one[single]) for one in (stated, alone))
    tell_outside(right, beyond)
    typical = float(np.nanmedian(stated[single])) if single.any() else np.nan
    return Plate(
        figure,
        f"Left: distances of {once.sum():,d} stars, the best visit of each. Right: relative errors "
        f"of the {single.sum():,d} not taken for binaries; circles and solid line (median): by "
        "spectrum and parallax together; crosses and dashed line: by the parallax alone; the two "
        f"coincide where the spectrum adds nothing. Median error {100 * typical:.1f} % "
        "(published: 8 %)." + told_outside(beyond),
    )


@styled
def plane(stars: Columns, mark: str | None) -> Plate:
    """Draw the stars in the Galactic plane, seen from the north (figure 12).

    Parameters
    ----------
    stars
        ``x``, ``y`` (kpc; the Sun at -8.1, 0), ``uniqflag``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 3.4, mark)
    axes = figure.subplots()
    rows = (stars["uniqflag"] == 1) & np.isfinite(stars["x"]) & np.isfinite(stars["y"])
    x, y = stars["x"][rows], stars["y"][rows]
    half = max(
        4.5, *(abs(one + 8.1) for one in limits(x, tails=(1, 99))),
        *(abs(one) for one in limits(y, tails=(1, 99))),
    )  # fmt: skip
    axes.set(xlim=(-8.1 - half, -8.1 + half), ylim=(-half, half), aspect="equal")
    if len(x) > MANY:
        crowd(axes, x, y, "stars", colours="Blues")
    else:
        points(axes, x, y, BLUE, "o", "stars")
    angle = np.linspace(0.0, 2 * np.pi, 200)
    for radius in range(1, int(1.5 * half) + 1):
        axes.plot(-8.1 + radius * np.cos(angle), radius * np.sin(angle), color=GREY, lw=0.5,
                  ls="--", zorder=2)  # fmt: skip
    axes.plot(-8.1, 0.0, "P", ms=7, color=RED, mec="white", ls="none", label="Sun", zorder=5)
    axes.set_xlabel(r"$X$ (kpc)")
    axes.set_ylabel(r"$Y$ (kpc)")
    legend_above(axes)
    beyond = n_outside(axes, x, y)
    tell_outside(axes, beyond)
    return Plate(
        figure,
        f"{len(x):,d} stars in the Galactic plane seen from the north, the best visit of each. The "
        "Sun stands at X = −8.1 kpc, rings about it every kpc; the centre of the Galaxy lies to "
        f"the right. Half of the stars are within {np.median(np.hypot(x + 8.1, y)):.1f} kpc."
        + told_outside(beyond, "stars"),
    )


@styled
def against_truth(stars: Columns, mark: str | None) -> Plate:
    """Draw magnitudes, reddening and distances of simulated stars against the true ones.

    Parameters
    ----------
    stars
        ``m_ks``, ``ebv``, ``distance`` and ``true_m_ks``, ``true_ebv``, ``true_distance`` (mag,
        mag, pc); ``is_plain``: one B or O star without a disc.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, comparison_height(PAGE, 3), mark)
    cells = figure.add_gridspec(1, 3)
    plain = stars["is_plain"] == 1
    told = []
    quantities = (
        ("M_Ks", r"$M_{K_s}$ (mag)", "mag", 2, stars["true_m_ks"], stars["m_ks"]),
        ("E(B−V)", r"$E(B-V)$ (mag)", "mag", 3, stars["true_ebv"], stars["ebv"]),
        ("log d", r"$\log d$ (pc)", "dex", 3, np.log10(stars["true_distance"]),
         np.log10(stars["distance"])),
    )  # fmt: skip
    for place, (word, symbol, unit, digits, true, found) in enumerate(quantities):
        upper, _ = comparison(
            figure, cells[place], true, found,
            [Group(plain, "one B or O star", BLUE, "o"),
             Group(~plain, "others", RED, "x")],
            x_name=f"true {symbol}", y_name=f"found {symbol}",
            difference_name=f"$\\Delta$ ({unit})",
        )  # fmt: skip
        if place == 0:
            figure.legend(*upper.get_legend_handles_labels(), loc="outside upper left", ncols=2)
        told.append(f"{word} {told_spread((found - true)[plain], digits, unit)}")
    return Plate(
        figure,
        "SIMULATED stars: what is found against what was put in, all visits; the true M_Ks is that "
        "of the brighter star of a pair. Circles: a single B or O star without a disc; crosses: "
        f"Be stars, pairs, supergiants and others. Found minus true of the former: "
        f"{'; '.join(told)}.",
    )
