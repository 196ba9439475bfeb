"""The two generators of SLAM and the authors' program: accuracy, training time, labels a second.

    .venv/bin/python benchmarks/slam.py [--every 10] [--stars 200] [--no-svr] [--no-whole]

Low-resolution training spectra (R 1800, 3900-7000 A) from the simulated survey's coarse grid,
which is no grid of model atmospheres: the figures compare generators, and say nothing of real
stars. Spectra and noise that the generators never saw: the error of the generated flux, the
scatter of the labels at a signal-to-noise ratio of 100. Support vectors take their time, so that by
default every generator is trained on every tenth pixel. Their training on all 3,101 pixels is
extrapolated, pixel by pixel, since each has its own regressions; the kernel ridge's is measured.
``astroslam``, the authors' program, is timed beside them where it can be imported (docs/slam.md
says how to install it). All have two workers, or as many threads of BLAS as OMP_NUM_THREADS allows.
"""

from __future__ import annotations

import argparse
import collections
import collections.abc
import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Self

import joblib
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ingest.simulation.model_grid import nodes, synthesise
from ml.slam.generator import KINDS, fit
from ml.slam.grid import ModelGrid
from ml.slam.labels import solve
from ml.slam.training_set import RESOLUTION, WAVELENGTH, TrainingSet, draw

LABELS = ("teff_k", "logg_dex", "m_h_dex", "vsini_km_s")
SIGNAL_TO_NOISE = 100.0
LOG_STEP = 1e-5


class Stopwatch:
    """Seconds on the wall, and of processors: these hold on a busy machine as well."""

    wall = cpu = 0.0

    def __enter__(self) -> Self:
        self._begin = time.perf_counter(), _cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._begin[0], _cpu() - self._begin[1]


def _cpu() -> float:
    """Return processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def simulated_grid() -> ModelGrid:
    """Return the simulated survey's coarse grid."""
    models = nodes()
    log_wavelength = np.arange(np.log10(3750.0), np.log10(7300.0), LOG_STEP)
    flux = [np.interp(10**log_wavelength, *synthesise(node)) for node in models]
    labels = np.array([(node.teff, node.logg, node.m_h) for node in models])
    return ModelGrid(
        labels, log_wavelength, np.array(flux, dtype=np.float32), "coarse", simulated=True
    )


def measure(kind: str, training: TrainingSet, unseen: TrainingSet) -> dict[str, Any]:
    """Train one of ours and find labels with it."""
    with Stopwatch() as trained:
        generator = fit(training.labels, training.flux, kind)
    error = generator.predict(unseen.labels) - unseen.flux
    flux, ivar = observed(unseen)
    with Stopwatch() as solved:
        labels = solve(generator, flux, ivar)
    return row(kind, trained, error, solved, labels.values - unseen.labels)


def measure_astroslam(training: TrainingSet, unseen: TrainingSet) -> dict[str, Any]:
    """Train the authors' program, where it can be imported, and find labels with it.

    Raises
    ------
    ImportError
        When it is not installed, or does not run with this numpy.
    """
    # names that its dependencies took from where they no longer are
    for name in ("Set", "Mapping", "Iterable", "Callable"):
        setattr(collections, name, getattr(collections.abc, name))
    for name, plain in (("int", int), ("float", float), ("bool", bool)):
        setattr(np, name, plain)
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [folder for folder in sys.path if folder != here]  # this file has its name
    from slam import Slam  # noqa: PLC0415 - may not be there

    choices = {"C": [0.1, 1.0, 10.0], "gamma": [0.1, 1.0], "epsilon": [0.05]}
    flux, ivar = observed(unseen)
    ones = np.full(training.flux.shape, 1e4)
    # processes that are forked have the names above; fresh ones would not
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        joblib.parallel_config(backend="multiprocessing"),
    ):
        machine = Slam(
            wave=training.wavelength,
            tr_flux=training.flux.astype(float),
            tr_ivar=ones,
            tr_labels=training.labels,
            scale=True,
        )
        with Stopwatch() as trained:
            machine.train_pixels(method="grid", param_grid=choices, cv=5, n_jobs=2, verbose=0)
        error = machine.predict_spectra(unseen.labels) - unseen.flux
        with Stopwatch() as solved:
            start = machine.predict_labels_quick(flux, ivar, n_jobs=1)
            found = machine.predict_labels_multi(start, flux, ivar, ivar_eps=0.0, n_jobs=2)
    values = np.array([one["x"] for one in found])
    return row("astroslam", trained, error, solved, values - unseen.labels)


def observed(unseen: TrainingSet) -> tuple[np.ndarray, np.ndarray]:
    """Return spectra with noise, and their inverse variance."""
    noise = np.random.default_rng(3).normal(0.0, 1.0 / SIGNAL_TO_NOISE, unseen.flux.shape)
    return unseen.flux + noise, np.full(noise.shape, SIGNAL_TO_NOISE**2)


def row(
    name: str, trained: Stopwatch, error: np.ndarray, solved: Stopwatch, difference: np.ndarray
) -> dict[str, Any]:
    """Return a line of the table."""
    return {
        "generator": name,
        "training_s": round(trained.wall, 1),
        "training_cpu_s": round(trained.cpu, 1),
        "flux_error_rms": float(f"{np.sqrt(np.mean(error**2)):.2e}"),
        "flux_error_99": float(f"{np.percentile(np.abs(error), 99):.2e}"),
        "stars_per_s": round(len(difference) / solved.wall, 1),
        "stars_per_cpu_s": round(len(difference) / solved.cpu, 1),
        **{
            f"{label}_{what}": float(f"{value:.3g}")
            for what, values in (
                ("scatter", np.sqrt(np.mean(difference**2, axis=0))),
                ("bias", np.mean(difference, axis=0)),
            )
            for label, value in zip(LABELS, values, strict=True)
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=int, default=1000, help="spectra (default 1000)")
    parser.add_argument("--every", type=int, default=10, help="take every n-th pixel (default 10)")
    parser.add_argument("--stars", type=int, default=200, help="unseen spectra (default 200)")
    parser.add_argument("--no-svr", action="store_true", help="leave the support vectors out")
    parser.add_argument(
        "--no-whole", action="store_true", help="do not train the kernel ridge on all pixels"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    grid = simulated_grid()
    wavelength = WAVELENGTH["LRS"][:: arguments.every]
    training, unseen = (
        draw(grid, n, seed, RESOLUTION["LRS"], wavelength)
        for n, seed in ((arguments.training, 1), (arguments.stars, 2))
    )
    kinds = [kind for kind in KINDS if kind != "svr" or not arguments.no_svr]
    results = [measure(kind, training, unseen) for kind in kinds]
    missing = ""
    if not arguments.no_svr:
        try:
            results.append(measure_astroslam(training, unseen))
        except ImportError as error:
            missing = f"astroslam cannot be imported: {error}"
    whole = None
    if not arguments.no_whole:
        training_whole = draw(grid, arguments.training, 1, RESOLUTION["LRS"], WAVELENGTH["LRS"])
        with Stopwatch() as watch:
            fit(training_whole.labels, training_whole.flux)
        whole = {"training_s": watch.wall, "training_cpu_s": watch.cpu}
    for result in results:
        add_ratios(result, results, len(wavelength), whole)
    if arguments.json:
        print(json.dumps({"pixels": len(wavelength), "results": results}, indent=2))
        return
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(
        f"{arguments.training} training spectra of {len(wavelength)} pixels (SIMULATED grid), "
        f"{arguments.stars} unseen spectra at S/N {SIGNAL_TO_NOISE:g}, {threads} threads of BLAS"
    )
    for name in results[0]:
        print(f"{name:>32}", *(f"{result[name]!s:>14}" for result in results))
    print("all_pixels: kernel_ridge measured, the others extrapolated by pixels")
    if missing:
        print(missing)


def add_ratios(
    result: dict[str, Any],
    results: list[dict[str, Any]],
    n_pixels: int,
    whole: dict[str, float] | None,
) -> None:
    """Add the time for all pixels, and how many times faster this is than the authors' program."""
    theirs = next((one for one in results if one["generator"] == "astroslam"), None)
    more = len(WAVELENGTH["LRS"]) / n_pixels

    def on_all_pixels(one: dict[str, Any], name: str) -> float | None:
        if one["generator"] == "kernel_ridge":
            return None if whole is None else whole[name]
        return float(one[name]) * more

    for name in ("training_s", "training_cpu_s"):
        own = on_all_pixels(result, name)
        result[f"all_pixels_{name}"] = None if own is None else round(own, 1)
        if theirs is not None:
            reference = on_all_pixels(theirs, name)
            result[f"faster_{name}"] = round(theirs[name] / result[name], 2)
            result[f"faster_all_pixels_{name}"] = (
                None if own is None or reference is None else round(reference / own, 1)
            )
    if theirs is not None:
        for name in ("stars_per_s", "stars_per_cpu_s"):
            result[f"faster_{name}"] = round(result[name] / theirs[name], 1)


if __name__ == "__main__":
    main()
