{#- What the network says of a spectrum that passes the cuts (Wang+2022, section 4). A spectrum is
    scored once by each version of the model: another version, or spectra rectified anew, are
    scored again, and a new night costs only its own spectra. -#}
{%- set model = var('be_classifier') %}
{%- set version = model ~ ' ' ~ var('rectification_version') %}

{{
    config(
        materialized='resumable',
        key=['obsid', 'exposure'],
        version=version,
        registered_model=model
    )
}}

with

keys as (
    select
        obsid,
        exposure
    from {{ ref('int_be_spectrum_cuts') }}
    where passes_cuts
),

next_keys as (
    {{ pending(['obsid', 'exposure'], 'keys') }}
),

scored as (
    {%- for grid in ['mrs_r', 'lrs_r'] %}
    {% if not loop.first %}union all{% endif %}
    select
        obsid,
        exposure,
        be_probability(halpha, '{{ model }}') as score
    from {{ ref('int_rectified_' ~ grid) }}
    semi join next_keys using (obsid, exposure)
    {%- endfor %}
)

select
    obsid,
    exposure,
    scored.score.probability as be_probability,
    scored.score.distance as domain_distance,
    scored.score.is_out_of_domain,
    scored.score.model_name || ' ' || scored.score.model_version as be_model,
    '{{ version }} {{ registered_version(model) }}' as version
from next_keys
left join scored using (obsid, exposure)
