"""SLAM's catalogues against each other and, where stars are simulated, against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotstars.rows import lines_of, rows_of

if TYPE_CHECKING:
    import duckdb

#: Labels with the digits that a table gives them.
DIGITS = (("teff", 0), ("logg", 3), ("m_h", 3), ("vsini", 1))

#: Labels of all spectra. Their S/N is the mean of both arms'.
LABELS = """
select
    'LRS' as resolution,
    designation, survey, (snr_b + snr_r) / 2 as snr,
    teff, teff_error, logg, logg_error, m_h, m_h_error, vsini, vsini_error, flag,
    model_grid, is_simulated_grid, slam_model
from marts.slam_lrs_labels
union all by name
select
    'MRS' as resolution,
    designation, survey, (snr_b + snr_r) / 2 as snr,
    teff, teff_error, logg, logg_error, m_h, m_h_error, vsini, vsini_error, flag,
    model_grid, is_simulated_grid, slam_model
from marts.slam_mrs_labels
"""

#: Stars with spectra of both resolutions (figure 9): means over the visits of enough S/N. Real and
#: simulated stars share no designation.
BOTH = """
with

stars as (
    select
        resolution,
        designation,
        avg(teff) as teff,
        avg(logg) as logg,
        avg(m_h) as m_h,
        avg(vsini) as vsini,
        sqrt(avg(teff_error ^ 2)) as teff_error,
        sqrt(avg(logg_error ^ 2)) as logg_error,
        sqrt(avg(m_h_error ^ 2)) as m_h_error,
        sqrt(avg(vsini_error ^ 2)) as vsini_error,
        bool_and(flag = 'I') as is_inside
    from labels
    where snr >= {least_snr}
    group by all
)

select
    lrs.designation,
    lrs.is_inside and mrs.is_inside as is_inside,
    {columns}
from stars as lrs
inner join stars as mrs using (designation)
left join {truth} as truth using (designation)
where lrs.resolution = 'LRS' and mrs.resolution = 'MRS'
order by lrs.designation
"""

#: Labels of simulated stars with what was put in. Stars of one photosphere without a disc are
#: what a model spectrum can describe.
AGAINST_TRUTH = """
select
    labels.*,
    truth.kind,
    truth.kind in ('B', 'O') as is_plain,
    truth.teff as true_teff,
    truth.logg as true_logg,
    truth.m_h as true_m_h,
    truth.vsini as true_vsini,
    case
        when snr < 20 then '1: below 20'
        when snr < 40 then '2: 20-40'
        when snr < 60 then '3: 40-60'
        when snr < 100 then '4: 60-100'
        else '5: >= 100'
    end as snr_bin
from labels
inner join truth.stars as truth using (designation)
where labels.survey like 'SIM%'
"""

_DIFFERENCE = """
    round(sqrt(avg(({0} - {1}) ^ 2)), {2}) as {3}_scatter,
    round(avg({0} - {1}), {2}) as {3}_bias,
    -- one spectrum has no scatter about its median
    case when count({0} - {1}) > 1 then round(1.4826 * mad({0} - {1}), {2}) end as {3}_robust
"""


def catalogues(connection: duckdb.DuckDBPyConnection, least_snr: float) -> dict[str, Any]:
    """Compare the catalogues with each other and, where stars are simulated, with the truth.

    Parameters
    ----------
    connection
        Warehouse with the catalogues of SLAM.
    least_snr
        For :data:`BOTH`.

    Returns
    -------
    dict
        ``models``, ``low_against_medium``, ``against_truth``, ``by_kind``: rows as dicts.
    """
    labels = connection.sql(LABELS)
    models = """
        select
            resolution, survey, model_grid, is_simulated_grid, slam_model,
            count(*) as n_spectra, count(distinct designation) as n_stars,
            count(*) filter (where flag = 'I') as n_inside
        from labels
        group by all
        order by all
    """
    found = {"models": rows_of(labels.query("labels", models))}
    both = labels.query("labels", both_query(connection, least_snr))
    found["low_against_medium"] = rows_of(
        both.query(
            "both_labels",
            f"""
            select
                is_inside, count(*) as n_stars, {_differences("mrs_{0}", "lrs_{0}")}
            from both_labels group by is_inside order by is_inside desc
            """,
        )
    )
    if has_truth(connection):
        compared = labels.query("labels", AGAINST_TRUTH)
        numbers = f"""
            count(*) as n_spectra, count(distinct designation) as n_stars,
            {_differences("{0}", "true_{0}")}
            from compared where flag = 'I'
        """
        for name, what in (
            ("against_truth", "resolution, is_plain, snr_bin"),
            ("by_kind", "resolution, kind"),
        ):
            query = f"select {what}, {numbers} group by {what} order by {what}"
            found[name] = rows_of(compared.query("compared", query))
    return found


def has_truth(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether the warehouse holds simulated stars."""
    return bool(rows_of(connection.sql("select 1 as one from truth.stars limit 1")))


def both_query(connection: duckdb.DuckDBPyConnection, least_snr: float) -> str:
    """Return :data:`BOTH` for this warehouse: truth is NULL for real stars."""
    columns = ", ".join(
        f"{table}.{label} as {name}_{label}"
        for table, name in (("lrs", "lrs"), ("mrs", "mrs"), ("truth", "true"))
        for label, _ in DIGITS
    )
    columns += "".join(
        f", {table}.{label}_error as {table}_{label}_error"
        for table in ("lrs", "mrs")
        for label, _ in DIGITS
    )
    return BOTH.format(least_snr=float(least_snr), columns=columns, truth="truth.stars")


def _differences(found: str, wanted: str) -> str:
    return ", ".join(
        _DIFFERENCE.format(found.format(label), wanted.format(label), digits, label)
        for label, digits in DIGITS
    )


def mart_tables(found: dict[str, Any]) -> list[str]:
    """Return lines that show what :func:`catalogues` found."""
    titles = {
        "models": "catalogues: which models and grids",
        "low_against_medium": "stars of both: medium minus low resolution, means over visits",
        "against_truth": "SIMULATED stars with flag I: found minus true; plain: one B or O star",
        "by_kind": "SIMULATED stars with flag I, by what they are",
    }
    lines: list[str] = []
    for name, rows in found.items():
        lines += ["", titles[name], *lines_of(rows)]
    return lines
