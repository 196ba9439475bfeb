{#-
    Sources at other epochs.

    A star moves straight on: its unit vector at the catalogue's epoch plus proper motion times
    years in the tangent plane, brought back to unit length. This is the standard model of
    uniform space motion (ESA 1997, The Hipparcos and Tycho Catalogues, volume 1, section 1.5.5).
-#}

{#- Julian year of a Julian date. -#}
{% macro julian_year(julian_date) -%}
    (2000e0 + ({{ julian_date }} - 2451545e0) / 365.25e0)
{%- endmacro %}


{#-
    The relation with the unit vectors of its positions (deg) as <prefix>_x, _y, _z. The same
    place has the same vector to the last bit: RA 0 is RA 360, and a pole has no RA.
-#}
{% macro sky_vectors(relation, prefixes) %}
    select
        *
        {%- for prefix in prefixes %},
        cos_{{ prefix }} * cos(ra_{{ prefix }}) as {{ prefix }}_x,
        cos_{{ prefix }} * sin(ra_{{ prefix }}) as {{ prefix }}_y,
        sin(radians({{ prefix }}_dec)) as {{ prefix }}_z
        {%- endfor %}
    from (
        select
            *
            {%- for prefix in prefixes %},
            radians({{ prefix }}_ra - 360e0 * floor({{ prefix }}_ra / 360e0)) as ra_{{ prefix }},
            case
                when abs({{ prefix }}_dec) < 90e0 then cos(radians({{ prefix }}_dec)) else 0e0
            end as cos_{{ prefix }}
            {%- endfor %}
        from {{ relation }}
    )
{% endmacro %}


{#-
    The relation with the unit vector <prefix>_x, _y, _z moved on along <prefix>_pmra, _pmdec
    (mas/yr; with cos(dec)) by `years`. A source without motion keeps its vector to the last bit.
-#}
{% macro sky_moved_vectors(relation, prefix, years) %}
    select
        * exclude (step_east, step_north, shrink)
        replace (
            shrink * (
                {{ prefix }}_x - step_east * sin(radians({{ prefix }}_ra))
                - step_north * sin(radians({{ prefix }}_dec)) * cos(radians({{ prefix }}_ra))
            ) as {{ prefix }}_x,
            shrink * (
                {{ prefix }}_y + step_east * cos(radians({{ prefix }}_ra))
                - step_north * sin(radians({{ prefix }}_dec)) * sin(radians({{ prefix }}_ra))
            ) as {{ prefix }}_y,
            shrink * (
                {{ prefix }}_z + step_north * cos(radians({{ prefix }}_dec))
            ) as {{ prefix }}_z
        )
    from (
        select
            *,
            1e0 / sqrt(1e0 + step_east * step_east + step_north * step_north) as shrink
        from (
            select
                *,
                radians({{ prefix }}_pmra / 3.6e6) * ({{ years }}) as step_east,
                radians({{ prefix }}_pmdec / 3.6e6) * ({{ years }}) as step_north
            from {{ relation }}
        )
    )
{% endmacro %}


{#-
    The relation with the unit vector <prefix>_x, _y, _z as seen from the Earth in the Julian
    year `at` instead of from the Sun, with <prefix>_parallax (mas). The Earth's place is that
    of the Astronomical Almanac's low-precision Sun (equinox J2000), good to 0.01 au with the
    Sun's own way around the barycentre: 0.01 parallaxes.
-#}
{% macro sky_seen_from_earth(relation, prefix, at) %}
    select
        * exclude (anomaly, longitude, distance, obliquity, seen_x, seen_y, seen_z)
        replace (
            seen_x / sqrt(seen_x * seen_x + seen_y * seen_y + seen_z * seen_z) as {{ prefix }}_x,
            seen_y / sqrt(seen_x * seen_x + seen_y * seen_y + seen_z * seen_z) as {{ prefix }}_y,
            seen_z / sqrt(seen_x * seen_x + seen_y * seen_y + seen_z * seen_z) as {{ prefix }}_z
        )
    from (
        select
            *,
            {{ prefix }}_x + radians({{ prefix }}_parallax / 3.6e6)
            * distance * cos(longitude) as seen_x,
            {{ prefix }}_y + radians({{ prefix }}_parallax / 3.6e6)
            * distance * sin(longitude) * cos(obliquity) as seen_y,
            {{ prefix }}_z + radians({{ prefix }}_parallax / 3.6e6)
            * distance * sin(longitude) * sin(obliquity) as seen_z
        from (
            select
                *,
                -- The Sun from the Earth: the star is displaced towards it.
                radians(
                    280.460e0 + 359.99371e0 * ({{ at }} - 2000e0)
                    + 1.915e0 * sin(anomaly) + 0.020e0 * sin(2 * anomaly)
                ) as longitude,
                1.00014e0 - 0.01671e0 * cos(anomaly) - 0.00014e0 * cos(2 * anomaly) as distance,
                radians(23.4393e0) as obliquity
            from (
                select
                    *,
                    radians(357.528e0 + 359.99050e0 * ({{ at }} - 2000e0)) as anomaly
                from {{ relation }}
            )
        )
    )
{% endmacro %}


{#-
    A relation's sources as they are after `years` (an expression): all its columns with ra, dec,
    pmra, pmdec replaced, and pmr, the radial proper motion (mas/yr: radial velocity in km/s
    times parallax in mas / 4.74047). `radial` is the expression of the relation's own pmr; the
    way back with the pmr that came out is exact. Sources without proper motion stay.
-#}
{% macro at_epoch(relation, years, radial='0e0') %}
    {#- What the direction is along each axis: position, east and north of it. -#}
    {%- set axes = {
        'x': ['cos(at_dec) * cos(at_ra)', '-sin(at_ra)', '-sin(at_dec) * cos(at_ra)'],
        'y': ['cos(at_dec) * sin(at_ra)', 'cos(at_ra)', '-sin(at_dec) * sin(at_ra)'],
        'z': ['sin(at_dec)', '0e0', 'cos(at_dec)'],
    } -%}
    select
        * exclude (
            at_years, at_ra, at_dec, at_pmra, at_pmdec, at_pmr, at_stretch, at_length, at_pmr_new,
            at_x, at_y, at_z, speed_x, speed_y, speed_z, at_ra_new, at_dec_new, at_is_known
            {{- ', pmr' if radial == 'pmr' }}
        )
        replace (
            degrees(at_ra_new) - 360e0 * floor(degrees(at_ra_new) / 360e0) as ra,
            degrees(at_dec_new) as "dec",
            case
                when at_is_known
                    then 3.6e6 * degrees(cos(at_ra_new) * speed_y - sin(at_ra_new) * speed_x)
            end as pmra,
            case
                when at_is_known
                    then 3.6e6 * degrees(
                        cos(at_dec_new) * speed_z
                        - sin(at_dec_new) * (cos(at_ra_new) * speed_x + sin(at_ra_new) * speed_y)
                    )
            end as pmdec
        ),
        3.6e6 * degrees(at_pmr_new) as pmr
    from (
        select
            *,
            {%- for axis, (towards, east, north) in axes.items() %}
            (
                {{ towards }} * at_pmr + {{ east }} * at_pmra + {{ north }} * at_pmdec
            ) / at_length - at_pmr_new * at_{{ axis }} as speed_{{ axis }},
            {%- endfor %}
            atan2(at_y, at_x) as at_ra_new,
            atan2(at_z, sqrt(at_x * at_x + at_y * at_y)) as at_dec_new
        from (
            select
                *,
                (
                    at_pmr * at_stretch + (at_pmra * at_pmra + at_pmdec * at_pmdec) * at_years
                ) / (at_length * at_length) as at_pmr_new
                {%- for axis, (towards, east, north) in axes.items() %},
                (
                    {{ towards }} * at_stretch
                    + ({{ east }} * at_pmra + {{ north }} * at_pmdec) * at_years
                ) / at_length as at_{{ axis }}
                {%- endfor %}
            from (
                select
                    *,
                    sqrt(
                        at_stretch * at_stretch
                        + (at_pmra * at_pmra + at_pmdec * at_pmdec) * at_years * at_years
                    ) as at_length
                from (
                    select
                        *,
                        1e0 + at_pmr * at_years as at_stretch
                    from (
                        select
                            *,
                            cast({{ years }} as double) as at_years,
                            radians(cast(ra as double)) as at_ra,
                            radians(cast("dec" as double)) as at_dec,
                            isfinite(cast(pmra as double)) and isfinite(cast(pmdec as double))
                            as at_is_known,
                            case when at_is_known then radians(pmra / 3.6e6) else 0e0 end
                            as at_pmra,
                            case when at_is_known then radians(pmdec / 3.6e6) else 0e0 end
                            as at_pmdec,
                            case
                                when at_is_known and isfinite(cast({{ radial }} as double))
                                    then radians({{ radial }} / 3.6e6)
                                else 0e0
                            end as at_pmr
                        from {{ relation }}
                    )
                )
            )
        )
    )
{% endmacro %}
