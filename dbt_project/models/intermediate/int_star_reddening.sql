{#- E(B-V) of each star: from the dust map at its distance (Wang+2022, section 5.3) or, where no
    map was asked, from its colour against the intrinsic one of its spectral type. The excess is
    that of G-J: Gaia's own bands have no published intrinsic colour of B stars, and a disc
    shines less in J than in H and Ks. A_G/A_V falls with A_V, so that A_V solves a quadratic. -#}
{%- set law = var('extinction_g') %}
{%- set slope = '(' ~ law.constant ~ ' - ' ~ var('extinction_ratio').j ~ ')' %}
{%- set bend = '(' ~ law.by_a_v ~ ')' %}

with

stars as (
    select designation from {{ ref('int_star_positions') }}
),

maps as (
    select * from {{ ref('stg_dust__reddening') }}
    where ebv is not null
    qualify row_number() over (partition by designation order by dust_map) = 1
),

gaia as (
    select * from {{ ref('int_star_gaia') }}
),

twomass as (
    select * from {{ ref('int_star_twomass') }}
),

spectral_types as (
    select * from {{ ref('int_star_spectral_type') }}
),

intrinsic as (
    select
        colours[1] as numeric_type,
        colours[2] + colours[3] - colours[4] - colours[5] as g_j
    from (select unnest({{ var('intrinsic_colours') }}) as colours)
),

-- each type and the next one, between which a straight line is drawn
sequence as (
    select
        *,
        lead(numeric_type) over (order by numeric_type) as next_type,
        (lead(g_j) over (order by numeric_type) - g_j) / (next_type - numeric_type) as gradient
    from intrinsic
),

excesses as (
    select
        designation,
        g_j + gradient * (spectral_types.numeric_type - sequence.numeric_type) as g_j_0,
        phot_g_mean_mag - j - g_j_0 as excess,
        sqrt(pow(coalesce(j_error, 0), 2) + pow({{ var('intrinsic_colour_error') }}, 2))
            as excess_error
    from spectral_types
    inner join gaia using (designation)
    inner join twomass using (designation)
    inner join sequence
        on
            spectral_types.numeric_type >= sequence.numeric_type
            and spectral_types.numeric_type < sequence.next_type
),

by_colour as (
    select
        designation,
        pow({{ slope }}, 2) + 4 * {{ bend }} * greatest(excess, 0) as discriminant,
        -- no dust makes a star redder than where the law turns back: no root, no answer
        sqrt(nullif(greatest(discriminant, 0), 0)) as root,
        (root - {{ slope }}) / (2 * {{ bend }} * {{ var('r_v') }}) as ebv,
        excess_error / root / {{ var('r_v') }} as ebv_error
    from excesses
)

select
    stars.designation,
    maps.dust_map,
    coalesce(maps.ebv, by_colour.ebv) as ebv,
    case when maps.ebv is null then by_colour.ebv_error else maps.ebv_error end as ebv_error,
    case
        when maps.ebv is not null then maps.dust_map
        when by_colour.ebv is not null then 'colour excess (G-J)'
    end as ebv_method
from stars
left join maps using (designation)
left join by_colour using (designation)
