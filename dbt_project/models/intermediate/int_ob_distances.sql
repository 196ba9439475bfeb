{#- Binaries and distances (Xiang+2021, sections 6 and 7): the magnitude of the spectrum against
    the parallax, and both together. -#}

with

stars as (
    select * from {{ ref('int_ob_stars') }}
),

labels as (
    select * from {{ ref('int_ob_labels') }}
),

-- eq. 14: the error model's numbers are in the card of each network; until then the published ones
error_models as (
    select
        networks.of_emission,
        coalesce(
            model_card_number(networks.model, 'error_model.sigma_100'), {{ var('m_ks_sigma_100') }}
        ) as sigma_100,
        coalesce(
            model_card_number(networks.model, 'error_model.sigma_int'), {{ var('m_ks_sigma_int') }}
        ) as sigma_int
    from (
        values
        (false, '{{ var("ob_m_ks_model") }}'),
        (true, '{{ var("ob_m_ks_emission_model") }}')
    ) as networks (of_emission, model)
),

with_parallaxes as (
    select
        *,
        case when parallax > 0 then parallax end as positive_parallax
    from stars
),

magnitudes as (
    select
        stars.* exclude (positive_parallax),
        labels.halpha_excess,
        labels.is_emission,
        labels.is_faulty,
        labels.is_out_of_domain,
        labels.m_ks_model,
        labels.m_ks,
        sqrt(
            pow(error_model.sigma_100 * 100 / greatest(stars.snr_b, 1), 2)
            + pow(error_model.sigma_int, 2)
        ) as m_ks_error,
        -- eqs. 2 and 4 in magnitudes
        stars.k_mag - stars.a_ks + 5 * log10(stars.positive_parallax) - 10 as m_ks_geometric,
        sqrt(
            pow(5 / ln(10) * stars.parallax_error / stars.positive_parallax, 2)
            + pow(stars.k_mag_error, 2) + pow(stars.a_ks_error, 2)
        ) as m_ks_geometric_error,
        stars.k_mag - labels.m_ks - stars.a_ks as distance_modulus,
        sqrt(
            pow(m_ks_error, 2) + pow(stars.k_mag_error, 2) + pow(stars.a_ks_error, 2)
        ) as distance_modulus_error
    from with_parallaxes as stars
    inner join labels using (obsid)
    inner join error_models as error_model
        on coalesce(labels.is_emission, false) = error_model.of_emission
),

excess as (
    select
        *,
        -- eqs. 15 to 17: the parallax of the spectrum, and how far it exceeds the measured one
        pow(10, -0.2 * (distance_modulus - 10)) as parallax_spectroscopic,
        0.2 * ln(10) * distance_modulus_error * parallax_spectroscopic
            as parallax_spectroscopic_error,
        (parallax_spectroscopic - parallax)
        / sqrt(pow(parallax_spectroscopic_error, 2) + pow(parallax_error, 2))
            as parallax_excess_snr
    from magnitudes
),

flagged as (
    select
        *,
        case
            when parallax_excess_snr is null then -9
            when parallax_excess_snr > {{ var('parallax_excess_snr_min') }} then 1
            else 0
        end as binary_flag
    from excess
),

inferred as materialized (
    select
        obsid,
        distance_posterior(
            parallax,
            parallax_error,
            -- of binaries the parallax speaks alone: their light is not that of one star
            case when binary_flag <> 1 then distance_modulus end,
            case when binary_flag <> 1 then distance_modulus_error end,
            {{ var('distance_horizon') }}::double,
            {{ var('distance_length_scale') }}::double
        ) as distance
    from flagged
)

select
    flagged.*,
    inferred.distance.mode * 1000 as distance,
    inferred.distance.p16 * 1000 as distance_16,
    inferred.distance.p50 * 1000 as distance_50,
    inferred.distance.p84 * 1000 as distance_84,
    inferred.distance.log_mean + 3 as log_distance,
    inferred.distance.log_deviation as log_distance_error,
    inferred.distance.is_bimodal,
    inferred.distance.is_at_limit,
    inferred.distance.evidence as distance_from
from flagged
left join inferred using (obsid)
