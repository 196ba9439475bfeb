{#- The spectra that Xiang+2021 is applied to: low-resolution coadds of early-type stars, with the
    temperature that intrinsic colours are looked up by. -#}

with

sample as (
    select * from {{ ref('int_slam_sample') }}
    where resolution = 'lrs' and exposure = 0
),

labels as (
    select
        obsid,
        exposure,
        has_emission,
        teff,
        teff_error,
        logg,
        m_h,
        flag,
        radial_velocity
    from {{ ref('int_slam_lrs_labels') }}
),

parameters as (
    select
        obsid,
        teff,
        teff_error,
        logg,
        m_h
    from {{ ref('stg_lamost__stellar_parameters') }}
)

select
    sample.obsid,
    sample.survey,
    sample.designation,
    sample.snr_b,
    labels.radial_velocity,
    -- extrapolated SLAM labels end at the edge of its grid: LASP knows cooler stars better
    case
        when labels.flag = 'I' or parameters.teff is null then labels.teff
        else parameters.teff
    end as teff,
    -- errors of SLAM are those of noise: stars differ from models by more
    case
        when labels.flag = 'I' or parameters.teff is null
            then sqrt(
                pow(coalesce(labels.teff_error, 0), 2)
                + pow({{ var('slam_lrs_teff_scatter') }}, 2)
            )
        else parameters.teff_error
    end as teff_error,
    case
        when labels.flag = 'I' or parameters.teff is null then labels.logg
        else parameters.logg
    end as logg,
    case
        when labels.flag = 'I' or parameters.teff is null then labels.m_h
        else parameters.m_h
    end as m_h,
    case
        when labels.teff is null and parameters.teff is null then null
        when labels.flag = 'I' or parameters.teff is null then 'slam'
        else 'lasp'
    end as teff_from
from sample
left join labels using (obsid, exposure, has_emission)
left join parameters using (obsid)
