"""Intrinsic colours: the sequence is whole, its derived columns follow, interpolation is exact."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.extinction.intrinsic import derived_colours, interpolated
from ml.extinction.mist import read_bolometric_corrections

SEED = Path(__file__).parents[2] / "dbt_project" / "constants" / "intrinsic_colours.csv"
COLOURS = ("b_v", "v_r", "v_i", "v_ks", "j_h", "h_ks", "g_r", "bp_rp", "r_i", "v_g")


@pytest.fixture(scope="module")
def sequence():
    with SEED.open() as lines:
        rows = list(csv.DictReader(lines))
    columns = {name: np.array([float(row[name] or "nan") for row in rows]) for name in COLOURS}
    columns["teff"] = np.array([float(row["teff"]) for row in rows])
    columns["type"] = np.array([row["spectral_type"] for row in rows])
    return columns


def test_the_sequence_grows_in_temperature_and_reaches_from_f0_to_o3(sequence):
    assert (np.diff(sequence["teff"]) > 0).all()
    assert (sequence["type"][0], sequence["type"][-1]) == ("F0V", "O3V")


def test_hotter_stars_are_bluer(sequence):
    for name in ("b_v", "v_i", "v_ks", "g_r", "bp_rp"):
        assert (np.diff(sequence[name]) <= 0).all()


def test_vega_has_no_colour(sequence):
    a0 = sequence["type"] == "A0V"
    for name in ("b_v", "v_r", "v_i", "v_ks", "bp_rp"):
        assert abs(sequence[name][a0][0]) < 0.05


def test_derived_colours_follow_from_the_listed_ones(sequence):
    found = derived_colours(sequence["v_r"], sequence["v_i"], sequence["g_r"])
    for name in ("bp_rp", "r_i", "v_g"):
        np.testing.assert_allclose(sequence[name], getattr(found, name), atol=6e-4)


def test_bp_rp_is_that_of_the_rows_which_list_it(sequence):
    listed = {"B9V": -0.120, "B9.5V": -0.087, "A0V": -0.037, "A1V": 0.005, "A2V": 0.068}
    listed |= {"A4V": 0.166, "A5V": 0.194, "F0V": 0.377}
    for name, value in listed.items():
        assert sequence["bp_rp"][sequence["type"] == name][0] == pytest.approx(value, abs=0.008)


def test_r_i_is_that_of_the_rows_which_list_it(sequence):
    for name, value, error in (("A0V", -0.230, 0.005), ("A5V", -0.110, 0.031)):
        assert sequence["r_i"][sequence["type"] == name][0] == pytest.approx(value, abs=error)


def test_the_sequence_agrees_with_the_one_of_the_project_file(sequence):
    """Pecaut & Mamajek's J-H and H-Ks stand in both."""
    import yaml

    project = yaml.safe_load((SEED.parents[1] / "dbt_project.yml").read_text())
    listed = {row[0]: row for row in project["vars"]["intrinsic_colours"]}
    for name, number in (("O9V", 9.0), ("B0V", 10.0), ("B5V", 15.0), ("A0V", 20.0), ("A7V", 27.0)):
        row = sequence["type"] == name
        assert sequence["j_h"][row][0] == listed[number][3]
        assert sequence["h_ks"][row][0] == listed[number][4]


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_interpolation_is_numpys_whether_one_table_or_many(seed):
    rng = np.random.default_rng(seed)
    at, value = np.sort(rng.uniform(0, 1, (3, 6)), axis=1), rng.standard_normal((3, 6))
    own = rng.integers(0, 3, 20)
    x = rng.uniform(-0.2, 1.2, 20)
    expected = [
        np.interp(x[i], at[own[i]], value[own[i]], left=np.nan, right=np.nan) for i in range(20)
    ]
    np.testing.assert_allclose(interpolated(x, at[own], value[own]), expected, atol=1e-12)
    np.testing.assert_allclose(
        interpolated(x, at[0], value[0]), np.interp(x, at[0], value[0], np.nan, np.nan), atol=1e-12
    )


def test_holes_of_a_table_are_bridged_and_nothing_lies_beyond_its_ends():
    at, value = [1.0, 2.0, 3.0], [1.0, np.nan, 3.0]
    found = interpolated([0.9, 1.0, 2.5, 3.1, np.nan], at, value)
    np.testing.assert_array_equal(found, [np.nan, 1, 2.5, np.nan, np.nan])
    assert np.isnan(interpolated([1.0], [np.nan], [1.0])).all()
    with pytest.raises(ValueError, match="places"):
        interpolated([1.0], [1.0, 2.0], [1.0])


def mist_file(path, m_h):
    """A small table in MIST's layout, whose corrections are simple functions."""
    lines = ["# MIST bolometric corrections", "# 2 filters", "#  Teff logg [Fe/H] Av Rv J H"]
    for teff in (10000.0, 15000.0, 20000.0):
        for logg in (3.0, 4.0, 5.0):
            for a_v in (0.0, 1.0):
                j = np.log10(teff) + 0.1 * logg + m_h + a_v
                lines.append(f"{teff:.0f} {logg} {m_h} {a_v} 3.1 {j:.6f} {0.5 * m_h:.6f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_mist_gives_colours_by_temperature_gravity_and_metallicity(tmp_path):
    grid = read_bolometric_corrections(
        [mist_file(tmp_path / "a", 0.0), mist_file(tmp_path / "b", -0.5)]
    )
    teff, logg, m_h = np.array([12000.0, 19000, 25000]), np.array([3.3, 4.4, 4.0]), -0.2
    found = grid.colours(teff, logg, m_h, [("J", "H")])[:, 0]
    # m_J - m_H = BC_H - BC_J, without extinction
    expected = 0.5 * m_h - (np.log10(teff) + 0.1 * logg + m_h)
    np.testing.assert_allclose(found[:2], expected[:2], atol=1e-5)
    assert np.isnan(found[2])
    assert np.isnan(grid.colours([np.nan], [4.0], [0.0], [("J", "H")])).all()
    with pytest.raises(ValueError, match="no band K"):
        grid.colours(teff, logg, m_h, [("J", "K")])


def test_one_metallicity_serves_all(tmp_path):
    grid = read_bolometric_corrections([mist_file(tmp_path / "a", 0.0)])
    found = grid.colours([12000.0], [3.5], [-0.3], [("J", "H")])
    np.testing.assert_allclose(found, [[-np.log10(12000) - 0.35]], atol=1e-5)


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    (tmp_path / "x").write_text("# Teff logg\n1 2\n")
    with pytest.raises(ValueError, match=r"x: the last comment line names no column"):
        read_bolometric_corrections([tmp_path / "x"])
    with pytest.raises(ValueError, match="no file"):
        read_bolometric_corrections([])
