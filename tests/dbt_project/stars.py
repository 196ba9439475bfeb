"""A small survey made by hand: stars at chosen places with chosen properties, as raw rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from spectra_maker import a_star, blaze, gaussian, native

from ml.spectra.grids import H_ALPHA, LRS_R, MRS_B, MRS_R, Grid
from warehouse import raw_tables
from warehouse.load import insert_new
from warehouse.migrate import upgrade_in_memory

MG_B = 5176.0
YEARS_TO_GAIA = 16.0  # from LAMOST's epoch 2000 to Gaia's 2016
YEARS_TO_MEMBERS = 15.5  # and to DR2's 2015.5, where the members of clusters stand


@dataclass(frozen=True)
class Visit:
    """One observation; the defaults are those of a bright Be star."""

    halpha: str = "emission"
    mgb_depth: float = 0.0
    snr_b: float | None = 80.0
    snr_r: float | None = 80.0
    teff: float | None = None
    has_blue: bool = True


@dataclass(frozen=True)
class Membership:
    """A place in a cluster; by default the cluster moves, and stands, exactly as the star."""

    cluster: str = "Test 1"
    probability: float = 0.9
    pmra_offset: float = 0.0
    parallax_offset: float = 0.0
    #: Of proper motion (mas/yr) and of parallax (mas).
    dispersion: tuple[float, float] = (0.1, 0.1)
    parameters: tuple[tuple[str, float], ...] = ()
    reference: str = "Cantat-Gaudin+2018"


@dataclass(frozen=True)
class Star:
    """A star and what the catalogues say of it; None leaves the catalogue without it.

    The defaults are those of a new Be star at 100 pc that moves with the Galaxy's disc.
    """

    visits: tuple[Visit, ...] = (Visit(),)
    survey: str = "LAMOST-MRS"
    ra: float | None = None
    dec: float | None = None
    jhk: tuple[float, float, float] | None = (10.0, 9.95, 9.92)
    jhk_error: tuple[float, float, float] = (0.02, 0.02, 0.02)
    w1: float | None = 9.80
    w1_error: float = 0.02
    ebv: float | None = 0.1
    ebv_error: float | None = None
    types: tuple[tuple[int, str], ...] = ((1990, "B2V"),)
    literature: tuple[tuple[str, str], ...] = ()
    parallax: float | None = 10.0
    parallax_error: float = 0.02
    pmra: float = 0.0
    pmra_error: float = 0.02
    pmdec: float = 0.0
    pmdec_error: float = 0.02
    ruwe: float = 1.0
    g: float = 10.0
    bp_rp: float = 0.1
    flux_excess: float = 1.2
    memberships: tuple[Membership, ...] = ()


def position(designation: str) -> tuple[float, float]:
    """RA and Dec in degrees of a designation JHHMMSS.ss+DDMMSS.s."""
    match = re.fullmatch(r"J(\d\d)(\d\d)([\d.]+)([+-])(\d\d)(\d\d)([\d.]+)", designation)
    assert match, designation
    h, m, s, sign, d, arcmin, arcsec = match.groups()
    dec = int(d) + int(arcmin) / 60 + float(arcsec) / 3600
    ra = 15 * (int(h) + int(m) / 60 + float(s) / 3600)
    return ra, -dec if sign == "-" else dec


def _flux(wavelength: np.ndarray, visit: Visit) -> np.ndarray:
    line = {
        "emission": 1 + 1.0 * gaussian(wavelength, H_ALPHA, 6.0),
        "absorption": a_star(wavelength),
        "deep absorption": 1 - 0.7 * gaussian(wavelength, H_ALPHA, 18.0),
    }[visit.halpha]
    return line * (1 - visit.mgb_depth * gaussian(wavelength, MG_B, 10.0))


def _spectrum(obsid: int, star: Star, arm: str, visit: Visit) -> dict[str, object]:
    snr = (visit.snr_b if arm == "B" else visit.snr_r) or 80.0
    if arm == "L":
        step = LRS_R.step
        wavelength = 10 ** (np.arange(36850, 38400) * step)
        throughput = np.ones_like(wavelength)
    else:
        grid: Grid = MRS_B if arm == "B" else MRS_R
        step, wavelength = grid.step, native(grid)
        throughput = blaze(wavelength)
    noise = np.random.default_rng(obsid).normal(size=len(wavelength)) / snr
    flux = 1000 * throughput * (_flux(wavelength, visit) + noise)
    return {
        "obsid": obsid,
        "arm": arm,
        "exposure": 0,
        "survey": star.survey,
        "n_pixels": len(wavelength),
        "log_wavelength_start": float(np.log10(wavelength[0])),
        "log_wavelength_step": step,
        "flux": flux.astype(np.float32),
        "ivar": ((snr / (1000 * throughput)) ** 2).astype(np.float32),
        "or_mask": np.zeros(len(wavelength), dtype=np.int16),
    }


def _cluster_rows(
    star: Star, number: int, place: dict[str, float]
) -> Iterable[tuple[str, dict[str, object]]]:
    for membership in star.memberships:
        pmra, pmdec = star.pmra, star.pmdec
        east = pmra * YEARS_TO_MEMBERS / 3.6e6 / np.cos(np.radians(place["dec"]))
        yield (
            "cluster_member",
            {
                "reference": membership.reference,
                "cluster": membership.cluster,
                "source_id": -number - 1,  # of another data release
                "ra": place["ra"] + east,
                "dec": place["dec"] + pmdec * YEARS_TO_MEMBERS / 3.6e6,
                "pmra": pmra,
                "pmdec": pmdec,
                "probability": membership.probability,
            },
        )
        motion, depth = membership.dispersion
        mean = {
            "pmra": pmra + membership.pmra_offset,
            "pmra_dispersion": motion,
            "pmdec": pmdec,
            "pmdec_dispersion": motion,
            "parallax": (star.parallax or 0.0) + membership.parallax_offset,
            "parallax_dispersion": depth,
        }
        name = membership.cluster
        yield "cluster", {"reference": membership.reference, "cluster": name, **mean}
        if membership.parameters:
            compact = name.replace(" ", "")  # papers differ in the blanks
            parameters = dict(membership.parameters)
            yield "cluster", {"reference": "Dias+2021", "cluster": compact, **parameters}


def _rows(star: Star, designation: str, number: int) -> Iterable[tuple[str, dict[str, object]]]:
    ra = star.ra if star.ra is not None else 5.0 + 0.5 * number
    dec = star.dec if star.dec is not None else 30.0
    place = {"ra": ra, "dec": dec}
    for visit_number, visit in enumerate(star.visits):
        obsid = 1000 * (number + 1) + visit_number
        yield (
            "lamost_observation",
            {
                "obsid": obsid,
                "survey": star.survey,
                "layout": "made by hand",
                "designation": designation,
                **place,
                "mjd": 58000.0 + visit_number,
                "snr_b": visit.snr_b,
                "snr_r": visit.snr_r,
                "file_name": f"{obsid}.fits",
                "path": f"/{obsid}.fits",
                "sha256": "0" * 64,
            },
        )
        arms = "L" if star.survey.endswith("LRS") else "BR" if visit.has_blue else "R"
        for arm in arms:
            yield "lamost_spectrum", _spectrum(obsid, star, arm, visit)
        if visit.teff is not None:
            yield "lamost_stellar_parameters", {"obsid": obsid, "teff": visit.teff}
    if star.parallax is not None:
        yield (
            "gaia_source",
            {
                "release": "DR3",
                "source_id": number + 1,
                "ra": ra + star.pmra * YEARS_TO_GAIA / 3.6e6 / np.cos(np.radians(dec)),
                "dec": dec + star.pmdec * YEARS_TO_GAIA / 3.6e6,
                "ref_epoch": 2016.0,
                "parallax": star.parallax,
                "parallax_error": star.parallax_error,
                "pmra": star.pmra,
                "pmra_error": star.pmra_error,
                "pmdec": star.pmdec,
                "pmdec_error": star.pmdec_error,
                "ruwe": star.ruwe,
                "phot_g_mean_mag": star.g,
                "phot_bp_mean_mag": star.g + star.bp_rp,
                "phot_rp_mean_mag": star.g,
                "phot_bp_rp_excess_factor": star.flux_excess,
            },
        )
    yield from _cluster_rows(star, number, place)
    if star.jhk is not None:
        values = zip("jhk", star.jhk, star.jhk_error, strict=True)
        magnitudes = {
            key: value
            for band, magnitude, error in values
            for key, value in ((band, magnitude), (f"{band}_error", error))
        }
        yield "twomass_source", {"designation": f"2MASS {number}", **place, **magnitudes}
    if star.w1 is not None:
        yield (
            "allwise_source",
            {
                "designation": f"WISE {number}",
                **place,
                "w1": star.w1,
                "w1_error": star.w1_error,
            },
        )
    if star.ebv is not None:
        reddening = {"ebv": star.ebv, "ebv_error": star.ebv_error}
        yield "reddening", {"dust_map": "test", "designation": designation, **reddening}
    for year, spectral_type in star.types:
        yield (
            "spectral_type",
            {
                "reference": "Skiff 2014",
                "name": designation,
                **place,
                "spectral_type": spectral_type,
                "bibcode": f"{year}Test",
                "year": year,
                "simulated": False,
            },
        )
    for reference, object_type in star.literature:
        yield (
            "literature_star",
            {
                "reference": reference,
                "name": designation,
                "object_type": object_type,
                **place,
                "simulated": False,
            },
        )


def add_stars(
    connection: duckdb.DuckDBPyConnection,
    stars: Sequence[tuple[str, Star]],
    first_number: int = 0,
) -> None:
    """Load stars, by designation, into the raw tables."""
    rows: dict[str, list[dict[str, object]]] = {}
    for number, (designation, star) in enumerate(stars, first_number):
        for table, row in _rows(star, designation, number):
            rows.setdefault(table, []).append(row)
    for name, found in rows.items():
        columns = {key for row in found for key in row}
        batch = pa.table({key: [row.get(key) for row in found] for key in sorted(columns)})
        insert_new(connection, getattr(raw_tables, name), batch, run_id="test")


def make_warehouse(database: Path, stars: Sequence[tuple[str, Star]] = ()) -> None:
    """Make a warehouse file that holds these stars and nothing else."""
    connection = upgrade_in_memory()
    add_stars(connection, stars)
    connection.execute(f"attach '{database}' as warehouse (storage_version 'latest')")
    connection.execute("copy from database memory to warehouse")
    connection.close()
