{#- One clear message where there is no raw layer, instead of one error a staging model. -#}
{% macro check_initialised() %}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- set found = run_query(
            "select count(*) from information_schema.tables where table_schema = 'raw'"
        ) -%}
        {%- if found.rows[0][0] == 0 -%}
            {{ exceptions.raise_compiler_error(
                'no raw tables in this warehouse: run `hotstars init` first, or say where it is '
                ~ 'with HOTSTARS_HOME or HOTSTARS_DATABASE'
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
