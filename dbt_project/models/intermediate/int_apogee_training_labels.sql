{#- Labels to train the network with (Sprague+2022, section 3.1): those of the survey's pipeline for
    cool stars, of hot ones what their spectral type and luminosity class mean. -#}

with

stars as (
    select * from {{ ref('int_apogee_stars') }}
),

types as (
    select * from {{ ref('int_apogee_spectral_type') }}
),

calibration as (
    select
        list(numeric_type order by spectral_type, source) as numeric_types,
        list(luminosity_class order by spectral_type, source) as classes,
        list(teff order by spectral_type, source) as teff,
        list(logg order by spectral_type, source) as logg
    from {{ ref('stg_constants__hot_star_calibration') }}
),

translated as materialized (
    select
        types.apogee_id,
        types.spectral_type,
        types.spectral_type_bibcode,
        hot_star_labels(
            types.numeric_type::double,
            types.luminosity_class::double,
            calibration.numeric_types::double[],
            calibration.classes::double[],
            calibration.teff::double[],
            calibration.logg::double[]
        ) as labels
    from types
    cross join calibration
),

pipeline as (
    select
        apogee_id,
        log10(pipeline_teff) as log_teff,
        pipeline_logg as logg,
        pipeline_fe_h as fe_h,
        'pipeline' as label_from,
        null::varchar as spectral_type,
        null::varchar as bibcode
    from stars
    where
        pipeline_teff > 0 and pipeline_logg is not null
        -- cool stars, and of the others dwarfs alone: supergiants are squeezed together there
        and (
            pipeline_teff < {{ var('apogee_pipeline_teff_max') }}
            or pipeline_logg < {{ var('apogee_pipeline_logg_line')[0] }} * log10(pipeline_teff)
            + {{ var('apogee_pipeline_logg_line')[1] }}
        )
),

hot as (
    select
        apogee_id,
        labels.log_teff,
        labels.logg,
        -- hot stars show no metals; they are taught as of the Sun's
        {{ var('apogee_hot_fe_h') }}::double as fe_h,
        'spectral type' as label_from,
        spectral_type,
        spectral_type_bibcode as bibcode
    from translated
    where
        labels.log_teff is not null and labels.logg is not null
        and labels.log_teff >= log10({{ var('apogee_fe_h_teff_max') }})
),

both_kinds as (
    select * from hot
    union all
    select * from pipeline
)

-- a spectral type goes before the pipeline, which does not know hot stars
select * from both_kinds
qualify row_number() over (partition by apogee_id order by label_from desc) = 1
