{#- The spectra that get SLAM labels (Guo+2021, section 2): of early-type stars, with enough signal.
    The paper takes two lists that were made by line indices; here these are the cuts of
    int_be_spectrum_cuts. -#}

with

cuts as (
    select * from {{ ref('int_be_spectrum_cuts') }}
    where passes_cuts
),

emission as (
    select
        obsid,
        exposure,
        has_emission
    from {{ ref('int_halpha_emission') }}
),

parameters as (
    select
        obsid,
        rv
    from {{ ref('stg_lamost__stellar_parameters') }}
),

observations as (
    select
        obsid,
        resolution
    from {{ ref('stg_lamost__observations') }}
)

select
    cuts.obsid,
    cuts.exposure,
    cuts.survey,
    cuts.designation,
    observations.resolution,
    cuts.snr_b,
    cuts.snr_r,
    parameters.rv as catalogue_rv,
    -- 1 or 0: part of a key
    coalesce(emission.has_emission, false)::bigint as has_emission
from cuts
inner join observations using (obsid)
left join emission using (obsid, exposure)
left join parameters using (obsid)
