with

gaia as (
    select * from {{ ref('int_gaia_sources') }}
),

sources as (
    select * from {{ ref('stg_allwise__sources') }}
)

{{
    neighbourhood(
        left='gaia',
        left_id='source_id',
        right='sources',
        right_id='allwise_designation',
        radius=var('allwise_radius'),
        epoch='ref_epoch',
        right_epoch=var('allwise_epoch')
    )
}}
