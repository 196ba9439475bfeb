"""What must hold of cleaned, resampled and rectified spectra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra_maker import a_star, blaze, correlated_noise, gaussian, native, ragged

from ml.spectra.continuum import b_splines, design, fit_continuum
from ml.spectra.cosmic_rays import LOW_RESOLUTION, MEDIUM_RESOLUTION, find_spikes, opening
from ml.spectra.equivalent_width import equivalent_width
from ml.spectra.grids import GRIDS, LRS_B, LRS_R, MRS_B, MRS_R
from ml.spectra.ragged import RaggedSpectra
from ml.spectra.rectify import BLOCK, rectify
from ml.spectra.resample import to_grid

ALL = pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
RED = pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)


def star(grid, snr=50.0, seed=0, profile=a_star, shape=blaze, kernel=(1, 2, 3, 2, 1), level=1e3):
    """One spectrum on its own grid: wavelength, flux, ivar."""
    wave = native(grid)
    clean = level * shape(wave) * profile(wave)
    if grid.bin_width == 1:
        kernel = (1,)
    noise = correlated_noise(np.random.default_rng(seed), clean.shape, kernel)
    return wave, clean * (1 + noise / snr), (snr / clean) ** 2


@ALL
def test_grid_pixels_lie_on_whole_steps_inside_the_window(grid):
    low, high = (4950, 5350) if grid.name.endswith("b") else (6300, 6800)
    assert grid.wavelength.shape == (grid.size,)
    assert low <= grid.wavelength[0] < low + 2
    assert high - 2 < grid.wavelength[-1] <= high
    np.testing.assert_allclose(np.diff(np.log10(grid.wavelength)), grid.step, rtol=1e-6)
    assert np.all((grid.edges[:-1] < grid.wavelength) & (grid.wavelength < grid.edges[1:]))


@ALL
def test_a_rectified_continuum_is_one_whatever_the_blaze(grid):
    rows = [
        star(grid, 100, 1, profile=np.ones_like, shape=lambda w, t=t, b=b: blaze(w, t, b))
        for t in (-0.2, 0.0, 0.2)
        for b in (0.0, 0.3)
    ]
    result = rectify(ragged(rows), grid)
    assert set(result.status) == {"ok"}
    smooth = result.flux[:, : grid.size // 50 * 50].reshape(len(rows), 50, -1).mean(axis=2)
    np.testing.assert_allclose(smooth, 1, atol=0.012)
    assert np.ptp(result.flux, axis=0).max() < 0.005  # same noise: only the blaze differed


@RED
def test_the_continuum_under_h_alpha_is_not_pulled_by_wings_or_by_emission(grid):
    def be_star(wave):  # ten times the continuum, with electron-scattering wings of 33 A
        return 1 + 9 * gaussian(wave, 6564.6, 7) + 0.3 * gaussian(wave, 6564.6, 40)

    for profile in (a_star, be_star):
        result = rectify(ragged([star(grid, 1e4, profile=profile)]), grid)
        truth = profile(grid.wavelength)
        near = np.abs(grid.wavelength - 6564.6) < 50
        assert np.abs(result.flux[0] / truth - 1)[near].max() < 0.005
        assert np.abs(result.flux[0] / truth - 1).max() < 0.02  # the ends of the window


@RED
@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-12, 1e12))
def test_rectification_does_not_care_about_units(grid, scale):
    wave, flux, ivar = star(grid)
    one = rectify(ragged([(wave, flux, ivar)]), grid)
    other = rectify(ragged([(wave, flux * scale, ivar / scale**2)]), grid)
    assert one.status[0] == other.status[0] == "ok"
    np.testing.assert_allclose(other.flux, one.flux, rtol=3e-5)
    np.testing.assert_allclose(other.noise, one.noise, rtol=1e-3)


@ALL
def test_a_row_does_not_depend_on_its_neighbours_or_on_the_size_of_the_batch(grid):
    rows = [star(grid, 30, seed) for seed in range(BLOCK + 7)]
    together = rectify(ragged(rows), grid)
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = rectify(ragged([rows[i] for i in order]), grid)
    np.testing.assert_array_equal(shuffled.flux, together.flux[order])
    for i in (0, BLOCK - 1, BLOCK, len(rows) - 1):
        alone = rectify(ragged([rows[i]]), grid)
        np.testing.assert_array_equal(alone.flux[0], together.flux[i])
        assert alone.noise[0] == together.noise[i]


@ALL
@pytest.mark.parametrize("snr", [10, 30, 100])
def test_noise_is_the_scatter_of_a_pixel_correlated_or_not(grid, snr):
    rows = [star(grid, snr, seed) for seed in range(60)]
    noise = rectify(ragged(rows), grid).noise
    # interpolation between pixels takes some of the noise of independent pixels away
    assert 0.75 < np.median(noise) * snr < 1.1


@ALL
def test_explicit_wavelengths_in_either_order_give_the_same_as_start_and_step(grid):
    wave, flux, ivar = star(grid)
    mask = np.zeros(len(flux))
    flux[500 if grid.size > 1000 else 150] = 0
    forward = rectify(ragged([(wave, flux, ivar, mask)]), grid)
    rows = [(wave, flux, ivar, mask), (wave[::-1], flux[::-1], ivar[::-1], mask)]
    explicit = rectify(ragged(rows, explicit=True), grid)
    np.testing.assert_allclose(explicit.flux, forward.flux[[0, 0]], atol=2e-4)
    backward = rectify(ragged([(wave[::-1], flux[::-1], ivar[::-1], mask)]), grid)
    np.testing.assert_allclose(backward.flux, forward.flux, atol=2e-4)
    assert forward.bad_fraction[0] == pytest.approx(1 / grid.size)


@RED
def test_lines_stay_where_they_are(grid):
    for centre in (6560.2, 6564.61, 6570.9):
        wave = native(grid, shift=np.random.default_rng(1).uniform())
        flux = blaze(wave) * (1 - 0.6 * gaussian(wave, centre, 8))
        result = rectify(ragged([(wave, flux, np.full(len(wave), 1e6))]), grid)
        depth = np.clip(1 - result.flux[0].astype(float), 0, None)
        near = np.abs(grid.wavelength - centre) < 8
        found = (depth * grid.wavelength)[near].sum() / depth[near].sum()
        assert found == pytest.approx(centre, abs=0.05)


def test_interpolation_keeps_an_unresolved_line():
    wave = native(LRS_R, shift=0.5)  # half a pixel: the worst case
    width = LRS_R.line_width * (wave[1] - wave[0])
    line = gaussian(wave, 6564.61, width)
    result = to_grid(ragged([(wave, 1 + line, np.full(len(wave), 1e4))]), LRS_R)
    truth = 1 + gaussian(LRS_R.wavelength, 6564.61, width)
    assert np.abs(result.flux[0] - truth).max() < 0.055  # a line between two pixels: 0.11


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_spikes_go_and_unresolved_emission_stays_medium_resolution(data):
    """Cosmic rays of one to four pixels; nebular lines of any strength at R = 7500."""
    seed = data.draw(st.integers(0, 1000))
    width = data.draw(st.integers(1, 4))
    place = data.draw(st.integers(300, 3000))
    height = data.draw(st.floats(0.5, 30))
    strength = data.draw(st.floats(0.2, 20))
    wave = native(MRS_R)
    line = 1 + strength * gaussian(wave, 6564.61 + data.draw(st.floats(-2, 2)), 6564.6 / 7500)
    flux = 1e3 * blaze(wave) * a_star(wave) * line
    flux *= 1 + correlated_noise(np.random.default_rng(seed), wave.shape) / 60
    ivar = (60 / (1e3 * blaze(wave))) ** 2
    spiked = flux.copy()
    spiked[place : place + width] += 1e3 * height
    clean = rectify(ragged([(wave, flux, ivar)]), MRS_R)
    result = rectify(ragged([(wave, spiked, ivar)]), MRS_R)
    assert clean.n_cosmic_rays[0] == 0
    if abs(wave[place] - 6564.6) > 5:  # on the line itself a weak spike may hide
        assert result.n_cosmic_rays[0] == 1
        np.testing.assert_allclose(result.flux, clean.flux, atol=0.12)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    strength=st.floats(0.2, 10),
    centre=st.floats(6558, 6570),
    spike=st.integers(80, 140),
    width=st.integers(1, 2),
)
def test_spikes_go_and_unresolved_emission_stays_low_resolution(
    seed, strength, centre, spike, width
):
    wave = native(LRS_R)
    line = 1 + strength * gaussian(wave, centre, 6564.6 / 1800)
    flux = 1e3 * blaze(wave) * line
    flux *= 1 + np.random.default_rng(seed).normal(size=wave.shape) / 60
    ivar = (60 / (1e3 * blaze(wave))) ** 2
    spiked = flux.copy()
    spiked[spike : spike + width] += 1e3
    clean = rectify(ragged([(wave, flux, ivar)]), LRS_R)
    result = rectify(ragged([(wave, spiked, ivar)]), LRS_R)
    assert clean.n_cosmic_rays[0] == 0
    assert result.n_cosmic_rays[0] == 1
    np.testing.assert_allclose(result.flux, clean.flux, atol=0.12)


@pytest.mark.parametrize(("width", "shape"), [(6, MEDIUM_RESOLUTION), (3, LOW_RESOLUTION)])
def test_opening_is_the_running_maximum_of_the_running_minimum(width, shape):
    assert shape.window == width
    flux = np.random.default_rng(3).normal(size=(4, 60))
    padded = np.pad(flux, ((0, 0), (width - 1, width - 1)), mode="edge")
    for row, opened in zip(padded, opening(flux, width), strict=True):
        low = [min(row[i : i + width]) for i in range(len(row) - width + 1)]
        expected = [max(low[i : i + width]) for i in range(len(low) - width + 1)]
        np.testing.assert_array_equal(opened, expected)


def test_only_measured_pixels_are_spikes():
    flux = np.ones((1, 100))
    flux[0, [30, 60]] = 50
    good = np.ones(flux.shape, dtype=bool)
    good[0, 30] = False
    marked = find_spikes(flux, np.full(flux.shape, 0.01), good, MEDIUM_RESOLUTION)
    assert np.flatnonzero(marked[0]).tolist() == [60]


def test_dead_pixels_and_what_rings_around_them_are_bridged():
    wave, flux, ivar = star(MRS_R, 200)
    truth = rectify(ragged([(wave, flux, ivar)]), MRS_R)
    mask = np.zeros(len(wave))
    dead = slice(1940, 1945)  # five zeros with a good-looking ivar near H-alpha, as in real data
    flux[dead] = 0
    flux[1937:1940] *= [0.9, 0.8, 0.7]
    flux[1945:1948] *= [1.2, 0.8, 0.95]
    mask[1936:1949] = 1
    result = rectify(ragged([(wave, flux, ivar, mask)]), MRS_R)
    assert np.abs(result.flux - truth.flux).max() < 0.04
    assert result.bad_fraction[0] * MRS_R.size == pytest.approx(13, abs=1)


def test_a_flag_alone_takes_nothing_away():
    wave, flux, ivar = star(MRS_R)
    mask = np.zeros(len(wave))
    mask[1800:1900] = 1
    plain = rectify(ragged([(wave, flux, ivar)]), MRS_R)
    flagged = rectify(ragged([(wave, flux, ivar, mask)]), MRS_R)
    np.testing.assert_array_equal(flagged.flux, plain.flux)


@RED
def test_the_peak_of_strong_emission_survives_where_the_pipeline_gave_it_no_weight(grid):
    wave = native(grid)
    flux = 1e3 * blaze(wave) * (1 + 2.4 * gaussian(wave, 6564.6, 9))
    ivar = (40 / flux) ** 2
    peak = np.abs(wave - 6564.6) < 8
    ivar[peak] = 0
    result = rectify(ragged([(wave, flux, ivar)]), grid)
    width, _ = equivalent_width(result.flux, result.noise, 6548, 6578, grid)
    assert width[0] == pytest.approx(-2.4 * 9 * np.sqrt(np.pi / np.log(2)) / 2, rel=0.02)
    inside = np.count_nonzero(np.abs(grid.wavelength - 6564.6) < 8)
    assert result.bad_fraction[0] * grid.size == pytest.approx(inside, abs=2)


@RED
def test_a_block_of_nonsense_without_weight_is_bridged(grid):
    wave, flux, ivar = star(grid, 100)
    truth = rectify(ragged([(wave, flux, ivar)]), grid)
    block = np.abs(wave - 6564.6) < 6
    ivar[block] = 0
    flux[block] = 5e4
    result = rectify(ragged([(wave, flux, ivar)]), grid)
    outside = np.abs(grid.wavelength - 6564.6) > 8
    np.testing.assert_allclose(result.flux[:, outside], truth.flux[:, outside], atol=0.02)
    assert result.flux.max() < 1.2


@ALL
def test_what_a_file_does_not_cover_is_continuum_and_counts_as_bad(grid):
    wave, flux, ivar = star(grid)
    keep = wave > grid.wavelength[grid.size // 10]
    result = rectify(ragged([(wave[keep], flux[keep], ivar[keep])]), grid)
    assert result.status[0] == "ok"
    assert result.bad_fraction[0] == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(result.flux[0, : grid.size // 10 - 1], 1)


CASES = {
    "all zero": (lambda f, v: (f * 0, v), "no good pixels"),
    "all NaN": (lambda f, v: (f * np.nan, v), "no good pixels"),
    "no weight": (lambda f, v: (f, v * 0), "no good pixels"),
    "negative weight": (lambda f, v: (f, -v), "no good pixels"),
    "infinite weight": (lambda f, v: (f, v + np.inf), "no good pixels"),
    "NaN weight": (lambda f, v: (f, v * np.nan), "no good pixels"),
    "negative flux": (lambda f, v: (-f, v), "no continuum"),
    "half dead": (
        lambda f, v: (np.where(np.arange(len(f)) < 0.6 * len(f), 0, f), v),
        "no good pixels",
    ),
    "infinite": (lambda f, v: (f * np.inf, v), "no good pixels"),
    "huge": (lambda f, v: (f * 1e38, v), None),
    "tiny": (lambda f, v: (f * 1e-38, v), None),
    "short": (lambda f, v: (f[:9], v[:9]), "no coverage"),
    "one pixel": (lambda f, v: (f[:1], v[:1]), "no coverage"),
    "empty": (lambda f, v: (f[:0], v[:0]), "no coverage"),
    "ivar short": (lambda f, v: (f, v[:-1]), "arrays differ in length"),
}


@ALL
@pytest.mark.parametrize("case", CASES)
def test_bad_spectra_get_a_status_and_leave_their_neighbours_alone(grid, case):
    change, expected = CASES[case]
    wave, flux, ivar = star(grid)
    bad_flux, bad_ivar = change(flux, ivar)
    good = rectify(ragged([(wave, flux, ivar)]), grid)
    with np.errstate(over="ignore"):
        three = np.concatenate([flux, bad_flux, flux]).astype(np.float32)
    n, m, k = len(flux), len(bad_flux), len(bad_ivar)
    start, step = np.log10(wave[0]), grid.step
    result = rectify(
        RaggedSpectra(
            flux=three,
            ivar=np.concatenate([ivar, bad_ivar, ivar]).astype(np.float32),
            or_mask=None,
            offsets=np.array([0, n, n + m, 2 * n + m]),
            log_wavelength_start=np.full(3, start),
            log_wavelength_step=np.full(3, step),
            ivar_offsets=np.array([0, n, n + k, 2 * n + k]),
        ),
        grid,
    )
    np.testing.assert_allclose(result.flux[[0, 2]], good.flux[[0, 0]], atol=2e-5)
    if expected:
        assert result.status[1] == expected
    if result.status[1] == "ok":
        assert np.isfinite(result.flux[1]).all()
    else:
        assert np.isnan(result.flux[1]).all()
        assert np.isnan(result.noise[1])


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=0, max_size=400
    ),
    start=st.floats(allow_nan=True, allow_infinity=True),
    step=st.floats(allow_nan=True, allow_infinity=True),
    explicit=st.booleans(),
)
def test_nothing_in_a_row_raises(values, start, step, explicit):
    array = np.array(values, dtype=np.float32)
    result = rectify(
        RaggedSpectra(
            flux=array,
            ivar=array[::-1],
            or_mask=None,
            offsets=np.array([0, len(array)]),
            log_wavelength_start=np.array([start]),
            log_wavelength_step=np.array([step]),
            wavelength=array if explicit else None,
        ),
        LRS_R,
    )
    assert (result.status[0] == "ok") == np.isfinite(result.flux).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), fraction=st.floats(0, 0.45))
def test_damaged_pixels_leave_a_finite_spectrum(seed, fraction):
    rng = np.random.default_rng(seed)
    wave, flux, ivar = star(LRS_R, 50, seed)
    hit = rng.random(len(flux)) < fraction
    flux[hit] = rng.choice([0, np.nan, np.inf, -np.inf, -1e30, 1e30], hit.sum())
    result = rectify(ragged([(wave, flux, ivar)]), LRS_R)
    if result.status[0] == "ok":
        assert np.isfinite(result.flux).all()
        assert np.isfinite(result.noise).all()
    elif fraction < 0.05:
        pytest.fail(f"a spectrum with {hit.mean():.0%} bad pixels was lost: {result.status[0]}")


def test_wrong_shapes_raise():
    with pytest.raises(ValueError, match="log_wavelength_start has shape"):
        RaggedSpectra(np.zeros(3), np.zeros(3), None, np.array([0, 3]), np.zeros(2), np.zeros(1))
    with pytest.raises(ValueError, match="leave its 3 values"):
        RaggedSpectra(np.zeros(3), np.zeros(3), None, np.array([0, 4]), np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match="grid mrs_r"):
        fit_continuum(np.ones((2, 7), np.float32), np.ones((2, 7), bool), MRS_R)


def test_no_rows_no_result():
    empty = np.zeros(0)
    result = rectify(RaggedSpectra(empty, empty, None, np.array([0]), empty, empty), MRS_B)
    assert result.flux.shape == (0, MRS_B.size)


def test_b_splines_agree_with_scipy():
    from scipy.interpolate import BSpline

    knots = np.linspace(-3 / 5, 1 + 3 / 5, 5 + 7)
    x = np.linspace(0.001, 0.999, 101)
    expected = BSpline.design_matrix(x, knots, 3).toarray()
    np.testing.assert_allclose(b_splines(x, 0, 1, 5), expected, atol=1e-12)


@ALL
def test_the_line_windows_are_left_out_of_the_fit(grid):
    left_out = ~design(grid).usable
    assert left_out.any() == (grid in {MRS_R, LRS_R})
    assert design(LRS_B).usable.all()


@pytest.mark.real_data
def test_h_alpha_of_real_stars_falls_at_its_vacuum_wavelength(real_data):
    from astropy.io import fits

    rows = []
    for path in sorted((real_data / "lamost" / "mrs").glob("*.fits.gz")):
        with fits.open(path) as hdus:
            data = hdus["COADD_R"].data
            flux, ivar = data["FLUX"].astype(float), data["IVAR"].astype(float)
            if np.median(flux * np.sqrt(ivar)) > 10:
                rows.append((10.0 ** data["LOGLAM"].astype(float), flux, ivar, data["ORMASK"]))
    assert rows
    result = rectify(ragged(rows), MRS_R)
    for flux in result.flux:
        core = (flux < (1 + flux.min()) / 2) & (np.abs(MRS_R.wavelength - 6564.6) < 6)
        # air would be 1.8 A lower; stars move by up to 2 A (100 km/s)
        assert np.median(MRS_R.wavelength[core]) == pytest.approx(6564.61, abs=1.2)
