with

shell_stars as (
    select * from {{ ref('int_star_shell') }}
),

shell_absorption as (
    select
        designation,
        survey,
        ra,
        "dec",
        shell_type,
        peak_separation,
        peak_separation_error,
        peak_to_reversal,
        peak_to_reversal_error,
        reversal_velocity,
        reversal_velocity_error,
        reversal_fwhm,
        reversal_fwhm_error,
        reversal_ew,
        reversal_ew_error,
        core_velocity,
        core_velocity_error,
        core_flux,
        core_flux_error,
        core_depth,
        core_depth_error,
        core_fwhm,
        core_fwhm_error,
        broad_depth,
        broad_depth_error,
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
    where shell_on = 'absorption'
)

select * from shell_absorption
