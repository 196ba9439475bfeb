{{
    config(
        materialized='resumable',
        key=['obsid', 'exposure'],
        version=var('rectification_version')
    )
}}

with

keys as (
    select
        obsid,
        exposure
    from {{ ref('stg_lamost__spectra') }}
    where
        resolution = 'lrs'
        and arm = 'L'
        and (exposure = 0 or {{ var('include_single_exposures') }})
),

next_keys as (
    {{ pending(['obsid', 'exposure'], 'keys') }}
),

spectra as (
    select spectra.*
    from {{ ref('stg_lamost__spectra') }} as spectra
    semi join next_keys using (obsid, exposure)
    where spectra.arm = 'L'
),

rectified as (
    select
        obsid,
        exposure,
        rectify_lrs_r(
            flux, ivar, or_mask, log_wavelength_start, log_wavelength_step, wavelength
        ) as spectrum
    from spectra
)

select
    obsid,
    exposure,
    spectrum.flux,
    halpha_window_lrs_r(spectrum.flux) as halpha,
    spectrum.noise,
    spectrum.n_cosmic_rays,
    spectrum.bad_fraction,
    spectrum.status,
    '{{ var('rectification_version') }}' as version
from rectified
