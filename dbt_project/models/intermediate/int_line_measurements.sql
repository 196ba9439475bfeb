{%- set halpha = var('halpha_band') %}
{%- set mgb = var('mgb_band') %}
{%- set band = var('peak_band') %}
{#- What the measurements depend on: another band or window measures every spectrum again. -#}
{%- set version = local_md5(
    [
        halpha, mgb, band, var('rectification_version'),
        var('bartlett_edges_mrs'), var('bartlett_widths_mrs'),
        var('bartlett_edges_lrs'), var('bartlett_widths_lrs'),
    ] | string
) %}

{{
    config(
        materialized='resumable',
        key=['obsid', 'exposure'],
        version=version
    )
}}

with

keys as (
    {%- for grid in ['mrs_b', 'mrs_r', 'lrs_b', 'lrs_r'] %}
    {% if not loop.first %}union{% endif %}
    select
        obsid,
        exposure
    from {{ ref('int_rectified_' ~ grid) }}
    {%- endfor %}
),

next_keys as (
    {{ pending(['obsid', 'exposure'], 'keys') }}
),

observations as (
    select * from {{ ref('stg_lamost__observations') }}
),

blue as (
    {%- for grid in ['mrs_b', 'lrs_b'] %}
    {% if not loop.first %}union all{% endif %}
    select
        obsid,
        exposure,
        status,
        equivalent_width_{{ grid }}(flux, noise, {{ mgb[0] }}, {{ mgb[1] }}) as mgb
    from {{ ref('int_rectified_' ~ grid) }}
    semi join next_keys using (obsid, exposure)
    {%- endfor %}
),

red as (
    {%- for grid in ['mrs_r', 'lrs_r'] %}
    {% if not loop.first %}union all{% endif %}
    select
        rectified.obsid,
        rectified.exposure,
        rectified.status,
        rectified.noise,
        rectified.bad_fraction,
        equivalent_width_{{ grid }}(
            rectified.flux, rectified.noise, {{ halpha[0] }}, {{ halpha[1] }}
        ) as halpha,
        find_peaks_{{ grid }}(
            rectified.flux,
            rectified.noise,
            observations.snr_r,
            {{ var('bartlett_edges_' ~ grid[:3]) }},
            {{ var('bartlett_widths_' ~ grid[:3]) }},
            {{ band[0] }},
            {{ band[1] }}
        ) as peaks
    from {{ ref('int_rectified_' ~ grid) }} as rectified
    semi join next_keys using (obsid, exposure)
    inner join observations using (obsid)
    {%- endfor %}
)

select
    obsid,
    exposure,
    coalesce(blue.status, 'no spectrum') as status_b,
    coalesce(red.status, 'no spectrum') as status_r,
    red.noise as noise_r,
    red.bad_fraction as bad_fraction_r,
    red.halpha.equivalent_width as ew_halpha,
    red.halpha.equivalent_width_error as ew_halpha_error,
    blue.mgb.equivalent_width as ew_mgb,
    blue.mgb.equivalent_width_error as ew_mgb_error,
    red.peaks.n_peaks,
    red.peaks.n_valleys,
    red.peaks.strongest_peak_wavelength,
    red.peaks.strongest_peak_height,
    red.peaks.strongest_peak_significance,
    red.peaks.strongest_peak_flux,
    red.peaks.strongest_peak_width,
    red.peaks.maximum_flux,
    '{{ version }}' as version
from red
full join blue using (obsid, exposure)
