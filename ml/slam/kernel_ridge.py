"""Kernel ridge regression of all pixels at once, hyperparameters chosen by leaving one out.

All pixels share the training labels and so the kernel matrix: one eigendecomposition for each
width of the kernel gives the coefficients of every pixel for every ridge, and with them the
error at each training spectrum of the fit that leaves just this spectrum out, without a refit
(e.g. Rifkin & Lippert 2007, MIT-CSAIL-TR-2007-025, eqs. 4-6):

    e_i = a_i / (K + ridge)^-1_ii      with     a = (K + ridge)^-1 y

Coefficients are stored in single precision, and derivatives computed in it, so that large
coefficients of either sign, which cancel, cost accuracy. That cost is part of the error that
chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ml.slam.rbf import PixelFits, squared_distance

Floats = NDArray[np.float64]

GAMMAS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Kernels to choose from, per squared standard deviation of the labels."""

RIDGES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridges to choose from; standardised flux has variance 1."""

LEFT_OUT = 1000
"""Training spectra that are left out in turn, at most, to choose."""

ROUNDING = 2.5e-7
"""Error of single precision, as a part of the norm of the coefficients.

For a flux computed in it: a third of this in the median pixel, three times this in the worst.
"""

PILOT = 600
"""So many spectra and more have a pilot: a fit of a third of them, in some pixels, which tells the
kernels that need not be tried. The time of a kernel grows as the cube of the number of spectra."""

_PILOT_PIXELS = 400
_RARE = 0.01  # part of the pilot's pixels that must have chosen a kernel

_BLOCK = 1024  # pixels in work at once


STRETCHES = (2.0, 2.0**0.5)
"""Steps in which a label's stretch is looked for, the coarse ones first."""

_SAMPLE_SPECTRA, _SAMPLE_PIXELS = 500, 120  # that the stretches are looked for with


def stretch(x: Floats, y: NDArray[np.floating], weight: Floats) -> Floats:
    """Find by what to multiply each label so that Gaussians of one width suit all labels.

    Flux follows one label in finer detail than another. A search along one label after the
    other, with a sample of the spectra and of the pixels, finds the factors for which left-out
    spectra are predicted best.

    Parameters
    ----------
    x : (n, d)
        Standardised labels.
    y : (n, p)
        Standardised flux.
    weight : (p,)
        Of a pixel's error: the standard deviation of its flux.

    Returns
    -------
    (d,)
    """
    pixels = np.unique(np.linspace(0, y.shape[1] - 1, _SAMPLE_PIXELS).astype(np.int64))
    known, flux, weight = x[:_SAMPLE_SPECTRA], y[:_SAMPLE_SPECTRA, pixels], weight[pixels]

    def error(factors: Floats) -> float:
        fits = fit_pixels(known * factors, flux)
        return float(np.sqrt(np.mean((weight * fits.error) ** 2)))

    factors = np.ones(x.shape[1])
    least = error(factors)
    for factor in STRETCHES:
        for label in np.flatnonzero(np.ptp(x, axis=0) > 0.0):
            for way in (factor, 1.0 / factor):
                while True:
                    tried = factors.copy()
                    tried[label] *= way
                    found = error(tried) if 0.1 < tried[label] < 10.0 else np.inf
                    if found >= least:
                        break
                    factors, least = tried, found
    return factors


def fit_pixels(
    x: Floats,
    y: NDArray[np.floating],
    *,
    gammas: Sequence[float] = GAMMAS,
    ridges: Sequence[float] = RIDGES,
    left_out: int = LEFT_OUT,
    progress: Callable[[int, int], None] | None = None,
) -> PixelFits:
    """Fit every pixel with the kernel and the ridge that predict left-out spectra best.

    Parameters
    ----------
    x : (n, d)
        Standardised labels.
    y : (n, p)
        Standardised flux.
    gammas, ridges
        Values to choose from. Of many spectra (:data:`PILOT`) only those kernels are tried that
        a third of them prefers, and the next narrower one: the more spectra, the narrower.
    left_out
        The first so many spectra are left out, one at a time, to choose; each fit has all the
        others. All are left out where there are no more.
    progress
        Called with the number of kernels done and their number.

    Returns
    -------
    PixelFits
        ``penalty`` is the ridge; the intercept is 0, the mean of standardised flux.
    """
    n, p = y.shape
    rows = slice(0, min(left_out, n))
    ridge_values = np.asarray(ridges, dtype=np.float64)
    if n >= PILOT:
        gammas = _promising(x, y, gammas, ridges)
    distance = squared_distance(x, x)
    best = np.full(p, np.inf)
    gamma = np.empty(p)
    penalty = np.empty(p)
    coefficients = np.empty((n, p))
    for done, one_gamma in enumerate(gammas):
        values, vectors = eigh(np.exp(-one_gamma * distance), overwrite_a=True, driver="evd")
        values = np.maximum(values, 0.0)  # rounding leaves some a little below
        inverse = 1.0 / (values[:, None] + ridge_values)  # (n, ridges)
        diagonal = vectors[rows] ** 2 @ inverse  # of (K + ridge)^-1
        for start in range(0, p, _BLOCK):
            pixels = np.arange(start, min(start + _BLOCK, p))
            projected = vectors.T @ y[:, pixels]
            error = np.empty((len(ridge_values), len(pixels)))
            for k in range(len(ridge_values)):
                scaled = inverse[:, k, None] * projected  # the coefficients, before rotation
                residual = vectors[rows] @ scaled
                residual /= diagonal[:, k, None]
                norm = np.sum(scaled**2, axis=0)
                error[k] = np.sqrt(np.mean(residual**2, axis=0) + ROUNDING**2 * norm)
            chosen = np.argmin(error, axis=0)
            least = error[chosen, np.arange(len(pixels))]
            better = least < best[pixels]
            if np.any(better):
                kept = pixels[better]
                best[kept] = least[better]
                gamma[kept] = one_gamma
                penalty[kept] = ridge_values[chosen[better]]
                coefficients[:, kept] = vectors @ (
                    inverse[:, chosen[better]] * projected[:, better]
                )
        if progress is not None:
            progress(done + 1, len(gammas))
    return PixelFits(gamma, penalty, coefficients, np.zeros(p), best)


def _promising(
    x: Floats, y: NDArray[np.floating], gammas: Sequence[float], ridges: Sequence[float]
) -> list[float]:
    """Return the kernels that a third of the spectra prefers, and the next narrower one."""
    pixels = np.unique(np.linspace(0, y.shape[1] - 1, _PILOT_PIXELS).astype(np.int64))
    some = slice(0, len(x) // 3)
    first = fit_pixels(x[some], y[some][:, pixels], gammas=gammas, ridges=ridges)
    ordered = sorted(gammas)
    share = np.array([np.mean(first.gamma == gamma) for gamma in ordered])
    wanted = share >= min(_RARE, share.max())
    narrower = min(int(np.flatnonzero(wanted).max()) + 1, len(ordered) - 1)
    wanted[narrower] = True
    return [gamma for gamma, keep in zip(ordered, wanted, strict=True) if keep]
