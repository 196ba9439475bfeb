"""The error model finds the errors that were put in, and says how sure it is of them."""

from __future__ import annotations

import numpy as np
import pytest

from ml.distance.error_model import (
    PARAMETERS,
    PUBLISHED,
    Calibrators,
    ErrorModel,
    calibrators,
    fit_error_model,
    geometric_magnitude,
    log_likelihood,
    m_ks_error,
)

TRUTH = np.array([-0.18, 0.05, 0.25, 0.10])  # the paper's, and an offset


def simulated_stars(n: int, seed: int) -> Calibrators:
    """Draw stars from eq. 14 itself."""
    generator = np.random.default_rng(seed)
    geometric = generator.normal(-0.5, 1.2, n)
    geometric_error = generator.uniform(0.03, 0.2, n)
    snr = np.exp(generator.uniform(np.log(15.0), np.log(400.0), n))
    sigma = np.sqrt(TRUTH[2] ** 2 + (TRUTH[3] * 100.0 / snr) ** 2 + geometric_error**2)
    m_ks = (1.0 + TRUTH[0]) * geometric + TRUTH[1] + sigma * generator.normal(size=n)
    return Calibrators(m_ks, snr, geometric, geometric_error)


@pytest.fixture(scope="module")
def stars() -> Calibrators:
    return simulated_stars(1500, 2)


@pytest.fixture(scope="module")
def model(stars: Calibrators) -> ErrorModel:
    return fit_error_model(stars, walkers=20, burn=250, steps=500, seed=4)


def test_injected_errors_are_found_within_their_own_errors(model: ErrorModel) -> None:
    deviation = model.samples.std(axis=0)
    found = np.array([getattr(model, name) for name in PARAMETERS])
    assert np.all(np.abs(found - TRUTH) < 3.5 * deviation)
    # and those errors are small: 1,500 stars say something
    assert np.all(deviation < [0.02, 0.02, 0.02, 0.02])


def test_the_sampler_finds_the_posterior_that_a_grid_gives(
    stars: Calibrators, model: ErrorModel
) -> None:
    # slope and offset at given scatters are linear, so their integral is a Gaussian's; what is
    # left is a plane of the two scatters
    sigma_int, sigma_100 = np.linspace(0.17, 0.33, 61), np.linspace(0.02, 0.18, 61)
    design = np.stack([stars.geometric, np.ones_like(stars.snr)])  # (2, n)
    log_density = np.empty((61, 61))
    for i, a in enumerate(sigma_int):
        for j, b in enumerate(sigma_100):
            weight = 1.0 / (a**2 + (b * 100.0 / stars.snr) ** 2 + stars.geometric_error**2)
            normal = (design * weight) @ design.T
            solution = np.linalg.solve(normal, (design * weight) @ stars.m_ks)
            chi2 = np.sum(weight * (stars.m_ks - solution @ design) ** 2)
            log_density[i, j] = 0.5 * (
                np.sum(np.log(weight)) - chi2 - np.log(np.linalg.det(normal))
            )
    density = np.exp(log_density - log_density.max())
    for column, grid, axis in ((2, sigma_int, 1), (3, sigma_100, 0)):
        marginal = density.sum(axis=axis) / density.sum()
        mean = marginal @ grid
        deviation = np.sqrt(marginal @ (grid - mean) ** 2)
        samples = model.samples[:, column]
        assert abs(samples.mean() - mean) < 0.25 * deviation
        assert samples.std() == pytest.approx(deviation, rel=0.25)


def test_the_likelihood_of_many_points_is_that_of_each(stars: Calibrators) -> None:
    points = TRUTH + np.random.default_rng(1).normal(0.0, 0.02, (5, 4))
    together = log_likelihood(points, stars)
    np.testing.assert_allclose(together, [log_likelihood(point, stars) for point in points])
    assert log_likelihood([0.0, 0.0, -0.1, 0.1], stars) == -np.inf


def test_the_papers_error_at_a_signal_to_noise_of_100_is_0_27_mag() -> None:
    np.testing.assert_allclose(m_ks_error([100.0, 1e9]), [np.hypot(0.10, 0.25), 0.25])
    assert np.isnan(m_ks_error([0.0, -1.0, np.nan])).all()
    np.testing.assert_allclose(PUBLISHED.m_ks_error(50.0), np.hypot(0.20, 0.25))


def test_a_parallax_of_one_tenth_gives_a_fifth_of_a_magnitude() -> None:
    # eq. 12: 5 / ln 10 times the relative error
    magnitude, error = geometric_magnitude([1.0, -1.0], [0.1, 0.1], [10.0, 10.0], [0.0, 0.0])
    assert magnitude[0] == pytest.approx(0.0)
    assert error[0] == pytest.approx(0.217147, abs=1e-6)
    assert np.isnan(magnitude[1])


def test_stars_without_a_number_are_left_out() -> None:
    chosen, used = calibrators(
        [-1.0, np.nan, -1.0, -1.0], [100.0, 100.0, 0.0, 100.0], [1.0, 1.0, 1.0, -0.2], 0.05,
        10.0, 0.03,
    )  # fmt: skip
    assert used.tolist() == [True, False, False, False]
    assert len(chosen.m_ks) == 1


def test_a_card_gives_the_model_back(model: ErrorModel) -> None:
    table = model.table()
    again = ErrorModel.from_table(table)
    np.testing.assert_allclose(
        again.m_ks_error([20.0, 300.0]), model.m_ks_error([20.0, 300.0]), 1e-4
    )
    for rows in table["parameters"].values():
        assert rows["p16"] < rows["p50"] < rows["p84"]


def test_too_few_calibrators_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="lower the limits"):
        fit_error_model(simulated_stars(10, 1))
