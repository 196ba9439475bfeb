{#- One row a spectrum: the cuts of Wang+2022, sections 2 and 3, with the values they judge. What
    passes them all is classified. -#}

with

observations as (
    select * from {{ ref('stg_lamost__observations') }}
),

parameters as (
    select * from {{ ref('stg_lamost__stellar_parameters') }}
),

measurements as (
    select * from {{ ref('int_line_measurements') }}
),

photometry as (
    select
        designation,
        q
    from {{ ref('int_star_photometry') }}
),

joined as (
    select
        measurements.obsid,
        measurements.exposure,
        observations.survey,
        observations.designation,
        observations.snr_b,
        observations.snr_r,
        parameters.teff as lasp_teff,
        measurements.ew_halpha,
        measurements.ew_halpha_error,
        measurements.ew_mgb,
        measurements.ew_mgb_error,
        photometry.q
    from measurements
    inner join observations using (obsid)
    left join parameters using (obsid)
    left join photometry using (designation)
)

select
    *,
    case when snr_b is not null and snr_r is not null then least(snr_b, snr_r) end as snr_min,
    coalesce(snr_b > {{ var('snr_min') }} and snr_r > {{ var('snr_min') }}, false)
        as passes_snr,
    -- a missing temperature is kept: LASP has none for the hottest and the coolest stars
    coalesce(
        lasp_teff not between {{ var('teff_late_min') }} and {{ var('teff_late_max') }}, true
    ) as passes_teff,
    -- an arm that could not be measured cannot show that the star is early
    coalesce(
        ew_halpha < {{ var('ew_halpha_max') }} and ew_mgb < {{ var('ew_mgb_max') }}, false
    ) as passes_line_index,
    -- a star without 2MASS photometry is kept: the cut rejects stars that are seen to be late
    coalesce(q < {{ var('q_max') }}, true) as passes_q,
    passes_snr and passes_teff and passes_line_index and passes_q as passes_cuts
from joined
