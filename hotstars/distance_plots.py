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
    """Write spectroscopic against geometric magnitudes (figure 5).

    Parameters
    ----------
    stars
        ``m_ks``, ``m_ks_geometric``, ``parallax_over_error``, ``binary_flag``,
        ``emission_flag``, ``snr_g``; ``title``.
    path
        Of the PNG; it appears when it is whole.
    """
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    figure.suptitle(str(stars["title"]))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    good = (stars["parallax_over_error"] > 10) & np.isfinite(stars["m_ks_geometric"])
    emits = stars["emission_flag"] == 1
    ends = np.nanpercentile(stars["m_ks_geometric"][good], (0.5, 99.5)) if good.any() else (-5, 2)
    for axes, rows, title in (
        (panels[0], good & ~emits, "without emission, all pixels"),
        (panels[1], good & emits, "with emission, clean windows"),
    ):
        for name, flag, colour in (("single", 0, BLUE), ("binary", 1, RED)):
            chosen = rows & (stars["binary_flag"] == flag)
            axes.plot(stars["m_ks_geometric"][chosen], stars["m_ks"][chosen], ".", ms=3,
                      color=colour, alpha=0.6,
                      label=f"{name}, {chosen.sum():,d} spectra")  # fmt: skip
        axes.plot(ends, ends, color=GREY, lw=1)
        axes.plot(ends, np.asarray(ends) + 0.75, color=GREY, lw=1, ls="--",
                  label="two equal stars, 0.75 mag")  # fmt: skip
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(r"geometric $M_{Ks}$ (mag), parallax / error > 10")
        axes.legend(fontsize=8, frameon=False, loc="upper left")
    panels[0].set_ylabel(r"spectroscopic $M_{Ks}$ (mag)")
    panels[0].invert_xaxis()
    panels[0].invert_yaxis()
    return _write(figure, path)


def draw_parallax_excess(stars: Columns, path: Path) -> Path:
    """Write the excess of the spectroscopic over Gaia's parallax, over its error (figure 10).

    Parameters
    ----------
    stars
        ``parallax_excess_snr``, ``parallax_over_error``, ``snr_g``, ``m_ks_geometric``;
        ``excess_limit``, from which on a star is taken for a binary; ``title``.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(str(stars["title"]))
    excess = stars["parallax_excess_snr"]
    good = (stars["parallax_over_error"] > 10) & (stars["snr_g"] > 50) & np.isfinite(excess)
    bins = np.arange(-6.0, 10.01, 0.25)
    for label, rows, colour in (
        ("all", good, "#000000"),
        (r"geometric $M_{Ks} < 0$", good & (stars["m_ks_geometric"] < 0), RED),
    ):
        axes.hist(np.clip(excess[rows], bins[0], bins[-1] - 1e-6), bins=list(bins),
                  histtype="step", color=colour,
                  label=f"{label}, {rows.sum():,d} spectra")  # fmt: skip
    axes.axvline(float(stars["excess_limit"]), color=GREEN, ls="--", label="binaries beyond")
    axes.set_xlabel("spectroscopic minus Gaia's parallax, over the error of both")
    axes.set_ylabel("spectra of S/N > 50 with parallax / error > 10")
    axes.legend(fontsize=8, frameon=False)
    return _write(figure, path)


def draw_distances(stars: Columns, path: Path) -> Path:
    """Write the distribution of distances, and relative errors against them (figure 11).

    Parameters
    ----------
    stars
        ``distance``, ``distance_16``, ``distance_84`` (pc), ``log_distance_error`` (dex),
        ``parallax``, ``parallax_error`` (mas), ``binary_flag``, ``uniqflag``; ``title``.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(str(stars["title"]))
    left, right = figure.subplots(1, 2)
    kpc = stars["distance"] / 1000
    once = (stars["uniqflag"] == 1) & np.isfinite(kpc)
    left.hist(kpc[once], bins=list(np.arange(0.0, 20.1, 0.25)), histtype="step", color=BLUE,
              label=f"{once.sum():,d} stars")  # fmt: skip
    left.set_yscale("log")
    left.set_xlabel("distance (kpc)")
    left.set_ylabel("stars in 0.25 kpc")
    left.legend(fontsize=8, frameon=False)
    single = once & (stars["binary_flag"] == 0)
    stated = np.log(10.0) * stars["log_distance_error"]
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.where(stars["parallax"] > 0, stars["parallax_error"] / stars["parallax"], np.nan)
    right.plot(kpc[single], alone[single], ".", ms=2, color=GREY, alpha=0.4)
    right.plot(kpc[single], stated[single], ".", ms=2, color=BLUE, alpha=0.5)
    for values, colour, style, label in (
        (alone, "#000000", "--", "parallax alone, median"),
        (stated, RED, "-", "spectrum and parallax, median"),
    ):
        right.plot(*_medians(kpc[single], values[single]), color=colour, ls=style, label=label)
    right.set(xscale="log", yscale="log", xlim=(0.1, 30), ylim=(0.005, 2))
    right.set_xlabel("distance (kpc)")
    right.set_ylabel(r"$\sigma_d / d = \ln 10\ \sigma_{\log d}$ (single stars)")
    right.legend(fontsize=8, frameon=False)
    return _write(figure, path)


def _medians(
    distance: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[list[float], list[float]]:
    """Return middles of bins of ten and more stars, and the medians in them."""
    middles, medians = [], []
    for low, high in itertools.pairwise(np.geomspace(0.2, 20.0, 13)):
        rows = (distance >= low) & (distance < high) & np.isfinite(values)
        if rows.sum() >= 10:
            middles.append(float(np.sqrt(low * high)))
            medians.append(float(np.median(values[rows])))
    return middles, medians


def draw_plane(stars: Columns, path: Path) -> Path:
    """Write the stars in the Galactic plane, seen from the north (figure 12).

    Parameters
    ----------
    stars
        ``x``, ``y`` (kpc; the Sun at -8.1, 0), ``uniqflag``; ``title``.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(7, 6.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(str(stars["title"]))
    rows = (stars["uniqflag"] == 1) & np.isfinite(stars["x"]) & np.isfinite(stars["y"])
    axes.plot(stars["x"][rows], stars["y"][rows], ".", ms=2, color=BLUE, alpha=0.5,
              label=f"{rows.sum():,d} stars")  # fmt: skip
    angle = np.linspace(0.0, 2 * np.pi, 200)
    for radius in range(1, 9):
        axes.plot(-8.1 + radius * np.cos(angle), radius * np.sin(angle), color=GREY, lw=0.6,
                  ls="--")  # fmt: skip
    axes.plot(-8.1, 0.0, "+", ms=12, color="#000000", label="Sun; circles every kpc")
    axes.set(xlim=(-17, -3), ylim=(-7, 7), aspect="equal")
    axes.set_xlabel("X (kpc)")
    axes.set_ylabel("Y (kpc)")
    axes.legend(fontsize=8, loc="upper right")
    return _write(figure, path)


def draw_true_distances(stars: Columns, path: Path) -> Path:
    """Write distances of simulated stars over the true ones.

    Parameters
    ----------
    stars
        ``distance``, ``true_distance`` (pc; NaN for real stars), ``binary_flag``; ``title``.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(str(stars["title"]))
    true = stars["true_distance"]
    axes.axhline(0.0, color=GREY, lw=0.8)
    for name, rows, colour in (
        ("taken for binaries", stars["binary_flag"] == 1, RED),
        ("others", stars["binary_flag"] != 1, BLUE),
    ):
        axes.plot(true[rows] / 1000, stars["distance"][rows] / true[rows] - 1, ".", ms=2,
                  color=colour, alpha=0.5, label=f"{name}, {rows.sum():,d} spectra")  # fmt: skip
    axes.set(xscale="log", xlim=(0.1, 30), ylim=(-1, 1.5))
    axes.set_xlabel("true distance (kpc)")
    axes.set_ylabel("found / true - 1")
    axes.legend(fontsize=8, frameon=False)
    return _write(figure, path)


def draw_emission(stars: Columns, limits: Mapping[str, float], path: Path) -> Path:
    """Write the reduced chi2 about H-alpha against its excess, with the limits (figure 3).

    Parameters
    ----------
    stars
        ``halpha_excess``, ``halpha_chi2``, ``emission_flag``, ``title``.
    limits
        ``halpha_excess`` and ``chi2`` of the emission model; what it lacks is not drawn.
    path
        Of the PNG.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(str(stars["title"]))
    excess = np.clip(stars["halpha_excess"], -0.2, 1.0)
    for label, flag, colour in (
        ("no emission", 0, BLUE),
        ("emission", 1, RED),
        ("unknown", -9, GREY),
    ):
        rows = (stars["emission_flag"] == flag) & np.isfinite(excess)
        axes.plot(excess[rows], stars["halpha_chi2"][rows], ".", ms=3, color=colour, alpha=0.6,
                  label=f"{label}, {rows.sum():,d} spectra")  # fmt: skip
    if "halpha_excess" in limits:
        axes.axvline(limits["halpha_excess"], color=GREEN, ls="--", label="limit of emission")
    if "chi2" in limits:
        axes.axhline(limits["chi2"], color=GREY, ls=":", label="faulty spectra above")
    axes.set_yscale("log")
    axes.set_xlabel(r"mean excess of H$\alpha$ over its reconstruction, 6557-6571 (1 = continuum)")
    axes.set_ylabel(r"reduced $\chi^2$ of 6400-6550 and 6590-6690")
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
