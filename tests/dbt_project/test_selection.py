"""Each criterion of Wang+2022 lets the stars of its near side through and no other."""

from __future__ import annotations

import pytest
from built import Built
from selection_cases import CASES

CLASSICAL = [name for name, case in CASES.items() if case.decided_by is None]


@pytest.mark.parametrize("name", CASES)
def test_the_ledger_names_the_criterion_that_decides(catalogues: Built, name: str) -> None:
    decided = catalogues.query(
        "select criterion from marts.be_decisions where designation = ? and is_deciding", name
    )
    assert decided == ([(CASES[name].decided_by,)] if CASES[name].decided_by else [])


def test_new_be_stars_are_those_that_no_criterion_rejects(catalogues: Built) -> None:
    found = catalogues.query("select designation from marts.be_new where designation not like 'J%'")
    assert {name for (name,) in found} == set(CLASSICAL)


def test_one_spectrum_that_passes_is_enough_and_speaks_for_the_star(catalogues: Built) -> None:
    for name, visit in (("second", 1), ("first", 0)):
        star = catalogues.row(
            "select * from marts.be_candidates where designation = ?",
            f"two visits, the {name} in emission",
        )
        assert (star["n_spectra"], star["n_emission_spectra"]) == (2, 1)
        assert star["obsid"] % 1000 == visit
        assert star["ew_halpha"] < 0


def test_a_known_be_star_is_a_candidate_with_its_bibliography(catalogues: Built) -> None:
    star = catalogues.row("select * from marts.be_candidates where designation = 'known Be star'")
    assert star["be_bibliography"] == "Hou+2016; Neiner+2011"
    assert star["herbig_bibliography"] is None


def test_runaways_are_classical_be_stars_with_good_astrometry(catalogues: Built) -> None:
    found = catalogues.query(
        "select designation from marts.be_runaways where designation not like 'J%'"
    )
    assert {name for (name,) in found} == {
        "runaway",
        "runaway, RUWE 1.4",
        "known Be star running away",
        "fast member",
    }


def test_be_kinematics_holds_classical_be_stars_with_a_distance(catalogues: Built) -> None:
    found = catalogues.query(
        "select designation from marts.be_kinematics where designation not like 'J%'"
    )
    known = {"known Be star", "known Be star running away"}
    left_out = {"not in Gaia", "negative parallax", "runaway, RUWE 1.5"}
    left_out |= {"member not in Gaia", "member with RUWE 1.5"}
    assert {name for (name,) in found} == (set(CLASSICAL) | known) - left_out


def test_missing_values_are_null_in_the_ledger(catalogues: Built) -> None:
    """A star without a value says so, also where another value could be taken for it."""
    rows = catalogues.query(
        """
        select designation, criterion, measured_value from marts.be_decisions
        where (designation, criterion) in (
            ('without a blue arm', 'signal_to_noise'), ('not in 2MASS', 'infrared_q'),
            ('NaN K', 'effective_temperature'), ('no type', 'spectral_type'),
            ('no reddening', 'infrared_colours'), ('blue arm not in the file', 'line_indices')
        )
        """
    )
    assert len(rows) == 6
    assert {value for _, _, value in rows} == {None}


@pytest.mark.parametrize(
    ("name", "criterion", "value"),
    [
        ("Q 0.39", "infrared_q", 0.39),
        ("Q 0.41", "infrared_q", 0.41),
        ("(H-K)_0 0.19", "infrared_colours", 0.19),
        ("8000.1 K", "effective_temperature", 8000.1),
        ("S/N 10.1", "signal_to_noise", 10.1),
        ("O8.5", "spectral_type", 8.5),
    ],
)
def test_the_ledger_holds_the_value_that_was_judged(
    catalogues: Built, name: str, criterion: str, value: float
) -> None:
    row = catalogues.row(
        "select measured_value from marts.be_decisions where designation = ? and criterion = ?",
        name,
        criterion,
    )
    assert row["measured_value"] == pytest.approx(value, rel=1e-5)


def test_equivalent_widths_are_those_put_in(catalogues: Built) -> None:
    """A Gaussian of height h and width w has the equivalent width 1.0645 h w."""
    star = catalogues.row("select * from marts.be_candidates where designation = 'Mg b of 0.9 A'")
    assert star["ew_halpha"] == pytest.approx(-6.39, abs=0.3)
    assert star["ew_mgb"] == pytest.approx(0.96, abs=0.25)


def test_the_funnel_counts_the_stars_of_the_ledger(catalogues: Built) -> None:
    funnel = catalogues.query(
        "select step, n_stars from marts.be_selection_funnel where step > 0 order by step"
    )
    expected = catalogues.query(
        """
        select step, count(distinct designation) filter (where n_failed = 0)
        from (
            select *, count(*) filter (where not is_passed)
                over (partition by survey, designation order by step) as n_failed
            from marts.be_decisions
        )
        group by step order by step
        """
    )
    assert funnel == expected


def test_the_data_tests_of_dbt_pass(catalogues: Built) -> None:
    catalogues.dbt("test")
