with

shell_stars as (
    select * from {{ ref('int_star_shell') }}
),

shell_emission as (
    select
        designation,
        survey,
        ra,
        "dec",
        shell_type,
        violet_flux,
        violet_flux_error,
        red_flux,
        red_flux_error,
        emission_fwhm,
        emission_fwhm_error,
        emission_ew,
        emission_ew_error,
        peak_separation,
        peak_separation_error,
        v_over_r,
        v_over_r_error,
        peak_to_reversal,
        peak_to_reversal_error,
        reversal_velocity,
        reversal_velocity_error,
        reversal_depth,
        reversal_depth_error,
        reversal_fwhm,
        reversal_fwhm_error,
        reversal_ew,
        reversal_ew_error,
        n_shell_spectra,
        n_spectra,
        has_nebular_lines,
        is_candidate,
        is_new_be,
        is_known_be,
        name,
        spectral_type,
        be_bibliography,
        snr_r,
        obsid
    from shell_stars
    where shell_on = 'emission'
)

select * from shell_emission
