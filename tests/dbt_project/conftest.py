"""A hand-made warehouse and its catalogues, built by dbt once for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest
from built import Built, published_rows
from selection_cases import CASES
from stars import Star, make_warehouse, position

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


@pytest.fixture(scope="session")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The cases of the selection and the paper's printed stars, through `dbt run`."""
    built = Built(tmp_path_factory.mktemp("catalogues"))
    stars = [(name, case.star) for name, case in CASES.items()]
    for row in published_rows("wang2022_table7_new_be"):
        stars.append((row["designation"], _new_be_of_table_7(row)))
    for row in published_rows("wang2022_table9_runaways"):
        stars.append((row["designation"], _runaway_of_table_9(row)))
    make_warehouse(built.database, stars)
    built.dbt("run")
    return built
