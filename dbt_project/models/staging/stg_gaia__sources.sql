with

source as (
    select * from {{ source('raw', 'gaia_source') }}
),

renamed as (
    select
        -- ids
        source_id,
        release,
        -- astrometry
        ra,
        dec,
        ref_epoch,
        {{ finite('parallax') }} as parallax,
        {{ finite('parallax_error') }} as parallax_error,
        {{ finite('pmra') }} as pmra,
        {{ finite('pmra_error') }} as pmra_error,
        {{ finite('pmdec') }} as pmdec,
        {{ finite('pmdec_error') }} as pmdec_error,
        {{ finite('parallax_pmra_corr') }} as parallax_pmra_corr,
        {{ finite('parallax_pmdec_corr') }} as parallax_pmdec_corr,
        {{ finite('pmra_pmdec_corr') }} as pmra_pmdec_corr,
        {{ finite('ruwe') }} as ruwe,
        -- what the parallax's zero point depends on
        astrometric_params_solved,
        {{ finite('nu_eff_used_in_astrometry') }} as nu_eff_used_in_astrometry,
        {{ finite('pseudocolour') }} as pseudocolour,
        {{ finite('ecl_lat') }} as ecl_lat,
        -- photometry
        {{ finite('phot_g_mean_mag') }} as phot_g_mean_mag,
        {{ finite('phot_bp_mean_mag') }} as phot_bp_mean_mag,
        {{ finite('phot_rp_mean_mag') }} as phot_rp_mean_mag,
        {{ finite('phot_bp_mean_mag_error') }} as phot_bp_mean_mag_error,
        {{ finite('phot_rp_mean_mag_error') }} as phot_rp_mean_mag_error,
        {{ finite('phot_bp_rp_excess_factor') }} as phot_bp_rp_excess_factor
    from source
)

select * from renamed
