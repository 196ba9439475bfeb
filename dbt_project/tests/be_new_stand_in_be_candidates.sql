-- A new Be star was a candidate first, in the same survey and by the same spectrum.
select new_stars.*
from {{ ref('be_new') }} as new_stars
left join {{ ref('be_candidates') }} as candidates using (designation, survey)
where candidates.obsid is distinct from new_stars.obsid
