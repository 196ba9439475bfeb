"""Posterior of a star's distance from its parallax and its spectro-photometric modulus.

Xiang et al. (2021, section 7, eqs. 18 to 24). The paper evaluates the density every 0.1 pc; here
the same density is integrated over a hundred nodes a star and its mode is solved for.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.distance.density import (
    MAGNITUDES,
    Booleans,
    Density,
    Floats,
    Peaks,
    find_peaks,
    turning_points,
)
from ml.distance.quadrature import cumulative, quantile, tabulate

NEAREST = 1e-4
"""Lower limit of the prior, kpc: the first step of the paper's grid of 0.1 pc."""

HORIZON = 30.0
"""Upper limit of the prior, kpc. The paper does not name its own: it says only that stars lie
beyond 10 kpc, and shows errors to some 15 kpc. Where the parallax is the only evidence and is not
measured well, the result depends on it, as it must under a flat prior."""

LEAST_SECOND_PEAK = 0.01
"""Probability under a second maximum of the density in d from which it is reported."""

PARALLAX, PHOTOMETRY = 1, 2
"""Bits of :attr:`DistancePosterior.evidence`."""

_BLOCK = 1024  # stars in work at once: their nodes fit into the processor's cache
_LARGEST = (
    1e6  # mas, mag: what is larger, or has a smaller error than its inverse, is taken as this
)
_LOG10 = 1.0 / np.log(10.0)


@dataclass(frozen=True)
class DistancePosterior:
    """Distances of n stars; arrays ``(n,)``, NaN for a star without evidence.

    Attributes
    ----------
    mode
        kpc: where the density in d is highest, exact to far less than 0.1 pc. The paper's
        distance.
    p16, p50, p84
        kpc: percentiles. The mode may lie outside of 16 to 84 where the density is lopsided.
    log_mean, log_deviation
        Mean and standard deviation of log10(d / kpc) under the same posterior.
    is_bimodal
        Whether the density in d has two maxima with at least ``LEAST_SECOND_PEAK`` of the
        probability on either side of the minimum between them: parallax and spectrum contradict
        each other, and no single distance sums that up.
    is_at_limit
        Whether the mode is a limit of the prior: the evidence alone does not bound the distance.
    evidence : (n,) of uint8
        What was used: 1 the parallax, 2 the spectro-photometric modulus, 3 both, 0 neither.
    """

    mode: Floats
    p16: Floats
    p50: Floats
    p84: Floats
    log_mean: Floats
    log_deviation: Floats
    is_bimodal: Booleans
    is_at_limit: Booleans
    evidence: NDArray[np.uint8]


def distance_posterior(
    parallax: ArrayLike,
    parallax_error: ArrayLike,
    modulus: ArrayLike,
    modulus_error: ArrayLike,
    *,
    is_binary: ArrayLike = False,
    length_scale: ArrayLike | None = None,
    nearest: ArrayLike = NEAREST,
    horizon: ArrayLike = HORIZON,
    threads: int = 1,
) -> DistancePosterior:
    """Infer distances.

    Parameters
    ----------
    parallax, parallax_error : (n,)
        mas, the parallax with its zero point taken off. It may be negative. Without effect where
        either is not finite or the error is not positive.
    modulus, modulus_error : (n,)
        mag: ``k_mag - m_ks - a_ks`` and its error, see :func:`spectroscopic_modulus`. Without
        effect where either is not finite or the error is not positive.
    is_binary : (n,)
        The modulus of a binary is not used: its spectro-photometric distance is biased
        (section 7). Default none is one.
    length_scale : (n,), optional
        L of the prior ``d^2 exp(-d / L)``, kpc: a space density that falls exponentially
        (Bailer-Jones 2015, eq. 17). Default, and where NaN: flat in d, as in the paper. Where
        eq. 18 has the flat prior twice, this one counts once.
    nearest, horizon : (n,)
        kpc: limits beyond which the prior is 0.
    threads
        Blocks of stars in work at once; numpy lets them run side by side.

    Returns
    -------
    DistancePosterior
        Of the stars in the order given.

    Raises
    ------
    ValueError
        If the limits are not positive and in order, or a length scale is not positive.

    Notes
    -----
    All arguments are broadcast against each other. Time and memory do not depend on how large
    the errors are.

    Examples
    --------
    LB-1 by its spectrum alone (section 8): 1.87 kpc.

    >>> star = distance_posterior([np.nan], [np.nan], [5 * np.log10(187.0)], [0.30])
    >>> [round(float(d[0]), 2) for d in (star.mode, star.p16, star.p84)]
    [1.87, 1.66, 2.19]
    """
    density, evidence = _evidence(
        parallax, parallax_error, modulus, modulus_error,
        is_binary, length_scale, nearest, horizon,
    )  # fmt: skip
    n = len(evidence)
    numbers = {name: np.full(n, np.nan) for name in _NUMBERS}
    flags = {name: np.zeros(n, dtype=bool) for name in ("is_bimodal", "is_at_limit")}

    def work(rows: NDArray[np.int64]) -> None:
        some = density.take(rows)
        peaks = find_peaks(some, turning_points(some), in_distance=True)
        best = _higher(some, peaks)
        numbers["mode"][rows] = np.exp(best)
        flags["is_at_limit"][rows] = (best <= some.lower) | (best >= some.upper)
        for which, table in tabulate(some):
            stars = rows[which]
            for name, fraction in (("p16", 0.16), ("p50", 0.5), ("p84", 0.84)):
                numbers[name][stars] = np.exp(quantile(table, fraction))
            numbers["log_mean"][stars] = _LOG10 * table.mean
            numbers["log_deviation"][stars] = _LOG10 * table.deviation
            if peaks.two[which].any():
                near = cumulative(table, peaks.valley[which])
                lesser = np.minimum(near, 1.0 - near)
                flags["is_bimodal"][stars] = peaks.two[which] & (lesser >= LEAST_SECOND_PEAK)

    _in_blocks(work, np.flatnonzero(evidence), threads)
    return DistancePosterior(**numbers, **flags, evidence=evidence)


def distance_probability(
    distance: ArrayLike,
    parallax: ArrayLike,
    parallax_error: ArrayLike,
    modulus: ArrayLike,
    modulus_error: ArrayLike,
    *,
    is_binary: ArrayLike = False,
    length_scale: ArrayLike | None = None,
    nearest: ArrayLike = NEAREST,
    horizon: ArrayLike = HORIZON,
    threads: int = 1,
) -> Floats:
    """Return the posterior probability that stars are nearer than given distances.

    Parameters
    ----------
    distance : (n,)
        kpc.
    parallax, parallax_error, modulus, modulus_error, is_binary, length_scale, nearest, horizon
        See :func:`distance_posterior`.
    threads
        Blocks of stars in work at once.

    Returns
    -------
    numpy.ndarray
        ``(n,)``; NaN for a star without evidence or a distance that is not finite.
    """
    distance, _ = np.broadcast_arrays(np.asarray(distance, dtype=np.float64), parallax)
    density, evidence = _evidence(
        np.broadcast_to(parallax, distance.shape), parallax_error, modulus, modulus_error,
        is_binary, length_scale, nearest, horizon,
    )  # fmt: skip
    result = np.full(len(evidence), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(np.maximum(np.broadcast_to(distance, evidence.shape), 0.0))

    def work(rows: NDArray[np.int64]) -> None:
        for which, table in tabulate(density.take(rows)):
            result[rows[which]] = cumulative(table, x[rows[which]])

    _in_blocks(work, np.flatnonzero((evidence > 0) & ~np.isnan(x)), threads)
    return result


def spectroscopic_modulus(
    m_ks: ArrayLike,
    m_ks_error: ArrayLike,
    k_mag: ArrayLike,
    k_mag_error: ArrayLike,
    ebv: ArrayLike,
    ebv_error: ArrayLike,
    *,
    r_ks: float,
) -> tuple[Floats, Floats]:
    """Return the distance modulus that a spectrum implies, and its error.

    Parameters
    ----------
    m_ks, m_ks_error : (n,)
        Spectroscopic absolute magnitude, mag, with all of its error
        (:func:`ml.distance.error_model.magnitude_error`).
    k_mag, k_mag_error : (n,)
        Apparent magnitude in 2MASS Ks, mag.
    ebv, ebv_error : (n,)
        Colour excess, mag.
    r_ks
        ``A_Ks / E(B-V)`` (eq. 24).

    Returns
    -------
    modulus, modulus_error : numpy.ndarray
        mag, ``(n,)`` each: eqs. 22 and 23.
    """
    modulus = np.asarray(k_mag, float) - np.asarray(m_ks, float) - r_ks * np.asarray(ebv, float)
    variance = np.square(m_ks_error, dtype=float) + np.square(k_mag_error, dtype=float)
    return modulus, np.sqrt(variance + np.square(r_ks * np.asarray(ebv_error, float)))


_NUMBERS = tuple(
    field.name
    for field in fields(DistancePosterior)
    if field.name not in {"is_bimodal", "is_at_limit", "evidence"}
)


def _evidence(
    parallax: ArrayLike,
    parallax_error: ArrayLike,
    modulus: ArrayLike,
    modulus_error: ArrayLike,
    is_binary: ArrayLike,
    length_scale: ArrayLike | None,
    nearest: ArrayLike,
    horizon: ArrayLike,
) -> tuple[Density, NDArray[np.uint8]]:
    """Return the density of each star and which evidence it rests on."""
    scale = np.nan if length_scale is None else length_scale
    columns = (parallax, parallax_error, modulus, modulus_error, scale, nearest, horizon)
    arrays = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in columns),
        np.atleast_1d(np.asarray(is_binary, dtype=bool)),
    )
    w, w_error, mu, mu_error, scale, low, high, binary = arrays
    if not np.all((low > 0.0) & (low < high) & np.isfinite(high)):
        raise ValueError(
            "limits of the distance: nearest must be positive and less than a finite horizon"
        )
    if np.any(scale <= 0.0):
        raise ValueError("length_scale: must be positive; leave it out for a prior flat in d")
    exponential = np.isfinite(scale)
    has_parallax = np.isfinite(w) & np.isfinite(w_error) & (w_error > 0.0)
    has_modulus = np.isfinite(mu) & np.isfinite(mu_error) & (mu_error > 0.0) & ~binary
    w, mu = np.clip(w, -_LARGEST, _LARGEST), np.clip(mu, -_LARGEST, _LARGEST)
    w_error, mu_error = (np.clip(one, 1.0 / _LARGEST, _LARGEST) for one in (w_error, mu_error))
    with np.errstate(divide="ignore"):
        inverse_length = np.where(exponential, 1.0 / scale, 0.0)
    density = Density(
        parallax=np.where(has_parallax, w, 1.0),
        parallax_weight=np.where(has_parallax, w_error**-2.0, 0.0),
        log_photometric=np.where(has_modulus, (mu - 10.0) / MAGNITUDES, 0.0),
        photometric_weight=np.where(has_modulus, (MAGNITUDES / mu_error) ** 2, 0.0),
        power=np.where(exponential, 2.0, 0.0),
        inverse_length=inverse_length,
        lower=np.log(low),
        upper=np.log(high),
    )
    return density, (PARALLAX * has_parallax + PHOTOMETRY * has_modulus).astype(np.uint8)


def _higher(density: Density, peaks: Peaks) -> Floats:
    """Return the higher of the maxima of the density in d, which is that in ln d divided by d."""
    at_near = density.logarithm(peaks.near) - peaks.near
    at_far = density.logarithm(peaks.far) - peaks.far
    return np.where(at_near >= at_far, peaks.near, peaks.far)


def _in_blocks(
    work: Callable[[NDArray[np.int64]], None], rows: NDArray[np.int64], threads: int
) -> None:
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    if threads <= 1 or len(blocks) <= 1:
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, blocks))
