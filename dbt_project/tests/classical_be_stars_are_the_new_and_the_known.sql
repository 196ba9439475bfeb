-- The lists of new and known Be stars and that of their visits hold the same stars.
with

be_stars as (
    select
        designation,
        survey
    from {{ ref('be_new') }}
    union all
    select
        designation,
        survey
    from {{ ref('be_known') }}
),

visits as (
    select
        designation,
        survey
    from {{ ref('be_observing_statistics') }}
)

select *
from be_stars
full join visits using (designation, survey)
where be_stars.designation is null or visits.designation is null
