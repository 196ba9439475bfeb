{#- Whether H-alpha shows emission, one row a spectrum (Wang+2022, section 4). A reviewer who looked
    at the spectrum has the last word, then the network; where neither looked, peak and equivalent
    width decide. -#}

with

measurements as (
    select * from {{ ref('int_line_measurements') }}
),

classification as (
    select * from {{ ref('int_be_classification') }}
),

verdicts as (
    select * from {{ ref('stg_review__verdicts') }}
),

judged as (
    select
        measurements.*,
        classification.be_probability,
        classification.domain_distance,
        classification.is_out_of_domain,
        classification.be_model,
        verdicts.verdict,
        verdicts.reviewer,
        coalesce(
            strongest_peak_significance >= {{ var('peak_significance_min') }}
            and abs(strongest_peak_wavelength - {{ var('halpha_wavelength') }})
            <= {{ var('peak_offset_max') }}
            and strongest_peak_width >= {{ var('peak_width_min') }},
            false
        ) as has_peak,
        coalesce(
            ew_halpha < -{{ var('emission_ew_significance') }} * ew_halpha_error, false
        ) as has_net_emission,
        case
            when verdicts.verdict is not null then 'review'
            when
                classification.be_probability is not null
                and '{{ var('emission_by') }}' = 'network' then 'network'
            else 'peak and equivalent width'
        end as emission_method
    from measurements
    left join classification using (obsid, exposure)
    left join verdicts using (obsid, exposure)
)

select
    obsid,
    exposure,
    strongest_peak_significance as peak_significance,
    strongest_peak_wavelength - {{ var('halpha_wavelength') }} as peak_offset,
    strongest_peak_width as peak_width,
    has_peak,
    has_net_emission,
    be_probability,
    domain_distance,
    is_out_of_domain,
    be_model,
    verdict,
    reviewer,
    case emission_method
        when 'review' then verdict = 'emission'
        when 'network' then be_probability >= {{ var('be_probability_min') }}
        else has_peak or has_net_emission
    end as has_emission,
    emission_method
from judged
