{#-
    A table that grows by committed chunks: `materialized='resumable'`.

    The model's SQL returns the next rows that its own table lacks, at most a chunk of them (the
    macro `pending` writes that part). They are inserted, committed, and the SQL runs again until
    it returns nothing. So a run that is killed loses one chunk, a second run does nothing, new
    spectra cost only themselves, and memory holds one chunk, whatever the size of the survey.

    config:
        key         columns that tell rows apart
        version     text that names what the rows depend on; rows of another version are removed
                    and computed anew (column `version` of the table)
        registered_model
                    name of a trained model, or several; the versions in use are added to
                    `version`
-#}
{% materialization resumable, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set version = config.require('version') -%}
    {#- What stands in config() is fixed while dbt parses; the model in use is asked for now. -#}
    {%- if config.get('registered_model') -%}
        {%- set version = version ~ ' ' ~ registered_versions(config.get('registered_model')) -%}
    {%- endif -%}
    {%- set fresh = target.incorporate(path={'identifier': this.identifier ~ '__fresh'}) -%}

    {% if existing is not none and (existing.is_view or should_full_refresh()) %}
        {% do adapter.drop_relation(existing) %}
        {% set existing = none %}
    {% endif %}

    {#- dbt holds a transaction open around a model: this ends it and opens the next. -#}
    {%- set keep = 'commit; begin transaction' -%}

    {#- The empty table that the SQL would fill: the keys alone stand in while it is planned. -#}
    {% set stub = existing is none %}
    {% if stub %}
        {% do run_query(
            'create or replace table ' ~ target
            ~ ' as select null::bigint as ' ~ config.require('key') | join(', null::bigint as ')
            ~ ", null::varchar as version limit 0"
        ) %}
    {% endif %}
    {% do run_query('create or replace table ' ~ fresh ~ ' as select * from (' ~ sql ~ ') limit 0') %}
    {% set wanted = adapter.get_columns_in_relation(fresh) | map(attribute='name') | list %}
    {% set had = adapter.get_columns_in_relation(target) | map(attribute='name') | list %}
    {% if stub or wanted != had %}
        {% do run_query(
            'drop table ' ~ target ~ '; alter table ' ~ fresh
            ~ ' rename to "' ~ this.identifier ~ '"'
        ) %}
    {% else %}
        {% do run_query('drop table ' ~ fresh) %}
        {% do run_query(
            'delete from ' ~ target ~ " where version is distinct from '" ~ version ~ "'"
        ) %}
    {% endif %}

    {% do run_query(keep) %}

    {% set progress = namespace(rows=1, total=0) %}
    {% for chunk in range(99999) if progress.rows > 0 %}
        {% set result = run_query('insert into ' ~ target ~ ' by name ' ~ sql) %}
        {% do run_query(keep) %}
        {% set progress.rows = result.rows[0][0] | int %}
        {% set progress.total = progress.total + progress.rows %}
        {% if progress.rows > 0 %}
            {% do log(this.identifier ~ ': ' ~ progress.total ~ ' rows', info=chunk > 0) %}
        {% endif %}
    {% endfor %}

    {% call statement('main', auto_begin=false) %}
        select {{ progress.total }} as n_new_rows
    {% endcall %}
    {% do persist_docs(target, model) %}
    {% do run_query(keep) %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- The keys that the model's own table lacks, at most a chunk of them, lowest first. -#}
{% macro pending(keys, relation, chunk=none) %}
    select {{ keys | join(', ') }}
    from {{ relation }}
    except
    select {{ keys | join(', ') }}
    from {{ this }}
    order by {{ keys | join(', ') }}
    limit {{ chunk or var('chunk_spectra') }}
{% endmacro %}
