"""Reddening from the Bayestar19 map at the stars' places and distances [1]_.

The map is optional: the package ``dustmaps`` and a download of several hundred megabytes.
Without them ``raw.reddening`` stays as it is and the catalogues take the colour-excess
route, which their column says.

References
----------
.. [1] Green, Schlafly, Zucker, Speagle & Finkbeiner 2019, ApJ 887, 93.
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.catalogues.load import Summary
from warehouse import raw_tables
from warehouse.connection import WarehouseError
from warehouse.load import IngestRun

MAP = "Bayestar19"

#: What the download of the map takes, as its authors' page says; on disk and on the wire.
MAP_BYTES = 700_000_000

#: Bayestar's unit to E(B-V): 0.884 for the 2019 version, table 1 of its documentation [1]_.
TO_EBV = 0.884

#: Draws of the distance for its part of the error.
DRAWS = 32

#: Stars that are sampled at once.
BATCH = 20_000

Array = npt.NDArray[np.float64]


class Map(Protocol):
    """A three-dimensional dust map."""

    def __call__(self, ra: Array, dec: Array, distance: Array) -> tuple[Array, Array]:
        """Return E(B-V) and its error (mag) at places (deg) and distances (pc)."""


def _dustmaps(name: str) -> Any:
    try:
        return importlib.import_module(f"dustmaps.{name}")
    except ImportError as error:
        raise WarehouseError(
            "the package dustmaps is not installed: .venv/bin/pip install dustmaps, then "
            f"`hotstars ingest dust --fetch`, which downloads {MAP} "
            f"({MAP_BYTES / 1e6:,.0f} MB). Without it the colour-excess route is used"
        ) from error


def fetch_map(folder: Path, tell: Callable[[str], None] = lambda _: None) -> None:
    """Download the map, once, saying its size before.

    Raises
    ------
    WarehouseError
        When dustmaps is missing, the disk is too full or the download fails.
    """
    bayestar = _dustmaps("bayestar")
    if _map_file(folder).exists():
        tell(f"{MAP} is in {folder} already")
        return
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    tell(f"{MAP}: about {MAP_BYTES / 1e6:,.0f} MB to download into {folder}")
    if free < 2 * MAP_BYTES:
        raise WarehouseError(
            f"{folder}: {free / 1e6:,.0f} MB are free and {2 * MAP_BYTES / 1e6:,.0f} MB are "
            "needed; choose another HOTSTARS_HOME or make room"
        )
    _dustmaps("config").config["data_dir"] = str(folder)
    try:
        bayestar.fetch(version="bayestar2019")
    except Exception as error:  # the library lets through what its parts raise
        raise WarehouseError(
            f"{MAP} could not be downloaded ({error}); try again later, or put bayestar2019.h5 "
            f"into {_map_file(folder).parent} by hand"
        ) from error


def _map_file(folder: Path) -> Path:
    return folder / "bayestar" / "bayestar2019.h5"


def open_map(folder: Path) -> Map:
    """Open the fetched map.

    Raises
    ------
    WarehouseError
        When dustmaps or the map is missing.
    """
    bayestar = _dustmaps("bayestar")
    if not _map_file(folder).exists():
        raise WarehouseError(
            f"{_map_file(folder)}: the map is not there; `hotstars ingest dust --fetch` downloads "
            f"it ({MAP_BYTES / 1e6:,.0f} MB). Without it the colour-excess route is used"
        )
    _dustmaps("config").config["data_dir"] = str(folder)
    query = bayestar.BayestarQuery(version="bayestar2019", max_samples=5)

    def ask(ra: Array, dec: Array, distance: Array) -> tuple[Array, Array]:
        from astropy import units as u  # noqa: PLC0415
        from astropy.coordinates import SkyCoord  # noqa: PLC0415

        places = SkyCoord(ra * u.deg, dec * u.deg, distance=distance * u.pc)
        samples = np.asarray(query(places, mode="samples"), dtype=float)  # (n, samples)
        return TO_EBV * np.median(samples, axis=-1), TO_EBV * np.std(samples, axis=-1)

    return ask


def sample(
    dust: Map, ra: Array, dec: Array, distance: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    """Return E(B-V) at stars' distances, with the errors of map and distance.

    Parameters
    ----------
    dust
        The map.
    ra, dec, shape (n,)
        Degrees, ICRS.
    distance, low, high, shape (n,)
        Median, 16th and 84th percentile of the distance, pc; NaN bounds count as none.

    Returns
    -------
    ebv, ebv_error : shape (n,)
        Magnitudes; NaN outside the map. The error joins in quadrature that of the map and
        the spread of the map's values along the distance's error, taken at fixed quantiles
        so that the same star always gets the same value.
    """
    ebv, of_map = dust(ra, dec, distance)
    quantiles = (np.arange(DRAWS) + 0.5) / DRAWS
    from scipy.stats import norm  # noqa: PLC0415

    steps = norm.ppf(quantiles)
    below = np.where(np.isfinite(low), distance - low, 0.0)
    above = np.where(np.isfinite(high), high - distance, 0.0)
    draws = []
    for step in steps:
        moved = distance + step * np.where(step < 0, below, above)
        draws.append(dust(ra, dec, np.maximum(moved, 1.0))[0])
    of_distance = np.std(np.array(draws), axis=0)  # (draws, n) -> (n,)
    return ebv, np.hypot(of_map, of_distance)


def sample_warehouse(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    dust: Map | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Sample the map at the stars of the warehouse that have a distance and no value yet.

    A star's distance is that of the nearest Gaia source within 1 arcsec.

    Parameters
    ----------
    connection
        Warehouse, open for writing.
    folder
        Where the map is.
    dust
        Another map, for tests.
    tell
        Called with a line of progress.
    """
    ask = dust or open_map(folder)
    stars = connection.execute(_STARS, [MAP]).to_arrow_table()
    summary = Summary("dust", n_read=stars.num_rows)
    with IngestRun(connection, "dust", "hotstars ingest dust") as run:
        for start in range(0, stars.num_rows, BATCH):
            batch = stars.slice(start, BATCH)
            values = {
                name: batch[name].cast(pa.float64()).to_numpy()
                for name in ("ra", "dec", "distance", "distance_low", "distance_high")
            }
            ebv, error = sample(
                ask, values["ra"], values["dec"], values["distance"],
                values["distance_low"], values["distance_high"],
            )  # fmt: skip
            inside = np.isfinite(ebv)
            rows = pa.table(
                {
                    "dust_map": pa.array([MAP] * batch.num_rows),
                    "designation": batch["designation"],
                    "ra": batch["ra"],
                    "dec": batch["dec"],
                    "distance": pa.array(values["distance"], pa.float32()),
                    "ebv": pa.array(ebv, pa.float32(), from_pandas=True),
                    "ebv_error": pa.array(error, pa.float32(), from_pandas=True),
                }
            ).filter(pa.array(inside))
            summary.n_rows += sum(run.commit({raw_tables.reddening: rows}).values())
            tell(f"dust: {min(start + BATCH, stars.num_rows):,d} of {stars.num_rows:,d} stars")
    return summary


#: Stars with a distance: the nearest Gaia source within 1 arcsec, found over a grid of unit
#: vectors (cells of 10 arcsec; a search sphere touches its own cell and its neighbours).
_STARS = """
with stars as (
    select designation, min_by(ra, obsid) as ra, min_by(dec, obsid) as dec
    from raw.lamost_observation
    where designation is not null
      and designation not in (select designation from raw.reddening where dust_map = ?)
    group by designation
),
placed as (
    select *, cos(radians(dec)) * cos(radians(ra)) as x,
        cos(radians(dec)) * sin(radians(ra)) as y, sin(radians(dec)) as z
    from stars
),
sources as (
    select s.source_id, d.distance, d.distance_low, d.distance_high,
        cos(radians(s.dec)) * cos(radians(s.ra)) as x,
        cos(radians(s.dec)) * sin(radians(s.ra)) as y, sin(radians(s.dec)) as z
    from raw.gaia_source as s
    join raw.distance as d using (source_id)
    where d.distance > 0 and d.release not like 'SIM%'
    qualify row_number() over (partition by s.source_id order by s.release desc) = 1
),
cells as (
    select *, floor(x / 4.85e-5)::int + i as cx, floor(y / 4.85e-5)::int + j as cy,
        floor(z / 4.85e-5)::int + k as cz
    from placed, range(-1, 2) as a(i), range(-1, 2) as b(j), range(-1, 2) as c(k)
),
pairs as (
    select cells.designation, cells.ra, cells.dec, sources.distance, sources.distance_low,
        sources.distance_high,
        (cells.x - sources.x) ** 2 + (cells.y - sources.y) ** 2 + (cells.z - sources.z) ** 2 as c2
    from cells join sources on cells.cx = floor(sources.x / 4.85e-5)::int
        and cells.cy = floor(sources.y / 4.85e-5)::int
        and cells.cz = floor(sources.z / 4.85e-5)::int
)
select designation, ra, dec, distance, distance_low, distance_high
from pairs
where c2 <= pow(2 * sin(radians(1.0 / 3600) / 2), 2)
qualify row_number() over (partition by designation order by c2) = 1
order by designation
"""
