with

source as (
    select * from {{ source('raw', 'spectral_type') }}
),

renamed as (
    select
        -- ids
        reference,
        name,
        bibcode,
        year,
        -- position
        ra,
        dec,
        -- type
        spectral_type,
        simulated
    from source
)

select * from renamed
