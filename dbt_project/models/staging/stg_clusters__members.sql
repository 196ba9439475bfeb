with

source as (
    select * from {{ source('raw', 'cluster_member') }}
),

renamed as (
    select
        -- ids
        reference,
        cluster,
        {{ cluster_key('cluster') }} as cluster_key,
        source_id,
        -- astrometry
        ra,
        dec,
        {{ finite('pmra') }} as pmra,
        {{ finite('pmra_error') }} as pmra_error,
        {{ finite('pmdec') }} as pmdec,
        {{ finite('pmdec_error') }} as pmdec_error,
        {{ finite('parallax') }} as parallax,
        {{ finite('parallax_error') }} as parallax_error,
        -- membership
        {{ finite('probability') }} as probability
    from source
)

select * from renamed
