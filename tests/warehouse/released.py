"""A small mart for tests of released files, and readers that are not ours."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.table import Table

from warehouse.export import ExportFormat
from warehouse.export.metadata import Mart, marts

COLUMNS: dict[str, dict[str, Any]] = {
    "designation": {"ucd": "meta.id;meta.main", "format": "A20"},
    "survey": {"ucd": "meta.id;instr"},
    "ra": {"unit": "deg", "ucd": "pos.eq.ra;meta.main", "format": "F11.6"},
    "dec": {"unit": "deg", "ucd": "pos.eq.dec;meta.main", "format": "F11.6"},
    "pmra": {"unit": "mas.yr**-1", "ucd": "pos.pm;pos.eq.ra", "format": "F8.4"},
    "v_tp": {"unit": "km.s**-1", "ucd": "phys.veloc", "format": "F5.1"},
    "logg": {"log_of": "cm.s**-2", "ucd": "phys.gravity", "format": "F6.2"},
    "n_visits": {"ucd": "meta.number", "format": "I3"},
    "is_runaway": {"ucd": "meta.code", "format": "I1"},
    "flag": {"ucd": "meta.code", "format": "I2", "note": "note_flag"},
}


def manifest(**others: dict[str, Any]) -> dict[str, Any]:
    """dbt's manifest with one mart; ``others`` are more columns and their meta."""
    columns = {**COLUMNS, **others}
    return {
        "docs": {
            "doc.hotstars.note_flag": {
                "name": "note_flag",
                "block_contents": "What it is:\n1 = one thing;\n-9 = not known, as\nmany are.",
            }
        },
        "exposures": {
            "exposure.hotstars.table_1": {
                "url": "https://ui.adsabs.harvard.edu/abs/2022ApJS..260...35W",
                "depends_on": {"nodes": ["model.hotstars.be_test"]},
            }
        },
        "nodes": {
            "model.hotstars.be_test": {
                "resource_type": "model",
                "schema": "marts",
                "name": "be_test",
                "description": "One row a star that was made for a test.",
                "config": {
                    "meta": {
                        "title": "Stars of a test",
                        "paper": "Wang+2022",
                        "order_by": ["designation"],
                        "position_epoch": "J2000.0",
                    }
                },
                "columns": {
                    name: {
                        "name": name,
                        "description": f"Meaning of {name}, a 'quoted' & <odd> word",
                        "config": {"meta": meta},
                    }
                    for name, meta in columns.items()
                },
            }
        },
    }


def mart(**others: dict[str, Any]) -> Mart:
    """The mart of :func:`manifest`."""
    return marts(manifest(**others))["be_test"]


def database() -> duckdb.DuckDBPyConnection:
    """Three rows, with values that are missing."""
    connection = duckdb.connect(":memory:")
    connection.execute("""
        create schema marts;
        create table marts.be_test as
        select * from (values
            ('J000035.31+623317.7', 'SIM-MRS', 0.147123, 62.5549, 2.4793, 34.3, 4.1, 3::integer,
             true, 1),
            ('J235756.00+625549.6', 'SIM-MRS', 359.483333, 62.9304, -4.2501, null, null, null,
             null, -9),
            ('J185103.91-061732.0', 'SIM-LRS', 282.766292, -6.2922, null, 125.9, -0.5, 12, false,
             null)
        ) as t (designation, survey, ra, dec, pmra, v_tp, logg, n_visits, is_runaway, flag)
    """)
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The rows in the mart's order; decimals are released as real numbers."""
    rows = connection.execute("select * from marts.be_test order by designation").fetchall()
    return [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows]


def missing(value: Any) -> bool:
    """Say whether a reader's value stands for none."""
    return bool(
        value is None
        or np.ma.is_masked(value)
        or (isinstance(value, float | np.floating) and np.isnan(value))
        or (isinstance(value, np.datetime64) and np.isnat(value))
    )


def read(path: Path, format_: ExportFormat) -> Table:
    """A released file as astropy reads it."""
    if format_ is ExportFormat.mrt:
        return astropy_ascii.read(path, format="mrt")
    if format_ is ExportFormat.cds:
        return astropy_ascii.read(path, format="cds", readme=str(path.with_suffix(".ReadMe")))
    names = {ExportFormat.csv: "ascii.csv", ExportFormat.ecsv: "ascii.ecsv"}
    return Table.read(path, format=names.get(format_, format_.value))


STILTS = shutil.which("stilts")


def stilts(*arguments: str) -> str:
    """What STILTS says; it must not fail."""
    if STILTS is None:
        pytest.skip("no stilts to check with")
    done = subprocess.run(
        [STILTS, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
