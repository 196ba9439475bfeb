with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

morphology as (
    select
        obsid,
        exposure,
        halpha_class,
        has_nebular_lines
    from {{ ref('int_halpha_morphology') }}
),

candidates as (
    select
        designation,
        survey,
        ra,
        "dec",
        obsid,
        tests.snr_r,
        n_spectra::integer as n_spectra,
        n_emission_spectra::integer as n_emission_spectra,
        ew_halpha,
        ew_halpha_error,
        ew_mgb,
        ew_mgb_error,
        peak_significance,
        be_probability,
        is_out_of_domain,
        emission_method,
        be_model,
        morphology.halpha_class,
        morphology.has_nebular_lines,
        lasp_teff::double as teff,
        q::double as q,
        be_bibliography,
        herbig_bibliography,
        hii_bibliography
    from tests
    left join morphology using (obsid, exposure)
    where is_candidate
)

select * from candidates
