with

source as (
    select * from {{ source('raw', 'training_spectrum') }}
),

renamed as (
    select
        -- ids
        obsid,
        exposure,
        model_name,
        model_version,
        -- what was taught
        label,
        origin,
        split
    from source
)

select * from renamed
