with

source as (
    select * from {{ source('raw', 'lamost_stellar_parameters') }}
),

renamed as (
    select
        -- ids
        obsid,
        -- labels
        {{ finite('teff') }} as teff,
        {{ finite('teff_error') }} as teff_error,
        {{ finite('logg') }} as logg,
        {{ finite('logg_error') }} as logg_error,
        {{ finite('m_h') }} as m_h,
        {{ finite('m_h_error') }} as m_h_error,
        {{ finite('rv') }} as rv,
        {{ finite('rv_error') }} as rv_error
    from source
)

select * from renamed
