"""The catalogues of a simulated survey against its truth: completeness and purity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import duckdb

#: Each list: its stars, and the stars that should be in it. Only stars that a spectrum of
#: sufficient S/N exists of can be found, so only they are asked for.
RECOVERY = """
with

tests as (
    select
        designation,
        bool_or(passes_snr) as is_observed,
        bool_or(is_candidate) as is_candidate,
        bool_or(is_classical_be) as is_classical_be,
        bool_or(is_runaway) as is_runaway
    from intermediate.int_be_star_tests
    where survey like 'SIM%'
    group by all
),

joined as (
    select
        tests.*,
        truth.kind,
        truth.emission_ew > 0 or truth.nebular > 0 or truth.p_cygni as has_emission,
        truth.is_be,
        truth.is_be and truth.is_runaway as is_be_runaway
    from tests
    inner join truth.stars as truth using (designation)
    where is_observed
),

lists as (
    select 1 as n, 'be_candidates: emission' as list, is_candidate as found, has_emission as true_
    from joined
    union all
    select 2, 'be_known + be_new: Be and Oe stars', is_classical_be, is_be from joined
    union all
    select 3, 'be_runaways: runaway Be stars', is_runaway, is_be_runaway from joined
)

select
    list,
    count(*) filter (where true_) as n_true,
    count(*) filter (where found) as n_found,
    count(*) filter (where found and true_) as n_right,
    round(n_right / nullif(n_true, 0), 3) as completeness,
    round(n_right / nullif(n_found, 0), 3) as purity
from lists
group by n, list
order by n
"""

#: What the stars are that stand in a catalogue and should not, or the other way round.
CONFUSION = """
select
    truth.kind,
    count(*) as n_stars,
    count(*) filter (where tests.is_candidate) as n_candidates,
    count(*) filter (where tests.is_new_be) as n_new,
    count(*) filter (where tests.is_known_be) as n_known,
    count(*) filter (where tests.is_runaway) as n_runaways
from intermediate.int_be_star_tests as tests
inner join truth.stars as truth using (designation)
where tests.passes_snr
group by all
order by all
"""


def print_recovery(connection: duckdb.DuckDBPyConnection) -> None:
    """Print completeness and purity of each list, and what each kind of star became.

    Parameters
    ----------
    connection
        Warehouse with a simulated survey, built.
    """
    connection.sql(RECOVERY).show(max_width=160)
    connection.sql(CONFUSION).show(max_width=160, max_rows=40)


def check() -> None:
    """Compare the catalogues of the simulated survey with what was put in.

    Example: hotstars check
    """
    import duckdb

    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    database = current_home().database
    with connect(database, read_only=True) as connection:
        try:
            print_recovery(connection)
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"{database}: no catalogues of a simulated survey here; run `hotstars demo`"
            ) from error
    typer.echo("Truth is schema truth; no catalogue reads it.")
