{#- The two tables of a cross-match under the names of the Gaia archive. Further arguments are
    those of crossmatch(); `left` is Gaia, or whatever stands in its place. -#}

{#- Every pair within the radius. -#}
{% macro neighbourhood(left, left_id, right, right_id, radius) %}
    {%- set matches -%}
        {{ crossmatch(left, left_id, right, right_id, radius, mode='all', **kwargs) }}
    {%- endset -%}
    select
        left_id as source_id,
        right_id as original_ext_source_id,
        angular_distance,
        {{ neighbour_score(kwargs) }} as score,
        {{ neighbour_flag(radius, kwargs) }} as xm_flag
    from ({{ matches }})
{% endmacro %}


{#- The nearest neighbour of each source of the left side. -#}
{% macro best_neighbour(left, left_id, right, right_id, radius) %}
    {%- set matches -%}
        {{ crossmatch(left, left_id, right, right_id, radius, mode='best1', **kwargs) }}
    {%- endset -%}
    select
        left_id as source_id,
        right_id as original_ext_source_id,
        angular_distance,
        {{ neighbour_flag(radius, kwargs) }} as xm_flag,
        number_of_neighbours,
        number_of_mates
    from ({{ matches }})
{% endmacro %}


{#- From 0 to 1, the higher the likelier: exp(-d^2 / 2) of the normalised distance, or without
    errors how far inside the search radius the pair lies. -#}
{% macro neighbour_score(arguments) -%}
    {%- if arguments.get('left_error') and arguments.get('right_error') -%}
        exp(-normalised_distance * normalised_distance / 2e0)
    {%- else -%}
        case when search_radius > 0e0 then 1e0 - angular_distance / search_radius else 1e0 end
    {%- endif -%}
{%- endmacro %}


{#- 0: positions as they stand; 1: moved to the other's epoch; 2: proper motion or epoch not
    known, so the radius was widened. -#}
{% macro neighbour_flag(radius, arguments) -%}
    {%- if arguments.get('epoch') is none -%}
        0
    {%- else -%}
        case when search_radius > {{ double_literal(radius) }} then 2 else 1 end
    {%- endif -%}
{%- endmacro %}
