"""Training spectra are what a turning star and a spectrograph make of a model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.special import j1

from ml.slam.broadening import (
    SPEED_OF_LIGHT,
    broaden,
    instrument_sigma,
    rotation_profile,
    rotation_transform,
    velocity_step,
)
from ml.slam.grid import ModelGrid
from ml.slam.training_set import RESOLUTION, WAVELENGTH, draw, draw_labels, spectra

STEP = 1e-5
TEFF = np.array([15000.0, 20000.0, 25000.0, 30000.0])
LOGG = np.array([3.0, 3.5, 4.0])
M_H = np.array([-1.0, 0.0])


def gaussian_lines(wavelength: np.ndarray, *lines: tuple[float, float, float]) -> np.ndarray:
    """Normalised flux with lines of (wavelength, depth, sigma in km/s)."""
    flux = np.ones_like(wavelength)
    for centre, depth, sigma in lines:
        velocity = SPEED_OF_LIGHT * np.log(wavelength / centre)
        flux -= depth * np.exp(-0.5 * (velocity / sigma) ** 2)
    return flux


def grid_over(low: float, high: float) -> ModelGrid:
    """Grid whose lines grow with temperature; without the corner (30,000 K, log g 3)."""
    pixels = np.arange(np.floor(np.log10(low) / STEP), np.ceil(np.log10(high) / STEP) + 1)
    log_wavelength = pixels * STEP
    labels = np.array([(t, g, z) for t in TEFF for g in LOGG for z in M_H])
    labels = labels[(labels[:, 0] < 30000.0) | (labels[:, 1] > 3.0)]
    centres = np.arange(low + 5.0, high, 37.0)
    shape = 1.0 - gaussian_lines(10.0**log_wavelength, *((c, 0.6, 12.0) for c in centres))
    strength = (labels[:, 0] / 30000.0) * (1.0 + 0.3 * labels[:, 2])
    flux = (1.0 - strength[:, None] * shape).astype(np.float32)
    return ModelGrid(labels, log_wavelength, flux, "lines", simulated=True)


@pytest.fixture(scope="module")
def mrs_grid() -> ModelGrid:
    return grid_over(4900.0, 6860.0)


def disc_integrated(velocity: np.ndarray, vsini: float, limb: float, sigma: float) -> np.ndarray:
    """A Gaussian line of unit depth seen from a turning sphere, its disc cut into 640,000 cells."""
    edge = (np.arange(800) + 0.5) / 400.0 - 1.0
    x, y = np.meshgrid(edge, edge)
    on_disc = x**2 + y**2 < 1.0
    mu = np.sqrt(np.where(on_disc, 1.0 - x**2 - y**2, 0.0))
    light = np.where(on_disc, 1.0 - limb + limb * mu, 0.0).sum(axis=0)  # by x: velocity
    line = np.exp(-0.5 * ((velocity[:, None] - vsini * edge) / sigma) ** 2)
    return line @ light / light.sum()


@pytest.mark.parametrize("limb", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("vsini", [5.0, 40.0, 150.0, 300.0])
def test_rotation_is_what_integrating_over_the_disc_gives(vsini: float, limb: float):
    pixels = np.arange(-400, 401)
    velocity = pixels * velocity_step(STEP)
    sigma = 20.0
    sharp = (1.0 - np.exp(-0.5 * (velocity / sigma) ** 2))[None].astype(np.float32)
    turned = broaden(sharp, STEP, np.array([vsini]), limb_darkening=limb)[0]
    expected = 1.0 - disc_integrated(velocity, vsini, limb, sigma)
    np.testing.assert_allclose(turned, expected, atol=5e-5)  # the cells' own coarseness


@given(vsini=st.floats(1.0, 400.0), limb=st.floats(0.0, 1.0), frequency=st.floats(0.0, 0.07))
def test_the_transform_is_that_of_the_profile_and_the_profile_has_unit_area(vsini, limb, frequency):
    # nodes of Gauss and Chebyshev: exact for the square root at the profile's borders
    angle = (np.arange(2000) + 0.5) * np.pi / 2000
    velocity = vsini * np.cos(angle)
    weight = vsini * np.sin(angle) * np.pi / 2000
    profile = rotation_profile(velocity, vsini, limb)
    assert np.sum(weight * profile) == pytest.approx(1.0, abs=1e-5)
    transform = np.sum(weight * profile * np.cos(2 * np.pi * frequency * velocity))
    found = rotation_transform(np.array([frequency]), np.array([vsini]), limb)[0, 0]
    assert found == pytest.approx(transform, abs=1e-5)


def test_the_series_for_slow_rotation_meet_the_closed_form():
    x = np.array([0.0499, 0.0501])
    closed = 2 * (0.4 * j1(x) / x + 0.6 * (np.sin(x) - x * np.cos(x)) / x**3) / 0.8
    found = rotation_transform(x / (2 * np.pi), np.array([1.0]), 0.6)[0]
    np.testing.assert_allclose(found, closed, atol=1e-10)
    assert rotation_transform(np.array([0.0, 0.05]), np.array([0.0]))[0].tolist() == [1.0, 1.0]


@settings(max_examples=30)
@given(
    vsini=st.floats(0.0, 300.0),
    resolution=st.sampled_from([None, 1800.0, 7500.0]),
    depth=st.floats(0.05, 0.9),
)
def test_equivalent_widths_stay(vsini, resolution, depth):
    wavelength = 10.0 ** (3.8 + STEP * np.arange(1200))
    sharp = gaussian_lines(wavelength, (wavelength[600], depth, 15.0))[None].astype(np.float32)
    blurred = broaden(sharp, STEP, np.array([vsini]), resolution)
    assert np.sum(1.0 - blurred) == pytest.approx(np.sum(1.0 - sharp), abs=1e-3)


@pytest.mark.parametrize(("survey", "full_width"), [("LRS", 6000 / 1800), ("MRS", 6000 / 7500)])
def test_a_sharp_line_becomes_as_wide_as_the_resolving_power_says(survey: str, full_width: float):
    wavelength = 10.0 ** (np.log10(6000.0) + STEP * np.arange(-600, 601))
    sharp = np.ones((1, 1201), dtype=np.float32)
    sharp[0, 600] = 0.0
    line = 1.0 - broaden(sharp, STEP, np.zeros(1), RESOLUTION[survey])[0].astype(np.float64)
    line[line < 1e-6] = 0.0  # the noise of single precision
    high = wavelength[line > 0.5 * line.max()]
    assert high[-1] - high[0] == pytest.approx(full_width, abs=2 * 6000 * STEP * np.log(10))
    spread = np.sqrt(np.sum(line * (wavelength - 6000.0) ** 2) / np.sum(line))
    assert spread == pytest.approx(full_width / 2.3548, rel=2e-3)


def test_without_rotation_and_spectrograph_nothing_changes():
    flux = np.random.default_rng(0).uniform(0.5, 1.0, (3, 500)).astype(np.float32)
    np.testing.assert_allclose(broaden(flux, STEP, np.zeros(3)), flux, atol=1e-6)


def test_a_line_at_one_end_does_not_come_in_at_the_other():
    wavelength = 10.0 ** (3.8 + STEP * np.arange(500))
    flux = gaussian_lines(wavelength, (wavelength[-1], 0.8, 30.0))[None].astype(np.float32)
    blurred = broaden(flux, STEP, np.array([300.0]), 1800.0)
    np.testing.assert_allclose(blurred[0, :150], 1.0, atol=1e-6)


@pytest.mark.parametrize("vsini", [[-1.0], [np.nan], [10.0, 20.0]])
def test_a_rotation_that_cannot_be_is_refused(vsini: list[float]):
    with pytest.raises(ValueError, match="v sin i"):
        broaden(np.ones((1, 100), np.float32), STEP, np.array(vsini))


def test_the_papers_wavelengths():
    assert WAVELENGTH["LRS"][[0, -1]].tolist() == [3900.0, 7000.0]
    assert np.all(np.diff(WAVELENGTH["LRS"]) == 1.0)
    steps = np.diff(WAVELENGTH["MRS"])
    assert np.sum(steps > 0.2001) == 1
    np.testing.assert_allclose(np.delete(steps, steps.argmax()), 0.2, atol=1e-9)
    blue, red = np.split(WAVELENGTH["MRS"], [steps.argmax() + 1])
    assert (blue[0], round(blue[-1], 6), red[0], round(red[-1], 6)) == (4950, 5350, 6300, 6800)


def test_a_set_is_inside_the_grid_and_even_in_vsini_and_the_same_for_the_same_seed(mrs_grid):
    first = draw(mrs_grid, 300, 7, RESOLUTION["MRS"], WAVELENGTH["MRS"])
    again = draw(mrs_grid, 300, 7, RESOLUTION["MRS"], WAVELENGTH["MRS"])
    other = draw_labels(mrs_grid, 300, 8)
    assert first.flux.shape == (300, 4502)
    assert first.flux.dtype == np.float32
    assert first.simulated
    np.testing.assert_array_equal(first.labels, again.labels)
    np.testing.assert_array_equal(first.flux, again.flux)
    assert not np.array_equal(first.labels, other)
    assert np.all(mrs_grid.inside(first.labels[:, :3]))
    assert np.all((first.labels[:, 3] >= 0) & (first.labels[:, 3] <= 300))


def test_labels_fill_the_cells_evenly(mrs_grid):
    labels = draw_labels(mrs_grid, 20_000, 1)
    # 12 quarter cells of equal size in Teff and log g, of which half of one is missing
    count, _, _ = np.histogram2d(labels[:, 0], labels[:, 1], bins=[TEFF, LOGG])
    expected = np.ones((3, 2))
    expected[2, 0] = 0.5
    expected *= 20_000 / expected.sum()
    assert np.sum((count - expected) ** 2 / expected) < 20.5  # chi^2 of 5, 0.1 per cent


def test_a_spectrum_is_the_direct_convolution_of_the_interpolated_model(mrs_grid):
    labels = np.array([[17500.0, 3.2, -0.4, 120.0], [27000.0, 3.9, 0.0, 8.0]])
    found = spectra(mrs_grid, labels, 7500.0, WAVELENGTH["MRS"])
    fine = velocity_step(STEP) / 8.0
    kernel_velocity = np.arange(-1500, 1501) * fine
    for row, (label, flux) in enumerate(zip(labels, found, strict=True)):
        model = mrs_grid.interpolate(label[None, :3])[0]
        # eight times finer, kernels as sampled functions
        pixels = np.arange(0, len(model) - 1, 0.125)
        sharp = CubicSpline(np.arange(len(model)), model)(pixels)
        turn = rotation_profile(kernel_velocity, label[3])
        sigma = instrument_sigma(7500.0)
        blur = np.exp(-0.5 * (kernel_velocity / sigma) ** 2)
        kernel = np.convolve(turn / turn.sum(), blur / blur.sum(), mode="same")
        direct = 1.0 - np.convolve(1.0 - sharp, kernel, mode="same")
        place = (np.log10(WAVELENGTH["MRS"]) - mrs_grid.log_wavelength[0]) / STEP
        np.testing.assert_allclose(flux, np.interp(place, pixels, direct), atol=5e-4), row


def test_a_spectrum_does_not_depend_on_those_beside_it(mrs_grid):
    labels = draw_labels(mrs_grid, 300, 3)
    together = spectra(mrs_grid, labels, 1800.0, np.arange(5000.0, 5300.0))
    alone = spectra(mrs_grid, labels[290:291], 1800.0, np.arange(5000.0, 5300.0))
    np.testing.assert_allclose(together[290:291], alone, atol=1e-6)


def test_wavelengths_that_the_grid_cannot_serve_are_refused_with_those_that_it_can(mrs_grid):
    with pytest.raises(ValueError, match=r"covers 4899\.9-6860\.1 A.*3900\.0-7000\.0 A are asked"):
        draw(mrs_grid, 3, 1, RESOLUTION["LRS"], WAVELENGTH["LRS"])
    with pytest.raises(ValueError, match="must increase"):
        draw(mrs_grid, 3, 1, 1800.0, np.array([5100.0, 5000.0]))


def test_labels_outside_the_grid_are_refused(mrs_grid):
    with pytest.raises(ValueError, match="outside its cells"):
        spectra(mrs_grid, np.array([[30000.0, 3.0, 0.0, 0.0]]), 7500.0, np.arange(5000.0, 5100.0))
