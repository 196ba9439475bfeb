"""SLAM on real input: a piece of TLUSTY's BSTAR2006, and MILES spectra with labels from papers.

    .venv/bin/python benchmarks/slam_real.py --grid-file bstar2006_hei6678_flux.npz
    .venv/bin/python benchmarks/slam_real.py --miles FOLDER [--figure miles.png]

The piece goes the way that `hotstars ingest model_grid` goes, through a warehouse in memory; then
the five-fold cross-validation of Guo et al. (2021, section 3.3) runs on what it covers at medium
resolution.

MILES has 3540-7410 A at 2.5 A (FWHM), close to LAMOST's low resolution; FOLDER holds its files
and `params.csv` (file, teff, logg from the literature). Its spectra are rectified like LAMOST's,
with their radial velocity measured, and solved with a generator that was trained **on the
simulated grid**, which has no model atmospheres and ends at 15,000 K: the differences say how far
that grid is from stars, and the labels of cooler stars are extrapolated.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.interpolate import CubicSpline

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.slam import simulated_grid
from hotstars.checks.slam import tables
from hotstars.checks.slam_scores import Conditions, Scores, cross_validate, label_ranges
from hotstars.figures.style import BLUE, GREY, RED
from ingest.model_grid.load import load_model_grid
from ingest.model_grid.nodes import read_model_grid
from ml.slam.broadening import SPEED_OF_LIGHT, reach
from ml.slam.generator import Generator, fit
from ml.slam.grid import ModelGrid
from ml.slam.labels import Labels, solve
from ml.slam.masks import filled_by_emission, useful
from ml.slam.observed import continuum_curves, rectified, wide_wavelength, windows
from ml.slam.rectify import rectify_spline
from ml.slam.training_set import (
    RESOLUTION,
    VSINI_RANGE,
    WAVELENGTH,
    TrainingSet,
    draw,
    draw_labels,
    spectra,
)
from ml.slam.velocity import radial_velocity, templates
from ml.spectra.air import to_vacuum
from warehouse.migrate import upgrade_in_memory

MILES_FWHM = 2.5
"""A, at all wavelengths: the resolving power grows from 1,560 at 3900 A to 2,800 at 7000 A."""

SEGMENT = 100.0
"""A over which the resolving power of model spectra is held, which errs by 1.3 per cent at most."""

MILES_SNR = 100.0
"""Assumed: the files have no errors, so that none of the labels are given here."""

UNKNOWN = 9999.0
"""A label that `params.csv` does not know."""

TEFF_EDGES = (0.0, 10_000.0, 15_000.0, 100_000.0)
"""K, of the literature: below 15,000 all is extrapolated."""

_STEP = 0.2  # A of medium-resolution training spectra
_HALPHA = (6559.0, 6570.0)  # A, vacuum


def check_grid(path: Path, n_spectra: int, kind: str) -> list[Scores]:
    """Cross-validate SLAM on a piece of a real grid, at medium resolution."""
    with upgrade_in_memory() as connection:
        load_model_grid(connection, [path], tell=_say)
        names = connection.execute(
            "select distinct grid from raw.model_grid_spectrum order by grid"
        ).fetchall()
        grid = read_model_grid(connection, [name for (name,) in names])
    low, high = grid.wavelength[[0, -1]]
    # rotation and the spectrograph bring light in from outside
    margin = reach(VSINI_RANGE[1], RESOLUTION["MRS"]) / SPEED_OF_LIGHT * high + 1.0
    wavelength = np.arange(np.ceil(low + margin), high - margin, _STEP)
    _say(
        f"{grid.name}: {len(grid.labels)} models, {low:.1f}-{high:.1f} A; training spectra "
        f"{wavelength[0]:.1f}-{wavelength[-1]:.1f} A, {len(wavelength)} pixels"
    )
    training = draw(grid, n_spectra, 1, RESOLUTION["MRS"], wavelength)
    return cross_validate(
        training,
        label_ranges(grid),
        Conditions(np.ones(len(wavelength))),
        survey=f"R {RESOLUTION['MRS']:.0f}",
        kind=kind,
        say=_say,
    )


@dataclass(frozen=True)
class Miles:
    """MILES spectra at their own velocities, on wide wavelengths, with labels from papers.

    Attributes
    ----------
    name : (n,)
    labels : (n, 2)
        Teff (K) and log g from the literature; NaN where unknown.
    log_wavelength : list of (m,)
        Natural logarithm, vacuum.
    flux : list of (m,)
    """

    name: list[str]
    labels: np.ndarray
    log_wavelength: list[np.ndarray]
    flux: list[np.ndarray]


def read_miles(folder: Path) -> Miles:
    """Return the spectra that `params.csv` names."""
    with (folder / "params.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([[float(row["teff"]), float(row["logg"])] for row in rows])
    labels[labels == UNKNOWN] = np.nan
    log_wavelength, flux = [], []
    for row in rows:
        with fits.open(folder / row["file"]) as hdus:
            header = hdus[0].header
            flux.append(np.asarray(hdus[0].data, dtype=np.float64).ravel())
        place = np.arange(len(flux[-1])) + 1.0 - header["CRPIX1"]
        log_wavelength.append(np.log(to_vacuum(header["CRVAL1"] + header["CDELT1"] * place)))
    return Miles([row["miles_id"] for row in rows], labels, log_wavelength, flux)


def at_rest(miles: Miles, velocity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rectified flux and inverse variance on the training grid of LRS, (n, p)."""
    (window,) = windows("LRS")
    flux = np.empty((len(miles.flux), len(window.wide)))
    for row, (place, values) in enumerate(zip(miles.log_wavelength, miles.flux, strict=True)):
        shifted = np.exp(place) / (1.0 + velocity[row] / SPEED_OF_LIGHT)
        flux[row] = CubicSpline(shifted, values)(window.wide)
    given, _ = rectify_spline(flux, np.ones(flux.shape, dtype=bool), 1.0)
    given = given[:, window.inner]
    kept = useful(WAVELENGTH["LRS"], gap=False) & np.isfinite(given)
    ivar = np.where(kept, MILES_SNR**2, 0.0).astype(np.float32)
    return np.where(kept, given, 1.0).astype(np.float32), ivar


def training_at_miles(grid: ModelGrid, n: int, seed: int) -> TrainingSet:
    """Return rectified training spectra with MILES's constant width in A."""
    wide = wide_wavelength("LRS")
    labels = draw_labels(grid, n, seed)
    pieces = []
    for start in range(0, len(wide), round(SEGMENT)):
        part = wide[start : start + round(SEGMENT)]
        pieces.append(spectra(grid, labels, float(part.mean()) / MILES_FWHM, part))
    drawn = TrainingSet(
        labels, np.concatenate(pieces, axis=1), wide, np.nan, grid.name, grid.simulated
    )
    return rectified(drawn, wide, "LRS")


def solve_miles(miles: Miles, generator: Generator, grid: ModelGrid) -> tuple[Labels, Any, Any]:
    """Return labels, velocities (km/s), and which stars show emission in H-alpha."""
    flux, ivar = at_rest(miles, np.zeros(len(miles.flux)))
    wavelength = WAVELENGTH["LRS"]
    core = (wavelength > _HALPHA[0]) & (wavelength < _HALPHA[1])
    emission = flux[:, core].mean(axis=1) > 1.0
    filled = filled_by_emission(wavelength)
    ivar[np.ix_(emission, filled)] = 0.0
    velocity, _ = radial_velocity(flux, ivar, templates(generator, "LRS"))
    flux, ivar = at_rest(miles, np.nan_to_num(velocity))
    ivar[np.ix_(emission, filled)] = 0.0
    found = solve(generator, flux, ivar, continuum=continuum_curves("LRS"), in_grid=grid.inside)
    return found, velocity, emission


def check_miles(folder: Path, n_spectra: int, kind: str, figure: Path | None) -> dict[str, Any]:
    """Compare labels of MILES spectra with those of the literature."""
    miles, grid = read_miles(folder), simulated_grid()
    training = training_at_miles(grid, n_spectra, 1)
    generator = fit(training.labels, training.flux, kind, ranges=label_ranges(grid))
    found, velocity, emission = solve_miles(miles, generator, grid)
    difference = found.values[:, :2] - miles.labels
    bins = []
    for low, high in pairwise(TEFF_EDGES):
        rows = (miles.labels[:, 0] >= low) & (miles.labels[:, 0] < high)
        bins += [
            _bin(f"{low:g}-{high:g} K", rows, difference),
            _bin(f"{low:g}-{high:g} K, flag I", rows & (found.inside == "I"), difference),
        ]
    stars = [
        {
            "star": miles.name[row],
            "teff": miles.labels[row, 0],
            "teff_found": round(found.teff[row]),
            "logg": miles.labels[row, 1],
            "logg_found": round(found.logg[row], 2),
            "m_h_found": round(found.m_h[row], 2),
            "vsini_found": round(found.vsini[row]),
            "velocity": float(np.round(velocity[row], 1)),
            "flag": str(found.inside[row]),
            "halpha_emission": bool(emission[row]),
        }
        for row in np.argsort(-miles.labels[:, 0])
    ]
    if figure is not None:
        draw_miles(miles, found, grid, figure)
    return {
        "grid": grid.name,
        "simulated": grid.simulated,
        "generator": kind,
        "n_spectra": n_spectra,
        "bins": bins,
        "stars": stars,
    }


def _bin(name: str, rows: np.ndarray, difference: np.ndarray) -> dict[str, Any]:
    """Return scatter (eq. 1), bias (eq. 2) and the median deviation of some stars."""
    values: dict[str, Any] = {"literature": name, "n_stars": int(np.sum(rows))}
    for column, (label, digits) in enumerate((("teff", 0), ("logg", 2))):
        known = difference[rows, column]
        known = known[np.isfinite(known)]
        if len(known) == 0:
            continue
        middle = np.median(known)
        values[f"{label}_scatter"] = round(float(np.sqrt(np.mean(known**2))), digits)
        values[f"{label}_bias"] = round(float(np.mean(known)), digits)
        values[f"{label}_median"] = round(float(middle), digits)
        values[f"{label}_robust"] = round(float(1.4826 * np.median(np.abs(known - middle))), digits)
    return values


def draw_miles(miles: Miles, found: Labels, grid: ModelGrid, path: Path) -> None:
    """Write Teff and log g found against those of the literature."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    figure.suptitle(f"MILES spectra, labels from the SIMULATED grid {grid.name}")
    inside = found.inside == "I"
    names = ("$T_\\mathrm{eff}$ (K)", "log $g$ (dex, cgs)")
    for column, (axes, name) in enumerate(zip(figure.subplots(1, 2), names, strict=True)):
        x, y = miles.labels[:, column], found.values[:, column]
        ends = [np.nanmin([x, y]), np.nanmax([x, y])]
        axes.plot(ends, ends, color="#000000", lw=0.8)
        axes.axvspan(*grid.ranges[column], color=GREY, alpha=0.15, lw=0, label="grid")
        for rows, colour, marker, what in (
            (~inside, RED, "x", "extrapolated"),
            (inside, BLUE, "o", "flag I"),
        ):
            axes.scatter(x[rows], y[rows], c=colour, marker=marker, s=22, label=what)
        axes.set_xlabel(f"literature {name}")
        axes.set_ylabel(f"SLAM {name}")
    figure.axes[0].legend()
    FigureCanvasAgg(figure).print_figure(path, dpi=110, format="png")


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    names = list(max(rows, key=len))
    shown = [[_cell(row.get(name)) for name in names] for row in rows]
    width = [max(map(len, column)) for column in zip(names, *shown, strict=True)]
    return [
        "  ".join(f"{cell:>{w}}" for cell, w in zip(cells, width, strict=True))
        for cells in (names, *shown)
    ]


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grid-file", type=Path, help="piece of a real grid: .npz or MSG's .h5")
    parser.add_argument("--miles", type=Path, help="folder of MILES spectra and params.csv")
    parser.add_argument("--training", type=int, default=1000, help="spectra (default 1000)")
    parser.add_argument("--figure", type=Path, help="PNG of MILES's labels")
    parser.add_argument("--generator", default="kernel_ridge", choices=("kernel_ridge", "svr"))
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.grid_file is None and given.miles is None:
        parser.error("give --grid-file, --miles or both")
    result: dict[str, Any] = {}
    if given.grid_file is not None:
        scores = check_grid(given.grid_file, given.training, given.generator)
        result["grid"] = [item.to_dict() for item in scores]
        if not given.json:
            print("\n".join(tables(scores)))
    if given.miles is not None:
        found = check_miles(given.miles, given.training, given.generator, given.figure)
        result["miles"] = found
        if not given.json:
            print(f"\nMILES, {found['n_spectra']} training spectra of SIMULATED {found['grid']}")
            print("\n".join(_table(found["stars"])), "", *_table(found["bins"]), sep="\n")
    if given.json:
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
