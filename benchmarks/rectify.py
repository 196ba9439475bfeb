"""Spectra a second through rectification, beside scipy row by row.

Run as ``python benchmarks/rectify.py [--rows 2048] [--json]``. Both sides do the same work in
the same run and on one core: bad pixels bridged, spikes out, onto the common grid, a spline
through the continuum with the same clips, one flux divided by it. Set OPENBLAS_NUM_THREADS=1 for
a figure per core. Ours is the best of three passes, scipy's one pass over fewer rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline, LSQUnivariateSpline
from scipy.ndimage import grey_opening, minimum_filter1d

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ml.spectra.continuum import KNOT_SPACING, LEAST_SCATTER
from ml.spectra.cosmic_rays import LOW_RESOLUTION, MEDIUM_RESOLUTION
from ml.spectra.grids import GRIDS, Grid
from ml.spectra.ragged import RaggedSpectra
from ml.spectra.rectify import rectify

CLIPS = ((-1.0, 3.0),) * 4 + ((-2.5, 2.5),) * 3


def make(grid: Grid, n: int, seed: int = 0) -> RaggedSpectra:
    """Return spectra with noise, a line, a spike and dead pixels, each on a grid of its own."""
    rng = np.random.default_rng(seed)
    length = grid.size + 120
    start = (grid.first - 60 + rng.uniform(size=n)) * grid.step
    wave = 10 ** (start[:, None] + grid.step * np.arange(length))
    middle = (grid.wavelength[0] + grid.wavelength[-1]) / 2
    x = (wave - middle) / 250
    flux = 1e3 * (1 + 0.1 * x - 0.4 * x**2) * (1 - 0.4 * np.exp(-(((wave - middle) / 7) ** 2)))
    flux *= 1 + rng.normal(0, 0.02, flux.shape)
    flux[np.arange(n), rng.integers(60, length - 60, n)] += 5e3
    flux[np.arange(n), rng.integers(60, length - 60, n)] = 0
    return RaggedSpectra(
        flux=flux.astype(np.float32).ravel(),
        ivar=np.full(flux.size, 2.5e-3, dtype=np.float32),
        or_mask=np.zeros(flux.size, dtype=np.int16),
        offsets=np.arange(n + 1, dtype=np.int64) * length,
        log_wavelength_start=start,
        log_wavelength_step=np.full(n, grid.step),
    )


def rectify_one(flux: np.ndarray, start: float, grid: Grid) -> np.ndarray:
    """Rectify one spectrum as one would with scipy."""
    shape = MEDIUM_RESOLUTION if grid.bin_width > 1 else LOW_RESOLUTION
    log_wave = start + grid.step * np.arange(len(flux))
    good = flux != 0
    flux = np.interp(log_wave, log_wave[good], flux[good])
    for sign in (1, -1):
        opened = grey_opening(sign * flux, shape.window)
        height = sign * flux - opened
        bend = np.abs(flux - 0.5 * (np.roll(flux, shape.window) + np.roll(flux, -shape.window)))
        level = minimum_filter1d(opened, 2 * shape.reach + 1)
        unit = np.median(bend) / (0.6745 * np.sqrt(1.5))
        spike = (height > shape.significance * unit) & (height > shape.sharpness * (opened - level))
        flux = np.interp(log_wave, log_wave[~spike], flux[~spike])
    flux = CubicSpline(log_wave, flux)(grid.log_wavelength)
    wave = grid.wavelength
    n = grid.size // grid.bin_width * grid.bin_width
    points = flux[:n].reshape(-1, grid.bin_width).mean(axis=1)
    places = wave[:n].reshape(-1, grid.bin_width).mean(axis=1)
    usable = np.ones(len(points), dtype=bool)
    for low, high in grid.line_windows:
        usable &= (places < low) | (places > high)
    kept = usable.copy()
    knots = np.arange(wave[0] + KNOT_SPACING, wave[-1] - KNOT_SPACING / 2, KNOT_SPACING)
    for low, high in grid.line_windows:
        knots = knots[(knots < low - 10) | (knots > high + 10)]
    for below, above in (*CLIPS, (None, None)):
        spline = LSQUnivariateSpline(places[kept], points[kept], knots)
        if below is None:
            break
        residual = points / spline(places) - 1
        positive = residual[kept & (residual > 0)]
        sigma = max(np.median(positive) / 0.6745, LEAST_SCATTER)
        kept = usable & (residual > below * sigma) & (residual < above * sigma)
    return flux / spline(wave)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2048, help="spectra a grid (default 2048)")
    parser.add_argument("--plain-rows", type=int, default=200, help="of them row by row")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    results = []
    for grid in GRIDS.values():
        spectra = make(grid, arguments.rows)
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            ours = rectify(spectra, grid)
            times.append((time.perf_counter() - begin) / arguments.rows)
        seconds = min(times)
        n_plain = min(arguments.plain_rows, arguments.rows)
        begin = time.perf_counter()
        plain = np.array(
            [
                rectify_one(
                    spectra.flux[spectra.offsets[i] : spectra.offsets[i + 1]].astype(float),
                    spectra.log_wavelength_start[i],
                    grid,
                )
                for i in range(n_plain)
            ]
        )
        plain_seconds = (time.perf_counter() - begin) / n_plain
        results.append(
            {
                "grid": grid.name,
                "ms_per_spectrum": round(1e3 * seconds, 4),
                "spectra_per_second": round(1 / seconds),
                "scipy_ms_per_spectrum": round(1e3 * plain_seconds, 3),
                "times_faster": round(plain_seconds / seconds, 1),
                "median_difference": float(f"{np.median(np.abs(ours.flux[:n_plain] - plain)):.1e}"),
            }
        )
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    print("  ".join(f"{name:>21}" for name in results[0]))
    for result in results:
        print("  ".join(f"{value!s:>21}" for value in result.values()))


if __name__ == "__main__":
    main()
