"""Simulated near-infrared spectra show what real ones do, in the right direction."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.simulation import apogee_lines
from ingest.simulation.apogee import apogee_spectra, apogee_training_set, draw_apogee_stars
from ingest.simulation.apogee_lines import WAVELENGTH, equivalent_width, normalised_spectra

#: The Brackett line n = 11 (vacuum, 0.1 nm), and a window of metal lines without hydrogen.
BR_11 = (16_811.1 - 60.0, 16_811.1 + 60.0)
METALS = (15_740.0, 15_775.0)


def spectra(teff: object, logg: object = 4.2, fe_h: object = 0.0, vsini: float = 5.0) -> np.ndarray:
    teff, logg, fe_h = np.broadcast_arrays(*(np.asarray(v, float) for v in (teff, logg, fe_h)))
    return normalised_spectra(teff, logg, fe_h, np.full(teff.shape, vsini))


def test_the_grid_is_that_of_apstar_files() -> None:
    assert len(WAVELENGTH) == 8575
    assert np.log10(WAVELENGTH[0]) == pytest.approx(4.179, abs=1e-12)
    assert np.diff(np.log10(WAVELENGTH)) == pytest.approx(np.full(8574, 6e-6), rel=1e-6)


def test_a_brackett_line_lies_where_rydberg_puts_it() -> None:
    """1 / (R_H (1/16 - 1/121)) is 16,811 in vacuum."""
    flux = spectra([9500.0])[0]
    near = np.abs(WAVELENGTH - 16_811.0) < 60
    assert WAVELENGTH[near][flux[near].argmin()] == pytest.approx(16_811.1, abs=1.0)


@pytest.mark.parametrize(
    "air",
    [
        15194.492, 15207.526, 15395.718, 15648.510, 16040.657,  # Fe I, Smith et al. 2013, table 2
        15740.716, 15765.8, 15886.2,  # Mg I, their table 5, as the others
        16718.957, 16763.359,  # Al I
        16060.009, 16094.787, 16215.670, 16680.770, 16828.159,  # Si I
        15163.067, 15168.376,  # K I
        16150.763, 16157.364,  # Ca I
    ],
)  # fmt: skip
def test_strong_lines_stand_at_vacuum_wavelengths(air: float) -> None:
    """Published air wavelengths, brought to vacuum with Ciddor (1996), 4.2 to 4.6 A redward."""
    inverse = (1e4 / (air * 1.000273)) ** 2
    vacuum = air * (1.0 + 0.05792105 / (238.0185 - inverse) + 0.00167917 / (57.362 - inverse))
    places = np.array([place for place, _ in apogee_lines._STRONG])
    assert np.abs(places - vacuum).min() < 0.35
    # a line of another element may stand there; none of the same line's air value should
    assert np.abs(places - air).min() > 0.05


def test_he_ii_stands_where_rydberg_puts_it() -> None:
    """n = 7 to 12 and 13 of an ion of charge 2."""
    rydberg = 1.0972227e-3
    for upper, place in zip((13, 12), apogee_lines._HE_II, strict=True):
        wavelength = 1.0 / (4.0 * rydberg * (1.0 / 49.0 - 1.0 / upper**2))
        assert place == pytest.approx(wavelength, abs=0.2)


def test_hydrogen_is_strongest_in_early_a_stars() -> None:
    teff = np.array([5000.0, 6500.0, 8000.0, 9300.0, 12_000.0, 18_000.0, 30_000.0])
    widths = equivalent_width(spectra(teff), *BR_11)
    assert widths.argmax() == 3
    assert np.all(np.diff(widths[1:4]) > 0)
    assert np.all(np.diff(widths[3:]) < 0)


def test_gravity_broadens_hydrogen() -> None:
    """Dwarfs have wider wings than supergiants of the same Teff (Sprague et al. 2022, figure 8)."""
    dwarf, giant = spectra([10_000.0, 10_000.0], [4.2, 1.5])
    wing = (np.abs(WAVELENGTH - 16_811.1) > 25) & (np.abs(WAVELENGTH - 16_811.1) < 45)
    assert dwarf[wing].mean() < giant[wing].mean() - 0.02


def test_metal_lines_grow_with_metals_and_fade_with_temperature() -> None:
    rich = equivalent_width(spectra(4800.0, 2.5, [-1.5, -0.5, 0.0, 0.4]), *METALS)
    assert np.all(np.diff(rich) > 0)
    warm = equivalent_width(spectra([4500.0, 5500.0, 6500.0, 8000.0]), *METALS)
    # hydrogen's wings reach in at 8,000 K: cooler stars alone
    assert np.all(np.diff(warm[:3]) < 0)


def test_carbon_monoxide_tells_giants_from_dwarfs() -> None:
    behind = (15_582.0, 15_640.0)
    giant, dwarf = equivalent_width(spectra([4000.0, 4000.0], [1.0, 4.6]), *behind)
    assert giant > 1.3 * dwarf


def test_rotation_makes_lines_shallow_and_keeps_their_width() -> None:
    slow, fast = spectra([5000.0], vsini=3.0), spectra([5000.0], vsini=60.0)
    assert fast.min() > slow.min() + 0.1
    widths = [equivalent_width(one, 15_700.0, 16_300.0)[0] for one in (slow, fast)]
    # exp(-x) of a shallower line loses less: saturation, as in stars
    assert widths[1] == pytest.approx(widths[0], rel=0.2)


def test_noise_is_what_is_stated() -> None:
    stars = draw_apogee_stars(40, 3)
    flux, error = apogee_spectra(stars, 3)
    measured = error < 1e9
    assert np.all(flux[~measured] == 0.0)
    clean, _ = apogee_spectra(stars, 4)  # other noise, the same stars
    pull = ((flux - clean) / np.hypot(error, error))[measured & (clean != 0)]
    assert np.median(np.abs(pull)) * 1.4826 == pytest.approx(1.0, abs=0.02)
    level = np.nanmedian(np.where(measured, flux / error, np.nan), axis=1)
    assert level == pytest.approx(stars.snr, rel=0.25)


def test_photometry_follows_distance_and_reddening() -> None:
    stars = draw_apogee_stars(3000, 9)
    known = np.isfinite(stars.g)
    assert 0.9 < known.mean() < 1.0
    # a parallax is that of the distance, within its errors
    pull = (stars.parallax - 1000 / stars.distance) / stars.parallax_error
    assert np.nanstd(pull) == pytest.approx(1.0, abs=0.05)
    # the redder, the more dust and the cooler
    colour = stars.j - stars.k
    hot = (stars.teff > 9000) & np.isfinite(colour)
    assert np.corrcoef(colour[hot], stars.ebv[hot])[0, 1] > 0.9


def test_all_kinds_are_there_and_hot_stars_have_types() -> None:
    stars = draw_apogee_stars(2000, 1)
    assert set(stars.kind) == {"dwarf", "giant", "young", "hot", "supergiant"}
    hot = stars.teff > 6500
    assert np.all((stars.spectral_type != "") == hot)
    assert len(np.unique(stars.apogee_id)) == 2000
    young, dwarf = (stars.logg[stars.kind == kind].mean() for kind in ("young", "dwarf"))
    assert young < dwarf - 0.4


def test_a_training_set_does_not_depend_on_the_workers() -> None:
    one = apogee_training_set(600, 2, workers=1)
    two = apogee_training_set(600, 2, workers=2)
    assert np.array_equal(one.flux, two.flux)
    assert np.array_equal(one.targets, two.targets)
