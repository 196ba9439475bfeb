"""Generators give the spectra of a training set back, and their derivatives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVR

from ml.slam import kernel_ridge, svr
from ml.slam.generator import KINDS, Generator, fit
from ml.slam.rbf import squared_distance

LOW = np.array([15000.0, 2.5, -1.0, 0.0])
HIGH = np.array([30000.0, 4.5, 0.3, 300.0])
WAVELENGTH = np.linspace(4440.0, 4500.0, 41)


def labels_in_the_box(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(LOW, HIGH, (n, 4))


def spectra(labels: np.ndarray) -> np.ndarray:
    """Two lines that depend on all four labels, and a pixel of pure continuum at the end."""
    teff, logg, m_h, vsini = (labels[:, column, None] for column in range(4))
    flux = np.ones((len(labels), len(WAVELENGTH)))
    helium = 0.4 * np.exp(-0.5 * ((teff - 22000.0) / 6000.0) ** 2)
    magnesium = 0.3 * 10.0 ** (0.5 * m_h) * (30000.0 / teff - 0.8)
    for centre, strength, wing in ((4472.7, helium, 1.0), (4482.4, magnesium, 0.2)):
        sigma = np.sqrt(1.5**2 + (wing * (logg - 2.0)) ** 2 + (0.5 * centre * vsini / 3e5) ** 2)
        profile = np.exp(-0.5 * ((WAVELENGTH - centre) / sigma) ** 2) / sigma
        flux -= 1.5 * strength * profile
    flux[:, -1] = 1.0
    return flux.astype(np.float32)


def plain_sum(generator: Generator, labels: np.ndarray) -> np.ndarray:
    """The generator's formula, word for word, in double precision."""
    x = (labels - generator.label_mean) / generator.label_scale
    flux = np.empty((len(x), generator.n_pixels))
    for star, point in enumerate(x):
        distance = np.sum((generator.centres - point) ** 2, axis=1)
        kernel = np.exp(-generator.gamma * distance[:, None])  # (n, p)
        flux[star] = generator.offset + np.sum(kernel * generator.coefficients, axis=0)
    return flux


@pytest.fixture(scope="module")
def generators() -> dict[str, Generator]:
    labels = labels_in_the_box(200, 1)
    flux = spectra(labels)
    return {kind: fit(labels, flux, kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_spectra_are_met_as_well_as_the_generator_says(
    generators: dict[str, Generator], kind: str
) -> None:
    generator = generators[kind]
    labels = labels_in_the_box(300, 2)
    error = np.sqrt(np.mean((generator.predict(labels) - spectra(labels)) ** 2))
    said = np.sqrt(np.mean(generator.error**2))
    assert 0.6 * said < error < 1.5 * said
    assert error < 0.1 * np.std(spectra(labels), axis=0).max()


def test_kernel_ridge_learns_better_than_support_vectors(
    generators: dict[str, Generator],
) -> None:
    labels = labels_in_the_box(300, 2)
    error = {
        kind: np.mean((generators[kind].predict(labels) - spectra(labels)) ** 2) for kind in KINDS
    }
    assert error["kernel_ridge"] < error["svr"]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(part=st.lists(st.floats(-0.1, 1.1), min_size=4, max_size=4))
def test_flux_and_gradient_are_those_of_the_formula(
    generators: dict[str, Generator], kind: str, part: list[float]
) -> None:
    generator = generators[kind]
    labels = (LOW + (HIGH - LOW) * np.array(part))[None]
    flux, gradient = generator.predict_with_gradient(labels)
    assert flux.shape == (1, len(WAVELENGTH))
    assert gradient.shape == (1, len(WAVELENGTH), 4)
    np.testing.assert_allclose(flux, plain_sum(generator, labels), atol=1e-9)
    np.testing.assert_allclose(generator.predict(labels), flux, atol=1e-9)
    for column, width in enumerate(HIGH - LOW):
        step = np.zeros(4)
        step[column] = 1e-4 * width
        difference = plain_sum(generator, labels + step) - plain_sum(generator, labels - step)
        np.testing.assert_allclose(
            gradient[0, :, column] * width, difference[0] / 2e-4, atol=1e-6, rtol=1e-5
        )


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_in_single_precision_are_good_enough_to_find_a_minimum(
    generators: dict[str, Generator], kind: str
) -> None:
    generator = generators[kind]
    x = generator.standardise(labels_in_the_box(100, 13))
    flux, single = generator.standardised(x)
    exact = generator.standardised(x, np.float64)
    np.testing.assert_array_equal(flux, exact[0])
    assert single.dtype == np.float32
    assert np.std(single - exact[1]) < 1e-3 * np.std(exact[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_spectrum_does_not_depend_on_its_neighbours(
    generators: dict[str, Generator], kind: str
) -> None:
    labels = labels_in_the_box(300, 3)  # more than a block
    flux, gradient = generators[kind].predict_with_gradient(labels)
    for star in (0, 255, 256, 299):
        alone = generators[kind].predict_with_gradient(labels[star : star + 1])
        np.testing.assert_allclose(alone[0][0], flux[star], atol=1e-9)
        np.testing.assert_allclose(
            alone[1][0] * (HIGH - LOW), gradient[star] * (HIGH - LOW), atol=1e-8
        )


@pytest.mark.parametrize("kind", KINDS)
def test_the_continuum_stays_the_continuum(generators: dict[str, Generator], kind: str) -> None:
    flux, gradient = generators[kind].predict_with_gradient(labels_in_the_box(50, 4))
    assert np.all(flux[:, -1] == 1.0)
    assert np.all(gradient[:, -1] == 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_is_its_arrays(generators: dict[str, Generator], kind: str) -> None:
    generator = generators[kind]
    assert generator.training_spectra.shape == (200, len(WAVELENGTH))  # kept, but not stored
    tensors = generator.to_tensors()
    assert {tensor.dtype for tensor in tensors.values()} <= {
        np.dtype(name) for name in ("float32", "float64", "int64")
    }
    again = Generator.from_tensors(tensors)
    labels = labels_in_the_box(20, 5)
    assert again.kind == kind
    np.testing.assert_array_equal(again.predict(labels), generator.predict(labels))


def test_a_label_that_never_varies_changes_nothing() -> None:
    labels = labels_in_the_box(100, 6)
    labels[:, 2] = 0.3
    generator = fit(labels, spectra(labels))
    assert np.all(generator.predict_with_gradient(labels[:5])[1][:, :, 2] == 0.0)


def test_leaving_one_out_is_as_good_as_fitting_again() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(30, 3))
    y = np.column_stack([np.sin(2 * x[:, 0]), x[:, 1] ** 2, rng.normal(size=30)])
    gammas, ridges = (0.05, 0.3, 1.0), (1e-3, 1e-2, 0.1, 1.0)
    error = np.empty((len(gammas), len(ridges), 3))
    for i, gamma in enumerate(gammas):
        kernel = np.exp(-gamma * np.sum((x[:, None] - x) ** 2, axis=2))
        for j, ridge in enumerate(ridges):
            residual = np.empty_like(y)
            for left_out in range(30):
                others = np.arange(30) != left_out
                matrix = kernel[np.ix_(others, others)] + ridge * np.eye(29)
                refit = np.linalg.solve(matrix, y[others])
                residual[left_out] = y[left_out] - kernel[left_out, others] @ refit
            error[i, j] = np.sqrt(np.mean(residual**2, axis=0))
    fits = kernel_ridge.fit_pixels(x, y, gammas=gammas, ridges=ridges)
    np.testing.assert_allclose(fits.error, error.min(axis=(0, 1)), rtol=1e-6)
    for pixel in range(3):
        i, j = np.unravel_index(np.argmin(error[:, :, pixel]), error.shape[:2])
        assert (fits.gamma[pixel], fits.penalty[pixel]) == (gammas[i], ridges[j])
        kernel = np.exp(-gammas[i] * np.sum((x[:, None] - x) ** 2, axis=2))
        refit = np.linalg.solve(kernel + ridges[j] * np.eye(30), y[:, pixel])
        np.testing.assert_allclose(fits.coefficients[:, pixel], refit, rtol=1e-7)


def test_labels_of_which_little_is_seen_are_stretched_less() -> None:
    x = np.random.default_rng(8).normal(size=(150, 3))
    x[:, 2] = 0.0
    y = np.sin(3.0 * x[:, :1]) + 0.1 * x[:, 1:2] * np.linspace(0.5, 1.0, 20)
    factors = kernel_ridge.stretch(x, y, np.ones(20))
    assert factors[0] > 2.0 * factors[1]
    assert factors[2] == 1.0


def test_support_vectors_are_those_of_scikit_learn() -> None:
    labels = labels_in_the_box(150, 9)
    flux = spectra(labels)[:, 15:35:3]
    generator = fit(labels, flux, "svr")
    mean, scale = flux.mean(axis=0, dtype=float), flux.std(axis=0, dtype=float)
    standardised = (flux - mean) / scale
    x = generator.centres
    unseen = labels_in_the_box(80, 10)
    x_unseen = generator.standardise(unseen)
    generated = (generator.predict(unseen) - mean) / scale
    for pixel, y in enumerate(standardised.T):
        search = GridSearchCV(
            SVR(epsilon=0.05),
            {"C": [0.1, 1.0, 10.0], "gamma": [0.1, 1.0]},
            cv=5,
            scoring="neg_mean_squared_error",
        ).fit(x, y)
        assert generator.gamma[pixel] == search.best_params_["gamma"]
        assert generator.penalty[pixel] == search.best_params_["C"]
        assert generator.error[pixel] == pytest.approx(
            scale[pixel] * np.sqrt(-search.best_score_), rel=1e-3
        )
        # two ways to one optimum agree to the tolerance at which scikit-learn stops
        np.testing.assert_allclose(generated[:, pixel], search.predict(x_unseen), atol=1e-3)
        # on the same way they agree to all digits that are stored
        kernel = np.exp(-generator.gamma[pixel] * squared_distance(x, x))
        machine = SVR(kernel="precomputed", C=generator.penalty[pixel], epsilon=0.05)
        machine.fit(kernel, np.ascontiguousarray(y))
        kernel = np.exp(-generator.gamma[pixel] * squared_distance(x_unseen, x))
        np.testing.assert_allclose(
            generated[:, pixel], machine.predict(kernel), atol=1e-6 / scale[pixel]
        )


def test_a_run_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = labels_in_the_box(40, 11)
    flux = spectra(labels)
    whole = fit(labels, flux, "svr", block=10, workers=1)

    def stop(done: int, total: int) -> None:
        assert total == len(WAVELENGTH)
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(labels, flux, "svr", block=10, folder=tmp_path, progress=stop)
    fitted = []
    plain = svr._fit_block

    def counted(*arguments: object) -> object:
        fitted.append(1)
        return plain(*arguments)

    monkeypatch.setattr(svr, "_fit_block", counted)
    again = fit(labels, flux, "svr", block=10, folder=tmp_path)
    assert len(fitted) == 3  # of five blocks
    for name, tensor in whole.to_tensors().items():
        np.testing.assert_array_equal(again.to_tensors()[name], tensor)
    fit(labels, flux + np.linspace(0.0, 0.1, 40)[:, None], "svr", block=10, folder=tmp_path)
    assert len(fitted) == 8  # nothing of other spectra is taken


def test_what_cannot_be_learnt_is_refused() -> None:
    labels, flux = labels_in_the_box(20, 12), spectra(labels_in_the_box(20, 12))
    broken = flux.copy()
    broken[3, 4] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        fit(labels, broken)
    with pytest.raises(ValueError, match="belong together"):
        fit(labels[:-1], flux)
    with pytest.raises(ValueError, match="too few"):
        fit(labels[:5], flux[:5])
    with pytest.raises(ValueError, match="kernel_ridge and svr"):
        fit(labels, flux, "forest")
    with pytest.raises(ValueError, match="expected"):
        fit(labels, flux).predict(labels[:, :3])


def test_shortened_sums_are_the_sums() -> None:
    """Where thin matrices stand in for a wide one, hardly a digit that counts is lost."""
    rng = np.random.default_rng(8)
    labels = rng.uniform([15e3, 2.5, -1.0, 0.0], [30e3, 4.5, 0.3, 300.0], (700, 4))
    grid = np.linspace(0.0, 1.0, 1500)
    unit = (labels - labels.mean(axis=0)) / labels.std(axis=0)
    flux = 1.0 - 0.3 * np.exp(
        -((grid - 0.5 - 0.1 * unit[:, :1]) ** 2) / (0.02 + 0.005 * unit[:, 3:])
    )
    flux *= 1.0 + 0.05 * np.sin(8.0 * grid + unit[:, 1:2]) * unit[:, 2:3]
    generator = fit(labels, flux.astype(np.float32), gammas=(0.1,), ridges=(1e-4,))
    group = generator._groups[0]
    assert group.right is not None, "the case is meant to be shortened"
    tried = rng.uniform(generator.ranges[:, 0], generator.ranges[:, 1], (100, 4))
    distance = squared_distance(generator.standardise(tried), generator.centres)
    exact = generator.offset + np.exp(-0.1 * distance) @ generator.coefficients.astype(float)
    lost = (generator.predict(tried) - exact) / generator.error
    assert np.sqrt(np.mean(lost**2)) < 0.1
