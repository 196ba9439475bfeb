"""Zero points are those that their papers print."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.distance.zero_point import dr2_zero_point, edr3_zero_point

MIDDLE = np.degrees(np.arcsin(1.0 / np.sqrt(3.0)))  # where the term in sin^2 beta vanishes


def test_dr2_parallaxes_are_52_3_microarcseconds_too_small() -> None:
    np.testing.assert_array_equal(dr2_zero_point([9.0, np.nan]), [-0.0523, np.nan])


def test_a_relation_by_magnitude_is_interpolated_and_not_extrapolated() -> None:
    relation = ([10.0, 12.0], [-0.04, -0.06])
    np.testing.assert_allclose(
        dr2_zero_point([8.0, 11.0, 14.0], relation), [-0.04, -0.05, -0.06], rtol=1e-12
    )
    with pytest.raises(ValueError, match="must increase"):
        dr2_zero_point([8.0], ([12.0, 10.0], [-0.04, -0.06]))


@pytest.mark.skipif(find_spec("zero_point") is None, reason="pip install gaiadr3-zeropoint")
class TestEdr3:
    def test_zero_points_are_those_of_lindegrens_tables(self) -> None:
        # Lindegren et al. (2021), tables 9 and 10: q00 and q01 at a magnitude of the tables
        found = edr3_zero_point([13.1, 13.1], 1.48, 1.48, MIDDLE, [31, 95])
        five, six = -37.99 + 2.63 / np.sqrt(3.0), -38.29 + 2.59 / np.sqrt(3.0)
        np.testing.assert_allclose(found.zero_point, [five / 1e3, six / 1e3], atol=1e-6)
        assert found.in_range.all()

    def test_beyond_the_range_the_end_counts_and_the_flag_tells(self) -> None:
        found = edr3_zero_point([4.0, 12.0], [1.5, 1.95], np.nan, 10.0, 31)
        at_end = edr3_zero_point([6.001, 12.0], [1.5, 1.8999], np.nan, 10.0, 31)
        np.testing.assert_allclose(found.zero_point, at_end.zero_point, atol=2e-5)
        assert not found.in_range.any()
        assert at_end.in_range.all()

    def test_a_star_without_what_its_solution_needs_has_none(self) -> None:
        found = edr3_zero_point(
            [12.0, np.nan, 12.0, 12.0, 12.0, 12.0],
            [np.nan, 1.5, np.nan, 1.5, 1.5, 1.5],
            [1.5, np.nan, 1.5, np.nan, np.nan, 1.5],
            [10.0, 10.0, 10.0, np.nan, 10.0, 10.0],
            [31, 31, 95, 31, 3, np.nan],
        )
        assert np.isfinite(found.zero_point).tolist() == [False, False, True, False, False, False]
        assert not found.in_range[~np.isfinite(found.zero_point)].any()

    @given(st.floats(), st.floats(), st.floats(), st.floats(), st.sampled_from([3, 31, 95]))
    def test_whatever_the_numbers_there_is_a_zero_point_where_all_are_known(
        self, g_mag: float, nu_eff: float, pseudocolour: float, ecl_lat: float, solved: int
    ) -> None:
        found = edr3_zero_point([g_mag], nu_eff, pseudocolour, ecl_lat, solved)
        colour = {3: np.nan, 31: nu_eff, 95: pseudocolour}[solved]
        assert np.isfinite(found.zero_point[0]) == np.isfinite([g_mag, colour, ecl_lat]).all()
        # the corrections of bright and faint stars alike are fractions of a milliarcsecond
        assert np.isnan(found.zero_point[0]) or abs(found.zero_point[0]) < 0.5
