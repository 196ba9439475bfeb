with

observations as (
    select * from {{ ref('stg_lamost__observations') }}
)

select
    survey,
    designation,
    arg_max(ra, (coalesce(snr_r, -1), obsid)) as ra,
    arg_max("dec", (coalesce(snr_r, -1), obsid)) as "dec",
    count(*) as n_visits,
    min(mjd) as mjd_min,
    max(mjd) as mjd_max
from observations
group by all
