"""Every layout gives the same arrays; headers are read as LAMOST means them."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from lamost_files import (
    B_START,
    LAYOUTS,
    LRS_PIXELS,
    LRS_START,
    MINUTES,
    MRS_PIXELS,
    Star,
    log_grid,
    lrs_image,
    lrs_old,
    mrs_rows,
)

from ingest.lamost import LamostFile, read_lamost
from ingest.lamost.headers import designation_from
from ingest.lamost.wavelength import TOLERANCE, grid_from_wavelength


def read(path: Path, **options: bool) -> LamostFile:
    _, result = read_lamost(path, **options)
    assert isinstance(result, LamostFile), result
    return result


def assert_same_spectra(one: LamostFile, other: LamostFile) -> None:
    assert [(s.arm, s.exposure) for s in one.spectra] == [
        (s.arm, s.exposure) for s in other.spectra
    ]
    for left, right in zip(one.spectra, other.spectra, strict=True):
        for name in ("flux", "ivar", "and_mask", "or_mask"):
            np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
        n = len(left.flux)
        shift = np.log10(left.grid.values(n) / right.grid.values(n))
        # a tenth of a pixel of MRS is 0.7 km/s; single precision allows 0.03 pixel
        assert np.abs(shift).max() < (3e-7 if left.arm != "L" else 3e-6)
        assert (left.grid.log_start is None) == (right.grid.log_start is None)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_is_found_from_the_content(layout: str, tmp_path: Path) -> None:
    # DATA_V says DR8 in all and the name says medium resolution
    path = LAYOUTS[layout](tmp_path / "med-58408-x_sp01-015.fits", Star())
    file = read(path)
    assert file.observation.layout == layout
    assert file.observation.survey == f"LAMOST-{layout[:3].upper()}"


@pytest.mark.parametrize(
    "layouts",
    [
        ("lrs-image-coefficients", "lrs-image-wavelength", "lrs-table"),
        ("mrs-rows", "mrs-arrays"),
    ],
)
def test_one_star_in_several_layouts_gives_the_same_arrays(
    layouts: tuple[str, ...], tmp_path: Path
) -> None:
    files = [read(LAYOUTS[name](tmp_path / f"{name}.fits", Star())) for name in layouts]
    for other in files[1:]:
        assert_same_spectra(files[0], other)
    if layouts[0].startswith("lrs"):
        assert {f.spectra[0].grid.log_start for f in files} == {LRS_START}
        assert {f.spectra[0].grid.log_step for f in files} == {1e-4}


def test_coefficients_that_were_rounded_yield_to_the_wavelengths(tmp_path: Path) -> None:
    path = lrs_image(tmp_path / "a.fits", Star())
    with fits.open(path, mode="update") as hdus:
        hdus[0].data[2] = log_grid(3.56823, 1e-4, LRS_PIXELS)  # COEFF0 says 3.5682
    assert read(path).spectra[0].grid.log_start == 3.56823


def test_arrays_are_those_that_were_written(tmp_path: Path) -> None:
    star = Star()
    file = read(mrs_rows(tmp_path / "a.fits", star))
    flux, ivar, and_mask, or_mask = star.spectrum(MRS_PIXELS, 1)
    coadd = file.spectra[0]
    np.testing.assert_array_equal(coadd.flux, flux)
    np.testing.assert_array_equal(coadd.ivar, ivar)
    np.testing.assert_array_equal(coadd.and_mask, and_mask)
    np.testing.assert_array_equal(coadd.or_mask, or_mask)
    assert coadd.grid.log_step == 1e-5
    assert coadd.grid.log_start == pytest.approx(B_START, abs=1.1e-7)
    good = (ivar > 0) & np.isfinite(flux)
    assert coadd.snr == pytest.approx(np.median(flux[good] * np.sqrt(ivar[good])), rel=1e-6)


def test_backward_exposures_are_turned_round(tmp_path: Path) -> None:
    star = Star()
    file = read(mrs_rows(tmp_path / "a.fits", star))
    red = next(s for s in file.spectra if s.arm == "R" and s.exposure == MINUTES[0])
    assert red.grid.log_start is None
    assert red.grid.wavelength is not None
    assert np.all(np.diff(red.grid.wavelength) > 0)
    np.testing.assert_array_equal(red.flux, star.spectrum(MRS_PIXELS, 4000 + MINUTES[0] % 997)[0])
    assert red.and_mask is None
    assert red.exposure_time == 1200


def test_single_exposures_can_be_left_out(tmp_path: Path) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star())
    with_, without = read(path), read(path, single_exposures=False)
    assert [(s.arm, s.exposure) for s in without.spectra] == [("B", 0), ("R", 0)]
    assert without.observation == with_.observation
    assert without.spectra[0].exposure_time == 2400


def test_the_time_is_that_of_mid_exposure(tmp_path: Path) -> None:
    # exposure 84107311 began at 20:31 Beijing time = 12:31 UTC on 2018-10-16 and took 20 minutes
    file = read(mrs_rows(tmp_path / "a.fits", Star()))
    first = next(s for s in file.spectra if s.exposure == MINUTES[0])
    assert first.mjd == pytest.approx(58407 + (12 * 60 + 31 + 10) / 1440)
    # the observation has two, 24 minutes apart; the header's DATE-OBS knows the first only
    assert file.observation.mjd == pytest.approx(58407 + (12 * 60 + 31 + 10 + 12) / 1440)
    assert file.observation.lmjd == 58408
    low = read(lrs_image(tmp_path / "b.fits", Star()))
    assert low.observation.mjd == pytest.approx(58407 + (12 * 60 + 41) / 1440)
    # a DATE-OBS that contradicts the night is not believed; the local times stand in
    extra = {
        "DATE-OBS": "2028-10-16T12:41:00",
        "DATE-BEG": "2018-10-16T20:31:00",
        "DATE-END": "2018-10-16T20:51:00",
    }
    odd = read(lrs_image(tmp_path / "c.fits", Star(extra=dict(extra))))
    assert odd.observation.mjd == pytest.approx(58407 + (12 * 60 + 41) / 1440)


def test_keywords_become_columns(tmp_path: Path) -> None:
    observation = read(lrs_image(tmp_path / "a.fits", Star())).observation
    assert observation.obsid == 681001015
    assert observation.release == "LAMOST DR8"
    assert observation.designation == "J230311.44+321335.5"
    assert observation.object_name == 'O\'Neill "x"; drop table'
    assert observation.object_type == "STAR"
    assert (observation.class_, observation.subclass) == ("STAR", "A7V")
    assert (observation.snr_b, observation.snr_r) == (40.0, 50.0)
    assert math.isnan(observation.magnitudes[0])
    assert observation.magnitudes[1] == 12.5
    assert len(observation.magnitudes) == 7
    assert observation.heliocentric_correction == -11.1


def test_signal_to_noise_is_measured_where_the_header_has_none(tmp_path: Path) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star())
    assert read(path).observation.snr_b == 44.5
    with fits.open(path, mode="update") as hdus:
        del hdus["COADD_B"].header["SNR"]
    file = read(path)
    assert file.observation.snr_b == pytest.approx(file.spectra[0].snr)
    path = lrs_image(tmp_path / "b.fits", Star())
    with fits.open(path, mode="update") as hdus:
        del hdus[0].header["SNRG"], hdus[0].header["SNRR"]
    assert read(path).observation.snr_b == pytest.approx(45, abs=15)


@pytest.mark.parametrize("obsid", [681001015, 681001015.0, "681001015", " 681001015 "])
def test_obsid_in_any_dress(obsid: int | float | str, tmp_path: Path) -> None:
    assert read(lrs_image(tmp_path / "a.fits", Star(obsid=obsid))).observation.obsid == 681001015


@pytest.mark.parametrize("obsid", [None, -28762, 0, 1.5, "NULL"])
def test_without_an_obsid_one_is_derived_from_night_plan_and_fibre(
    obsid: int | float | str | None, tmp_path: Path
) -> None:
    def derived(**changes: object) -> int:
        star = Star(obsid=obsid, **changes)  # type: ignore[arg-type]
        return read(lrs_image(tmp_path / "a.fits", star)).observation.obsid

    one = derived()
    assert -(2**63) <= one < -(2**48)
    assert derived() == one
    others = {derived(fibre=16), derived(lmjd=58409), derived(plan="X"), derived(spectrograph=2)}
    assert len(others | {one}) == 5


def test_the_simulated_survey_is_labelled(tmp_path: Path) -> None:
    path = mrs_rows(tmp_path / "a.fits", Star(extra={"SIMUL": True}))
    assert read(path).observation.survey == "SIM-MRS"


@given(ra=st.floats(0, 360), dec=st.floats(-90, 90))
def test_designations_are_truncated_never_rounded(ra: float, dec: float) -> None:
    name = designation_from(ra, dec)
    hours = int(name[1:3]) * 3600 + int(name[3:5]) * 60 + float(name[5:10])
    degrees = int(name[11:13]) * 3600 + int(name[13:15]) * 60 + float(name[15:19])
    assert int(name[3:5]) < 60
    assert float(name[5:10]) < 60
    assert -1e-5 < (ra % 360) * 240 - hours < 0.01 + 1e-5 or hours == 0
    assert -1e-5 < abs(dec) * 3600 - degrees < 0.1 + 1e-5
    assert (name[10] == "-") == (dec < 0)


def test_a_missing_designation_is_built(tmp_path: Path) -> None:
    file = read(lrs_old(tmp_path / "a.fits", Star(extra={"DESIG": "unknown"})))
    assert file.observation.designation == "J230311.44+321335.5"


@given(
    start=st.floats(3.5, 3.8),
    step=st.sampled_from([1e-4, 1e-5, 2e-5]),
    n=st.integers(100, 4200),
    single=st.booleans(),
)
def test_log_linear_grids_are_told_by_two_numbers(
    start: float, step: float, n: int, single: bool
) -> None:
    wavelength = log_grid(start, step, n)
    if single:
        wavelength = wavelength.astype(np.float32)
    grid = grid_from_wavelength(wavelength)
    assert grid.log_step == step
    shift = np.abs(np.log10(grid.values(n) / wavelength)) / step
    assert shift.max() < 0.04


@given(bend=st.floats(0.3, 50), n=st.integers(500, 4000))
def test_a_grid_that_is_not_log_linear_is_kept_pixel_by_pixel(bend: float, n: int) -> None:
    pixel = np.arange(n)
    wavelength = 10 ** (3.69 + 1e-5 * (pixel + bend * 4 * (pixel / n) * (1 - pixel / n)))
    grid = grid_from_wavelength(wavelength)
    found = grid.values(n)
    assert np.abs(np.log10(found / wavelength)).max() < 1e-5 * TOLERANCE * 1.1
    if bend > 0.5:
        assert grid.wavelength is not None


def test_gzip_is_found_from_the_bytes(tmp_path: Path) -> None:
    plain = lrs_image(tmp_path / "a.fits", Star())
    packed = tmp_path / "b.fits"  # some servers pack, some unpack on the way
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    unpacked = tmp_path / "c.fits.gz"
    unpacked.write_bytes(plain.read_bytes())
    for path in (packed, unpacked):
        assert_same_spectra(read(plain), read(path))


def noise_only(flux: np.ndarray, ivar: np.ndarray) -> None:
    flux[:] = np.random.default_rng(1).normal(0, 20, len(flux))


def all_negative(flux: np.ndarray, ivar: np.ndarray) -> None:
    flux[:] = -np.abs(flux) - 1


def some_nan_and_inf(flux: np.ndarray, ivar: np.ndarray) -> None:
    flux[100:200] = np.nan
    flux[300] = np.inf
    ivar[400:450] = -1.0
    ivar[460] = np.nan


@pytest.mark.parametrize("spoil", [noise_only, all_negative, some_nan_and_inf])
def test_noise_is_no_fault(spoil: Callable[[np.ndarray, np.ndarray], None], tmp_path: Path) -> None:
    path = lrs_image(tmp_path / "a.fits", Star())
    with fits.open(path, mode="update") as hdus:
        spoil(hdus[0].data[0], hdus[0].data[1])
        expected = hdus[0].data[0].copy()
    spectrum = read(path).spectra[0]
    np.testing.assert_array_equal(spectrum.flux, expected)
    assert len(spectrum.flux) == LRS_PIXELS
    assert spectrum.snr is not None
