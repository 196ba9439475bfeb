{#- Labels of medium-resolution spectra (Guo+2021, sections 3.1 and 4). A spectrum is solved
    once by each version of the model; where it is later found to have emission, or not, it is
    solved anew. -#}
{%- set model = var('slam_mrs_model') %}
{%- set version = model ~ ' ' ~ var('slam_version') %}

{{
    config(
        materialized='resumable',
        key=['obsid', 'exposure', 'has_emission'],
        version=version,
        registered_model=model
    )
}}

with

keys as (
    select
        obsid,
        exposure,
        has_emission
    from {{ ref('int_slam_sample') }}
    where resolution = 'mrs'
),

next_keys as (
    {{ pending(['obsid', 'exposure', 'has_emission'], 'keys', var('slam_chunk_spectra')) }}
),

sample as (
    select * from {{ ref('int_slam_sample') }}
),

blue as (
    select
        obsid,
        exposure,
        flux,
        ivar,
        or_mask,
        log_wavelength_start,
        log_wavelength_step,
        wavelength
    from {{ ref('stg_lamost__spectra') }}
    semi join next_keys using (obsid, exposure)
    where arm = 'B'
),

red as (
    select
        obsid,
        exposure,
        flux,
        ivar,
        or_mask,
        log_wavelength_start,
        log_wavelength_step,
        wavelength
    from {{ ref('stg_lamost__spectra') }}
    semi join next_keys using (obsid, exposure)
    where arm = 'R'
),

at_rest as materialized (
    select
        obsid,
        exposure,
        slam_spectrum_mrs(
            blue.flux,
            blue.ivar,
            blue.or_mask,
            blue.log_wavelength_start,
            blue.log_wavelength_step,
            blue.wavelength,
            red.flux,
            red.ivar,
            red.or_mask,
            red.log_wavelength_start,
            red.log_wavelength_step,
            red.wavelength,
            sample.catalogue_rv,
            sample.has_emission = 1,
            '{{ model }}'
        ) as spectrum
    from next_keys
    inner join sample using (obsid, exposure, has_emission)
    inner join blue using (obsid, exposure)
    inner join red using (obsid, exposure)
),

solved as (
    select
        obsid,
        exposure,
        spectrum.radial_velocity,
        spectrum.radial_velocity_error,
        spectrum.velocity_from,
        spectrum.status,
        slam_labels_mrs(spectrum.flux, spectrum.ivar, '{{ model }}') as found
    from at_rest
)

select
    obsid,
    exposure,
    next_keys.has_emission,
    solved.radial_velocity,
    solved.radial_velocity_error,
    solved.velocity_from,
    coalesce(solved.status, 'no spectrum') as status,
    solved.found.teff,
    solved.found.teff_error,
    solved.found.logg,
    solved.found.logg_error,
    solved.found.m_h,
    solved.found.m_h_error,
    solved.found.vsini,
    solved.found.vsini_error,
    solved.found.chi2,
    solved.found.n_pixels,
    solved.found.flag,
    solved.found.is_converged,
    solved.found.grid as model_grid,
    solved.found.is_simulated as is_simulated_grid,
    solved.found.model_name || ' ' || solved.found.model_version as slam_model,
    '{{ version }} {{ registered_version(model) }}' as version
from next_keys
left join solved using (obsid, exposure)
