-- Wang+2022, section 6.1: RUWE above the limit is left out; a distance needs a positive parallax.
select *
from {{ ref('be_kinematics') }}
where ruwe is null or ruwe > {{ var('ruwe_max') }} or parallax is null or parallax <= 0
