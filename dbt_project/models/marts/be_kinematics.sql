with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

kinematics as (
    select * from {{ ref('int_star_kinematics') }}
),

cmd as (
    select * from {{ ref('int_star_cmd') }}
),

be_stars as (
    select
        tests.designation,
        tests.survey,
        tests.ra,
        tests.dec,
        kinematics.source_id,
        kinematics.pmra,
        kinematics.pmra_error,
        kinematics.pmdec,
        kinematics.pmdec_error,
        kinematics.parallax,
        kinematics.parallax_error,
        kinematics.distance,
        kinematics.ruwe,
        kinematics.l,
        kinematics.b,
        kinematics.v_tp,
        kinematics.v_tp_error,
        kinematics.z,
        kinematics.z_error,
        cmd.phot_g_mean_mag,
        case when cmd.passes_flux_excess then cmd.bp_rp end as bp_rp,
        case when cmd.passes_flux_excess then cmd.m_g end as m_g,
        case when cmd.passes_flux_excess then cmd.m_g_error end as m_g_error,
        tests.v_tp_limit,
        tests.runaway_probability,
        tests.is_new_be,
        tests.is_runaway
    from tests
    inner join kinematics using (designation)
    left join cmd using (designation)
    where tests.is_classical_be and tests.passes_ruwe
)

select * from be_stars
