"""The lists beside the new Be stars: known, Herbig and Oe stars, cluster members, visits."""

from __future__ import annotations

import numpy as np
import pytest
from built import Built
from scipy.stats import multivariate_normal, norm
from selection_cases import CASES

from hotstars.scorecard.scores import published_rows

TABLE_5 = published_rows("wang2022_table5_oe_stars")
TABLE_6 = published_rows("wang2022_table6_known_be")
TABLE_8 = published_rows("wang2022_table8_cluster_members")


def by_designation(row: dict[str, str]) -> str:
    return row["designation"]


def names_in(catalogues: Built, mart: str) -> set[str]:
    """Return the made-up stars of a catalogue; those of the paper begin with J."""
    rows = catalogues.query(f"select designation from marts.{mart} where designation not like 'J%'")
    assert len(rows) == len(set(rows))
    return {name for (name,) in rows}


@pytest.mark.parametrize("row", TABLE_5, ids=by_designation)
def test_the_stars_of_table_5_are_oe_stars(catalogues: Built, row: dict[str, str]) -> None:
    star = catalogues.row("select * from marts.oe_stars where designation = ?", row["designation"])
    assert star["spectral_type"] == row["spectral_type"]
    # Later than O8 they may be new Be stars, as the two that stand in Table 7 as well.
    assert star["is_new_be"] == row["spectral_type"].startswith("O9")


def test_b_types_and_contaminants_are_no_oe_stars(catalogues: Built) -> None:
    assert names_in(catalogues, "oe_stars") == {"O8", "O8.5"}


@pytest.mark.parametrize("row", TABLE_6, ids=by_designation)
def test_the_stars_of_table_6_are_known_be_stars(catalogues: Built, row: dict[str, str]) -> None:
    """With or without a spectral type."""
    star = catalogues.row("select * from marts.be_known where designation = ?", row["designation"])
    assert (star["spectral_type"] or "") == row["spectral_type"]
    assert star["be_bibliography"] == "Neiner+2011"


def test_known_be_stars_are_candidates_that_no_other_list_has(catalogues: Built) -> None:
    assert names_in(catalogues, "be_known") == {"known Be star", "known Be star running away"}


def test_herbig_stars_come_from_the_literature_or_their_colours(catalogues: Built) -> None:
    found = catalogues.query(
        "select designation, by_colours from marts.herbig_stars where designation not like 'J%'"
    )
    assert dict(found) == {
        "Herbig star": False,
        "Be and Herbig star": False,
        "O9.5 Herbig": False,
        "Herbig colours": True,
    }


@pytest.mark.parametrize("row", TABLE_8, ids=by_designation)
def test_the_stars_of_table_8_carry_their_clusters_parameters(
    catalogues: Built, row: dict[str, str]
) -> None:
    star = catalogues.row(
        "select * from marts.be_cluster_members where designation = ?", row["designation"]
    )
    assert star["cluster"] == row["cluster"]
    for printed, name in (
        ("v_r_kms", "v_r"),
        ("distance_pc", "distance"),
        ("log_age_yr", "log_age"),
        ("fe_h", "fe_h"),
        ("a_v_mag", "a_v"),
        ("a_v_error", "a_v_error"),
    ):
        expected = float(row[printed]) if row[printed] else None
        assert star[name] == (expected if expected is None else pytest.approx(expected)), name


def test_members_are_likely_and_agree_in_motion_and_parallax(catalogues: Built) -> None:
    assert names_in(catalogues, "be_cluster_members") == {
        "likely member",
        "probability 0.61",
        "motion off by 3.4",
        "parallax off by 2.9",
        "likelier in another cluster that lies behind",
        "fast member",
    }
    assert catalogues.query(
        "select cluster from marts.be_cluster_members where designation like 'likelier%'"
    ) == [("Test 9",)]


def test_offsets_from_the_cluster_are_in_sigma(catalogues: Built) -> None:
    star = catalogues.row(
        "select * from intermediate.int_star_cluster where designation = 'motion off by 3.5'"
    )
    assert star["motion_distance"] == pytest.approx(0.3569 / np.hypot(0.1, 0.02), rel=1e-5)
    assert (star["agrees_in_motion"], star["agrees_in_parallax"]) == (False, True)
    star = catalogues.row(
        "select * from intermediate.int_star_cluster where designation = 'parallax off by 3.1'"
    )
    expected = 0.352 / np.sqrt(0.1**2 + 0.02**2 + 0.05**2)
    assert star["parallax_distance"] == pytest.approx(expected, rel=1e-5)


def test_every_classical_be_star_has_its_visits(catalogues: Built) -> None:
    expected = {name for name, case in CASES.items() if case.decided_by in (None, "literature")}
    assert names_in(catalogues, "be_observing_statistics") == expected
    twice = catalogues.row(
        "select * from marts.be_observing_statistics where designation like 'two visits, the f%'"
    )
    assert (twice["n_visits"], twice["n_spectra"], twice["n_emission_spectra"]) == (2, 2, 1)
    assert twice["baseline"] == 1.0
    once = catalogues.row(
        "select * from marts.be_observing_statistics where designation = 'new Be star'"
    )
    assert (once["n_visits"], once["baseline"]) == (1, 0.0)


def test_the_colour_magnitude_diagram_holds_good_fluxes_only(catalogues: Built) -> None:
    """1.0 + 0.015 (BP-RP)^2 <= E <= 1.3 + 0.06 (BP-RP)^2, here 1.00015 and 1.3006."""
    rows = catalogues.query(
        "select designation, bp_rp, m_g from marts.be_kinematics "
        "where designation like 'flux excess%'"
    )
    found = {name: (bp_rp, m_g) for name, bp_rp, m_g in rows}
    assert found.keys() == {f"flux excess {e}" for e in ("1.0001", "1.0002", "1.3005", "1.3007")}
    assert found["flux excess 1.0001"] == found["flux excess 1.3007"] == (None, None)
    # G = 10 at 100 pc
    for name in ("flux excess 1.0002", "flux excess 1.3005"):
        assert found[name] == (pytest.approx(0.1, abs=1e-5), pytest.approx(5.0, abs=1e-5))


def test_probability_of_be_colours_is_that_of_a_binormal(catalogues: Built) -> None:
    """The errors of Ks and of the reddening are common to both colours."""
    rows = catalogues.query(
        "select hk_0, kw1_0, h_error, k_error, w1_error, coalesce(ebv_error, 0), "
        "be_colour_probability from intermediate.int_star_photometry where kw1_0 is not null"
    )
    assert any(row[5] for row in rows)
    seen = []
    for hk, kw1, h_error, k_error, w1_error, ebv_error, probability in rows:
        dust = 3.1 * ebv_error * np.array([0.190 - 0.114, 0.114 - 0.061])
        # Of H, Ks and W1 the first colour is the first difference, the second the second.
        difference = np.array([[1, -1, 0], [0, 1, -1]])
        noise = np.diag(np.square([h_error, k_error, w1_error]))
        covariance = difference @ noise @ difference.T + np.outer(dust, dust)
        expected = multivariate_normal([hk, kw1], covariance).cdf([0.2, 0.5])
        assert probability == pytest.approx(expected, abs=1e-5)
        seen.append(probability)
    assert min(seen) < 0.4
    assert max(seen) > 0.99


def test_runaway_probability_is_that_of_a_normal_error(catalogues: Built) -> None:
    rows = catalogues.query(
        "select v_tp, v_tp_error, v_tp_limit, runaway_probability, is_runaway "
        "from marts.be_kinematics"
    )
    for v, error, limit, probability, is_runaway in rows:
        assert probability == pytest.approx(norm.sf(limit, v, error), abs=1e-6)
        assert is_runaway == (probability > 0.5)
