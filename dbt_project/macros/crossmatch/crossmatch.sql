{#-
    Pairs of sources that lie within a radius of each other on the sky, in plain SQL.

    Renders one complete query: a model, or the body of a CTE. What the arguments, the modes and
    the columns mean stands in crossmatch.yml; why it is exact and fast, in docs/crossmatch.md.
-#}
{% macro crossmatch(
    left,
    left_id,
    right,
    right_id,
    radius,
    mode='best1',
    epoch=none,
    right_epoch=none,
    moving='left',
    max_proper_motion=0.2,
    max_widening=5.0,
    annual_parallax=false,
    left_error=none,
    right_error=none,
    max_normalised_distance=none,
    join='1and2',
    spread=none,
    cell=none,
    stored_cell=none
) %}
    {%- set moves = epoch is not none and right_epoch is not none -%}
    {%- set spread = spread or (moving if moves else 'left') -%}
    {%- set home = 'right' if spread == 'left' else 'left' -%}
    {%- set sides = {
        'left': [left, left_id, left_error, epoch if moves else none],
        'right': [right, right_id, right_error, right_epoch if moves else none],
    } -%}
    {%- set has_errors = left_error is not none and right_error is not none -%}
    {{- crossmatch_check(
        radius, mode, epoch, right_epoch, moving, left_error, right_error,
        max_normalised_distance, join, spread, cell, stored_cell
    ) -}}
    {#- Four radii: the candidates in a dense field stay in proportion to its pairs. -#}
    {%- set side = [[stored_cell or cell or 4 * radius, 1.0] | max, 324000.0] | min / 3600 -%}
    with{% if mode == 'best' %} recursive{% endif %}

    {% if moves %}
    xm_epochs as ({{ crossmatch_epochs(left, epoch, right, right_epoch, moving) }}),
    {% endif %}

    {#- The side that moves first: the other may have to reach as far. -#}
    {% for side in ([moving, 'left', 'right'] | unique) %}
    xm_{{ side }} as ({{ crossmatch_sources(
        side, sides[side], radius, moving, spread, max_proper_motion, max_widening,
        annual_parallax, stored_cell
    ) }}),

    {% endfor %}
    xm_home as ({{ sky_home_cells(
        'xm_' ~ home, home ~ '_search_ra', home ~ '_search_dec', side,
        home ~ '_stored_cell' if stored_cell else none
    ) }}),

    xm_spread as ({{ sky_touched_cells(
        'xm_' ~ spread, spread ~ '_search_ra', spread ~ '_search_dec', spread ~ '_reach', side
    ) }}),

    xm_candidates as (
        select *
        from xm_home
        inner join xm_spread
            on xm_home.home_cell = xm_spread.touched_cell
            and xm_home.home_dec >= xm_spread.dec_low
            and xm_home.home_dec <= xm_spread.dec_high
            and xm_home.home_turn >= xm_spread.turn_low
            and xm_home.home_turn <= xm_spread.turn_high
    ),

    xm_pairs as ({{ crossmatch_pairs(
        'xm_candidates', home, radius, moving if moves else none, max_proper_motion, max_widening,
        annual_parallax, has_errors
    ) }}),

    xm_ranked as ({{ crossmatch_ranks('xm_pairs', max_normalised_distance) }}),

    {% if mode == 'best' %}
    xm_one_to_one as ({{ crossmatch_one_to_one('xm_ranked') }}),
    {% endif %}

    xm_matches as (
        select
            left_id,
            right_id,
            angular_distance,
            number_of_neighbours,
            number_of_mates,
            n_candidates,
            search_radius
            {%- if has_errors %},
            normalised_distance
            {%- endif %}
        from xm_ranked
        where {{ {
            'all': 'true',
            'best': '(left_id, right_id) in (select (left_id, right_id) from xm_one_to_one where is_taken)',
            'best1': 'left_place = 1',
            'best2': 'right_place = 1',
            'symmetric': 'left_place = 1 and right_place = 1',
        }[mode] }}
    )

    {% if join == '1and2' -%}
    select * from xm_matches
    {%- else -%}
    {{ crossmatch_join('xm_matches', left, left_id, right, right_id, join, has_errors) }}
    {%- endif %}
{% endmacro %}
