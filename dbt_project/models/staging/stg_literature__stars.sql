with

source as (
    select * from {{ source('raw', 'literature_star') }}
),

renamed as (
    select
        -- ids
        reference,
        name,
        object_type,
        -- position
        ra,
        dec,
        -- remarks
        spectral_type,
        simulated
    from source
)

select * from renamed
