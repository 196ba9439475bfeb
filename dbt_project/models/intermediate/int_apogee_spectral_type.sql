{#- The newest usable MK type of an APOGEE star (Sprague+2022, section 3.1). -#}

with

stars as (
    select
        apogee_id,
        ra,
        dec
    from {{ ref('int_apogee_stars') }}
    where ra is not null and dec is not null
),

types as (
    select
        *,
        concat_ws(': ', reference, name, bibcode, spectral_type) as type_id
    from {{ ref('stg_literature__spectral_types') }}
),

matches as (
    {{
        crossmatch(
            left='stars',
            left_id='apogee_id',
            right='types',
            right_id='type_id',
            radius=var('spectral_type_radius'),
            mode='all'
        )
    }}
),

matched_types as materialized (
    select
        matches.left_id as apogee_id,
        matches.angular_distance,
        types.type_id,
        types.spectral_type,
        types.reference,
        types.bibcode,
        types.year,
        parse_spectral_type(types.spectral_type) as parsed
    from matches
    inner join types on matches.right_id = types.type_id
)

select
    apogee_id,
    spectral_type,
    reference as spectral_type_reference,
    bibcode as spectral_type_bibcode,
    year as spectral_type_year,
    parsed.numeric_type,
    parsed.luminosity_class
from matched_types
where parsed.numeric_type is not null
qualify row_number() over (
    partition by apogee_id
    order by year desc nulls last, parsed.luminosity_class is null, angular_distance, type_id
) = 1
