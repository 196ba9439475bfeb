with

source as (
    select * from {{ source('raw', 'apogee_allstar') }}
),

renamed as (
    select
        -- ids
        apogee_id,
        release,
        telescope,
        field,
        simulated as is_simulated,
        file_name,
        -- position
        ra,
        dec,
        -- observation
        {{ finite('snr') }} as snr,
        case when abs(rv) < 5000 then rv end as rv, -- 999999 stands for none in DR16 and before
        -- photometry and astrometry
        case when gaia_source_id > 0 then gaia_source_id end as gaia_source_id, -- 0 stands for none
        {{ finite('parallax') }} as parallax,
        {{ finite('parallax_error') }} as parallax_error,
        {{ finite('g') }} as g,
        {{ finite('bp') }} as bp,
        {{ finite('rp') }} as rp,
        {{ finite('j') }} as j,
        {{ finite('h') }} as h,
        {{ finite('k') }} as k,
        -- labels of the survey's pipeline
        {{ finite('teff') }} as teff,
        {{ finite('logg') }} as logg,
        {{ finite('fe_h') }} as fe_h,
        starflag,
        aspcapflag
    from source
)

select * from renamed
