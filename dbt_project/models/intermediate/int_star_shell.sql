{#- Stars with a shell line in H-alpha. Of a star's spectra with one, that of the highest S/N speaks
    for it; a star stands in one list only, as in the paper (113 + 199 = 312 stars). The spectra
    have passed the tests that come before the verdict on emission: a shell line in absorption
    may show no emission at all. -#}

with

spectra as (
    select
        obsid,
        exposure,
        survey,
        designation
    from {{ ref('int_be_spectrum_tests') }}
    where passes_snr and passes_teff and passes_line_index and passes_q
),

morphology as (
    select
        obsid,
        exposure,
        snr_r,
        halpha_class,
        has_nebular_lines,
        halpha_class like 'shell on %' as has_shell
    from {{ ref('int_halpha_morphology') }}
),

profiles as (
    select * from {{ ref('int_halpha_profile') }}
),

counted as (
    select
        *,
        count(*) over star as n_spectra,
        count(*) filter (where has_shell) over star as n_shell_spectra
    from spectra
    inner join morphology using (obsid, exposure)
    window star as (partition by survey, designation)
),

best_spectra as (
    select *
    from counted
    where has_shell
    qualify row_number() over (
        partition by survey, designation
        order by snr_r desc, obsid asc, exposure asc
    ) = 1
),

tests as (
    select
        survey,
        designation,
        ra,
        "dec",
        name,
        spectral_type,
        be_bibliography,
        is_candidate,
        is_new_be
    from {{ ref('int_be_star_tests') }}
)

select
    designation,
    survey,
    tests.ra,
    tests."dec",
    split_part(best_spectra.halpha_class, ' ', 3) as shell_on,
    split_part(best_spectra.halpha_class, ' ', 4)::integer as shell_type,
    obsid,
    exposure,
    best_spectra.snr_r,
    best_spectra.n_spectra::integer as n_spectra,
    best_spectra.n_shell_spectra::integer as n_shell_spectra,
    coalesce(best_spectra.has_nebular_lines, false) as has_nebular_lines,
    tests.name,
    tests.spectral_type,
    tests.be_bibliography,
    tests.be_bibliography is not null as is_known_be,
    tests.is_candidate,
    tests.is_new_be,
    profiles.violet_flux,
    profiles.violet_flux_error,
    profiles.red_flux,
    profiles.red_flux_error,
    profiles.emission_fwhm,
    profiles.emission_fwhm_error,
    profiles.emission_ew,
    profiles.emission_ew_error,
    profiles.peak_separation,
    profiles.peak_separation_error,
    profiles.v_over_r,
    profiles.v_over_r_error,
    profiles.peak_to_reversal,
    profiles.peak_to_reversal_error,
    profiles.reversal_velocity,
    profiles.reversal_velocity_error,
    profiles.reversal_depth,
    profiles.reversal_depth_error,
    profiles.reversal_fwhm,
    profiles.reversal_fwhm_error,
    profiles.reversal_ew,
    profiles.reversal_ew_error,
    profiles.core_velocity,
    profiles.core_velocity_error,
    profiles.core_flux,
    profiles.core_flux_error,
    profiles.core_depth,
    profiles.core_depth_error,
    profiles.core_fwhm,
    profiles.core_fwhm_error,
    profiles.broad_depth,
    profiles.broad_depth_error
from best_spectra
inner join profiles using (obsid, exposure)
inner join tests using (survey, designation)
