with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

candidates as (
    select
        designation,
        survey,
        ra,
        "dec",
        obsid,
        snr_r,
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
        lasp_teff::double as teff,
        q::double as q,
        be_bibliography,
        herbig_bibliography,
        hii_bibliography
    from tests
    where is_candidate
)

select * from candidates
