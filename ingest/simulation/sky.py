"""What Gaia, 2MASS and AllWISE measured of simulated stars and of their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.simulation.astrometry import (
    EPOCH,
    designations,
    position_at,
    scattered,
    source_numbers,
)
from ingest.simulation.config import BLOCK_STARS, SurveyConfig
from ingest.simulation.model import Floats, Integers, Stars
from ingest.simulation.seeds import Purpose, generator

Rows = dict[str, np.ndarray]

_PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")


@dataclass(frozen=True)
class Sources:
    """Sources on the sky: the stars first, then fainter neighbours of some of them."""

    number: Integers  # tells sources apart in the whole survey
    ra: Floats
    dec: Floats
    parallax: Floats
    pmra: Floats
    pmdec: Floats
    g: Floats
    bp: Floats
    rp: Floats
    j: Floats
    h: Floats
    k: Floats
    w1: Floats
    w2: Floats
    w3: Floats
    w4: Floats
    double: np.ndarray  # whether an unseen companion spoils the astrometry
    beside: np.ndarray  # whether it is a neighbour
    separation: Floats  # arcsec, of a neighbour from its star

    def __len__(self) -> int:
        return len(self.number)


def sources(stars: Stars, seed: int, block: int, config: SurveyConfig) -> Sources:
    """Return the stars of a block with the neighbours that make matching matter.

    A neighbour is 1 to 6 mag fainter, 0.5 to 3 arcsec away, farther and with a motion of
    its own.
    """
    rng = generator(seed, Purpose.NEIGHBOURS, block)
    n = len(stars)
    rows = np.flatnonzero(rng.random(n) < config.neighbour_fraction)
    m = len(rows)
    separation = rng.uniform(0.5, 3.0, m)
    angle = rng.uniform(0.0, 2 * np.pi, m)
    fainter = rng.uniform(1.0, 6.0, m)
    redder = rng.uniform(0.0, 0.8, m)
    dec = stars.dec[rows] + separation * np.cos(angle) / 3600
    ra = stars.ra[rows] + separation * np.sin(angle) / 3600 / np.cos(np.radians(dec))
    beside = {
        "number": (block * BLOCK_STARS + rows) * 4 + 1,
        "ra": ra % 360.0,
        "dec": dec,
        "parallax": rng.uniform(0.05, 0.8, m),
        "pmra": rng.normal(0.0, 3.0, m),
        "pmdec": rng.normal(-1.5, 3.0, m),
        "double": np.zeros(m, dtype=bool),
        "beside": np.ones(m, dtype=bool),
        "separation": separation,
    }
    own = {
        "number": (block * BLOCK_STARS + np.arange(n)) * 4,
        "double": stars.kind == "SB2",
        "beside": np.zeros(n, dtype=bool),
        "separation": np.zeros(n),
    }
    colour = {"g": 0.0, "bp": 0.5, "rp": -0.3, "j": -0.6, "h": -0.9, "k": -1.0}
    for band in ("g", "bp", "rp", "j", "h", "k", "w1", "w2", "w3", "w4"):
        beside[band] = getattr(stars, band)[rows] + fainter + colour.get(band, -1.0) * redder
    return Sources(
        **{
            name: np.concatenate([own[name] if name in own else getattr(stars, name), values])
            for name, values in beside.items()
        }
    )


def parallax_errors(g: Floats) -> Floats:
    """Return the error (mas) of a Gaia DR3 parallax at magnitude G, an average of the sky.

    Gaia's own performance formula: sqrt(40 + 800 z + 30 z^2) uas with z = 10^(0.4 (G - 15)),
    constant for stars brighter than 13.
    """
    z = 10 ** (0.4 * (np.maximum(g, 13.0) - 15.0))
    return np.sqrt(40.0 + 800.0 * z + 30.0 * z**2) / 1000.0


def correlations(rng: np.random.Generator, n: int) -> Floats:
    """Draw correlation matrices of the five parameters, shape ``(n, 5, 5)``."""
    mixed = np.eye(5) + rng.normal(0.0, 0.18, (n, 5, 5))
    covariance = mixed @ np.swapaxes(mixed, 1, 2)
    size = np.sqrt(np.einsum("nii->ni", covariance))
    return covariance / size[:, :, None] / size[:, None, :]


def gaia_rows(sky: Sources, seed: int, block: int) -> Rows:
    """Return rows of ``raw.gaia_source``: astrometry with correlated errors, photometry.

    Where RUWE is above 1.4 the errors are larger than they say, as they are for unresolved
    doubles.
    """
    rng = generator(seed, Purpose.GAIA, block)
    n = len(sky)
    ruwe = np.exp(rng.normal(0.0, 0.06, n)) * 1.01
    bad = rng.random(n) < np.where(sky.double, 0.35, 0.05)
    ruwe = np.where(bad, 1.41 + rng.exponential(1.2, n), np.minimum(ruwe, 1.39))
    parallax_error = parallax_errors(sky.g) * np.exp(rng.normal(0.0, 0.15, n)) * np.sqrt(ruwe)
    ratios = np.array([0.82, 0.76, 1.0, 1.03, 0.90])  # ra, dec, parallax, pmra, pmdec
    errors = parallax_error[:, None] * ratios  # (n, 5)
    matrices = correlations(rng, n)
    steps = np.einsum("nij,nj->ni", np.linalg.cholesky(matrices), rng.normal(0.0, 1.0, (n, 5)))
    deviation = steps * errors * np.where(ruwe > 1.4, ruwe, 1.0)[:, None]
    colour = sky.bp - sky.rp
    rows: Rows = {
        "source_id": source_numbers(sky.ra, sky.dec, sky.number),
        "ra": (sky.ra + deviation[:, 0] / 3.6e6 / np.cos(np.radians(sky.dec))) % 360.0,
        "dec": sky.dec + deviation[:, 1] / 3.6e6,
        "ref_epoch": np.full(n, EPOCH),
        "parallax": sky.parallax + deviation[:, 2],
        "pmra": sky.pmra + deviation[:, 3],
        "pmdec": sky.pmdec + deviation[:, 4],
        "ruwe": ruwe,
        "astrometric_params_solved": np.full(n, 31),
        "nu_eff_used_in_astrometry": 1.61 - 0.14 * np.clip(colour, -0.6, 3.0),
        "ecl_lat": _ecliptic_latitude(sky.ra, sky.dec),
        "phot_bp_rp_excess_factor": _excess_factor(rng, colour),
    }
    for number, name in enumerate(_PARAMETERS):
        rows[f"{name}_error"] = errors[:, number]
        for other_number, other in enumerate(_PARAMETERS[number + 1 :], start=number + 1):
            rows[f"{name}_{other}_corr"] = matrices[:, number, other_number]
    for band, floor in (("g", 0.0028), ("bp", 0.0030), ("rp", 0.0038)):
        true = getattr(sky, band)
        error = np.hypot(floor, 0.002 * 10 ** (0.3 * (true - 15.0)))
        rows[f"phot_{band}_mean_mag"] = true + rng.normal(0.0, 1.0, n) * error
        rows[f"phot_{band}_mean_mag_error"] = error
    return rows


def _ecliptic_latitude(ra: Floats, dec: Floats) -> Floats:
    obliquity = np.radians(23.4392911)
    ra, dec = np.radians(ra), np.radians(dec)
    sine = np.sin(dec) * np.cos(obliquity) - np.cos(dec) * np.sin(obliquity) * np.sin(ra)
    return np.degrees(np.arcsin(sine))


def _excess_factor(rng: np.random.Generator, colour: Floats) -> Floats:
    """Return flux excess factors about the locus of single stars (Riello+2021), with outliers."""
    blue = 1.154360 + 0.033772 * colour + 0.032277 * colour**2
    red = 1.162004 + 0.011464 * colour + 0.049255 * colour**2 - 0.005879 * colour**3
    outlier = np.where(rng.random(len(colour)) < 0.03, rng.uniform(0.15, 0.8, len(colour)), 0.0)
    return np.where(colour < 0.5, blue, red) + rng.normal(0.0, 0.008, len(colour)) + outlier


def distance_rows(sky: Sources, gaia: Rows, seed: int, block: int) -> Rows:
    """Return rows of ``raw.distance``: what a prior makes of the measured parallaxes."""
    rng = generator(seed, Purpose.DISTANCES, block)
    n = len(sky)
    # In log distance: the parallax says 1/parallax +- relative, the prior 2 kpc +- 0.8.
    relative = gaia["parallax_error"] / sky.parallax
    step = (gaia["parallax"] - sky.parallax) / gaia["parallax_error"]
    measured = np.log(1000.0 / sky.parallax) - np.clip(step, -3.0, 3.0) * relative
    weight = relative**-2
    median = (measured * weight + np.log(2000.0) / 0.64) / (weight + 1 / 0.64)
    width = np.sqrt(1 / (weight + 1 / 0.64))
    photogeometric = median + rng.normal(0.0, 0.4, n) * width
    return {
        "source_id": gaia["source_id"],
        "distance": np.exp(median),
        "distance_low": np.exp(median - width),
        "distance_high": np.exp(median + width),
        "photogeometric_distance": np.exp(photogeometric),
        "photogeometric_distance_low": np.exp(photogeometric - 0.8 * width),
        "photogeometric_distance_high": np.exp(photogeometric + 0.8 * width),
    }


def _measured(
    rng: np.random.Generator, true: Floats, floor: float, limit: float
) -> tuple[Floats, Floats]:
    """Return magnitudes with error; the S/N is 10 at ``limit`` mag."""
    error = np.hypot(floor, 0.1 * 10 ** (0.4 * (true - limit)))
    error = np.minimum(error * np.exp(rng.normal(0.0, 0.1, len(true))), 0.5)
    return true + rng.normal(0.0, 1.0, len(true)) * error, error


def _seen(rng: np.random.Generator, sky: Sources, resolution: float, missing: float) -> np.ndarray:
    """Return which sources a survey lists: neighbours only beyond its resolution."""
    apart = sky.beside & (sky.separation > resolution)
    return (~sky.beside | apart) & (rng.random(len(sky)) >= missing)


def _unique(names: np.ndarray) -> np.ndarray:
    _, first = np.unique(names, return_index=True)
    return np.sort(first)


def twomass_rows(sky: Sources, seed: int, block: int) -> Rows:
    """Return rows of ``raw.twomass_source``, where the stars stood some 17 years earlier."""
    rng = generator(seed, Purpose.TWOMASS, block)
    n = len(sky)
    seen = _seen(rng, sky, 2.0, 0.01)
    jd = rng.uniform(2450600.0, 2451950.0, n)
    epoch = 2000.0 + (jd - 2451545.0) / 365.25
    ra, dec = position_at(sky.ra, sky.dec, sky.pmra, sky.pmdec, epoch)
    ra, dec = scattered(rng, ra, dec, 0.07)
    rows: Rows = {
        "designation": designations(ra, dec, plain=True),
        "ra": ra,
        "dec": dec,
        "position_error": rng.uniform(0.06, 0.10, n),
        "jd": jd,
    }
    for band, limit in (("j", 15.8), ("h", 15.1), ("k", 14.3)):
        rows[band], rows[f"{band}_error"] = _measured(rng, getattr(sky, band), 0.021, limit)
    poor = rows["k_error"] > 0.11
    rows["quality_flag"] = np.where(poor, "AAB", "AAA")
    rows["contamination_flag"] = np.where(rng.random(n) < 0.03, "00c", "000")
    kept = np.flatnonzero(seen)
    kept = kept[_unique(rows["designation"][kept])]
    return {name: values[kept] for name, values in rows.items()}


def allwise_rows(sky: Sources, seed: int, block: int) -> Rows:
    """Return rows of ``raw.allwise_source``, positions of 2010.5."""
    rng = generator(seed, Purpose.ALLWISE, block)
    n = len(sky)
    seen = _seen(rng, sky, 3.0, 0.02)
    ra, dec = position_at(sky.ra, sky.dec, sky.pmra, sky.pmdec, 2010.5)
    ra, dec = scattered(rng, ra, dec, 0.05)
    rows: Rows = {
        "designation": designations(ra, dec),
        "ra": ra,
        "dec": dec,
        "position_error": rng.uniform(0.034, 0.05, n),
    }
    limits = {"w1": (0.022, 16.5), "w2": (0.021, 15.5), "w3": (0.015, 11.3), "w4": (0.02, 8.0)}
    for band, (floor, limit) in limits.items():
        rows[band], rows[f"{band}_error"] = _measured(rng, getattr(sky, band), floor, limit)
        if band in ("w3", "w4"):  # an upper limit has no error
            faint = rows[f"{band}_error"] > 0.36
            rows[f"{band}_error"] = np.where(faint, np.nan, rows[f"{band}_error"])
    rows["quality_flag"] = np.where(np.isnan(rows["w4_error"]), "AAAU", "AAAB")
    rows["contamination_flag"] = np.where(rng.random(n) < 0.04, "d000", "0000")
    kept = np.flatnonzero(seen)
    kept = kept[_unique(rows["designation"][kept])]
    return {name: values[kept] for name, values in rows.items()}
