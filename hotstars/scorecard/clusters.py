"""Table 8 of Wang et al. (2022): open clusters, by the catalogues that the paper took them from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hotstars.scorecard.printed_stars import position
from hotstars.scorecard.scores import Score, decimals, published_rows

if TYPE_CHECKING:
    import duckdb

#: Within which a printed star is a star of the list, arcsec: positions are of 2000 and 2015.5.
_RADIUS = 1.0

_MEMBERS = "`hotstars ingest members_cantat2018 --archive`"
_CLUSTERS = "`hotstars ingest clusters_dias2021 --archive`"

_NOTE = (
    "The list that the paper names. Of the 11 printed stars four are not in it and four have 0.2 "
    "to 0.6: the paper must have taken others besides; `hotstars ingest members FILE` loads yours"
)

_PARAMETERS = (
    ("v_r", "v_r_kms", "radial velocity (km/s)"),
    ("distance", "distance_pc", "distance (pc)"),
    ("log_age", "log_age_yr", "log age (yr)"),
    ("fe_h", "fe_h", "[Fe/H] (dex)"),
    ("a_v", "a_v_mag", "A_V (mag)"),
)

_MEMBER = """
select max(probability)
from staging.stg_clusters__members
where reference = 'Cantat-Gaudin+2018' and cluster_key = $cluster
    and "dec" between $dec - $radius and $dec + $radius
    and degrees(2 * asin(sqrt(
        pow(sin(radians("dec" - $dec) / 2), 2)
        + cos(radians("dec")) * cos(radians($dec)) * pow(sin(radians(ra - $ra) / 2), 2)
    ))) <= $radius
"""


def cluster_scores(
    connection: duckdb.DuckDBPyConnection | None, probability_min: float
) -> list[Score]:
    """Compare printed members and parameters of clusters with the catalogues behind them.

    Parameters
    ----------
    connection
        To a warehouse; None, or one without these catalogues, leaves the lines open.
    probability_min
        Of a member (the project's var ``cluster_probability_min``).
    """
    return [*_members(connection, probability_min), *_parameters(connection)]


def _members(
    connection: duckdb.DuckDBPyConnection | None, probability_min: float
) -> Iterator[Score]:
    there = _has(connection, "staging.stg_clusters__members", "Cantat-Gaudin+2018")
    for row in published_rows("wang2022_table8_cluster_members"):
        found = None
        if connection is not None and there:
            ra, dec = position(row["designation"])
            keys = {"cluster": _key(row["cluster"]), "ra": ra, "dec": dec, "radius": _RADIUS / 3600}
            (probability,) = connection.execute(_MEMBER, keys).fetchall()[0]
            # the list's REAL 0.6 is a little more than 0.6
            found = probability is not None and round(probability, 6) > probability_min
        yield Score(
            "wang2022", "Table 8",
            f"{row['designation']} is in {row['cluster']} by more than {100 * probability_min:g} %",
            True, found, 0.0, "this warehouse" if there else _MEMBERS, _NOTE,
        )  # fmt: skip


def _parameters(connection: duckdb.DuckDBPyConnection | None) -> Iterator[Score]:
    there = _has(connection, "staging.stg_clusters__clusters", "Dias+2021")
    printed = {row["cluster"]: row for row in published_rows("wang2022_table8_cluster_members")}
    for cluster, row in printed.items():
        for column, name, title in _PARAMETERS:
            if not row[name]:
                continue
            found = None
            if connection is not None and there:
                rows = connection.execute(
                    f"select {column} from staging.stg_clusters__clusters "
                    f"where reference = 'Dias+2021' and cluster_key = ? and {column} is not null",
                    [_key(cluster)],
                ).fetchall()
                found = float(rows[0][0]) if rows else float("nan")
            digits = decimals(row[name])
            yield Score(
                "wang2022", "Table 8", f"{cluster}: {title}", float(row[name]), found,
                0.5 * 10.0**-digits, "this warehouse" if there else _CLUSTERS, digits=digits,
            )  # fmt: skip


def _has(connection: duckdb.DuckDBPyConnection | None, table: str, reference: str) -> bool:
    """Return whether a catalogue is loaded; the simulated ones do not count."""
    import duckdb

    if connection is None:
        return False
    query = f"select count(*) from {table} where reference = ? and cluster not like 'SIM%'"
    try:
        return bool(connection.execute(query, [reference]).fetchall()[0][0])
    except duckdb.CatalogException:
        return False


def _key(cluster: str) -> str:
    """Return a name as the macro ``cluster_key`` writes it."""
    key = cluster.lower().replace(" ", "").replace("_", "")
    return re.sub(r"^lp(?=\d)", "fof", key)
