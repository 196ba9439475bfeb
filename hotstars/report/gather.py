"""What the report says of stars: read in bulk, handed out star by star."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hotstars.rows import rows_of
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
    ("herbig_stars", "Herbig star"),
    ("oe_stars", "Oe star"),
    ("be_candidates", "Be candidate"),
    ("ob_distances", "OB star with distance"),
    ("slam_mrs_labels", "SLAM, medium resolution"),
    ("slam_lrs_labels", "SLAM, low resolution"),
)

#: Tables of a page: title, relation, columns, order.
TABLES = (
    ("Photometry", "intermediate.int_star_photometry",
     "j, j_error, h, h_error, k, k_error, w1, w1_error, w2, w2_error, ebv, ebv_error, ebv_method, "
     "q, hk_0, kw1_0", "designation"),
    ("Astrometry", "intermediate.int_star_kinematics",
     "source_id, gaia_release, parallax, parallax_error, pmra, pmra_error, pmdec, pmdec_error, "
     "ruwe, l, b, distance, v_tp, v_tp_error, z, z_error", "designation"),
    ("Spectral type", "intermediate.int_star_spectral_type",
     "spectral_type, spectral_type_reference, spectral_type_bibcode, spectral_type_year",
     "designation"),
    ("Literature", "intermediate.int_star_literature", "*", "designation"),
    ("Open cluster", "marts.be_cluster_members",
     "cluster, cluster_reference, probability, distance, distance_error, log_age, fe_h",
     "cluster"),
    ("SLAM, medium resolution", "marts.slam_mrs_labels",
     "obsid, teff, teff_error, logg, logg_error, m_h, m_h_error, vsini, vsini_error, flag, "
     "model_grid, slam_model", "obsid"),
    ("SLAM, low resolution", "marts.slam_lrs_labels",
     "obsid, teff, teff_error, logg, logg_error, m_h, m_h_error, vsini, vsini_error, flag, "
     "model_grid, slam_model", "obsid"),
    ("Distance of the OB star", "marts.ob_distances",
     "obsid, snr_g, m_ks, m_ks_error, distance, distance_16, distance_84, distance_from, ebv, "
     "ebv_error, binary_flag, emission_flag, m_ks_model", "uniqflag"),
)  # fmt: skip

#: Spectra that a page shows, the best ones.
SPECTRA = 6

_SPECTRA = """
with

windows as (
    select obsid, exposure, halpha, noise, 'MRS' as resolution
    from intermediate.int_rectified_mrs_r
    where halpha is not null and exposure = 0
    union all by name
    select obsid, exposure, halpha, noise, 'LRS' as resolution
    from intermediate.int_rectified_lrs_r
    where halpha is not null and exposure = 0
)

select
    observations.designation,
    windows.obsid,
    windows.resolution,
    observations.mjd,
    observations.snr_r,
    measured.ew_halpha,
    measured.ew_halpha_error,
    -- of absorption lines the profile measures the noise
    case when morphology.has_emission then profile.strongest_velocity end as strongest_velocity,
    case when morphology.has_peak_pair then profile.violet_velocity end as violet_velocity,
    case when morphology.has_peak_pair then profile.red_velocity end as red_velocity,
    case when morphology.has_peak_pair then profile.v_over_r end as v_over_r,
    morphology.halpha_class,
    windows.halpha
from windows
inner join staging.stg_lamost__observations as observations using (obsid)
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
    """What a page holds.

    Attributes
    ----------
    name
        Designation.
    place
        Right ascension and declination, deg.
    surveys, catalogues
        Which.
    tables
        Title and rows.
    spectra
        Measured quantities of each; ``halpha`` has the window's samples.
    decisions
        Rows of the ledger.
    """

    name: str
    place: tuple[float, float]
    surveys: list[str]
    catalogues: list[str]
    tables: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    spectra: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_simulated(self) -> bool:
        """Whether the star does not exist."""
        return any(survey.startswith("SIM") for survey in self.surveys)


def built(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the relations that are there, with their schemas."""
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
    ).fetchall()
    return {name for (name,) in rows}


def catalogue_stars(
    connection: duckdb.DuckDBPyConnection, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the stars of the catalogues, those of the first ones first.

    Returns
    -------
    list of dict
        ``designation``, ``surveys``, ``ra``, ``dec``, ``catalogues``, ``spectral_type``.
    """
    there = built(connection)
    parts = [
        f"select designation, {number} as rank, '{title}' as catalogue from marts.{name}"
        for number, (name, title) in enumerate(CATALOGUES)
        if f"marts.{name}" in there
    ]
    if not parts:
        return []
    rows = connection.sql(
        f"""
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
        )
        select listed.designation, stars.surveys, stars.ra, stars."dec", listed.catalogues,
            types.spectral_type
        from listed
        inner join stars using (designation)
        left join intermediate.int_star_spectral_type as types using (designation)
        order by listed.rank, listed.designation
        {f"limit {int(most)}" if most is not None else ""}
        """
    )
    return rows_of(rows)


def read_stars(
    connection: duckdb.DuckDBPyConnection, listed: Sequence[Mapping[str, Any]], block: int = 500
) -> Iterator[Star]:
    """Yield stars with all that their pages hold, in the order given."""
    there = built(connection)
    for first in range(0, len(listed), block):
        part = listed[first : first + block]
        names = [row["designation"] for row in part]
        tables = [
            (title, _grouped(connection, relation, chosen, order, names))
            for title, relation, chosen, order in TABLES
            if relation in there
        ]
        decisions = _grouped(connection, "marts.be_decisions", "*", "survey, step", names)
        spectra = _spectra(connection, names)
        for row in part:
            name = row["designation"]
            yield Star(
                name,
                (float(row["ra"]), float(row["dec"])),
                list(row["surveys"]),
                list(row["catalogues"]),
                [(title, rows[name]) for title, rows in tables if rows.get(name)],
                spectra.get(name, []),
                decisions.get(name, []),
            )


def _grouped(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    chosen: str,
    order: str,
    names: list[str],
) -> dict[str, list[dict[str, Any]]]:
    """Return rows of a relation by designation."""
    wanted = chosen if chosen == "*" else f"designation, {chosen}"
    answer = connection.execute(
        f"select {wanted} from {relation} where designation in (select unnest($names)) "
        f"order by designation, {order}",
        {"names": names},
    )
    titles = [one[0] for one in answer.description or []]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for values in answer.fetchall():
        row = dict(zip(titles, values, strict=True))
        found[row["designation"]].append(
            {key: value for key, value in row.items() if key != "designation"}
            if chosen != "*" or relation != "marts.be_decisions"
            else row
        )
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
