{#- Version of the model in use, as text while dbt compiles; 'none' where there is no such model. -#}
{% macro registered_version(name) -%}
    {%- if execute -%}
        {%- set found = run_query("select coalesce(model_version('" ~ name ~ "'), 'none')") -%}
        {{- found.rows[0][0] -}}
    {%- else -%}
        none
    {%- endif -%}
{%- endmacro %}


{#- Versions of the models in use, of one name or of a list of them, with spaces between. -#}
{% macro registered_versions(names) -%}
    {%- set found = [] -%}
    {%- for name in ([names] if names is string else names) -%}
        {%- do found.append(registered_version(name)) -%}
    {%- endfor -%}
    {{- found | join(' ') -}}
{%- endmacro %}
