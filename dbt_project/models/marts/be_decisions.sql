with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

criteria as (
    {%- for step in be_steps() if step.column %}
    {% if not loop.first %}union all{% endif %}
    select
        designation,
        survey,
        {{ step.step }} as step,
        '{{ step.criterion }}' as criterion,
        '{{ step.section }}' as section,
        {{ step.quantity_sql or "'" ~ step.quantity ~ "'" }} as quantity,
        ({{ step.value }})::double as measured_value,
        '{{ step.threshold }}' as threshold,
        {{ step.column }} as is_passed,
        obsid
    from tests
    {%- endfor %}
),

decided as (
    select
        *,
        min(step) filter (where not is_passed) over (partition by survey, designation)
            as deciding_step
    from criteria
)

select
    designation,
    survey,
    step,
    criterion,
    section,
    quantity,
    measured_value,
    threshold,
    is_passed,
    coalesce(step = deciding_step, false) as is_deciding,
    obsid
from decided
