"""Draw a file: H-alpha on the rectified spectrum, and everything as it came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hotstars.measure import EW_HALPHA, PEAKS, Inspected, best_spectrum
from ingest.lamost import LamostFile, Spectrum
from ml.spectra.grids import H_ALPHA

# Okabe and Ito's palette: told apart by every eye
BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
WINDOW = (6500.0, 6630.0)


def draw_file(item: Inspected, path: Path) -> None:
    """Write a PNG of one file, under its name only when it is whole."""
    assert item.file is not None
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    line, whole = figure.subplots(2, 1)
    observation = item.file.observation
    figure.suptitle(
        f"{observation.designation}   {observation.survey} {observation.obsid}   "
        f"{observation.subclass or ''}",
        fontsize=11,
    )
    _draw_line(line, item)
    _draw_whole(whole, item.file)
    part = path.with_suffix(".png.part")
    canvas.print_figure(part, dpi=110, format="png")
    part.replace(path)


def _draw_line(axes: Axes, item: Inspected) -> None:
    axes.set_xlim(*WINDOW)
    axes.set_xlabel("vacuum wavelength (0.1 nm)")
    axes.set_ylabel("flux / continuum")
    if item.red is None or item.grid is None:
        axes.text(
            0.5, 0.5, f"H-alpha: {item.row.get('rectified_r')}", transform=axes.transAxes,
            ha="center",
        )  # fmt: skip
        return
    wavelength = item.grid.wavelength
    inside = (wavelength > WINDOW[0]) & (wavelength < WINDOW[1])
    axes.axvspan(*EW_HALPHA, color=GREY, alpha=0.15, lw=0, label="band of the equivalent width")
    axes.axhline(1.0, color=GREY, lw=0.8)
    axes.axvline(H_ALPHA, color=GREY, lw=0.8, ls=":")
    axes.plot(wavelength[inside], item.red[inside], color=RED, lw=0.9, drawstyle="steps-mid")
    peak = item.row.get("peak_wavelength")
    if peak is not None:
        axes.plot(
            peak, item.row["peak_flux"], "v", color=GREEN, ms=7,
            label=f"strongest peak of {PEAKS[0]:.0f}-{PEAKS[1]:.0f}: "
            f"{_format(item.row['peak_significance'])} sigma",
        )  # fmt: skip
    axes.set_title(
        f"H-alpha: EW = {_format(item.row['ew_halpha'])} ± {_format(item.row['ew_halpha_error'])}, "
        f"S/N = {_format(item.row['snr_r'])}",
        fontsize=10,
    )
    axes.legend(fontsize=8, frameon=False)


def _draw_whole(axes: Axes, file: LamostFile) -> None:
    drawn: list[Spectrum] = []
    for arm, color in (("B", BLUE), ("R", RED)):
        spectrum = best_spectrum(file, arm)
        if spectrum is None or any(spectrum is other for other in drawn):
            continue
        drawn.append(spectrum)
        flux = np.where(spectrum.ivar > 0, spectrum.flux, np.nan)
        name = {"L": "joined arms", "B": "blue arm", "R": "red arm"}[spectrum.arm]
        what = "" if spectrum.exposure == 0 else f", exposure {spectrum.exposure}"
        axes.plot(spectrum.grid.values(len(flux)), flux, color=color, lw=0.6, label=name + what)
    finite = np.concatenate([s.flux[(s.ivar > 0) & np.isfinite(s.flux)] for s in drawn])
    low, high = np.percentile(finite, [0.2, 99.8])
    room = 0.08 * max(high - low, 1e-6)
    axes.set_ylim(low - room, high + room)
    axes.set_xlabel("vacuum wavelength (0.1 nm)")
    axes.set_ylabel("flux (relative), ivar > 0")
    axes.legend(fontsize=8, frameon=False)


def _format(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
