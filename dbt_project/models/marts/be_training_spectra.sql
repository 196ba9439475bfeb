with

training_spectra as (
    select * from {{ ref('stg_review__training_spectra') }}
),

observations as (
    select * from {{ ref('stg_lamost__observations') }}
),

measurements as (
    select * from {{ ref('int_line_measurements') }}
),

described as (
    select
        training_spectra.model_name,
        training_spectra.model_version,
        training_spectra.obsid,
        training_spectra.exposure,
        observations.survey,
        observations.designation,
        training_spectra.label,
        training_spectra.origin,
        training_spectra.split,
        observations.snr_r,
        measurements.ew_halpha,
        measurements.ew_halpha_error,
        measurements.strongest_peak_height as peak_height,
        measurements.strongest_peak_significance as peak_significance
    from training_spectra
    left join observations using (obsid)
    left join measurements using (obsid, exposure)
)

select * from described
