{#- What the measurements depend on: another one measures every spectrum again. -#}
{%- set version = local_md5(
    [var('rectification_version'), var('profile_version')] | string
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
    {%- for grid in ['mrs_r', 'lrs_r'] %}
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
    select
        obsid,
        snr_r
    from {{ ref('stg_lamost__observations') }}
),

measured as (
    {%- for grid in ['mrs_r', 'lrs_r'] %}
    {% if not loop.first %}union all{% endif %}
    select
        rectified.obsid,
        rectified.exposure,
        halpha_profile_{{ grid }}(
            rectified.flux, rectified.noise, observations.snr_r
        ) as profile
    from {{ ref('int_rectified_' ~ grid) }} as rectified
    semi join next_keys using (obsid, exposure)
    inner join observations using (obsid)
    {%- endfor %}
)

select
    obsid,
    exposure,
    profile.*,
    '{{ version }}' as version
from measured
