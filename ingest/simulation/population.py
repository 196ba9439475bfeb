"""Draw the stars of a simulated survey, and when they are observed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from ingest.simulation import astrometry, photometry
from ingest.simulation.config import BLOCK_STARS, BLOCK_VISITS, SurveyConfig
from ingest.simulation.model import (
    EMISSION_KINDS,
    HOT_KINDS,
    N_VARIATIONS,
    Booleans,
    Floats,
    Integers,
    Stars,
    Strings,
    Visits,
)
from ingest.simulation.physics import brighter_than_dwarf, numeric_type, physics, type_text
from ingest.simulation.seeds import Purpose, generator

#: How far stars are drawn, pc, and the scale heights of their layers, pc.
FARTHEST = 7000.0
_HEIGHT_HOT, _HEIGHT_LATE, _HEIGHT_GIANT = 70.0, 180.0, 500.0

#: Reddening a kpc in the plane, mag; its scatter in dex.
_DENSITY, _DENSITY_SCATTER = 0.28, 0.16

Kind = TypeVar("Kind", Stars, Visits)


def draw_survey(
    n_stars: int, seed: int, config: SurveyConfig | None = None
) -> tuple[Stars, Visits]:
    """Draw a whole survey.

    Parameters
    ----------
    n_stars
        Stars to draw.
    seed
        Anything else being equal, the same seed gives the same survey.
    config
        Fractions and laws.

    Returns
    -------
    Stars, Visits
        ``visits.star`` is the index into the stars.
    """
    blocks = list(draw_blocks(n_stars, seed, config))
    if not blocks:
        raise ValueError("a survey of no stars; ask for one at least")
    offset = 0
    moved = []
    for stars, visits in blocks:
        moved.append(replace(visits, star=visits.star + offset))
        offset += len(stars)
    return _join(Stars, [stars for stars, _ in blocks]), _join(Visits, moved)


def draw_blocks(
    n_stars: int, seed: int, config: SurveyConfig | None = None
) -> Iterator[tuple[Stars, Visits]]:
    """Draw a survey in blocks of some thousand stars, with ``visits.star`` within the block.

    A survey of more stars begins with the same full blocks.
    """
    config = config or SurveyConfig()
    seen: set[str] = set()
    for block in range(-(-n_stars // BLOCK_STARS)):
        n = min(BLOCK_STARS, n_stars - block * BLOCK_STARS)
        stars = _told_apart(_draw_stars(n, seed, block, config), seen)
        yield stars, _draw_visits(stars, seed, block, config)


def _join(kind: type[Kind], parts: Sequence[Kind]) -> Kind:
    return kind(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(kind)
        }
    )


def _told_apart(stars: Stars, seen: set[str]) -> Stars:
    """Leave no two stars with one designation: the later one moves north by 0.1 arcsec."""
    dec = stars.dec.copy()
    names = stars.designation.copy()
    for row, name in enumerate(names):
        while str(name) in seen:
            dec[row] += 0.1 / 3600
            one = np.array([row])
            ra, moved = astrometry.position_at(
                stars.ra[one], dec[one], stars.pmra[one], stars.pmdec[one], 2000.0
            )
            name = names[row] = astrometry.designations(ra, moved)[0]  # noqa: PLW2901
        seen.add(str(name))
    return replace(stars, dec=dec, designation=names)


def draw_kinds(n: int, config: SurveyConfig, rng: np.random.Generator) -> Strings:
    """Return kinds in their fractions as exactly as ``n`` allows, in random order."""
    names = [name for name, _ in config.fractions]
    edges = np.cumsum([share for _, share in config.fractions])
    edges /= edges[-1]
    places = (rng.permutation(n) + rng.random()) / n
    return np.array(names, dtype=np.str_)[np.searchsorted(edges, places, side="right")]


def _draw_stars(n: int, seed: int, block: int, config: SurveyConfig) -> Stars:
    kind = draw_kinds(n, config, generator(seed, Purpose.KINDS, block))
    drawn: dict[str, Any] = physics(generator(seed, Purpose.PHYSICS, block), kind)
    luminosity_class = drawn.pop("luminosity_class")
    hot = np.isin(kind, HOT_KINDS)
    is_be = np.isin(kind, ["Be", "Oe"])
    light = generator(seed, Purpose.LIGHT, block)
    m_g = photometry.absolute_magnitude(drawn["teff"], kind)
    m_g = m_g - brighter_than_dwarf(kind, luminosity_class)
    m_g = np.where(kind == "supergiant", light.uniform(-6.8, -5.0, n), m_g)
    m_g = m_g + light.normal(0.0, 0.3, n)
    m_g = m_g + 2.5 * np.log10(1 - drawn["companion_light"])  # both stars give light

    motion = generator(seed, Purpose.MOTION, block)
    chance = np.where(is_be, config.be_runaway_fraction, config.runaway_fraction)
    runaway = hot & (kind != "Herbig") & (kind != "HII") & (motion.random(n) < chance)
    peculiar = astrometry.draw_peculiar(
        motion, n, config.maxwellian_b, runaway, config.runaway_speeds
    )
    # Late stars are older and move faster.
    peculiar = np.where(hot[:, None] | (kind == "A")[:, None], peculiar, 2.5 * peculiar)
    place = _places(n, seed, block, config, kind, m_g, hot & ~runaway)
    cluster = place.pop("cluster")
    peculiar = np.where(
        (cluster >= 0)[:, None],
        clusters(seed, config)["peculiar"][cluster] + motion.normal(0.0, 1.0, (n, 3)),
        peculiar,
    )
    ra, dec, distance, ebv = (place[name] for name in ("ra", "dec", "distance", "ebv"))
    pmra, pmdec, rv = astrometry.observed_motion(ra, dec, distance, peculiar)
    absolute = photometry.absolute_magnitudes(drawn["teff"], kind, m_g)
    strength = np.clip(drawn["emission_ew"] / 40.0, 0.05, 1.0)
    for band, brighter in photometry.infrared_excess(light, kind, strength).items():
        absolute[band] = absolute[band] + brighter
    magnitudes: dict[str, Any] = photometry.apparent(absolute, distance, ebv)
    at_2000 = astrometry.position_at(ra, dec, pmra, pmdec, 2000.0)
    names = np.array([""] + [str(name) for name in clusters(seed, config)["name"]])
    return Stars(
        designation=astrometry.designations(*at_2000).astype("U20"),
        ra=ra,
        dec=dec,
        kind=kind.astype("U10"),
        spectral_type=_spectral_types(kind, drawn["teff"], luminosity_class),
        rv=rv,
        ebv=ebv,
        distance=distance,
        variation=generator(seed, Purpose.VARIATION, block).random((n, N_VARIATIONS)),
        parallax=1000.0 / distance,
        pmra=pmra,
        pmdec=pmdec,
        v_peculiar=np.hypot(peculiar[:, 0], peculiar[:, 1]),
        is_be=is_be,
        is_runaway=runaway & (cluster < 0),
        cluster=names[cluster + 1].astype("U16"),
        **drawn,
        **magnitudes,
    )


def _spectral_types(kind: Strings, teff: Floats, luminosity_class: Strings) -> Strings:
    numbers = numeric_type(teff, np.isin(kind, ["K", "M"]))
    emission = np.isin(kind, EMISSION_KINDS) & (kind != "HII")
    return np.array(
        [
            f"{type_text(number)} {name}{'e' if with_e else ''}"
            for number, name, with_e in zip(numbers, luminosity_class, emission, strict=True)
        ],
        dtype="U16",
    )


@lru_cache(maxsize=8)
def clusters(seed: int, config: SurveyConfig) -> dict[str, np.ndarray]:
    """Draw the open clusters that the whole survey shares.

    Their names begin with SIM, so that they are never taken for real ones.
    """
    rng = generator(seed, Purpose.CLUSTERS)
    n = config.n_clusters
    longitude, _ = _longitudes(rng, n, np.zeros(n), config)
    distance = 10 ** rng.uniform(np.log10(700.0), np.log10(2600.0), n)
    height = rng.laplace(0.0, 45.0, n)
    sin_b = np.clip(height / distance, -0.5, 0.5)
    ra, dec = astrometry.to_equatorial(longitude, np.degrees(np.arcsin(sin_b)))
    density = _DENSITY * 10 ** rng.normal(0.0, _DENSITY_SCATTER, n)
    none = np.zeros(n, dtype=bool)
    return {
        "name": np.array([f"SIM {number + 1}" for number in range(n)]),
        "ra": ra,
        "dec": dec,
        "distance": distance,
        "radius": np.degrees(np.arctan2(rng.uniform(2.5, 5.0, n), distance)),
        "peculiar": astrometry.draw_peculiar(rng, n, config.maxwellian_b, none, (0.0, 0.0)),
        "ebv": photometry.reddening_along(distance, sin_b, density),
        "log_age": rng.uniform(7.0, 8.3, n),
        "fe_h": rng.normal(0.0, 0.1, n),
        "n_members": rng.integers(40, 160, n),
    }


def _longitudes(
    rng: np.random.Generator, n: int, latitude: Floats, config: SurveyConfig
) -> tuple[Floats, Floats]:
    """Draw Galactic longitudes so that a star of that latitude is seen from Xinglong.

    The survey looks more towards the anticentre than elsewhere. A latitude that no allowed
    longitude fits is halved until one does.
    """
    longitude = np.full(n, np.nan)
    latitude = latitude.copy()
    rows = np.arange(n)
    for attempt in range(400):
        trial = np.where(
            rng.random(len(rows)) < 0.5,
            rng.normal(170.0, 40.0, len(rows)),
            rng.uniform(0.0, 360.0, len(rows)),
        )
        _, dec = astrometry.to_equatorial(trial, latitude[rows])
        good = (dec > config.dec_min) & (dec < config.dec_max)
        longitude[rows[good]] = trial[good] % 360.0
        rows = rows[~good]
        if not len(rows):
            return longitude, latitude
        if attempt % 20 == 19:
            latitude[rows] /= 2
    raise ValueError(
        f"no place on the sky between declination {config.dec_min} and {config.dec_max} deg; "
        "widen dec_min and dec_max"
    )


def _places(
    n: int,
    seed: int,
    block: int,
    config: SurveyConfig,
    kind: Strings,
    m_g: Floats,
    may_cluster: Booleans,
) -> dict[str, np.ndarray]:
    """Draw positions, distances and reddening so that stars are as bright as the survey takes."""
    rng = generator(seed, Purpose.PLACES, block)
    # Numbers rise with G as 10^(0.2 G).
    low, high = 10 ** (0.2 * config.g_min), 10 ** (0.2 * config.g_max)
    g = 5 * np.log10(rng.uniform(low, high, n))
    height = np.where(np.isin(kind, HOT_KINDS), _HEIGHT_HOT, _HEIGHT_LATE)
    height = np.where(np.isin(kind, ["K", "M"]), _HEIGHT_GIANT, height)
    z = rng.laplace(0.0, 1.0, n) * height
    density = _DENSITY * 10 ** rng.normal(0.0, _DENSITY_SCATTER, n)
    sin_b = np.zeros(n)
    for _ in range(4):  # latitude follows from distance, and distance from the dust on the way
        distance = photometry.distance_for_magnitude(g, m_g, sin_b, density, FARTHEST)
        sin_b = np.clip(z / distance, -0.95, 0.95)
    longitude, latitude = _longitudes(rng, n, np.degrees(np.arcsin(sin_b)), config)
    sin_b = np.sin(np.radians(latitude))
    distance = photometry.distance_for_magnitude(g, m_g, sin_b, density, FARTHEST)
    ra, dec = astrometry.to_equatorial(longitude, latitude)
    ebv = photometry.reddening_along(distance, sin_b, density)

    home = clusters(seed, config)
    cluster = rng.integers(0, config.n_clusters, n)
    offset = rng.normal(0.0, 1.0, (2, n)) * home["radius"][cluster] / 1.2
    depth = rng.normal(0.0, 3.0, n)
    ebv_there = home["ebv"][cluster] + rng.normal(0.0, 0.02, n)
    modulus = 5 * np.log10(home["distance"][cluster]) - 5
    g_there = m_g + modulus + photometry.EXTINCTION["g"] * photometry.R_V * ebv_there
    inside = (
        may_cluster
        & (rng.random(n) < 1.5 * config.cluster_fraction)  # a third is too bright or too faint
        & (g_there > config.g_min - 1)
        & (g_there < config.g_max)
    )
    dec_there = home["dec"][cluster] + offset[1]
    ra_there = home["ra"][cluster] + offset[0] / np.cos(np.radians(dec_there))
    return {
        "ra": np.where(inside, ra_there % 360.0, ra),
        "dec": np.where(inside, dec_there, dec),
        "distance": np.where(inside, home["distance"][cluster] + depth, distance),
        "ebv": np.maximum(np.where(inside, ebv_there, ebv), 0.0),
        "cluster": np.where(inside, cluster, -1),
    }


def field_nights(seed: int, field: int, config: SurveyConfig) -> Integers:
    """Return the nights (MJD, integers) on which a field of the sky is visited."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, int(Purpose.NIGHTS), field]))
    days = np.arange(config.mjd_first, config.mjd_last)
    return np.sort(rng.choice(days, config.nights, replace=False))


def _fields(stars: Stars) -> Integers:
    """Return the number of the field, 5 deg wide, that a star lies in."""
    return (
        np.floor((stars.dec + 90.0) / 5.0).astype(np.int64) * 72
        + np.floor(stars.ra / 5.0).astype(np.int64) % 72
    )


def _draw_visits(stars: Stars, seed: int, block: int, config: SurveyConfig) -> Visits:
    rng = generator(seed, Purpose.VISITS, block)
    n = len(stars)
    again = 1 + rng.geometric(config.visit_decay, n)
    once = rng.random(n) < config.single_visit_fraction
    counts = np.where(once, 1, np.minimum(again, min(config.max_visits, config.nights)))
    star = np.repeat(np.arange(n), counts)
    n_visits = len(star)
    if n_visits > BLOCK_VISITS:
        raise ValueError(
            f"{n_visits:,d} visits in a block of {n:,d} stars, and there are fibres for "
            f"{BLOCK_VISITS:,d}; raise single_visit_fraction or visit_decay"
        )
    fields_ = _fields(stars)
    nights = {int(field): field_nights(seed, int(field), config) for field in np.unique(fields_)}
    night = np.concatenate(
        [
            rng.choice(nights[int(field)], count, replace=False)
            for field, count in zip(fields_, counts, strict=True)
        ]
    )
    u = rng.random(n)
    low_share = np.where(u < config.lrs_only_fraction, 1.0, 0.0)
    both = (u >= config.lrs_only_fraction) & (u < config.lrs_only_fraction + config.both_fraction)
    low = rng.random(n_visits) < np.where(both, 0.5, low_share)[star]
    resolution = np.where(low, "lrs", "mrs")
    mjd = night + rng.uniform(0.45, 0.92, n_visits)  # night at Xinglong

    number = block * BLOCK_VISITS + np.arange(n_visits)
    plate, seat = 1000 + number // 4000, number % 4000
    spectrograph, fibre = seat // 250 + 1, seat % 250 + 1
    plan = [
        f"{'SL' if is_low else 'SM'}{p:04d}F{f:04d}"
        for is_low, p, f in zip(low, plate, fields_[star], strict=True)
    ]
    snr_b, snr_r = _target_snr(rng, stars, star, low, config)
    v = rng.random(n_visits)
    lrs = np.where(v < 0.25, "lrs_image_old", np.where(v < 0.7, "lrs_image", "lrs_table"))
    mrs = np.where(v < config.exposures_fraction, "mrs_exposures", "mrs_rows")
    return Visits(
        star=star,
        obsid=plate * 100_000 + spectrograph * 1000 + fibre,
        resolution=resolution,
        mjd=mjd,
        lmjd=night + 1,
        plan_id=np.array(plan, dtype="U12"),
        spectrograph=spectrograph,
        fibre=fibre,
        snr_b=snr_b,
        snr_r=snr_r,
        layout=np.where(low, lrs, mrs).astype("U13"),
        seed=rng.integers(0, 2**63, n_visits, dtype=np.uint64),
    )


def _target_snr(
    rng: np.random.Generator, stars: Stars, star: Integers, low: Booleans, config: SurveyConfig
) -> tuple[Floats, Floats]:
    """Return the S/N a pixel that a visit reaches, blue and red: a tenth lies below 10."""
    n = len(star)
    g = stars.g[star]
    colour = (stars.bp - stars.rp)[star]
    red = 21.0 * 10 ** (-0.2 * (g - 14.0)) * 10 ** rng.normal(0.0, 0.13, n)
    red = np.where(low, 2.2 * red, red)
    blue = red * np.where(low, 0.9, 0.62) * 10 ** (-0.15 * (colour - 0.4))
    failed = rng.random(n) < config.failed_fraction
    broken = rng.uniform(0.05, 1.0, n)
    return (
        np.where(failed, 0.7 * broken, np.clip(blue, 1.0, 500.0)),
        np.where(failed, broken, np.clip(red, 1.0, 700.0)),
    )
