{#- The name of an open cluster as it is compared between papers: blanks, underscores and capitals
    do not count, and the clusters of Liu & Pang (2019) are LP in some papers and FoF in others. -#}
{% macro cluster_key(name) -%}
    regexp_replace(lower(replace(replace({{ name }}, ' ', ''), '_', '')), '^lp([0-9])', 'fof\1')
{%- endmacro %}
