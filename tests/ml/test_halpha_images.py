"""H-alpha windows and their images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.halpha.images import FLUX_RANGE, LINE_WIDTH, draw
from ml.halpha.window import N_SAMPLES, WAVELENGTH, halpha_window
from ml.spectra.grids import H_ALPHA, LRS_R, MRS_B, MRS_R, Grid

LOW, HIGH = FLUX_RANGE
SIZES = st.sampled_from([32, 64, 100, 240, 256])


def walk(seed: int, roughness: float) -> np.ndarray:
    """A window that wanders, with steps of the given size."""
    steps = np.random.default_rng(seed).normal(0.0, roughness, N_SAMPLES)
    return (1.0 + np.cumsum(steps) - np.mean(np.cumsum(steps))).astype(np.float32)


def painted(window: np.ndarray, size: int, fine: int = 16) -> np.ndarray:
    """Brute force: what a column's pixels are covered by the curve's extent in the column."""
    half = LINE_WIDTH * size / 2
    y = np.clip((HIGH - window.astype(np.float64)) * size / (HIGH - LOW), half, size - half)
    middles = (np.arange(N_SAMPLES) + 0.5) / N_SAMPLES * size
    image = np.zeros((size, size))
    for column in range(size):
        x = np.concatenate(
            [np.linspace(column, column + 1, fine), middles[np.floor(middles) == column]]
        )
        curve = np.interp(x, middles, y)
        upper, lower = curve.min() - half, curve.max() + half
        for row in range(size):
            image[row, column] = max(0.0, min(lower, row + 1) - max(upper, row))
    return image


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), roughness=st.sampled_from([0.0, 0.02, 0.3]), size=SIZES)
def test_a_column_is_filled_from_the_lowest_to_the_highest_point(
    seed: int, roughness: float, size: int
) -> None:
    window = walk(seed, roughness)
    image = draw(torch.from_numpy(window)[None], size)[0].numpy()
    np.testing.assert_allclose(image, painted(window, size), atol=2e-3)


@settings(max_examples=20, deadline=None)
@given(level=st.floats(LOW + 0.05, HIGH - 0.05), size=SIZES)
def test_a_flat_spectrum_is_a_level_line_of_the_lines_width(level: float, size: int) -> None:
    image = draw(torch.full((1, N_SAMPLES), level), size)[0].numpy()
    assert np.ptp(image, axis=1).max() < 1e-5
    np.testing.assert_allclose(image.sum(axis=0), LINE_WIDTH * size, rtol=1e-4)
    rows = np.arange(size) + 0.5
    middle = (image[:, 0] * rows).sum() / image[:, 0].sum()
    # of a line thinner than a pixel the middle is known to half of one
    assert middle == pytest.approx((HIGH - level) * size / (HIGH - LOW), abs=0.5)


def test_what_leaves_the_axis_runs_along_the_edge() -> None:
    image = draw(torch.stack([torch.full((N_SAMPLES,), 9.0), torch.full((N_SAMPLES,), -9.0)]), 128)
    assert image[0, 0].min() == 1.0
    assert image[1, -1].min() == 1.0


def test_images_do_not_depend_on_their_neighbours() -> None:
    windows = torch.from_numpy(np.stack([walk(seed, 0.05) for seed in range(300)]))
    together = draw(windows, 64)
    for i in (0, 127, 128, 299):
        torch.testing.assert_close(draw(windows[i : i + 1], 64)[0], together[i])


def test_a_window_that_is_not_finite_is_an_empty_image() -> None:
    windows = torch.ones(3, N_SAMPLES)
    windows[1, 7] = float("nan")
    images = draw(windows, 64)
    assert images[1].abs().max() == 0.0
    torch.testing.assert_close(images[0], images[2])
    assert draw(windows[:0], 64).shape == (0, 64, 64)


@pytest.mark.parametrize(("shape", "size"), [((2, 239), 64), ((240,), 64), ((1, 240), 8)])
def test_other_shapes_are_refused(shape: tuple[int, ...], size: int) -> None:
    with pytest.raises(ValueError, match=r"samples|pixels"):
        draw(torch.ones(shape), size)


@pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)
def test_a_sample_is_the_mean_flux_of_its_quarter_of_an_angstrom(grid: Grid) -> None:
    generator = np.random.default_rng(1)
    flux = generator.normal(1.0, 0.1, (3, grid.size)).astype(np.float32)
    window = halpha_window(flux, grid)
    fine = (np.arange(400) + 0.5) / 400 * 0.25 - 0.125
    for row in range(3):
        curve = np.interp(WAVELENGTH[:, None] + fine, grid.wavelength, flux[row])
        np.testing.assert_allclose(window[row], curve.mean(axis=1), atol=5e-3)


@pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)
def test_a_line_stays_where_it_is(grid: Grid) -> None:
    line = 1.0 + 2.0 * np.exp(-0.5 * ((grid.wavelength - H_ALPHA) / 3.0) ** 2)
    window = halpha_window(line[None].astype(np.float32), grid)[0] - 1.0
    assert (window * WAVELENGTH).sum() / window.sum() == pytest.approx(H_ALPHA, abs=0.01)
    # its equivalent width too
    expected = 2.0 * 3.0 * np.sqrt(2.0 * np.pi)
    assert window.sum() * 0.25 == pytest.approx(expected, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(values=arrays(np.float32, 3, elements=st.sampled_from([1.0, np.nan, np.inf])))
def test_a_bad_pixel_in_the_window_makes_it_nan(values: np.ndarray) -> None:
    flux = np.ones((3, MRS_R.size), np.float32)
    flux[:, MRS_R.size // 2] = values
    pixel = MRS_R.wavelength[MRS_R.size // 2]
    assert WAVELENGTH[0] < pixel < WAVELENGTH[-1]
    finite = np.isfinite(halpha_window(flux, MRS_R)).all(axis=1)
    np.testing.assert_array_equal(finite, np.isfinite(values))


def test_a_grid_without_h_alpha_is_refused() -> None:
    with pytest.raises(ValueError, match="does not cover"):
        halpha_window(np.ones((1, MRS_B.size), np.float32), MRS_B)
    with pytest.raises(ValueError, match="is not on grid"):
        halpha_window(np.ones((1, 7), np.float32), MRS_R)
