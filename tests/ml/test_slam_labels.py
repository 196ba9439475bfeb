"""Labels of spectra that the generator itself made come back, with errors that are true.

The spectra here come from the generator that is then used to find their labels, plus Gaussian
noise: what is tested is the search and its errors, not how well a generator knows stars.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from ml.slam.generator import Generator, fit
from ml.slam.labels import Labels, bounds, posterior, solve
from ml.slam.masks import useful

LOW = np.array([15000.0, 2.5, -1.0, 0.0])
HIGH = np.array([30000.0, 4.5, 0.3, 300.0])
WAVELENGTH = np.concatenate([np.linspace(4320.0, 4365.0, 40), np.linspace(4460.0, 4495.0, 60)])
NOISE = 0.005


def labels_in_the_box(n: int, seed: int, margin: float = 0.0) -> np.ndarray:
    room = margin * (HIGH - LOW)
    return np.random.default_rng(seed).uniform(LOW + room, HIGH - room, (n, 4))


def spectra(labels: np.ndarray) -> np.ndarray:
    """H-gamma for the gravity, He I 4471, Mg II 4481 and a line of Si III."""
    teff, logg, m_h, vsini = (labels[:, column, None] for column in range(4))
    flux = np.ones((len(labels), len(WAVELENGTH)))
    metals = 10.0 ** (0.5 * m_h)
    for centre, strength, wing in (
        (4341.7, 1.2 * (15000.0 / teff), 1.5 + 3.0 * (logg - 2.0)),
        (4472.7, 0.5 * np.exp(-0.5 * ((teff - 22000.0) / 6000.0) ** 2), 0.8),
        (4482.4, 0.5 * metals * (30000.0 / teff - 0.8), 0.3),
        (4465.0, 0.5 * metals * np.exp(-0.5 * ((teff - 27000.0) / 5000.0) ** 2), 0.3),
    ):
        sigma = np.sqrt(0.8**2 + wing**2 + (0.5 * centre * vsini / 3e5) ** 2)
        flux -= strength * np.exp(-0.5 * ((WAVELENGTH - centre) / sigma) ** 2) / sigma
    return flux.astype(np.float32)


@pytest.fixture(scope="module", params=["kernel_ridge", "svr"])
def generator(request: pytest.FixtureRequest) -> Generator:
    labels = labels_in_the_box(250, 1)
    settings = {"penalties": (10.0,), "gammas": (0.1,)} if request.param == "svr" else {}
    ranges = np.stack([LOW, HIGH], axis=1)
    return fit(labels, spectra(labels), request.param, ranges=ranges, **settings)


def observe(
    generator: Generator, labels: np.ndarray, noise: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    flux = generator.predict(labels)
    flux += np.random.default_rng(seed).normal(0.0, noise, flux.shape)
    return flux, np.full(flux.shape, noise**-2.0)


@pytest.fixture(scope="module")
def stars(generator: Generator) -> tuple[np.ndarray, Labels]:
    truth = labels_in_the_box(600, 2, margin=0.15)
    return truth, solve(generator, *observe(generator, truth, NOISE, 3), generator_error=False)


@settings(max_examples=30, deadline=None)
@given(part=st.lists(st.floats(0.05, 0.95), min_size=4, max_size=4))
def test_without_noise_the_labels_come_back(generator: Generator, part: list[float]) -> None:
    truth = (LOW + (HIGH - LOW) * np.array(part))[None]
    flux = generator.predict(truth)
    found = solve(generator, flux, np.full(flux.shape, NOISE**-2.0))
    assert np.all(np.abs(found.values - truth) < 0.1 * found.errors)
    assert found.inside[0] == "I"


def test_labels_are_unbiased(stars: tuple[np.ndarray, Labels]) -> None:
    truth, found = stars
    pull = (found.values - truth) / found.errors
    # the search is linear only near the solution: a tenth of an error is allowed beside chance
    assert np.all(np.abs(np.median(pull, axis=0)) < 0.1 + 4.0 * 1.25 / np.sqrt(len(truth)))


def test_errors_are_those_that_are_made(stars: tuple[np.ndarray, Labels]) -> None:
    truth, found = stars
    assert np.mean(found.converged) == 1.0
    pull = np.abs(found.values - truth) / found.errors
    for share, limit in ((0.6827, 1.0), (0.9545, 2.0)):
        chance = 4.0 * np.sqrt(share * (1.0 - share) / len(truth))
        assert np.all(np.abs(np.mean(pull < limit, axis=0) - share) < chance + 0.02)
    n, p = len(truth), len(WAVELENGTH)
    assert abs(np.mean(found.chi2) - (p - 4)) < 4.0 * np.sqrt(2.0 * (p - 4) / n)


def test_no_star_stays_in_a_side_minimum(
    generator: Generator, stars: tuple[np.ndarray, Labels]
) -> None:
    """Scipy's search, begun at the true labels, finds nothing better."""
    truth, found = stars
    flux, _ = observe(generator, truth, NOISE, 3)
    width = HIGH - LOW
    low, high = (generator.label_mean + generator.label_scale * edge for edge in bounds(generator))
    worse = 0
    for star in range(60):
        best = least_squares(
            lambda t, one=flux[star]: (generator.predict((t * width)[None])[0] - one) / NOISE,
            truth[star] / width,
            lambda t: generator.predict_with_gradient((t * width)[None])[1][0] * width / NOISE,
            bounds=(low / width - 1e-12, high / width + 1e-12),
        )
        worse += 2.0 * best.cost < found.chi2[star] - 0.05
    assert worse == 0


def test_covariance_and_chi2_are_those_of_the_solution(
    generator: Generator, stars: tuple[np.ndarray, Labels]
) -> None:
    truth, found = stars
    flux, ivar = observe(generator, truth, NOISE, 3)
    for star in range(10):
        model, gradient = generator.predict_with_gradient(found.values[star : star + 1])
        weighted = gradient[0] / NOISE
        expected = np.linalg.inv(weighted.T @ weighted)
        scale = np.sqrt(np.diag(expected))
        np.testing.assert_allclose(found.errors[star], scale, rtol=0.01)
        np.testing.assert_allclose(
            found.covariance[star] / np.outer(scale, scale),
            expected / np.outer(scale, scale),
            atol=0.02,
        )
        chi2 = np.sum((flux[star] - model[0]) ** 2 * ivar[star])
        np.testing.assert_allclose(found.chi2[star], chi2, rtol=1e-3)


def test_twice_the_noise_gives_twice_the_errors(generator: Generator) -> None:
    truth = labels_in_the_box(20, 4, margin=0.2)
    flux = generator.predict(truth)
    once, twice = (
        solve(generator, flux, np.full(flux.shape, noise**-2.0), generator_error=False)
        for noise in (NOISE, 2 * NOISE)
    )
    np.testing.assert_allclose(twice.errors, 2.0 * once.errors, rtol=0.02)


def test_the_generators_own_error_counts(generator: Generator) -> None:
    truth = labels_in_the_box(20, 4, margin=0.2)
    flux, ivar = generator.predict(truth), np.full((20, len(WAVELENGTH)), 1e8)
    trusting = solve(generator, flux, ivar, generator_error=False)
    assert np.all(solve(generator, flux, ivar).errors > trusting.errors)


def test_masked_pixels_do_not_matter(generator: Generator) -> None:
    truth = labels_in_the_box(40, 5, margin=0.1)
    flux, ivar = observe(generator, truth, NOISE, 6)
    out = np.random.default_rng(7).random(flux.shape) < 0.2
    ivar[out] = 0.0
    clean = solve(generator, flux, ivar)
    rubbish = flux.copy()
    rubbish[out] = np.resize([np.nan, np.inf, -np.inf, 1e30, -5.0, 0.0], np.sum(out))
    dirty = solve(generator, rubbish, ivar)
    np.testing.assert_array_equal(dirty.values, clean.values)
    np.testing.assert_array_equal(dirty.n_pixels, np.sum(~out, axis=1))
    unknown = ivar.copy()
    unknown[out] = np.resize([np.nan, np.inf, -1.0], np.sum(out))
    np.testing.assert_array_equal(solve(generator, flux, unknown).values, clean.values)


def test_a_star_does_not_depend_on_its_neighbours(generator: Generator) -> None:
    truth = labels_in_the_box(300, 8)  # more than a block
    flux, ivar = observe(generator, truth, NOISE, 9)
    together = solve(generator, flux, ivar)
    for star in (0, 17, 255, 256, 299):
        alone = solve(generator, flux[star : star + 1], ivar[star : star + 1])
        difference = np.abs(alone.values[0] - together.values[star])
        assert np.all(difference < 0.05 * together.errors[star])
        assert alone.inside[0] == together.inside[star]


def test_flag_tells_who_is_outside(generator: Generator) -> None:
    truth = np.tile((LOW + HIGH) / 2, (3, 1))
    truth[1, 0] = HIGH[0] + 0.06 * (HIGH[0] - LOW[0])
    truth[2, 1] = LOW[1] - 0.06 * (HIGH[1] - LOW[1])
    flux = generator.predict(truth)
    ivar = np.full(flux.shape, 1e8)
    found = solve(generator, flux, ivar, generator_error=False)
    assert found.inside.tolist() == ["I", "", ""]
    holes = solve(generator, flux, ivar, in_grid=lambda labels: np.zeros(len(labels), dtype=bool))
    assert holes.inside.tolist() == ["", "", ""]


def test_labels_stay_within_bounds_whatever_the_spectrum(generator: Generator) -> None:
    flux = np.random.default_rng(10).normal(1.0, 0.5, (50, len(WAVELENGTH)))
    flux[:10] = 5.0  # emission everywhere
    flux[10:20] = 0.0
    found = solve(generator, flux, np.full(flux.shape, 1e6))
    assert np.all(found.vsini >= -1e-9)
    room = 0.1 * (HIGH - LOW) * (1.0 + 1e-9)
    assert np.all((found.values >= LOW - room) & (found.values <= HIGH + room))
    assert np.all(np.isfinite(found.chi2))


def test_a_label_at_a_bound_has_no_error_and_the_others_have_theirs(generator: Generator) -> None:
    """Where the search was stopped there is no minimum, and so no width of one."""
    low, high = bounds(generator)
    stars = np.array([[22000.0, 3.5, -0.3, 0.0]] * 20)  # that do not rotate: half end at 0
    flux, ivar = observe(generator, stars, 0.005, 5)
    found = solve(generator, flux, ivar)
    x = generator.standardise(found.values)
    at_bound = np.isclose(x, low, atol=1e-9) | np.isclose(x, high, atol=1e-9)
    assert 0 < at_bound[:, 3].sum() < 20
    assert np.array_equal(np.isnan(found.errors), at_bound)
    # the others: a fit in which the label at the bound is known
    star = np.flatnonzero(at_bound[:, 3] & ~at_bound[:, :3].any(axis=1))[0]
    step = 1e-2 * generator.label_scale
    slopes = np.stack([
        (generator.predict(found.values[[star]] + step * unit)[0]
         - generator.predict(found.values[[star]] - step * unit)[0]) / (2 * step[column])
        for column, unit in enumerate(np.eye(4)[:3])
    ]).astype(np.float64)  # fmt: skip
    weight = 1.0 / (1.0 / ivar[star] + generator.error.astype(np.float64) ** 2)
    expected = np.sqrt(np.diagonal(np.linalg.inv(slopes * weight @ slopes.T)))
    np.testing.assert_allclose(found.errors[star, :3], expected, rtol=0.05)


def test_a_star_without_pixels_has_no_labels(generator: Generator) -> None:
    flux, ivar = observe(generator, labels_in_the_box(3, 11), NOISE, 12)
    ivar[1] = 0.0
    ivar[2, 4:] = 0.0
    found = solve(generator, flux, ivar)
    assert np.all(np.isfinite(found.values[0]))
    assert np.all(np.isnan(found.values[1:]))
    assert np.all(np.isnan(found.errors[1:]))
    assert found.n_pixels.tolist() == [len(WAVELENGTH), 0, 4]
    assert found.inside.tolist()[1:] == ["", ""]
    assert found.converged.tolist()[1:] == [False, False]
    assert len(solve(generator, flux[:0], ivar[:0]).teff) == 0


def test_a_label_that_never_varies_is_returned_without_error() -> None:
    labels = labels_in_the_box(150, 13)
    labels[:, 2] = 0.3
    generator = fit(labels, spectra(labels))
    found = solve(generator, *observe(generator, labels[:30], NOISE, 14))
    np.testing.assert_allclose(found.m_h, 0.3)
    assert np.all(np.isnan(found.errors[:, 2]))
    low, high = (one * generator.label_scale + generator.label_mean for one in bounds(generator))
    inside = (found.values > low + 1e-6) & (found.values < high - 1e-6)
    varied = np.array([0, 1, 3])
    assert np.array_equal(np.isfinite(found.errors[:, varied]), inside[:, varied])
    assert inside[:, varied].mean() > 0.9
    assert "I" in found.inside


def test_spectra_on_other_pixels_are_refused(generator: Generator) -> None:
    with pytest.raises(ValueError, match="pixels that the generator was trained on"):
        solve(generator, np.ones((2, 7)), np.ones((2, 7)))


def test_posterior_of_a_good_spectrum_is_the_gaussian_of_the_solution() -> None:
    training = labels_in_the_box(150, 1)
    generator = fit(training, spectra(training))
    truth = (LOW + HIGH)[None] / 2
    flux, ivar = observe(generator, truth, NOISE / 5, 15)
    found = solve(generator, flux, ivar)
    first, second = (
        posterior(generator, flux[0], ivar[0], walkers=24, steps=500, burn_in=150, seed=1)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.samples, second.samples)
    low, middle, high = first.percentiles
    assert np.all(np.abs(middle - found.values[0]) < 0.25 * found.errors[0])
    np.testing.assert_allclose((high - low) / 2, found.errors[0], rtol=0.25)
    assert 0.2 < first.acceptance < 0.9
    with pytest.raises(ValueError, match="too few"):
        posterior(generator, flux[0], np.zeros_like(ivar[0]))


def test_bands_and_gap_are_masked_and_lines_are_not() -> None:
    bands = np.array([4429.4, 5782.1, 6197.7, 6285.6, 6615.4])
    lines = np.array([4102.9, 4341.7, 4472.7, 4862.7, 6564.6, 6680.0])
    assert not np.any(useful(bands, gap=False))
    assert np.all(useful(lines, gap=True))
    gap = np.array([5799.0, 5801.0, 5900.0, 5999.0, 6001.0])
    assert useful(gap, gap=True).tolist() == [True, False, False, False, True]
    assert np.all(useful(gap, gap=False))


def slow_curves() -> np.ndarray:
    return np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, len(WAVELENGTH)), 2).T


def test_curves_of_the_continuum_take_a_wrong_one_away(generator: Generator) -> None:
    labels = labels_in_the_box(60, 11, margin=0.1)
    flux, ivar = observe(generator, labels, NOISE, 12)
    tilted = flux * (1.03 + 0.04 * np.linspace(-1.0, 1.0, len(WAVELENGTH)))
    plain = solve(generator, tilted, ivar)
    found = solve(generator, tilted, ivar, continuum=slow_curves())
    pull = (found.values - labels) / found.errors
    assert np.sqrt(np.mean(pull**2)) < 1.5
    assert np.sqrt(np.nanmean(((plain.values - labels) / plain.errors) ** 2)) > 2.5


def test_labels_and_continuum_are_those_of_a_joint_fit(generator: Generator) -> None:
    """Labels, chi^2 and errors beside a fit of all parameters by another program."""
    labels = labels_in_the_box(3, 21, margin=0.2)
    flux, ivar = observe(generator, labels, NOISE, 22)
    curves = slow_curves()
    found = solve(generator, flux, ivar, continuum=curves, generator_error=False)
    for star in range(len(labels)):

        def residuals(x: np.ndarray, star: int = star) -> np.ndarray:
            at = (x[:4] * generator.label_scale + generator.label_mean)[None]
            model = generator.predict(at)[0] * (1.0 + x[4:] @ curves)
            return (flux[star] - model) * np.sqrt(ivar[star])

        start = np.concatenate([generator.standardise(found.values[star]), np.zeros(len(curves))])
        best = least_squares(residuals, start, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
        assert found.chi2[star] == pytest.approx(2.0 * best.cost, rel=1e-3, abs=0.02)
        errors = np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)))[:4]
        values = best.x[:4] * generator.label_scale + generator.label_mean
        np.testing.assert_allclose(found.errors[star], errors * generator.label_scale, rtol=0.05)
        assert np.all(np.abs(found.values[star] - values) < 0.1 * found.errors[star])
