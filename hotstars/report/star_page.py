"""The page of a star of the optical surveys: spectra, facts, visits, and what was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from hotstars.figures.profiles import profiles_svg
from hotstars.report.facts import (
    Column,
    Fact,
    Group,
    Listing,
    file_shown,
    group,
    listing,
    model,
    number,
    percentiles,
    text,
    value_of,
    warnings,
)
from hotstars.report.ledger import sentence, sentences
from hotstars.report.links import archives
from hotstars.report.stars import Star
from hotstars.report.values import Dictionary, is_there, measured

Row = Mapping[str, Any]

_PHOTOMETRY = (
    Fact("G", "phot_g_mean_mag", decimals=3, unit="mag"),
    Fact("BP", "phot_bp_mean_mag", decimals=3, unit="mag"),
    Fact("RP", "phot_rp_mean_mag", decimals=3, unit="mag"),
    Fact("J", "j"),
    Fact("H", "h"),
    Fact("Ks", "k"),
    Fact("W1", "w1"),
    Fact("W2", "w2", decimals=3, unit="mag"),
    Fact("E(B−V)", "ebv", "ebv_method"),
    Fact("Q", "q", unit="mag"),
    Fact("(H−Ks)₀", "hk_0"),
    Fact("(Ks−W1)₀", "kw1_0"),
    Fact("colours of a Be star, probability", "be_colour_probability", decimals=3),
    Fact("M_G", "m_g"),
    Fact("2MASS", "twomass_designation"),
    Fact("AllWISE", "allwise_designation"),
)

_ASTROMETRY = (
    Fact("Gaia", "source_id", "gaia_release"),
    Fact("match", "gaia_distance", decimals=3, unit="arcsec"),
    Fact("ϖ", "parallax"),
    Fact("μ(α) cos δ", "pmra"),
    Fact("μ(δ)", "pmdec"),
    Fact("RUWE", "ruwe"),
    Fact("l", "l", decimals=4),
    Fact("b", "b", decimals=4),
    Fact("1/ϖ", "distance"),
    Fact("V_Tp", "v_tp"),
    Fact("limit of runaways", "v_tp_limit"),
    Fact("runaway, probability", "runaway_probability", decimals=3),
    Fact("height z", "z", decimals=2, unit="pc"),
)

_LITERATURE = (
    Fact("spectral type", "spectral_type", "spectral_type_reference"),
    Fact("of the year", "spectral_type_year"),
    Fact("bibcode", "spectral_type_bibcode"),
    Fact("types known", "n_spectral_types"),
)

_OBJECT_TYPES = {"CBe": "classical Be star", "HAeBe": "Herbig Ae/Be star", "HII": "H II region"}

_CLUSTER = (
    Fact("cluster", "cluster", "cluster_reference"),
    Fact("distance of the cluster", "distance"),
    Fact("log age of the cluster", "log_age"),
    Fact("[Fe/H] of the cluster", "fe_h"),
)

_TRUTH = (
    Fact("kind", "kind"),
    Fact("Teff", "teff", decimals=0, unit="K"),
    Fact("log g", "logg", decimals=2),
    Fact("[M/H]", "m_h", decimals=2),
    Fact("v sin i", "vsini", decimals=0, unit="km s⁻¹"),
    Fact("distance", "distance", decimals=0, unit="pc"),
    Fact("E(B−V)", "ebv", decimals=3, unit="mag"),
    Fact("M_Ks, companion included", "m_ks", decimals=2, unit="mag"),
    Fact("companion's part of the light", "companion_light", decimals=2),
    Fact("EW(Hα) of the emission alone", "emission_ew", decimals=1, unit="Å"),
    Fact("cluster", "cluster"),
    Fact("runaway", "is_runaway"),
)

_VISITS = (
    number("obsid", "obsid"),
    text("survey", "survey"),
    number("MJD", "mjd", 4),
    number("S/N blue", "snr_b", 0),
    number("S/N red", "snr_r", 0),
    number("EW(Hα)", "ew_halpha"),
    number("P(emission)", "be_probability", 3),
    text("class of Hα", "halpha_class"),
    text("verdict", "verdict"),
    warnings("", [("is_out_of_domain", True, "unlike the training")]),
    Column("file, SHA-256", "", lambda row, _: file_shown(row)),
)

_SLAM = (
    number("obsid", "obsid"),
    number("S/N red", "snr_r", 0),
    number("Teff", "teff"),
    number("log g", "logg"),
    number("[M/H]", "m_h"),
    number("v sin i", "vsini"),
    number("radial velocity", "radial_velocity"),
    number("χ²/ν", "reduced_chi2"),
    warnings(
        "warnings",
        [
            ("flag", "", "extrapolated"),
            ("flag", None, "extrapolated"),
            ("is_converged", False, "not converged"),
            ("has_emission", True, "emission"),
        ],
    ),
    model("model", "slam_model"),
)

_DISTANCES = (
    number("obsid", "obsid"),
    number("S/N in g", "snr_g", 0),
    number("M_Ks", "m_ks"),
    percentiles("distance", "distance"),
    text("from", "distance_from"),
    number("E(B−V)", "ebv"),
    warnings(
        "warnings",
        [
            ("binary_flag", 1, "binary"),
            ("binary_flag", -9, "binarity unknown"),
            ("emission_flag", 1, "emission"),
            ("emission_flag", -9, "emission unknown"),
            ("is_out_of_domain", True, "unlike the training"),
            ("is_bimodal", True, "two distances possible"),
        ],
    ),
    model("model", "m_ks_model"),
)


@dataclass(frozen=True)
class Decisions:
    """A survey's ledger of the star in sentences."""

    survey: str
    lines: list[tuple[str, str]]


@dataclass(frozen=True)
class StarPage:
    """What the template of a star's page is given.

    Attributes
    ----------
    name, place, surveys, catalogues, spectral_type
        See :class:`hotstars.report.stars.Star`.
    is_simulated
        Whether the star does not exist.
    line, figure, figure_note
        Name of the spectral line, the figure as SVG, what it shows; empty without spectra.
    groups, listings
        Facts.
    decisions
        The ledger, survey by survey.
    verdict
        What the ledger comes to.
    archives
        Name and address of pages elsewhere; none of simulated stars.
    is_one
        Whether the figure has a single panel.
    """

    name: str
    place: tuple[float, float]
    surveys: list[str]
    catalogues: list[str]
    spectral_type: str
    is_simulated: bool
    line: str
    figure: Markup
    figure_note: str
    groups: list[Group]
    listings: list[Listing]
    decisions: list[Decisions]
    verdict: str
    archives: list[tuple[str, str]]
    is_one: bool = False


def star_page(star: Star, dictionary: Dictionary, band: tuple[float, float]) -> StarPage:
    """Return what a star's page holds.

    Parameters
    ----------
    star
        Of :func:`hotstars.report.stars.read_stars`.
    dictionary
        Units and formats.
    band
        First and last wavelength (A) of the equivalent width of H-alpha.
    """
    shown = [one for one in star.spectra if _is_drawable(one)]
    titled = [{**one, "title": spectrum_title(one)} for one in shown]
    return StarPage(
        star.name,
        star.place,
        star.surveys,
        star.catalogues,
        star.spectral_type or "",
        star.is_simulated,
        "Hα",
        Markup(profiles_svg(titled, band)) if titled else Markup(""),
        _note(len(titled), star.n_spectra) if titled else "",
        [one for one in _groups(star, dictionary) if one.rows],
        [one for one in _listings(star, dictionary) if one.rows],
        decisions(star.rows.get("decisions", [])),
        verdict(star.rows.get("decisions", [])),
        [] if star.is_simulated else archives(*star.place),
        len(titled) == 1,
    )


def spectrum_title(one: Row) -> str:
    """Return the lines over a spectrum: which it is, what was measured, its class.

    A class has a line of its own: the longest leave no room for numbers beside them.
    """
    above = [str(one["survey"]), f"obsid {one['obsid']}"]
    if is_there(one.get("mjd")):
        above.append(f"MJD {one['mjd']:.2f}")
    below = []
    if is_there(one.get("snr_r")):
        below.append(f"S/N {one['snr_r']:.0f}")
    if is_there(one.get("ew_halpha")):
        value = measured(one["ew_halpha"], one.get("ew_halpha_error"), 2, "Å")
        below.append(f"EW {value}")
    if is_there(one.get("v_over_r")):
        below.append(f"V/R {measured(one['v_over_r'], one.get('v_over_r_error'), 2)}")
    shape = str(one.get("halpha_class") or "").removeprefix("emission: ")
    return "\n".join(line for line in (", ".join(above), ", ".join(below), shape) if line)


def _is_drawable(one: Row) -> bool:
    flux = one["halpha"]
    return bool((flux == flux).sum() >= 2)  # NaN is not equal to itself


def _note(n_shown: int, n_all: int) -> str:
    which = (
        "The spectrum"
        if n_all == 1
        else f"All {n_all:,d} spectra"
        if n_shown == n_all
        else f"The {n_shown:,d} of {n_all:,d} spectra of highest S/N"
    )
    return (
        f"{which}, rectified. Grey: the band of the equivalent width; line: the continuum; dotted: "
        "Hα at rest. V and R: the two peaks of a double profile; peak: the strongest of another."
    )


def _groups(star: Star, dictionary: Dictionary) -> list[Group]:
    photometry = {**(star.first("gaia") or {}), **(star.first("photometry") or {})}
    kinematics = star.first("kinematics") or {}
    photometry |= {name: kinematics.get(name) for name in ("m_g", "m_g_error")}
    astrometry = {**(star.first("gaia") or {}), **kinematics, **(star.first("astrometry") or {})}
    literature = group("Spectral type and literature", star.first("type"), _LITERATURE, dictionary)
    for row in star.rows.get("literature", []):
        kind = _OBJECT_TYPES.get(str(row["object_type"]), str(row["object_type"]))
        told = Markup('{} <span class="small">({:.2f} arcsec)</span>').format(
            row["bibliography"], row["literature_distance"]
        )
        literature.rows.append((f"listed as {kind}", told))
    clusters = group("Open cluster", star.first("cluster"), _CLUSTER, dictionary)
    for row in star.rows.get("clusters", []):
        agrees = [
            f"{word} {'agrees' if row[name] else 'differs'}"
            for name, word in (("agrees_in_motion", "motion"), ("agrees_in_parallax", "parallax"))
            if row[name] is not None
        ]
        told = value_of(row, Fact("", "probability", decimals=2), dictionary) or Markup("")
        clusters.rows.append(
            (
                f"{row['cluster']} ({row['cluster_reference']})",
                Markup("{}, probability {}; {}").format(
                    "member" if row["is_member"] else "no member", told, ", ".join(agrees)
                ),
            )
        )
    return [
        group("Photometry", photometry, _PHOTOMETRY, dictionary),
        group("Astrometry and velocity", astrometry, _ASTROMETRY, dictionary),
        literature,
        clusters,
        group("Put in by the simulation", _truth(star), _TRUTH, dictionary),
    ]


def _truth(star: Star) -> Row | None:
    """Return what was put in, with the catalogue's sign of equivalent widths.

    The simulation counts emission as positive, the catalogue absorption.
    """
    row = star.first("truth")
    if row is None or not is_there(row.get("emission_ew")):
        return row
    return {**row, "emission_ew": -float(row["emission_ew"])}


def _listings(star: Star, dictionary: Dictionary) -> list[Listing]:
    extrapolated = "Flag I is missing where a label lies outside the training range: extrapolated."
    return [
        listing("Visits", star.rows.get("visits", []), _VISITS, dictionary),
        listing(
            "Labels by SLAM, medium resolution", star.rows.get("slam_mrs", []), _SLAM, dictionary,
            extrapolated,
        ),
        listing(
            "Labels by SLAM, low resolution", star.rows.get("slam_lrs", []), _SLAM, dictionary,
            extrapolated,
        ),
        listing(
            "Absolute magnitude and distance", star.rows.get("distances", []), _DISTANCES,
            dictionary, "The first row is the star's best visit.",
        ),
    ]  # fmt: skip


def decisions(rows: Sequence[Row]) -> list[Decisions]:
    """Return the ledger in sentences with their class, survey by survey.

    Parameters
    ----------
    rows
        Of ``be_decisions``.
    """
    by_survey: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_survey[str(row["survey"])].append(row)
    kinds = {True: "passed", False: "failed", None: "unknown"}
    return [
        Decisions(
            survey,
            [
                (
                    kinds[row["is_passed"]] + (" deciding" if row["is_deciding"] else ""),
                    sentence(row).partition(". ")[2],
                )
                for row in sorted(own, key=lambda row: int(row["step"]))
            ],
        )
        for survey, own in sorted(by_survey.items())
    ]


def verdict(rows: Sequence[Row]) -> str:
    """Return what the ledger comes to in a sentence; nothing where a criterion decides."""
    if rows and any(row["is_deciding"] for row in rows):
        return ""
    return sentences(rows)[-1]
