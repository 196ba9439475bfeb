"""Eigenspectra: the algebra of the paper, holes in spectra, samples in pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.ob_spectra.eigen import Eigenspectra
from ml.ob_spectra.moments import Moments

N_PIXELS = 60
WINDOW = np.r_[0:20, 30:52]


def sample(n=400, rank=4, noise=0.01, seed=0):
    """Spectra that a few numbers make, with noise."""
    rng = np.random.default_rng(seed)
    shapes = 0.05 * np.cumsum(rng.standard_normal((rank, N_PIXELS)), axis=1) / 4
    flux = 1 + rng.standard_normal((n, rank)) @ shapes
    return (flux + noise * rng.standard_normal(flux.shape)).astype(np.float32)


def basis(flux, k=4):
    moments = Moments(N_PIXELS)
    moments.add(flux)
    return Eigenspectra.from_moments(moments, WINDOW, k)


def whole(flux):
    return np.ones_like(flux)


def test_it_is_the_papers_algebra_done_on_the_whole_matrix():
    flux = sample()
    found = basis(flux)
    x = flux.astype(float)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    values, vectors = np.linalg.eigh(standard[:, WINDOW].T @ standard[:, WINDOW])
    p = standard[:, WINDOW] @ vectors[:, ::-1][:, :4]
    b = np.linalg.lstsq(p, standard, rcond=None)[0]  # P B = X_full
    expected = x.mean(axis=0) + x.std(axis=0) * (p @ b)
    np.testing.assert_allclose(found.denoise(flux, whole(flux)), expected, atol=2e-5)
    np.testing.assert_allclose(found.eigenvalues, values[::-1][:4] / len(x), rtol=1e-4)


def test_the_vectors_are_orthonormal_and_reconstruct_their_own_windows():
    found = basis(sample())
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(4), atol=1e-5)
    np.testing.assert_allclose(found.loadings[:, WINDOW], found.vectors.T, atol=1e-5)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.lists(st.integers(1, 399), max_size=5))
def test_pieces_give_what_the_whole_sample_gives(seed, cuts):
    flux = sample(seed=seed)
    one, many = Moments(N_PIXELS), Moments(N_PIXELS)
    one.add(flux)
    for piece in np.split(flux, sorted(cuts)):
        many.add(piece)
    assert many.n == one.n
    np.testing.assert_allclose(many.mean(), one.mean(), atol=1e-12)
    np.testing.assert_allclose(many.covariance(), one.covariance(), atol=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.02, 0.4))
def test_holes_are_filled_as_least_squares_would(seed, share):
    found = basis(sample(noise=1e-4))  # the prior weighs what the noise weighs: nothing
    rng = np.random.default_rng(seed)
    flux = sample(20, noise=0.0)
    ivar = (rng.random(flux.shape) > share).astype(np.float32)
    kept = ivar[:, WINDOW] > 0
    spoilt = np.where(ivar > 0, flux, rng.choice([np.nan, 99.0], flux.shape))
    got = found.coefficients(spoilt.astype(np.float32), ivar)
    standard = ((flux - found.mean) / found.deviation)[:, WINDOW]
    for row in range(len(flux)):
        if kept[row].mean() > 0.5:
            use = kept[row]
            best = np.linalg.lstsq(found.vectors[use], standard[row, use], rcond=None)[0]
            np.testing.assert_allclose(got[row], best, atol=2e-3)


def test_a_hole_does_not_pull_a_spectrum_towards_the_mean():
    found = basis(sample(noise=1e-4))
    flux = sample(50, noise=0.0)
    ivar = whole(flux)
    ivar[:, 5:15] = 0
    with_hole, complete = found.denoise(flux, ivar), found.denoise(flux, whole(flux))
    scale = np.std(complete[:, 5:15] - found.mean[5:15])
    assert np.abs(with_hole - complete)[:, 5:15].max() < 0.01 * scale


def test_coefficients_scatter_as_the_noise_says():
    found = basis(sample())
    rng = np.random.default_rng(2)
    ivar = np.full((3000, N_PIXELS), 0.03**-2)
    flux = found.mean + 0.03 * rng.standard_normal(ivar.shape)
    scatter = found.coefficients(flux, ivar).var(axis=0)
    np.testing.assert_allclose(scatter, found.noise_variance(ivar)[0], rtol=0.15)


def test_half_a_spectrum_is_too_little():
    found = basis(sample())
    flux = sample(3)
    ivar = whole(flux)
    ivar[1, WINDOW[:21]] = 0
    flux[2] = np.nan
    known = np.isfinite(found.coefficients(flux, ivar)).all(axis=1)
    assert known.tolist() == [True, False, False]


def test_no_spectra_give_no_coefficients():
    found = basis(sample())
    nothing = np.empty((0, N_PIXELS), dtype=np.float32)
    assert found.denoise(nothing, nothing).shape == (0, N_PIXELS)


def test_tensors_hold_all_of_it(tmp_path):
    from safetensors.numpy import load_file, save_file

    found = basis(sample())
    save_file(found.to_tensors("x."), tmp_path / "w")
    again = Eigenspectra.from_tensors(load_file(tmp_path / "w"), "x.")
    flux = sample(5)
    np.testing.assert_array_equal(
        again.denoise(flux, whole(flux)), found.denoise(flux, whole(flux))
    )
    assert again.noise == found.noise


def test_a_sample_that_is_too_small_says_so():
    with pytest.raises(ValueError, match="30 eigenspectra from 12 spectra"):
        basis(sample(12), 30)


def test_a_sample_must_be_finite():
    flux = sample(5)
    flux[2, 3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        Moments(N_PIXELS).add(flux)
