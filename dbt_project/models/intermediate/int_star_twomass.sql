with

stars as (
    select
        stars.*,
        gaia.pmra,
        gaia.pmdec
    from {{ ref('int_star_positions') }} as stars
    left join {{ ref('int_star_gaia') }} as gaia using (designation)
),

sources as (
    select * from {{ ref('stg_twomass__sources') }}
),

matches as (
    {{
        crossmatch(
            left='stars',
            left_id='designation',
            right='sources',
            right_id='twomass_designation',
            radius=var('twomass_radius'),
            epoch=var('lamost_position_epoch'),
            right_epoch='coalesce(' ~ julian_year('jd') ~ ', ' ~ var('twomass_epoch') ~ ')'
        )
    }}
)

select
    matches.left_id as designation,
    matches.angular_distance as twomass_distance,
    matches.number_of_neighbours as twomass_neighbours,
    sources.* exclude (ra, "dec")
from matches
inner join sources on matches.right_id = sources.twomass_designation
