{#- The body of a catalogue of Guo+2021: labels of the coadds of one resolution. -#}
{% macro slam_catalogue(labels_of) %}
with

labels as (
    select * from {{ ref(labels_of) }}
),

sample as (
    select * from {{ ref('int_slam_sample') }}
),

observations as (
    select
        obsid,
        ra,
        dec,
        mjd
    from {{ ref('stg_lamost__observations') }}
),

-- a spectrum whose emission was judged otherwise before has another row, which counts no more
current_labels as (
    select
        labels.*,
        sample.survey,
        sample.designation,
        sample.snr_b,
        sample.snr_r
    from labels
    inner join sample using (obsid, exposure, has_emission)
    where labels.exposure = 0 and labels.teff is not null
)

select
    designation,
    survey,
    obsid,
    observations.ra,
    observations.dec,
    observations.mjd,
    snr_b,
    snr_r,
    teff,
    teff_error,
    logg,
    logg_error,
    m_h,
    m_h_error,
    vsini,
    vsini_error,
    flag,
    chi2 / (n_pixels - 4) as reduced_chi2,
    n_pixels,
    is_converged,
    has_emission = 1 as has_emission,
    radial_velocity,
    radial_velocity_error,
    velocity_from,
    model_grid,
    is_simulated_grid,
    slam_model
from current_labels
inner join observations using (obsid)
{% endmacro %}
