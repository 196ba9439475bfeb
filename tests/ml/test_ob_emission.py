"""H-alpha emission by eigenspectra: found where it is, and a threshold that keeps its promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.ob_spectra.emission import (
    EmissionModel,
    chi2_threshold,
    excess_threshold,
    fit,
    residuals,
)
from ml.ob_spectra.grid import CHI2_WINDOWS, HALPHA, OB, inside

WAVE = OB.wavelength
BALMER = (3971.2, 4102.9, 4341.7, 4862.7, 6564.6)


def line(centre, width):
    return np.exp(-0.5 * ((WAVE - centre) / width) ** 2)


def stars(n, seed, emission=0.0, noise=0.01):
    """Spectra whose lines all follow two numbers; some have emission in H-alpha."""
    rng = np.random.default_rng(seed)
    balmer, helium = rng.uniform(0.2, 0.6, (n, 1)), rng.uniform(0.0, 0.3, (n, 1))
    flux = 1 - balmer * sum(line(centre, 8) for centre in BALMER)
    flux -= helium * sum(line(centre, 4) for centre in (4472.7, 4923.3, 5017.1, 6679.9))
    flux -= 0.5 * balmer * line(4481.3, 4)  # so that clean windows tell of the Balmer lines
    flux -= 0.3 * balmer * line(4554.0, 4)
    height = np.where(rng.random(n) < emission, rng.uniform(0.3, 3, n), 0.0)
    flux += height[:, None] * line(6564.6, 4)
    flux += noise * rng.standard_normal(flux.shape)
    ivar = np.full(flux.shape, noise**-2)
    return flux.astype(np.float32), ivar.astype(np.float32), height


@pytest.fixture(scope="module")
def fitted():
    flux, ivar, height = stars(400, 1, emission=0.15)
    pieces = [(flux[i : i + 150], ivar[i : i + 150]) for i in range(0, len(flux), 150)]
    return fit(pieces, n_components=3), height


def test_stars_with_emission_are_found_and_others_are_not(fitted):
    model, _ = fitted
    flux, ivar, height = stars(300, 2, emission=0.2)
    found, _ = model.measure(flux, ivar)
    assert model.is_emission(found)[height > 0].all()
    assert model.is_emission(found)[height == 0].mean() < 0.02


def test_the_excess_is_the_emission_that_was_put_in(fitted):
    model, _ = fitted
    flux, ivar, height = stars(300, 2, emission=0.2)
    found, _ = model.measure(flux, ivar)
    mean_of_line = line(6564.6, 4)[inside(HALPHA)].mean()
    np.testing.assert_allclose(found.halpha_excess, height * mean_of_line, atol=0.06)


def test_the_basis_knows_no_emission(fitted):
    """One iteration is enough: a star without emission is reconstructed without."""
    model, _ = fitted
    flux, ivar, _ = stars(300, 3)
    found, _ = model.measure(flux, ivar)
    assert abs(np.median(found.halpha_excess)) < 0.003


def test_chi2_of_a_sound_spectrum_is_about_one_and_of_a_broken_one_is_large(fitted):
    model, _ = fitted
    flux, ivar, _ = stars(100, 4)
    flux[:10] *= 1 + 0.2 * np.sin(WAVE / 15).astype(np.float32)
    found, _ = model.measure(flux, ivar)
    assert np.median(found.chi2[10:]) == pytest.approx(1, abs=0.3)
    assert model.is_faulty(found)[:10].all()
    assert model.is_faulty(found)[10:].mean() < 0.06


def test_noise_is_no_emission(fitted):
    model, _ = fitted
    flux, ivar, _ = stars(400, 5, noise=0.5)
    found, _ = model.measure(flux, ivar)
    assert (found.halpha_excess > model.excess_threshold).mean() > 0.2
    assert model.is_emission(found).mean() < 0.01
    pull = found.halpha_excess / found.halpha_excess_error
    assert pull.std() == pytest.approx(1, abs=0.15)


def test_a_peak_without_weight_counts(fitted):
    """LAMOST gives no weight to the peaks of strong emission; their flux is sound."""
    model, _ = fitted
    flux, ivar, _ = stars(50, 6, emission=1.0)
    ivar[:, np.abs(WAVE - 6564.6) < 8] = 0
    found, _ = model.measure(flux, ivar)
    assert model.is_emission(found).all()
    assert np.isfinite(found.halpha_excess_error).all()


def test_what_cannot_be_told_is_not_flagged(fitted):
    model, _ = fitted
    flux, ivar, _ = stars(3, 7, emission=1.0)
    flux[0] = np.nan
    ivar[1] = 0
    found, coefficients = model.measure(flux, ivar)
    assert np.isnan(found.halpha_excess[:2]).all()
    assert model.is_emission(found).tolist() == [False, False, True]
    assert np.isnan(coefficients[:2]).all()


def test_residuals_are_the_papers_means():
    rng = np.random.default_rng(0)
    flux = rng.normal(1, 0.1, (4, OB.size)).astype(np.float32)
    ivar = np.full_like(flux, 100)
    found = residuals(flux, ivar, np.ones_like(flux))
    near, aside = inside(HALPHA), inside(CHI2_WINDOWS)
    np.testing.assert_allclose(found.halpha_excess, flux[:, near].mean(axis=1) - 1, atol=1e-6)
    np.testing.assert_allclose(
        found.chi2, ((flux[:, aside] - 1.0) ** 2 * 100).mean(axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(found.halpha_excess_error, 0.1 / np.sqrt(near.sum()), rtol=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.05, 0.4), st.floats(0.01, 0.5))
def test_few_of_those_above_the_threshold_are_false(seed, share, spread):
    """Whatever the errors' shape, if they are symmetric: mean part of false ones <= 5 %."""
    parts = []
    for draw in range(20):
        rng = np.random.default_rng((seed, draw))
        n = 2000
        true = rng.random(n) < share
        excess = spread * rng.standard_t(4, n) + np.where(true, rng.exponential(2.0, n), 0.0)
        above = excess >= excess_threshold(excess)
        parts.append((above & ~true).sum() / max(above.sum(), 1))
    # the median is a little above zero with emission in the sample, which is on the safe side
    assert np.mean(parts) < 0.05 + 3 * np.std(parts) / np.sqrt(len(parts))


def test_a_sample_without_emission_gets_a_threshold_that_nothing_passes():
    excess = np.random.default_rng(3).normal(0, 0.02, 5000)
    assert (excess >= excess_threshold(excess)).mean() < 0.001


def test_in_a_gap_the_threshold_lies_half_way():
    rng = np.random.default_rng(3)
    quiet = rng.uniform(-0.02, 0.02, 1000)
    quiet = np.concatenate([quiet, -quiet])
    found = excess_threshold(np.concatenate([quiet, np.linspace(1.0, 2.0, 301)]))
    assert found == pytest.approx(0.51, abs=0.01)


def test_thresholds_take_no_notice_of_missing_values():
    rng = np.random.default_rng(4)
    excess = np.append(rng.normal(0, 0.02, 1000), rng.uniform(0.2, 2, 200))
    with_holes = np.append(excess, [np.nan] * 50)
    assert excess_threshold(with_holes) == excess_threshold(excess)
    chi2 = rng.chisquare(100, 1000) / 100
    assert chi2_threshold(np.append(chi2, np.nan)) == chi2_threshold(chi2)
    assert chi2_threshold(chi2) > chi2.max()


def test_an_empty_sample_says_what_lacks():
    with pytest.raises(ValueError, match="finite H-alpha excess"):
        excess_threshold(np.array([np.nan]))
    with pytest.raises(ValueError, match="chi"):
        chi2_threshold(np.array([]))


def test_a_sample_that_can_be_gone_through_only_once_is_refused():
    flux, ivar, _ = stars(20, 1)
    with pytest.raises(ValueError, match="only once"):
        fit(iter([(flux, ivar)]))


def test_tensors_hold_the_thresholds_too(fitted, tmp_path):
    from safetensors.numpy import load_file, save_file

    model, _ = fitted
    save_file(model.to_tensors(), tmp_path / "w")
    again = EmissionModel.from_tensors(load_file(tmp_path / "w"))
    assert again.excess_threshold == model.excess_threshold
    assert again.chi2_threshold == model.chi2_threshold
    flux, ivar, _ = stars(5, 9, emission=0.5)
    np.testing.assert_array_equal(again.measure(flux, ivar)[1], model.measure(flux, ivar)[1])
    np.testing.assert_array_equal(again.full.denoise(flux, ivar), model.full.denoise(flux, ivar))
