"""The stars of the report: which there are, and all that the pages of some of them hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hotstars.report.source import built
from ml.halpha.window import N_SAMPLES
from udfs.arrow import matrix

if TYPE_CHECKING:
    import duckdb

#: Catalogues that name stars of the report, and what they are called there.
CATALOGUES = (
    ("be_new", "new Be star"),
    ("be_known", "known Be star"),
    ("be_runaways", "runaway"),
    ("be_cluster_members", "cluster member"),
    ("be_shell_emission", "shell on emission"),
    ("be_shell_absorption", "shell on absorption"),
    ("herbig_stars", "Herbig star"),
    ("oe_stars", "Oe star"),
    ("be_candidates", "Be candidate"),
    ("ob_distances", "OB distance"),
    ("slam_mrs_labels", "SLAM MRS"),
    ("slam_lrs_labels", "SLAM LRS"),
)

#: What the stars of the near-infrared survey are called in the list.
APOGEE = "APOGEE star"

#: Spectra that a page shows, the best ones.
SPECTRA = 6

#: Columns of the list of stars, in the order of :func:`catalogue_stars`.
_LISTED = pa.schema([
    ("designation", pa.string()), ("surveys", pa.list_(pa.string())), ("ra", pa.float64()),
    ("dec", pa.float64()), ("catalogues", pa.list_(pa.string())), ("spectral_type", pa.string()),
    ("k", pa.float64()), ("ew_halpha", pa.float64()), ("v_tp", pa.float64()),
    ("distance", pa.float64()),
])  # fmt: skip

#: Rows of a star's page: name, relation, columns, order.
_ROWS = (
    ("photometry", "intermediate.int_star_photometry",
     "j, j_error, h, h_error, k, k_error, w1, w1_error, w2, w2_error, ebv, ebv_error, ebv_method, "
     "q, hk_0, hk_0_error, kw1_0, kw1_0_error, be_colour_probability, twomass_designation, "
     "allwise_designation", "designation"),
    ("gaia", "intermediate.int_star_gaia",
     "phot_g_mean_mag, phot_bp_mean_mag, phot_bp_mean_mag_error, phot_rp_mean_mag, "
     "phot_rp_mean_mag_error, gaia_distance, gaia_neighbours", "designation"),
    ("astrometry", "intermediate.int_star_kinematics",
     "source_id, gaia_release, parallax, parallax_error, pmra, pmra_error, pmdec, pmdec_error, "
     "ruwe, l, b, distance, v_tp, v_tp_error, z, z_error", "designation"),
    ("kinematics", "marts.be_kinematics",
     "runaway_probability, v_tp_limit, is_runaway, m_g, m_g_error, bp_rp", "designation, survey"),
    ("type", "intermediate.int_star_spectral_type",
     "spectral_type, spectral_type_reference, spectral_type_bibcode, spectral_type_year, "
     "n_spectral_types", "designation"),
    ("literature", "intermediate.int_star_literature",
     "object_type, bibliography, literature_distance", "object_type"),
    ("clusters", "intermediate.int_star_cluster",
     "cluster, cluster_reference, probability, agrees_in_motion, agrees_in_parallax, is_member",
     "is_member desc, cluster, cluster_reference"),
    ("cluster", "marts.be_cluster_members",
     "cluster, cluster_reference, distance, distance_error, log_age, log_age_error, "
     "fe_h, fe_h_error", "cluster, survey"),
    ("slam_mrs", "marts.slam_mrs_labels", "* exclude (designation, ra, dec)", "mjd, obsid"),
    ("slam_lrs", "marts.slam_lrs_labels", "* exclude (designation, ra, dec)", "mjd, obsid"),
    ("distances", "marts.ob_distances",
     "obsid, survey, snr_g, m_ks, m_ks_error, distance, distance_16, distance_84, distance_from, "
     "ebv, ebv_error, binary_flag, emission_flag, is_out_of_domain, is_bimodal, uniqflag, "
     "m_ks_model", "uniqflag desc, obsid"),
    ("decisions", "marts.be_decisions", "*", "survey, step"),
)  # fmt: skip

_TRUTH = (
    "kind, teff, logg, m_h, vsini, distance, ebv, m_ks, emission_ew, cluster, is_runaway, "
    "companion_light"
)

_VISITS = """
select
    observations.designation, observations.obsid, observations.survey, observations.mjd,
    observations.snr_b, observations.snr_r,
    tests.ew_halpha, tests.ew_halpha_error, tests.be_probability, tests.is_out_of_domain,
    tests.verdict, tests.reviewer, morphology.halpha_class,
    observations.file_name, observations.sha256
from raw.lamost_observation as observations
left join intermediate.int_be_spectrum_tests as tests
    on observations.obsid = tests.obsid and tests.exposure = 0
left join intermediate.int_halpha_morphology as morphology
    on observations.obsid = morphology.obsid and morphology.exposure = 0
where observations.designation in (select unnest($names))
order by observations.designation, observations.mjd, observations.obsid
"""

_SPECTRA = """
with

windows as (
    select obsid, exposure, halpha from intermediate.int_rectified_mrs_r
    where halpha is not null and exposure = 0
    union all by name
    select obsid, exposure, halpha from intermediate.int_rectified_lrs_r
    where halpha is not null and exposure = 0
)

select
    observations.designation, windows.obsid, observations.survey, observations.mjd,
    observations.snr_r, measured.ew_halpha, measured.ew_halpha_error,
    -- of absorption lines the profile measures the noise
    case when morphology.has_emission and not morphology.has_peak_pair
        then profile.strongest_velocity end as strongest_velocity,
    profile.strongest_flux,
    case when morphology.has_peak_pair then profile.violet_velocity end as violet_velocity,
    profile.violet_flux,
    case when morphology.has_peak_pair then profile.red_velocity end as red_velocity,
    profile.red_flux,
    case when morphology.has_peak_pair then profile.v_over_r end as v_over_r,
    profile.v_over_r_error,
    morphology.halpha_class,
    windows.halpha,
    count(*) over (partition by observations.designation) as n_all
from windows
inner join raw.lamost_observation as observations using (obsid)
left join intermediate.int_line_measurements as measured using (obsid, exposure)
left join intermediate.int_halpha_profile as profile using (obsid, exposure)
left join intermediate.int_halpha_morphology as morphology using (obsid, exposure)
where observations.designation in (select unnest($names))
qualify row_number() over (
    partition by observations.designation order by observations.snr_r desc, windows.obsid
) <= $most
order by observations.designation, observations.snr_r desc, windows.obsid
"""


@dataclass
class Star:
    """What a page is made from.

    Attributes
    ----------
    name
        Designation.
    place
        Right ascension and declination, deg.
    surveys, catalogues
        Which.
    spectral_type
        Of the literature; None where there is none.
    rows
        Rows of the tables that speak of it, by name; see the queries of this module.
    spectra
        The best ones, ``halpha`` has the window's samples.
    n_spectra
        How many could be shown.
    """

    name: str
    place: tuple[float, float]
    surveys: list[str]
    catalogues: list[str]
    spectral_type: str | None = None
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    spectra: list[dict[str, Any]] = field(default_factory=list)
    n_spectra: int = 0

    @property
    def is_simulated(self) -> bool:
        """Whether the star does not exist."""
        return any(survey.startswith("SIM") for survey in self.surveys)

    def first(self, name: str) -> dict[str, Any] | None:
        """Return the first row of a table; None where there is none."""
        rows = self.rows.get(name)
        return rows[0] if rows else None


def catalogue_stars(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the stars of the catalogues, those of the first ones first; APOGEE's come last.

    Parameters
    ----------
    connection
        To a built warehouse.

    Returns
    -------
    pyarrow.Table
        ``designation``, ``surveys``, ``ra``, ``dec`` (deg), ``catalogues``, ``spectral_type``,
        ``k`` (mag), ``ew_halpha`` (0.1 nm), ``v_tp`` (km/s), ``distance`` (pc).
    """
    there = built(connection)
    parts = [
        f"select designation, {number} as rank, '{title}' as catalogue from marts.{name}"
        for number, (name, title) in enumerate(CATALOGUES)
        if f"marts.{name}" in there
    ]
    pieces = []
    if parts:
        pieces.append(connection.sql(_optical(parts)).to_arrow_table())
    if "marts.apogee_labels" in there:
        pieces.append(
            connection.sql(
                "select apogee_id as designation, list(distinct survey order by survey) as "
                f"surveys, any_value(ra) as ra, any_value(\"dec\") as dec, ['{APOGEE}'] as "
                "catalogues, any_value(spectral_type) as spectral_type, any_value(k)::double as k, "
                "null::double as ew_halpha, null::double as v_tp, null::double as distance "
                "from marts.apogee_labels group by apogee_id order by apogee_id"
            ).to_arrow_table()
        )
    return pa.concat_tables([one.cast(_LISTED) for one in pieces] or [_LISTED.empty_table()])


def _optical(parts: Sequence[str]) -> str:
    return f"""
        with
        named as ({" union all ".join(parts)}),
        listed as (
            select designation, min(rank) as rank,
                list(distinct catalogue order by catalogue) as catalogues
            from named group by all
        ),
        stars as (
            select designation, list(distinct survey order by survey) as surveys,
                any_value(ra order by survey) as ra, any_value("dec" order by survey) as "dec"
            from intermediate.int_stars group by all
        ),
        lines as (
            select designation, arg_max(ew_halpha, snr_r) as ew_halpha
            from intermediate.int_be_star_tests group by all
        ),
        speeds as (
            select designation, any_value(v_tp order by survey) as v_tp
            from marts.be_kinematics group by all
        ),
        distances as (
            select designation, any_value(distance order by obsid) as distance
            from marts.ob_distances where uniqflag = 1 group by all
        )
        select listed.designation, stars.surveys, stars.ra, stars."dec", listed.catalogues,
            types.spectral_type, photometry.k::double as k, lines.ew_halpha::double as ew_halpha,
            speeds.v_tp::double as v_tp,
            coalesce(
                distances.distance, case when kinematics.parallax > 0 then kinematics.distance end
            )::double as distance
        from listed
        inner join stars using (designation)
        left join intermediate.int_star_spectral_type as types using (designation)
        left join intermediate.int_star_photometry as photometry using (designation)
        left join intermediate.int_star_kinematics as kinematics using (designation)
        left join lines using (designation)
        left join speeds using (designation)
        left join distances using (designation)
        order by listed.rank, listed.designation
        """


def read_stars(connection: duckdb.DuckDBPyConnection, listed: pa.Table) -> Iterator[Star]:
    """Yield stars with all that their pages hold, in the order given.

    Parameters
    ----------
    connection
        To a built warehouse.
    listed
        Some rows of :func:`catalogue_stars`; what is read of all of them is held at once.
    """
    there = built(connection)
    names = listed["designation"].to_pylist()
    rows = {
        name: _grouped(connection, _query(relation, columns, order), names)
        for name, relation, columns, order in _ROWS
        if relation in there
    }
    rows["visits"] = _grouped(connection, _VISITS, names)
    rows["truth"] = _grouped(connection, _query("truth.stars", _TRUTH, "designation"), names)
    spectra = _spectra(connection, names)
    for row in listed.to_pylist():
        name = row["designation"]
        own = spectra.get(name, [])
        yield Star(
            name,
            (float(row["ra"]), float(row["dec"])),
            list(row["surveys"]),
            list(row["catalogues"]),
            row["spectral_type"],
            {title: found[name] for title, found in rows.items() if name in found},
            own,
            own[0]["n_all"] if own else 0,
        )


def _query(relation: str, columns: str, order: str) -> str:
    wanted = columns if columns == "*" else f"designation, {columns}"
    return (
        f"select {wanted} from {relation} where designation in (select unnest($names)) "
        f"order by designation, {order}"
    )


def _grouped(
    connection: duckdb.DuckDBPyConnection, query: str, names: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return rows of a query by designation."""
    answer = connection.execute(query, {"names": names})
    titles = [one[0] for one in answer.description or []]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for values in answer.fetchall():
        row = dict(zip(titles, values, strict=True))
        found[row["designation"]].append(row)
    return found


def _spectra(
    connection: duckdb.DuckDBPyConnection, names: list[str]
) -> dict[str, list[dict[str, Any]]]:
    table = connection.execute(_SPECTRA, {"names": names, "most": SPECTRA}).to_arrow_table()
    flux = matrix(table["halpha"], N_SAMPLES)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row, values in zip(table.drop_columns("halpha").to_pylist(), flux, strict=True):
        found[row["designation"]].append({**row, "halpha": values})
    return found
