with

source as (
    select * from {{ source('raw', 'allwise_source') }}
),

renamed as (
    select
        -- ids
        designation as allwise_designation,
        -- position
        ra,
        dec,
        -- photometry
        {{ finite('w1') }} as w1,
        {{ finite('w1_error') }} as w1_error,
        {{ finite('w2') }} as w2,
        {{ finite('w2_error') }} as w2_error
    from source
)

select * from renamed
