with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

kinematics as (
    select * from {{ ref('int_star_kinematics') }}
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
        kinematics.ruwe,
        kinematics.l,
        kinematics.b,
        kinematics.v_tp,
        kinematics.v_tp_error,
        kinematics.z,
        kinematics.z_error,
        tests.v_tp_limit,
        tests.is_new_be,
        tests.is_runaway
    from tests
    inner join kinematics using (designation)
    where tests.is_classical_be and tests.passes_ruwe
)

select * from be_stars
