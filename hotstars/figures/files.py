"""Draw a file: H-alpha on the rectified spectrum, and everything as it came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from hotstars.figures.panels import legend_above
from hotstars.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PAGE,
    RED,
    SIMULATED,
    new_figure,
    styled,
    write_figure,
)
from hotstars.measure import EW_HALPHA, PEAKS, Inspected, best_spectrum
from ingest.lamost import LamostFile, Spectrum
from ml.spectra.grids import H_ALPHA

WINDOW = (6500.0, 6630.0)


@styled
def draw_file(item: Inspected, path: Path) -> None:
    """Write a PNG of one file, under its name only when it is whole."""
    assert item.file is not None
    observation = item.file.observation
    mark = SIMULATED if str(observation.survey).startswith("SIM") else None
    figure = new_figure(PAGE, 5.4, mark)
    line, whole = figure.subplots(2, 1)
    figure.suptitle(
        f"{observation.designation}   {observation.survey} {observation.obsid}   "
        f"{observation.subclass or ''}"
    )
    _draw_line(line, item)
    _draw_whole(whole, item.file)
    write_figure(figure, path, vector=False)


def _draw_line(axes: Axes, item: Inspected) -> None:
    axes.set_xlim(*WINDOW)
    axes.set_xlabel("vacuum wavelength (Å)")
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
    axes.plot(wavelength[inside], item.red[inside], color=BLACK, lw=0.8, drawstyle="steps-mid")
    peak = item.row.get("peak_wavelength")
    if peak is not None:
        axes.plot(
            peak, item.row["peak_flux"], "v", color=GREEN, ms=6, ls="none",
            label=f"strongest peak of {PEAKS[0]:.0f}–{PEAKS[1]:.0f} Å: "
            f"{_format(item.row['peak_significance'])} sigma",
        )  # fmt: skip
    axes.set_title(
        f"EW(H$\\alpha$) = {_format(item.row['ew_halpha'])} ± "
        f"{_format(item.row['ew_halpha_error'])} Å, S/N = {_format(item.row['snr_r'])}",
        loc="right",
    )
    legend_above(axes, columns=1)


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
        axes.plot(spectrum.grid.values(len(flux)), flux, color=color, lw=0.5, label=name + what)
    finite = np.concatenate([s.flux[(s.ivar > 0) & np.isfinite(s.flux)] for s in drawn])
    low, high = np.percentile(finite, [0.2, 99.8])
    room = 0.08 * max(high - low, 1e-6)
    axes.set_ylim(low - room, high + room)
    axes.set_xlabel("vacuum wavelength (Å)")
    axes.set_ylabel("flux (relative), ivar > 0")
    legend_above(axes)


def _format(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
