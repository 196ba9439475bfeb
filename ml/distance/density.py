"""The probability density of a star's distance, and where its peaks are.

Xiang et al. (2021, eqs. 18 to 23): a Gaussian in the parallax, ``1/d``, times a Gaussian in the
distance modulus, ``5 log d``, times the prior. In ``x = ln d`` the derivative of the density's
logarithm is, with ``u = 1/d``, the parallax ``w``, the modulus as ``x_s`` and ``W`` for inverse
variances::

    W_w u (u - w) - W_s (x - x_s) + k - b / u

The derivative of that vanishes where a polynomial of third degree in ``u`` does, which has no
more than two positive roots: so there are no more than two peaks, each alone between bounds that
are known beforehand, and none can be missed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

MAGNITUDES = 5.0 / np.log(10.0)
"""Of a factor e in distance."""

_CLOSE = 1e-13  # of ln d: a millionth of 0.1 pc at 30 kpc
_MOST_STEPS = 200


@dataclass(frozen=True)
class Density:
    """What is known of n stars; every array is ``(n,)``.

    Attributes
    ----------
    parallax
        mas; any number where its weight is 0.
    parallax_weight
        Inverse variance, mas^-2; 0 without a parallax.
    log_photometric
        ln of the spectro-photometric distance in kpc; any number where its weight is 0.
    photometric_weight
        Inverse variance of that; 0 without one.
    power
        Of d in the prior: 0 (flat) or 2.
    inverse_length
        1 / L in the prior ``d^2 exp(-d / L)``, kpc^-1; 0 in the flat one.
    lower, upper
        ln of the distances in kpc between which the prior is not 0.
    """

    parallax: Floats
    parallax_weight: Floats
    log_photometric: Floats
    photometric_weight: Floats
    power: Floats
    inverse_length: Floats
    lower: Floats
    upper: Floats

    def take(self, which: NDArray[np.generic] | slice) -> Density:
        """Return the same for some of the stars."""
        return Density(*(getattr(self, field.name)[which] for field in fields(self)))

    def columns(self) -> Density:
        """Return the same with arrays ``(n, 1)``, for many distances a star."""
        return Density(*(getattr(self, field.name)[:, None] for field in fields(self)))

    def logarithm(self, x: Floats) -> Floats:
        """Return the log density in x = ln d, up to a constant of the star.

        The density in x is d times that in d: the percentiles are those of either.
        """
        u = np.exp(-x)
        value = (self.power + 1.0) * x
        value -= (0.5 * self.parallax_weight) * (u - self.parallax) ** 2
        value -= (0.5 * self.photometric_weight) * (x - self.log_photometric) ** 2
        if self.inverse_length.any():
            value -= self.inverse_length / u
        return value

    def slope(self, x: Floats, *, in_distance: bool = False) -> Floats:
        """Return the derivative of the log density by x.

        Parameters
        ----------
        x
            ln of the distance in kpc.
        in_distance
            Of the density in d instead of that in x; its zeros are the modes in d.
        """
        u = np.exp(-x)
        value = self.parallax_weight * u * (u - self.parallax)
        value -= self.photometric_weight * (x - self.log_photometric)
        value += self.power + (0.0 if in_distance else 1.0)
        if self.inverse_length.any():
            value -= self.inverse_length / u
        return value

    def with_slope(self, x: Floats) -> tuple[Floats, Floats]:
        """Return :meth:`logarithm` and :meth:`slope` together, in little more time than one."""
        u = np.exp(-x)
        parallax = u - self.parallax
        photometry = x - self.log_photometric
        slope = parallax * self.parallax_weight
        value = slope * parallax
        slope *= u
        part = photometry * self.photometric_weight
        slope -= part
        part *= photometry
        value += part
        value *= -0.5
        slope += self.power + 1.0
        value += (self.power + 1.0) * x
        if self.inverse_length.any():
            prior = self.inverse_length / u
            value -= prior
            slope -= prior
        return value, slope

    def curvature(self, x: Floats) -> Floats:
        """Return the second derivative of the log density by x."""
        u = np.exp(-x)
        value = self.parallax_weight * u * (self.parallax - 2.0 * u) - self.photometric_weight
        if self.inverse_length.any():
            value -= self.inverse_length / u
        return value


@dataclass(frozen=True)
class Peaks:
    """Maxima of a density between its limits, as ln of the distance in kpc; arrays ``(n,)``.

    Attributes
    ----------
    near, far
        The maxima; the same where there is one.
    valley
        The minimum between them.
    two
        Whether there are two.
    """

    near: Floats
    valley: Floats
    far: Floats
    two: Booleans

    def take(self, which: NDArray[np.generic]) -> Peaks:
        """Return the same for some of the stars."""
        return Peaks(self.near[which], self.valley[which], self.far[which], self.two[which])


def turning_points(density: Density) -> tuple[Floats, Floats]:
    """Return where the slope of the log density turns, ``(n,)`` each, within the limits.

    The slope falls up to the first, rises to the second and falls from there on. Both are the
    upper limit where it falls all the way.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = density.photometric_weight / density.parallax_weight
        root = np.sqrt(density.parallax**2 - 8.0 * ratio)
        large = 0.25 * (density.parallax + root)
        small = 0.5 * ratio / large
    turns = np.isfinite(large) & (large > 0.0) & (density.parallax > 0.0)
    if density.inverse_length.any():
        large, small, turns = _cubic_roots(density, large, small, turns)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(turns, -np.log(large), density.upper)
        second = np.where(turns, -np.log(small), density.upper)
    return (
        np.clip(first, density.lower, density.upper),
        np.clip(second, density.lower, density.upper),
    )


def _cubic_roots(
    density: Density, large: Floats, small: Floats, turns: Booleans
) -> tuple[Floats, Floats, Booleans]:
    """Return the positive roots of the polynomial with the prior's part, and where they are.

    That part is positive, so they lie between those without it and the minimum between them.
    """

    def polynomial(u: Floats) -> Floats:
        cubic = density.parallax_weight * u**2 * (2.0 * u - density.parallax)
        return cubic + density.photometric_weight * u + density.inverse_length

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = density.photometric_weight / density.parallax_weight
        lowest = (density.parallax + np.sqrt(density.parallax**2 - 6.0 * ratio)) / 6.0
        turns = turns & (polynomial(lowest) < 0.0)
        roots = []
        for outer in (large, small):
            inner, outer = lowest.copy(), outer.copy()  # noqa: PLW2901
            for _ in range(60):
                middle = 0.5 * (inner + outer)
                below = polynomial(middle) < 0.0
                inner, outer = np.where(below, middle, inner), np.where(below, outer, middle)  # noqa: PLW2901
            roots.append(outer)
    return roots[0], roots[1], turns


def find_peaks(
    density: Density, turns: tuple[Floats, Floats], *, in_distance: bool = False
) -> Peaks:
    """Find the maxima of the density, at the limits where it rises up to them.

    Parameters
    ----------
    density
        Of n stars.
    turns
        See :func:`turning_points`.
    in_distance
        Of the density in d instead of that in ln d.

    Returns
    -------
    Peaks
        Exact to some 1e-13 in ln d.
    """
    first, second = turns
    at_first = density.slope(first, in_distance=in_distance)
    at_second = density.slope(second, in_distance=in_distance)
    two = (at_first < 0.0) & (at_second > 0.0)
    beyond = ~two & (at_first >= 0.0)  # one peak, after the second turn
    start = _guess(density)
    near = _zero(
        density,
        np.where(beyond, second, density.lower),
        np.where(beyond, density.upper, first),
        start,
        in_distance,
    )
    valley, far = near.copy(), near.copy()
    which = np.flatnonzero(two)
    if which.size:
        some, a, b = density.take(which), first[which], second[which]
        valley[which] = _zero(some, a, b, 0.5 * (a + b), in_distance, rising=True)
        far[which] = _zero(some, b, some.upper, some.log_photometric, in_distance)
    return Peaks(near, valley, far, two)


def _guess(density: Density) -> Floats:
    """Return the mean of both distances by their weights, as if both were Gaussian in ln d."""
    positive = np.maximum(density.parallax, 1e-6)
    weight = density.parallax_weight * positive**2
    total = weight + density.photometric_weight
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = -weight * np.log(positive) + density.photometric_weight * density.log_photometric
        return mean / total


def _zero(
    density: Density,
    low: Floats,
    high: Floats,
    start: Floats,
    in_distance: bool,
    rising: bool = False,
) -> Floats:
    """Return the zero of a slope that falls (or rises) between bounds; the nearer bound if none.

    Newton's steps, and halving where they leave the bounds.
    """
    sign = -1.0 if rising else 1.0
    at_low = sign * density.slope(low, in_distance=in_distance)
    at_high = sign * density.slope(high, in_distance=in_distance)
    result = np.where(at_low <= 0.0, low, high)
    which = np.flatnonzero((at_low > 0.0) & (at_high < 0.0))
    some, low, high, x = density.take(which), low[which], high[which], start[which]
    x = np.where((x > low) & (x < high), x, 0.5 * (low + high))
    for _ in range(_MOST_STEPS):
        if not which.size:
            break
        value = sign * some.slope(x, in_distance=in_distance)
        low, high = np.where(value > 0.0, x, low), np.where(value > 0.0, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = x - value / (sign * some.curvature(x))
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        done = (np.abs(new - x) < _CLOSE * (1.0 + np.abs(x))) | (value == 0.0)
        x = np.where(value == 0.0, x, new)
        if done.any():
            result[which[done]] = x[done]
            left = ~done
            which, some, low, high, x = which[left], some.take(left), low[left], high[left], x[left]
    result[which] = x
    return result
