"""A hand-made warehouse and its catalogues, built by dbt once for all tests of this room."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from built import Built
from selection_cases import CASES
from stars import Membership, Star, make_warehouse, position

from hotstars.scorecard.scores import published_rows

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep on one worker what shares the built catalogues."""
    for item in items:
        if item.path.is_relative_to(FOLDER) and "catalogues" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("dbt"))


def _new_be_of_table_7(row: dict[str, str]) -> Star:
    return Star(
        ra=float(row["ra_deg"]),
        dec=float(row["dec_deg"]),
        jhk=(float(row["j"]), float(row["h"]), float(row["k"])),
        jhk_error=(float(row["j_error"]), float(row["h_error"]), float(row["k_error"])),
        w1=float(row["w1"]),
        w1_error=float(row["w1_error"]),
        ebv=float(row["ebv"]),
        types=((2014, row["spectral_type"]),),
    )


def _runaway_of_table_9(row: dict[str, str]) -> Star:
    ra, dec = position(row["designation"])
    return Star(
        ra=ra,
        dec=dec,
        literature=(("Neiner+2011", "CBe"),),
        parallax=float(row["parallax_mas"]),
        parallax_error=float(row["parallax_error"]),
        pmra=float(row["pmra_masyr"]),
        pmra_error=float(row["pmra_error"]),
        pmdec=float(row["pmdec_masyr"]),
        pmdec_error=float(row["pmdec_error"]),
    )


def _oe_star_of_table_5(row: dict[str, str]) -> Star:
    return Star(
        ra=float(row["ra_deg"]),
        dec=float(row["dec_deg"]),
        types=((2003, row["spectral_type"]),),
    )


def _known_be_of_table_6(row: dict[str, str]) -> Star:
    return Star(
        ra=float(row["ra_deg"]),
        dec=float(row["dec_deg"]),
        types=((1955, row["spectral_type"]),) if row["spectral_type"] else (),
        literature=(("Neiner+2011", "CBe"),),
    )


def _membership_of_table_8(row: dict[str, str]) -> Membership:
    parameters = {
        # What the columns carry as a unit is not part of a parameter's name.
        re.sub("_(kms|pc|yr|mag)$", "", name): float(value)
        for name, value in row.items()
        if value and name not in ("designation", "cluster")
    }
    return Membership(cluster=row["cluster"], parameters=tuple(parameters.items()))


def published_stars() -> dict[str, Star]:
    """The stars of Tables 5 to 9, each with what the tables say of it."""
    stars: dict[str, Star] = {}
    for table, star_of in (
        ("wang2022_table9_runaways", _runaway_of_table_9),
        ("wang2022_table7_new_be", _new_be_of_table_7),
        ("wang2022_table6_known_be", _known_be_of_table_6),
        ("wang2022_table5_oe_stars", _oe_star_of_table_5),
    ):
        for row in published_rows(table):
            stars.setdefault(row["designation"], star_of(row))
    for row in published_rows("wang2022_table8_cluster_members"):
        ra, dec = position(row["designation"])
        star = stars.get(row["designation"]) or Star(
            ra=ra, dec=dec, literature=(("Neiner+2011", "CBe"),)
        )
        stars[row["designation"]] = replace(star, memberships=(_membership_of_table_8(row),))
    return stars


@pytest.fixture(scope="session")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The cases of the selection and the paper's printed stars, through `dbt run`."""
    built = Built(tmp_path_factory.mktemp("catalogues"))
    stars = [(name, case.star) for name, case in CASES.items()]
    stars += published_stars().items()
    make_warehouse(built.database, stars)
    built.dbt("run")
    return built


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An initialised warehouse without a row, through `dbt build`; it asks for its own limit."""
    built = Built(tmp_path_factory.mktemp("empty"))
    make_warehouse(built.database)
    # The generic tests say nothing on empty tables that they did not say on full ones.
    built.dbt("build", "--exclude", "test_type:generic", "--vars", "maxwellian_from: sample")
    return built
