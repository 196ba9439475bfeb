-- The ledger answers for each star at each of the nine criteria.
select
    designation,
    survey,
    count(distinct decisions.step) as n_steps
from {{ ref('int_be_star_tests') }}
left join {{ ref('be_decisions') }} as decisions using (designation, survey)
group by all
having n_steps <> 9
