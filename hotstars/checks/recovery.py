"""Lists of stars of a simulated survey against its truth: completeness and purity."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: Each list, and the stars that belong into it by the truth. Asked for are only stars that can be
#: found: one spectrum with enough S/N; for emission, one of these in which the emission that was
#: put in exceeds the noise. What the literature says of a star is no truth but an input, so a
#: known Be star is one that a list names, and a new one needs a published spectral type.
RECOVERY = """
with

tests as (
    select
        designation,
        bool_or(passes_snr) as is_observed,
        bool_or(is_candidate) as is_candidate,
        bool_or(is_known_be) as is_known_be,
        bool_or(is_new_be) as is_new_be,
        bool_or(is_herbig) as is_herbig,
        bool_or(is_oe) as is_oe,
        bool_or(is_runaway) as is_runaway
    from intermediate.int_be_star_tests
    where survey like 'SIM%'
    group by all
),

visible as (
    select
        designation,
        bool_or(profile <> 'none') as has_emission
    from truth.spectra
    where least(snr_b, snr_r) > 10
    group by all
),

listed as (
    select
        truth.designation,
        bool_or(list.object_type = 'CBe') as is_listed_be,
        bool_or(list.object_type <> 'CBe') as is_listed_otherwise
    from truth.stars as truth
    inner join raw.literature_star as list
        on abs(truth.dec - list.dec) < 3.0 / 3600
        and abs(truth.ra - list.ra) * cos(radians(truth.dec)) < 3.0 / 3600
    group by all
),

typed as (
    select distinct truth.designation
    from truth.stars as truth
    inner join raw.spectral_type as types
        on abs(truth.dec - types.dec) < 3.0 / 3600
        and abs(truth.ra - types.ra) * cos(radians(truth.dec)) < 3.0 / 3600
    where types.simulated
),

members as (
    select distinct designation from marts.be_cluster_members
),

joined as (
    select
        tests.*,
        truth.kind,
        truth.is_be,
        truth.is_runaway as runs_away,
        truth.cluster,
        coalesce(visible.has_emission, false) as has_emission,
        coalesce(listed.is_listed_be, false) as is_listed_be,
        coalesce(listed.is_listed_otherwise, false) as is_listed_otherwise,
        typed.designation is not null as is_typed,
        members.designation is not null as is_member
    from tests
    inner join truth.stars as truth using (designation)
    left join visible using (designation)
    left join listed using (designation)
    left join typed using (designation)
    left join members using (designation)
    where is_observed
),

lists as (
    select 1 as n, 'be_candidates' as list, is_candidate as found, has_emission as belongs
    from joined
    union all
    select 2, 'be_known', is_known_be, is_be and has_emission and is_listed_be
    from joined
    union all
    select
        3, 'be_new', is_new_be,
        is_be and has_emission and is_typed and not is_listed_be and not is_listed_otherwise
    from joined
    union all
    select 4, 'herbig_stars', is_herbig, kind = 'Herbig' and has_emission from joined
    union all
    select 5, 'oe_stars', is_oe, kind = 'Oe' and has_emission and is_typed from joined
    union all
    select
        6, 'be_cluster_members', is_member,
        is_be and cluster is not null and has_emission and (is_listed_be or is_typed)
    from joined
    union all
    select
        7, 'be_runaways', is_runaway,
        is_be and runs_away and has_emission and (is_listed_be or is_typed)
    from joined
)

select
    list,
    count(*) filter (where belongs) as n_true,
    count(*) filter (where found) as n_found,
    count(*) filter (where found and belongs) as n_right,
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
    count(distinct tests.designation) as n_stars,
    count(distinct tests.designation) filter (where tests.is_candidate) as n_candidates,
    count(distinct tests.designation) filter (where tests.is_new_be) as n_new,
    count(distinct tests.designation) filter (where tests.is_known_be) as n_known,
    count(distinct tests.designation) filter (where tests.is_runaway) as n_runaways
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


def print_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Print what is recovered, list by list, and how profiles were classified."""
    from hotstars.checks.morphology import print_morphology

    print_recovery(connection)
    print("H-alpha profiles: what was put in, and what was found")
    print_morphology(connection)
