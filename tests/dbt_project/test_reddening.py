"""E(B-V) of stars that no dust map was asked for, from the colour of their spectral type."""

from __future__ import annotations

import pytest
from built import Built
from scipy.optimize import brentq

G_J_OF_B2 = 0.015 - 0.602 + 0.113 + 0.032  # G-V, V-Ks, J-H, H-Ks: Pecaut & Mamajek 2013


def excess(a_v: float, bp_rp: float) -> float:
    """E(G-J) behind A_V: Gaia Collaboration+2018 (Babusiaux), equation 1, and A_J = 0.282 A_V."""
    k_g = (
        0.9761 - 0.1704 * bp_rp + 0.0086 * bp_rp**2 + 0.0011 * bp_rp**3
        - 0.0438 * a_v + 0.0013 * a_v**2 + 0.0099 * bp_rp * a_v
    )  # fmt: skip
    return (k_g - 0.282) * a_v


@pytest.fixture(scope="module")
def reddening(catalogues: Built) -> dict[str, tuple[float, float, str]]:
    rows = catalogues.query(
        "select designation, ebv, ebv_error, ebv_method from intermediate.int_star_reddening"
    )
    return {name: tuple(values) for name, *values in rows}


def test_a_dust_map_goes_before_the_colour(reddening: dict) -> None:
    assert reddening["new Be star"][0] == pytest.approx(0.1)
    assert reddening["new Be star"][2] == "test"


def test_the_excess_of_a_reddened_star_is_turned_into_dust(reddening: dict) -> None:
    a_v = brentq(lambda a_v: excess(a_v, -0.2) - (0.624 - G_J_OF_B2), 0.0, 5.0)
    ebv, error, method = reddening["reddened, not in the map"]
    assert ebv == pytest.approx(a_v / 3.1, rel=0.02)
    # 0.1 mag of the colour, and J's own error, over the slope of the law
    slope = (excess(a_v + 0.01, -0.2) - excess(a_v - 0.01, -0.2)) / 0.02
    assert error == pytest.approx((0.1**2 + 0.02**2) ** 0.5 / slope / 3.1, rel=0.05)
    assert method == "colour excess (G-J)"


def test_a_star_bluer_than_its_type_has_no_dust(reddening: dict) -> None:
    assert reddening["not reddened, not in the map"][0] == 0.0


def test_without_map_and_colour_there_is_no_reddening(reddening: dict) -> None:
    assert reddening["no reddening"] == (None, None, None)
