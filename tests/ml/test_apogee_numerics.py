"""Weights, constants, noise and training of APOGEE Net."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde

from ml.apogee.hot_star_labels import HotStarLabels
from ml.apogee.network import N_PIXELS
from ml.apogee.predict import LabelNetwork, _noisy
from ml.apogee.standard import AS_THEY_ARE, PUBLISHED, Standard, clipped_errors, is_spectrum
from ml.apogee.training import TEST, TRAIN, Epoch, TrainingConfig, split, train
from ml.apogee.weights import density, loss_weights
from ml.spectral_types import parse_spectral_type

CONSTANTS = Path(__file__).parents[2] / "dbt_project" / "constants"


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


@settings(max_examples=50, deadline=None)
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
    flux, error, metadata, targets = spectra(300)
    config = TrainingConfig(epochs=6, patience=6, batch_size=16, own_standard=True)
    result = train(flux, metadata, targets, np.arange(300), config)
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


def test_a_training_that_is_killed_ends_in_the_same_weights(tmp_path: Path, trained) -> None:
    flux, _, metadata, targets, config, whole = trained

    class KilledError(Exception):
        pass

    def kill(epoch: Epoch) -> None:
        if epoch.number == 3:
            raise KilledError

    with pytest.raises(KilledError):
        train(flux, metadata, targets, np.arange(300), config, folder=tmp_path, progress=kill)
    seen: list[int] = []
    again = train(
        flux, metadata, targets, np.arange(300), config,
        folder=tmp_path, progress=lambda epoch: seen.append(epoch.number),
    )  # fmt: skip
    assert seen == [4, 5, 6]
    for name, value in whole.network.state_dict().items():
        assert np.array_equal(value.numpy(), again.network.state_dict()[name].numpy()), name


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
    assert together.logg[5] == pytest.approx(alone.logg[0], abs=1e-5)
    assert together.log_teff_error[5] == pytest.approx(alone.log_teff_error[0], rel=1e-3)


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


def calibration() -> tuple[np.ndarray, ...]:
    with (CONSTANTS / "hot_star_calibration.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    types = [parse_spectral_type(row["spectral_type"]) for row in rows]
    number = [np.array([float(row[name] or "nan") for row in rows]) for name in ("teff", "logg")]
    return (
        np.array([one.numeric_type for one in types], dtype=float),
        np.array([one.luminosity_class for one in types], dtype=float),
        *number,
    )


def test_hot_stars_are_ordered_as_they_should_be() -> None:
    """Later types are cooler, and the brighter classes have less gravity.

    Of early O stars giants and supergiants hardly differ in the calibration (0.04 dex at O3).
    """
    labels = HotStarLabels.of(*calibration())
    types = np.arange(4.0, 32.0, 0.5)
    for luminosity_class in (1.0, 3.0, 5.0):
        assert np.all(np.diff(labels.log_teff(types, luminosity_class)) < 0)
    later = types[types >= 7.0]
    assert np.all(labels.logg(later, 1.0) < labels.logg(later, 3.0))
    assert np.all(labels.logg(types, 3.0) < labels.logg(types, 5.0))
    assert labels.log_teff.held_out_error < 0.03
    assert labels.logg.held_out_error < 0.12


def test_the_papers_example_of_a_training_label() -> None:
    """Sprague et al. (2022), table 1: a B2V star was given log Teff 4.306 and log g 4.04."""
    labels = HotStarLabels.of(*calibration())
    assert float(labels.log_teff(12.0, 5.0)) == pytest.approx(4.306, abs=0.05)
    assert float(labels.logg(12.0, 5.0)) == pytest.approx(4.04, abs=0.15)


def test_nothing_is_said_beyond_the_calibration() -> None:
    labels = HotStarLabels.of(*calibration())
    outside = labels.log_teff(np.array([1.0, 60.0, 12.0, np.nan]), np.array([5.0, 5.0, 7.0, 5.0]))
    assert np.isnan(outside).all()
