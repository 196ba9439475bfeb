with

spectra as (
    select * from {{ ref('int_be_spectrum_tests') }}
),

stars as (
    select * from {{ ref('int_be_star_tests') }}
),

joined as (
    select
        spectra.*,
        stars.passes_contaminants,
        stars.passes_literature,
        stars.passes_spectral_type,
        stars.passes_ir
    from spectra
    inner join stars using (survey, designation)
),

steps as (
    {%- for step in be_steps() %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ step.step }} as step,
        '{{ step.criterion }}' as criterion,
        '{{ step.section }}' as section,
        {{ step.published_n_spectra or 'null' }}::bigint as published_n_spectra,
        {{ step.published_n_stars or 'null' }}::bigint as published_n_stars,
        count(*) as n_spectra,
        count(distinct designation) as n_stars,
        count(*) filter (where survey like '%MRS') as n_spectra_mrs,
        count(distinct designation) filter (where survey like '%MRS') as n_stars_mrs,
        count(*) filter (where survey like '%LRS') as n_spectra_lrs,
        count(distinct designation) filter (where survey like '%LRS') as n_stars_lrs,
        coalesce(string_agg(distinct survey, ', ' order by survey), 'none') as survey
    from joined
    where
        true
        {%- for earlier in be_steps() if earlier.step <= step.step and earlier.column %}
        and {{ earlier.column }}
        {%- endfor %}
    {%- endfor %}
)

select
    step,
    criterion,
    section,
    n_spectra,
    n_stars,
    n_spectra_mrs,
    n_stars_mrs,
    n_spectra_lrs,
    n_stars_lrs,
    published_n_spectra,
    published_n_stars,
    survey
from steps
