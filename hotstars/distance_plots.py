"""Figures of Xiang et al. (2021) from the models and from `ob_distances`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hotstars.plot import BLUE, GREEN, GREY, RED
from ml.distance.error_model import PARAMETERS, ErrorModel

_SYMBOLS = (
    r"$\varepsilon$",
    r"$\delta$ (mag)",
    r"$\sigma_\mathrm{int}$ (mag)",
    r"$\sigma_{100}$ (mag)",
)

Columns = Mapping[str, NDArray[Any]]


def draw_error_model(errors: ErrorModel, name: str, simulated: bool, folder: Path) -> Path:
    """Write the posterior of the error model as a corner plot (figure 8): `error_model.png`.

    Parameters
    ----------
    errors
        With samples.
    name, simulated
        For the title.
    folder
        Of the model.
    """
    n = len(PARAMETERS)
    figure = Figure(figsize=(9, 9), layout="constrained")
    panels = figure.subplots(n, n)
    figure.suptitle(
        f"{name}{', SIMULATED' * simulated}: errors of {errors.n_stars:,d} spectra that it has "
        "not seen"
    )
    limits = np.percentile(errors.samples, (0.1, 99.9), axis=0).T
    for row in range(n):
        for column in range(n):
            axes: Axes = panels[row, column]
            if column > row:
                axes.set_visible(False)
                continue
            axes.set_xlim(*limits[column])
            if column == row:
                values = errors.samples[:, row]
                axes.hist(values, bins=40, range=tuple(limits[row]), histtype="step", color=BLUE)
                p16, p50, p84 = np.percentile(values, (16, 50, 84))
                for value, style in ((p16, ":"), (p50, "-"), (p84, ":")):
                    axes.axvline(value, color=RED, ls=style, lw=1)
                axes.set_title(
                    f"{_SYMBOLS[row]} = {p50:.3f} +{p84 - p50:.3f} -{p50 - p16:.3f}", fontsize=8
                )
                axes.set_yticks([])
            else:
                axes.hist2d(
                    errors.samples[:, column],
                    errors.samples[:, row],
                    bins=40,
                    range=[list(limits[column]), list(limits[row])],
                    cmap="Blues",
                )
            if row == n - 1:
                axes.set_xlabel(_SYMBOLS[column])
            if column == 0 and row > 0:
                axes.set_ylabel(_SYMBOLS[row])
    return _write(figure, folder / "error_model.png")


def draw_magnitudes(stars: Columns, path: Path) -> Path:
    """Write spectroscopic against geometric magnitudes and their difference (figures 5 and 10).

    Parameters
    ----------
    stars
        ``m_ks``, ``m_ks_geometric``, ``parallax_over_error``, ``binary_flag``,
        ``emission_flag``, ``snr_g``; ``title``.
    path
        Of the PNG; it appears when it is whole.
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(str(stars["title"]))
    left, right = figure.subplots(1, 2)
    good = stars["parallax_over_error"] > 10
    groups = (
        ("single", good & (stars["binary_flag"] == 0) & (stars["emission_flag"] != 1), BLUE),
        ("emission", good & (stars["emission_flag"] == 1), GREEN),
        ("binary", good & (stars["binary_flag"] == 1), RED),
    )
    for label, rows, colour in groups:
        x, y = stars["m_ks_geometric"][rows], stars["m_ks"][rows]
        left.plot(x, y, ".", ms=3, color=colour, label=f"{label}, {rows.sum():,d}", alpha=0.6)
        difference = (x - y)[np.isfinite(x - y)]
        right.hist(difference, bins=np.arange(-2.5, 2.51, 0.1), histtype="step", color=colour,
                   label=label)  # fmt: skip
    ends = np.nanpercentile(stars["m_ks_geometric"][good], (0.5, 99.5)) if good.any() else (-5, 2)
    left.plot(ends, ends, color=GREY, lw=1)
    left.set_xlabel(r"geometric $M_{Ks}$ (mag), parallax / error > 10")
    left.set_ylabel(r"spectroscopic $M_{Ks}$ (mag)")
    left.invert_xaxis()
    left.invert_yaxis()
    right.set_xlabel(r"geometric minus spectroscopic $M_{Ks}$ (mag)")
    right.set_ylabel("spectra")
    for axes in (left, right):
        axes.legend(fontsize=8, frameon=False)
    return _write(figure, path)


def draw_distances(stars: Columns, path: Path) -> Path:
    """Write relative distance errors against distance (figure 12), and against the truth.

    Parameters
    ----------
    stars
        ``distance``, ``distance_16``, ``distance_84`` (pc), ``parallax``, ``parallax_error``
        (mas), ``true_distance`` (pc; NaN for real stars), ``title``.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(str(stars["title"]))
    left, right = figure.subplots(1, 2)
    kpc = stars["distance"] / 1000
    stated = (stars["distance_84"] - stars["distance_16"]) / 2 / stars["distance"]
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.where(stars["parallax"] > 0, stars["parallax_error"] / stars["parallax"], np.nan)
    left.plot(kpc, alone, ".", ms=2, color=GREY, alpha=0.5, label="parallax alone")
    left.plot(kpc, stated, ".", ms=2, color=BLUE, alpha=0.5, label="both")
    edges = np.geomspace(0.2, 20.0, 13)
    middles, medians = [], []
    for low, high in itertools.pairwise(edges):
        rows = (kpc >= low) & (kpc < high) & np.isfinite(stated)
        if rows.sum() >= 10:
            middles.append(np.sqrt(low * high))
            medians.append(np.median(stated[rows]))
    left.plot(middles, medians, "o-", color=RED, label="both, median")
    left.set(xscale="log", yscale="log", xlim=(0.1, 30), ylim=(0.005, 2))
    left.set_xlabel("distance (kpc)")
    left.set_ylabel("relative error, half of the 16-84 per cent range")
    left.legend(fontsize=8, frameon=False)
    true = stars["true_distance"]
    if np.isfinite(true).any():
        right.axhline(0.0, color=GREY, lw=0.8)
        right.plot(true / 1000, stars["distance"] / true - 1, ".", ms=2, color=BLUE, alpha=0.5)
        right.set(xscale="log", xlim=(0.1, 30), ylim=(-1, 1.5))
        right.set_xlabel("true distance (kpc)")
        right.set_ylabel("found / true - 1")
    else:
        right.set_visible(False)
    return _write(figure, path)


def draw_emission(stars: Columns, threshold: float, path: Path) -> Path:
    """Write the distribution of H-alpha excesses with the threshold (figure 3).

    Parameters
    ----------
    stars
        ``halpha_excess``, ``emission_flag``, ``title``.
    threshold
        Of the emission model; NaN is not drawn.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(str(stars["title"]))
    bins = np.arange(-0.2, 1.01, 0.01)
    excess = np.clip(stars["halpha_excess"], bins[0], bins[-1] - 1e-6)
    for label, flag, colour in (
        ("no emission", 0, BLUE),
        ("emission", 1, RED),
        ("unknown", -9, GREY),
    ):
        rows = (stars["emission_flag"] == flag) & np.isfinite(excess)
        axes.hist(excess[rows], bins=list(bins), histtype="step", color=colour,
                  label=f"{label}, {rows.sum():,d}")  # fmt: skip
    if np.isfinite(threshold):
        axes.axvline(threshold, color=GREEN, ls="--", label=f"threshold {threshold:.3f}")
    axes.set_yscale("log")
    axes.set_xlabel(r"mean excess of H$\alpha$ over its reconstruction, 6557-6571 (1 = continuum)")
    axes.set_ylabel("spectra")
    axes.legend(fontsize=8, frameon=False)
    return _write(figure, path)


def draw_composites(rows: Sequence[Mapping[str, Any]], title: str, path: Path) -> Path:
    """Write the bias of mock binaries by flux ratio (figure 9).

    Parameters
    ----------
    rows
        :func:`ml.distance.mock_binaries.bias_by_flux_ratio`.
    title
        What they were made of.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=10)
    ratio = np.array([(row["ratio_low"] + row["ratio_high"]) / 2 for row in rows])
    median, p16, p84, geometric = (
        np.array([row[name] for row in rows]) for name in ("median", "p16", "p84", "geometric")
    )
    axes.axhline(0.0, color=GREY, lw=0.8)
    axes.errorbar(ratio, median, [median - p16, p84 - median], fmt="o", color=BLUE,
                  label="by the network: median, 16-84 per cent")  # fmt: skip
    axes.plot(ratio, geometric, "s--", color=RED, label="geometric: the light of both")
    axes.set_xlabel("flux of the secondary over the primary's, in Ks")
    axes.set_ylabel(r"$M_{Ks}$ of both minus the primary's (mag)")
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    return _write(figure, path)


def _write(figure: Figure, path: Path) -> Path:
    part = path.with_suffix(".png.part")
    FigureCanvasAgg(figure).print_figure(part, dpi=110, format="png")
    part.replace(path)
    return path
