-- One criterion decides on each rejected star, the first that it fails; none on a new Be star.
with

stars as (
    select
        designation,
        survey,
        count(*) filter (where is_deciding) as n_deciding,
        min(step) filter (where is_deciding) as deciding_step,
        min(step) filter (where not is_passed) as first_failed_step
    from {{ ref('be_decisions') }}
    group by all
)

select
    designation,
    survey,
    tests.is_new_be,
    stars.n_deciding,
    stars.deciding_step,
    stars.first_failed_step
from {{ ref('int_be_star_tests') }} as tests
left join stars using (designation, survey)
where
    stars.n_deciding is distinct from case when tests.is_new_be then 0 else 1 end
    or stars.deciding_step is distinct from stars.first_failed_step
