{#- What the measurements depend on: another one measures every spectrum again. -#}
{%- set version = local_md5(
    [var('rectification_version'), var('nebular_version')] | string
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

{%- for arm in ['b', 'r'] %}

arm_{{ arm }} as (
    {%- for survey in ['mrs', 'lrs'] %}
    {% if not loop.first %}union all{% endif %}
    select
        obsid,
        exposure,
        nebular_lines_{{ survey }}_{{ arm }}(flux, noise) as widths
    from {{ ref('int_rectified_' ~ survey ~ '_' ~ arm) }}
    semi join next_keys using (obsid, exposure)
    {%- endfor %}
){{ ',' if not loop.last }}
{%- endfor %}

select
    obsid,
    exposure,
    arm_b.widths.ew_oiii_4960,
    arm_b.widths.ew_oiii_4960_error,
    arm_b.widths.ew_oiii_5008,
    arm_b.widths.ew_oiii_5008_error,
    arm_r.widths.ew_nii_6550,
    arm_r.widths.ew_nii_6550_error,
    arm_r.widths.ew_nii_6585,
    arm_r.widths.ew_nii_6585_error,
    arm_r.widths.ew_hei_6680,
    arm_r.widths.ew_hei_6680_error,
    arm_r.widths.ew_sii_6718,
    arm_r.widths.ew_sii_6718_error,
    arm_r.widths.ew_sii_6733,
    arm_r.widths.ew_sii_6733_error,
    '{{ version }}' as version
from arm_r
full join arm_b using (obsid, exposure)
