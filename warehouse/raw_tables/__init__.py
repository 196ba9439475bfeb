"""The tables of schema ``raw``: what the archives say, nothing decided.

Every table names its key in ``info["key"]``. The key is enforced by
:mod:`warehouse.load` inside the transaction that loads a batch and tested by dbt; it is
no PRIMARY KEY, because a DuckDB index forbids later ALTERs of the table and holds the
keys of every row in memory, which a table of 10^8 catalogue sources cannot afford.

Survey names are ``LAMOST-MRS`` and ``LAMOST-LRS``, or ``SIM-MRS`` and ``SIM-LRS`` for
files of the simulated survey.
"""

from __future__ import annotations

from warehouse.raw_tables.apogee import apogee_allstar, apogee_spectrum, apogee_star
from warehouse.raw_tables.base import metadata
from warehouse.raw_tables.lamost import (
    lamost_observation,
    lamost_spectrum,
    lamost_stellar_parameters,
)
from warehouse.raw_tables.ledger import ingest_run, ingested_file, rejected_file
from warehouse.raw_tables.literature import cluster, cluster_member, literature_star, spectral_type
from warehouse.raw_tables.model_grid import model_grid_spectrum
from warehouse.raw_tables.published import ob_star, radial_velocity
from warehouse.raw_tables.review import review, training_spectrum
from warehouse.raw_tables.surveys import (
    allwise_source,
    distance,
    gaia_source,
    reddening,
    twomass_source,
)

__all__ = [
    "allwise_source",
    "apogee_allstar",
    "apogee_spectrum",
    "apogee_star",
    "cluster",
    "cluster_member",
    "distance",
    "gaia_source",
    "ingest_run",
    "ingested_file",
    "lamost_observation",
    "lamost_spectrum",
    "lamost_stellar_parameters",
    "literature_star",
    "metadata",
    "model_grid_spectrum",
    "ob_star",
    "radial_velocity",
    "reddening",
    "rejected_file",
    "review",
    "spectral_type",
    "training_spectrum",
    "twomass_source",
]
