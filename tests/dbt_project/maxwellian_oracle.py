"""The Maxwellian of peculiar tangential velocities and the runaway limit drawn from it.

Wang+2022, section 6.2, equation 1: f(v) = a v^2 exp(-v^2 / b^2) is fitted to the histogram
of V_Tp; a runaway is faster than the speed beyond the peak at which f has fallen to one per
cent of its peak. The peak lies at v = b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.special import lambertw

#: Stars below which a histogram says nothing of a distribution.
MINIMUM_STARS = 20


@dataclass(frozen=True)
class MaxwellianFit:
    """A fitted distribution: ``a`` in stars a bin, ``b`` and ``limit`` in km/s; NaN if unfit."""

    a: float
    a_error: float
    b: float
    b_error: float
    limit: float
    n_stars: int


def maxwellian(v: np.ndarray, a: float, b: float) -> np.ndarray:
    """Return f(v) = a v^2 exp(-v^2/b^2) (Wang+2022, equation 1)."""
    return a * v**2 * np.exp(-((v / b) ** 2))


def runaway_limit(b: float, fraction: float = 0.01) -> float:
    """Return the speed above the peak at which f is ``fraction`` of its peak.

    With x = (v/b)^2 the condition reads x exp(1 - x) = fraction, so that
    x = -W(-fraction/e) on the lower branch of Lambert's function.

    Examples
    --------
    >>> round(runaway_limit(8.701), 2)  # the published b, and the published 24 km/s
    24.05
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}; it must lie between 0 and 1")
    return float(b * np.sqrt(-lambertw(-fraction / np.e, k=-1).real))


def fit_maxwellian(
    speeds: np.ndarray, bin_width: float = 1.0, fraction: float = 0.01
) -> MaxwellianFit:
    """Fit the histogram of peculiar tangential velocities.

    The fit is made twice: runaways lie beyond the limit of the first and are left out of the
    second, or they would widen the distribution that they are judged by.

    Parameters
    ----------
    speeds
        Shape (n,), km/s; values that are not finite are left out.
    bin_width
        Of the histogram, km/s.
    fraction
        Part of the peak that defines the limit.

    Returns
    -------
    MaxwellianFit
        All NaN with fewer than 20 stars, or where the fit does not converge.
    """
    speeds = np.asarray(speeds, dtype=float)
    speeds = speeds[np.isfinite(speeds) & (speeds >= 0)]
    nan = float("nan")
    unfit = MaxwellianFit(nan, nan, nan, nan, nan, len(speeds))
    if len(speeds) < MINIMUM_STARS:
        return unfit
    # The mode of a Maxwellian is b and its median 1.088 b: a start that outliers cannot move.
    b = float(np.median(speeds)) / 1.088
    kept = speeds
    for _ in range(2):
        edges = np.arange(0.0, max(runaway_limit(b) * 1.2, 5 * bin_width) + bin_width, bin_width)
        counts, _ = np.histogram(kept, edges)
        centres = (edges[1:] + edges[:-1]) / 2
        start = (counts.sum() * bin_width * 4 / (np.sqrt(np.pi) * b**3), b)
        try:
            (a, b), covariance = curve_fit(maxwellian, centres, counts, p0=start)
        except (RuntimeError, OptimizeWarning):
            return unfit
        b = abs(float(b))
        kept = speeds[speeds <= runaway_limit(b, fraction)]
    a_error, b_error = np.sqrt(np.diag(covariance))
    return MaxwellianFit(
        float(a), float(a_error), b, float(b_error), runaway_limit(b, fraction), len(speeds)
    )
