{#- Place in the colour-magnitude diagram (Wang+2022, section 6.2, Figure 10): M_G from the
    parallax alone (Luri+2018, equation 22), not freed of extinction, as the paper plots it. -#}
{%- set low = var('flux_excess_min') %}
{%- set high = var('flux_excess_max') %}

with

gaia as (
    select * from {{ ref('int_star_gaia') }}
),

colours as (
    select
        designation,
        phot_g_mean_mag,
        phot_bp_mean_mag - phot_rp_mean_mag as bp_rp,
        phot_bp_rp_excess_factor as flux_excess,
        case when parallax > 0 then phot_g_mean_mag + 5 * log10(parallax / 100) end as m_g,
        case when parallax > 0 then 5 / ln(10) * parallax_error / parallax end as m_g_error
    from gaia
)

select
    *,
    coalesce(
        flux_excess between {{ low[0] }} + {{ low[1] }} * bp_rp * bp_rp
        and {{ high[0] }} + {{ high[1] }} * bp_rp * bp_rp,
        false
    ) as passes_flux_excess
from colours
