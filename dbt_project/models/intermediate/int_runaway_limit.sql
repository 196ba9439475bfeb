{#- Where f(v) = a v^2 exp(-v^2/b^2) has fallen, beyond its peak at v = b, to a fraction of the
    peak (Wang+2022, section 6.2). With x = (v/b)^2 that is x exp(1 - x) = fraction, solved by
    x <- 1 - ln(fraction) + ln(x), which converges for every x > 1. -#}

with recursive

iteration as (
    select
        0 as n,
        10.0::double as x
    union all
    select
        n + 1 as n,
        1 - ln({{ var('runaway_peak_fraction') }}) + ln(x) as x
    from iteration
    where n < 60
)

select
    {{ var('maxwellian_b') }}::double as b,
    {{ var('maxwellian_b') }} * sqrt(max_by(x, n)) as v_tp_limit
from iteration
