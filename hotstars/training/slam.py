"""Make the models of SLAM: draw training spectra from a grid, learn them, score, store."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotstars.training import names
from ml.registry import save_model
from ml.slam.broadening import LIMB_DARKENING
from ml.slam.generator import Generator, fit
from ml.slam.grid import ModelGrid
from ml.slam.labels import solve
from ml.slam.masks import useful
from ml.slam.model import tensors_of
from ml.slam.observed import CURVES, continuum_curves, rectified, wide_wavelength
from ml.slam.rectify import CLIP, ROUNDS, SMOOTHING
from ml.slam.training_set import (
    LABELS,
    RESOLUTION,
    VSINI_RANGE,
    WAVELENGTH,
    TrainingSet,
    draw,
)

#: Training spectra of each survey (Guo et al. 2021, section 3.4).
SPECTRA = {"LRS": 1000, "MRS": 5000}

#: Signal-to-noise ratios that the card has scores for, and spectra that they come from.
SCORED_SNR = (20.0, 50.0, 100.0)
SCORED_SPECTRA = 200

_NOT_FOR = (
    "Labels hold between the ranges of the training set: outside, where flag I is missing, they "
    "are extrapolated. One star without companion, disc or wind is assumed; chi2 tells where that "
    "fails. Errors follow from the noise alone: stars differ from models by more."
)


def train_slam(
    models: Path,
    grid: ModelGrid,
    survey: str,
    *,
    n_spectra: int | None = None,
    kind: str = "kernel_ridge",
    seed: int = 1,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Draw, learn, score and store; return the model's card.

    Parameters
    ----------
    models
        Folder of the registry; finished pixels of a stopped training lie in it until the end.
    grid
        Model spectra.
    survey
        ``LRS`` or ``MRS``.
    n_spectra
        Training spectra; the paper's number by default.
    kind
        ``kernel_ridge`` or ``svr``.
    seed
        Of the training set.
    say
        Told how far it is.

    Raises
    ------
    ValueError
        When the grid does not cover the survey's wavelengths.
    """
    n_spectra = n_spectra or SPECTRA[survey]
    start = time.monotonic()
    drawn = _training_set(grid, n_spectra, seed, survey)
    say(
        f"{survey}: {n_spectra:,d} training spectra from {grid.name} "
        f"({time.monotonic() - start:.1f} s)"
    )
    training = {
        "paper": "Guo+2021",
        "grid": {"name": grid.name, "sha256": grid.digest(), "n_models": len(grid.labels)},
        "survey": survey,
        "n_spectra": n_spectra,
        "seed": seed,
        "generator": kind,
        "vsini_range": VSINI_RANGE,
        "limb_darkening": LIMB_DARKENING,
        "resolution": RESOLUTION[survey],
        "rectification": {"clip": CLIP, "rounds": ROUNDS, "smoothing": SMOOTHING},
        "continuum_curves": CURVES[survey],
    }
    name = names.slam(survey)
    digest = hashlib.sha256(json.dumps(training, sort_keys=True).encode()).hexdigest()[:12]
    unfinished = models / name / f".training-{digest}"
    start = time.monotonic()
    generator = _learn(drawn, grid, kind, unfinished, say)
    seconds = time.monotonic() - start
    say(f"{survey}: {kind} of {generator.n_pixels:,d} pixels learnt ({seconds:.1f} s)")
    unseen = _training_set(grid, SCORED_SPECTRA, seed + 1, survey)
    scores = [_score(generator, unseen, grid, survey, snr) for snr in SCORED_SNR]
    card = {
        "architecture": kind,
        "description": (
            "Stellar labels of early-type stars by least squares over generated spectra (SLAM), "
            f"after Guo et al. (2021). Learnt from {'SIMULATED ' * grid.simulated}model spectra."
        ),
        "simulated": grid.simulated,
        "survey": survey,
        "grid": training["grid"],
        "training": training,
        "ranges": {label: generator.ranges[column].tolist() for column, label in enumerate(LABELS)},
        "flux_error": {
            "of": "spectra left out, units of the continuum",
            "median": float(np.median(generator.error)),
            "largest": float(generator.error.max()),
        },
        "scores": {
            "of": f"{SCORED_SPECTRA} unseen spectra of the same grid with white noise",
            "by_snr": scores,
        },
        "seconds": round(seconds, 1),
        "weights_origin": "trained from scratch",
        "not_for": _NOT_FOR,
    }
    model = save_model(models, name, tensors_of(generator, grid.labels), card)
    shutil.rmtree(unfinished, ignore_errors=True)
    return {**model.card, "folder": str(model.folder)}


def _training_set(grid: ModelGrid, n: int, seed: int, survey: str) -> TrainingSet:
    """Return spectra that went through the same rectification as observed ones."""
    wide = wide_wavelength(survey)
    return rectified(draw(grid, n, seed, RESOLUTION[survey], wide), wide, survey)


def _learn(
    drawn: TrainingSet, grid: ModelGrid, kind: str, folder: Path, say: Callable[[str], None]
) -> Generator:
    ranges = np.concatenate([grid.ranges, [VSINI_RANGE]])
    settings: dict[str, Any] = {"folder": folder} if kind == "svr" else {}
    tenth = -1

    def progress(done: int, of: int) -> None:
        nonlocal tenth
        if done * 10 // of != tenth:
            tenth = done * 10 // of
            say(f"   {100 * done // of:3d} % learnt")

    return fit(drawn.labels, drawn.flux, kind, ranges=ranges, progress=progress, **settings)


def _score(
    generator: Generator, unseen: TrainingSet, grid: ModelGrid, survey: str, snr: float
) -> dict[str, Any]:
    """Return scatter (eq. 1), bias (eq. 2) and pulls of labels from noisy unseen spectra."""
    rng = np.random.default_rng(round(snr))
    flux = unseen.flux + rng.standard_normal(unseen.flux.shape) / snr
    weight = np.where(useful(WAVELENGTH[survey], gap=survey == "LRS"), snr**2, 0.0)
    found = solve(
        generator,
        flux.astype(np.float32),
        np.broadcast_to(weight, flux.shape).astype(np.float32),
        continuum=continuum_curves(survey),
        in_grid=grid.inside,
    )
    difference = found.values - unseen.labels
    return {
        "snr": snr,
        "scatter": _by_label(np.sqrt(np.nanmean(difference**2, axis=0))),
        "bias": _by_label(np.nanmean(difference, axis=0)),
        "pull": _by_label(np.nanstd(difference / found.errors, axis=0)),
        "inside": float(np.mean(found.inside == "I")),
    }


def _by_label(values: NDArray[np.float64]) -> dict[str, float]:
    return {label: float(f"{value:.4g}") for label, value in zip(LABELS, values, strict=True)}
