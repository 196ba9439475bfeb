{#-
    Unit vector of a source at another epoch.

    The vector moves along its proper motion in the tangent plane and is renormalised, so that
    nothing is special at the poles or at RA 0; a NULL proper motion or epoch leaves it where it
    is. `years` is an expression: how far to move.
-#}
{% macro moved_sources(relation, id, years, has_proper_motion) %}
    select
        {{ id }} as id,
        {% if has_proper_motion %}
            x0 + dx as mx,
            y0 + dy as my,
            z0 + dz as mz,
            sqrt(mx * mx + my * my + mz * mz) as length,
            mx / length as x,
            my / length as y,
            mz / length as z
        {% else %}
            x0 as x,
            y0 as y,
            z0 as z
        {% endif %}
    from (
        select
            *,
            cos(radians("dec")) * cos(radians(ra)) as x0,
            cos(radians("dec")) * sin(radians(ra)) as y0,
            sin(radians("dec")) as z0
            {% if has_proper_motion %}
                ,
                radians(coalesce(pmra, 0) / 3.6e6) * coalesce({{ years }}, 0) as east,
                radians(coalesce(pmdec, 0) / 3.6e6) * coalesce({{ years }}, 0) as north,
                -sin(radians(ra)) * east - sin(radians("dec")) * cos(radians(ra)) * north as dx,
                cos(radians(ra)) * east - sin(radians("dec")) * sin(radians(ra)) * north as dy,
                cos(radians("dec")) * north as dz
            {% endif %}
        from {{ relation }}
        where isfinite(ra) and isfinite("dec")
    )
{% endmacro %}


{#-
    Pairs of sources closer than a radius on the sky, in plain SQL.

    Every source is a unit vector; space is cut into cubes, the left source stands in every cube
    that its search sphere touches, the right one in its own, and the cubes join by equality: a
    hash join, exact, without a special case anywhere on the sky.

    left, right              relations or CTEs with ra, dec (deg) and, where left_years or
                             right_years is given, pmra, pmdec (mas/yr)
    left_id, right_id        their keys
    radius                   arcsec
    mode                     'all': every pair; 'best': the nearest right source of each left one
    left_years, right_years  expressions: years to move each side along its proper motion

    Columns: left_id, right_id, angular_distance (arcsec), number_of_neighbours (right sources
    within the radius of the left one), number_of_mates (left sources with the same best match).
-#}
{% macro crossmatch(
    left, left_id, right, right_id, radius, mode='best', left_years=none, right_years=none
) %}
    {%- set reach = radius / 206264.80624709636 * 1.000001 + 1e-15 -%}
    {%- set side = [reach * 40, 0.0005] | max -%}
    with

    left_sources as ({{ moved_sources(left, left_id, left_years, left_years is not none) }}),

    right_sources as ({{ moved_sources(right, right_id, right_years, right_years is not none) }}),

    left_x as (
        select
            *,
            unnest(range(
                floor((x - {{ reach }}) / {{ side }})::bigint,
                floor((x + {{ reach }}) / {{ side }})::bigint + 1
            )) as cell_x
        from left_sources
    ),

    left_y as (
        select
            *,
            unnest(range(
                floor((y - {{ reach }}) / {{ side }})::bigint,
                floor((y + {{ reach }}) / {{ side }})::bigint + 1
            )) as cell_y
        from left_x
    ),

    left_cells as (
        select
            *,
            unnest(range(
                floor((z - {{ reach }}) / {{ side }})::bigint,
                floor((z + {{ reach }}) / {{ side }})::bigint + 1
            )) as cell_z
        from left_y
    ),

    right_cells as (
        select
            *,
            floor(x / {{ side }})::bigint as cell_x,
            floor(y / {{ side }})::bigint as cell_y,
            floor(z / {{ side }})::bigint as cell_z
        from right_sources
    ),

    pairs as (
        select
            left_cells.id as left_id,
            right_cells.id as right_id,
            pow(left_cells.x - right_cells.x, 2)
            + pow(left_cells.y - right_cells.y, 2)
            + pow(left_cells.z - right_cells.z, 2) as chord2
        from left_cells
        inner join right_cells using (cell_x, cell_y, cell_z)
        where chord2 <= pow(2 * sin(radians({{ radius }} / 3600.0) / 2), 2)
    ),

    ranked as (
        select
            left_id,
            right_id,
            chord2,
            degrees(2 * asin(least(sqrt(chord2) / 2, 1.0))) * 3600 as angular_distance,
            count(*) over (partition by left_id) as number_of_neighbours,
            row_number() over (partition by left_id order by chord2, right_id) as place
        from pairs
    )

    select
        left_id,
        right_id,
        angular_distance,
        number_of_neighbours,
        count(*) over (partition by right_id) as number_of_mates
    from ranked
    {% if mode == 'best' %} where place = 1 {% endif %}
{% endmacro %}
