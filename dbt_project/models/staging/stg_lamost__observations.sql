with

source as (
    select * from {{ source('raw', 'lamost_observation') }}
),

renamed as (
    select
        -- ids
        obsid,
        survey,
        lower(right(survey, 3)) as resolution,
        coalesce(designation, 'obsid ' || obsid) as designation,
        -- position
        ra,
        dec,
        -- observation
        mjd,
        lmjd,
        plan_id,
        spectrograph,
        fibre,
        release,
        {{ finite('snr_b') }} as snr_b,
        {{ finite('snr_r') }} as snr_r,
        class,
        subclass,
        redshift,
        -- provenance
        file_name,
        sha256,
        run_id
    from source
)

select * from renamed
