"""OB spectra on their common grid: at rest, over a pseudo-continuum, blind to bad pixels."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra_maker import gaussian, ragged

from ml.ob_spectra.continuum import KERNEL_WIDTH, observe, pseudo_continuum
from ml.ob_spectra.grid import CLEAN, CONTINUUM_EXCLUDED, INNER, OB, WIDE, inside
from ml.spectra.ragged import SPEED_OF_LIGHT, at_rest

LINES = (4341.7, 4862.7, 6564.6)
NATIVE = 10 ** (3.5682 + 1e-4 * np.arange(3900))  # a LAMOST file: 3700 to 9080 A


def star(wavelength, halpha=-0.4):
    """A slope that no calibration takes away, and Balmer lines."""
    slope = 2e-16 * (wavelength / 5000) ** -2.5
    lines = [(line, halpha if line == LINES[-1] else -0.4) for line in LINES]
    return slope * (1 + sum(depth * gaussian(wavelength, line, 12) for line, depth in lines))


def seen(flux, velocity=0.0, ivar=None, wavelength=NATIVE):
    ivar = np.full(len(flux), (50 / flux.mean()) ** 2) if ivar is None else ivar
    return observe(ragged([(wavelength, flux, ivar)]), velocity)


def brute_force(flux, good):
    """The kernel's mean, pixel by pixel."""
    counts = good & ~inside(CONTINUUM_EXCLUDED, WIDE)
    wave, width = WIDE.wavelength, np.diff(WIDE.edges)
    out = []
    for centre in OB.wavelength[::200]:
        kernel = np.exp(-(((wave - centre) / KERNEL_WIDTH) ** 2)) * width * counts
        out.append((kernel * np.where(counts, flux, 0)).sum() / kernel.sum())
    return np.array(out)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.0, 0.3))
def test_the_pseudo_continuum_is_the_kernels_mean_over_good_pixels(seed, bad_share):
    rng = np.random.default_rng(seed)
    flux = rng.uniform(0.5, 1.5, (1, WIDE.size)).astype(np.float32)
    good = rng.random((1, WIDE.size)) >= bad_share
    flux[~good] = np.nan  # what lies in a bad pixel does not matter
    found = pseudo_continuum(flux, good)[0, ::200]
    # the kernel is cut where 2e-5 of its weight is left
    np.testing.assert_allclose(found, brute_force(flux[0], good[0]), rtol=2e-4)


def test_a_constant_spectrum_becomes_one():
    found = seen(np.full(len(NATIVE), 3e-17))
    assert found.status[0] == "ok"
    np.testing.assert_allclose(found.flux, 1, atol=1e-5)


@settings(max_examples=15)
@given(st.floats(-400, 400), st.floats(1e-1, 1e19))
def test_the_quotient_is_at_rest_and_free_of_the_unit(velocity, unit):
    at_zero = seen(star(NATIVE))
    moved = seen(unit * star(NATIVE / (1 + velocity / SPEED_OF_LIGHT)), velocity)
    # two interpolations of the same lines
    np.testing.assert_allclose(moved.flux, at_zero.flux, atol=0.004)
    np.testing.assert_allclose(moved.snr, at_zero.snr, rtol=0.02)


def test_the_error_goes_with_the_flux():
    flux = star(NATIVE)
    found = seen(flux)
    there = np.interp(OB.wavelength, NATIVE, flux)
    expected = found.flux[0] * 50 / flux.mean() * there / found.flux[0]
    np.testing.assert_allclose(found.flux[0] * np.sqrt(found.ivar[0]), expected, rtol=0.02)


def test_emission_in_halpha_moves_no_pixel_outside_the_line():
    plain, emission = (seen(star(NATIVE, depth)).flux[0] for depth in (-0.4, 5.0))
    aside = np.abs(OB.wavelength - 6564.6) > 35
    np.testing.assert_allclose(emission[aside], plain[aside], atol=1e-3)
    assert emission.max() > 5


def test_dead_pixels_have_no_weight_and_leave_no_trace():
    flux = star(NATIVE)
    ivar = np.full(len(flux), (50 / flux.mean()) ** 2)
    sound = seen(flux, ivar=ivar.copy())
    dead = slice(1500, 1512)
    flux[dead], ivar[dead] = 0, 0
    found = seen(flux, ivar=ivar)
    holes = found.ivar[0] == 0
    assert 10 <= holes.sum() <= 14
    np.testing.assert_allclose(found.flux[0, ~holes], sound.flux[0, ~holes], atol=2e-3)
    assert found.bad_fraction[0] == pytest.approx(holes.sum() / OB.size)


def test_bad_spectra_end_in_their_status_and_spoil_no_other():
    good = (NATIVE, star(NATIVE), np.full(len(NATIVE), 1e34))
    zero = (NATIVE, np.zeros(len(NATIVE)), np.zeros(len(NATIVE)))
    negative = (NATIVE, -star(NATIVE), np.full(len(NATIVE), 1e34))
    short = (NATIVE[:200], star(NATIVE)[:200], np.full(200, 1e34))
    empty = (NATIVE[:2], star(NATIVE)[:0], np.zeros(0))
    found = observe(ragged([good, zero, negative, short, empty, good]), [0.0, 0, 0, 0, 0, np.nan])
    assert found.status[0] == found.status[5] == "ok"
    assert all(status != "ok" for status in found.status[1:5])
    assert np.isnan(found.flux[1:5]).all()
    assert (found.ivar[1:5] == 0).all()
    np.testing.assert_array_equal(found.flux[0], found.flux[5])  # an unknown velocity counts as 0


def test_explicit_wavelengths_give_the_same():
    rows = [(NATIVE, star(NATIVE), np.full(len(NATIVE), 1e34))] * 2
    by_step, by_pixel = observe(ragged(rows), 30.0), observe(ragged(rows, explicit=True), 30.0)
    np.testing.assert_allclose(by_pixel.flux, by_step.flux, atol=2e-4)


def test_at_rest_does_not_touch_what_it_is_given():
    spectra = ragged([(NATIVE, star(NATIVE), np.ones(len(NATIVE)))], explicit=True)
    before = spectra.wavelength.copy()
    moved = at_rest(spectra, [300.0])
    np.testing.assert_array_equal(spectra.wavelength, before)
    np.testing.assert_allclose(moved.wavelength * (1 + 300 / SPEED_OF_LIGHT), before, rtol=1e-12)


def test_the_grid_lies_inside_its_margins():
    np.testing.assert_allclose(WIDE.log_wavelength[INNER], OB.log_wavelength, rtol=1e-12)


def test_clean_windows_hold_no_line_of_a_disc_or_a_nebula():
    # H, He I 5876, Fe II, [O III], [N II], [S II], O I, the Paschen series; vacuum
    lines = (3971.2, 4102.9, 4341.7, 4862.7, 6564.6, 5877.2, 4925.3, 5019.8, 5170.5, 5318.1)
    lines += (4960.3, 5008.2, 6549.9, 6585.3, 6718.3, 6732.7, 7776.0, 8448.7, 8600.8, 8752.9)
    assert not inside(CLEAN)[np.searchsorted(OB.wavelength, lines)].any()


@pytest.mark.real_data
def test_real_spectra_go_onto_the_grid(real_data):
    from astropy.io import fits

    folder = real_data / "lamost"
    with (folder / "manifest.csv").open() as lines:
        labelled = [row for row in csv.DictReader(lines) if row["halpha"]]
    rows = []
    for entry in labelled:
        with fits.open(folder / entry["file"]) as hdus:
            flux, ivar = hdus[0].data[:2].astype(float)
            header = hdus[0].header
        rows.append(
            (10 ** (header["COEFF0"] + header["COEFF1"] * np.arange(len(flux))), flux, ivar)
        )
    found = observe(ragged(rows), np.nan)
    assert set(found.status) == {"ok"}
    # whatever the slope of the flux, the quotient lies about one
    np.testing.assert_allclose(np.median(found.flux, axis=1), 1, atol=0.03)
    assert (found.bad_fraction < 0.2).all()
    line = np.abs(OB.wavelength - 6564.6) < 4
    peak = found.flux[:, line].max(axis=1)
    emission = np.array([entry["halpha"] == "emission" for entry in labelled])
    assert peak[emission].min() > peak[~emission].max()
