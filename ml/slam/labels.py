"""Stellar labels of observed spectra: least squares over what the generator makes.

Guo et al. (2021, section 3.1, step 3): the labels of a star are those whose generated spectrum
has the least chi^2. The search begins at the training spectra nearest to the star and goes on by
Levenberg and Marquardt's steps with analytic derivatives, for many stars at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.slam.generator import Generator

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

BEYOND = 0.1
"""How far labels may leave the ranges of the training set, as a part of the range."""

STARTS = 4
"""Training spectra from which the search begins, from cool to hot; the least chi^2 counts.

With one, 0.1 % of model spectra with noise of a hundredth end in a side minimum, and one in ten
medium-resolution spectra of stars that differ from every model; with four, none and 2-3 %.
"""

MOST_STEPS = 60
"""Of the search for one star; five or six are usual."""

FIRST_STEPS = 6
"""From each of the starts; then the search goes on from where chi^2 is least."""

_NEGLIGIBLE = 1e-4  # squared step, in errors of the labels: a hundredth of an error
_BLOCK = 256  # stars in work at once


@dataclass(frozen=True)
class Labels:
    """Labels of n stars.

    Attributes
    ----------
    values : (n, 4)
        Teff (K), log g, [M/H] (dex), v sin i (km/s); NaN where a spectrum has fewer useful
        pixels than labels, plus one.
    errors : (n, 4)
        Standard deviations: roots of the covariance's diagonal.
    covariance : (n, 4, 4)
        Inverse of ``J^T W J`` at the solution. It follows from the inverse variances alone and
        is **not** scaled by the chi^2; where ``chi2 / (n_pixels - 4)`` is well above 1, the
        model does not describe the star and the errors are too small. NaN for a label that
        the training set does not vary, and for one at a bound of the search (:func:`bounds`).
    chi2 : (n,)
        At the solution, with the generator's error in the variance where that was asked for.
    n_pixels : (n,)
        Pixels with weight.
    inside : (n,)
        ``I`` where all labels lie within the ranges of the training set (Guo et al. 2021,
        section 4.1), else empty: the values are extrapolated then.
    converged : (n,)
        Whether the search came to rest.
    """

    values: Floats
    errors: Floats
    covariance: Floats
    chi2: Floats
    n_pixels: NDArray[np.int64]
    inside: NDArray[np.str_]
    converged: NDArray[np.bool_]

    @property
    def teff(self) -> Floats:
        """Effective temperature, K, (n,)."""
        return self.values[:, 0]

    @property
    def logg(self) -> Floats:
        """Surface gravity, dex (cgs), (n,)."""
        return self.values[:, 1]

    @property
    def m_h(self) -> Floats:
        """Metallicity, dex, (n,)."""
        return self.values[:, 2]

    @property
    def vsini(self) -> Floats:
        """Projected rotational velocity, km/s, (n,)."""
        return self.values[:, 3]


def solve(
    generator: Generator,
    flux: NDArray[np.floating],
    ivar: NDArray[np.floating],
    *,
    generator_error: bool = True,
    starts: int = STARTS,
    continuum: Floats | None = None,
    in_grid: Callable[[Floats], NDArray[np.bool_]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Labels:
    """Find the labels whose generated spectra fit best.

    Parameters
    ----------
    generator
        Of spectra on the pixels of ``flux``.
    flux : (n, p)
        Normalised flux in the rest frame.
    ivar : (n, p)
        Inverse variance; 0 takes a pixel out, and so does a value that is not finite in either
        array.
    generator_error
        Whether the generator's own error, pixel by pixel, is added to the variance. It counts
        above a signal-to-noise ratio of some hundreds.
    starts
        Training spectra to begin at; see :data:`STARTS`. The time is proportional to it.
    continuum : (c, p), optional
        Smooth curves by which the generated spectrum may be multiplied, ``1 + sum a_k curve_k``,
        with the best factors for any labels (:func:`ml.slam.masks.continuum_curves`). What the
        rectification left of the continuum is then fitted with the labels, and their errors
        contain it.
    in_grid
        Tells which (Teff, log g, [M/H]), (k, 3), lie in the cells of the model grid; flag ``I``
        asks for it in addition to the ranges.
    progress
        Called with the number of stars done and their number.

    Returns
    -------
    Labels

    Raises
    ------
    ValueError
        When shapes disagree.
    """
    flux = np.asarray(flux)
    if flux.shape != ivar.shape or flux.ndim != 2 or flux.shape[1] != generator.n_pixels:
        raise ValueError(
            f"flux {flux.shape} and inverse variance {ivar.shape} must both be "
            f"(stars, {generator.n_pixels}): the pixels that the generator was trained on"
        )
    n, d = len(flux), generator.n_labels
    low, high = bounds(generator)
    x = np.empty((n, d))
    covariance = np.empty((n, d, d))
    chi2 = np.empty(n)
    n_pixels = np.empty(n, dtype=np.int64)
    converged = np.empty(n, dtype=bool)
    for start in range(0, n, _BLOCK):
        stars = slice(start, start + _BLOCK)
        known, weight = _weighted(
            flux[stars], ivar[stars], generator.error if generator_error else None
        )
        n_pixels[stars] = np.count_nonzero(weight, axis=1)
        search = _Search(generator, known, weight, low, high, continuum)
        x[stars], chi2[stars], covariance[stars], converged[stars] = search.best_of(
            _nearest(generator, known, weight, starts)
        )
        if progress is not None:
            progress(min(start + _BLOCK, n), n)
    values = x * generator.label_scale + generator.label_mean
    covariance *= np.multiply.outer(generator.label_scale, generator.label_scale)
    lost = n_pixels <= d
    for array in (values, covariance, chi2):
        array[lost] = np.nan
    rounding = 1e-9 * generator.label_scale
    low, high = generator.ranges[:, 0] - rounding, generator.ranges[:, 1] + rounding
    inside = np.all((values >= low) & (values <= high), axis=1)
    if in_grid is not None:
        inside &= in_grid(values[:, :3])
    return Labels(
        values=values,
        errors=np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)),
        covariance=covariance,
        chi2=chi2,
        n_pixels=n_pixels,
        inside=np.where(inside, "I", ""),
        converged=converged & ~lost,
    )


def bounds(generator: Generator) -> tuple[Floats, Floats]:
    """Return between which standardised labels solutions are looked for, two of (d,)."""
    low, high = generator.ranges.T
    room = BEYOND * (high - low)
    # what has no negative values in the training set (v sin i) gets none here
    lowest = np.where(low >= 0.0, np.maximum(low - room, 0.0), low - room)
    return generator.standardise(lowest), generator.standardise(high + room)


def _weighted(
    flux: NDArray[np.floating], ivar: NDArray[np.floating], error: Floats | None
) -> tuple[Singles, Singles]:
    """Return flux and weights in single precision, 0 for pixels that are out."""
    good = np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0.0)
    weight = np.where(good, ivar, 0.0).astype(np.float32)
    if error is not None:
        weight /= 1.0 + weight * (error**2).astype(np.float32)
    return np.where(good, flux, 0.0).astype(np.float32), weight


def _nearest(generator: Generator, flux: Singles, weight: Singles, starts: int) -> Floats:
    """Return standardised labels of training spectra of least chi^2, (starts, n, d).

    The best of the coolest, of the next hotter ... and of the hottest: minima lie at different
    temperatures, and the nearest of all would often share one of them.
    """
    middle = generator.offset.astype(np.float32)  # what all share is taken off: fewer digits
    spectra = generator.training_spectra - middle
    weighted = weight * (flux - middle)
    distance = weight @ (spectra * spectra).T - 2.0 * (weighted @ spectra.T)
    by_temperature = np.argsort(generator.centres[:, 0], kind="stable")
    parts = np.array_split(by_temperature, min(starts, len(by_temperature)))
    nearest = [part[np.argmin(distance[:, part], axis=1)] for part in parts]
    return generator.centres[np.stack(nearest)]


@dataclass
class _Search:
    """Levenberg and Marquardt's search for some stars at once, in standardised labels."""

    generator: Generator
    flux: Singles
    weight: Singles
    low: Floats
    high: Floats
    continuum: Floats | None = None

    def best_of(self, starts: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Begin at each start, (starts, n, d), go on from the best; return as :meth:`run`."""
        if len(starts) > 1:
            begun = [self.run(start, FIRST_STEPS)[:2] for start in starts]
            best = np.argmin([chi2 for _, chi2 in begun], axis=0)
            at = np.stack([x for x, _ in begun])[best, np.arange(len(best))]
            return self.run(at, MOST_STEPS)
        return self.run(starts[0], MOST_STEPS)

    def run(self, x: Floats, most_steps: int) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Return labels, chi^2, covariance and whether the search came to rest."""
        n = len(x)
        x = np.clip(x, self.low, self.high)
        chi2, slope, curvature = self._evaluate(x, np.arange(n))
        damping = np.full(n, 1e-2)
        converged = np.zeros(n, dtype=bool)
        for _ in range(most_steps):
            stars = np.flatnonzero(~converged)
            if len(stars) == 0:
                break
            tried = self._step(x[stars], slope[stars], curvature[stars], damping[stars])
            step = tried - x[stars]
            size = np.einsum("ka,kab,kb->k", step, curvature[stars], step)
            new = self._evaluate(tried, stars)
            better = new[0] <= chi2[stars]
            # how much of the fall that a parabola promises is real (Nielsen 1999, eq. 2.21): a
            # step that was taken lessens the damping by up to ten, and raises it up to twofold
            promised = 2.0 * np.einsum("ka,ka->k", step, slope[stars]) - size
            gain = (chi2[stars] - new[0]) / np.maximum(promised, 1e-30)
            lessening = np.clip(1.0 - (2.0 * gain - 1.0) ** 3, 0.1, 2.0)
            # undamped, the step would be about so much longer
            at_rest = size * (1.0 + damping[stars]) ** 2 < _NEGLIGIBLE
            moved = stars[better]
            x[moved] = tried[better]
            for array, values in zip((chi2, slope, curvature), new, strict=True):
                array[moved] = values[better]
            damping[stars] *= np.where(better, lessening, 5.0)
            converged[stars[at_rest]] = True
        return x, chi2, self._inverse(curvature, x), converged

    def _evaluate(self, x: Floats, stars: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """Return chi^2 (k,), ``J^T W r`` (k, d) and ``J^T W J`` (k, d, d).

        With curves of the continuum these are of the least chi^2 over their factors (variable
        projection: Golub & Pereyra 1973, in Kaufman's form).
        """
        model, slopes = self.generator.standardised(x)
        root = np.sqrt(self.weight[stars])
        residual = (self.flux[stars] - model) * root
        slopes *= root[:, None]
        if self.continuum is not None:
            residual = self._project(model, root, residual, slopes)
        slope = slopes @ residual.astype(np.float32)[:, :, None]
        curvature = slopes @ slopes.transpose(0, 2, 1)
        chi2 = np.sum(residual**2, axis=1)
        return chi2, slope[:, :, 0].astype(np.float64), curvature.astype(np.float64)

    def _project(self, model: Floats, root: Singles, residual: Floats, slopes: Singles) -> Floats:
        """Return residuals (k, p) at the best continuum; take its curves out of the slopes."""
        assert self.continuum is not None
        curves = self.continuum.astype(np.float32)
        basis = (root * model).astype(np.float32)[:, None] * curves  # (k, c, p)
        across = basis.transpose(0, 2, 1)
        matrix = (basis @ across).astype(np.float64)
        diagonal = np.einsum("kcc->kc", matrix)
        diagonal += 1e-6 * diagonal + 1e-30  # curves that few pixels tell apart stay near 0
        factors = np.linalg.solve(matrix, basis.astype(np.float64) @ residual[:, :, None])
        factors = factors[:, :, 0].astype(np.float32)
        slopes *= (1.0 + factors @ curves)[:, None]
        shared = np.linalg.solve(matrix, (basis @ slopes.transpose(0, 2, 1)).astype(np.float64))
        slopes -= shared.transpose(0, 2, 1).astype(np.float32) @ basis
        return residual - np.einsum("kc,kcp->kp", factors, basis)

    def _step(self, x: Floats, slope: Floats, curvature: Floats, damping: Floats) -> Floats:
        """Return where to go: labels at a bound that pull outwards stay there."""
        held = ((x <= self.low) & (slope < 0.0)) | ((x >= self.high) & (slope > 0.0))
        slope = np.where(held, 0.0, slope)
        matrix = np.where(held[:, :, None] | held[:, None, :], 0.0, curvature)
        diagonal = np.diagonal(matrix, axis1=1, axis2=2)
        extra = np.where(diagonal > 0.0, damping[:, None] * diagonal, 1.0)
        matrix = matrix + extra[:, :, None] * np.eye(x.shape[1])
        step = np.linalg.solve(matrix, slope[:, :, None])[:, :, 0]
        return np.clip(x + step, self.low, self.high)

    def _inverse(self, curvature: Floats, x: Floats) -> Floats:
        """Return covariances; NaN for labels that have no range and for singular matrices.

        A label at a bound is where the search was stopped and no minimum: it has no variance, and
        those of the others are for it as it is.
        """
        n, d = curvature.shape[:2]
        free = np.flatnonzero(self.high > self.low)
        covariance = np.full((n, d, d), np.nan)
        held = ((x <= self.low) | (x >= self.high))[:, free]
        apart = held[:, :, None] | held[:, None, :]
        matrix = np.where(apart, np.eye(len(free)), curvature[:, free[:, None], free])
        scale = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
        regular = np.all(scale > 0.0, axis=1) & np.all(np.isfinite(matrix), axis=(1, 2))
        scale = np.where(regular[:, None], scale, 1.0)
        outer = scale[:, :, None] * scale[:, None, :]
        matrix = np.where(regular[:, None, None], matrix / outer, np.eye(len(free)))
        regular &= np.linalg.cond(matrix) < 1e6  # single precision has no more digits
        matrix[~regular] = np.eye(len(free))
        inverse = np.linalg.inv(matrix) / outer
        inverse[~regular] = np.nan
        inverse[apart] = np.nan
        covariance[:, free[:, None], free] = inverse
        return covariance


@dataclass(frozen=True)
class Posterior:
    """Samples of one star's labels.

    Attributes
    ----------
    samples : (s, d)
        After burning in, thinned.
    percentiles : (3, d)
        16th, 50th and 84th of each label.
    acceptance
        Part of the proposals that were accepted.
    autocorrelation : (d,)
        Steps until a chain forgets; a rough number where the chain is not fifty times longer.
    """

    samples: Floats
    percentiles: Floats
    acceptance: float
    autocorrelation: Floats


def posterior(
    generator: Generator,
    flux: NDArray[np.floating],
    ivar: NDArray[np.floating],
    *,
    generator_error: bool = True,
    walkers: int = 32,
    steps: int = 2500,
    burn_in: int = 500,
    thin: int = 5,
    seed: int = 0,
) -> Posterior:
    """Sample the posterior of one star's labels (Guo et al. 2021, figure 10).

    Goodman and Weare's sampler with a Gaussian likelihood and a prior that is even within
    :func:`bounds`.

    Parameters
    ----------
    generator, flux, ivar, generator_error
        As for :func:`solve`, but ``flux`` and ``ivar`` of one star, (p,).
    walkers, steps, burn_in, thin
        Chains, their length, what is cut from their beginning, and one sample of how many is
        kept.
    seed
        The same seed gives the same samples.

    Raises
    ------
    ValueError
        When the spectrum has too few useful pixels for labels.
    """
    import emcee  # noqa: PLC0415 - only here

    start = solve(generator, flux[None], ivar[None], generator_error=generator_error)
    if not np.all(np.isfinite(start.values)):
        raise ValueError(f"{start.n_pixels[0]} useful pixels are too few for labels")
    known, weight = _weighted(flux[None], ivar[None], generator.error if generator_error else None)
    low, high = bounds(generator)
    free = np.flatnonzero(high > low)
    middle = generator.standardise(start.values[0])
    spread = np.nan_to_num(start.errors[0] / generator.label_scale, nan=0.1)

    def full(x: Floats) -> Floats:
        points = np.tile(middle, (len(x), 1))
        points[:, free] = x
        return points * generator.label_scale + generator.label_mean

    def log_probability(x: Floats) -> Floats:
        allowed = np.all((x >= low[free]) & (x <= high[free]), axis=1)
        result = np.full(len(x), -np.inf)
        if np.any(allowed):
            residual = known - generator.predict(full(x[allowed]))
            result[allowed] = -0.5 * np.sum(weight * residual**2, axis=1, dtype=np.float64)
        return result

    rng = np.random.default_rng(seed)
    first = middle[free] + spread[free] * rng.standard_normal((walkers, len(free)))
    edge = 1e-3 * (high - low)[free]
    first = np.clip(
        first,
        low[free] + edge * rng.random((walkers, len(free))),
        high[free] - edge * rng.random((walkers, len(free))),
    )
    sampler = emcee.EnsembleSampler(walkers, len(free), log_probability, vectorize=True)
    state = np.random.RandomState(seed).get_state()  # what emcee takes
    sampler.run_mcmc(emcee.State(first, random_state=state), steps)
    samples = full(sampler.get_chain(discard=burn_in, thin=thin, flat=True))
    return Posterior(
        samples=samples,
        percentiles=np.percentile(samples, (16, 50, 84), axis=0),
        acceptance=float(np.mean(sampler.acceptance_fraction)),
        autocorrelation=np.asarray(sampler.get_autocorr_time(tol=0)),
    )
