with

kinematics as (
    select * from {{ ref('be_kinematics') }}
),

runaways as (
    select
        designation,
        survey,
        ra,
        "dec",
        pmra,
        pmra_error,
        pmdec,
        pmdec_error,
        parallax,
        parallax_error,
        v_tp,
        v_tp_error,
        runaway_probability,
        z,
        z_error
    from kinematics
    where is_runaway
)

select * from runaways
