"""Near-infrared spectra with known labels, from the warehouse or simulated, to train with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotstars.training.apogee_labels import TrainingSpectra
from ml.apogee.standard import METADATA, N_PIXELS
from udfs.arrow import matrix
from warehouse.connection import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

#: Stars without which a network learns nothing.
FEWEST = 100

#: Rows that are read at a time: 69 kB each.
BLOCK = 512

_STARS = f"""
select
    stars.apogee_id,
    stars.survey,
    labels.log_teff::double as log_teff,
    labels.logg::double as logg,
    labels.fe_h::double as fe_h,
    {", ".join(f"stars.{name}::double as {name}" for name in METADATA)}
from intermediate.int_apogee_training_labels as labels
inner join intermediate.int_apogee_stars as stars using (apogee_id)
order by stars.apogee_id
"""

_SPECTRA = """
select stars.apogee_id, spectra.flux, spectra.error
from staging.stg_apogee__spectra as spectra
inner join intermediate.int_apogee_stars as stars
    using (apogee_id, survey, release, telescope, field)
semi join intermediate.int_apogee_training_labels using (apogee_id)
"""


def simulated_training_spectra(n: int, seed: int, workers: int) -> TrainingSpectra:
    """Simulate spectra in memory, with their true labels."""
    from ingest.simulation.apogee import apogee_training_set

    found = apogee_training_set(n, seed, workers=workers)
    return TrainingSpectra(
        flux=found.flux,
        error=found.error,
        metadata=found.metadata,
        log_teff=found.targets[:, 1],
        logg=found.targets[:, 0],
        fe_h=found.targets[:, 2],
        star=found.star,
        source="the simulated near-infrared survey, true labels",
        config={"from": "simulation", "n_stars": n, "seed": seed},
        simulated=True,
    )


def warehouse_training_spectra(
    connection: duckdb.DuckDBPyConnection, folder: Path, say: Callable[[str], None]
) -> TrainingSpectra:
    """Read the stars with training labels, their spectra into files.

    Parameters
    ----------
    connection
        To a warehouse in which ``int_apogee_training_labels`` is built.
    folder
        Where the arrays are kept, 69 kB a star; the caller removes it.
    say
        Told how far it is.

    Raises
    ------
    WarehouseError
        When the labels are missing or too few.
    """
    import duckdb

    try:
        stars = connection.execute(_STARS).to_arrow_table()
    except duckdb.CatalogException as missing:
        raise WarehouseError(
            "no intermediate.int_apogee_training_labels here; ingest apStar files (`hotstars "
            "ingest apogee`), the allStar table, and `hotstars build`"
        ) from missing
    n = stars.num_rows
    if n < FEWEST:
        raise WarehouseError(
            f"{n} stars with training labels: {FEWEST} are the least; ingest more apStar files "
            "with their allStar table or spectral types, and build again; or train on simulated "
            "spectra (--from simulation)"
        )
    identity = np.asarray(stars["apogee_id"].to_pylist())
    flux, error = (
        np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(n, N_PIXELS)
        )
        for name in ("flux", "error")
    )
    done = 0
    for batch in connection.execute(_SPECTRA).to_arrow_reader(BLOCK):
        rows = np.searchsorted(identity, np.asarray(batch.column("apogee_id").to_pylist()))
        flux[rows] = matrix(batch.column("flux"), N_PIXELS)
        error[rows] = matrix(batch.column("error"), N_PIXELS)
        done += batch.num_rows
    say(f"   {done:,d} of {n:,d} spectra read")

    def numbers(name: str) -> NDArray[np.float64]:
        values: Any = stars[name].to_numpy(zero_copy_only=False)
        return np.asarray(values, dtype=np.float64)

    surveys = sorted(set(stars["survey"].to_pylist()))
    return TrainingSpectra(
        flux=flux,
        error=error,
        metadata=np.column_stack([numbers(name) for name in METADATA]),
        log_teff=numbers("log_teff"),
        logg=numbers("logg"),
        fe_h=numbers("fe_h"),
        star=identity,
        source=f"the warehouse: {', '.join(surveys)}",
        config={"from": "warehouse", "n_stars": n, "surveys": surveys},
        simulated=any(name.startswith("SIM") for name in surveys),
    )
