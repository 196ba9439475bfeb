"""Extinction coefficients: those of the seed are those of the curve, and agree with others'."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ml.extinction.coefficients import (
    COLUMNS,
    EBV,
    PASSBANDS,
    coefficient,
    curve,
    hot_star,
    passband,
    seed_rows,
    write_seed,
)

SEED = Path(__file__).parents[2] / "dbt_project" / "constants" / "extinction_coefficients.csv"


@pytest.fixture(scope="module")
def seed():
    with SEED.open() as lines:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(lines)}


@pytest.fixture
def packages():
    pytest.importorskip("speclite", reason="only whoever makes the seed anew needs it")
    pytest.importorskip("dust_extinction", reason="only whoever makes the seed anew needs it")


@pytest.mark.usefixtures("packages")
def test_the_seed_is_what_the_functions_make(tmp_path):
    write_seed(tmp_path / "made.csv")
    assert (tmp_path / "made.csv").read_text() == SEED.read_text()


@pytest.mark.usefixtures("packages")
def test_the_curve_has_the_ratio_that_it_is_for():
    """Fitzpatrick (1999): R_V is that of Johnson's bands, of a hot star of little extinction."""
    in_b, in_v = (coefficient(*passband(band), ebv=0.01) for band in ("b", "v"))
    assert in_b - in_v == pytest.approx(1.0, abs=0.015)
    assert in_v / (in_b - in_v) == pytest.approx(3.1, abs=0.03)


@pytest.mark.usefixtures("packages")
def test_a_narrow_band_has_the_curves_own_value():
    wavelength = np.linspace(6000.0, 6010.0, 21)
    value = coefficient(wavelength, np.ones(21))
    assert value == pytest.approx(curve(6005.0), rel=1e-3)


@pytest.mark.usefixtures("packages")
def test_what_the_description_says_of_its_accuracy_holds():
    def change(band, **keywords):
        band = passband(band)
        return coefficient(*band, **keywords) / coefficient(*band) - 1

    for band in ("b", "v", "g", "r", "i", "rp", "j", "h", "ks"):
        assert abs(change(band, temperature=20_000.0)) < 0.01
    assert abs(change("gaia_g", temperature=20_000.0)) < 0.055
    assert abs(change("bp", temperature=20_000.0)) < 0.03
    assert abs(change("bp", balmer_jump=0.0)) < 0.013

    def bp_rp(ebv):
        return coefficient(*passband("bp"), ebv=ebv) - coefficient(*passband("rp"), ebv=ebv)

    assert bp_rp(0.01) / bp_rp(EBV) == pytest.approx(1.05, abs=0.01)
    assert bp_rp(1.5) / bp_rp(EBV) == pytest.approx(0.91, abs=0.01)


def test_hot_stars_are_blue_and_have_a_jump():
    flux = hot_star([3690.0, 3710.0, 5000.0, 8000.0])
    assert flux[0] / flux[1] == pytest.approx(10**-0.33, rel=0.02)
    assert flux[1] > flux[2] > flux[3]


def test_the_seed_has_every_band_once_and_says_where_it_is_from():
    with SEED.open() as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["name"] for row in rows] == list(PASSBANDS)
    assert all("Fitzpatrick" in row["source"] and row["unit"] == "mag/mag" for row in rows)


def test_redder_bands_are_less_extinguished(seed):
    for blue, red in (("b", "v"), ("g", "r"), ("r", "i"), ("bp", "rp"), ("j", "h"), ("h", "ks")):
        assert seed[blue] > seed[red]


def test_ratios_agree_with_schlafly_and_finkbeiner(seed):
    """Their table 6, R_V = 3.1, also Fitzpatrick (1999), but over a star of 7,000 K."""
    theirs = {"b": 3.626, "v": 2.742, "g": 3.303, "r": 2.285, "i": 1.698}
    for band, value in theirs.items():
        assert seed[band] / seed["v"] == pytest.approx(value / theirs["v"], rel=0.025)


def test_the_near_infrared_agrees_with_what_the_papers_use(seed):
    # Xiang et al. (2021, section 4): E(B-V) of 1 mag dims Ks by about 0.3 mag
    assert seed["ks"] == pytest.approx(0.33, abs=0.04)
    # Wang et al. (2022): A/A_V of Cardelli et al. (1989), another curve
    for band, ratio in (("j", 0.282), ("h", 0.190), ("ks", 0.114)):
        assert seed[band] / seed["v"] == pytest.approx(ratio, rel=0.11)


@pytest.mark.usefixtures("packages")
def test_there_is_a_row_a_band():
    assert len(seed_rows()) == len(PASSBANDS)
