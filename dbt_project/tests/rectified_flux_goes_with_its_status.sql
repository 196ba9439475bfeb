-- A flux stands exactly where the status is ok, and holds numbers only.
{%- for grid in ['mrs_b', 'mrs_r', 'lrs_b', 'lrs_r'] %}
{% if not loop.first %}union all{% endif %}
select
    obsid,
    exposure,
    '{{ grid }}' as grid,
    status
from {{ ref('int_rectified_' ~ grid) }}
where
    (status = 'ok') <> (flux is not null)
    or not isfinite(list_sum(flux::float[]))
{%- endfor %}
