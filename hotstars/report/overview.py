"""What the first page says: which rebuild this is, the selection, the catalogues, the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hotstars.project import PROJECT
from hotstars.report.source import Source
from hotstars.rows import rows_of
from warehouse import __version__
from warehouse.export.metadata import Mart
from warehouse.export.origin import of_rebuild
from warehouse.export.rebuilds import rebuilds
from warehouse.publish import git_commit


@dataclass(frozen=True)
class Catalogue:
    """A mart as the report lists it.

    Attributes
    ----------
    name, title
        In the database, and for readers.
    row
        What a row is.
    n_rows
        How many it has.
    paper
        Key of :data:`hotstars.scorecard.scores.PAPERS`.
    """

    name: str
    title: str
    row: str
    n_rows: int
    paper: str


@dataclass(frozen=True)
class Step:
    """A step of the selection of Be stars.

    Attributes
    ----------
    number, label, section
        Of the step.
    n_spectra, n_stars
        That are left after it.
    n_spectra_mrs, n_stars_mrs
        Those of medium resolution among them, which the paper is about.
    kept_spectra, kept_stars
        Parts of what the step before left at medium resolution; None of the first.
    published, published_kept
        Counts that the paper prints, with their unit, and the part of the count of that unit
        that it printed last.
    """

    number: int
    label: str
    section: str
    n_spectra: int
    n_stars: int
    n_spectra_mrs: int
    n_stars_mrs: int
    kept_spectra: float | None
    kept_stars: float | None
    published: tuple[str, ...]
    published_kept: float | None


#: Steps of the funnel in words; the settings' values stand in.
_STEPS = {
    "spectra": "All spectra",
    "signal_to_noise": "S/N above {snr_min:g} in both arms",
    "effective_temperature": "Teff not {teff_late_min:,.0f}–{teff_late_max:,.0f} K",
    "line_indices": "EW(Hα) below {ew_halpha_max:g} Å, EW(Mg b) below {ew_mgb_max:g} Å",
    "infrared_q": "Q below {q_max:g}: no K or M star by 2MASS",
    "halpha_emission": "Hα in emission",
    "contaminants": "no listed Herbig star or H II region",
    "literature": "no Be star of the literature",
    "spectral_type": "spectral type later than O8, earlier than A2, no class I or II",
    "infrared_colours": "(H−Ks)₀ below {be_hk_max:g}, (Ks−W1)₀ below {be_kw1_max:g}: new Be stars",
}


def funnel(source: Source) -> list[Step]:
    """Return the steps of the selection, with the part that each keeps.

    Parameters
    ----------
    source
        The warehouse.
    """
    steps: list[Step] = []
    last: dict[str, int] = {}
    for row in rows_of(
        source.connection.sql("select * from marts.be_selection_funnel order by step")
    ):
        before = steps[-1] if steps else None
        template = _STEPS.get(row["criterion"], row["criterion"].replace("_", " "))
        published, part = [], None
        for unit in ("spectra", "stars"):
            count = row[f"published_n_{unit}"]
            if count is None:
                continue
            published.append(f"{count:,d} {unit}")
            if unit in last:
                part = count / last[unit]
            last[unit] = count
        steps.append(
            Step(
                row["step"],
                template.format_map(source.settings),
                row["section"],
                row["n_spectra"],
                row["n_stars"],
                row["n_spectra_mrs"],
                row["n_stars_mrs"],
                _part(row["n_spectra_mrs"], before.n_spectra_mrs if before else None),
                _part(row["n_stars_mrs"], before.n_stars_mrs if before else None),
                tuple(published),
                part,
            )
        )
    return steps


def _part(n: int, of: int | None) -> float | None:
    return n / of if of else None


def catalogues(source: Source, known: Mapping[str, Mart]) -> list[Catalogue]:
    """Return the marts that are built, paper by paper.

    Parameters
    ----------
    source
        The warehouse.
    known
        Marts of dbt's manifest.
    """
    found = []
    for name, mart in sorted(known.items()):
        if f"marts.{name}" not in source.relations:
            continue
        (n_rows,) = source.connection.execute(f'select count(*) from marts."{name}"').fetchall()[0]
        title = str(mart.meta.get("title") or name.replace("_", " "))
        found.append(Catalogue(name, title, mart.description, n_rows, mart.paper_key))
    return found


def provenance(source: Source) -> list[tuple[str, str]]:
    """Return what made the catalogues: program, commit, dbt's run, releases, settings.

    Parameters
    ----------
    source
        The warehouse.
    """
    target = source.home.dbt_target
    facts: dict[str, Any] = of_rebuild(target, PROJECT, source.connection, git_commit(PROJECT))
    when = rebuilds(target).last.get("metadata", {}).get("generated_at", "")
    loaded = source.connection.execute("select max(finished_at) from raw.ingest_run").fetchall()
    return [
        ("program", f"hotstars {__version__}"),
        ("commit", str(facts["commit"])),
        ("rebuilt", f"{_minute(when)} UTC, dbt run {facts['dbt_invocation']}" if when
         else f"dbt run {facts['dbt_invocation']}"),
        ("last loaded", f"{_minute(str(loaded[0][0]))} UTC" if loaded[0][0] else "nothing"),
        ("releases of the sources", str(facts.get("sources", "none named"))),
        ("settings that differ", str(facts.get("vars", "none: the papers' and our defaults"))),
    ]  # fmt: skip


def _minute(text: str) -> str:
    return text[:16].replace("T", " ")


def key_numbers(source: Source) -> list[tuple[str, int]]:
    """Return the numbers that a reader asks for first.

    Parameters
    ----------
    source
        The warehouse.
    """
    asked = (
        ("optical spectra", "raw.lamost_observation", "count(*)"),
        ("stars observed", "raw.lamost_observation", "count(distinct designation)"),
        ("Be candidates", "marts.be_candidates", "count(distinct designation)"),
        ("new Be stars", "marts.be_new", "count(distinct designation)"),
        ("known Be stars", "marts.be_known", "count(distinct designation)"),
        ("runaways", "marts.be_runaways", "count(distinct designation)"),
        ("OB stars with distance", "marts.ob_distances",
         "count(distinct designation) filter (where distance is not null)"),
        ("spectra with SLAM labels, low resolution", "marts.slam_lrs_labels", "count(teff)"),
        ("spectra with SLAM labels, medium resolution", "marts.slam_mrs_labels", "count(teff)"),
        ("near-infrared stars", "marts.apogee_labels", "count(distinct apogee_id)"),
    )  # fmt: skip
    return [
        (label, source.connection.execute(f"select {what} from {relation}").fetchall()[0][0])
        for label, relation, what in asked
        if relation in source.relations
    ]
