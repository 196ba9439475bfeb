"""Files' spectra on SLAM's training grids: lines at rest, errors true, masked bands silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.slam.observed import continuum_curves, observe, rectified, wide_wavelength, windows
from ml.slam.training_set import WAVELENGTH, TrainingSet
from ml.spectra.ragged import RaggedSpectra

LIGHT = 299_792.458
ARMS = {
    "LRS": ((3700.0, 9000.0, 1e-4),),
    "MRS": ((4900.0, 5395.0, 1e-5), (6275.0, 6865.0, 1e-5)),
}
LINES = {"LRS": ((4472.7, 1.5),), "MRS": ((5017.1, 0.4), (6680.0, 0.5))}


def files(
    survey: str, velocity: float = 0.0, noise: float = 0.0, n: int = 1, seed: int = 0
) -> list[RaggedSpectra]:
    """Spectra as files have them: a slow continuum and, in each arm, a line."""
    rng = np.random.default_rng(seed)
    arms = []
    for (low, high, step), (line, sigma) in zip(ARMS[survey], LINES[survey], strict=True):
        start = np.log10(low) + 0.3 * step
        log_wavelength = np.arange(start, np.log10(high), step)
        wavelength = 10.0**log_wavelength / (1.0 + velocity / LIGHT)
        flux = 1.0 - 0.4 * np.exp(-0.5 * ((wavelength - line) / sigma) ** 2)
        level = 500.0 * (1.0 + 0.2 * np.sin(wavelength / 700.0))
        spread = max(noise, 1e-4)
        all_rows = level * (flux + noise * rng.standard_normal((n, len(wavelength))))
        arms.append(
            RaggedSpectra(
                flux=all_rows.ravel().astype(np.float32),
                ivar=np.tile((level * spread) ** -2.0, n).astype(np.float32),
                or_mask=None,
                offsets=np.arange(n + 1, dtype=np.int64) * len(wavelength),
                log_wavelength_start=np.full(n, start),
                log_wavelength_step=np.full(n, step),
            )
        )
    return arms


def place(survey: str, flux: np.ndarray, line: float) -> float:
    """Centroid of an absorption line, A."""
    near = np.abs(WAVELENGTH[survey] - line) < 8.0
    depth = np.clip(1.0 - flux[near], 0.02, None) - 0.02
    return float(np.sum(depth * WAVELENGTH[survey][near]) / np.sum(depth))


@pytest.mark.parametrize("survey", ["LRS", "MRS"])
@settings(max_examples=8, deadline=None)
@given(velocity=st.floats(-400.0, 400.0))
def test_lines_of_a_moving_star_come_to_rest(survey: str, velocity: float) -> None:
    found = observe(files(survey, velocity), np.array([velocity]), survey)
    assert found.status.tolist() == ["ok"]
    step = np.diff(WAVELENGTH[survey]).min()
    for line, _ in LINES[survey]:
        assert place(survey, found.flux[0], line) == pytest.approx(line, abs=0.03 * step)


@pytest.mark.parametrize("survey", ["LRS", "MRS"])
def test_wavelengths_may_stand_in_either_order(survey: str) -> None:
    arms = files(survey)
    explicit = []
    for arm in arms:
        n = arm.offsets[-1]
        wavelength = 10.0 ** (
            arm.log_wavelength_start[0] + arm.log_wavelength_step[0] * np.arange(n)
        )
        explicit.append(
            replace(
                arm,
                flux=arm.flux[::-1],
                ivar=arm.ivar[::-1],
                wavelength=wavelength[::-1].copy(),
                log_wavelength_start=np.array([np.nan]),
                log_wavelength_step=np.array([np.nan]),
            )
        )
    one = observe(arms, np.array([30.0]), survey)
    other = observe(explicit, np.array([30.0]), survey)
    np.testing.assert_allclose(other.flux, one.flux, atol=2e-4)
    np.testing.assert_allclose(other.ivar, one.ivar, rtol=1e-3)


def test_the_errors_of_averaged_pixels_are_those_of_their_scatter() -> None:
    found = observe(files("MRS", noise=0.02, n=60), np.zeros(60), "MRS")
    blue = windows("MRS")[0].columns
    pull = (found.flux[:, blue] - found.flux[:, blue].mean(axis=0)) * np.sqrt(found.ivar[:, blue])
    pixels = found.ivar[0, blue] > 0
    # interpolation onto the fine grid smooths pixels of 0.118 A a little
    assert 0.85 < np.std(pull[:, pixels]) < 1.05


def test_bands_and_the_gap_have_no_weight() -> None:
    found = observe(files("LRS"), np.zeros(1), "LRS")
    weight = dict(zip(WAVELENGTH["LRS"].tolist(), found.ivar[0].tolist(), strict=True))
    assert all(weight[at] == 0.0 for at in (4430.0, 5782.0, 5900.0, 6198.0, 6285.0, 6615.0))
    assert all(weight[at] > 0.0 for at in (4300.0, 4861.0, 5600.0, 6564.0, 6680.0))


def test_balmer_emission_is_left_out_where_it_is() -> None:
    found = observe(files("LRS", n=2, noise=0.01), np.zeros(2), "LRS", np.array([True, False]))
    for line in (6565.0, 4862.0):
        weight = found.ivar[:, int(line - 3900.0)]
        assert weight[0] == 0.0
        assert weight[1] > 0.0


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    many = observe(files("LRS", noise=0.02, n=5), np.arange(5.0), "LRS")
    arms = [arm.rows(slice(3, 4)) for arm in files("LRS", noise=0.02, n=5)]
    alone = observe(arms, np.array([3.0]), "LRS")
    np.testing.assert_array_equal(alone.flux[0], many.flux[3])
    np.testing.assert_array_equal(alone.ivar[0], many.ivar[3])


def test_an_arm_that_lacks_is_said() -> None:
    blue, red = files("MRS", n=2)
    offsets = np.array([0, 0, red.offsets[-1] // 2], dtype=np.int64)
    found = observe([blue, replace(red, offsets=offsets)], np.zeros(2), "MRS")
    assert found.status.tolist() == ["no coverage", "ok"]
    assert np.isnan(found.flux[0]).all()
    assert not found.ivar[0].any()
    with pytest.raises(ValueError, match="MRS has 2 arms; 1 were given"):
        observe([blue], np.zeros(2), "MRS")


@pytest.mark.parametrize("survey", ["LRS", "MRS"])
def test_training_spectra_go_through_the_same_rectification(survey: str) -> None:
    """An observed spectrum without noise is what a training spectrum of the star becomes."""
    wide = wide_wavelength(survey)
    flux = np.ones((1, len(wide)), dtype=np.float32)
    for line, sigma in LINES[survey]:
        flux -= 0.4 * np.exp(-0.5 * ((wide - line) / sigma) ** 2).astype(np.float32)
    training = TrainingSet(np.zeros((1, 4)), flux, wide, 1800.0, "grid", True)
    expected = rectified(training, wide, survey)
    assert expected.flux.shape == (1, len(WAVELENGTH[survey]))
    found = observe(files(survey), np.zeros(1), survey)
    seen = found.ivar[0] > 0
    assert np.median(np.abs(found.flux[0, seen] - expected.flux[0, seen])) < 2e-3


def test_the_curves_of_each_window_are_its_own() -> None:
    curves = continuum_curves("MRS")
    blue, red = (window.columns for window in windows("MRS"))
    half = len(curves) // 2
    assert not curves[:half, red].any()
    assert not curves[half:, blue].any()
    assert np.linalg.matrix_rank(curves) == len(curves)
