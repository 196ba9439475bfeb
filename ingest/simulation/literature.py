"""What earlier papers say of simulated stars: lists, spectral types, clusters.

Papers keep their names, for the loaders and the catalogues to work as on real ones, but no
star of theirs stands here: names begin with SIM, and the rows are marked as simulated.
"""

from __future__ import annotations

import numpy as np

from ingest.simulation.astrometry import scattered, star_position
from ingest.simulation.config import SurveyConfig
from ingest.simulation.model import HOT_KINDS, Integers, Stars
from ingest.simulation.physics import numeric_type, type_text
from ingest.simulation.population import clusters
from ingest.simulation.seeds import Purpose, generator
from ingest.simulation.sky import Rows

#: Source -> chance that a known star of a type stands in it.
LISTS: dict[str, dict[str, float]] = {
    "jaschek1982": {"CBe": 0.25},
    "bess": {"CBe": 0.55, "HAeBe": 0.20},
    "chojnowski2015": {"CBe": 0.12},
    "lin2015": {"CBe": 0.20},
    "chen2016": {"CBe": 0.35},
    "hou2016": {"CBe": 0.45, "HAeBe": 0.30, "HII": 1.0},
    "vioque2020": {"CBe": 0.15, "HAeBe": 0.60},
    "shridharan2021": {"CBe": 0.50, "HAeBe": 0.25},
    "herbst1999": {"HAeBe": 0.35},
    "vieira2003": {"HAeBe": 0.35},
}

_OBJECT_TYPES = {"Be": "CBe", "Oe": "CBe", "Herbig": "HAeBe", "HII": "HII"}

#: Chance that a star of a type is known at all, where it is not that of Be stars.
_KNOWN = {"HAeBe": 0.6, "HII": 0.7}


def literature_rows(stars: Stars, seed: int, block: int, config: SurveyConfig) -> dict[str, Rows]:
    """Return rows of ``raw.literature_star``, by source.

    A known star stands in one list at least. Positions are of J2000 and scatter by some
    tenths of an arcsecond. One star in 300 of the other hot ones is a Be star by mistake.
    """
    rng = generator(seed, Purpose.LITERATURE, block)
    n = len(stars)
    types = np.array([_OBJECT_TYPES.get(str(kind), "") for kind in stars.kind])
    chance = np.array([_KNOWN.get(str(name), config.known_fraction) for name in types])
    wrong = np.isin(stars.kind, ["B", "SB2", "supergiant"]) & (rng.random(n) < 1 / 300)
    types = np.where(wrong, "CBe", types)
    known = (types != "") & ((rng.random(n) < chance) | wrong)
    ra, dec = star_position(stars, 2000.0)
    sizes = [rng.random(n) for _ in LISTS]
    listed = np.array(
        [
            known & (u < np.array([chances.get(str(name), 0.0) for name in types]))
            for u, chances in zip(sizes, LISTS.values(), strict=True)
        ]
    )  # (lists, n)
    for row in np.flatnonzero(known & ~listed.any(axis=0)):
        likely = [chances.get(str(types[row]), 0.0) for chances in LISTS.values()]
        listed[int(np.argmax(likely)), row] = True
    found = {}
    for number, source in enumerate(LISTS):
        rows = np.flatnonzero(listed[number])
        near_ra, near_dec = scattered(rng, ra[rows], dec[rows], 0.25)
        found[source] = {
            "name": np.array([f"SIM {stars.designation[row]}" for row in rows], dtype="U24"),
            "ra": near_ra,
            "dec": near_dec,
            "spectral_type": stars.spectral_type[rows],
            "object_type": types[rows].astype("U8"),
        }
    return found


_ADDITIONS = ("", "", "", "", "", "n", "nn", "p", ":", "(n)")


def _printed(rng: np.random.Generator, number: float, luminosity_class: str, kind: str) -> str:
    """Return a type as printed: without class, with a range, with remarks."""
    style = rng.random()
    if style < 0.06:
        text = type_text(number)[0]
    elif style < 0.12:
        text = f"{type_text(number)}/{type_text(number + 1)[1:]}"
        if text[0] != type_text(number + 1)[0]:
            text = type_text(number)
    else:
        text = type_text(number)
    if luminosity_class and style > 0.2:
        text += luminosity_class
    if kind == "HII" and rng.random() < 0.1:
        return text + "e"
    if kind in ("Be", "Oe", "Herbig"):
        if rng.random() < 0.55:
            text += str(rng.choice(["e", "e", "ne", "nne", "pe", "e_sh"]))
        return text
    if kind == "SB2" and rng.random() < 0.4:
        return f"{text}+{type_text(number + rng.uniform(0.0, 3.0))}{luminosity_class}"
    return text + str(rng.choice(_ADDITIONS))


def spectral_type_rows(
    stars: Stars, seed: int, block: int, config: SurveyConfig
) -> dict[str, Rows]:
    """Return rows of ``raw.spectral_type``, by source: one to four printed types a star.

    The older a type, the more it scatters about the true one; some of the oldest are wrong
    by a whole class, and the newest is the best. Types of late stars are rare.
    """
    rng = generator(seed, Purpose.TYPES, block)
    n = len(stars)
    hot = np.isin(stars.kind, HOT_KINDS) | (stars.kind == "A")
    typed = rng.random(n) < np.where(hot, config.typed_fraction, 0.10)
    ra, dec = star_position(stars, 2000.0)
    numbers = numeric_type(stars.teff, np.isin(stars.kind, ["K", "M"]))
    names: list[str] = []
    places: list[int] = []
    texts: list[str] = []
    years: list[int] = []
    catalogue: list[str] = []
    for row in np.flatnonzero(typed):
        own_class = str(stars.spectral_type[row]).split(" ")[1].removesuffix("e")
        count = 1 + min(int(rng.geometric(0.6)) - 1, 3)
        for year in np.sort(rng.choice(np.arange(1948, 2020), count, replace=False)):
            age = (2020 - int(year)) / 70
            number = numbers[row] + rng.normal(0.0, 0.4 + 0.7 * age)
            if rng.random() < 0.12 * age:
                number += float(rng.choice([-6.0, 6.0, 9.0]))
            luminosity_class = own_class
            if rng.random() < 0.15 * (0.3 + age):
                luminosity_class = str(rng.choice(["V", "IV", "III", ""]))
            names.append(f"SIM {stars.designation[row]}")
            places.append(int(row))
            texts.append(_printed(rng, float(number), luminosity_class, str(stars.kind[row])))
            years.append(int(year))
            catalogue.append("skiff")
        if rng.random() < 0.25:  # the compilation of old catalogues has a type too
            names.append(f"SIM {stars.designation[row]}")
            places.append(int(row))
            texts.append(type_text(float(numbers[row] + rng.normal(0.0, 0.8))))
            years.append(2009)
            catalogue.append("kharchenko2009")
    near_ra, near_dec = scattered(rng, ra[places], dec[places], 0.3)
    rows: Rows = {
        "name": np.array(names, dtype="U24"),
        "ra": near_ra,
        "dec": near_dec,
        "spectral_type": np.array(texts, dtype="U24"),
        # Nineteen characters, as a bibcode has; the year is read from the first four.
        "bibcode": np.array(
            [f"{year}SIM...000....{row % 10}S" for year, row in zip(years, places, strict=True)],
            dtype="U19",
        ),
    }
    rows["year"] = np.array(years, dtype=np.int64)
    which = np.array(catalogue, dtype=np.str_)
    return {
        source: {name: values[which == source] for name, values in rows.items()}
        for source in ("skiff", "kharchenko2009")
    }


def cluster_rows(seed: int, config: SurveyConfig, motion: Rows) -> dict[str, Rows]:
    """Return rows of ``raw.cluster``, by source: the survey's clusters in two papers."""
    rng = generator(seed, Purpose.MEMBERS)
    home = clusters(seed, config)
    n = len(home["name"])
    first = {
        "cluster": home["name"],
        "ra": home["ra"],
        "dec": home["dec"],
        "radius_50": home["radius"],
        "n_members": home["n_members"],
        "pmra": motion["pmra"] + rng.normal(0.0, 0.02, n),
        "pmra_dispersion": np.full(n, 0.16),
        "pmdec": motion["pmdec"] + rng.normal(0.0, 0.02, n),
        "pmdec_dispersion": np.full(n, 0.15),
        # Parallaxes of DR2 are too small by some 0.03 mas.
        "parallax": 1000.0 / home["distance"] - 0.03 + rng.normal(0.0, 0.01, n),
        "parallax_dispersion": np.full(n, 0.06),
    }
    second = {
        **first,
        "parallax": first["parallax"] + rng.normal(0.0, 0.01, n),
        "distance": home["distance"] * (1 + rng.normal(0.0, 0.03, n)),
        "distance_error": 0.04 * home["distance"],
        "v_r": motion["rv"] + rng.normal(0.0, 1.0, n),
        "v_r_error": np.full(n, 1.2),
        "log_age": home["log_age"] + rng.normal(0.0, 0.08, n),
        "log_age_error": np.full(n, 0.12),
        "fe_h": home["fe_h"],
        "fe_h_error": np.full(n, 0.06),
        "a_v": 3.1 * home["ebv"] + rng.normal(0.0, 0.05, n),
        "a_v_error": np.full(n, 0.07),
    }
    return {"clusters_cantat2018": first, "clusters_dias2021": second}


def member_rows(
    stars: Stars, gaia: Rows, seed: int, block: int, config: SurveyConfig, motion: Rows
) -> Rows:
    """Return rows of ``raw.cluster_member``: the survey's members, and fainter stars there.

    Positions are of J2015.5 and identifiers of DR2, as in the paper; two in a hundred field
    stars near a cluster would be there too, and a member is missing now and then.
    """
    rng = generator(seed, Purpose.MEMBERS, 1 + block)
    home = clusters(seed, config)
    number = {str(name): row for row, name in enumerate(home["name"])}
    rows = np.flatnonzero((stars.cluster != "") & (rng.random(len(stars)) < 0.92))
    m = len(rows)
    ra, dec = star_position(stars, 2015.5)
    error = 2.0 * gaia["parallax_error"][rows]
    own: Rows = {
        "cluster": stars.cluster[rows],
        "source_id": gaia["source_id"][rows],
        "ra": ra[rows],
        "dec": dec[rows],
        "pmra": stars.pmra[rows] + rng.normal(0.0, 1.0, m) * 1.6 * error,
        "pmra_error": 1.6 * error,
        "pmdec": stars.pmdec[rows] + rng.normal(0.0, 1.0, m) * 1.6 * error,
        "pmdec_error": 1.6 * error,
        "parallax": stars.parallax[rows] - 0.03 + rng.normal(0.0, 1.0, m) * error,
        "parallax_error": error,
        "probability": rng.choice([0.5, 0.7, 0.8, 0.9, 1.0], m, p=[0.1, 0.1, 0.2, 0.3, 0.3]),
    }
    if block:
        return own
    return _appended(own, _faint_members(rng, home, motion, number))


def _faint_members(
    rng: np.random.Generator, home: Rows, motion: Rows, number: dict[str, int]
) -> Rows:
    which = np.repeat(np.arange(len(number)), home["n_members"])
    n = len(which)
    offset = rng.normal(0.0, 1.0, (2, n)) * home["radius"][which] / 1.2
    dec = home["dec"][which] + offset[1]
    error = rng.uniform(0.06, 0.2, n)
    identifiers: Integers = (np.int64(1) << 62) + np.arange(n)
    return {
        "cluster": home["name"][which],
        "source_id": identifiers,
        "ra": (home["ra"][which] + offset[0] / np.cos(np.radians(dec))) % 360.0,
        "dec": dec,
        "pmra": motion["pmra"][which] + rng.normal(0.0, 1.0, n) * np.hypot(0.15, error),
        "pmra_error": error,
        "pmdec": motion["pmdec"][which] + rng.normal(0.0, 1.0, n) * np.hypot(0.15, error),
        "pmdec_error": error,
        "parallax": 1000 / home["distance"][which] - 0.03 + rng.normal(0.0, 1.0, n) * error,
        "parallax_error": error,
        "probability": np.round(rng.uniform(0.1, 1.0, n), 1),
    }


def _appended(first: Rows, second: Rows) -> Rows:
    return {name: np.concatenate([values, second[name]]) for name, values in first.items()}
