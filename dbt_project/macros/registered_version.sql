{#- Version of the model in use, as text while dbt compiles; 'none' where there is no such model. -#}
{% macro registered_version(name) -%}
    {%- if execute -%}
        {%- set found = run_query("select coalesce(model_version('" ~ name ~ "'), 'none')") -%}
        {{- found.rows[0][0] -}}
    {%- else -%}
        none
    {%- endif -%}
{%- endmacro %}
