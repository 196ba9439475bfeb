{#- Probability that a standard normal variable lies below z; absolute error below 1e-7
    (Abramowitz & Stegun 1964, 7.1.26: DuckDB has no error function). -#}
{% macro normal_cdf(z) -%}
    {%- set t = '(1 / (1 + 0.3275911 * abs(' ~ z ~ ') / sqrt(2)))' -%}
    (0.5 + sign({{ z }}) * (0.5 - 0.5 * exp(-pow({{ z }}, 2) / 2) * {{ t }} * (
        0.254829592 + {{ t }} * (-0.284496736 + {{ t }} * (
            1.421413741 + {{ t }} * (-1.453152027 + {{ t }} * 1.061405429))))))
{%- endmacro %}


{#- Probability that two standard normal variables of correlation rho lie below a and b: Drezner &
    Wesolowsky 1990, the integral over the correlation by Gauss-Legendre with twelve points. -#}
{% macro bivariate_normal_cdf(a, b, rho) -%}
    {%- set nodes = [
        [0.1252334085114689, 0.2491470458134028],
        [0.3678314989981802, 0.2334925365383548],
        [0.5873179542866175, 0.2031674267230659],
        [0.7699026741943047, 0.1600783285433462],
        [0.9041172563704749, 0.1069393259953184],
        [0.9815606342467193, 0.0471753363865118],
    ] -%}
    ({{ normal_cdf(a) }} * {{ normal_cdf(b) }} + asin({{ rho }}) / (4 * pi()) * (
        0
        {%- for x, weight in nodes %}
        {%- for side in ['+', '-'] %}
        {%- set s = 'sin(asin(' ~ rho ~ ') * (1 ' ~ side ~ ' ' ~ x ~ ') / 2)' %}

        + {{ weight }} * exp(
            (2 * {{ a }} * {{ b }} * {{ s }} - pow({{ a }}, 2) - pow({{ b }}, 2))
            / (2 * (1 - pow({{ s }}, 2)))
        )
        {%- endfor %}
        {%- endfor %}
    ))
{%- endmacro %}
