with

gaia as (
    select * from {{ ref('int_gaia_sources') }}
),

sources as (
    select * from {{ ref('stg_twomass__sources') }}
)

{{
    best_neighbour(
        left='gaia',
        left_id='source_id',
        right='sources',
        right_id='twomass_designation',
        radius=var('twomass_radius'),
        epoch='ref_epoch',
        right_epoch='coalesce(' ~ julian_year('jd') ~ ', ' ~ var('twomass_epoch') ~ ')'
    )
}}
