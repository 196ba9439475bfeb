with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

photometry as (
    select * from {{ ref('int_star_photometry') }}
),

gaia as (
    select
        designation,
        source_id
    from {{ ref('int_star_gaia') }}
),

morphology as (
    select
        obsid,
        exposure,
        has_nebular_lines
    from {{ ref('int_halpha_morphology') }}
),

new_stars as (
    select
        tests.designation,
        tests.survey,
        tests.ra,
        tests.dec,
        gaia.source_id,
        tests.name,
        tests.spectral_type,
        tests.spectral_type_reference,
        photometry.j,
        photometry.j_error,
        photometry.h,
        photometry.h_error,
        photometry.k,
        photometry.k_error,
        photometry.w1,
        photometry.w1_error,
        photometry.ebv,
        photometry.ebv_error,
        photometry.ebv_method,
        tests.hk_0::double as hk_0,
        photometry.hk_0_error::double as hk_0_error,
        tests.kw1_0::double as kw1_0,
        photometry.kw1_0_error::double as kw1_0_error,
        tests.be_colour_probability,
        tests.ew_halpha,
        tests.ew_halpha_error,
        morphology.has_nebular_lines,
        tests.obsid
    from tests
    left join photometry using (designation)
    left join gaia using (designation)
    left join morphology using (obsid, exposure)
    where tests.is_new_be
)

select * from new_stars
