with

source as (
    select * from {{ source('raw', 'cluster') }}
),

renamed as (
    select
        -- ids
        reference,
        cluster,
        {{ cluster_key('cluster') }} as cluster_key,
        -- place and motion
        ra,
        dec,
        {{ finite('radius_50') }} as radius_50,
        {{ finite('pmra') }} as pmra,
        {{ finite('pmra_dispersion') }} as pmra_dispersion,
        {{ finite('pmdec') }} as pmdec,
        {{ finite('pmdec_dispersion') }} as pmdec_dispersion,
        {{ finite('parallax') }} as parallax,
        {{ finite('parallax_dispersion') }} as parallax_dispersion,
        -- parameters
        {{ finite('distance') }} as distance,
        {{ finite('distance_error') }} as distance_error,
        {{ finite('v_r') }} as v_r,
        {{ finite('v_r_error') }} as v_r_error,
        {{ finite('log_age') }} as log_age,
        {{ finite('log_age_error') }} as log_age_error,
        {{ finite('fe_h') }} as fe_h,
        {{ finite('fe_h_error') }} as fe_h_error,
        {{ finite('a_v') }} as a_v,
        {{ finite('a_v_error') }} as a_v_error
    from source
)

select * from renamed
