with

stars as (
    select * from {{ ref('int_stars') }}
)

select
    designation,
    any_value(ra order by survey) as ra,
    any_value("dec" order by survey) as "dec"
from stars
group by all
