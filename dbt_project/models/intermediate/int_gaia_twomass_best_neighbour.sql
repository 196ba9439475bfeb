with

gaia as (
    select * from {{ ref('stg_gaia__sources') }}
    qualify row_number() over (
        partition by source_id
        order by replace(release, 'EDR3', 'DR3') desc, release asc
    ) = 1
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
