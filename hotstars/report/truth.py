"""What was recovered of a simulated survey, paper by paper, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotstars.checks.apogee import against_truth as apogee_against_truth
from hotstars.checks.apogee import against_types, read_checked, unseen_stars
from hotstars.checks.distances_marts import QUESTIONS
from hotstars.checks.distances_marts import against_truth as distances_against_truth
from hotstars.checks.morphology import PURITY, SPECTRA
from hotstars.checks.recovery import CONFUSION, RECOVERY
from hotstars.checks.slam_marts import catalogues, has_truth
from hotstars.report.facts import Listing
from hotstars.report.source import Source
from hotstars.report.tables import Shown, interval, table
from hotstars.rows import rows_of

#: Least S/N of spectra whose labels of low and medium resolution are compared.
BOTH_SNR = 30.0

_LISTS = {
    "be_candidates": "Be candidates",
    "be_known": "known Be stars",
    "be_new": "new Be stars",
    "herbig_stars": "Herbig stars",
    "oe_stars": "Oe stars",
    "be_cluster_members": "Be stars in clusters",
    "be_runaways": "runaways",
}


def wang(source: Source) -> list[Listing]:
    """Return completeness and purity of the lists of Be stars, and what became of each kind."""
    recovery = [
        {
            **row,
            "list": _LISTS.get(row["list"], row["list"]),
            "complete": interval(row["n_right"], row["n_true"]),
            "pure": interval(row["n_right"], row["n_found"]),
        }
        for row in rows_of(source.connection.sql(RECOVERY))
    ]
    classes = source.connection.sql(SPECTRA).query("morphology", PURITY)
    return [
        table("Lists of Be stars", recovery,
              (Shown("list", "list"), Shown("n_true", "in the truth"), Shown("n_found", "found"),
               Shown("n_right", "found and right"), Shown("complete", "completeness"),
               Shown("pure", "purity")),
              "Stars that can be found: one spectrum of enough S/N, and emission that it shows. In "
              "brackets: 68 % intervals of the binomial distribution."),
        table("What each kind of star became", rows_of(source.connection.sql(CONFUSION)),
              (Shown("kind", "kind, as put in"), Shown("n_stars", "stars"),
               Shown("n_candidates", "Be candidates"), Shown("n_new", "new Be"),
               Shown("n_known", "known Be"), Shown("n_runaways", "runaways"))),
        table("Classes of Hα profiles", rows_of(classes),
              (Shown("survey", "survey"), Shown("halpha_class", "class"),
               Shown("n_spectra", "spectra"), Shown("purity", "part that is right", 2))),
    ]  # fmt: skip


_LABELS = (
    ("teff", "Teff", "K", 0),
    ("logg", "log g", "dex", 3),
    ("m_h", "[M/H]", "dex", 3),
    ("vsini", "v sin i", "km/s", 1),
)


def _differences(first: Sequence[Shown]) -> list[Shown]:
    shown = [*first]
    for name, word, unit, digits in _LABELS:
        shown += [
            Shown(f"{name}_scatter", f"{word}: rms ({unit})", digits),
            Shown(f"{name}_robust", f"robust ({unit})", digits),
            Shown(f"{name}_bias", f"bias ({unit})", digits),
        ]
    return shown


def guo(source: Source) -> list[Listing]:
    """Return differences of SLAM's labels from the truth, and of both resolutions."""
    if not {"marts.slam_lrs_labels", "marts.slam_mrs_labels"} <= source.relations:
        return []
    found = catalogues(source.connection, BOTH_SNR)
    for row in [row for rows in found.values() for row in rows]:
        if "snr_bin" in row:
            row["snr_bin"] = row["snr_bin"].partition(": ")[2]
    robust = "robust: 1.48 times the median absolute deviation."
    tables = [
        table("Found minus true labels, spectra with flag I", found.get("against_truth", []),
              _differences((Shown("resolution", "resolution"), Shown("is_plain", "one B or O star"),
                            Shown("snr_bin", "S/N"), Shown("n_spectra", "spectra"),
                            Shown("n_stars", "stars"))), robust),
        table("The same by kind of star", found.get("by_kind", []),
              _differences((Shown("resolution", "resolution"), Shown("kind", "kind"),
                            Shown("n_spectra", "spectra"), Shown("n_stars", "stars"))), robust),
        table(f"Medium minus low resolution, S/N from {BOTH_SNR:g}",
              found.get("low_against_medium", []),
              _differences((Shown("is_inside", "inside the training range"),
                            Shown("n_stars", "stars"))),
              "Means over the visits of stars with spectra of both."),
    ]  # fmt: skip
    return [one for one in tables if one.rows]


#: Headings of the columns that the checks of distances have.
_DISTANCES = (
    Shown("is_plain", "one B or O star"), Shown("kind", "kind"), Shown("snr_bin", "S/N in g"),
    Shown("distance_bin", "true distance (kpc)"), Shown("light", "companion's light"),
    Shown("distance_from", "distance from"), Shown("m_ks_model", "model"),
    Shown("n_spectra", "spectra"), Shown("n_visible", "with visible emission"),
    Shown("n_found", "found"), Shown("n_false", "false"), Shown("n_unknown", "unknown"),
    Shown("n_flagged", "flagged"), Shown("share", "part flagged", 3),
    Shown("median_excess_snr", "median excess (σ)", 2), Shown("purity", "purity", 3),
    Shown("completeness_equal", "completeness, equal pairs", 3),
    Shown("false_rate", "single stars flagged", 4), Shown("flagged", "part flagged", 3),
    Shown("unknown", "part unknown", 3), Shown("bias", "median", 3), Shown("scatter", "scatter", 3),
    Shown("rms", "rms", 3), Shown("stated_error", "stated error", 3),
    Shown("median_error", "median |error|", 3),
    Shown("median_error_of_inverse_parallax", "of 1/parallax", 3),
    Shown("out_of_domain", "part unlike the training", 3), Shown("pull_mean", "mean pull", 2),
    Shown("pull_median", "median pull", 2), Shown("pull_width", "width of pulls", 2),
    Shown("coverage", "truth within 16–84 %", 3),
)  # fmt: skip


def xiang(source: Source) -> list[Listing]:
    """Return how magnitudes, reddening, flags and distances compare with the truth."""
    if "marts.ob_distances" not in source.relations:
        return []
    found = distances_against_truth(source.connection)
    tables = []
    for name, title, _ in QUESTIONS:
        rows = [
            {
                key: value.partition(": ")[2] if key.endswith("_bin") or key == "light" else value
                for key, value in row.items()
            }
            for row in found[name]
        ]
        tables.append(table(_sentence(title), rows, _DISTANCES))
    return [one for one in tables if one.rows]


def sprague(source: Source) -> list[Listing]:
    """Return how near-infrared labels compare with the truth and with spectral types."""
    if "marts.apogee_labels" not in source.relations:
        return []
    stars = read_checked(source.connection)
    if not len(stars["apogee_id"]):
        return []
    chosen = unseen_stars(source.home.models, stars)
    stars = {name: values[chosen] for name, values in stars.items()}
    shown = [Shown("teff_k", "true Teff (K)"), Shown("n_stars", "stars")]
    for name, word, digits in (("log_teff", "log Teff", 3), ("logg", "log g", 2),
                               ("fe_h", "[Fe/H]", 2)):  # fmt: skip
        shown += [
            Shown(f"{name}_scatter", f"{word}: scatter (dex)", digits),
            Shown(f"{name}_median", "median (dex)", digits),
            Shown(f"{name}_pull", "width of pulls", 1),
        ]
    tables = [
        table("Found minus true labels of stars that did not teach the network",
              apogee_against_truth(stars), shown,
              "Scatter: 1.48 times the median absolute deviation; pulls: over the stated error."),
        table("Teff against spectral types", against_types(stars),
              (Shown("type", "type"), Shown("class", "class"), Shown("n_stars", "stars"),
               Shown("median_teff", "median Teff (K)"),
               Shown("median", "log Teff: median difference (dex)", 3),
               Shown("scatter", "scatter (dex)", 3),
               Shown("logg_median", "log g: median difference (dex)", 2))),
    ]  # fmt: skip
    return [one for one in tables if one.rows]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


#: What is asked for each paper.
ASKED: Mapping[str, Callable[[Source], list[Listing]]] = {
    "wang2022": wang,
    "xiang2021": xiang,
    "guo2021": guo,
    "sprague2022": sprague,
}


def tables_of(source: Source, paper: str) -> list[Listing]:
    """Return a paper's tables against the truth; none of real stars.

    Parameters
    ----------
    source
        The warehouse.
    paper
        Key of :data:`hotstars.scorecard.scores.PAPERS`.
    """
    if not has_truth(source.connection) and not _has_near_infrared_truth(source):
        return []
    return ASKED[paper](source)


def _has_near_infrared_truth(source: Source) -> bool:
    answer: list[Any] = source.connection.execute(
        "select 1 from truth.apogee_stars limit 1"
    ).fetchall()
    return bool(answer)
