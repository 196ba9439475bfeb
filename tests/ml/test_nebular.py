"""Nebular lines: widths against the local continuum, errors as large as the scatter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra_maker import correlated_noise, gaussian

from ml.spectra.grids import GRIDS, LRS_B, LRS_R, MRS_B, MRS_R
from ml.spectra.nebular import LIGHT, LINES, lines_of, measure_nebular_lines

AREA = np.sqrt(np.pi / (4 * np.log(2)))  # of a Gaussian of unit height and FWHM


def unresolved(grid, line):
    """FWHM of an unresolved line, A."""
    return LINES[line] / {1e-5: 7500, 1e-4: 1800}[grid.step]


def emission(grid, line, height=0.3, velocity=0.0):
    fwhm = unresolved(grid, line)
    return 1 + height * gaussian(grid.wavelength, LINES[line] * (1 + velocity / LIGHT), fwhm)


def test_each_arm_holds_its_lines():
    assert set(lines_of(MRS_B)) == set(lines_of(LRS_B)) == {"oiii_4960", "oiii_5008"}
    assert set(lines_of(MRS_R)) == set(lines_of(LRS_R)) == set(LINES) - set(lines_of(MRS_B))


@settings(max_examples=40, deadline=None)
@given(
    grid=st.sampled_from(list(GRIDS.values())),
    height=st.floats(-0.5, 2),
    velocity=st.floats(-60, 60),
    data=st.data(),
)
def test_a_lines_width_is_its_area(grid, height, velocity, data):
    line = data.draw(st.sampled_from(list(lines_of(grid))))
    found = measure_nebular_lines(emission(grid, line, height, velocity)[None], 0.01, grid)
    area = height * unresolved(grid, line) * AREA
    assert found[f"ew_{line}"][0] == pytest.approx(-area, rel=0.1, abs=1e-9)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_a_sloping_continuum_has_no_lines(grid):
    slope = 0.7 + 0.6 * (grid.wavelength - grid.wavelength[0]) / 400
    found = measure_nebular_lines(slope[None], 0.01, grid)
    for line in lines_of(grid):
        assert abs(found[f"ew_{line}"][0]) < 1e-3, line


def test_wings_of_halpha_are_no_nebula():
    """A Be star's emission, 1.0 high and 350 km/s wide, ends before [N II]."""
    flux = 1 + gaussian(MRS_R.wavelength, 6564.61, 350 * 6564.61 / LIGHT)
    found = measure_nebular_lines(flux[None], 0.02, MRS_R)
    for line in ("nii_6550", "nii_6585", "sii_6718"):
        assert abs(found[f"ew_{line}"][0]) < found[f"ew_{line}_error"][0], line


@pytest.mark.parametrize("kernel", [(1,), (1, 2, 1)])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_errors_are_as_large_as_the_scatter(grid, kernel):
    rng = np.random.default_rng(4)
    noise = 0.02 * correlated_noise(rng, (600, grid.size), kernel)
    found = measure_nebular_lines(1 + noise, np.full(600, 0.02), grid)
    for line in lines_of(grid):
        pull = found[f"ew_{line}"] / found[f"ew_{line}_error"]
        assert np.std(pull) == pytest.approx(1, abs=0.2), line
        assert abs(np.mean(pull)) < 0.2, line


def test_what_cannot_be_measured_is_nan_and_spoils_nothing():
    flux = np.ones((3, MRS_R.size), dtype=np.float32)
    flux[1, np.searchsorted(MRS_R.wavelength, 6585.0)] = np.nan
    found = measure_nebular_lines(flux, np.array([0.01, 0.01, np.nan]), MRS_R)
    assert np.isnan(found["ew_nii_6585"]).tolist() == [False, True, True]
    assert np.isnan(found["ew_nii_6585_error"]).tolist() == [False, True, True]
    assert np.isnan(found["ew_sii_6718"]).tolist() == [False, False, True]
    with pytest.raises(ValueError, match="of grid lrs_r"):
        measure_nebular_lines(flux, 0.01, LRS_R)
