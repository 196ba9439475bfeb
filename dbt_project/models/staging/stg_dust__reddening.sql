with

source as (
    select * from {{ source('raw', 'reddening') }}
),

renamed as (
    select
        -- ids
        designation,
        dust_map,
        -- reddening
        {{ finite('ebv') }} as ebv,
        {{ finite('ebv_error') }} as ebv_error
    from source
)

select * from renamed
