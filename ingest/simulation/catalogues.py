"""Every catalogue of a simulated survey, as columns of the raw tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.simulation import astrometry, sky
from ingest.simulation.config import SurveyConfig
from ingest.simulation.literature import (
    cluster_rows,
    literature_rows,
    member_rows,
    spectral_type_rows,
)
from ingest.simulation.model import Stars, Visits
from ingest.simulation.population import clusters
from ingest.simulation.seeds import Purpose, generator
from ingest.simulation.sky import Rows


@dataclass(frozen=True)
class CatalogueRows:
    """Rows of one archive's catalogue.

    Attributes
    ----------
    file
        Name of the file that holds them in a survey of files.
    source
        The source of :mod:`ingest.catalogues.sources` that such a file is read as.
    rows
        Column of the raw table -> values.
    """

    file: str
    source: str
    rows: Rows

    def __len__(self) -> int:
        return len(next(iter(self.rows.values())))


#: File of each source of one file.
FILES = {
    "gaia": "gaia_dr3.vot",
    "distances": "distances.vot",
    "twomass": "twomass.vot",
    "allwise": "allwise.vot",
    "clusters_cantat2018": "clusters_cantat2018.vot",
    "clusters_dias2021": "clusters_dias2021.vot",
    "members_cantat2018": "members_cantat2018.vot",
    "skiff": "spectral_types_skiff.vot",
    "kharchenko2009": "spectral_types_kharchenko2009.vot",
    "reddening": "reddening.csv",
}


def catalogues(
    stars: Stars, visits: Visits, seed: int, block: int, config: SurveyConfig
) -> list[CatalogueRows]:
    """Return what the archives hold of a block of stars; the clusters come with block 0."""
    sources = sky.sources(stars, seed, block, config)
    gaia = sky.gaia_rows(sources, seed, block)
    distances = sky.distance_rows(sources, gaia, seed, block)
    motion = _cluster_motion(seed, config)
    found: dict[str, Rows] = {
        "gaia": gaia,
        "distances": distances,
        "twomass": sky.twomass_rows(sources, seed, block),
        "allwise": sky.allwise_rows(sources, seed, block),
        "members_cantat2018": member_rows(stars, gaia, seed, block, config, motion),
        **(cluster_rows(seed, config, motion) if block == 0 else {}),
        **spectral_type_rows(stars, seed, block, config),
        "reddening": _reddening_rows(stars, distances, seed, block),
    }
    result = [CatalogueRows(FILES[source], source, rows) for source, rows in found.items()]
    result += [
        CatalogueRows(f"literature_{source}.vot", source, rows)
        for source, rows in literature_rows(stars, seed, block, config).items()
    ]
    for resolution in ("mrs", "lrs"):
        rows = _lasp_rows(stars, visits, resolution, seed, block)
        result.append(CatalogueRows(f"lasp_{resolution}.csv", "lasp", rows))
    return result


def _cluster_motion(seed: int, config: SurveyConfig) -> Rows:
    home = clusters(seed, config)
    pmra, pmdec, rv = astrometry.observed_motion(
        home["ra"], home["dec"], home["distance"], home["peculiar"]
    )
    return {"pmra": pmra, "pmdec": pmdec, "rv": rv}


def _reddening_rows(stars: Stars, distances: Rows, seed: int, block: int) -> Rows:
    """Return rows of ``raw.reddening``: a dust map blurs, and has holes."""
    rng = generator(seed, Purpose.REDDENING, block)
    n = len(stars)
    error = np.hypot(0.015, 0.06 * stars.ebv)
    ra, dec = astrometry.star_position(stars, 2000.0)
    rows: Rows = {
        "dust_map": np.full(n, "SIM Bayestar19"),
        "designation": stars.designation,
        "ra": ra,
        "dec": dec,
        "distance": distances["distance"][:n],
        "ebv": np.maximum(stars.ebv + rng.normal(0.0, 1.0, n) * error, 0.0),
        "ebv_error": error,
    }
    covered = rng.random(n) < 0.99
    return {name: values[covered] for name, values in rows.items()}


def _lasp_rows(stars: Stars, visits: Visits, resolution: str, seed: int, block: int) -> Rows:
    """Return rows of ``raw.lamost_stellar_parameters``, one an observation that LASP labelled.

    LASP gives nothing below 3100 K, nothing at low S/N, and little above 8500 K: now and
    then a hot star gets a temperature of its hottest templates.
    """
    number = ("mrs", "lrs").index(resolution)
    rng = generator(seed, Purpose.LASP, 2 * block + number)
    rows = np.flatnonzero(visits.resolution == resolution)
    star = visits.star[rows]
    n = len(rows)
    teff = stars.teff[star]
    sigma = 25.0 + 1200.0 / np.maximum(visits.snr_r[rows], 5.0)
    measured = teff + rng.normal(0.0, 1.0, n) * sigma
    hot = teff > 8500.0
    mistaken = hot & (rng.random(n) < np.where(teff < 10000.0, 0.25, 0.01))
    measured = np.where(mistaken, rng.uniform(7700.0, 8700.0, n), measured)
    given = (measured > 3100.0) & (teff > 3100.0) & (~hot | mistaken)
    given &= np.minimum(visits.snr_b[rows], visits.snr_r[rows]) > 5.0
    error = sigma / 150.0
    labels: Rows = {
        "obsid": visits.obsid[rows],
        "release": np.full(n, "SIM DR1"),
        "teff": np.round(measured, 2),
        "teff_error": np.round(sigma, 2),
        "logg": np.round(stars.logg[star] + rng.normal(0.0, 0.05, n) * (1 + error), 3),
        "logg_error": np.round(0.05 * (1 + error), 3),
        "m_h": np.round(stars.m_h[star] + rng.normal(0.0, 0.05, n) * (1 + error), 3),
        "m_h_error": np.round(0.05 * (1 + error), 3),
        "rv": np.round(stars.rv[star] + rng.normal(0.0, 1.0, n) * (1 + 3 * error), 2),
        "rv_error": np.round(1.0 + 3 * error, 2),
    }
    return {name: values[given] for name, values in labels.items()}
