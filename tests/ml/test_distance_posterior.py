"""Distances are those of the density itself, evaluated every 0.1 pc as the paper does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2, norm

from ml.distance.binaries import parallax_excess, spectroscopic_parallax
from ml.distance.galactic import galactic_position
from ml.distance.posterior import (
    DistancePosterior,
    distance_posterior,
    distance_probability,
    spectroscopic_modulus,
)

STEP = 1e-4  # kpc: 0.1 pc
GRID = STEP * np.arange(1, 300_001)
MODULUS = 5.0 * np.log10(GRID) + 10.0
NAN = np.nan


def every_tenth_of_a_parsec(
    parallax: float, parallax_error: float, modulus: float, modulus_error: float,
    length_scale: float = NAN,
) -> np.ndarray:  # fmt: skip
    """Mode, percentiles, and mean and deviation of log10 d, by brute force (section 7)."""
    log_density = np.zeros_like(GRID)
    if np.isfinite(parallax):
        log_density -= 0.5 * ((parallax - 1.0 / GRID) / parallax_error) ** 2
    if np.isfinite(modulus):
        log_density -= 0.5 * ((modulus - MODULUS) / modulus_error) ** 2
    if np.isfinite(length_scale):
        log_density += 2.0 * np.log(GRID) - GRID / length_scale
    density = np.exp(log_density - log_density.max())
    density /= density.sum()
    percentiles = np.interp((0.16, 0.5, 0.84), np.cumsum(density) - 0.5 * density, GRID)
    log_distance = np.log10(GRID)
    mean = density @ log_distance
    deviation = np.sqrt(density @ (log_distance - mean) ** 2)
    return np.array([GRID[log_density.argmax()], *percentiles, mean, deviation])


def row(stars: DistancePosterior, star: int = 0) -> np.ndarray:
    names = ("mode", "p16", "p50", "p84", "log_mean", "log_deviation")
    return np.array([getattr(stars, name)[star] for name in names])


def assert_agrees(found: np.ndarray, expected: np.ndarray) -> None:
    assert abs(found[0] - expected[0]) <= 1.01 * STEP
    np.testing.assert_allclose(found[1:4], expected[1:4], rtol=1e-3)
    assert abs(found[4] - expected[4]) <= 1e-3 / np.log(10.0)
    assert found[5] == pytest.approx(expected[5], rel=1e-3)


def test_lb1_by_its_spectrum_alone_is_at_the_papers_distance() -> None:
    # section 8: M_Ks = -0.89 +- 0.30 mag and 1.87 kpc; the percentiles are those of a density
    # that is Gaussian in the modulus, under a prior flat in d
    modulus = 5.0 * np.log10(1870.0) - 5.0
    stars = distance_posterior([NAN], [NAN], [modulus], [0.30])
    assert [round(float(d[0]), 2) for d in (stars.mode, stars.p16, stars.p84)] == [1.87, 1.66, 2.19]


NASTY = {
    "ordinary": (0.52, 0.05, 11.3, 0.3),
    "negative parallax with a spectrum": (-0.3, 0.1, 14.0, 0.3),
    "negative parallax alone": (-0.3, 0.1, NAN, NAN),
    "error larger than the parallax": (0.2, 1.0, NAN, NAN),
    "parallax at four errors alone": (4.0, 1.0, NAN, NAN),
    "parallax at seven errors alone": (2.1, 0.3, NAN, NAN),
    "spectrum of no use": (1.5, 0.05, 11.0, 30.0),
    "parallax of no use": (1.5, 500.0, 11.0, 0.3),
    "beyond the horizon": (0.0, 0.02, 19.0, 0.3),
    "small errors": (2.0, 0.004, 8.49, 0.02),
    "contradiction": (5.0, 0.5, 14.0, 0.6),
    "two equal peaks": (5.0, 0.41, 14.0, 0.6),
    "two peaks, far apart": (10.0, 0.95, 14.9, 0.93),
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("length_scale", [NAN, 1.35])
def test_nasty_stars_agree_with_a_grid_of_a_tenth_of_a_parsec(
    name: str, length_scale: float
) -> None:
    star = NASTY[name]
    found = distance_posterior(*star, length_scale=length_scale)
    assert_agrees(row(found), every_tenth_of_a_parsec(*star, length_scale))


@settings(max_examples=60)
@given(
    distance=st.floats(-2.0, 3.2).map(np.exp),
    parallax_error=st.floats(-4.0, 1.0).map(np.exp),
    modulus_error=st.floats(-2.5, 0.5).map(np.exp),
    off=st.tuples(st.floats(-4.0, 4.0), st.floats(-6.0, 6.0)),
    which=st.sampled_from([1, 2, 3]),
    length_scale=st.sampled_from([NAN, 0.5, 1.35, 5.0]),
)
def test_any_star_agrees_with_a_grid_of_a_tenth_of_a_parsec(
    distance: float, parallax_error: float, modulus_error: float,
    off: tuple[float, float], which: int, length_scale: float,
) -> None:  # fmt: skip
    parallax = 1.0 / distance + off[0] * parallax_error if which & 1 else NAN
    modulus = 5.0 * np.log10(distance) + 10.0 + off[1] * modulus_error if which & 2 else NAN
    star = (parallax, parallax_error, modulus, modulus_error)
    expected = every_tenth_of_a_parsec(*star, length_scale)
    assume(expected[3] - expected[1] > 40.0 * STEP)  # else the grid is what is wrong
    assert_agrees(row(distance_posterior(*star, length_scale=length_scale)), expected)


@pytest.mark.parametrize("snr", [1e3, 1e4, 1e6])
def test_a_tiny_error_is_propagated_where_a_grid_would_see_one_point(snr: float) -> None:
    found = row(distance_posterior([2.0], [2.0 / snr], [NAN], [NAN]))
    low, high = (
        1.0 / (2.0 * (1.0 + norm.ppf(0.84) / snr)),
        1.0 / (2.0 * (1.0 - norm.ppf(0.84) / snr)),
    )
    np.testing.assert_allclose(found[:4], [0.5, low, 0.5, high], rtol=3.0 / snr**2)
    assert found[5] == pytest.approx(1.0 / snr / np.log(10.0), rel=1e-3)


def test_percentiles_of_two_far_narrow_peaks_are_those_of_adaptive_quadrature() -> None:
    # 20 pc by the parallax, 2 kpc by the spectrum
    w, w_error, mu, mu_error = 50.0, 3.0, 11.505, 0.6

    def density(x: float) -> float:
        photometry = (mu - 10.0 - 5.0 * x / np.log(10.0)) / mu_error
        return float(
            np.exp(x + 130.0 - 0.5 * ((w - np.exp(-x)) / w_error) ** 2 - 0.5 * photometry**2)
        )

    def mass(low: float, high: float) -> float:
        edges = np.linspace(low, high, 60)
        return sum(quad(density, a, b)[0] for a, b in pairwise(edges))

    lower, upper = np.log(1e-4), np.log(30.0)
    total = mass(lower, upper)
    stars = distance_posterior(w, w_error, mu, mu_error)
    assert stars.is_bimodal[0]
    assert stars.p16[0] < 0.05  # either peak has its share
    assert stars.p84[0] > 1.0
    for distance, fraction in ((stars.p16, 0.16), (stars.p50, 0.5), (stars.p84, 0.84)):
        assert mass(lower, float(np.log(distance[0]))) / total == pytest.approx(fraction, abs=1e-4)


def test_truth_lies_anywhere_in_its_posterior_equally_often() -> None:
    # Distances drawn from the prior, evidence from the likelihood: then the probability below
    # the truth is uniform (Cook, Gelman & Rubin 2006). A third of the stars has each kind.
    generator = np.random.default_rng(20210)
    n = 30_000
    for length_scale in (NAN, 1.5):
        if np.isnan(length_scale):
            truth = generator.uniform(1e-4, 30.0, n)
        else:
            truth = generator.gamma(3.0, length_scale, n)
            truth = truth[truth < 30.0]
        size = len(truth)
        w_error = np.exp(generator.uniform(-4.0, 0.5, size))
        mu_error = np.exp(generator.uniform(-2.0, 0.5, size))
        w = 1.0 / truth + w_error * generator.normal(size=size)
        mu = 5.0 * np.log10(truth) + 10.0 + mu_error * generator.normal(size=size)
        w[::3], mu[1::3] = NAN, NAN
        below = distance_probability(truth, w, w_error, mu, mu_error, length_scale=length_scale)
        counts, _ = np.histogram(below, bins=50, range=(0.0, 1.0))
        assert counts.sum() == size
        statistic = np.sum((counts - size / 50) ** 2) / (size / 50)
        assert chi2.sf(statistic, 49) > 1e-3


def test_probability_below_a_percentile_is_its_fraction() -> None:
    generator = np.random.default_rng(5)
    star = (
        generator.normal(1.0, 1.0, 500), np.exp(generator.uniform(-5, 1, 500)),
        generator.normal(12.0, 3.0, 500), np.exp(generator.uniform(-3, 1, 500)),
    )  # fmt: skip
    found = distance_posterior(*star)
    for distance, fraction in ((found.p16, 0.16), (found.p50, 0.5), (found.p84, 0.84)):
        np.testing.assert_allclose(distance_probability(distance, *star), fraction, atol=1e-6)


def test_a_star_without_evidence_has_no_distance_and_the_others_theirs() -> None:
    stars = distance_posterior(
        [NAN, 1.0, 1.0, np.inf, 1.0, NAN],
        [0.1, NAN, 0.0, 0.1, -1.0, 0.1],
        [NAN, NAN, NAN, NAN, 10.0, 10.0],
        [0.3, 0.3, 0.3, 0.3, 0.0, 0.3],
    )
    assert stars.evidence.tolist() == [0, 0, 0, 0, 0, 2]
    assert np.isnan(row(stars, 0)).all()
    assert np.isnan(stars.mode[:5]).all()
    assert stars.mode[5] == pytest.approx(1.0)


def test_a_binarys_distance_is_that_of_its_parallax_alone() -> None:
    binary = distance_posterior([1.0], [0.1], [8.0], [0.3], is_binary=[True])
    alone = distance_posterior([1.0], [0.1], [NAN], [NAN])
    np.testing.assert_array_equal(row(binary), row(alone))
    assert binary.evidence[0] == 1


def test_contradicting_evidence_is_told_from_agreeing_evidence() -> None:
    stars = distance_posterior([5.0, 5.0], [0.41, 0.41], [14.0, 6.6], [0.6, 0.6])
    assert stars.is_bimodal.tolist() == [True, False]


def test_a_star_behind_the_horizon_says_so() -> None:
    stars = distance_posterior([-0.3, 0.5], [0.1, 0.05], [NAN, NAN], [NAN, NAN], horizon=20.0)
    assert stars.mode[0] == pytest.approx(20.0)
    assert stars.is_at_limit.tolist() == [True, False]


def test_neighbours_and_threads_do_not_change_a_star() -> None:
    generator = np.random.default_rng(8)
    n = 3000
    columns = (
        generator.normal(1.0, 1.0, n), np.exp(generator.uniform(-5, 1, n)),
        generator.normal(12.0, 3.0, n), np.exp(generator.uniform(-3, 1, n)),
    )  # fmt: skip
    all_at_once = distance_posterior(*columns, threads=2)
    for star in (0, 1023, 1024, 2999):
        alone = distance_posterior(*(column[star] for column in columns))
        np.testing.assert_allclose(row(all_at_once, star), row(alone), rtol=1e-9)


anything = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(anything, anything, anything, anything), min_size=1, max_size=5))
def test_whatever_the_numbers_percentiles_are_ordered_within_the_limits(
    rows: list[tuple[float, float, float, float]],
) -> None:
    stars = distance_posterior(*np.array(rows).T)
    known = stars.evidence > 0
    for distance in (stars.mode, stars.p16, stars.p50, stars.p84):
        assert np.all(np.isnan(distance[~known]))
        assert np.all((distance[known] >= 0.99e-4) & (distance[known] <= 30.01))
    assert np.all(stars.p16[known] <= stars.p50[known])
    assert np.all(stars.p50[known] <= stars.p84[known])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"horizon": 0.0}, "horizon"),
        ({"nearest": -1.0}, "nearest"),
        ({"length_scale": 0.0}, "length_scale"),
    ],
)
def test_a_prior_that_is_none_is_refused_by_name(arguments: dict[str, float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        distance_posterior([1.0], [0.1], [10.0], [0.3], **arguments)


def test_equal_twins_are_binaries_and_their_halves_are_not() -> None:
    # a twin is 0.75 mag brighter than its spectrum says: seen as 1.41 times the parallax
    single = 5.0 * np.log10(500.0) - 5.0
    twin = single - 2.5 * np.log10(2.0)
    excess = parallax_excess([2.0, 2.0, NAN, 2.0], 0.05, [twin, single, single, NAN], 0.27)
    assert excess.flag.tolist() == [1, 0, -9, -9]
    assert excess.parallax[0] == pytest.approx(2.0 * np.sqrt(2.0))
    assert excess.parallax_error[0] == pytest.approx(2.0 * np.sqrt(2.0) * 0.2 * np.log(10.0) * 0.27)
    assert excess.snr[1] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(excess.snr[2:]).all()


def test_parallax_and_modulus_of_a_kiloparsec() -> None:
    assert spectroscopic_parallax([10.0, 5.0]) == pytest.approx([1.0, 10.0])
    modulus, error = spectroscopic_modulus(-1.0, 0.27, 10.0, 0.02, 0.5, 0.04, r_ks=0.36)
    assert modulus == pytest.approx(10.82)
    assert error == pytest.approx(np.sqrt(0.27**2 + 0.02**2 + (0.36 * 0.04) ** 2))


def test_the_sun_the_centre_and_perseus_lie_where_the_paper_draws_them() -> None:
    x, y, z = galactic_position([0.0, 0.0, 180.0, 90.0, 0.0], [0.0, 0.0, 0.0, 0.0, 90.0],
                                [0.0, 8.1, 1.9, 1.0, 1.0])  # fmt: skip
    np.testing.assert_allclose(x, [-8.1, 0.0, -10.0, -8.1, -8.1], atol=1e-12)
    np.testing.assert_allclose(y, [0.0, 0.0, 0.0, 1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(z, [0.0, 0.0, 0.0, 0.0, 1.0], atol=1e-12)
