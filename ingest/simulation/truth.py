"""The truth of a simulated survey: two Parquet files apart from the archives', and their load."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Table

from ingest.simulation.model import Stars, Visits
from ingest.simulation.photometry import EXTINCTION, R_V
from ingest.simulation.profiles import PROFILES
from ingest.simulation.votables import arrow_table
from warehouse import truth_tables
from warehouse.connection import WarehouseError
from warehouse.load import FileRecord, IngestRun

FOLDER = "truth"
FILES = {"stars.parquet": truth_tables.stars, "spectra.parquet": truth_tables.spectra}

#: Of the near-infrared survey, in its own folder.
APOGEE_FILES = {"truth_apogee_stars.parquet": truth_tables.apogee_stars}

#: What a visit's synthesis tells, beside the visit itself.
APPLIED = (
    "emission_ew", "emission_peak", "emission_significance", "profile", "rv", "n_cosmic_rays",
)  # fmt: skip


@dataclass
class TruthSummary:
    """What a load of the truth did."""

    counts: dict[str, int] = field(default_factory=dict)
    n_known: int = 0

    def __str__(self) -> str:
        rows = ", ".join(f"{n:,d} new rows of truth.{name}" for name, n in self.counts.items())
        return f"truth: {rows or 'nothing new'}"


def star_table(stars: Stars) -> pa.Table:
    """Return ``truth.stars``, one row a star."""
    names = [column.name for column in truth_tables.stars.columns if column.name != "run_id"]
    rows = {name: getattr(stars, name) for name in names if name != "m_ks"}
    modulus = 5.0 * np.log10(stars.distance) - 5.0
    rows["m_ks"] = stars.k - modulus - EXTINCTION["k"] * R_V * stars.ebv
    return arrow_table(truth_tables.stars, rows)


def spectrum_table(stars: Stars, visits: Visits, applied: Mapping[str, np.ndarray]) -> pa.Table:
    """Return ``truth.spectra``, one row a visit.

    Parameters
    ----------
    stars, visits
        The survey, or a part of it.
    applied
        The quantities of :data:`APPLIED` as they went into the spectra, shape ``(n_visits,)``.
    """
    own = ("resolution", "mjd", "lmjd", "plan_id", "spectrograph", "fibre", "snr_b", "snr_r")
    rows = {
        "obsid": warehouse_obsids(visits),
        "designation": stars.designation[visits.star],
        **{name: getattr(visits, name) for name in own},
        **{name: np.asarray(applied[name]) for name in APPLIED},
        "has_emission": np.asarray(applied["emission_ew"]) > 0,
        "profile": np.array(PROFILES)[np.asarray(applied["profile"]).astype(int)],
    }
    return arrow_table(truth_tables.spectra, rows)


def warehouse_obsids(visits: Visits) -> np.ndarray:
    """Return the obsids under which the loader files the visits.

    The oldest layout has no OBSID, and the loader derives one from night, plan, spectrograph
    and fibre (:func:`ingest.lamost.headers.derived_obsid`).
    """
    obsids = visits.obsid.copy()
    for row in np.flatnonzero(visits.layout == "lrs_image_old"):
        parts = (
            visits.lmjd[row],
            visits.plan_id[row],
            visits.spectrograph[row],
            visits.fibre[row],
        )
        digest = hashlib.blake2b("|".join(str(part) for part in parts).encode(), digest_size=8)
        obsids[row] = -(2**48 + int.from_bytes(digest.digest()) % 2**62)
    return obsids


def write_truth(
    folder: Path, stars: Stars, visits: Visits, applied: Mapping[str, np.ndarray]
) -> list[Path]:
    """Write ``truth/stars.parquet`` and ``truth/spectra.parquet`` below a survey's folder."""
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    tables = (star_table(stars), spectrum_table(stars, visits, applied))
    paths = []
    for name, table in zip(FILES, tables, strict=True):
        path = target / name
        scratch = path.with_name(f".{name}.part")
        marked = table.replace_schema_metadata({"simulated": "true"})
        pq.write_table(marked, scratch, compression="zstd")
        scratch.replace(path)
        paths.append(path)
    return paths


def load_truth(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    command: str = "hotstars ingest simulated",
) -> TruthSummary:
    """Load the truth of a simulated survey into schema ``truth``; a second call loads nothing.

    Raises
    ------
    WarehouseError
        When the survey has no truth, or not all of it.
    """
    return _load(
        connection,
        {folder / FOLDER / name: table for name, table in FILES.items()},
        command,
        folder,
    )


def load_apogee_truth(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    command: str = "hotstars ingest simulated",
) -> TruthSummary:
    """Load the truth of the near-infrared survey in a folder of its own."""
    files = {folder / name: table for name, table in APOGEE_FILES.items()}
    return _load(connection, files, command, folder)


def _load(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[Path, Table],
    command: str,
    folder: Path,
) -> TruthSummary:
    paths = list(files)
    for path in paths:
        if not path.is_file():
            raise WarehouseError(
                f"{path}: not there; the survey in {folder} is not finished. Run `hotstars "
                "simulate` again, which goes on where it stopped"
            )
    summary = TruthSummary()
    with IngestRun(connection, "truth", command) as run:
        pending = run.pending(paths)
        summary.n_known = len(paths) - len(pending)
        for path in pending:
            try:
                content = path.read_bytes()
                table = pq.read_table(pa.BufferReader(content))
            except (OSError, pa.ArrowInvalid) as error:
                raise WarehouseError(
                    f"{path}: no Parquet file ({error}); remove the survey's folder and simulate "
                    "again"
                ) from error
            status = path.stat()
            record = FileRecord(
                path=str(path.absolute()),
                sha256=hashlib.sha256(content).hexdigest(),
                size=status.st_size,
                mtime_ns=status.st_mtime_ns,
                n_rows=table.num_rows,
            )
            summary.counts.update(run.commit({files[path]: table}, [record]))
    return summary
