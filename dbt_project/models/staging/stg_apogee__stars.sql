with

source as (
    select * from {{ source('raw', 'apogee_star') }}
),

renamed as (
    select
        -- ids
        apogee_id,
        survey,
        release,
        telescope,
        field,
        -- the number in r6, r12, dr17 grows with time, which the names themselves do not
        try_cast(regexp_extract(release, '^d?r(\d+)', 1) as integer) as release_number,
        -- position
        ra,
        dec,
        -- observation
        n_visits,
        {{ finite('snr') }} as snr,
        {{ finite('rv') }} as rv,
        {{ finite('rv_error') }} as rv_error,
        {{ finite('rv_scatter') }} as rv_scatter,
        -- photometry
        {{ finite('j') }} as j,
        {{ finite('h') }} as h,
        {{ finite('k') }} as k,
        -- flags
        targeting_1,
        targeting_2,
        targeting_3,
        targeting_4,
        targeting_survey,
        starflag,
        -- provenance
        file_name,
        run_id
    from source
)

select * from renamed
