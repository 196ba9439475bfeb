{%- set ratio = var('extinction_ratio') %}

with

stars as (
    select distinct designation from {{ ref('int_stars') }}
),

reddening as (
    select * from {{ ref('stg_dust__reddening') }}
    qualify row_number() over (partition by designation order by dust_map) = 1
),

joined as (
    select
        stars.designation,
        twomass.* exclude (designation),
        allwise.* exclude (designation),
        reddening.ebv,
        reddening.ebv_error,
        reddening.dust_map
    from stars
    left join {{ ref('int_star_twomass') }} as twomass using (designation)
    left join {{ ref('int_star_allwise') }} as allwise using (designation)
    left join reddening using (designation)
)

select
    *,
    (j - h) - {{ var('q_slope') }} * (h - k) as q,
    {{ var('r_v') }} * ebv as a_v,
    (h - k) - ({{ ratio.h }} - {{ ratio.k }}) * a_v as hk_0,
    (k - w1) - ({{ ratio.k }} - {{ ratio.w1 }}) * a_v as kw1_0
from joined
