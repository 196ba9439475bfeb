{#- The verdict on H-alpha, one row a spectrum. Peak and equivalent width decide today; a network
    takes this model's place, and nothing else changes. -#}

with

measurements as (
    select * from {{ ref('int_line_measurements') }}
),

judged as (
    select
        *,
        coalesce(
            strongest_peak_significance >= {{ var('peak_significance_min') }}
            and abs(strongest_peak_wavelength - {{ var('halpha_wavelength') }})
            <= {{ var('peak_offset_max') }}
            and strongest_peak_width >= {{ var('peak_width_min') }},
            false
        ) as has_peak,
        coalesce(
            ew_halpha < -{{ var('emission_ew_significance') }} * ew_halpha_error, false
        ) as has_net_emission
    from measurements
)

select
    obsid,
    exposure,
    strongest_peak_significance as peak_significance,
    has_peak,
    has_net_emission,
    has_peak or has_net_emission as has_emission,
    'peak and equivalent width' as method
from judged
