with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

visits as (
    select
        designation,
        survey,
        ra,
        "dec",
        n_visits::integer as n_visits,
        n_spectra::integer as n_spectra,
        n_emission_spectra::integer as n_emission_spectra,
        mjd_min,
        mjd_max,
        mjd_max - mjd_min as baseline,
        is_new_be
    from tests
    where is_classical_be
)

select * from visits
