"""Mock binaries carry the light of both stars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.distance.mock_binaries import (
    EQUAL_TWINS,
    bias_by_flux_ratio,
    combined_magnitude,
    composite_bias,
    composites,
    draw_pairs,
    scale_to_magnitude,
)

PIXELS = 50
BAND = np.arange(PIXELS) >= 20


def library(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Spectra whose line is deeper the fainter the star, scaled by their magnitudes."""
    m_ks = np.linspace(-3.0, 2.0, n)
    flux = np.ones((n, PIXELS)) * np.random.default_rng(1).uniform(0.5, 2.0, (n, 1))
    flux[:, 5] *= 1.0 - line_depth(m_ks)
    return scale_to_magnitude(flux, BAND, m_ks), m_ks


def line_depth(m_ks: np.ndarray) -> np.ndarray:
    return 0.4 + 0.1 * m_ks


def magnitude_by_the_line(flux: np.ndarray) -> np.ndarray:
    return (1.0 - flux[:, 5] / flux[:, BAND].mean(axis=1) - 0.4) / 0.1


def test_twins_are_three_quarters_of_a_magnitude_brighter() -> None:
    assert combined_magnitude(-1.0, -1.0) == pytest.approx(-1.75, abs=0.003)
    assert pytest.approx(0.7526, abs=1e-4) == EQUAL_TWINS


@given(st.floats(-6.0, 6.0), st.floats(0.0, 12.0))
def test_a_pair_is_brighter_than_its_primary_by_no_more_than_a_twin(
    m_ks: float, difference: float
) -> None:
    gain = m_ks - combined_magnitude(m_ks, m_ks + difference)
    assert 0.0 < gain <= EQUAL_TWINS + 1e-9


def test_a_scaled_spectrum_has_its_magnitude_in_the_band_and_keeps_its_shape() -> None:
    flux = np.random.default_rng(2).uniform(1.0, 2.0, (4, PIXELS))
    flux[0, 30] = np.nan
    scaled = scale_to_magnitude(flux, BAND, [0.0, -2.5, 2.5, 1.0])
    np.testing.assert_allclose(
        np.nanmean(scaled[:, BAND], axis=1), [1.0, 10.0, 0.1, 10.0**-0.4], rtol=1e-12
    )
    ratio = scaled / flux
    np.testing.assert_allclose(np.nanmin(ratio, axis=1), np.nanmax(ratio, axis=1))
    assert np.isnan(scale_to_magnitude(-flux, BAND, 0.0)).all()
    with pytest.raises(ValueError, match="band"):
        scale_to_magnitude(flux, np.zeros(PIXELS, dtype=bool), 0.0)


def test_pairs_have_an_ob_star_for_a_primary_and_no_brighter_secondary() -> None:
    m_ks = np.array([-3.0, np.nan, 0.5, -1.0, 2.0, -4.0])
    is_ob = np.array([True, True, True, True, False, False])
    primary, secondary = draw_pairs(m_ks, is_ob, 500, seed=3)
    assert set(primary) == {0, 2, 3}
    assert np.all(m_ks[secondary] >= m_ks[primary])
    assert {0, 2, 3, 4} == set(secondary)  # the cool star too, and twins; never the bright one
    with pytest.raises(ValueError, match="no OB star"):
        draw_pairs(m_ks, np.zeros(6, dtype=bool), 5)


def test_light_adds_up_and_a_dominant_primary_hides_its_companion() -> None:
    flux, m_ks = library(6)
    pairs = composites(flux, m_ks, np.array([0, 0, 2]), np.array([0, 5, 2]))
    np.testing.assert_allclose(pairs.flux[1], flux[0] + flux[5])
    np.testing.assert_allclose(pairs.m_ks[[0, 2]], m_ks[[0, 2]] - EQUAL_TWINS)
    np.testing.assert_allclose(pairs.flux_ratio, [1.0, 0.01, 1.0])
    bias = composite_bias(pairs, flux, magnitude_by_the_line)
    # twins look like their primary; a secondary with a deeper line makes the pair look fainter
    np.testing.assert_allclose(bias[[0, 2]], 0.0, atol=1e-9)
    assert bias[1] == pytest.approx(5.0 * 0.01 / 1.01, rel=1e-6)


def test_bias_is_largest_at_middling_ratios_and_the_bins_hold_every_pair() -> None:
    flux, m_ks = library(60)
    primary, secondary = draw_pairs(m_ks, np.ones(60, dtype=bool), 4000, seed=5)
    pairs = composites(flux, m_ks, primary, secondary)
    bias = composite_bias(pairs, flux, magnitude_by_the_line)
    rows = bias_by_flux_ratio(pairs, bias)
    assert sum(row["n"] for row in rows) == 4000
    assert all(row["p16"] <= row["median"] <= row["p84"] for row in rows)
    medians = [row["median"] for row in rows]
    assert 0 < int(np.argmax(medians)) < len(rows) - 1
    assert all(-EQUAL_TWINS <= row["geometric"] <= 0.0 for row in rows)
    assert all(row["too_bright"] == 0.0 for row in rows)
    assert [row["too_bright"] for row in bias_by_flux_ratio(pairs, bias - 1.0)] == [1.0] * len(rows)
