{#- Sprague+2022, Table 1: Teff, log g and [Fe/H] of APOGEE stars. -#}

with

stars as (
    select * from {{ ref('int_apogee_stars') }}
),

labels as (
    select
        *,
        log_teff < log10({{ var('apogee_fe_h_teff_max') }}) as is_cool
    from {{ ref('int_apogee_labels') }}
),

training as (
    select * from {{ ref('int_apogee_training_labels') }}
),

types as (
    select * from {{ ref('int_apogee_spectral_type') }}
)

select
    stars.apogee_id,
    stars.survey,
    stars.ra,
    stars."dec",
    labels.log_teff,
    labels.log_teff_error,
    labels.logg,
    labels.logg_error,
    -- section 4.1: of hotter stars the labels that taught it were no measurements
    case when labels.is_cool then labels.fe_h end as fe_h,
    case when labels.is_cool then labels.fe_h_error end as fe_h_error,
    stars.snr,
    training.log_teff as training_log_teff,
    training.logg as training_logg,
    training.fe_h as training_fe_h,
    training.label_from as training_label_from,
    types.spectral_type,
    types.spectral_type_bibcode,
    stars.rv,
    stars.parallax,
    stars.parallax_error,
    stars.g,
    stars.bp,
    stars.rp,
    stars.j,
    stars.h,
    stars.k,
    -- section 4.3
    coalesce(
        stars.parallax < {{ var('magellanic_parallax_max') }}
        and stars.rv > {{ var('magellanic_rv_min') }},
        false
    ) as is_magellanic,
    labels.domain_distance,
    labels.is_out_of_domain,
    stars.release,
    stars.telescope,
    stars.field,
    stars.n_visits,
    labels.apogee_model
from stars
inner join labels using (apogee_id, release, telescope, field)
left join training using (apogee_id)
left join types using (apogee_id)
where labels.log_teff is not null
