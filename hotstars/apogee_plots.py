"""Figures of `hotstars check-apogee`, after figures 5 to 7 of Sprague et al. (2022)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hotstars.plot import BLUE, GREEN, GREY, RED

Columns = Mapping[str, NDArray[Any]]

_CLASSES = (("V, IV", 3.5, 5.5, BLUE, "o"), ("III, II", 1.5, 3.5, GREEN, "s"),
            ("I", 0.5, 1.5, RED, "^"))  # fmt: skip


def draw_kiel(stars: Columns, path: Path) -> Path:
    """Write log g against log Teff of all stars (figure 5), with the truth where it is known."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    figure.suptitle(_title(stars))
    for axes, x, y, what in (
        (left, stars["log_teff"], stars["logg"], "by the network"),
        (right, stars["true_log_teff"], stars["true_logg"], "true"),
    ):
        points = axes.scatter(x, y, c=stars["snr"], s=5, cmap="viridis", vmax=200.0)
        axes.set_title(what)
        axes.set_xlabel(r"log $T_\mathrm{eff}$ (K)")
    left.set_ylabel("log $g$ (dex, cgs)")
    left.invert_xaxis()
    left.invert_yaxis()
    figure.colorbar(points, ax=right, label="S/N of a pixel")
    return _write(figure, path)


def draw_truth(stars: Columns, path: Path) -> Path:
    """Write labels against the truth, and their differences over the errors (figure 6)."""
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    figure.suptitle(_title(stars))
    panels = figure.subplots(2, 3)
    names = (r"log $T_\mathrm{eff}$", "log $g$", "[Fe/H]")
    for column, (label, name) in enumerate(zip(("log_teff", "logg", "fe_h"), names, strict=True)):
        true, found = stars[f"true_{label}"], stars[label]
        top, bottom = panels[0, column], panels[1, column]
        fine = np.isfinite(true) & np.isfinite(found)
        top.plot(true[fine], found[fine], ".", ms=2, color=BLUE, alpha=0.5)
        if fine.any():
            ends = np.percentile(true[fine], (0.0, 100.0))
            top.plot(ends, ends, color=GREY, lw=1)
        top.set_xlabel(f"{name}, true (dex)")
        top.set_ylabel(f"{name}, by the network (dex)")
        pull = ((found - true) / stars[f"{label}_error"])[fine]
        bottom.hist(np.clip(pull, -20, 20), bins=np.linspace(-20, 20, 81).tolist(), color=BLUE,
                    histtype="step")  # fmt: skip
        bottom.set_xlabel(f"{name}: difference over stated error")
        bottom.set_ylabel("stars")
    return _write(figure, path)


def draw_types(stars: Columns, path: Path) -> Path:
    """Write log Teff of hot stars against their spectral type (figure 7)."""
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(_title(stars))
    number, luminosity = stars["numeric_type"], stars["luminosity_class"]
    for name, low, high, colour, marker in _CLASSES:
        rows = (luminosity >= low) & (luminosity < high)
        axes.plot(number[rows], stars["log_teff"][rows], marker, ms=3, color=colour, alpha=0.6,
                  label=f"class {name}, {rows.sum():,d}")  # fmt: skip
        order = np.argsort(number[rows])
        taught = stars["training_log_teff"][rows][order]
        axes.plot(number[rows][order], taught, color=colour, lw=1)
    axes.set_xticks([0, 5, 10, 15, 20, 25, 30, 35])
    axes.set_xticklabels(["O0", "O5", "B0", "B5", "A0", "A5", "F0", "F5"])
    axes.set_xlabel("spectral type in the literature (lines: what it is taken for)")
    axes.set_ylabel(r"log $T_\mathrm{eff}$ by the network (K)")
    axes.legend(fontsize=8, frameon=False)
    return _write(figure, path)


def _title(stars: Columns) -> str:
    simulated = np.char.startswith(stars["survey"].astype(str), "SIM").any()
    return f"apogee_labels, {len(stars['survey']):,d} stars{', SIMULATED' * int(simulated)}"


def _write(figure: Figure, path: Path) -> Path:
    part = path.with_suffix(".png.part")
    FigureCanvasAgg(figure).print_figure(part, dpi=110, format="png")
    part.replace(path)
    return path
