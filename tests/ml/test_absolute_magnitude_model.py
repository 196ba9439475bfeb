"""The stored model: the network that was trained, its doubts, and how far a spectrum lies."""

import numpy as np
import pytest

from ml.absolute_magnitude.learn import learn
from ml.absolute_magnitude.magnitude import Domain, Magnitude
from ml.absolute_magnitude.network import MagnitudeNetwork, View, pixel_weights
from ml.absolute_magnitude.training import TrainingConfig
from ml.ob_spectra.eigen import Eigenspectra
from ml.ob_spectra.moments import Moments
from ml.registry import load_model, save_model
from ml.torch_setup import torch

N_PIXELS, K = 90, 8
WINDOW = np.r_[0:40, 50:85]
CONFIG = TrainingConfig(epochs=40, patience=40, rounds=1, learning_rate=1e-2, seed=2)


def spectra(n, seed, noise=0.01):
    rng = np.random.default_rng(seed)
    shapes = np.random.default_rng(99).standard_normal((3, N_PIXELS)) * 0.05
    hidden = rng.standard_normal((n, 3))
    flux = 1 + hidden @ shapes + noise * rng.standard_normal((n, N_PIXELS))
    return flux.astype(np.float32), np.full((n, N_PIXELS), noise**-2, np.float32), hidden


@pytest.fixture(scope="module")
def basis():
    moments = Moments(N_PIXELS)
    moments.add(spectra(500, 0)[0])
    return Eigenspectra.from_moments(moments, WINDOW, K)


@pytest.fixture(scope="module")
def learnt(basis):
    flux, ivar, hidden = spectra(900, 1)
    m_ks = -1 + hidden[:, 0] + 0.05 * np.random.default_rng(3).standard_normal(900)
    return learn(
        basis.coefficients(flux, ivar),
        basis.noise_variance(ivar),
        m_ks,
        np.full(900, 0.05),
        np.arange(900),
        basis,
        CONFIG,
        chi2=basis.chi2(flux, ivar, basis.coefficients(flux, ivar)),
        snr=np.full(900, 100.0),
    )


def test_it_tells_the_magnitude_of_stars_that_it_has_not_seen(learnt):
    flux, ivar, hidden = spectra(300, 7)
    found = learnt.model.predict(flux, ivar)
    assert np.std(found.m_ks - (-1 + hidden[:, 0])) < 0.25
    assert learnt.scores["single"]["scatter"] < 0.3
    assert learnt.scores["snr 100-inf"]["n"] == learnt.scores["single"]["n"]


def test_the_folded_layer_is_the_network_on_pixels(basis):
    """Weights on coefficients, on coordinates, and on denoised pixels: one and the same."""
    torch.manual_seed(4)
    view = View.of(basis)
    network = MagnitudeNetwork(K, len(WINDOW)).double().eval()
    flux, ivar, _ = spectra(20, 5)
    coefficients = basis.coefficients(flux, ivar).astype(float)
    weight, bias = network.first.weight.detach().numpy(), network.first.bias.detach().numpy()
    denoised = (basis.reconstruct(coefficients) - basis.mean) / basis.deviation
    on_pixels = denoised[:, WINDOW] @ pixel_weights(weight, view).T + bias
    on_coefficients = coefficients @ (weight @ view.turn.T).T + bias
    on_coordinates = view.coordinates(coefficients) @ weight.T + bias
    np.testing.assert_allclose(on_coefficients, on_pixels, atol=2e-4)
    np.testing.assert_allclose(on_coefficients, on_coordinates, atol=1e-5)


def test_coordinates_keep_lengths_and_angles_of_the_pixels(basis):
    flux, ivar, _ = spectra(20, 6)
    coefficients = basis.coefficients(flux, ivar)
    z = coefficients @ basis.loadings[:, WINDOW]
    u = View.of(basis).coordinates(coefficients)
    np.testing.assert_allclose(u @ u.T, z @ z.T, rtol=1e-3, atol=1e-3)


def test_without_torch_the_model_says_what_the_network_said(learnt, basis):
    flux, ivar, _ = spectra(50, 8)
    coefficients = basis.coefficients(flux, ivar)
    by_network = learnt.trained.predict(View.of(basis).coordinates(coefficients))
    np.testing.assert_allclose(learnt.model.predict(flux, ivar).m_ks, by_network, atol=1e-5)


def test_the_models_error_is_that_of_networks_with_silent_neurons(learnt, basis):
    flux, ivar, _ = spectra(40, 9)
    coordinates = View.of(basis).coordinates(basis.coefficients(flux, ivar))
    network = learnt.trained.network
    network.train()
    torch.manual_seed(0)
    with torch.inference_mode():
        draws = torch.stack([network(torch.from_numpy(coordinates)) for _ in range(2000)])
    network.eval()
    expected = learnt.trained.scale * draws.numpy().std(axis=0)
    found = learnt.model.predict(flux, ivar).model_error
    assert np.median(found / expected) == pytest.approx(1, abs=0.2)  # of 64 networks


def test_a_row_does_not_depend_on_the_others(learnt):
    flux, ivar, _ = spectra(30, 10)
    together = learnt.model.predict(flux, ivar)
    for row in (0, 17):
        alone = learnt.model.predict(flux[row : row + 1], ivar[row : row + 1])
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_allclose(one[0], many[row], rtol=1e-4)


def test_what_is_unlike_the_training_lies_far_off(learnt):
    flux, ivar, _ = spectra(1000, 11)
    limit = learnt.model.domain.threshold
    own = learnt.model.predict(flux, ivar).distance
    assert np.median(own) == pytest.approx(1, abs=0.15)
    assert (own > limit).mean() < 0.05
    further = learnt.model.predict(1 + 4 * (flux - 1), ivar)  # the same shapes, too strong
    assert (further.distance > limit).mean() > 0.8
    other = 1 + 0.3 * np.sin(np.arange(N_PIXELS) / 4 + np.arange(20)[:, None])
    strange = learnt.model.predict(other.astype(np.float32), ivar[:20])  # another shape
    assert learnt.model.is_out_of_domain(strange).all()
    assert learnt.model.is_out_of_domain(learnt.model.predict(flux, ivar)).mean() < 0.05


def test_noise_alone_makes_no_spectrum_strange(learnt):
    flux, ivar, _ = spectra(1000, 12, noise=0.6)
    assert learnt.model.is_out_of_domain(learnt.model.predict(flux, ivar)).mean() < 0.05
    coefficients = learnt.model.basis.coefficients(flux, ivar)
    if_it_were_none = learnt.model.domain.distance(coefficients, np.zeros((1000, K)))
    assert (if_it_were_none > learnt.model.domain.threshold).mean() > 0.2


def test_chi2_is_about_one_for_a_spectrum_with_the_noise_it_claims(learnt):
    flux, ivar, _ = spectra(200, 13)
    assert np.median(learnt.model.predict(flux, ivar).chi2) == pytest.approx(1, abs=0.2)


def test_a_spectrum_that_lacks_gives_nothing(learnt):
    flux, ivar, _ = spectra(3, 14)
    flux[0], ivar[1] = np.nan, 0
    found = learnt.model.predict(flux, ivar)
    for column in found:
        assert np.isfinite(column).tolist() == [False, False, True]
    assert all(len(column) == 0 for column in learnt.model.predict(flux[:0], ivar[:0]))


def test_the_registry_gives_back_the_same_model(learnt, tmp_path):
    save_model(tmp_path, "ob-m-ks", learnt.model.to_tensors(), {"training": {"seed": 2}})
    again = Magnitude.from_model(load_model(tmp_path, "ob-m-ks"))
    assert (again.name, len(again.version)) == ("ob-m-ks", 12)
    flux, ivar, _ = spectra(10, 15)
    for stored, own in zip(
        again.predict(flux, ivar), learnt.model.predict(flux, ivar), strict=True
    ):
        np.testing.assert_array_equal(stored, own)
    assert again.domain.threshold == learnt.model.domain.threshold
    assert again.domain.chi2_threshold == learnt.model.domain.chi2_threshold


def test_the_distance_is_one_for_the_cloud_itself():
    rng = np.random.default_rng(0)
    cloud = rng.standard_normal((4000, 10)) * np.arange(1, 11) + 5
    domain = Domain.of(cloud, np.zeros((4000, 10)))
    squares = domain.distance(cloud, np.zeros((4000, 10))) ** 2
    assert squares.mean() == pytest.approx(1, rel=1e-6)
