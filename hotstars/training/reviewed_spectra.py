"""Spectra that people judged, as a sample to train on: the way of the published work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.simulation.training_set import TrainingSet
from ml.halpha import training
from ml.halpha.window import N_SAMPLES
from warehouse import raw_tables
from warehouse.connection import WarehouseError
from warehouse.load import IngestRun

if TYPE_CHECKING:
    import duckdb

#: Spectra of either class without which a network learns nothing.
FEWEST = 50

#: What the parts of a training are called in ``raw.training_spectrum``.
_SPLIT = {
    training.TRAIN: "train",
    training.CALIBRATION: "calibration",
    training.VALIDATION: "test",
}

_QUERY = """
with

windows as (
    select obsid, exposure, halpha from intermediate.int_rectified_mrs_r
    union all
    select obsid, exposure, halpha from intermediate.int_rectified_lrs_r
)

select
    verdicts.obsid,
    verdicts.exposure,
    verdicts.verdict = 'emission' as is_emission,
    observations.designation,
    observations.survey,
    coalesce(observations.snr_r, 'nan'::float) as snr,
    windows.halpha
from staging.stg_review__verdicts as verdicts
inner join windows using (obsid, exposure)
inner join staging.stg_lamost__observations as observations using (obsid)
where verdicts.verdict in ('emission', 'absorption') and windows.halpha is not null
order by verdicts.obsid, verdicts.exposure
"""


@dataclass(frozen=True)
class Reviewed:
    """Judged spectra of the warehouse.

    Attributes
    ----------
    data
        Windows and labels; the true class of a profile is not known and stands as 0.
    obsid, exposure : (n,)
        Keys of the spectra.
    """

    data: TrainingSet
    obsid: NDArray[np.int64]
    exposure: NDArray[np.int64]

    @property
    def is_simulated(self) -> bool:
        """Whether any of them comes from the simulated survey."""
        return bool(np.char.startswith(self.data.survey.astype(str), "SIM").any())


def reviewed_spectra(connection: duckdb.DuckDBPyConnection) -> Reviewed:
    """Return the spectra that a reviewer called emission or absorption.

    Raises
    ------
    WarehouseError
        If there are too few of either, or the catalogues were never built.
    """
    import duckdb

    try:
        table = connection.execute(_QUERY).to_arrow_table()
    except duckdb.CatalogException as error:
        raise WarehouseError(
            "no rectified spectra here: run `hotstars build` before training on reviewed ones"
        ) from error
    label = table["is_emission"].to_numpy(zero_copy_only=False).astype(np.int8)
    for name, n in (("emission", int(label.sum())), ("absorption", int((1 - label).sum()))):
        if n < FEWEST:
            raise WarehouseError(
                f"{n} reviewed spectra show {name}; {FEWEST} of either kind are needed. "
                "`hotstars review export` writes a page to judge more, `hotstars review import` "
                "takes it in"
            )
    n = len(label)
    windows = table["halpha"].combine_chunks().flatten().to_numpy().reshape(n, N_SAMPLES)
    data = TrainingSet(
        windows=windows.astype(np.float32),
        label=label,
        designation=np.array(table["designation"].to_pylist(), dtype=str),
        survey=np.array(table["survey"].to_pylist(), dtype=str),
        kind=np.full(n, "reviewed"),
        profile=np.zeros(n, np.int8),
        snr=table["snr"].to_numpy().astype(np.float32),
        significance=np.zeros(n, np.float32),
    )
    return Reviewed(data, table["obsid"].to_numpy(), table["exposure"].to_numpy())


def record(
    connection: duckdb.DuckDBPyConnection,
    reviewed: Reviewed,
    part: NDArray[np.str_],
    card: dict[str, Any],
) -> None:
    """Write which spectra a model learnt from into ``raw.training_spectrum``."""
    n = len(part)
    label = np.where(reviewed.data.label == 1, "emission", "absorption")
    batch = pa.table(
        {
            "obsid": reviewed.obsid,
            "exposure": reviewed.exposure,
            "label": label.astype(object),
            "origin": np.full(n, "review", object),
            "split": np.array([_SPLIT[name] for name in part.tolist()], object),
            "model_name": np.full(n, card["name"], object),
            "model_version": np.full(n, card["version"], object),
        }
    )
    command = "hotstars train be-classifier --from review"
    with IngestRun(connection, "training_spectrum", command) as run:
        run.commit({raw_tables.training_spectrum: batch})
