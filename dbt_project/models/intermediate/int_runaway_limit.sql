{#- Where f(v) = a v^2 exp(-v^2/b^2) has fallen, beyond its peak at v = b, to a fraction of the
    peak (Wang+2022, section 6.2). With x = (v/b)^2 that is x exp(1 - x) = fraction, solved by
    x <- 1 - ln(fraction) + ln(x), which converges for every x > 1.

    b is the published one, or that of the Be stars found here: of all b the one whose f, scaled
    by its best a, leaves the least squares in the histogram of their velocities. The fit is made
    twice, the second time without the runaways of the first. -#}
{%- set width = var('maxwellian_bin') %}

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
),

factors as (
    select sqrt(max_by(x, n)) as limit_in_b from iteration
),

-- a star seen by both surveys counts once
speeds as (
    select
        designation,
        any_value(v_tp) as v
    from {{ ref('int_be_selection') }}
    where is_classical_be and passes_ruwe and v_tp is not null
    group by all
),

-- the median of a Maxwellian is 1.088 b: a start that outliers cannot move
start as (
    select
        median(v) / 1.088 as b,
        count(*) as n_stars
    from speeds
),

{% for name, before in [('first', 'start'), ('second', 'first')] %}
{{ name }}_bins as (
    select
        factors.limit_in_b * {{ before }}.b as v_max,
        unnest(range(coalesce(ceil(1.2 * v_max / {{ width }}), 0)::bigint)) as n
    from {{ before }}
    cross join factors
),

{{ name }}_histogram as (
    select
        (bins.n + 0.5) * {{ width }} as v,
        count(speeds.v) as n_stars
    from {{ name }}_bins as bins
    left join speeds
        on
            bins.n = floor(speeds.v / {{ width }})
            {% if before != 'start' %}
            and bins.v_max >= speeds.v
            {% endif %}
    group by all
),

{% for step, around, span in [('coarse', before, 0.01), ('fine', name ~ '_coarse', 0.0001)] %}
{{ name }}_{{ step }} as (
    select arg_max(trial, explained) as b
    from (
        select
            trial,
            pow(sum(n_stars * f), 2) / sum(f * f) as explained
        from (
            select
                {{ around }}.b * exp({{ span }} * steps.n) as trial,
                histogram.n_stars,
                pow(histogram.v, 2) * exp(-pow(histogram.v / trial, 2)) as f
            from {{ around }}
            cross join (select unnest(range(-100, 101)) as n) as steps
            cross join {{ name }}_histogram as histogram
        )
        group by all
    )
),

{% endfor %}
{{ name }} as (
    select b from {{ name }}_fine
),

{% endfor %}
samples as (
    select
        start.n_stars,
        case when start.n_stars >= {{ var('maxwellian_stars_min') }} then second.b end
            as sample_b
    from start
    cross join second
),

chosen as (
    select
        *,
        {{ var('maxwellian_b') }}::double as published_b,
        {% if var('maxwellian_from') == 'sample' -%}
        coalesce(sample_b, published_b) as b,
        case when sample_b is null then 'published' else 'sample' end as origin
        {%- else -%}
        published_b as b,
        'published' as origin
        {%- endif %}
    from samples
)

select
    chosen.b,
    chosen.b * factors.limit_in_b as v_tp_limit,
    chosen.origin,
    chosen.published_b,
    chosen.sample_b,
    chosen.sample_b * factors.limit_in_b as sample_v_tp_limit,
    chosen.n_stars
from chosen
cross join factors
