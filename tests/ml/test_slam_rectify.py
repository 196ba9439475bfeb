"""Smoothing splines, and pseudo-continua that neither lines nor noise lift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.slam.rectify import rectify_spline
from ml.slam.smoothing import half_power_period, smooth, stiffness_of

WAVELENGTH = 3850.0 + np.arange(3200.0)


def slow_continuum() -> np.ndarray:
    """What an instrument that is not calibrated does to a star."""
    return 1.0 + 0.4 * np.sin(WAVELENGTH / 400.0) + 0.0002 * (WAVELENGTH - 5000.0)


@settings(max_examples=40, deadline=None)
@given(
    p=st.integers(3, 30),
    stiffness=st.floats(1e-3, 1e6),
    seed=st.integers(0, 2**31),
)
def test_smoothing_solves_the_dense_equations(p: int, stiffness: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3, p))
    weights = rng.uniform(0.1, 2.0, (3, p)) * (rng.random((3, p)) < 0.8)
    weights[:, :2] = 1.0
    second = np.diff(np.eye(p), 2, axis=0)
    found = smooth(values, weights, stiffness)
    for row in range(3):
        matrix = np.diag(weights[row]) + stiffness * second.T @ second
        expected = np.linalg.solve(matrix, weights[row] * values[row])
        np.testing.assert_allclose(found[row], expected, atol=1e-6 * max(1.0, stiffness * 1e-4))


def test_half_of_a_wave_of_that_period_passes() -> None:
    stiffness = stiffness_of(1e6, 1.0)
    period = half_power_period(stiffness, 1.0)
    wave = np.cos(2.0 * np.pi * np.arange(4000.0) / period)
    smoothed = smooth(wave[None], np.ones((1, 4000)), stiffness)[0]
    # of the amplitude; away from the ends
    assert np.ptp(smoothed[1500:2500]) / np.ptp(wave[1500:2500]) == pytest.approx(0.5, abs=0.01)


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"values \(2, 9\) and weights \(2, 8\)"):
        smooth(np.ones((2, 9)), np.ones((2, 8)), 1.0)


@pytest.mark.parametrize("snr", [20.0, 50.0, 200.0])
def test_noise_does_not_lift_the_continuum(snr: float) -> None:
    """Clipping one sigma below and three above keeps pixels 0.3 sigma too high on average."""
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((40, len(WAVELENGTH))) / snr
    flux, continuum = rectify_spline(
        slow_continuum() * (1.0 + noise), np.ones(noise.shape, dtype=bool), 1.0
    )
    ratio = continuum[:, 50:-50] / slow_continuum()[50:-50]
    assert abs(np.median(ratio) - 1.0) < 0.1 / snr
    assert abs(np.mean(flux[:, 50:-50]) - 1.0) < 0.1 / snr


def test_a_narrow_line_keeps_its_equivalent_width() -> None:
    line = 0.4 * np.exp(-0.5 * ((WAVELENGTH - 4472.7) / 2.0) ** 2)
    noise = np.random.default_rng(1).standard_normal((30, len(WAVELENGTH))) / 100.0
    observed = slow_continuum() * (1.0 - line + noise)
    flux, _ = rectify_spline(observed, np.ones(observed.shape, dtype=bool), 1.0)
    near = np.abs(WAVELENGTH - 4472.7) < 10.0
    width = np.mean(np.sum(1.0 - flux[:, near], axis=1))
    assert width == pytest.approx(np.sum(line[near]), rel=0.03)


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(1e-18, 1e18), seed=st.integers(0, 1000))
def test_units_do_not_matter(factor: float, seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((2, 400)) / 30.0
    good = np.ones(noise.shape, dtype=bool)
    flux, continuum = rectify_spline(1.0 + noise, good, 1.0)
    other, level = rectify_spline(factor * (1.0 + noise), good, 1.0)
    np.testing.assert_allclose(other, flux, rtol=1e-4)
    np.testing.assert_allclose(level / factor, continuum, rtol=1e-4)


def test_bad_pixels_say_nothing_and_rows_do_not_meet() -> None:
    noise = np.random.default_rng(5).standard_normal((3, 600)) / 50.0
    good = np.ones(noise.shape, dtype=bool)
    good[1, 200:230] = False
    clean = 1.0 + noise
    spoilt = np.where(good, clean, 1e30)
    spoilt[0] = np.nan
    with_nan = good.copy()
    with_nan[0] = False
    flux, _ = rectify_spline(spoilt, with_nan, 1.0)
    alone, _ = rectify_spline(clean[1:2], good[1:2], 1.0)
    assert np.isnan(flux[0]).all()
    assert np.isnan(flux[1, 200:230]).all()
    np.testing.assert_array_equal(flux[1], alone[0])
