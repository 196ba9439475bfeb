-- Wang+2022, section 6.1: only Be stars of good astrometry are looked for in clusters.
select members.*
from {{ ref('be_cluster_members') }} as members
left join {{ ref('int_be_star_tests') }} as tests using (designation, survey)
where not coalesce(tests.is_classical_be and tests.passes_ruwe, false)
