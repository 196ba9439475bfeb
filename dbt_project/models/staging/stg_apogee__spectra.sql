with

source as (
    select * from {{ source('raw', 'apogee_spectrum') }}
),

renamed as (
    select
        -- ids
        apogee_id,
        survey,
        release,
        telescope,
        field,
        -- arrays
        flux::float[8575] as flux,
        error::float[8575] as error,
        mask
    from source
)

select * from renamed
