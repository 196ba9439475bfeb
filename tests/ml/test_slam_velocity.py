"""Radial velocities by cross-correlation come back, with errors that are true."""

from __future__ import annotations

import numpy as np
import pytest

from ml.slam.generator import Generator, fit
from ml.slam.training_set import WAVELENGTH
from ml.slam.velocity import FASTEST, radial_velocity, templates

LIGHT = 299_792.458
LABELS = np.random.default_rng(2).uniform([15e3, 3.0, -1.0, 0.0], [3e4, 4.5, 0.3, 300.0], (60, 4))


def spectra(labels: np.ndarray, wavelength: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Some lines of helium and hydrogen, broadened by rotation, moved."""
    flux = np.ones((len(labels), len(wavelength)))
    source = wavelength / (1.0 + velocity[:, None] / LIGHT)
    for line, depth in ((4027.3, 0.2), (4103.0, 0.4), (4341.7, 0.4), (4472.7, 0.25), (4862.7, 0.4),
                        (5017.1, 0.15), (5877.0, 0.2), (6564.6, 0.4), (6680.0, 0.2)):  # fmt: skip
        sigma = np.hypot(1.2, line * 0.4 * labels[:, 3:] / LIGHT) * (1.0 + (depth > 0.3))
        flux -= depth * (labels[:, :1] / 3e4) * np.exp(-0.5 * ((source - line) / sigma) ** 2)
    return flux


@pytest.fixture(scope="module", params=["LRS", "MRS"])
def survey(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def generator(survey: str) -> Generator:
    still = np.zeros(len(LABELS))
    return fit(LABELS, spectra(LABELS, WAVELENGTH[survey], still).astype(np.float32))


def test_velocities_come_back_within_their_errors(survey: str, generator: Generator) -> None:
    rng = np.random.default_rng(7)
    true = rng.uniform(-400.0, 400.0, len(LABELS))
    noise = 0.02
    flux = spectra(LABELS, WAVELENGTH[survey], true)
    flux += noise * rng.standard_normal(flux.shape)
    found, error = radial_velocity(
        flux.astype(np.float32), np.full(flux.shape, noise**-2, np.float32),
        templates(generator, survey),
    )  # fmt: skip
    assert np.isfinite(found).all()
    pull = (found - true) / error
    # templates are other stars than the one: the error of the noise is not all
    assert abs(np.median(pull)) < 0.5
    assert 0.6 < 1.4826 * np.median(np.abs(pull)) < 2.0


def test_pixels_without_weight_do_not_matter(survey: str, generator: Generator) -> None:
    true = np.full(len(LABELS), 120.0)
    flux = spectra(LABELS, WAVELENGTH[survey], true)
    ivar = np.full(flux.shape, 1e4, np.float32)
    spoilt = flux.copy()
    hidden = np.abs(WAVELENGTH[survey] - 6564.6) < 40.0
    spoilt[:, hidden] = np.where(np.arange(len(flux))[:, None] % 2, 9.0, np.nan)
    ivar[:, hidden] = 0.0
    known = templates(generator, survey)
    one = radial_velocity(flux.astype(np.float32), ivar, known)
    other = radial_velocity(spoilt.astype(np.float32), ivar, known)
    np.testing.assert_allclose(other[0], one[0], atol=1e-6)


def test_without_lines_there_is_no_velocity(survey: str, generator: Generator) -> None:
    rng = np.random.default_rng(3)
    flux = 1.0 + 0.05 * rng.standard_normal((40, len(WAVELENGTH[survey])))
    found, error = radial_velocity(
        flux.astype(np.float32),
        np.full(flux.shape, 400.0, np.float32),
        templates(generator, survey),
    )
    assert np.mean(np.isfinite(found)) < 0.05
    assert np.isnan(error[np.isnan(found)]).all()


def test_a_star_beyond_what_is_looked_at_has_no_velocity(survey: str, generator: Generator) -> None:
    true = np.full(len(LABELS), FASTEST + 300.0)
    flux = spectra(LABELS, WAVELENGTH[survey], true).astype(np.float32)
    found, _ = radial_velocity(flux, np.full(flux.shape, 1e4, np.float32),
                               templates(generator, survey))  # fmt: skip
    assert not np.any(np.abs(found - true) < 100.0)
