"""Equivalent widths and peaks against closed forms and plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra_maker import a_star, blaze, correlated_noise, gaussian

from ml.spectra.continuum import fit_continuum
from ml.spectra.equivalent_width import equivalent_width
from ml.spectra.grids import GRIDS, LRS_R, MRS_B, MRS_R
from ml.spectra.peaks import (
    LRS_EDGES,
    LRS_WIDTHS,
    WANG_EDGES,
    WANG_WIDTHS,
    bartlett,
    choose_window,
    find_peaks,
)

RED = pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)
WANG = {"edges": WANG_EDGES, "widths": WANG_WIDTHS}
LRS = {"edges": LRS_EDGES, "widths": LRS_WIDTHS}


@RED
@settings(max_examples=30, deadline=None)
@given(depth=st.floats(-6, 0.9).filter(lambda d: abs(d) > 0.05), fwhm=st.floats(4, 8))
def test_equivalent_width_of_a_gaussian(grid, depth, fwhm):
    flux = 1 - depth * gaussian(grid.wavelength, 6564.0, fwhm)[None]
    width, _ = equivalent_width(flux, 0.01, 6548, 6580, grid)
    assert width[0] == pytest.approx(depth * fwhm * np.sqrt(np.pi / np.log(2)) / 2, rel=1e-3)


@RED
@settings(max_examples=30, deadline=None)
@given(
    bounds=st.lists(st.floats(6301, 6799), min_size=3, max_size=3, unique=True).map(sorted),
    seed=st.integers(0, 99),
)
def test_equivalent_widths_of_adjacent_bands_add_up(grid, bounds, seed):
    flux = 1 + np.random.default_rng(seed).normal(0, 0.1, (3, grid.size))
    low, middle, high = bounds
    whole, _ = equivalent_width(flux, 0.1, low, high, grid)
    left, _ = equivalent_width(flux, 0.1, low, middle, grid)
    right, _ = equivalent_width(flux, 0.1, middle, high, grid)
    np.testing.assert_allclose(left + right, whole, atol=1e-9)


@RED
def test_equivalent_width_is_the_sum_over_pixels_and_parts_of_pixels(grid):
    rng = np.random.default_rng(5)
    flux = rng.normal(1, 0.2, (4, grid.size))
    low, high = rng.uniform(6400, 6500, 4), rng.uniform(6501, 6600, 4)
    width, _ = equivalent_width(flux, 0.1, low, high, grid)
    for i in range(4):
        total = 0.0
        for pixel in range(grid.size):
            left = max(grid.edges[pixel], low[i])
            right = min(grid.edges[pixel + 1], high[i])
            if right > left:
                total += (1 - flux[i, pixel]) * (right - left)
        assert width[i] == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("kernel", [(1,), (1, 2, 1), (1, 2, 3, 2, 1)], ids=len)
@pytest.mark.parametrize("name", GRIDS)
def test_errors_are_honest_with_correlated_noise(name, kernel):
    """Monte Carlo through the whole rectification: the scatter is what the error says."""
    grid = GRIDS[name]
    if grid.bin_width == 1:  # low resolution: real pixels are tied to their neighbours at most
        kernel = kernel[: len(kernel) // 2 + 1]
    noise = correlated_noise(np.random.default_rng(8), (300, grid.size), kernel)
    flux = (blaze(grid.wavelength) * (1 + noise / 30)).astype(np.float32)
    continuum, sigma, found = fit_continuum(flux, np.ones(flux.shape, dtype=bool), grid)
    assert found.all()
    band = (6548, 6578) if grid.line_windows else (5160, 5193)
    width, error = equivalent_width(flux / continuum, sigma, *band, grid)
    assert np.abs(width.mean()) < 4 * width.std() / np.sqrt(300) + 0.05
    assert 0.75 < width.std() / np.median(error) < 1.25


def test_bands_that_make_no_sense_give_nothing():
    flux = np.ones((6, MRS_R.size))
    flux[4, 1800] = np.nan
    low = np.array([6578, 6548, 6200, np.nan, 6548, 6548])
    high = np.array([6548, 6548, 6578, 6578, 6578, 6578])
    sigma = np.array([0.1, 0.1, 0.1, 0.1, 0.1, np.nan])
    width, error = equivalent_width(flux, sigma, low, high, MRS_R)
    assert np.isnan(width[:5]).all()
    assert width[5] == pytest.approx(0)
    assert np.isnan(error).all()


def test_wrong_shapes_raise():
    with pytest.raises(ValueError, match="3316"):
        equivalent_width(np.ones((2, 10)), 0.1, 6548, 6578, MRS_R)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        equivalent_width(np.ones((2, MRS_R.size)), np.ones(3), 6548, 6578, MRS_R)
    with pytest.raises(ValueError, match="must lie inside grid mrs_b"):
        find_peaks(np.ones((2, MRS_B.size)), 0.1, 50, MRS_B, **WANG)
    with pytest.raises(ValueError, match="increase"):
        choose_window([50], [20, 10], [5, 6])
    with pytest.raises(ValueError, match="2 window edges and 1 window widths"):
        choose_window([50], [10, 20], [5])
    with pytest.raises(ValueError, match="at least 1"):
        choose_window([50], [10, 20], [5, 0])


@pytest.mark.parametrize(
    ("snr", "width"),
    [
        (5, 15),
        (10, 15),
        (19.9, 15),
        (20, 10),
        (40, 9),
        (60, 8),
        (100, 7),
        (120, 6),
        (150, 5),
        (900, 5),
    ],
)
def test_windows_are_those_of_table_1(snr, width):
    assert choose_window([snr], WANG_EDGES, WANG_WIDTHS)[0] == width


@pytest.mark.parametrize("width", range(3, 16, 2))
def test_odd_windows_are_numpys(width):
    expected = np.bartlett(width)[1:-1]
    np.testing.assert_allclose(bartlett(width), expected / expected.sum())


@pytest.mark.parametrize("width", [1, 2, 2.5, 4, 8, 10, 15])
def test_every_window_is_centred_and_keeps_the_flux(width):
    kernel = bartlett(width)
    assert len(kernel) % 2 == 1
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel, kernel[::-1])
    assert (kernel > 0).all()


def plain_peaks(profile):
    """Peaks, their prominences and the valleys of one profile, in plain loops."""
    peaks, valleys = [], []
    for i in range(1, len(profile) - 1):
        if profile[i - 1] < profile[i] > profile[i + 1]:
            bases = []
            for side in (-1, 1):
                lowest, j = profile[i], i
                while 0 <= j < len(profile) and profile[j] <= profile[i]:
                    lowest = min(lowest, profile[j])
                    j += side
                bases.append(lowest)
            peaks.append((i, profile[i] - max(bases)))
        if profile[i - 1] > profile[i] < profile[i + 1]:
            valleys.append(i)
    return peaks, valleys


@RED
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), snr=st.floats(10, 300))
def test_peaks_are_those_of_plain_loops(grid, seed, snr):
    rng = np.random.default_rng(seed)
    windows = WANG if grid is MRS_R else LRS
    flux = a_star(grid.wavelength) + rng.normal(0, 1 / snr, (3, grid.size))
    found = find_peaks(flux, 1 / snr, snr, grid, **windows)
    kernel = bartlett(choose_window([snr], **windows)[0])
    inside = (grid.wavelength >= 6551) & (grid.wavelength <= 6579)
    for i in range(3):
        profile = np.convolve(flux[i], kernel, mode="same")[inside]
        peaks, valleys = plain_peaks(profile)
        rows = slice(found.peak_offsets[i], found.peak_offsets[i + 1])
        places = [place for place, _ in peaks]
        np.testing.assert_allclose(found.peak_wavelength[rows], grid.wavelength[inside][places])
        np.testing.assert_allclose(found.peak_flux[rows], profile[places])
        np.testing.assert_allclose(
            found.peak_prominence[rows], [height for _, height in peaks], atol=1e-12
        )
        below = slice(found.valley_offsets[i], found.valley_offsets[i + 1])
        np.testing.assert_allclose(found.valley_wavelength[below], grid.wavelength[inside][valleys])
        if peaks:
            best = max(height for _, height in peaks)
            assert found.strongest_prominence[i] == pytest.approx(best)


@RED
def test_width_of_an_emission_line_is_its_full_width_at_half_height(grid):
    flux = 1 + 2 * gaussian(grid.wavelength, 6564.6, 6.0)[None]
    windows = WANG if grid is MRS_R else LRS
    found = find_peaks(flux, 0.01, 200, grid, **windows)
    assert found.strongest_wavelength[0] == pytest.approx(6564.6, abs=0.8)
    assert found.strongest_width[0] == pytest.approx(6.0, rel=0.05)
    assert found.maximum_flux[0] == pytest.approx(3, rel=0.05)


def test_a_plateau_is_one_peak():
    flux = np.ones((1, MRS_R.size))
    flux[0, np.abs(MRS_R.wavelength - 6564.6) < 3] = 2
    found = find_peaks(flux, 0.01, 500, MRS_R, edges=[0], widths=[1])
    assert np.diff(found.peak_offsets).tolist() == [1]
    assert found.strongest_prominence[0] == pytest.approx(1)


@RED
@pytest.mark.parametrize("snr", [10, 30, 100])
def test_noise_in_a_pure_absorption_line_is_not_significant(grid, snr):
    windows = WANG if grid is MRS_R else LRS
    noise = correlated_noise(np.random.default_rng(4), (1000, grid.size))
    flux = a_star(grid.wavelength) * (1 + noise / snr)
    found = find_peaks(flux, 1 / snr, snr, grid, **windows)
    central = np.abs(found.strongest_wavelength - 6564.6) < 4.5
    assert np.mean(central & (found.strongest_significance > 5)) <= 0.001


@RED
def test_weak_emission_in_the_core_of_a_broad_absorption_is_significant(grid):
    """The case that fools every threshold on equivalent width."""
    windows = WANG if grid is MRS_R else LRS
    noise = correlated_noise(np.random.default_rng(4), (200, grid.size), (1, 2, 1))
    wave = grid.wavelength
    height = 0.3 if grid is MRS_R else 0.45  # low resolution blurs the hump into the core
    profile = a_star(wave) + height * gaussian(wave, 6564.6, 5)
    found = find_peaks(profile * (1 + noise / 60), 1 / 60, 60, grid, **windows)
    width, _ = equivalent_width(profile[None], 0.01, 6548, 6578, grid)
    assert width[0] > 2  # net absorption
    central = np.abs(found.strongest_wavelength - 6564.6) < 4.5
    assert np.mean(central & (found.strongest_significance > 5)) > 0.95


def test_rows_that_cannot_be_measured_are_empty():
    flux = np.tile(a_star(MRS_R.wavelength), (3, 1))
    flux[1, 1800] = np.nan
    found = find_peaks(flux, 0.01, np.array([50, 50, np.nan]), MRS_R, **WANG)
    assert found.window.tolist() == [9, 0, 0]
    assert np.isnan(found.smoothed_noise[1:]).all()
    assert np.diff(found.peak_offsets)[1:].tolist() == [0, 0]
