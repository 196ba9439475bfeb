{#- Every value that is there is finite and lies between the limits, which are allowed. -#}
{% test within(model, column_name, minimum=none, maximum=none) %}

select {{ column_name }}
from {{ model }}
where
    not isfinite({{ column_name }}::double)
    {% if minimum is not none %} or {{ column_name }} < {{ minimum }} {% endif %}
    {% if maximum is not none %} or {{ column_name }} > {{ maximum }} {% endif %}

{% endtest %}
