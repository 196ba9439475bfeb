-- The funnel counts spectra, the catalogues hold stars: they must tell of the same stars.
with

expected as (
    select
        'halpha_emission' as criterion,
        count(distinct designation) as n_stars
    from {{ ref('be_candidates') }}
    union all
    select
        'infrared_colours' as criterion,
        count(distinct designation) as n_stars
    from {{ ref('be_new') }}
)

select
    criterion,
    expected.n_stars as n_stars_of_catalogue,
    funnel.n_stars as n_stars_of_funnel
from expected
left join {{ ref('be_selection_funnel') }} as funnel using (criterion)
where funnel.n_stars is distinct from expected.n_stars
