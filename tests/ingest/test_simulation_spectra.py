from dataclasses import fields

import numpy as np
import pytest
from astropy.io import fits

from ingest.lamost.reader import read_lamost
from ingest.simulation.disc import at_time, emission_lines, kernels, peak_separation
from ingest.simulation.fits_files import write_visit
from ingest.simulation.instrument import coadd_mrs
from ingest.simulation.lines import GRIDS, H_ALPHA
from ingest.simulation.model import Stars, Visits
from ingest.simulation.photosphere import absorption, broaden, rotation_transform
from ingest.simulation.profiles import PROFILES
from ingest.simulation.spectra import synthesise, velocities
from ingest.simulation.statistics import compare, measure

LAYOUTS = ["mrs_rows", "mrs_exposures", "lrs_image_old", "lrs_image", "lrs_table"]
_STAR = {
    "designation": "J030045.60-002500.8", "kind": "B", "spectral_type": "B5V", "cluster": "",
    "ra": 45.19, "dec": -0.416899, "teff": 15000.0, "logg": 4.0, "m_h": 0.0, "vsini": 50.0,
    "rv": 0.0, "ebv": 0.0, "emission_ew": 0.0, "inclination": 60.0, "disc_radius": 0.0,
    "disc_v_over_r": 0.0, "disc_rotation": 450.0, "p_cygni": False, "nebular": 0.0,
    "companion_teff": np.nan, "companion_light": 0.0, "companion_amplitude": 0.0,
    "period": np.nan, "phase0": 0.0, "is_be": False, "is_runaway": False,
}  # fmt: skip


def make_stars(n, **columns):
    columns = _STAR | {"variation": np.full((n, 8), 0.5)} | columns
    arrays = {}
    for field in fields(Stars):
        value = np.asarray(columns.get(field.name, 10.0))
        arrays[field.name] = value if value.ndim else np.full(n, value)
    return Stars(**arrays)


def make_visits(n, layout="mrs_rows", snr=100.0, first_seed=5):
    resolution = layout[:3]
    whole = np.arange(n)
    return Visits(
        star=whole, obsid=800_000_000 + whole, resolution=np.full(n, resolution),
        mjd=np.full(n, 58270.65), lmjd=np.full(n, 58270), plan_id=np.full(n, "SIM0001"),
        spectrograph=np.full(n, 3), fibre=1 + whole, snr_b=np.full(n, snr), snr_r=np.full(n, snr),
        layout=np.full(n, layout), seed=(whole + first_seed).astype(np.uint64),
    )  # fmt: skip


def width(wavelength, depth, low, high):
    part = (wavelength > low) & (wavelength < high)
    return np.sum(depth[..., part] * np.gradient(wavelength)[part], axis=-1)


def photospheres(teff, name="mrs_r", logg=4.0):
    teff = np.array(teff, dtype=float)
    n = len(teff)
    return absorption(teff, np.full(n, logg), np.zeros(n), np.full((n, 8), 0.5), name)


def test_rotation_keeps_the_equivalent_width_and_makes_lines_shallow():
    grid = GRIDS["mrs_r"]
    depth = photospheres([9500.0] * 4)
    turned = broaden(depth, np.array([0.0, 60.0, 200.0, 350.0]), grid)
    before = width(grid.wavelength, depth, 6480, 6640)
    after = width(grid.wavelength, turned, 6480, 6640)
    assert after == pytest.approx(before, rel=0.01)
    core = turned.max(axis=1)
    assert np.all(np.diff(core) < 0)


def test_rotational_profile_is_the_textbook_one():
    grid = GRIDS["mrs_r"]
    vsini, e = 300.0, 0.6
    ours = np.fft.irfft(rotation_transform(np.array([vsini]), grid)[0], grid.n_pixels)
    y = np.arange(-43, 44) * grid.velocity_step / vsini
    inside = 1.0 - y**2  # Gray 2005, eq. 18.14
    textbook = 2.0 * (1.0 - e) * np.sqrt(inside) + 0.5 * np.pi * e * inside
    textbook *= grid.velocity_step / vsini / (np.pi * (1.0 - e / 3.0))
    assert ours[np.arange(-43, 44)][4:-4] == pytest.approx(textbook[4:-4], abs=3e-4)


def test_halpha_is_strongest_near_a0_and_weak_in_cool_and_in_hot_stars():
    teff = [4000.0, 5800.0, 7500.0, 9500.0, 13000.0, 20000.0, 30000.0]
    found = width(GRIDS["mrs_r"].wavelength, photospheres(teff), 6548, 6578)
    assert np.all(np.diff(found[:4]) > 0)
    assert np.all(np.diff(found[3:]) < 0)
    assert 8.5 < found[3] < 11.5
    assert 2.0 < found[6] < 4.0
    assert 1.0 < found[1] < 3.5


def test_halpha_of_hot_stars_weakens_with_luminosity():
    found = [
        width(GRIDS["mrs_r"].wavelength, photospheres([12000.0], logg=logg), 6548, 6578)[0]
        for logg in (2.0, 3.0, 4.0)
    ]
    assert found[0] < found[1] < found[2]


def test_magnesium_tells_hot_from_cool_stars():
    grid = GRIDS["mrs_b"]
    hot, warm, cool = width(
        grid.wavelength, photospheres([15000.0, 6200.0, 4300.0], "mrs_b"), 5160, 5193
    )
    assert hot < 1.0 < warm < 5.0 < cool


@pytest.mark.parametrize("inclination", [25.0, 50.0, 70.0])
@pytest.mark.parametrize("radius", [4.0, 9.0, 20.0])
def test_peaks_of_a_disc_are_apart_by_twice_the_speed_of_its_edge(radius, inclination):
    grid = GRIDS["mrs_r"]
    stars = make_stars(1, emission_ew=10.0, disc_radius=radius, inclination=inclination)
    row = np.roll(kernels(stars, grid)[0], grid.n_pixels // 2)
    velocity = (np.arange(grid.n_pixels) - grid.n_pixels // 2) * grid.velocity_step
    blue, red = row[velocity < 0], row[velocity > 0]
    found = velocity[velocity > 0][np.argmax(red)] - velocity[velocity < 0][np.argmax(blue)]
    expected = peak_separation(np.array([450.0]), np.array([radius]), np.array([inclination]))[0]
    assert found == pytest.approx(expected, abs=0.06 * expected + 4 * grid.velocity_step)


def test_positive_asymmetry_means_a_stronger_violet_peak():
    grid = GRIDS["mrs_r"]
    half = grid.n_pixels // 2
    stars = make_stars(1, emission_ew=10.0, disc_radius=8.0, disc_v_over_r=0.4)
    row = kernels(stars, grid)[0]
    assert row[half:].max() > 1.3 * row[:half].max()


@pytest.mark.parametrize(
    "kind",
    [
        {"disc_radius": 6.0},
        {"disc_radius": 6.0, "inclination": 88.0},
        {"disc_radius": 6.0, "inclination": 5.0, "disc_v_over_r": 0.3},
        {"p_cygni": True},
        {},
    ],
    ids=["disc", "shell", "pole-on", "P Cygni", "nebula"],
)
def test_emission_has_the_width_that_was_asked_for(kind):
    # with and without: the noise is the same and drops out
    grid_width = {}
    for strength in (0.0, 8.0):
        stars = make_stars(1, emission_ew=strength, **kind)
        arm = synthesise(stars, make_visits(1, snr=1000.0), np.array([0]))[0].arms[1]
        wavelength, flux = arm.wavelength, arm.flux.astype(float)
        beside = (np.abs(wavelength - H_ALPHA) < 75) & (np.abs(wavelength - H_ALPHA) > 55)
        level = np.polyval(np.polyfit(wavelength[beside], flux[beside], 2), wavelength)
        grid_width[strength] = width(wavelength, flux / level, H_ALPHA - 50, H_ALPHA + 50)
    assert grid_width[8.0] - grid_width[0.0] == pytest.approx(8.0, abs=0.35)


def test_a_shell_lies_below_the_photosphere():
    grid = GRIDS["mrs_r"]
    stars = make_stars(1, emission_ew=4.0, disc_radius=6.0, inclination=89.0)
    permitted, _ = emission_lines(stars, grid)
    row = np.fft.irfft(np.fft.rfft(permitted[0]) * np.fft.rfft(kernels(stars, grid)[0]))
    assert row[round(float(grid.pixel(H_ALPHA)))] < -0.1
    assert row.max() > 0.2


def shown(**columns):
    """What a visit of a star shows, with all its discs' numbers in the middle."""
    stars = make_stars(1, **columns)
    return synthesise(stars, make_visits(1, snr=80.0), np.array([0]))[0]


@pytest.mark.parametrize(
    ("columns", "profile"),
    [
        ({}, "none"),
        ({"emission_ew": 15.0, "disc_radius": 6.0, "inclination": 60.0}, "symmetric double peak"),
        (
            {"emission_ew": 15.0, "disc_radius": 6.0, "disc_v_over_r": 0.4},
            "asymmetric double peak",
        ),
        ({"emission_ew": 40.0, "disc_radius": 20.0, "inclination": 10.0}, "single peak"),
        ({"emission_ew": 8.0, "disc_radius": 5.0, "inclination": 89.0}, "shell in emission"),
        ({"emission_ew": 0.5, "disc_radius": 5.0, "inclination": 89.0}, "shell in absorption"),
        (
            {"emission_ew": 1.0, "disc_radius": 9.0, "inclination": 3.0, "teff": 11000.0},
            "peak in absorption",
        ),
        ({"emission_ew": 2.0, "p_cygni": True, "teff": 18000.0, "logg": 2.5}, "P Cygni"),
        ({"emission_ew": 4.0, "nebular": 1.0}, "nebular"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_profiles_are_named_after_what_they_look_like(columns, profile):
    assert PROFILES[shown(**columns).profile] == profile


def test_emission_stands_out_more_the_stronger_it_is_and_the_better_the_spectrum():
    disc = {"disc_radius": 6.0}
    found = [shown(emission_ew=width, **disc) for width in (0.0, 0.3, 3.0, 30.0)]
    significance = [item.emission_significance for item in found]
    assert significance[0] == 0.0
    assert np.all(np.diff(significance) > 0)
    assert found[2].emission_peak == pytest.approx(10.0 * found[1].emission_peak, rel=0.3)
    stars = make_stars(1, emission_ew=3.0, **disc)
    poor = synthesise(stars, make_visits(1, snr=8.0), np.array([0]))[0]
    # ten times the noise: a tenth of the significance, whatever the noise of this visit is
    assert poor.emission_significance == pytest.approx(significance[2] / 10.0, rel=0.2)


def test_half_of_the_discs_are_steady_and_the_others_change_slowly():
    n = 400
    variation = np.random.default_rng(4).random((n, 8))
    stars = make_stars(n, emission_ew=10.0, disc_radius=6.0, disc_v_over_r=0.3, variation=variation)
    days = [0.0, 1.0, 400.0, 1500.0]
    strength = np.array([at_time(stars, np.full(n, 58000.0 + day)).emission_ew for day in days])
    steady = np.all(strength == 10.0, axis=0)
    assert 0.4 < steady.mean() < 0.6
    assert strength.min() > 5.9
    assert strength.max() < 14.1
    assert np.abs(strength[1] / strength[0] - 1.0).max() < 0.01  # overnight
    assert np.abs(strength[3] / strength[0] - 1.0).max() > 0.3
    violet = [at_time(stars, np.full(n, 58000.0 + day)).disc_v_over_r for day in days]
    assert violet[0] == pytest.approx(0.3)
    assert (violet[3] < 0).mean() > 0.3  # the other peak is the stronger one by then


def test_a_nebula_does_not_change():
    stars = make_stars(5, emission_ew=5.0, nebular=1.0, variation=np.full((5, 8), 0.9))
    assert at_time(stars, np.full(5, 59000.0)).emission_ew == pytest.approx(5.0)


def test_components_of_a_binary_move_against_each_other():
    stars = make_stars(
        2, rv=30.0, companion_light=0.4, companion_amplitude=80.0, period=10.0, phase0=0.0
    )
    first, second = velocities(stars, np.array([58002.5, 58007.5]))
    assert first == pytest.approx([110.0, -50.0])
    assert second[0] < 30.0 - 80.0
    assert second[1] > 30.0 + 80.0


@pytest.mark.parametrize("snr", [0.5, 20.0, 150.0])
@pytest.mark.parametrize("layout", ["mrs_rows", "lrs_table"])
def test_signal_to_noise_is_as_ordered(layout, snr):
    stars, visits = make_stars(4), make_visits(4, layout, snr)
    for spectra in synthesise(stars, visits, np.arange(4)):
        arm = spectra.arms[-1]
        part = slice(None)
        if layout == "lrs_table":
            part = (arm.wavelength > 6600) & (arm.wavelength < 6800)
        found = np.median(arm.flux[part] * np.sqrt(arm.ivar[part]))
        assert found == pytest.approx(snr, abs=0.06 * snr + 0.4)


def test_noise_of_a_coadd_is_less_than_ivar_says_and_its_neighbours_are_tied():
    rng = np.random.default_rng(3)
    flat = np.ones(4100, dtype=np.float32)
    scatter, tied = [], []
    for _ in range(20):
        arm = coadd_mrs("B", 3.69, flat, (15000.0, 0.0), 50.0, (1, 1), rng)
        good = (arm.ivar > 0) & (arm.or_mask == 0) & (arm.flux > 0)
        noise = (arm.flux - np.convolve(arm.flux, np.ones(25) / 25, "same")) * np.sqrt(arm.ivar)
        noise = np.where(good & (np.abs(noise) < 4), noise, 0.0)[30:-60]
        scatter.append(noise.std())
        tied.append(np.corrcoef(noise[1:], noise[:-1])[0, 1])
    assert 0.5 < np.median(scatter) < 1.0
    assert 0.2 < np.median(tied) < 0.75


def test_a_visit_looks_the_same_in_whatever_block_it_is_made():
    n = 70
    rng = np.random.default_rng(1)
    stars = make_stars(
        n, teff=rng.uniform(4000, 30000, n), variation=rng.random((n, 8)), ebv=0.3,
        emission_ew=np.where(np.arange(n) % 3 == 0, 10.0, 0.0), disc_radius=5.0,
        companion_light=np.where(np.arange(n) % 4 == 0, 0.3, 0.0), companion_teff=8000.0,
        companion_amplitude=50.0, period=3.0,
    )  # fmt: skip
    for layout in ("mrs_exposures", "lrs_image"):
        visits = make_visits(n, layout)
        whole = synthesise(stars, visits, np.arange(n))
        for rows in ([69, 3, 36], [12]):
            for spectra in synthesise(stars, visits, np.array(rows)):
                other = whole[spectra.visit]
                assert len(spectra.arms) == len(other.arms) == (8 if layout[0] == "m" else 1)
                for one, two in zip(spectra.arms, other.arms, strict=True):
                    np.testing.assert_array_equal(one.flux, two.flux)
                    np.testing.assert_array_equal(one.ivar, two.ivar)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_are_sound_fits_and_the_loader_reads_back_what_went_in(layout, tmp_path):
    n = 6
    stars, visits = make_stars(n, teff=np.linspace(5000, 30000, n)), make_visits(n, layout)
    checked = 0
    for spectra in synthesise(stars, visits, np.arange(n)):
        path = write_visit(tmp_path, stars, visits, spectra)
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            assert hdus[0].header["SIMUL"] is True
            checked += "CHECKSUM" in hdus[0].header
        _, file = read_lamost(path)
        seen = file.observation
        assert seen.survey == "SIM-" + layout[:3].upper()
        assert seen.release == (None if layout == "lrs_image_old" else "SIM DR1")
        assert seen.designation == stars.designation[0]
        if layout != "lrs_image_old":
            assert seen.obsid == visits.obsid[spectra.visit]
        else:
            assert seen.obsid < 0
        assert seen.mjd == pytest.approx(58270.65, abs=0.001)
        assert seen.fibre == visits.fibre[spectra.visit]
        assert len(file.spectra) == len(spectra.arms)
        read = {(item.arm, item.exposure): item for item in file.spectra}
        for arm in spectra.arms:
            item = read[arm.arm, arm.exposure]
            np.testing.assert_array_equal(item.flux, arm.flux)
            np.testing.assert_array_equal(item.ivar, arm.ivar)
            np.testing.assert_array_equal(item.or_mask, arm.or_mask)
            wavelength = item.grid.values(len(arm.flux))
            assert np.abs(wavelength / arm.wavelength - 1.0).max() < 1e-6
            if isinstance(arm.log_wavelength, tuple):
                assert item.grid.log_start == pytest.approx(arm.log_wavelength[0], abs=1e-9)
    assert 0 < checked < n
    assert len(list(tmp_path.iterdir())) == n


def test_an_unknown_layout_is_refused(tmp_path):
    stars, visits = make_stars(1), make_visits(1)
    (spectra,) = synthesise(stars, visits, np.array([0]))
    visits.layout[0] = "mrs_scroll"
    with pytest.raises(ValueError, match="unknown layout"):
        write_visit(tmp_path, stars, visits, spectra)


@pytest.mark.real_data
def test_simulated_files_have_the_numbers_of_real_ones(real_data, tmp_path):
    n = 24
    rng = np.random.default_rng(2)
    for layout in ("mrs_exposures", "lrs_image"):
        stars = make_stars(
            n, teff=rng.uniform(4500, 10000, n), variation=rng.random((n, 8)), ebv=0.1
        )
        for spectra in synthesise(stars, visits := make_visits(n, layout, 70.0), np.arange(n)):
            write_visit(tmp_path, stars, visits, spectra)
    table = compare(tmp_path.iterdir(), (real_data / "lamost").rglob("*.fits.gz"))
    verdicts = [line.split()[-1] for line in table.splitlines()[1:]]
    verdicts = [verdict for verdict in verdicts if verdict in ("agree", "differs")]
    assert verdicts.count("agree") > 0.8 * len(verdicts), table


def test_measures_know_white_noise(tmp_path):
    stars, visits = make_stars(1, teff=12000.0), make_visits(1, "mrs_exposures", 30.0)
    (spectra,) = synthesise(stars, visits, np.array([0]))
    _, file = read_lamost(write_visit(tmp_path, stars, visits, spectra))
    found = [measure(item) for item in file.spectra if item.exposure]
    assert all(0.5 < item["scatter"] < 1.1 for item in found)
    assert all(item["pixels"] == 4136 for item in found)
    assert all(abs(item["neighbours"]) < 0.25 for item in found)
