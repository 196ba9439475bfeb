{#- The body of int_rectified_<grid>: the spectra of an arm, on the grid of that name, over their
    continuum, a chunk of those that are still to do. -#}
{% macro rectified(grid) %}
{%- set resolution, side = grid.split('_') -%}
{%- set arm = 'L' if resolution == 'lrs' else side.upper() -%}
with

keys as (
    select
        obsid,
        exposure
    from {{ ref('stg_lamost__spectra') }}
    where
        resolution = '{{ resolution }}'
        and arm = '{{ arm }}'
        and (exposure = 0 or {{ var('include_single_exposures') }})
),

next_keys as (
    {{ pending(['obsid', 'exposure'], 'keys') }}
),

spectra as (
    select spectra.*
    from {{ ref('stg_lamost__spectra') }} as spectra
    semi join next_keys using (obsid, exposure)
    where spectra.arm = '{{ arm }}'
),

rectified as (
    select
        obsid,
        exposure,
        rectify_{{ grid }}(
            flux, ivar, or_mask, log_wavelength_start, log_wavelength_step, wavelength
        ) as spectrum
    from spectra
)

select
    obsid,
    exposure,
    spectrum.flux,
    {%- if side == 'r' %}
    halpha_window_{{ grid }}(spectrum.flux) as halpha,
    {%- endif %}
    spectrum.noise,
    spectrum.n_cosmic_rays,
    spectrum.bad_fraction,
    spectrum.status,
    '{{ var('rectification_version') }}' as version
from rectified
{% endmacro %}
