{%- set ratio = var('extinction_ratio') %}
{%- set hk_ratio = '(' ~ ratio.h ~ ' - ' ~ ratio.k ~ ')' %}
{%- set kw1_ratio = '(' ~ ratio.k ~ ' - ' ~ ratio.w1 ~ ')' %}

with

stars as (
    select designation from {{ ref('int_star_positions') }}
),

joined as (
    select
        stars.designation,
        twomass.* exclude (designation),
        allwise.* exclude (designation),
        reddening.ebv,
        reddening.ebv_error,
        reddening.ebv_method
    from stars
    left join {{ ref('int_star_twomass') }} as twomass using (designation)
    left join {{ ref('int_star_allwise') }} as allwise using (designation)
    left join {{ ref('int_star_reddening') }} as reddening using (designation)
),

colours as (
    select
        *,
        (j - h) - {{ var('q_slope') }} * (h - k) as q,
        {{ var('r_v') }} * ebv as a_v,
        (h - k) - {{ hk_ratio }} * a_v as hk_0,
        (k - w1) - {{ kw1_ratio }} * a_v as kw1_0,
        -- the colours share Ks and the reddening; a map without an error is taken at its word
        {{ var('r_v') }} * coalesce(ebv_error, 0) as a_v_error,
        sqrt(
            pow(h_error, 2) + pow(k_error, 2) + pow({{ hk_ratio }} * a_v_error, 2)
        ) as hk_0_error,
        sqrt(
            pow(k_error, 2) + pow(w1_error, 2) + pow({{ kw1_ratio }} * a_v_error, 2)
        ) as kw1_0_error,
        ({{ hk_ratio }} * {{ kw1_ratio }} * pow(a_v_error, 2) - pow(k_error, 2))
        / (hk_0_error * kw1_0_error) as colour_correlation,
        ({{ var('be_hk_max') }} - hk_0) / hk_0_error as hk_margin,
        ({{ var('be_kw1_max') }} - kw1_0) / kw1_0_error as kw1_margin
    from joined
)

select
    * exclude (a_v_error, colour_correlation, hk_margin, kw1_margin),
    -- rounding may leave a hair below 0 or above 1; of NULL, least and greatest know the other
    case
        when hk_margin is not null and kw1_margin is not null
            then greatest(0, least(1, {{
                bivariate_normal_cdf('hk_margin', 'kw1_margin', 'colour_correlation')
            }}))
    end as be_colour_probability
from colours
