{#- Galactic coordinates (deg) and proper motion (mas/yr) of a relation with ra, dec, pmra, pmdec.
    Pole and node of the Hipparcos convention (Wang+2022, section 6.2). -#}
{% macro galactic(relation, pole_ra) %}
    select
        *,
        radians({{ pole_ra }}) as pole_ra,
        radians({{ var('galactic_pole_dec') }}) as pole_dec,
        sin(radians("dec")) * sin(pole_dec)
        + cos(radians("dec")) * cos(pole_dec) * cos(radians(ra) - pole_ra) as sin_b,
        degrees(asin(greatest(-1, least(1, sin_b)))) as b,
        degrees(atan2(
            sin(radians("dec")) * cos(pole_dec)
            - cos(radians("dec")) * sin(pole_dec) * cos(radians(ra) - pole_ra),
            cos(radians("dec")) * sin(radians(ra) - pole_ra)
        )) + {{ var('galactic_node_l') }} as l_unwrapped,
        l_unwrapped - 360 * floor(l_unwrapped / 360) as l,
        sin(pole_dec) * cos(radians("dec"))
        - cos(pole_dec) * sin(radians("dec")) * cos(radians(ra) - pole_ra) as turn_cos,
        cos(pole_dec) * sin(radians(ra) - pole_ra) as turn_sin,
        sqrt(turn_cos * turn_cos + turn_sin * turn_sin) as turn,
        (turn_cos * pmra + turn_sin * pmdec) / turn as pml,
        (-turn_sin * pmra + turn_cos * pmdec) / turn as pmb
    from {{ relation }}
{% endmacro %}


{#- Peculiar tangential velocity components (km/s) from l, b, pml, pmb and parallax: the observed
    motion less the Sun's and less the Galaxy's (Moffat+1998, 1999; flat curve). Expressions, so
    that the error can be propagated by asking again a little beside. -#}
{% macro tangential(component, parallax, pml, pmb) %}
    {%- set r0 = var('sun_galactocentric_distance') -%}
    {%- set vc = var('circular_velocity') -%}
    {%- set u = var('solar_motion')[0] -%}
    {%- set v = var('solar_motion')[1] -%}
    {%- set w = var('solar_motion')[2] -%}
    {%- set radius -%}
        sqrt({{ r0 }} * {{ r0 }} + pow(cos_b / ({{ parallax }}), 2)
            - 2 * {{ r0 }} * cos_b / ({{ parallax }}) * cos_l)
    {%- endset -%}
    {%- set shear = '(' ~ vc ~ ' / ' ~ radius ~ ' - ' ~ vc / r0 ~ ')' -%}
    {%- if component == 'l' -%}
        (4.74047 * ({{ pml }}) / ({{ parallax }})
            - ({{ u }} * sin_l - {{ v }} * cos_l)
            - ({{ r0 }} * {{ shear }} * cos_l
                - {{ vc }} / {{ radius }} * cos_b / ({{ parallax }})))
    {%- else -%}
        (4.74047 * ({{ pmb }}) / ({{ parallax }})
            - ({{ u }} * cos_l * sin_b + {{ v }} * sin_l * sin_b - {{ w }} * cos_b)
            + {{ r0 }} * {{ shear }} * sin_l * sin_b)
    {%- endif -%}
{% endmacro %}


{% macro v_tp(parallax='parallax', pml='pml', pmb='pmb') -%}
    sqrt(
        pow({{ tangential('l', parallax, pml, pmb) }}, 2)
        + pow({{ tangential('b', parallax, pml, pmb) }}, 2)
    )
{%- endmacro %}
