"""How wrong spectroscopic absolute magnitudes are: measurement and intrinsic error.

Xiang et al. (2021, section 5.3, eqs. 7 to 14). The spectroscopic magnitude of a star scatters
around a line in its geometric one, by a measurement error that falls with the spectrum's S/N and
by an intrinsic one that does not. Both follow from the scatter of stars with good parallaxes.

Eq. 14 is taken as it stands. It adds the geometric error to the scatter as if the slope were 1,
and takes the geometric magnitude for exact on the line's side: for parallaxes of 5 per cent the
slope comes out 1 per cent too flat and sigma_int a few per cent too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import emcee
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.distance.density import MAGNITUDES, Booleans, Floats

PARAMETERS = ("epsilon", "delta", "sigma_int", "sigma_100")
"""Columns of the samples: slope less 1, offset (mag), intrinsic scatter (mag), measurement error
at S/N = 100 (mag)."""

SLOPE, OFFSET, INTRINSIC, AT_100 = range(4)

REFERENCE_SNR = 100.0

_LEAST_STARS = 20


@dataclass(frozen=True)
class Calibrators:
    """Stars with a spectroscopic and a geometric magnitude; arrays ``(n,)``.

    Attributes
    ----------
    m_ks
        Spectroscopic absolute magnitude, mag.
    snr
        Signal-to-noise ratio of the spectrum.
    geometric
        ``m_0 + 5 log w - 10``, mag, with the apparent magnitude m_0 free of extinction and the
        parallax w in mas.
    geometric_error
        Eq. 12: of the parallax, propagated, and of m_0, in quadrature; mag.
    """

    m_ks: Floats
    snr: Floats
    geometric: Floats
    geometric_error: Floats

    def take(self, which: NDArray[np.generic]) -> Calibrators:
        """Return the same for some of the stars."""
        return Calibrators(
            self.m_ks[which], self.snr[which], self.geometric[which], self.geometric_error[which]
        )


def geometric_magnitude(
    parallax: ArrayLike, parallax_error: ArrayLike, m_0: ArrayLike, m_0_error: ArrayLike
) -> tuple[Floats, Floats]:
    """Return absolute magnitudes from parallaxes, and their errors (eqs. 11 and 12).

    Parameters
    ----------
    parallax, parallax_error : (n,)
        mas.
    m_0, m_0_error : (n,)
        Apparent magnitude without extinction, with the errors of photometry and extinction, mag.

    Returns
    -------
    magnitude, error : numpy.ndarray
        mag, ``(n,)``; NaN where the parallax is not positive.
    """
    w = np.asarray(parallax, dtype=np.float64)
    w = np.where(w > 0.0, w, np.nan)
    error = np.hypot(MAGNITUDES * np.asarray(parallax_error, float) / w, m_0_error)
    return np.asarray(m_0, float) + 5.0 * np.log10(w) - 10.0, error


def calibrators(
    m_ks: ArrayLike,
    snr: ArrayLike,
    parallax: ArrayLike,
    parallax_error: ArrayLike,
    m_0: ArrayLike,
    m_0_error: ArrayLike,
) -> tuple[Calibrators, Booleans]:
    """Put stars together for :func:`fit_error_model`.

    Parameters
    ----------
    m_ks, snr : (n,)
        Spectroscopic magnitude, mag, and S/N.
    parallax, parallax_error, m_0, m_0_error : (n,)
        See :func:`geometric_magnitude`.

    Returns
    -------
    calibrators : Calibrators
        Of the stars with all numbers.
    used : numpy.ndarray
        ``(n,)``: which those are.
    """
    magnitude, error = geometric_magnitude(parallax, parallax_error, m_0, m_0_error)
    columns = np.broadcast_arrays(np.asarray(m_ks, float), np.asarray(snr, float), magnitude, error)
    used = np.all(np.isfinite(columns), axis=0) & (columns[1] > 0.0) & (columns[3] >= 0.0)
    return Calibrators(*(column[used] for column in columns)), used


def log_likelihood(parameters: ArrayLike, stars: Calibrators) -> Floats:
    """Return the logarithm of the likelihood (eq. 14 in eq. 13).

    Parameters
    ----------
    parameters : (..., 4)
        See :data:`PARAMETERS`.
    stars
        The calibrators.

    Returns
    -------
    numpy.ndarray
        ``(...)``. Minus infinity where a scatter is negative: the prior, elsewhere flat.
    """
    p = np.asarray(parameters, dtype=np.float64)[..., None, :]  # (..., 1, 4)
    expected = (1.0 + p[..., SLOPE]) * stars.geometric + p[..., OFFSET]  # (..., n)
    variance = p[..., INTRINSIC] ** 2 + (p[..., AT_100] * REFERENCE_SNR / stars.snr) ** 2
    variance = variance + stars.geometric_error**2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (stars.m_ks - expected) ** 2 / variance + np.log(2.0 * np.pi * variance)
        total = -0.5 * terms.sum(axis=-1)
    allowed = (p[..., 0, INTRINSIC] >= 0.0) & (p[..., 0, AT_100] >= 0.0) & np.isfinite(total)
    return np.where(allowed, total, -np.inf)


@dataclass(frozen=True)
class ErrorModel:
    """The error model of one network.

    Attributes
    ----------
    epsilon, delta, sigma_int, sigma_100
        Means of the posterior, as the paper gives them; see :data:`PARAMETERS`.
    samples : (s, 4)
        Of the posterior; empty where the model was read from a card.
    n_stars
        Calibrators.
    acceptance
        Fraction of the sampler's steps that were taken.
    autocorrelation
        Longest autocorrelation time of a parameter, steps.
    """

    epsilon: float
    delta: float
    sigma_int: float
    sigma_100: float
    samples: Floats
    n_stars: int = 0
    acceptance: float = float("nan")
    autocorrelation: float = float("nan")

    def table(self) -> dict[str, Any]:
        """Return what a model's card says about it: mean, median, 16 and 84 %, a parameter."""
        rows: dict[str, Any] = {}
        for column, name in enumerate(PARAMETERS):
            rows[name] = {"mean": round(float(getattr(self, name)), 5)}
            if len(self.samples):
                p16, p50, p84 = np.percentile(self.samples[:, column], (16.0, 50.0, 84.0))
                rows[name] |= {
                    "p16": round(float(p16), 5),
                    "p50": round(float(p50), 5),
                    "p84": round(float(p84), 5),
                }
        return {
            "equation": "Xiang et al. (2021), eq. 14, flat priors",
            "n_stars": self.n_stars,
            "n_samples": len(self.samples),
            "acceptance": round(self.acceptance, 3),
            "autocorrelation_steps": round(self.autocorrelation, 1),
            "parameters": rows,
        }

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> ErrorModel:
        """Read what :meth:`table` wrote: the means, without samples."""
        means = {name: float(table["parameters"][name]["mean"]) for name in PARAMETERS}
        return cls(**means, samples=np.empty((0, 4)), n_stars=int(table["n_stars"]))

    def m_ks_error(self, snr: ArrayLike) -> Floats:
        """Return the error of spectroscopic magnitudes, mag, ``(n,)``; see :func:`m_ks_error`."""
        return m_ks_error(snr, self.sigma_100, self.sigma_int)


PUBLISHED = ErrorModel(
    epsilon=-0.18, delta=float("nan"), sigma_int=0.25, sigma_100=0.10, samples=np.empty((0, 4))
)
"""Of the paper's network for stars without emission (section 5.3); it does not give delta."""


def m_ks_error(
    snr: ArrayLike,
    sigma_100: float = PUBLISHED.sigma_100,
    sigma_int: float = PUBLISHED.sigma_int,
) -> Floats:
    """Return the error of spectroscopic magnitudes (eqs. 10 and 17).

    Parameters
    ----------
    snr : (n,)
        Of the spectra.
    sigma_100, sigma_int
        mag. Defaults are the paper's.

    Returns
    -------
    numpy.ndarray
        mag, ``(n,)``; NaN where S/N is not positive.
    """
    snr = np.asarray(snr, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.hypot(sigma_100 * REFERENCE_SNR / snr, sigma_int)
    return np.where(snr > 0.0, error, np.nan)


def fit_error_model(
    stars: Calibrators, *, walkers: int = 24, burn: int = 300, steps: int = 1000, seed: int = 1
) -> ErrorModel:
    """Sample the posterior of the error model by Markov chains.

    Parameters
    ----------
    stars
        Single stars with good parallaxes that the network was not trained on.
    walkers, burn, steps
        Of the ensemble sampler (Foreman-Mackey et al. 2013); the first `burn` steps are left out.
    seed
        Of the random numbers.

    Returns
    -------
    ErrorModel
        With ``walkers * steps`` samples.

    Raises
    ------
    ValueError
        If there are fewer than twenty stars.
    """
    n = len(stars.m_ks)
    if n < _LEAST_STARS:
        raise ValueError(
            f"error model: {n} calibrators, but four parameters need {_LEAST_STARS} or more; "
            "lower the limits of S/N and parallax error"
        )
    generator = np.random.default_rng(seed)
    scatter = float(np.std(stars.m_ks - stars.geometric)) or 0.1
    centre = np.array([0.0, 0.0, 0.7 * scatter, 0.3 * scatter])
    start = centre * generator.uniform(0.5, 1.5, (walkers, 4))
    start[:, :INTRINSIC] = 0.1 * scatter * generator.normal(size=(walkers, 2))
    sampler = emcee.EnsembleSampler(
        walkers, len(PARAMETERS), log_likelihood, args=(stars,), vectorize=True
    )
    sampler.random_state = np.random.RandomState(seed).get_state()
    state = sampler.run_mcmc(start, burn)
    sampler.reset()
    sampler.run_mcmc(state, steps)
    samples = sampler.get_chain(flat=True)
    means = dict(zip(PARAMETERS, (float(value) for value in samples.mean(axis=0)), strict=True))
    return ErrorModel(
        **means,
        samples=samples,
        n_stars=n,
        acceptance=float(np.mean(sampler.acceptance_fraction)),
        autocorrelation=float(np.max(sampler.get_autocorr_time(quiet=True, tol=0))),
    )
