{#- One row a star and survey: one boolean and one measured value a criterion. The catalogues, the
    funnel and the ledger all read this row. -#}

with

selection as (
    select * from {{ ref('int_be_selection') }}
),

limits as (
    select v_tp_limit from {{ ref('int_runaway_limit') }}
)

select
    selection.*,
    limits.v_tp_limit,
    coalesce(selection.v_tp > limits.v_tp_limit, false) as passes_v_tp,
    selection.is_classical_be and selection.passes_ruwe and passes_v_tp as is_runaway,
    {{ normal_cdf('((v_tp - v_tp_limit) / v_tp_error)') }} as runaway_probability
from selection
cross join limits
