"""Which stars are held out: each star's own affair."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.held_out import place_of


@given(st.lists(st.text(max_size=12), min_size=1, max_size=30), st.integers(0, 10**6))
def test_all_spectra_of_a_star_have_its_place_and_others_do_not_move_it(
    stars: list[str], seed: int
) -> None:
    found = place_of(np.array(stars, dtype=object).astype(str), seed)
    assert ((found >= 0) & (found < 1)).all()
    more = place_of(np.array([*stars, *stars, "J1", "J2"]), seed)
    assert np.array_equal(more[: len(stars)], found)
    assert np.array_equal(more[len(stars) : 2 * len(stars)], found)


def test_places_are_spread_evenly_and_another_seed_spreads_them_otherwise() -> None:
    stars = np.arange(20_000)
    found = place_of(stars, 0)
    counts, _ = np.histogram(found, 20, (0.0, 1.0))
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)
    assert abs(np.corrcoef(found, place_of(stars, 1))[0, 1]) < 0.05
