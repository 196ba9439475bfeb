"""Labelled windows: repeatable, and labelled as an eye would."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulation.profiles import PROFILES
from ingest.simulation.training_set import (
    SEEN_SIGNIFICANCE,
    TRAINING_MIX,
    peak_significance,
    training_windows,
)
from ml.halpha.window import N_SAMPLES


@pytest.fixture(scope="module")
def sample():
    return training_windows(300, 11, workers=1)


def test_processes_do_not_matter_and_the_seed_does(sample):
    two = training_windows(300, 11, workers=2)
    for field in fields(sample):
        assert np.array_equal(getattr(sample, field.name), getattr(two, field.name)), field.name
    other = training_windows(300, 12, workers=1)
    assert set(other.designation).isdisjoint(sample.designation)


def test_windows_are_finite_and_classes_and_surveys_are_balanced(sample):
    assert sample.windows.shape == (len(sample), N_SAMPLES)
    assert sample.windows.dtype == np.float32
    assert np.isfinite(sample.windows).all()
    assert 0.35 < sample.label.mean() < 0.6
    assert set(sample.survey) == {"SIM-MRS", "SIM-LRS"}
    for survey in set(sample.survey):
        assert 0.3 < sample.label[sample.survey == survey].mean() < 0.65
    assert set(sample.kind[sample.label == 0]) >= {"A", "B", "SB2", "F", "Be"}


def test_stars_without_emission_have_label_0_and_seen_emission_its_signal(sample):
    none = sample.profile == PROFILES.index("none")
    assert not sample.label[none].any()
    assert not sample.significance[none].any()
    assert np.all(sample.significance[sample.label == 1] >= SEEN_SIGNIFICANCE)


def test_strong_emission_is_labelled_and_stands_above_the_continuum(sample):
    """A single peak above the continuum with plenty of signal is what every eye sees."""
    plain = (sample.profile == PROFILES.index("single peak")) & (sample.significance > 30)
    assert plain.sum() > 10
    assert sample.label[plain].all()
    near = slice(110, 166)
    assert np.all(sample.windows[plain, near].max(axis=1) > 1.05)


def test_the_same_stars_with_less_noise_show_more_emission():
    mix = replace(TRAINING_MIX, fractions=(("Be", 1.0),), single_visit_fraction=1.0)
    seen = training_windows(150, 4, mix, workers=1)
    faint = seen.snr < 40
    assert faint.sum() > 20
    assert seen.label[~faint].mean() > seen.label[faint].mean()


@given(st.floats(0.02, 3.0), st.floats(2.0, 12.0), st.floats(0.005, 0.1))
def test_signal_of_a_gaussian_peak(height, sigma, noise):
    x = np.arange(-60.0, 61.0)
    peak = height * np.exp(-0.5 * (x / sigma) ** 2)
    found, significance = peak_significance(1 + peak, np.ones_like(x), noise)
    assert found == pytest.approx(height, rel=0.01)
    # the sum of exp(-x^2/sigma^2) over pixels is sqrt(pi) sigma
    assert significance == pytest.approx(height / noise * np.sqrt(np.sqrt(np.pi) * sigma), rel=0.02)


def test_a_gap_between_lines_of_the_photosphere_is_no_emission():
    x = np.arange(-60.0, 61.0)
    bare = 1 - 0.4 * np.exp(-((x - 15) ** 2) / 60) - 0.4 * np.exp(-((x + 15) ** 2) / 60)
    filled = bare + 0.05
    assert peak_significance(filled, bare, 0.01) == (0.0, 0.0)
    with_peak = bare + 0.6 * np.exp(-(x**2) / 20)
    height, significance = peak_significance(with_peak, bare, 0.01)
    assert height > 0.6
    assert significance > 30
