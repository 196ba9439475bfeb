with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

memberships as (
    select * from {{ ref('int_star_cluster') }}
),

clusters as (
    select * from {{ ref('stg_clusters__clusters') }}
),

parameters as (
    select * from clusters
    where reference = '{{ var('cluster_parameters') }}'
),

abundances as (
    select * from clusters
    where reference = '{{ var('cluster_abundances') }}'
),

members as (
    select
        tests.designation,
        tests.survey,
        tests.ra,
        tests.dec,
        memberships.cluster,
        memberships.cluster_reference,
        memberships.probability,
        memberships.motion_distance,
        memberships.parallax_distance,
        parameters.v_r,
        parameters.v_r_error,
        parameters.distance,
        parameters.distance_error,
        parameters.log_age,
        parameters.log_age_error,
        parameters.fe_h,
        parameters.fe_h_error,
        parameters.a_v,
        parameters.a_v_error,
        abundances.fe_h as fe_h_spectroscopic,
        abundances.fe_h_error as fe_h_spectroscopic_error,
        tests.is_new_be
    from tests
    inner join memberships using (designation)
    left join parameters
        on {{ cluster_key('memberships.cluster') }} = parameters.cluster_key
    left join abundances
        on {{ cluster_key('memberships.cluster') }} = abundances.cluster_key
    where tests.is_classical_be and tests.passes_ruwe and memberships.is_member
)

select * from members
