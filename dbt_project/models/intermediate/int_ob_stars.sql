{#- All that absolute magnitudes and distances are made of, but for the spectra themselves. -#}

with

sample as (
    select * from {{ ref('int_ob_sample') }}
),

extinction as (
    select * from {{ ref('int_ob_extinction') }}
),

parallaxes as (
    select * from {{ ref('int_ob_parallax') }}
),

twomass as (
    select
        designation,
        k,
        k_error
    from {{ ref('int_star_twomass') }}
),

gaia as (
    select
        designation,
        phot_g_mean_mag
    from {{ ref('int_star_gaia') }}
)

select
    sample.obsid,
    sample.survey,
    sample.designation,
    sample.snr_b,
    sample.radial_velocity,
    sample.teff,
    sample.logg,
    sample.m_h,
    sample.teff_from,
    twomass.k as k_mag,
    twomass.k_error as k_mag_error,
    extinction.ebv,
    extinction.ebv_error,
    extinction.n_colours,
    extinction.a_ks,
    extinction.a_ks_error,
    parallaxes.source_id,
    parallaxes.parallax_observed,
    parallaxes.parallax_zero_point,
    parallaxes.zero_point_from,
    parallaxes.parallax,
    parallaxes.parallax_error,
    gaia.phot_g_mean_mag as gaia_g
from sample
left join extinction using (designation, survey)
left join parallaxes using (designation)
left join twomass using (designation)
left join gaia using (designation)
