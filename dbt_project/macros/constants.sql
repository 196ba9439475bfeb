{#- Rows of a file in constants/: tables of published numbers, too long for vars. They are read when
    a model is built, so that `dbt run` alone is enough; udfs.plugin says where they lie. -#}
{% macro constants(file, columns) -%}
    read_csv(
        getvariable('hotstars_constants') || '/{{ file }}.csv',
        header = true,
        columns = {{ columns }}
    )
{%- endmacro %}
