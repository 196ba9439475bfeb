with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

photometry as (
    select * from {{ ref('int_star_photometry') }}
),

new_stars as (
    select
        tests.designation,
        tests.survey,
        tests.ra,
        tests.dec,
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
        photometry.ebv_method,
        tests.hk_0::double as hk_0,
        tests.kw1_0::double as kw1_0,
        tests.be_colour_probability,
        tests.ew_halpha,
        tests.ew_halpha_error,
        tests.obsid
    from tests
    left join photometry using (designation)
    where tests.is_new_be
)

select * from new_stars
