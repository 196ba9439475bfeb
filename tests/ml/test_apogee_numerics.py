"""Weights, constants, noise and training of APOGEE Net."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde

from ml.apogee import training
from ml.apogee.predict import LabelNetwork, _noisy
from ml.apogee.standard import (
    AS_THEY_ARE,
    N_PIXELS,
    PUBLISHED,
    Standard,
    clipped_errors,
    is_spectrum,
)
from ml.apogee.training import TEST, TRAIN, VALIDATION, Epoch, TrainingConfig, split, train
from ml.apogee.weights import density, loss_weights
from ml.torch_setup import torch


def exact_density(points: np.ndarray, bandwidth: float) -> np.ndarray:
    """Sum over all pairs."""
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=2) / bandwidth**2
    return np.exp(-squares / 2).mean(axis=1) / (2 * np.pi * bandwidth**2)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 400),
    bandwidth=st.floats(0.08, 1.0),
    spread=st.floats(0.0, 5.0),
)
def test_the_density_on_a_grid_is_that_of_all_pairs(
    seed: int, n: int, bandwidth: float, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, 2)) * spread + rng.integers(0, 2, (n, 1)) * 4
    assert density(points, bandwidth) == pytest.approx(exact_density(points, bandwidth), rel=0.01)


def test_the_density_agrees_with_scipy() -> None:
    points = np.random.default_rng(3).standard_normal((3000, 2))
    covariance = np.cov(points.T)
    # scipy's kernel has the sample's covariance: whiten, and its factor is a bandwidth
    white = points @ np.linalg.inv(np.linalg.cholesky(covariance)).T
    theirs = gaussian_kde(white.T, bw_method=0.7671 / 1.0)(white.T)
    assert density(white, 0.7671) == pytest.approx(theirs, rel=0.005)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(2, 500), cap=st.floats(1.0, 10.0))
def test_weights_have_mean_one_and_a_cap_and_favour_the_rare(seed: int, n: int, cap: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, 2)) * np.where(rng.random((n, 1)) < 0.05, 6.0, 1.0)
    weight = loss_weights(points, 0.7671, cap)
    assert weight.mean() == pytest.approx(1.0, abs=1e-9)
    assert weight.max() <= cap * (1 + 1e-12)
    order = np.argsort(density(points))
    assert np.all(np.diff(weight[order]) <= 1e-9)
    free = weight < cap * (1 - 1e-9)
    products = (weight * density(points))[free]
    assert products == pytest.approx(np.full(len(products), products[0] if len(products) else 0))


def test_table_2_is_in_the_order_of_the_outputs() -> None:
    labels = PUBLISHED.labels(np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    assert labels[0].tolist() == [2.92578, 3.67057, -0.13088]
    assert labels[1] == pytest.approx([2.92578 + 1.18907, 3.67057 + 0.09177, -0.13088 + 0.25669])
    assert PUBLISHED.targets(labels) == pytest.approx(np.array([[0, 0, 0], [1, 1, 1]]), abs=1e-6)


def test_what_is_missing_becomes_the_constant_of_the_training_set() -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(12.0, 2.0, (100, 7))
    table[:, 0] = rng.normal(1.0, 2.0, 100)
    table[3, 1] = np.nan
    table[4, 2] = 99.999  # how 2MASS and allStar print it
    standard = Standard.of(table)
    scaled = standard.metadata(table)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled.mean(axis=0)).max() < 1e-5
    assert scaled.std(axis=0) == pytest.approx(np.ones(7), abs=1e-4)
    # as faint as the faintest, as far behind as the most negative parallax
    assert scaled[3, 1] == scaled[:, 1].max()
    assert scaled[4, 2] == scaled[:, 2].max()
    assert standard.metadata_missing[0] == table[:, 0].min()
    assert Standard.from_table(standard.table()) == standard


def test_errors_are_at_most_five_times_their_median() -> None:
    rng = np.random.default_rng(2)
    error = rng.uniform(0.5, 1.5, (1, N_PIXELS)).astype(np.float32)
    error[0, 100] = 40.0
    error[0, 200:900] = 1e10  # not measured
    error[0, 1000] = np.nan
    error[0, 1001] = 0.0
    found = clipped_errors(error)[0]
    measured = np.delete(error[0], [*range(200, 900), 1000, 1001])
    limit = 5 * np.median(measured)
    assert found[100] == pytest.approx(limit)
    assert found[200:900] == pytest.approx(np.full(700, limit))
    assert found[[1000, 1001]] == pytest.approx([limit, limit])
    assert found[0] == error[0, 0]
    assert np.all(clipped_errors(np.full((1, N_PIXELS), 1e10, dtype=np.float32)) == 0.0)


def test_noise_follows_from_star_and_version_alone() -> None:
    flux, sigma = np.full(N_PIXELS, 7.0, np.float32), np.full(N_PIXELS, 2.0, np.float32)
    one = _noisy(flux, sigma, "2M00000019-1924498", "abc", 20)
    assert np.array_equal(one, _noisy(flux, sigma, "2M00000019-1924498", "abc", 20))
    for star, version in (("2M00000019-1924499", "abc"), ("2M00000019-1924498", "abd")):
        other = _noisy(flux, sigma, star, version, 20)
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 0.01
    assert one.mean() == pytest.approx(7.0, abs=0.02)
    assert one.std() == pytest.approx(2.0, rel=0.01)


def spectra(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return spectra with one line whose depth is log g's, its width's Teff's."""
    rng = np.random.default_rng(seed)
    logg, log_teff = rng.uniform(1, 5, n), rng.uniform(3.5, 4.3, n)
    fe_h = np.where(rng.random(n) < 0.3, np.nan, rng.normal(0, 0.2, n))
    x = np.linspace(-1, 1, N_PIXELS)
    width = 0.05 + 0.4 * (log_teff[:, None] - 3.5)
    flux = 1 - logg[:, None] / 6 * np.exp(-0.5 * (x / width) ** 2)
    flux = flux * rng.lognormal(3, 1, (n, 1))
    error = np.full_like(flux, 0.01) * flux
    flux = flux + error * rng.standard_normal(flux.shape)
    metadata = np.column_stack([rng.normal(12, 1, n) for _ in range(7)])
    targets = np.column_stack([logg, log_teff, fe_h])
    return flux.astype(np.float32), error.astype(np.float32), metadata, targets


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    flux, error, metadata, targets = spectra(200)
    config = TrainingConfig(epochs=6, patience=6, batch_size=16, own_standard=True)
    result = train(flux, metadata, targets, np.arange(200), config)
    return flux, error, metadata, targets, config, result


def test_training_learns_what_is_there_and_leaves_out_what_is_not(trained) -> None:
    flux, _, metadata, targets, _, result = trained
    network = LabelNetwork(result.network, result.standard, "v")
    held_out = result.part == TEST
    labels, _ = network.once(flux[held_out], metadata[held_out])
    for column in (0, 1):
        true = targets[held_out, column]
        assert np.corrcoef(labels[:, column], true)[0, 1] > 0.9
    assert result.history[-1].loss < 0.5 * result.history[0].loss


def test_a_training_that_is_killed_ends_in_the_same_weights(tmp_path: Path) -> None:
    flux, _, metadata, targets = spectra(60)
    config = TrainingConfig(epochs=4, batch_size=16)

    class KilledError(Exception):
        pass

    def kill(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KilledError

    star = np.arange(60)
    whole = train(flux, metadata, targets, star, config)
    with pytest.raises(KilledError):
        train(flux, metadata, targets, star, config, folder=tmp_path, progress=kill)
    seen: list[int] = []
    again = train(
        flux, metadata, targets, star, config,
        folder=tmp_path, progress=lambda epoch: seen.append(epoch.number),
    )  # fmt: skip
    assert seen == [3, 4]
    for name, value in whole.network.state_dict().items():
        assert np.array_equal(value.numpy(), again.network.state_dict()[name].numpy()), name


def test_a_batch_in_several_passes_is_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    flux, _, metadata, targets = spectra(60)
    config = TrainingConfig(epochs=1, batch_size=24, dropout=0.0)

    def weights() -> np.ndarray:
        network = train(flux, metadata, targets, np.arange(60), config).network
        return torch.cat([value.flatten() for value in network.state_dict().values()]).numpy()

    whole = weights()
    monkeypatch.setitem(training._PASS, "cpu", 7)
    # a step is about 7.5e-4 for each weight: rounding must not add up to any part of one
    assert np.abs(weights() - whole).mean() < 1e-6


def test_a_star_without_metals_is_judged_by_its_other_labels() -> None:
    out = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], requires_grad=True)
    targets = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, float("nan")]])
    squares = training._squares(out, targets)
    assert squares.tolist() == pytest.approx([14 / 3, 5 / 2])
    squares.sum().backward()
    assert out.grad[1].tolist() == [1.0, 2.0, 0.0]


def test_training_ends_when_nothing_improves_and_keeps_the_best() -> None:
    rng = np.random.default_rng(5)
    n = 60
    flux = rng.lognormal(0.0, 0.1, (n, N_PIXELS)).astype(np.float32)
    metadata = np.column_stack([rng.normal(12, 1, n) for _ in range(7)])
    # labels that follow from nothing: learning them by heart is bound to hurt
    targets = np.column_stack([rng.uniform(1, 5, n), rng.uniform(3.5, 4.3, n), rng.normal(0, 1, n)])
    config = TrainingConfig(epochs=30, patience=2, batch_size=16, own_standard=True)
    found = train(flux, metadata, targets, np.arange(n), config)
    losses = [epoch.validation_loss for epoch in found.history]
    assert len(losses) < 30
    assert len(losses) - 1 - int(np.argmin(losses)) == 2
    labels, _ = LabelNetwork(found.network, found.standard, "").once(flux, metadata)
    off = found.standard.targets(labels) - found.standard.targets(targets)
    kept = np.mean(np.mean(off**2, axis=1)[found.part == VALIDATION])
    assert kept == pytest.approx(min(losses), rel=1e-3)


def test_labels_that_are_missing_are_told_before_training() -> None:
    flux, _, metadata, targets = spectra(20)
    targets[3, 1] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        train(flux, metadata, targets, np.arange(20), TrainingConfig())
    with pytest.raises(ValueError, match="take more stars"):
        train(flux[:2], metadata[:2], targets[:2], np.arange(2), TrainingConfig())


def test_stars_are_not_torn_apart_by_the_split() -> None:
    star = np.repeat([f"star {i}" for i in range(500)], 3)
    part = split(star, TrainingConfig())
    assert all(len(set(part[3 * i : 3 * i + 3])) == 1 for i in range(500))
    assert np.mean(part == TEST) == pytest.approx(0.2, abs=0.05)
    assert np.mean(part == TRAIN) == pytest.approx(0.7, abs=0.06)
    # and a star's part does not depend on which others there are
    assert np.array_equal(split(star[:300], TrainingConfig()), part[:300])


def test_labels_do_not_depend_on_the_company(trained) -> None:
    flux, error, metadata, _, _, result = trained
    network = LabelNetwork(result.network, result.standard, "version")
    identity = [f"2M{i}" for i in range(12)]
    together = network.predict(flux[:12], error[:12], metadata[:12], identity)
    alone = network.predict(flux[5:6], error[5:6], metadata[5:6], identity[5:6])
    backwards = network.predict(flux[11::-1], error[11::-1], metadata[11::-1], identity[::-1])
    for name, value in vars(together).items():
        assert np.array_equal(value[5:6], vars(alone)[name], equal_nan=True), name
        assert np.array_equal(value, vars(backwards)[name][::-1], equal_nan=True), name


def test_errors_are_those_of_twenty_noisy_copies(trained) -> None:
    """Brute force: copies made here, passed one by one."""
    flux, error, metadata, _, _, result = trained
    network = LabelNetwork(result.network, result.standard, "version")
    found = network.predict(flux[:1], error[:1], metadata[:1], ["star"])
    fluxes, sigma = result.standard.spectra(flux[:1], error[:1])
    copies = _noisy(fluxes[0], sigma[0], "star", "version", 20)
    # the copies are already as the network takes them
    plain = LabelNetwork(
        result.network,
        Standard(**{**result.standard.table(), "flux": AS_THEY_ARE}),
        "version",
    )
    labels = np.concatenate([plain.once(copy[None], metadata[:1])[0] for copy in copies])
    assert found.logg[0] == pytest.approx(np.median(labels[:, 0]), abs=1e-5)
    assert found.logg_error[0] == pytest.approx(labels[:, 0].std(ddof=1), rel=1e-3)
    assert found.fe_h_error[0] == pytest.approx(labels[:, 2].std(ddof=1), rel=1e-3)


def test_a_spectrum_of_nothing_has_no_labels(trained) -> None:
    flux, error, metadata, _, _, result = trained
    network = LabelNetwork(result.network, result.standard, "version")
    empty = np.stack([np.zeros(N_PIXELS), np.full(N_PIXELS, np.nan), flux[0]]).astype(np.float32)
    found = network.predict(empty, error[:3], metadata[:3], ["a", "b", "c"])
    assert np.isnan(found.logg[:2]).all()
    assert np.isfinite(found.logg[2])
    assert is_spectrum(empty).tolist() == [False, False, True]


def test_without_errors_of_pixels_labels_have_none(trained) -> None:
    flux, _, metadata, _, _, result = trained
    network = LabelNetwork(result.network, result.standard, "version")
    unknown = np.full_like(flux[:2], 1e10)
    found = network.predict(flux[:2], unknown, metadata[:2], ["a", "b"])
    labels, _ = network.once(flux[:2], metadata[:2])
    assert found.logg == pytest.approx(labels[:, 0], abs=1e-5)
    assert np.isnan(found.logg_error).all()
