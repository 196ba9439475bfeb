{#- Labels of near-infrared spectra (Sprague+2022, sections 3.2 and 4). A star is asked once by each
    version of the network; one of which another spectrum has become the best is asked anew. -#}
{%- set model = var('apogee_model') %}
{%- set version = model ~ ' ' ~ var('apogee_version') %}

{{
    config(
        materialized='resumable',
        key=['apogee_id', 'release', 'telescope', 'field'],
        version=version,
        registered_model=model
    )
}}

with

stars as (
    select * from {{ ref('int_apogee_stars') }}
),

keys as (
    select
        apogee_id,
        release,
        telescope,
        field
    from stars
),

next_keys as (
    {{
        pending(
            ['apogee_id', 'release', 'telescope', 'field'],
            'keys',
            var('apogee_chunk_spectra')
        )
    }}
),

spectra as (
    select
        apogee_id,
        release,
        telescope,
        field,
        survey,
        flux,
        error
    from {{ ref('stg_apogee__spectra') }}
    semi join next_keys using (apogee_id, release, telescope, field)
),

asked as materialized (
    select
        apogee_id,
        apogee_labels(
            spectra.flux,
            spectra.error,
            [
                stars.parallax, stars.g, stars.bp, stars.rp, stars.j, stars.h, stars.k
            ]::float[7],
            apogee_id,
            '{{ model }}'
        ) as found
    from next_keys
    inner join stars using (apogee_id, release, telescope, field)
    inner join spectra using (apogee_id, release, telescope, field, survey)
)

select
    next_keys.apogee_id,
    next_keys.release,
    next_keys.telescope,
    next_keys.field,
    asked.found.log_teff,
    asked.found.log_teff_error,
    asked.found.logg,
    asked.found.logg_error,
    asked.found.fe_h,
    asked.found.fe_h_error,
    asked.found.domain_distance,
    asked.found.is_out_of_domain,
    asked.found.model_name || ' ' || asked.found.model_version as apogee_model,
    '{{ version }} {{ registered_version(model) }}' as version
from next_keys
left join asked using (apogee_id)
