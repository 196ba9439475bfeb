with

source as (
    select * from {{ source('raw', 'twomass_source') }}
),

renamed as (
    select
        -- ids
        designation as twomass_designation,
        -- position
        ra,
        dec,
        {{ finite('jd') }} as jd,
        -- photometry
        {{ finite('j') }} as j,
        {{ finite('j_error') }} as j_error,
        {{ finite('h') }} as h,
        {{ finite('h_error') }} as h_error,
        {{ finite('k') }} as k,
        {{ finite('k_error') }} as k_error,
        quality_flag
    from source
)

select * from renamed
