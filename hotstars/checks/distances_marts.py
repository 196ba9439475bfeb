"""What `hotstars check-distances` asks of the catalogue: magnitudes and distances against truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotstars.rows import lines_of, rows_of

if TYPE_CHECKING:
    import duckdb

#: Light of a companion, of the whole, beyond which a pair counts as equal: a mass ratio of 0.9.
EQUAL_LIGHT = 0.4

#: S/N of the emission that was put in, beyond which it can be seen.
VISIBLE = 5.0

#: Every row of the catalogue with the truth of its star and spectrum.
COMPARED = """
select
    found.*,
    truth.kind,
    truth.kind in ('B', 'O') as is_plain,
    truth.distance as true_distance,
    truth.ebv as true_ebv,
    -- of the brighter star alone, which is what a spectrum tells
    truth.m_ks - 2.5 * log10(1 - truth.companion_light) as true_m_ks,
    truth.companion_light,
    spectra.has_emission,
    spectra.emission_significance,
    case
        when snr_g < 20 then '1: below 20'
        when snr_g < 50 then '2: 20-50'
        when snr_g < 100 then '3: 50-100'
        else '4: >= 100'
    end as snr_bin,
    case
        when truth.distance < 500 then '1: below 0.5'
        when truth.distance < 1000 then '2: 0.5-1'
        when truth.distance < 2000 then '3: 1-2'
        when truth.distance < 4000 then '4: 2-4'
        when truth.distance < 8000 then '5: 4-8'
        else '6: >= 8'
    end as distance_bin
from marts.ob_distances as found
inner join truth.stars as truth using (designation)
left join truth.spectra as spectra on found.obsid = spectra.obsid
where found.survey like 'SIM%'
"""

# half the width of a distribution; one value has none
_HALF = (
    "case when count({0}) > 1 then (quantile_cont({0}, 0.8413) - quantile_cont({0}, 0.1587)) / 2 "
    "end"
)

#: Name, title, and query over ``compared``.
QUESTIONS = (
    (
        "magnitudes",
        "M_Ks by spectrum minus truth (mag); plain: one B or O star without a disc",
        f"""
        select
            is_plain, snr_bin, count(*) as n_spectra,
            round(median(m_ks - true_m_ks), 3) as "bias",
            round({_HALF.format("m_ks - true_m_ks")}, 3) as scatter,
            round(sqrt(avg(pow(m_ks - true_m_ks, 2))), 3) as rms,
            round(median(m_ks_error), 3) as stated_error
        from compared where m_ks is not null and emission_flag >= 0
        group by all order by is_plain desc, snr_bin
        """,
    ),
    (
        "magnitudes_by_kind",
        "M_Ks by spectrum minus truth, by kind",
        f"""
        select
            kind, count(*) as n_spectra,
            round(median(m_ks - true_m_ks), 3) as "bias",
            round({_HALF.format("m_ks - true_m_ks")}, 3) as scatter,
            round(avg(is_out_of_domain::int), 3) as out_of_domain
        from compared where m_ks is not null group by all order by all
        """,
    ),
    (
        "extinction",
        "E(B-V) minus truth (mag), by kind",
        f"""
        select
            kind, count(*) as n_spectra,
            round(median(ebv - true_ebv), 3) as "bias",
            round({_HALF.format("ebv - true_ebv")}, 3) as scatter,
            round(median(ebv_error), 3) as stated_error
        from compared where ebv is not null group by all order by all
        """,
    ),
    (
        "emission",
        f"emission flag; visible: put in with a summed S/N above {VISIBLE:g}",
        f"""
        select
            kind, count(*) as n_spectra,
            count(*) filter (where visible) as n_visible,
            count(*) filter (where visible and emission_flag = 1) as n_found,
            count(*) filter (where not has_emission and emission_flag = 1) as n_false,
            count(*) filter (where emission_flag = -9) as n_unknown
        from (select *, emission_significance > {VISIBLE} and has_emission as visible from compared)
        group by all order by all
        """,
    ),
    (
        "binaries",
        "binary flag, by the companion's part of the light, where the parallax tells: parallax "
        "over its error above 10",
        """
        select
            case
                when companion_light = 0 then '0: single'
                when companion_light < 0.2 then '1: below 0.2'
                when companion_light < 0.4 then '2: 0.2-0.4'
                else '3: 0.4-0.5, equal'
            end as light,
            kind in ('B', 'O', 'SB2') as is_plain,
            count(*) as n_spectra,
            count(*) filter (where binary_flag = 1) as n_flagged,
            round(avg((binary_flag = 1)::int), 3) as share,
            round(median(parallax_excess_snr), 2) as median_excess_snr
        from compared
        where binary_flag >= 0 and parallax > 10 * parallax_error
        group by all order by is_plain desc, light
        """,
    ),
    (
        "binary_purity",
        f"flagged stars of kinds B, O and SB2: how many are pairs; equal: companion's light >= "
        f"{EQUAL_LIGHT:g}",
        f"""
        select
            count(*) filter (where binary_flag = 1) as n_flagged,
            round(avg((companion_light > 0)::int) filter (where binary_flag = 1), 3) as purity,
            round(avg((binary_flag = 1)::int) filter (where companion_light >= {EQUAL_LIGHT}), 3)
                as completeness_equal,
            round(avg((binary_flag = 1)::int) filter (where companion_light = 0), 4) as false_rate,
            round(avg((binary_flag = 1)::int), 3) as flagged,
            round(avg((binary_flag = -9)::int), 3) as unknown
        from compared
        where kind in ('B', 'O', 'SB2')
        """,
    ),
    (
        "pulls",
        "distance: pull of log d (found minus true over its error), and how often the truth lies "
        "between the 16th and 84th percentile (0.683 is right)",
        f"""
        select
            is_plain, distance_from, count(*) as n_spectra,
            round(avg((log_distance - log10(true_distance)) / log_distance_error), 3) as pull_mean,
            round(median((log_distance - log10(true_distance)) / log_distance_error), 3)
                as pull_median,
            round({_HALF.format("(log_distance - log10(true_distance)) / log_distance_error")}, 3)
                as pull_width,
            round(avg((true_distance between distance_16 and distance_84)::int), 3) as coverage
        from compared where distance is not null
        group by all order by is_plain desc, distance_from
        """,
    ),
    (
        "distances",
        "distance: relative error by true distance (kpc), stars of kinds B and O",
        """
        select
            distance_bin, count(*) as n_spectra,
            round(median(distance / true_distance - 1), 3) as "bias",
            round(median(abs(distance / true_distance - 1)), 3) as median_error,
            round(median((distance_84 - distance_16) / 2 / distance), 3) as stated_error,
            round(median(abs(1000 / nullif(greatest(parallax - parallax_zero_point, 0), 0)
                / true_distance - 1)), 3) as median_error_of_inverse_parallax
        from compared where distance is not null and is_plain
        group by all order by all
        """,
    ),
    (
        "models",
        "which models",
        "select m_ks_model, count(*) as n_spectra from compared group by all order by all",
    ),
)


def against_truth(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """Ask every question of the simulated stars in ``ob_distances``; rows as dicts."""
    compared = connection.sql(COMPARED)
    return {name: rows_of(compared.query("compared", query)) for name, _, query in QUESTIONS}


def tables(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return lines that show what :func:`against_truth` found."""
    lines: list[str] = []
    for name, title, _ in QUESTIONS:
        lines += ["", f"SIMULATED stars, {title}", *lines_of(found[name])]
    return lines
