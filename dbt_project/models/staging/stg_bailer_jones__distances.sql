with

source as (
    select * from {{ source('raw', 'distance') }}
),

renamed as (
    select
        -- ids
        source_id,
        release,
        -- distances
        {{ finite('distance') }} as distance,
        {{ finite('distance_low') }} as distance_low,
        {{ finite('distance_high') }} as distance_high
    from source
)

select * from renamed
