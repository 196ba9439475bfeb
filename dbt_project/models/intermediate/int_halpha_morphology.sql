{#- The classes of H-alpha profiles of Wang+2022, section 4.2 and appendix A, one row a spectrum:
    each criterion a boolean, the class a sentence on these. -#}

with

profiles as (
    select * from {{ ref('int_halpha_profile') }}
),

observations as (
    select
        obsid,
        snr_r,
        lower(right(survey, 3)) as resolution
    from {{ ref('stg_lamost__observations') }}
),

verdicts as (
    select
        obsid,
        exposure,
        coalesce(has_emission, false) as has_emission
    from {{ ref('int_halpha_emission') }}
),

widths as (
    select
        obsid,
        exposure,
        ew_halpha,
        ew_halpha_error
    from {{ ref('int_line_measurements') }}
),

nebular_lines as (
    select
        obsid,
        exposure,
        {%- set line_counts = ['ew_nii_6585', 'ew_sii_6718', 'ew_sii_6733', 'ew_oiii_5008'] %}
        {%- for line in line_counts %}
        coalesce(
            {{ line }} < -{{ var('nebular_line_significance') }} * {{ line }}_error, false
        )::integer{{ ' +' if not loop.last }}
        {%- endfor %} as n_nebular_lines
    from {{ ref('int_nebular_lines') }}
),

joined as (
    select
        profiles.*,
        observations.snr_r,
        observations.resolution,
        verdicts.has_emission,
        nebular_lines.n_nebular_lines,
        -- what the line would be without its reversal: emission or absorption
        widths.ew_halpha - profiles.reversal_ew as ew_filled,
        sqrt(pow(widths.ew_halpha_error, 2) + pow(profiles.reversal_ew_error, 2))
            as ew_filled_error,
        (profiles.violet_velocity + profiles.red_velocity) / 2 as pair_velocity,
        1 - (profiles.violet_trough + profiles.red_trough) / 2 as trough_depth,
        profiles.red_trough - profiles.violet_trough as trough_difference,
        sqrt(pow(profiles.violet_trough_error, 2) + pow(profiles.red_trough_error, 2))
            as trough_difference_error
    from profiles
    inner join observations using (obsid)
    inner join verdicts using (obsid, exposure)
    left join widths using (obsid, exposure)
    left join nebular_lines using (obsid, exposure)
),

judged as (
    select
        *,
        coalesce(
            first_significance >= {{ var('profile_peak_significance') }}
            and second_significance >= {{ var('profile_pair_significance') }}
            and reversal_depth
            >= {{ var('profile_reversal_significance') }} * reversal_depth_error
            and peak_separation <= {{ var('profile_separation_max') }}
            and abs(pair_velocity) <= {{ var('profile_offset_max') }}
            and abs(reversal_velocity - pair_velocity)
            <= {{ var('profile_reversal_offset_max') }} * peak_separation
            and abs(asymmetry) <= {{ var('profile_unequal_max') }},
            false
        ) as has_peak_pair,
        coalesce(
            strongest_flux - 1 >= {{ var('continuum_significance') }} * strongest_flux_error
            or violet_flux - 1 >= {{ var('continuum_significance') }} * violet_flux_error
            or red_flux - 1 >= {{ var('continuum_significance') }} * red_flux_error,
            false
        ) as reaches_continuum,
        coalesce(
            abs(asymmetry) >= {{ var('profile_asymmetry_min') }}
            and abs(asymmetry) >= {{ var('profile_asymmetry_significance') }} * asymmetry_error,
            false
        ) as is_asymmetric,
        coalesce(
            peak_to_reversal >= {{ var('shell_peak_ratio_min') }}
            and reversal_fraction >= {{ var('shell_reversal_fraction_min') }}
            and reversal_fwhm <= {{ var('shell_fwhm_max') }},
            false
        ) as has_deep_reversal,
        coalesce(
            reversal_fwhm
            <= case resolution
                {%- for name, width in var('shell_narrow_fwhm_max').items() %}
                when '{{ name }}' then {{ width }}
                {%- endfor %}
            end,
            false
        ) as has_narrow_reversal,
        coalesce(ew_filled > 0, false) as is_on_absorption,
        coalesce(
            resolution = 'mrs'
            and core_fwhm <= {{ var('shell_core_fwhm_max') }}
            and core_depth >= {{ var('shell_core_depth_min') }}
            and core_depth >= {{ var('shell_core_significance') }} * core_depth_error
            and broad_depth between {{ var('shell_broad_depth')[0] }}
            and {{ var('shell_broad_depth')[1] }},
            false
        ) as has_narrow_core,
        coalesce(
            emission_fwhm
            <= case resolution
                {%- for name, width in var('narrow_emission_fwhm_max').items() %}
                when '{{ name }}' then {{ width }}
                {%- endfor %}
            end
            and trough_depth
            >= case resolution
                {%- for name, depth in var('narrow_emission_trough_min').items() %}
                when '{{ name }}' then {{ depth }}
                {%- endfor %}
            end,
            false
        ) as is_narrow_on_absorption,
        coalesce(
            1 - violet_trough >= {{ var('p_cygni_trough_min') }}
            and 1 - violet_trough >= {{ var('p_cygni_trough_ratio') }} * (1 - red_trough)
            and trough_difference >= {{ var('p_cygni_trough_difference') }}
            and trough_difference
            >= {{ var('p_cygni_significance') }} * trough_difference_error
            and strongest_flux - 1
            >= {{ var('continuum_significance') }} * strongest_flux_error
            -- of two peaks the violet one is what the absorption leaves
            and (not has_peak_pair or asymmetry < 0),
            false
        ) as is_p_cygni
    from joined
)

select
    obsid,
    exposure,
    snr_r,
    has_emission,
    has_peak_pair,
    reaches_continuum,
    is_asymmetric,
    has_deep_reversal,
    has_narrow_reversal,
    ew_filled,
    ew_filled_error,
    is_on_absorption,
    has_narrow_core,
    is_narrow_on_absorption,
    is_p_cygni,
    n_nebular_lines,
    n_nebular_lines >= {{ var('nebular_lines_min') }} as has_nebular_lines,
    case
        -- not measured, or too noisy to tell
        when first_significance is null and core_flux is null then null
        when coalesce(snr_r <= {{ var('snr_min') }}, true) then null
        when (has_peak_pair or has_emission) and is_p_cygni then 'P Cygni'
        when has_peak_pair and has_deep_reversal and not is_on_absorption
            then
                'shell on emission '
                || case when is_asymmetric then '3' when has_narrow_reversal then '1' else '2' end
        when has_peak_pair and has_deep_reversal
            then 'shell on absorption ' || case when reaches_continuum then '1' else '2' end
        when has_narrow_core and not (has_emission and reaches_continuum)
            then 'shell on absorption 3'
        when has_peak_pair and reaches_continuum
            then
                'emission: '
                || case when is_asymmetric then 'asymmetric' else 'symmetric' end
                || ' double peak'
        when has_peak_pair then 'emission: narrow emission on absorption'
        when has_emission and (is_narrow_on_absorption or not reaches_continuum)
            then 'emission: narrow emission on absorption'
        when has_emission then 'emission: single peak'
        else 'no emission'
    end as halpha_class
from judged
