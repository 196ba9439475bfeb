"""Figures of Wang et al. (2022), redrawn from the catalogues."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from hotstars.figures import be_stars as be_plots
from hotstars.figures import cards as card_plots
from hotstars.figures.panels import Plate
from hotstars.figures.profiles import Example, examples
from hotstars.figures.style import SIMULATED, mark_of
from hotstars.report.drawn import Wanted
from hotstars.report.source import Columns, Source

_BUILD = "`hotstars ingest ...`, then `hotstars build`"
_GAIA = "`hotstars ingest gaia FILE`, then `hotstars build`"
_TRAIN = "`hotstars train be-classifier`"

#: Edges of S/N of the figure of completeness and purity.
SNR_EDGES = (10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 300.0)

#: The H-alpha windows of coadds; a star's medium-resolution ones come first.
_WINDOWS = """
windows as (
    select obsid, halpha, 1 as place from intermediate.int_rectified_mrs_r
    where halpha is not null and exposure = 0
    union all
    select obsid, halpha, 2 as place from intermediate.int_rectified_lrs_r
    where halpha is not null and exposure = 0
)
"""

#: A star that both surveys saw is one star: its row of medium resolution, which the paper has.
_ONE_A_STAR = (
    "qualify row_number() over (partition by designation order by survey not like '%MRS', survey)"
    " = 1 order by designation"
)


def _medium_or_all(rows: Columns) -> Columns:
    """Return the rows of medium resolution, which the paper has; all where there are none."""
    medium = np.array([str(name).endswith("MRS") for name in rows["survey"]], dtype=bool)
    if not medium.any():
        return rows
    return {name: values[medium] for name, values in rows.items()}


def line_indices(source: Source) -> Plate | None:
    """Figure 2."""
    rows = _medium_or_all(
        source.columns(
            "select ew_halpha, ew_mgb, passes_line_index, passes_q, survey from "
            "intermediate.int_be_spectrum_tests where passes_snr and passes_teff "
            "and ew_halpha is not null and ew_mgb is not null order by obsid, exposure"
        )
    )
    if not len(rows["ew_halpha"]):
        return None
    return be_plots.line_indices(rows, source.settings, mark_of(rows["survey"]))


def confusion(source: Source) -> Plate | None:
    """Figure 6."""
    card = source.cards.get(str(source.settings["be_classifier"]))
    if card is None or "confusion" not in card.get("scores", {}).get("all", {}):
        return None
    return card_plots.confusion(card, SIMULATED if card.get("simulated") else None)


def emission_profiles(source: Source) -> Plate | None:
    """Figure 7."""
    wanted = (
        ("single peak", "emission: single peak", 1),
        ("symmetric double peak", "emission: symmetric double peak", 1),
        ("asymmetric double peak", "emission: asymmetric double peak", 1),
        ("narrow emission on absorption", "emission: narrow emission on absorption", 1),
    )
    return _examples(source, "marts.be_candidates", "halpha_class", wanted, 2)


def shells_on_emission(source: Source) -> Plate | None:
    """Figure A1."""
    wanted = (("Type 1, narrow", "1", 1), ("Type 2, broad", "2", 1), ("Type 3, asymmetric", "3", 1),
              ("Type 3, another star", "3", 2))  # fmt: skip
    return _examples(source, "marts.be_shell_emission", "shell_type::varchar", wanted, 2)


def shells_on_absorption(source: Source) -> Plate | None:
    """Figure A2."""
    wanted = (("Type 1, emission above continuum", "1", 1),
              ("Type 2, emission below it", "2", 1),
              ("Type 3, narrow absorption", "3", 1))  # fmt: skip
    return _examples(source, "marts.be_shell_absorption", "shell_type::varchar", wanted, 3)


def _examples(
    source: Source, relation: str, kind: str, wanted: Sequence[tuple[str, str, int]], columns: int
) -> Plate | None:
    """Draw of each class the star of its place by S/N, those of medium resolution first."""
    rows = source.connection.execute(
        f"""
        with {_WINDOWS},
        stars as (
            select {kind} as kind, designation, survey, snr_r, halpha, place
            from {relation} inner join windows using (obsid)
            where kind is not null
            qualify row_number() over (
                partition by kind, designation order by place, snr_r desc, survey
            ) = 1
        )
        select kind, designation, survey, snr_r, halpha,
            row_number() over (
                partition by kind order by place, snr_r desc, designation
            ) as number
        from stars
        qualify number <= 2
        """
    ).fetchall()
    if not rows:
        return None
    found = {(row[0], row[5]): row for row in rows}
    shown: list[Example] = []
    for name, value, number in wanted:
        row: Any = found.get((value, number))
        shown.append(
            Example(name)
            if row is None
            else Example(name, row[1], row[3], np.asarray(row[4], dtype=np.float64))
        )
    return examples(shown, columns, mark_of(row[2] for row in rows))


def observing(source: Source) -> Plate | None:
    """Figure 8."""
    rows = _medium_or_all(
        source.columns(
            "select n_visits, baseline, is_new_be as new, survey from marts.be_observing_statistics"
        )
    )
    if not len(rows["n_visits"]):
        return None
    return be_plots.observing(rows, mark_of(rows["survey"]))


def velocities(source: Source) -> Plate | None:
    """Figure 9."""
    rows = source.columns(
        f"select v_tp, survey from marts.be_kinematics where v_tp is not null {_ONE_A_STAR}"
    )
    answer = source.connection.execute("select * from intermediate.int_runaway_limit")
    titles = [one[0] for one in answer.description or []]
    limit = answer.fetchone()
    if not len(rows["v_tp"]) or limit is None:
        return None
    told = dict(zip(titles, limit, strict=True))
    return be_plots.velocities(rows, told, mark_of(rows["survey"]))


def colour_magnitude(source: Source) -> Plate | None:
    """Figure 10."""
    rows = source.columns(
        "select bp_rp, m_g, m_g_error, is_new_be as new, survey from marts.be_kinematics "
        f"where bp_rp is not null and m_g is not null {_ONE_A_STAR}"
    )
    if not len(rows["bp_rp"]):
        return None
    background = source.columns(
        "select bp_rp, m_g from intermediate.int_star_cmd where passes_flux_excess "
        "and bp_rp is not null and m_g is not null"
    )
    return be_plots.colour_magnitude(rows, background, mark_of(rows["survey"]))


def infrared_colours(source: Source) -> Plate | None:
    """The diagram of section 5.3."""
    rows = source.columns(
        "select hk_0, kw1_0, is_new_be as new, is_known_be as known, is_herbig as herbig, survey "
        "from intermediate.int_be_star_tests "
        f"where is_candidate and hk_0 is not null and kw1_0 is not null {_ONE_A_STAR}"
    )
    if not len(rows["hk_0"]):
        return None
    return be_plots.infrared_colours(rows, source.settings, mark_of(rows["survey"]))


def sky(source: Source) -> Plate | None:
    """Be stars on the sky."""
    rows = source.columns(
        "select l, b, z, is_runaway as runaway, survey from marts.be_kinematics "
        f"where l is not null and b is not null {_ONE_A_STAR}"
    )
    if not len(rows["l"]):
        return None
    return be_plots.sky(rows, mark_of(rows["survey"]))


def recovery(source: Source) -> Plate | None:
    """Completeness and purity of emission, where the survey is simulated."""
    if "truth.spectra" not in source.relations:
        return None
    edges = ", ".join(f"({low}, {high})" for low, high in itertools.pairwise(SNR_EDGES))
    rows = source.columns(
        f"""
        select
            edges.low as snr_low, edges.high as snr_high,
            count(*) filter (where truth.has_emission) as n_true,
            count(*) filter (where truth.has_emission and tests.has_emission) as n_true_found,
            count(*) filter (where tests.has_emission) as n_found,
            count(*) filter (where tests.has_emission and truth.has_emission) as n_found_right
        from intermediate.int_be_spectrum_tests as tests
        inner join truth.spectra as truth using (obsid)
        inner join (values {edges}) as edges(low, high)
            on tests.snr_r >= edges.low and tests.snr_r < edges.high
        where tests.survey like 'SIM%' and tests.exposure = 0
            and passes_snr and passes_teff and passes_line_index and passes_q
        group by all order by all
        """
    )
    if not rows["n_true"].sum():
        return None
    return be_plots.recovery_by_snr(rows, SIMULATED)


FIGURES = tuple(
    Wanted("wang2022", number, name, title, needs, function)
    for number, name, title, needs, function in (
        ("2", "wang2022_figure_2", "Line indices", _BUILD, line_indices),
        ("6", "wang2022_figure_6", "The classifier's validation", _TRAIN, confusion),
        ("7", "wang2022_figure_7", "Emission profiles", _BUILD, emission_profiles),
        ("8", "wang2022_figure_8", "Visits and baselines", _BUILD, observing),
        ("9", "wang2022_figure_9", "Peculiar tangential velocities", _GAIA, velocities),
        ("10", "wang2022_figure_10", "Colour-magnitude diagram", _GAIA, colour_magnitude),
        ("A1", "wang2022_figure_A1", "Shell lines on emission", _BUILD, shells_on_emission),
        ("A2", "wang2022_figure_A2", "Shell lines on absorption", _BUILD, shells_on_absorption),
        ("", "wang2022_infrared", "Infrared colours (section 5.3)",
         "`hotstars ingest twomass` and `allwise`, then `hotstars build`", infrared_colours),
        ("", "wang2022_sky", "On the sky", _GAIA, sky),
        ("", "wang2022_recovery", "Completeness and purity of emission", _BUILD, recovery),
    )
)  # fmt: skip
"""All of them, in the paper's order; ours come after."""
