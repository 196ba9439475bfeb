"""Classes of H-alpha profiles: on both sides of every criterion; the lists of shell stars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from built import Built

#: A symmetric double peak at medium resolution, its errors small.
PAIR: dict[str, float] = {
    "first_significance": 40.0,
    "second_significance": 20.0,
    "strongest_flux": 1.5,
    "strongest_velocity": -100.0,
    "violet_flux": 1.5,
    "red_flux": 1.5,
    "violet_velocity": -100.0,
    "red_velocity": 100.0,
    "peak_separation": 200.0,
    "asymmetry": 0.0,
    "asymmetry_error": 0.01,
    "reversal_velocity": 0.0,
    "reversal_flux": 1.3,
    "reversal_depth": 0.2,
    "reversal_fraction": 0.4,
    "peak_to_reversal": 1.15,
    "reversal_fwhm": 110.0,
    "reversal_ew": -0.5,
    "violet_trough": 0.98,
    "red_trough": 0.98,
    "emission_fwhm": 300.0,
    "core_flux": 0.97,
}
SHELL = PAIR | {
    "reversal_flux": 0.9,
    "reversal_depth": 0.6,
    "reversal_fraction": 1.1,
    "peak_to_reversal": 1.6,
    "reversal_fwhm": 80.0,
}
#: One peak: the second one is noise.
SINGLE = PAIR | {"second_significance": 2.0, "asymmetry": 0.9}
#: A shell core in a broad absorption line, no peaks.
CORE: dict[str, float] = {
    "first_significance": 1.5,
    "second_significance": 1.0,
    "strongest_flux": 0.98,
    "core_flux": 0.5,
    "core_velocity": 10.0,
    "core_depth": 0.4,
    "core_fwhm": 65.0,
    "broad_depth": 0.12,
}
FAINT = {"strongest_flux": 0.9, "violet_flux": 0.9, "red_flux": 0.9}

SYMMETRIC = "emission: symmetric double peak"
ASYMMETRIC = "emission: asymmetric double peak"
SINGLE_PEAK = "emission: single peak"
NARROW = "emission: narrow emission on absorption"


@dataclass(frozen=True)
class Case:
    """A profile, what other models say of its spectrum, and its class."""

    halpha_class: str | None
    profile: dict[str, float]
    has_emission: bool = True
    ew_halpha: float = -3.0
    snr: float = 80.0
    lines: dict[str, float] = field(default_factory=dict)
    has_nebular_lines: bool = False


CASES = {
    "two equal peaks": Case(SYMMETRIC, PAIR),
    "without the verdict": Case(SYMMETRIC, PAIR, has_emission=False),
    "one peak": Case(SINGLE_PEAK, SINGLE),
    "one peak without the verdict": Case("no emission", SINGLE, has_emission=False),
    "second peak of 3.4 sigma": Case(SINGLE_PEAK, PAIR | {"second_significance": 3.4}),
    "second peak of 3.6 sigma": Case(SYMMETRIC, PAIR | {"second_significance": 3.6}),
    "first peak of 4.9 sigma": Case(
        "no emission",
        PAIR | {"first_significance": 4.9, "second_significance": 4.5},
        has_emission=False,
    ),
    "reversal of 1.9 sigma": Case(SINGLE_PEAK, PAIR | {"reversal_depth": 0.019}),
    "reversal of 2.1 sigma": Case(SYMMETRIC, PAIR | {"reversal_depth": 0.021}),
    "peaks 610 km/s apart": Case(SINGLE_PEAK, PAIR | {"peak_separation": 610.0}),
    "peaks about 210 km/s": Case(
        SINGLE_PEAK, PAIR | {"violet_velocity": 110.0, "red_velocity": 310.0}
    ),
    "gap of two stars' lines": Case(
        "no emission", PAIR | FAINT | {"reversal_velocity": -60.0}, has_emission=False
    ),
    "V/R of 1.13": Case(SYMMETRIC, PAIR | {"asymmetry": 0.061}),
    "V/R of 1.15": Case(ASYMMETRIC, PAIR | {"asymmetry": 0.07}),
    "R/V of 1.15": Case(ASYMMETRIC, PAIR | {"asymmetry": -0.07}),
    "V/R within the errors": Case(SYMMETRIC, PAIR | {"asymmetry": 0.07, "asymmetry_error": 0.04}),
    "V/R of 6.1": Case(SINGLE_PEAK, PAIR | {"asymmetry": 0.72}),
    "narrow shell": Case("shell on emission 1", SHELL),
    "broad shell": Case("shell on emission 2", SHELL | {"reversal_fwhm": 110.0}),
    "uneven shell": Case("shell on emission 3", SHELL | {"asymmetry": 0.2}),
    "shell as wide as a photosphere": Case(SYMMETRIC, SHELL | {"reversal_fwhm": 155.0}),
    "valley of 1.25": Case(SYMMETRIC, SHELL | {"peak_to_reversal": 1.25}),
    "valley above the troughs": Case(SYMMETRIC, SHELL | {"reversal_fraction": 0.75}),
    "shell on absorption, bright": Case("shell on absorption 1", SHELL, ew_halpha=2.0),
    "shell on absorption, faint": Case("shell on absorption 2", SHELL | FAINT, ew_halpha=2.0),
    # the line without its shell is what decides
    "shell that outweighs its emission": Case(
        "shell on emission 1", SHELL | {"reversal_ew": 2.0}, ew_halpha=1.0
    ),
    "shell core": Case("shell on absorption 3", CORE, has_emission=False, ew_halpha=4.0),
    "core of 80 km/s": Case("no emission", CORE | {"core_fwhm": 80.0}, has_emission=False),
    "core of 0.2": Case("no emission", CORE | {"core_depth": 0.2}, has_emission=False),
    "core in an unfilled line": Case(
        "no emission", CORE | {"broad_depth": 0.25}, has_emission=False
    ),
    "core without a broad line": Case(
        "no emission", CORE | {"broad_depth": 0.01}, has_emission=False
    ),
    "peaks below the continuum": Case(NARROW, PAIR | FAINT),
    "one peak below the continuum": Case(NARROW, SINGLE | FAINT),
    "narrow peak in a trough": Case(
        NARROW, SINGLE | {"violet_trough": 0.85, "red_trough": 0.85, "emission_fwhm": 60.0}
    ),
    "broad peak in a trough": Case(
        SINGLE_PEAK, SINGLE | {"violet_trough": 0.85, "red_trough": 0.85, "emission_fwhm": 110.0}
    ),
    "narrow peak without a trough": Case(SINGLE_PEAK, SINGLE | {"emission_fwhm": 60.0}),
    "P Cygni": Case("P Cygni", SINGLE | {"violet_trough": 0.8}),
    "P Cygni with a violet bump": Case(
        "P Cygni", PAIR | {"violet_trough": 0.8, "asymmetry": -0.3, "strongest_velocity": 100.0}
    ),
    "bump on the red side": Case(ASYMMETRIC, PAIR | {"violet_trough": 0.8, "asymmetry": 0.3}),
    "inverse P Cygni": Case(SINGLE_PEAK, SINGLE | {"red_trough": 0.8}),
    "troughs on both sides": Case(
        SINGLE_PEAK,
        SINGLE | {"violet_trough": 0.85, "red_trough": 0.9},
    ),
    "S/N 10": Case(None, PAIR, snr=10.0),
    "S/N 10.1": Case(SYMMETRIC, PAIR, snr=10.1),
    "not measured": Case(None, {}),
    "nebula": Case(
        SINGLE_PEAK,
        SINGLE,
        lines={"ew_nii_6585": -0.31, "ew_sii_6718": -0.31},
        has_nebular_lines=True,
    ),
    "one line of a nebula": Case(SINGLE_PEAK, SINGLE, lines={"ew_nii_6585": -1.0}),
    "lines of 2.9 sigma": Case(
        SINGLE_PEAK, SINGLE, lines={"ew_nii_6585": -0.29, "ew_sii_6718": -0.31}
    ),
    "absorption lines": Case(
        SINGLE_PEAK, SINGLE, lines={"ew_nii_6585": 0.5, "ew_sii_6718": 0.5, "ew_oiii_5008": 0.5}
    ),
}


def _set(connection: duckdb.DuckDBPyConnection, table: str, obsid: int, values: Any) -> None:
    if values:
        columns = ", ".join(f"{name} = ?" for name in values)
        connection.execute(
            f"update {table} set {columns} where obsid = ?", [*values.values(), obsid]
        )


@pytest.fixture(scope="module")
def morphology(catalogues: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A copy of the catalogues in which the cases' profiles stand for those of real spectra."""
    built = catalogues.copied_to(tmp_path_factory.mktemp("morphology") / "home")
    with duckdb.connect(str(built.database)) as connection:
        obsids = connection.execute(
            """
            select obsid from intermediate.int_be_spectrum_tests
            where survey = 'LAMOST-MRS' and designation like 'J%'
            and passes_snr and passes_teff and passes_line_index and passes_q
            order by obsid
            """
        ).fetchall()
        assert len(obsids) >= len(CASES)
        connection.execute("create table cases (name varchar, obsid bigint)")
        profile = "intermediate.int_halpha_profile"
        columns = [
            name
            for (name,) in connection.execute(
                "select column_name from duckdb_columns() where table_name = 'int_halpha_profile' "
                "and data_type = 'DOUBLE'"
            ).fetchall()
        ]
        for (name, case), (obsid,) in zip(CASES.items(), obsids, strict=False):
            connection.execute("insert into cases values (?, ?)", [name, obsid])
            values: dict[str, float | None] = dict.fromkeys(columns)
            for quantity, value in case.profile.items():
                values[quantity] = value
                if f"{quantity}_error" in values and f"{quantity}_error" not in case.profile:
                    values[f"{quantity}_error"] = 0.008
            if "reversal_depth" in case.profile:
                values["reversal_depth_error"] = 0.01
            _set(connection, profile, obsid, values)
            _set(
                connection,
                "intermediate.int_line_measurements",
                obsid,
                {"ew_halpha": case.ew_halpha},
            )
            _set(
                connection,
                "intermediate.int_halpha_emission",
                obsid,
                {"has_emission": case.has_emission},
            )
            lines = {"ew_nii_6585": 0.0, "ew_sii_6718": 0.0, "ew_sii_6733": 0.0} | case.lines
            errors = {f"{line}_error": 0.1 for line in lines}
            _set(connection, "intermediate.int_nebular_lines", obsid, lines | errors)
            connection.execute(
                "update raw.lamost_observation set snr_r = ? where obsid = ?", [case.snr, obsid]
            )
    built.dbt("run", "--select", "int_halpha_morphology+")
    return built


@pytest.mark.parametrize("name", CASES)
def test_the_class_follows_from_what_was_measured(morphology: Built, name: str) -> None:
    ((found, nebular),) = morphology.query(
        "select halpha_class, has_nebular_lines from intermediate.int_halpha_morphology "
        "inner join cases using (obsid) where name = ?",
        name,
    )
    assert (found, nebular) == (CASES[name].halpha_class, CASES[name].has_nebular_lines)


@pytest.mark.parametrize("kind", ["emission", "absorption"])
def test_shell_stars_are_those_with_a_shell_spectrum(morphology: Built, kind: str) -> None:
    expected = {
        (name, int(case.halpha_class[-1]))
        for name, case in CASES.items()
        if (case.halpha_class or "").startswith(f"shell on {kind} ")
    }
    found = morphology.query(
        f"select cases.name, shell_type from marts.be_shell_{kind} inner join cases using (obsid)"
    )
    assert set(found) == expected
    assert len(found) == len(expected)


def test_a_shell_star_is_known_or_new_as_the_other_lists_say(morphology: Built) -> None:
    rows = morphology.query(
        "select designation, is_known_be, is_new_be, be_bibliography is not null "
        "from marts.be_shell_emission"
    )
    new = {name for (name,) in morphology.query("select designation from marts.be_new")}
    assert rows
    for designation, is_known, is_new, has_bibliography in rows:
        assert is_known == has_bibliography
        assert is_new == (designation in new)
    assert not any(is_known and is_new for _, is_known, is_new, _ in rows)


def test_spectra_of_the_made_up_survey_get_their_class(catalogues: Built) -> None:
    """Through the SQL functions: a Gaussian is a single peak, an A star shows no emission."""
    found = dict(
        catalogues.query(
            "select designation, halpha_class from intermediate.int_halpha_morphology "
            "inner join staging.stg_lamost__observations using (obsid) "
            "where designation in ('new Be star', 'absorption')"
        )
    )
    assert found["new Be star"] == SINGLE_PEAK
    assert set(found.values()) <= {SINGLE_PEAK, "no emission"}


def test_empty_warehouses_have_empty_lists(empty: Built) -> None:
    for mart in ("be_shell_emission", "be_shell_absorption"):
        assert empty.query(f"select count(*) from marts.{mart}") == [(0,)]
