"""Printed stars of Wang et al. (2022) through the warehouse's own models.

What a table prints of a star (position, magnitudes, reddening, type, parallax, motion) is loaded
into a warehouse of its own, with a stand-in for the spectrum, and built by dbt. So the criteria
and formulae that are asked here are those of the catalogues, and no second ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from hotstars.scorecard.scores import Score, decimals, published_rows
from ml.spectra.grids import H_ALPHA, MRS_B, MRS_R, Grid
from warehouse import raw_tables
from warehouse.connection import WarehouseError
from warehouse.load import insert_new
from warehouse.migrate import upgrade_in_memory

#: What is built: the catalogues that the tables are compared with, and all before them.
MODELS = ("be_new", "oe_stars", "be_runaways", "int_star_kinematics", "int_runaway_limit")

#: LAMOST's positions are of 2000, Gaia's of 2016.
_YEARS = 16.0

_Row = tuple[str, dict[str, Any]]

_HOW = "`hotstars build` on the printed row"
_STAND_IN = f"{_HOW} and a stand-in spectrum with emission"


def printed_star_scores() -> list[Score]:
    """Build the printed stars and compare.

    Raises
    ------
    WarehouseError
        When dbt fails.
    """
    with tempfile.TemporaryDirectory(prefix="hotstars-scorecard-") as folder:
        home = Path(folder)
        _load(home / "warehouse.duckdb")
        _build(home)
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            return [
                *_oe_stars(connection),
                *_new_be(connection),
                *_runaways(connection),
            ]


def position(designation: str) -> tuple[float, float]:
    """Return right ascension and declination, deg, of a designation ``JHHMMSS.ss+DDMMSS.s``."""
    match = re.fullmatch(r"J(\d\d)(\d\d)([\d.]+)([+-])(\d\d)(\d\d)([\d.]+)", designation)
    if match is None:
        raise ValueError(f"not a designation JHHMMSS.ss+DDMMSS.s: {designation!r}")
    hours, minutes, seconds, sign, degrees, arcmin, arcsec = match.groups()
    dec = int(degrees) + int(arcmin) / 60 + float(arcsec) / 3600
    ra = 15 * (int(hours) + int(minutes) / 60 + float(seconds) / 3600)
    return ra, -dec if sign == "-" else dec


def _oe_stars(connection: duckdb.DuckDBPyConnection) -> Iterator[Score]:
    found = _names(connection, "marts.oe_stars")
    for row in published_rows("wang2022_table5_oe_stars"):
        name = row["designation"]
        yield Score("wang2022", "Table 5", f"{name} ({row['spectral_type']}) is an Oe star",
                    True, name in found, 0.0, _STAND_IN)  # fmt: skip


def _new_be(connection: duckdb.DuckDBPyConnection) -> Iterator[Score]:
    found = _names(connection, "marts.be_new")
    for row in published_rows("wang2022_table7_new_be"):
        name = row["designation"]
        yield Score(
            "wang2022", "Table 7",
            f"{name} ({row['spectral_type']}) passes the tests of type and infrared colours",
            True, name in found, 0.0, _STAND_IN,
        )  # fmt: skip


def _runaways(connection: duckdb.DuckDBPyConnection) -> Iterator[Score]:
    cursor = connection.execute(
        "select designation, v_tp, v_tp_error_published, z, v_tp_error "
        "from intermediate.int_star_kinematics"
    )
    found = {name: values for name, *values in cursor.fetchall()}
    running = _names(connection, "marts.be_runaways")
    limit = connection.execute("select v_tp_limit from intermediate.int_runaway_limit").fetchall()
    yield Score(
        "wang2022", "section 6", "limit of runaways (km/s)", 24.0, limit[0][0], 0.5,
        "model `int_runaway_limit`", "The paper rounds: 1 % of the peak lies at 24.05", 1,
    )  # fmt: skip
    rows = published_rows("wang2022_table9_runaways")
    for row in rows:
        name = row["designation"]
        yield Score("wang2022", "Table 9", f"{name}: V_Tp (km/s)", float(row["v_tp_kms"]),
                    found[name][0], 0.1, _HOW, digits=decimals(row["v_tp_kms"]))  # fmt: skip
        yield Score("wang2022", "Table 9", f"{name} is a runaway", True, name in running, 0.0,
                    _STAND_IN)  # fmt: skip
    for row in rows:
        name = row["designation"]
        yield Score(
            "wang2022", "Table 9", f"{name}: error of V_Tp (km/s)", float(row["v_tp_error"]),
            found[name][1], 0.1, f"{_HOW}, column `v_tp_error_published`",
            "V_Tp scaled as the distance, and the error of the proper motion: a recipe found here. "
            f"The whole formula, `v_tp_error`, gives {found[name][3]:.2f}",
            decimals(row["v_tp_error"]),
        )  # fmt: skip
    for row in rows:
        name = row["designation"]
        yield Score(
            "wang2022", "Table 9", f"{name}: z (pc)", float(row["z_pc"]), found[name][2], 1.0, _HOW,
            "The printed column does not follow from the paper's own formula, which is kept here",
            decimals(row["z_pc"]),
        )  # fmt: skip


def _names(connection: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    return {
        name for (name,) in connection.execute(f"select designation from {relation}").fetchall()
    }


def _build(home: Path) -> None:
    select = ["--select", *(f"+{name}" for name in MODELS)]
    done = subprocess.run(
        [sys.executable, "-m", "hotstars", "build", "--", "run", "--quiet", *select],
        env={**os.environ, "HOTSTARS_HOME": str(home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise WarehouseError(
            "the printed rows could not be built; dbt says:\n" + (done.stdout + done.stderr)[-3000:]
        )


def _load(database: Path) -> None:
    """Make a warehouse of the printed stars."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, (name, parts) in enumerate(sorted(_printed_stars().items()), start=1):
        place = dict(zip(("ra", "dec"), position(name), strict=True))
        for table, row in (*_seen(number, name, place), *(p(number, name, place) for p in parts)):
            rows.setdefault(table, []).append(row)
    connection = upgrade_in_memory()
    for table, found in rows.items():
        columns = sorted({key for row in found for key in row})
        batch = pa.table({key: [row.get(key) for row in found] for key in columns})
        insert_new(connection, getattr(raw_tables, table), batch, run_id="scorecard")
    connection.execute(f"attach '{database}' as warehouse (storage_version 'latest')")
    connection.execute("copy from database memory to warehouse")
    connection.close()


_Part = Callable[[int, str, dict[str, float]], _Row]


def _printed_stars() -> dict[str, list[_Part]]:
    """Return for each star what its tables print; Table 7 speaks of types before Table 5."""
    stars: dict[str, list[_Part]] = {}
    for row in published_rows("wang2022_table9_runaways"):
        stars.setdefault(row["designation"], []).extend([_gaia(row), _known(row)])
    for row in published_rows("wang2022_table7_new_be"):
        parts = [_twomass(row), _allwise(row), _reddening(row), _type(row)]
        stars.setdefault(row["designation"], []).extend(parts)
    for row in published_rows("wang2022_table5_oe_stars"):
        if row["designation"] not in stars:
            stars[row["designation"]] = [_type(row)]
    return stars


def _gaia(row: dict[str, str]) -> _Part:
    def part(number: int, name: str, place: dict[str, float]) -> _Row:
        pmra, pmdec = float(row["pmra_masyr"]), float(row["pmdec_masyr"])
        east = pmra * _YEARS / 3.6e6 / np.cos(np.radians(place["dec"]))
        return "gaia_source", {
            "release": "DR3",
            "source_id": number,
            "ra": place["ra"] + east,
            "dec": place["dec"] + pmdec * _YEARS / 3.6e6,
            "ref_epoch": 2016.0,
            "parallax": float(row["parallax_mas"]),
            "parallax_error": float(row["parallax_error"]),
            "pmra": pmra,
            "pmra_error": float(row["pmra_error"]),
            "pmdec": pmdec,
            "pmdec_error": float(row["pmdec_error"]),
            "ruwe": 1.0,
        }

    return part


def _known(row: dict[str, str]) -> _Part:
    """Stand for the list that made the star a classical Be star: its own row does not say."""
    return lambda number, name, place: (
        "literature_star",
        {"reference": "Neiner+2011", "name": row["designation"], "object_type": "CBe",
         "simulated": False, **place},
    )  # fmt: skip


def _twomass(row: dict[str, str]) -> _Part:
    names = ("j", "j_error", "h", "h_error", "k", "k_error")
    magnitudes = {name: float(row[name]) for name in names}
    return lambda number, name, place: (
        "twomass_source", {"designation": f"2MASS {number}", **place, **magnitudes},
    )  # fmt: skip


def _allwise(row: dict[str, str]) -> _Part:
    magnitudes = {name: float(row[name]) for name in ("w1", "w1_error")}
    return lambda number, name, place: (
        "allwise_source", {"designation": f"WISE {number}", **place, **magnitudes},
    )  # fmt: skip


def _reddening(row: dict[str, str]) -> _Part:
    return lambda number, name, place: (
        "reddening",
        {"dust_map": "printed", "designation": name, "ebv": float(row["ebv"]), "ebv_error": None},
    )


def _type(row: dict[str, str]) -> _Part:
    return lambda number, name, place: (
        "spectral_type",
        {"reference": "printed", "name": name, "spectral_type": row["spectral_type"],
         "bibcode": "2022ApJS..260...35W", "year": 2022, "simulated": False, **place},
    )  # fmt: skip


def _seen(number: int, name: str, place: dict[str, float]) -> Iterator[_Row]:
    """Return an observation of high S/N and the two arms of a stand-in spectrum."""
    yield (
        "lamost_observation",
        {
            "obsid": number,
            "survey": "LAMOST-MRS",
            "layout": "stand-in",
            "designation": name,
            **place,
            "mjd": 58000.0,
            "snr_b": 100.0,
            "snr_r": 100.0,
            "file_name": "stand-in",
            "path": "stand-in",
            "sha256": "0" * 64,
        },
    )
    for arm, grid in (("B", MRS_B), ("R", MRS_R)):
        yield "lamost_spectrum", _stand_in(number, arm, grid)


def _stand_in(number: int, arm: str, grid: Grid) -> dict[str, Any]:
    """Return a flat continuum with a Gaussian H-alpha line in emission and S/N of 100."""
    log_wavelength = (grid.first - 60 + np.arange(grid.size + 120)) * grid.step
    wavelength = 10**log_wavelength
    line = np.exp(-4 * np.log(2) * ((wavelength - H_ALPHA) / 6.0) ** 2)
    noise = np.random.default_rng(number).normal(size=len(wavelength)) / 100.0
    return {
        "obsid": number,
        "arm": arm,
        "exposure": 0,
        "survey": "LAMOST-MRS",
        "n_pixels": len(wavelength),
        "log_wavelength_start": float(log_wavelength[0]),
        "log_wavelength_step": grid.step,
        "flux": (1000 * (1 + line + noise)).astype(np.float32),
        "ivar": np.full(len(wavelength), 0.01, dtype=np.float32),
        "or_mask": np.zeros(len(wavelength), dtype=np.int16),
    }
