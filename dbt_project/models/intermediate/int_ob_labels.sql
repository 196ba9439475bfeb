{#- What eigenspectra and networks say of a spectrum (Xiang+2021, sections 3 and 5): emission,
    faults, absolute magnitude. A spectrum is asked once by each version of the models. -#}
{%- set models = [
    var('ob_emission_model'), var('ob_m_ks_model'), var('ob_m_ks_emission_model')
] %}
{%- set version = models | join(' ') ~ ' ' ~ var('ob_version') %}

{{
    config(
        materialized='resumable',
        key=['obsid'],
        version=version,
        registered_model=models
    )
}}

with

keys as (
    select obsid from {{ ref('int_ob_sample') }}
),

next_keys as (
    {{ pending(['obsid'], 'keys', var('ob_chunk_spectra')) }}
),

sample as (
    select
        obsid,
        radial_velocity
    from {{ ref('int_ob_sample') }}
),

spectra as (
    select * from {{ ref('stg_lamost__spectra') }}
    semi join next_keys using (obsid)
    where arm = 'L' and exposure = 0
),

at_rest as materialized (
    select
        obsid,
        ob_spectrum(
            spectra.flux,
            spectra.ivar,
            spectra.or_mask,
            spectra.log_wavelength_start,
            spectra.log_wavelength_step,
            spectra.wavelength,
            sample.radial_velocity
        ) as spectrum
    from spectra
    inner join sample using (obsid)
),

judged as materialized (
    select
        obsid,
        spectrum,
        ob_emission(spectrum.flux, spectrum.ivar, '{{ models[0] }}') as found
    from at_rest
),

measured as materialized (
    select
        obsid,
        spectrum.snr,
        spectrum.bad_fraction,
        spectrum.status,
        found.halpha_excess,
        found.halpha_excess_error,
        found.chi2 as halpha_chi2,
        found.is_emission,
        found.is_faulty,
        found.model_name || ' ' || found.model_version as emission_model,
        -- stars with emission have a network of their own, which sees clean windows alone
        spectroscopic_m_ks(
            spectrum.flux,
            spectrum.ivar,
            case when found.is_emission then '{{ models[2] }}' else '{{ models[1] }}' end
        ) as magnitude
    from judged
)

select
    next_keys.obsid,
    coalesce(measured.status, 'no spectrum') as status,
    measured.snr,
    measured.bad_fraction,
    measured.halpha_excess,
    measured.halpha_excess_error,
    measured.halpha_chi2,
    measured.is_emission,
    measured.is_faulty,
    measured.emission_model,
    measured.magnitude.m_ks,
    measured.magnitude.model_error as m_ks_model_error,
    measured.magnitude.distance as domain_distance,
    measured.magnitude.chi2 as reconstruction_chi2,
    measured.magnitude.is_out_of_domain,
    measured.magnitude.model_name || ' ' || measured.magnitude.model_version as m_ks_model,
    '{{ version }} {{ registered_versions(models) }}' as version
from next_keys
left join measured using (obsid)
