"""Support vector regression of every pixel, as SLAM does it (Zhang et al. 2020; Guo et al. 2021).

One regression a pixel, with the penalty C and the kernel's gamma that a 5-fold
cross-validation prefers: 31 fits a pixel with the published choices. That takes long, so that
blocks of pixels can be kept in a folder: a run that was stopped goes on after the last one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.slam.rbf import PixelFits, squared_distance

Floats = NDArray[np.float64]

PENALTIES = (0.1, 1.0, 10.0)
"""C (Guo et al. 2021, section 3.1)."""

GAMMAS = (0.1, 1.0)
"""Kernels, per squared standard deviation of the labels (Guo et al. 2021, section 3.1)."""

EPSILON = 0.05
"""Radius of the tube, standardised flux (Guo et al. 2021, section 3.1)."""

FOLDS = 5
"""Of the cross-validation (Guo et al. 2021, section 3.3)."""


def fit_pixels(
    x: Floats,
    y: NDArray[np.floating],
    *,
    gammas: Sequence[float] = GAMMAS,
    penalties: Sequence[float] = PENALTIES,
    epsilon: float = EPSILON,
    folds: int = FOLDS,
    workers: int = 2,
    block: int = 64,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PixelFits:
    """Fit every pixel with the kernel and the penalty that cross-validation prefers.

    Parameters
    ----------
    x : (n, d)
        Standardised labels. The folds are runs of neighbouring rows: their order must mean
        nothing.
    y : (n, p)
        Standardised flux.
    gammas, penalties
        Values to choose from.
    epsilon
        Radius of the tube within which an error costs nothing.
    folds
        Of the cross-validation.
    workers
        Threads; the fits themselves run outside Python.
    block
        Pixels between two savings and two calls of ``progress``.
    folder
        Where finished blocks are kept and found again, if the spectra and the settings are the
        same. The caller deletes it when the whole is stored.
    progress
        Called with the number of pixels done and their number.

    Returns
    -------
    PixelFits
        ``penalty`` is C; ``error`` comes from the cross-validation.
    """
    p = y.shape[1]
    settings = (tuple(gammas), tuple(penalties), epsilon, folds)
    stem = hashlib.sha256(repr(settings).encode() + np.ascontiguousarray(x).tobytes())
    distance = squared_distance(x, x)
    parts = []
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, p, block):
            columns = np.ascontiguousarray(y[:, start : start + block], dtype=np.float64)
            key = stem.copy()
            key.update(columns.tobytes())
            kept = None if folder is None else folder / f"{start:05d}-{key.hexdigest()[:16]}.npz"
            part = _read(kept)
            if part is None:
                part = _fit_block(distance, columns, settings, pool)
                _write(kept, part)
            parts.append(part)
            if progress is not None:
                progress(min(start + block, p), p)
    return PixelFits(
        gamma=np.concatenate([part.gamma for part in parts]),
        penalty=np.concatenate([part.penalty for part in parts]),
        coefficients=np.concatenate([part.coefficients for part in parts], axis=1),
        intercept=np.concatenate([part.intercept for part in parts]),
        error=np.concatenate([part.error for part in parts]),
    )


def _fit_block(
    distance: Floats,
    y: Floats,
    settings: tuple[tuple[float, ...], tuple[float, ...], float, int],
    pool: ThreadPoolExecutor,
) -> PixelFits:
    gammas, penalties, epsilon, folds = settings
    n, p = y.shape
    choices = [(gamma, penalty) for gamma in gammas for penalty in penalties]
    error = np.zeros((len(choices), p))  # mean over the folds of the mean squared error
    for i, (gamma, penalty) in enumerate(choices):
        kernel = np.exp(-gamma * distance)
        for left_out in np.array_split(np.arange(n), folds):
            others = np.setdiff1d(np.arange(n), left_out)
            known, unseen = kernel[np.ix_(others, others)], kernel[np.ix_(left_out, others)]
            sums = _fit_columns(known, y[others], penalty, epsilon, pool)
            predicted = unseen @ sums[:-1] + sums[-1]
            error[i] += np.mean((predicted - y[left_out]) ** 2, axis=0) / folds
    chosen = np.argmin(error, axis=0)
    sums = np.empty((n + 1, p))
    for i, (gamma, penalty) in enumerate(choices):
        mine = chosen == i
        if np.any(mine):
            kernel = np.exp(-gamma * distance)
            sums[:, mine] = _fit_columns(kernel, y[:, mine], penalty, epsilon, pool)
    best = np.asarray(choices)[chosen]
    least = np.sqrt(error[chosen, np.arange(p)])
    return PixelFits(best[:, 0], best[:, 1], sums[:-1], sums[-1], least)


def _fit_columns(
    kernel: Floats, y: Floats, penalty: float, epsilon: float, pool: ThreadPoolExecutor
) -> Floats:
    """Return the coefficients of each column of ``y`` and, in the last row, its intercept."""
    from sklearn.svm import SVR  # noqa: PLC0415 - generating spectra needs no scikit-learn

    def fit(column: Floats) -> Floats:
        machine = SVR(kernel="precomputed", C=penalty, epsilon=epsilon).fit(kernel, column)
        sums = np.zeros(len(column) + 1)
        sums[machine.support_] = machine.dual_coef_[0]
        sums[-1] = machine.intercept_[0]
        return sums

    return np.stack(list(pool.map(fit, np.ascontiguousarray(y.T))), axis=1)


def _read(path: Path | None) -> PixelFits | None:
    if path is None or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return PixelFits(**arrays)


def _write(path: Path | None, part: PixelFits) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        np.savez(file, **vars(part))
    beside.replace(path)  # a killed run leaves no half block
