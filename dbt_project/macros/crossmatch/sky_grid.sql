{#-
    Cells on the sky.

    Declination is cut into zones as high as a cell is wide, the right ascension of each zone
    into as many cells as about fill it: their number follows a parabola instead of the cosine
    of the declination, so that the larger table needs no trigonometry, only a dozen
    multiplications a row. Any two positions within a radius of each other meet in a cell if one
    of them is put into all cells that its circle touches. Nothing is special at RA 0, where a
    circle is cut in two, or at the poles, where it takes the whole ring.

    Right ascension is counted in turns, from 0 to 1, and the last cell of a ring is as narrow
    as it comes. All numbers are DOUBLE, in the same operations on both sides: a DECIMAL literal
    or an integer zone would round differently and lose pairs at the cells' borders.
-#}

{#- A number as a DOUBLE literal. -#}
{% macro double_literal(number) -%}
    {%- set digits = number | float | string -%}
    {{ digits if 'e' in digits else digits ~ 'e0' }}
{%- endmacro %}


{#- Right ascension (deg) in turns from 0 to 1. -#}
{% macro sky_turn(ra) -%}
    {{ ra }} / 360e0 - floor({{ ra }} / 360e0)
{%- endmacro %}


{#- Number of the zone of a declination (deg), for cells of `side` degrees. -#}
{% macro sky_zone(declination, side) -%}
    floor({{ declination }} * {{ double_literal(1 / side) }} + {{ double_literal(90 / side) }})
{%- endmacro %}


{#- How many cells, with the fraction of the last one, this zone has. At a pole still two. -#}
{% macro sky_ring(zone, side) -%}
    {{ double_literal(360 / side + 6) }} - {{ double_literal(side / 22.5) }}
    * ({{ zone }} - {{ double_literal(90 / side - 0.5) }})
    * ({{ zone }} - {{ double_literal(90 / side - 0.5) }})
{%- endmacro %}


{#- One number for a zone and a cell in it. -#}
{% macro sky_cell(zone, step, side) -%}
    try_cast({{ zone }} * {{ double_literal((360 / side) | round(0, 'ceil') + 8) }} + {{ step }} as bigint)
{%- endmacro %}


{#- Name of the column in which a table keeps its cells of so many arcsec. -#}
{% macro sky_cell_column(cell) -%}
    sky_cell_{{ cell | float | string | replace('.', '_') }}
{%- endmacro %}


{#-
    A relation with ra and dec (deg) and the cells of its rows, in the order of the cells: a
    table made of it is matched again and again in a part of the time (`stored_cell` of
    crossmatch()). `cell` in arcsec; four times the usual radius is a good side.
-#}
{% macro with_sky_cell(relation, cell) %}
    {%- set side = cell / 3600 -%}
    {%- set column = sky_cell_column(cell) -%}
    with

    sources as (
        select
            *,
            cast(ra as double) as cell_ra,
            cast("dec" as double) as cell_dec
        from {{ relation }}
    ),

    cells as ({{ sky_home_cells('sources', 'cell_ra', 'cell_dec', side) }})

    select
        * exclude (cell_ra, cell_dec, home_turn, home_dec, home_zone, home_ring, home_cell),
        home_cell as {{ column }}
    from cells
    order by {{ column }}
{% endmacro %}


{#- The relation, every row with its cell as home_cell, NULL for a place that is none. -#}
{% macro sky_home_cells(relation, ra, declination, side, stored=none) %}
    with

    zones as (
        select
            *,
            {{ sky_turn(ra) }} as home_turn,
            {{ declination }} as home_dec
            {%- if stored is none %},
            {{ sky_zone(declination, side) }} as home_zone
            {%- endif %}
        from {{ relation }}
    ){% if stored is none %},

    rings as (
        select
            *,
            {{ sky_ring('home_zone', side) }} as home_ring
        from zones
    )
    {% endif %}

    select
        *,
        {% if stored is none -%}
        {{ sky_cell('home_zone', 'floor(home_turn * home_ring)', side) }} as home_cell
        {%- else -%}
        {{ stored }} as home_cell
        {%- endif %}
    from {{ 'rings' if stored is none else 'zones' }}
{% endmacro %}


{#-
    The relation, every row once for each cell that a circle around it touches, as touched_cell,
    with the box around the circle: dec_low to dec_high, turn_low to turn_high. `reach` is the
    circle's radius in arcsec, enlarged here a little against rounding.
-#}
{% macro sky_touched_cells(relation, ra, declination, reach, side) %}
    {#- Steps from here on belong to the part of a circle that lies beyond RA 0. -#}
    {%- set beyond = '1099511627776' -%}
    with

    circles as (
        select
            *,
            {{ sky_turn(ra) }} as turn,
            (({{ reach }}) * 1.00001e0 + 1e-5) / 3600e0 as circle
        from {{ relation }}
    ),

    boxes as (
        select
            *,
            {{ declination }} - circle as dec_low,
            {{ declination }} + circle as dec_high,
            case
                when abs({{ declination }}) + circle < 90e0
                    then 1e-12 + asin(least(
                        sin(radians(circle)) / cos(radians({{ declination }})), 1e0
                    )) / radians(360e0)
                else 1e0
            end as half_turn
        from circles
    ),

    zones as (
        select
            *,
            -- Almost half the ring on either hand: the whole ring.
            case when half_turn < 0.4999e0 then turn - half_turn else 0e0 end as first_turn,
            case when half_turn < 0.4999e0 then turn + half_turn else 1e0 end as last_turn,
            cast(unnest(range(
                cast({{ sky_zone('greatest(dec_low, -90e0)', side) }} as bigint),
                cast({{ sky_zone('least(dec_high, 90e0)', side) }} as bigint) + 1
            )) as double) as zone
        from boxes
    ),

    rings as (
        select
            *,
            {{ sky_ring('zone', side) }} as ring
        from zones
    ),

    steps as (
        select
            *,
            unnest(case
                when first_turn < 0e0
                    then list_concat(
                        range(0, cast(floor(last_turn * ring) as bigint) + 1),
                        range(
                            cast(floor((first_turn + 1e0) * ring) as bigint) + {{ beyond }},
                            cast(floor(ring) as bigint) + {{ beyond }} + 1
                        )
                    )
                when last_turn > 1e0
                    then list_concat(
                        range(
                            cast(floor(first_turn * ring) as bigint),
                            cast(floor(ring) as bigint) + 1
                        ),
                        range(
                            {{ beyond }},
                            cast(floor((last_turn - 1e0) * ring) as bigint) + {{ beyond }} + 1
                        )
                    )
                else range(
                    cast(floor(first_turn * ring) as bigint),
                    cast(floor(last_turn * ring) as bigint) + 1
                )
            end) as step
        from rings
    ),

    parts as (
        select
            *,
            case
                when step < {{ beyond }} then 0e0
                when first_turn < 0e0 then 1e0
                else -1e0
            end as shift,
            case when shift = 0e0 then step else step - {{ beyond }} end as cell_of_ring
        from steps
    )

    select
        *,
        first_turn + shift as turn_low,
        last_turn + shift as turn_high,
        {{ sky_cell('zone', 'cell_of_ring', side) }} as touched_cell
    from parts
{% endmacro %}
