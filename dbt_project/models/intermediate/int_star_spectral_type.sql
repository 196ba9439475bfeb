{#- The newest usable MK type of a star (Wang+2022, section 5.2). -#}

with

stars as (
    select
        designation,
        any_value(ra order by survey) as ra,
        any_value("dec" order by survey) as "dec"
    from {{ ref('int_stars') }}
    group by all
),

types as (
    select
        *,
        concat_ws(': ', reference, name, bibcode, spectral_type) as type_id,
        parse_spectral_type(spectral_type) as parsed
    from {{ ref('stg_literature__spectral_types') }}
),

usable_types as (
    select *
    from types
    where parsed.numeric_type_min is not null
),

matches as (
    {{
        crossmatch(
            left='stars',
            left_id='designation',
            right='usable_types',
            right_id='type_id',
            radius=var('spectral_type_radius'),
            mode='all'
        )
    }}
)

select
    matches.left_id as designation,
    types.spectral_type,
    types.reference as spectral_type_reference,
    types.bibcode as spectral_type_bibcode,
    types.year as spectral_type_year,
    types.parsed.numeric_type,
    types.parsed.numeric_type_min,
    types.parsed.numeric_type_max,
    types.parsed.luminosity_class,
    types.parsed.luminosity_class_min,
    matches.number_of_neighbours as n_spectral_types
from matches
inner join usable_types as types on matches.right_id = types.type_id
qualify row_number() over (
    partition by matches.left_id
    order by
        types.year desc nulls last,
        types.parsed.numeric_type is null,
        matches.angular_distance,
        types.type_id
) = 1
