"""A simulated survey as Arrow tables of the raw layer, without files: for tests of size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlalchemy import Table

from ingest.files import FileIdentity
from ingest.lamost import arrow
from ingest.lamost.model import Grid, LamostFile, Observation, Spectrum
from ingest.lamost.signal import signal_to_noise
from ingest.pool import ordered_map
from ingest.simulation import truth
from ingest.simulation.astrometry import star_position
from ingest.simulation.catalogues import catalogues
from ingest.simulation.config import MRS_ONLY, SurveyConfig
from ingest.simulation.instrument import ArmSpectrum
from ingest.simulation.model import Stars, Visits
from ingest.simulation.population import draw_blocks
from ingest.simulation.spectra import synthesise
from ingest.simulation.survey import part_of
from ingest.simulation.votables import raw_rows
from warehouse import raw_tables, truth_tables

BLOCK_VISITS = 500


@dataclass(frozen=True)
class _Work:
    stars: Stars
    visits: Visits


def simulate_arrow(
    n_stars: int,
    seed: int,
    config: SurveyConfig = MRS_ONLY,
    *,
    block_visits: int = BLOCK_VISITS,
    workers: int = 1,
) -> Iterator[dict[Table, pa.Table]]:
    """Yield a survey as batches that :meth:`warehouse.load.IngestRun.commit` takes.

    First come the catalogues and true stars of a block of stars, then its observations and
    spectra, some hundred visits a batch, then the next block. Memory holds a block of stars
    and a few batches.

    Parameters
    ----------
    n_stars, seed, config
        What is simulated; by default medium resolution only.
    block_visits
        Visits of a batch.
    workers
        Processes that synthesise spectra.

    Yields
    ------
    dict
        Raw or truth table -> Arrow table.
    """
    for block, (stars, visits) in enumerate(draw_blocks(n_stars, seed, config)):
        yield _catalogue_tables(stars, visits, seed, block, config)
        work = (
            _Work(*part_of(stars, visits, rows))
            for resolution in ("mrs", "lrs")
            for rows in _batches(np.flatnonzero(visits.resolution == resolution), block_visits)
        )
        for observations, spectra, true in ordered_map(
            _synthesised, work, workers=workers, preload=("ingest.simulation.direct",)
        ):
            yield {
                raw_tables.lamost_observation: observations,
                raw_tables.lamost_spectrum: spectra,
                truth_tables.spectra: true,
            }


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _catalogue_tables(
    stars: Stars, visits: Visits, seed: int, block: int, config: SurveyConfig
) -> dict[Table, pa.Table]:
    parts: dict[Table, list[pa.Table]] = {}
    for catalogue in catalogues(stars, visits, seed, block, config):
        table, rows = raw_rows(catalogue)
        parts.setdefault(table, []).append(rows)
    tables = {
        table: pa.concat_tables(found, promote_options="default") for table, found in parts.items()
    }
    return {**tables, truth_tables.stars: truth.star_table(stars)}


def _synthesised(work: _Work) -> tuple[pa.Table, pa.Table, pa.Table]:
    stars, visits = work.stars, work.visits
    ra, dec = star_position(stars, 2000.0)
    applied = np.zeros((len(visits), len(truth.APPLIED)))
    files = []
    for found in synthesise(stars, visits, np.arange(len(visits))):
        row = found.visit
        applied[row] = [getattr(found, name) for name in truth.APPLIED]
        spectra = [_spectrum(arm) for arm in found.arms]
        files.append(_file(stars, visits, row, ra, dec, spectra))
    columns = {name: applied[:, number] for number, name in enumerate(truth.APPLIED)}
    return (
        arrow.observation_table(files),
        arrow.spectrum_table(files),
        truth.spectrum_table(stars, visits, columns),
    )


def _spectrum(arm: ArmSpectrum) -> Spectrum:
    if isinstance(arm.log_wavelength, tuple):
        start, step = arm.log_wavelength
        grid = Grid(log_start=float(start), log_step=float(step))
    else:
        grid = Grid(wavelength=(10.0**arm.log_wavelength).astype(np.float32))
    return Spectrum(
        arm=arm.arm,
        exposure=int(arm.exposure),
        grid=grid,
        flux=arm.flux,
        ivar=arm.ivar,
        and_mask=arm.and_mask if arm.exposure == 0 else None,
        or_mask=arm.or_mask,
        snr=signal_to_noise(arm.flux, arm.ivar),
        mjd=arm.mjd,
        exposure_time=arm.exposure_time,
    )


def _file(
    stars: Stars,
    visits: Visits,
    row: int,
    ra: np.ndarray,
    dec: np.ndarray,
    spectra: list[Spectrum],
) -> LamostFile:
    star = visits.star[row]
    medium = visits.resolution[row] == "mrs"
    coadds = {spectrum.arm: spectrum.snr for spectrum in spectra if spectrum.exposure == 0}
    name = (
        f"{'med' if medium else 'spec'}-{visits.lmjd[row]}-{visits.plan_id[row]}"
        f"_sp{visits.spectrograph[row]:02d}-{visits.fibre[row]:03d}.fits.gz"
    )
    observation = Observation(
        obsid=int(visits.obsid[row]),
        survey="SIM-MRS" if medium else "SIM-LRS",
        release="SIM DR1",
        layout=str(visits.layout[row]),
        designation=str(stars.designation[star]),
        object_name=str(stars.designation[star]),
        object_type="STAR",
        class_="STAR",
        subclass=None,
        ra=float(ra[star]),
        dec=float(dec[star]),
        mjd=float(visits.mjd[row]),
        lmjd=int(visits.lmjd[row]),
        plan_id=str(visits.plan_id[row]),
        spectrograph=int(visits.spectrograph[row]),
        fibre=int(visits.fibre[row]),
        snr_b=coadds.get("B", coadds.get("L")),
        snr_r=coadds.get("R", coadds.get("L")),
        redshift=None,
        heliocentric_correction=None,
        magnitude_type="g",
        magnitudes=[float(stars.g[star])],
    )
    digest = hashlib.sha256(spectra[0].flux.tobytes()).hexdigest()
    return LamostFile(FileIdentity(f"simulated/{name}", digest), observation, spectra)
