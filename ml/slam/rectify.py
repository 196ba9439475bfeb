"""The pseudo-continuum of Guo et al. (2021, section 4): a smoothing spline that avoids lines.

A spline is drawn through all pixels; those that lie more than one standard deviation below or
three above the median residual are left out, three times; a last spline through the others is
the pseudo-continuum. The lopsided limits cut lines out, but noise too: the pixels that stay lie
above the mean. How far, follows from the limits and the noise, and is taken off again, so that
spectra of one star at different signal-to-noise ratios have one continuum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ml.slam.smoothing import smooth, stiffness_of

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

CLIP = (-1.0, 3.0)
"""Standard deviations from the median residual beyond which pixels are out (footnote 9)."""

ROUNDS = 3
"""Times that pixels are thrown out (footnote 9)."""

SMOOTHING = 1e6
"""Weight of the spline's curvature, A^3: half of the power of a period of 200 A (LRS) or 133 A
(MRS) passes. The paper has no number; this is what its normalising package takes by default."""

WINDOW = 60.0
"""Width in A of the windows in which the scatter of the residuals is measured."""


def rectify_spline(
    flux: NDArray[np.floating], good: NDArray[np.bool_], step: float
) -> tuple[Singles, Singles]:
    """Divide spectra by their pseudo-continuum.

    Parameters
    ----------
    flux : (n, p)
        On equal steps; finite where ``good``.
    good : (n, p)
        Pixels that rest on measurements.
    step
        Distance of pixels, A.

    Returns
    -------
    flux : (n, p) float32
        1 is the pseudo-continuum; NaN in pixels that are not good.
    continuum : (n, p) float32
        In the unit of the flux; NaN in rows with fewer than ten good pixels, and where it is
        not positive.
    """
    known = np.where(good, flux, 0.0).astype(np.float64)
    level = np.abs(_median(known, good))
    level[level == 0.0] = 1.0
    known /= level  # the smallest weight of the solver is small beside the flux then
    stiffness = stiffness_of(SMOOTHING, step)
    half = max(round(0.5 * WINDOW / step), 3)
    noise = _noise(known, good, 2 * half)
    few = np.count_nonzero(good, axis=1)[:, None] < 10
    kept = good | few  # a row without pixels gets no result, but must be solvable
    floor, ceiling = np.full(known.shape, -np.inf), np.full(known.shape, np.inf)
    for _ in range(ROUNDS):
        drawn = smooth(known, kept.astype(np.float64), stiffness)
        residual = known - drawn
        middle, scatter = _median(residual, kept), _running_scatter(residual, kept, half)
        low, high = (drawn + middle + limit * scatter for limit in CLIP)
        closer = kept & (known > low) & (known < high)
        kept = np.where(np.count_nonzero(closer, axis=1)[:, None] >= 10, closer, kept)
        floor, ceiling = np.maximum(floor, low), np.minimum(ceiling, high)
    continuum = smooth(known, kept.astype(np.float64), stiffness)
    # all that decides about the lift is smooth: a few pixels tell it for those between them
    some = np.unique(np.r_[np.arange(0, continuum.shape[1], 8), continuum.shape[1] - 1])
    seen = continuum[:, some]
    level_of = _without_lift(seen, floor[:, some], ceiling[:, some], noise[:, some])
    continuum -= _between(seen - level_of, some, continuum.shape[1])
    continuum[(continuum <= 0.0) | few] = np.nan
    rectified = np.where(good, known / continuum, np.nan)
    return rectified.astype(np.float32), (continuum * level).astype(np.float32)


def _noise(flux: Floats, good: NDArray[np.bool_], half: int) -> Floats:
    """Return the noise about each pixel from third differences, (n, p).

    Lines that are resolved leave little in them. Of white noise they have 20 times the variance.
    """
    third = np.zeros(flux.shape)
    whole = np.zeros(flux.shape, dtype=bool)
    third[:, 2:-1] = np.abs(np.diff(flux, 3, axis=1))
    whole[:, 2:-1] = good[:, 3:] & good[:, 2:-1] & good[:, 1:-2] & good[:, :-3]
    count, total = _running_sums(np.stack([whole, np.where(whole, third, 0.0)]), half)
    return np.asarray(np.sqrt(0.5 * np.pi / 20.0) * total / np.maximum(count, 1.0))


def _median(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Return the median of the kept values of each row, (n, 1); 0 where there is none."""
    ordered = np.sort(np.where(kept, values, np.inf), axis=1)
    count = np.count_nonzero(kept, axis=1)
    place = np.maximum(count - 1, 0)
    rows = np.arange(len(values))
    middle = 0.5 * (ordered[rows, place // 2] + ordered[rows, (place + 1) // 2])
    return np.where(count > 0, middle, 0.0)[:, None]


def _running_scatter(values: Floats, kept: NDArray[np.bool_], half: int) -> Floats:
    """Return the standard deviation of kept values within ``half`` pixels, (n, p)."""
    zeroed = np.where(kept, values, 0.0)
    count, first, second = _running_sums(np.stack([kept, zeroed, zeroed**2]), half)
    count = np.maximum(count, 1.0)
    return np.sqrt(np.maximum(second / count - (first / count) ** 2, 1e-20))


def _running_sums(values: Floats, half: int) -> Floats:
    """Return sums over pixels within ``half`` of each, along the last axis."""
    p = values.shape[-1]
    sums = np.zeros((*values.shape[:-1], p + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    low = np.maximum(np.arange(p) - half, 0)
    high = np.minimum(np.arange(p) + half + 1, p)
    return np.asarray(sums[..., high] - sums[..., low])


def _between(values: Floats, pixels: NDArray[np.int64], p: int) -> Floats:
    """Return values at all pixels, straight lines between those that are known, (n, p)."""
    right = np.clip(np.searchsorted(pixels, np.arange(p)), 1, len(pixels) - 1)
    t = (np.arange(p) - pixels[right - 1]) / (pixels[right] - pixels[right - 1])
    return np.asarray(values[:, right - 1] * (1.0 - t) + values[:, right] * t)


def _without_lift(continuum: Floats, low: Floats, high: Floats, noise: Floats) -> Floats:
    """Return the level whose noise, cut at ``low`` and ``high``, has the mean ``continuum``.

    The mean of a Gaussian about ``c`` that is cut at both limits grows with ``c``: halving
    the interval finds it.
    """
    sigma = np.maximum(noise, 1e-9)

    def mean(c: Floats) -> Floats:
        a, b = (low - c) / sigma, (high - c) / sigma
        share = np.maximum(ndtr(b) - ndtr(a), 1e-12)
        return c + sigma * (np.exp(-0.5 * a**2) - np.exp(-0.5 * b**2)) / (
            share * np.sqrt(2 * np.pi)
        )

    below, above = continuum - 3.0 * sigma, continuum + 3.0 * sigma
    for _ in range(12):
        middle = 0.5 * (below + above)
        higher = mean(middle) > continuum
        above = np.where(higher, middle, above)
        below = np.where(higher, below, middle)
    return 0.5 * (below + above)
