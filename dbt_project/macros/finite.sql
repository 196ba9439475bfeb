{#- A number, or NULL where it is NaN or infinite. -#}
{% macro finite(column) %}case when isfinite({{ column }}) then {{ column }} end{% endmacro %}
