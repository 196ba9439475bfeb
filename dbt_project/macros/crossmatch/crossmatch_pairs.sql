{#- Steps of the cross-match after its candidates: which pairs, in which order, which of them. -#}

{#-
    The candidates within their radius, with the exact separation. By chords: the arc cosine of
    a product would lose a separation of 0.006 arcsec by 9 per cent.
-#}
{% macro crossmatch_pairs(
    candidates, home, radius, moving, max_proper_motion, max_widening, annual_parallax, has_errors
) %}
    {%- set vectors -%} ({{ sky_vectors(candidates, ['left', 'right']) }}) {%- endset -%}
    {%- set widening = '0e0' -%}
    {%- if moving is not none -%}
        {%- set other = 'right' if moving == 'left' else 'left' -%}
        {%- set years = other ~ '_epoch - ' ~ moving ~ '_epoch' -%}
        {%- set vectors -%} ({{ sky_moved_vectors(vectors, moving, years) }}) {%- endset -%}
        {%- if annual_parallax -%}
            {%- set vectors -%}
                ({{ sky_seen_from_earth(vectors, moving, other ~ '_epoch') }})
            {%- endset -%}
        {%- endif -%}
        {%- set widening -%}
            least(
                case
                    when {{ moving }}_has_motion
                        then {{ moving }}_speed
                            * ({{ moving }}_epoch_slack + {{ other }}_epoch_slack)
                    else {{ double_literal(max_proper_motion) }} * (
                        abs({{ years }}) + {{ moving }}_epoch_slack + {{ other }}_epoch_slack
                    )
                end,
                {{ double_literal(max_widening) }}
            )
        {%- endset -%}
    {%- endif -%}
    select
        *,
        degrees(2e0 * asin(least(sqrt(chord2) / 2e0, 1e0))) * 3600e0 as angular_distance
    from (
        select
            *,
            delta_x * delta_x + delta_y * delta_y + delta_z * delta_z as chord2,
            least({{ double_literal(radius) }} + {{ widening }}, 648000e0) as search_radius,
            2e0 * sin(radians(search_radius / 7200e0)) as chord_limit
            {%- if has_errors %},
            {{ crossmatch_normalised_distance() }}
            {%- endif %}
        from (
            select
                *,
                left_x - right_x as delta_x,
                left_y - right_y as delta_y,
                left_z - right_z as delta_z
            from {{ vectors }}
        )
    )
    where
        (chord2 <= chord_limit * chord_limit or search_radius >= 648000e0)
        and {{ home }}_dec between -90e0 and 90e0
{% endmacro %}


{#-
    The separation in units of its error (mas): the square root of d C^-1 d, with d the
    difference in the plane that touches the sky at the right source and C the sum of both
    covariances. NULL where an error is missing.
-#}
{% macro crossmatch_normalised_distance() -%}
    degrees(cos(radians(right_ra)) * delta_y - sin(radians(right_ra)) * delta_x) * 3.6e6
    as delta_east,
    degrees(
        cos(radians(right_dec)) * delta_z
        - sin(radians(right_dec))
        * (cos(radians(right_ra)) * delta_x + sin(radians(right_ra)) * delta_y)
    ) * 3.6e6 as delta_north,
    left_ra_error * left_ra_error + right_ra_error * right_ra_error as variance_east,
    left_dec_error * left_dec_error + right_dec_error * right_dec_error as variance_north,
    left_correlation * left_ra_error * left_dec_error
    + right_correlation * right_ra_error * right_dec_error as covariance,
    sqrt(
        (
            variance_north * delta_east * delta_east
            - 2e0 * covariance * delta_east * delta_north
            + variance_east * delta_north * delta_north
        ) / nullif(greatest(variance_east * variance_north - covariance * covariance, 0e0), 0e0)
    ) as normalised_distance
{%- endmacro %}


{#-
    Counts of every pair's ambiguity and its place among the pairs of its left and of its right
    source: the nearest first, then the lower key. Only neighbours get here, the pairs whose
    normalised distance is small enough where a limit is given. One sort a side: the counts use
    the same window as the places, over its whole partition.
-#}
{% macro crossmatch_ranks(pairs, max_normalised_distance) %}
    select
        *,
        row_number() over right_pairs as right_place,
        count(*) filter (where left_place = 1) over right_pairs
        - cast(left_place = 1 as integer) as number_of_mates
    from (
        select
            *,
            {%- if max_normalised_distance is none %}
            count(*) over left_pairs as n_candidates,
            {%- endif %}
            count(*) over left_pairs as number_of_neighbours,
            row_number() over left_pairs as left_place
        from
            {%- if max_normalised_distance is none %}
            {{ pairs }}
            {%- else %}
            (
                select
                    *,
                    count(*) over (partition by left_id) as n_candidates
                from {{ pairs }}
                qualify coalesce(
                    normalised_distance <= {{ double_literal(max_normalised_distance) }}, true
                )
            )
            {%- endif %}
        window left_pairs as (
            partition by left_id order by chord2, right_id
            rows between unbounded preceding and unbounded following
        )
    )
    window right_pairs as (
        partition by right_id order by chord2, left_id
        rows between unbounded preceding and unbounded following
    )
{% endmacro %}


{#-
    One to one: the nearest pair of all is taken, then the nearest of those with neither of its
    sources, and so on. In rounds: a pair that is the nearest for both of its sources is taken
    whatever happens elsewhere, so each round takes all such pairs at once.
-#}
{% macro crossmatch_one_to_one(ranked) %}
    select left_id, right_id, chord2, left_place = 1 and right_place = 1 as is_taken
    from {{ ranked }}
    union all
    select left_id, right_id, chord2, left_place = 1 and right_place = 1 as is_taken
    from (
        select
            *,
            row_number() over (partition by left_id order by chord2, right_id) as left_place,
            row_number() over (partition by right_id order by chord2, left_id) as right_place
        from (
            select
                *,
                bool_or(is_taken) over (partition by left_id)
                or bool_or(is_taken) over (partition by right_id) as is_gone
            from xm_one_to_one
        )
        where not is_gone
    )
{% endmacro %}


{#- The matches with the sources that have none, in STILTS's words for a join. -#}
{% macro crossmatch_join(matches, left, left_id, right, right_id, join, has_errors) %}
    select
        {{ 'xm_all_left.left_id' if join in ['all1', '1or2'] else 'xm_matches.left_id' }},
        {{ 'xm_all_right.right_id' if join in ['all2', '1or2'] else 'xm_matches.right_id' }},
        angular_distance,
        coalesce(number_of_neighbours, 0) as number_of_neighbours,
        coalesce(number_of_mates, 0) as number_of_mates,
        coalesce(n_candidates, 0) as n_candidates,
        search_radius
        {%- if has_errors %},
        normalised_distance
        {%- endif %}
    from {{ matches }}
    {%- if join in ['all1', '1or2'] %}
    full join (select {{ left_id }} as left_id from {{ left }}) as xm_all_left using (left_id)
    {%- endif %}
    {%- if join in ['all2', '1or2'] %}
    full join (select {{ right_id }} as right_id from {{ right }}) as xm_all_right using (right_id)
    {%- endif %}
{% endmacro %}
