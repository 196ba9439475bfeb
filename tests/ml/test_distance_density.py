"""No peak of a distance's density is missed, and its derivatives are its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.distance.density import Density, find_peaks, turning_points

LOWER, UPPER = np.log(1e-4), np.log(30.0)
X = np.linspace(LOWER, UPPER, 40_001)


def one_star(
    parallax: float, parallax_error: float, distance: float, log_error: float, length: float
) -> Density:
    return Density(
        *(
            np.array([value])
            for value in (
                parallax,
                parallax_error**-2.0,
                np.log(distance),
                log_error**-2.0,
                2.0 if np.isfinite(length) else 0.0,
                1.0 / length,
                LOWER,
                UPPER,
            )
        )
    )


stars = st.builds(
    lambda distance, snr, farther, width, length: one_star(
        1.0 / distance, 1.0 / (distance * snr), distance * farther, width / snr, length
    ),
    distance=st.floats(-3.0, 2.0).map(np.exp),
    snr=st.floats(2.0, 30.0),
    farther=st.floats(0.0, 4.0).map(np.exp),
    width=st.floats(1.5, 8.0),  # two peaks need sqrt(8) or more
    length=st.sampled_from([np.inf, 0.5, 2.0]),
)


@given(stars, st.booleans())
def test_peaks_are_the_maxima_that_a_fine_grid_shows(star: Density, in_distance: bool) -> None:
    values = star.columns().logarithm(X[None])[0] - (X if in_distance else 0.0)
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    maxima = np.flatnonzero((values > padded[:-2]) & (values > padded[2:]))
    peaks = find_peaks(star, turning_points(star), in_distance=in_distance)
    found = {float(peaks.near[0]), float(peaks.far[0])}
    step = X[1] - X[0]
    for place in X[maxima]:
        assert min(abs(place - peak) for peak in found) < 1.01 * step
    # one that the grid does not show is flatter than it can
    if len(found) > len(maxima):
        assert abs(peaks.far[0] - peaks.valley[0]) < 20.0 * step or (
            abs(peaks.near[0] - peaks.valley[0]) < 20.0 * step
        )


def test_a_parallax_and_a_modulus_far_from_it_have_two_peaks_and_a_valley() -> None:
    star = one_star(5.0, 0.41, 6.31, 0.276, np.inf)
    peaks = find_peaks(star, turning_points(star), in_distance=True)
    assert peaks.two[0]
    near, valley, far = (np.exp(x[0]) for x in (peaks.near, peaks.valley, peaks.far))
    assert 0.2 < near < valley < far < 6.31
    for x in (peaks.near, peaks.valley, peaks.far):
        assert star.slope(x, in_distance=True)[0] == pytest.approx(0.0, abs=1e-6)


@given(stars, st.floats(-4.0, 3.0))
def test_slope_and_curvature_are_derivatives(star: Density, at: float) -> None:
    x, h = np.array([at]), 1e-5
    value, slope = star.columns().with_slope(x[None])
    assert value[0, 0] == pytest.approx(star.logarithm(x)[0], rel=1e-12, abs=1e-12)
    assert slope[0, 0] == pytest.approx(star.slope(x)[0], rel=1e-9, abs=1e-9)
    size = abs(star.logarithm(x)[0]) + abs(slope[0, 0]) + abs(star.curvature(x)[0]) + 1.0
    numeric = (star.logarithm(x + h) - star.logarithm(x - h)) / (2.0 * h)
    assert numeric[0] == pytest.approx(slope[0, 0], abs=1e-7 * size)
    numeric = (star.slope(x + h) - star.slope(x - h)) / (2.0 * h)
    assert numeric[0] == pytest.approx(star.curvature(x)[0], abs=1e-7 * size)
