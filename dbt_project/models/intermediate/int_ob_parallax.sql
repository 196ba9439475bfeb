{#- Gaia parallaxes with their zero points (Xiang+2021, section 2; Leung & Bovy 2019 for DR2,
    Lindegren+2021 for EDR3 and DR3). -#}

with

gaia as (
    select * from {{ ref('int_star_gaia') }}
),

zero_points as materialized (
    select
        designation,
        release like 'SIM%' as is_simulated,
        release like '%DR2' as is_dr2,
        parallax_zero_point(
            phot_g_mean_mag,
            nu_eff_used_in_astrometry,
            pseudocolour,
            ecl_lat,
            astrometric_params_solved
        ) as recipe
    from gaia
    where parallax is not null
)

select
    gaia.designation,
    gaia.source_id,
    gaia.release,
    gaia.parallax as parallax_observed,
    gaia.parallax_error,
    case
        -- the simulated survey has no zero point of its own
        when zero_points.is_simulated then 0
        when zero_points.is_dr2 then {{ var('parallax_zero_point_dr2') }}
        else coalesce(zero_points.recipe.zero_point, 0)
    end as parallax_zero_point,
    case
        when zero_points.is_simulated then 'none (simulated)'
        when zero_points.is_dr2 then 'Leung & Bovy 2019'
        when zero_points.recipe.zero_point is null then 'none (no colour)'
        when zero_points.recipe.in_range then 'Lindegren+2021'
        else 'Lindegren+2021, beyond its range'
    end as zero_point_from,
    gaia.parallax - parallax_zero_point as parallax
from gaia
inner join zero_points using (designation)
