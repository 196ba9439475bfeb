{#- The newest usable MK type of a star (Wang+2022, section 5.2). -#}

with

stars as (
    select * from {{ ref('int_star_positions') }}
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
            left_id='designation',
            right='types',
            right_id='type_id',
            radius=var('spectral_type_radius'),
            mode='all'
        )
    }}
),

-- only what lies at a star of ours is read, and each text once
matched_types as materialized (
    select
        matches.left_id as designation,
        matches.angular_distance,
        types.type_id,
        types.name,
        types.spectral_type,
        types.reference,
        types.bibcode,
        types.year,
        parse_spectral_type(types.spectral_type) as parsed
    from matches
    inner join types on matches.right_id = types.type_id
)

select
    designation,
    name,
    spectral_type,
    reference as spectral_type_reference,
    bibcode as spectral_type_bibcode,
    year as spectral_type_year,
    parsed.numeric_type,
    parsed.numeric_type_min,
    parsed.numeric_type_max,
    parsed.luminosity_class,
    parsed.luminosity_class_min,
    count(*) over star as n_spectral_types
from matched_types
where parsed.numeric_type_min is not null
window star as (partition by designation)
qualify row_number() over (
    partition by designation
    order by year desc nulls last, parsed.numeric_type is null, angular_distance, type_id
) = 1
