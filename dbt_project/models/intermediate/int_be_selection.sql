{#- The tests that make a star a Be star, one row a star and survey; what makes a Be star a runaway
    is asked in int_be_star_tests, for its limit may come from the Be stars found here. Of a
    star's spectra the one that came furthest speaks for it; among equals the one with the
    highest S/N, then the lowest obsid. -#}

with

spectra as (
    select * from {{ ref('int_be_spectrum_tests') }}
),

best_spectra as (
    select
        *,
        count(*) over star as n_spectra,
        count(*) filter (where last_step = 5) over star as n_emission_spectra
    from spectra
    window star as (partition by survey, designation)
    qualify row_number() over (
        partition by survey, designation
        order by last_step desc, snr_r desc nulls last, obsid asc, exposure asc
    ) = 1
),

stars as (
    select * from {{ ref('int_stars') }}
),

photometry as (
    select * from {{ ref('int_star_photometry') }}
),

spectral_types as (
    select * from {{ ref('int_star_spectral_type') }}
),

literature as (
    select
        designation,
        max(bibliography) filter (where object_type = 'CBe') as be_bibliography,
        max(bibliography) filter (where object_type = 'HAeBe') as herbig_bibliography,
        max(bibliography) filter (where object_type = 'HII') as hii_bibliography
    from {{ ref('int_star_literature') }}
    group by all
),

kinematics as (
    select * from {{ ref('int_star_kinematics') }}
),

joined as (
    select
        best_spectra.*,
        stars.ra,
        stars.dec,
        stars.n_visits,
        stars.mjd_min,
        stars.mjd_max,
        photometry.hk_0,
        photometry.kw1_0,
        photometry.ebv,
        photometry.be_colour_probability,
        spectral_types.name,
        spectral_types.spectral_type,
        spectral_types.spectral_type_reference,
        spectral_types.numeric_type,
        spectral_types.numeric_type_min,
        spectral_types.numeric_type_max,
        spectral_types.luminosity_class_min,
        literature.be_bibliography,
        literature.herbig_bibliography,
        literature.hii_bibliography,
        kinematics.ruwe,
        kinematics.v_tp,
        kinematics.v_tp_error
    from best_spectra
    inner join stars using (survey, designation)
    left join photometry using (designation)
    left join spectral_types using (designation)
    left join literature using (designation)
    left join kinematics using (designation)
),

tested as (
    select
        *,
        passes_snr and passes_teff and passes_line_index and passes_q and passes_emission
            as is_candidate,
        be_bibliography is not null as is_known,
        herbig_bibliography is null and hii_bibliography is null as passes_contaminants,
        be_bibliography is null as passes_literature,
        -- a type without a subtype passes where its range reaches into the accepted one
        coalesce(
            numeric_type_max > {{ var('numeric_type_min') }}
            and numeric_type_min < {{ var('numeric_type_max') }}
            and coalesce(luminosity_class_min >= {{ var('luminosity_class_min') }}, true),
            false
        ) as passes_spectral_type,
        coalesce(
            hk_0 < {{ var('be_hk_max') }} and kw1_0 < {{ var('be_kw1_max') }}, false
        ) as passes_ir,
        coalesce(
            hk_0 > {{ var('herbig_hk_min') }} and kw1_0 > {{ var('herbig_kw1_min') }}, false
        ) as has_herbig_colours,
        coalesce(ruwe <= {{ var('ruwe_max') }}, false) as passes_ruwe
    from joined
)

select
    *,
    is_candidate
    and passes_contaminants
    and passes_literature
    and passes_spectral_type
    and passes_ir as is_new_be,
    is_candidate and passes_contaminants and is_known as is_known_be,
    is_new_be or is_known_be as is_classical_be,
    -- of the stars that only the infrared test keeps from being new Be stars, some are Herbig stars
    is_candidate
    and (
        herbig_bibliography is not null
        or (
            passes_contaminants
            and passes_literature
            and passes_spectral_type
            and has_herbig_colours
        )
    ) as is_herbig,
    is_candidate
    and passes_contaminants
    and coalesce(numeric_type_max < {{ var('o_numeric_type_max') }}, false) as is_oe
from tested
