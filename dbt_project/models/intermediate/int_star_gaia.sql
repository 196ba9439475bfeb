with

stars as (
    select * from {{ ref('int_star_positions') }}
),

sources as (
    select * from {{ ref('int_gaia_sources') }}
),

matches as (
    {{
        crossmatch(
            left='stars',
            left_id='designation',
            right='sources',
            right_id='source_id',
            radius=var('gaia_radius'),
            epoch=var('lamost_position_epoch'),
            right_epoch='ref_epoch',
            moving='right'
        )
    }}
)

select
    matches.left_id as designation,
    matches.angular_distance as gaia_distance,
    matches.number_of_neighbours as gaia_neighbours,
    sources.* exclude (ra, "dec"),
    sources.ra as gaia_ra,
    sources.dec as gaia_dec
from matches
inner join sources on matches.right_id = sources.source_id
