{#-
    Cells on the sky.

    Declination is cut into zones as high as a cell is wide, each zone into as many cells as
    about fill it: their number follows a parabola instead of the cosine of the declination, so
    that the larger catalogue needs no trigonometry. Any two positions that lie within a radius
    of each other meet in a cell if one of them is put into all that its circle touches. Nothing
    is special at RA 0 or at the poles, where the circle takes the whole ring.

    All numbers are DOUBLE, in the same operations on both sides: a DECIMAL literal or an
    integer zone would round differently and lose pairs at the cells' borders.
-#}

{#- A number as a DOUBLE literal. -#}
{% macro double_literal(number) -%}
    {%- set digits = number | float | string -%}
    {{ digits if 'e' in digits else digits ~ 'e0' }}
{%- endmacro %}


{#- How many cells the zone with this number has, for cells of `side` degrees. -#}
{% macro sky_cells_in_zone(zone, side) -%}
    1e0 + floor(greatest(0e0, {{ double_literal(360 / side) }} * (
        1e0 - (({{ zone }} + 0.5e0) * {{ double_literal(side / 90) }} - 1e0)
        * (({{ zone }} + 0.5e0) * {{ double_literal(side / 90) }} - 1e0)
    )))
{%- endmacro %}


{#- The zone of a declination (deg). -#}
{% macro sky_zone(declination, side) -%}
    floor(({{ declination }} + 90e0) / {{ double_literal(side) }})
{%- endmacro %}


{#- The relation, every row with the number of its cell as home_cell. -#}
{% macro sky_home_cells(relation, ra, declination, side) %}
    select
        *,
        cast(
            zone * {{ double_literal(360 / side + 3) }}
            + least(floor({{ ra }} * cells_in_zone / 360e0), cells_in_zone - 1e0)
            as bigint
        ) as home_cell
    from (
        select
            *,
            {{ sky_cells_in_zone('zone', side) }} as cells_in_zone
        from (select *, {{ sky_zone(declination, side) }} as zone from {{ relation }})
    )
{% endmacro %}


{#-
    The relation, every row once for each cell that a circle around it touches, as touched_cell,
    with the box in RA and declination (in the frame of that cell: no wrap) around the circle.
    `reach` is the circle's radius in arcsec, a little enlarged here against rounding.
-#}
{% macro sky_touched_cells(relation, ra, declination, reach, side) %}
    select
        *,
        cast(
            zone * {{ double_literal(360 / side + 3) }} + step - cells_in_zone * floor(step / cells_in_zone)
            as bigint
        ) as touched_cell,
        case
            when is_ring then -1e0
            else {{ ra }} - half_width - 360e0 * floor(step / cells_in_zone)
        end as ra_low,
        case
            when is_ring then 361e0
            else {{ ra }} + half_width - 360e0 * floor(step / cells_in_zone)
        end as ra_high
    from (
        select
            *,
            cast(unnest(
                case
                    when is_ring then range(0, cast(cells_in_zone as bigint))
                    else range(cast(first_step as bigint), cast(last_step as bigint) + 1)
                end
            ) as double) as step
        from (
            select
                *,
                floor(({{ ra }} - half_width) * cells_in_zone / 360e0) as first_step,
                floor(({{ ra }} + half_width) * cells_in_zone / 360e0) as last_step,
                half_width >= 180e0 or last_step - first_step >= cells_in_zone as is_ring
            from (
                select
                    *,
                    {{ sky_cells_in_zone('zone', side) }} as cells_in_zone
                from (
                    select
                        *,
                        cast(unnest(range(
                            cast({{ sky_zone('greatest(dec_low, -90e0)', side) }} as bigint),
                            cast({{ sky_zone('least(dec_high, 90e0)', side) }} as bigint) + 1
                        )) as double) as zone
                    from (
                        select
                            *,
                            {{ declination }} - circle as dec_low,
                            {{ declination }} + circle as dec_high,
                            case
                                when abs({{ declination }}) + circle >= 90e0 then 180e0
                                else degrees(asin(least(
                                    1e0, sin(radians(circle)) / cos(radians({{ declination }}))
                                ))) + 1e-10
                            end as half_width
                        from (
                            select
                                *,
                                (({{ reach }}) * 1.00001e0 + 1e-5) / 3600e0 as circle
                            from {{ relation }}
                        )
                    )
                )
            )
        )
    )
{% endmacro %}
