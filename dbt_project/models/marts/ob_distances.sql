{#- Xiang+2021, Table 1: absolute magnitudes, distances, extinction, emission and binarity. -#}

with

distances as (
    select * from {{ ref('int_ob_distances') }}
),

observations as (
    select * from {{ ref('stg_lamost__observations') }}
),

gaia as (
    select * from {{ ref('int_star_gaia') }}
),

twomass as (
    select * from {{ ref('int_star_twomass') }}
),

observations_with_motion as (
    select
        obsid,
        ra,
        "dec",
        0 as pmra,
        0 as pmdec
    from observations
),

coordinates as (
    {{ galactic('observations_with_motion', var('galactic_pole_ra')) }}
),

placed as (
    select
        distances.*,
        observations.ra,
        observations."dec",
        observations.mjd,
        observations.lmjd,
        observations.plan_id,
        observations.spectrograph,
        observations.fibre,
        observations.file_name,
        radians(coordinates.l) as l,
        radians(coordinates.b) as b,
        -- arc seconds, so that the name's parts are whole numbers
        floor(observations.ra * 3600)::bigint as ra_seconds,
        floor(abs(observations."dec") * 3600)::bigint as dec_seconds
    from distances
    inner join observations using (obsid)
    inner join coordinates using (obsid)
)

select
    placed.designation,
    placed.survey,
    placed.obsid,
    -- date-planid-spid-fiberid
    strftime(date '1858-11-17' + to_days(placed.lmjd::integer - 1), '%Y%m%d')
    || '-' || placed.plan_id
    || '-' || lpad(placed.spectrograph::varchar, 2, '0')
    || '-' || lpad(placed.fibre::varchar, 3, '0') as specid,
    placed.file_name as fitsname,
    placed.ra,
    placed."dec",
    -- visits of a star, the best first
    row_number() over (
        partition by placed.designation, placed.survey
        order by coalesce(placed.snr_b, -1) desc, placed.obsid asc
    )::integer as uniqflag,
    printf(
        'S%03d%02d%02d%s%02d%02d%02d',
        ra_seconds // 3600,
        (ra_seconds // 60) % 60,
        ra_seconds % 60,
        case when placed."dec" < 0 then '-' else '+' end,
        dec_seconds // 3600,
        (dec_seconds // 60) % 60,
        dec_seconds % 60
    ) as star_id,
    placed.snr_b as snr_g,
    placed.radial_velocity as rv,
    placed.m_ks,
    placed.m_ks_error,
    placed.m_ks_geometric,
    placed.m_ks_geometric_error,
    placed.distance,
    placed.distance_16,
    placed.distance_84,
    placed.log_distance,
    placed.log_distance_error,
    placed.ebv,
    placed.ebv_error,
    placed.parallax_excess_snr,
    placed.binary_flag,
    case
        when placed.is_faulty or placed.is_emission is null then -9
        when placed.is_emission then 1
        else 0
    end as emission_flag,
    placed.halpha_excess,
    placed.source_id as gaia_source_id,
    placed.parallax_observed as parallax,
    placed.parallax_error,
    placed.parallax_zero_point,
    placed.zero_point_from,
    gaia.pmra,
    gaia.pmra_error,
    gaia.pmdec,
    gaia.pmdec_error,
    gaia.ruwe,
    twomass.j,
    twomass.j_error,
    twomass.h,
    twomass.h_error,
    twomass.k,
    twomass.k_error,
    {{ var('ob_sun_x') }} + placed.distance / 1000 * cos(placed.b) * cos(placed.l) as x,
    placed.distance / 1000 * cos(placed.b) * sin(placed.l) as y,
    placed.distance / 1000 * sin(placed.b) as z,
    placed.distance_from,
    placed.is_bimodal,
    placed.is_out_of_domain,
    placed.teff_from,
    placed.m_ks_model
from placed
left join gaia using (designation)
left join twomass using (designation)
