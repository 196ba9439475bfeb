with

source as (
    select * from {{ source('raw', 'lamost_spectrum') }}
),

renamed as (
    select
        -- ids
        obsid,
        arm,
        exposure,
        survey,
        lower(right(survey, 3)) as resolution,
        -- grid
        log_wavelength_start,
        log_wavelength_step,
        wavelength,
        -- arrays
        flux,
        ivar,
        or_mask
    from source
)

select * from renamed
