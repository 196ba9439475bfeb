{#- Steps of the cross-match up to its candidates: which sources, where, how far to look. -#}

{#- Arguments that cannot be meant, refused while the macro renders. -#}
{% macro crossmatch_check(
    radius, mode, epoch, right_epoch, moving, left_error, right_error,
    max_normalised_distance, join, spread, cell, stored_cell
) %}
    {%- if radius is not number or radius < 0 or radius > 648000 -%}
        {{ exceptions.raise_compiler_error(
            'crossmatch: radius is a number of arcsec from 0 to 648000, not ' ~ radius
        ) }}
    {%- endif -%}
    {%- for name, value, known in [
        ('mode', mode, ['all', 'best', 'best1', 'best2', 'symmetric']),
        ('moving', moving, ['left', 'right']),
        ('spread', spread, ['left', 'right']),
        ('join', join, ['1and2', 'all1', 'all2', '1or2']),
    ] -%}
        {%- if value not in known -%}
            {{ exceptions.raise_compiler_error(
                'crossmatch: ' ~ name ~ ' is one of ' ~ known | join(', ') ~ ', not ' ~ value
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if (epoch is none) != (right_epoch is none) -%}
        {{ exceptions.raise_compiler_error(
            'crossmatch: motion needs the epochs of both sides; give epoch and right_epoch'
        ) }}
    {%- endif -%}
    {%- if stored_cell is not none and epoch is not none and spread != moving -%}
        {{ exceptions.raise_compiler_error(
            'crossmatch: the side whose cells are stored cannot be the one that moves'
        ) }}
    {%- endif -%}
    {%- if stored_cell is not none and not 1 <= stored_cell <= 324000 -%}
        {{ exceptions.raise_compiler_error(
            'crossmatch: stored_cell is from 1 to 324000 arcsec, not ' ~ stored_cell
        ) }}
    {%- endif -%}
    {#- A circle touches as many cells as (2 radius / cell)^2: 10,000 a source without this limit. -#}
    {%- for name, side in [('cell', cell), ('stored_cell', stored_cell)] -%}
        {%- if side is not none and side < radius / 50 -%}
            {{ exceptions.raise_compiler_error(
                'crossmatch: ' ~ name ~ ' ' ~ side ~ ' is too small for a radius of ' ~ radius
                ~ ' arcsec; take ' ~ 4 * radius ~ ', and no less than ' ~ radius / 50
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if max_normalised_distance is not none and (left_error is none or right_error is none) -%}
        {{ exceptions.raise_compiler_error(
            'crossmatch: max_normalised_distance needs left_error and right_error'
        ) }}
    {%- endif -%}
{% endmacro %}


{#-
    One row: from when to when the positions of the moving side (own) and of the side that stays
    (other) were taken. Without any date a side has those of the other: nothing moves.
-#}
{% macro crossmatch_epochs(left, epoch, right, right_epoch, moving) %}
    {%- set sides = {'left': [left, epoch], 'right': [right, right_epoch]} -%}
    {%- set other = 'right' if moving == 'left' else 'left' -%}
    select
        coalesce(own.first_year, other.first_year) as own_first,
        coalesce(own.last_year, other.last_year) as own_last,
        coalesce(other.first_year, own.first_year) as other_first,
        coalesce(other.last_year, own.last_year) as other_last
    from
        ({{ crossmatch_years(sides[moving]) }}) as own,
        ({{ crossmatch_years(sides[other]) }}) as other
{% endmacro %}


{% macro crossmatch_years(source) %}
    {%- set relation, epoch = source -%}
    {%- if epoch is number -%}
        select {{ double_literal(epoch) }} as first_year, {{ double_literal(epoch) }} as last_year
    {%- else -%}
        select min(epoch) as first_year, max(epoch) as last_year
        from (select cast({{ epoch }} as double) as epoch from {{ relation }})
        where isfinite(epoch)
    {%- endif -%}
{% endmacro %}


{#-
    A side's sources, columns named after the side: id, ra in [0, 360) and dec as given; search_ra
    and search_dec, the place in the middle of the other side's time; reach (arcsec), how far
    from there a match can lie; what the exact separation needs. A place that is NULL, NaN or off
    the sphere has no row.
-#}
{% macro crossmatch_sources(
    side, source, radius, moving, spread, max_proper_motion, max_widening, annual_parallax,
    stored_cell
) %}
    {%- set relation, id, error, epoch = source -%}
    {%- set is_moving = epoch is not none and side == moving -%}
    {%- set places -%}
        select
            {{ id }} as {{ side }}_id,
            cast(ra as double) as {{ side }}_ra,
            cast("dec" as double) as {{ side }}_dec
            {%- if stored_cell is not none and side != spread %},
            {{ sky_cell_column(stored_cell) }} as {{ side }}_stored_cell
            {%- endif %}
            {%- if error is not none %},
            cast({{ error[0] }} as double) as {{ side }}_ra_error,
            cast({{ error[1] }} as double) as {{ side }}_dec_error,
            {{ 'cast(' ~ error[2] ~ ' as double)' if error | length > 2 else '0e0' }}
            as {{ side }}_correlation
            {%- endif %}
            {%- if epoch is not none %},
            cast({{ epoch }} as double) as {{ side }}_given_epoch
            {%- endif %}
            {%- if is_moving %},
            cast(pmra as double) as given_pmra,
            cast(pmdec as double) as given_pmdec
            {%- if annual_parallax %},
            cast(parallax as double) as given_parallax
            {%- endif %}
            {%- endif %}
        from {{ relation }}
        {%- if is_moving or side == spread %}
        where
            isfinite(cast(ra as double))
            and cast("dec" as double) between -90e0 and 90e0
        {%- endif %}
    {%- endset -%}
    {%- if epoch is none %}
        select
            *,
            {{ side }}_ra as {{ side }}_search_ra,
            {{ side }}_dec as {{ side }}_search_dec,
            {{ double_literal(radius) }} as {{ side }}_reach
        from ({{ places }})
    {%- elif not is_moving %}
        select
            *,
            {{ side }}_ra as {{ side }}_search_ra,
            {{ side }}_dec as {{ side }}_search_dec,
            {%- if spread == side %}
            (select max({{ moving }}_reach) from xm_{{ moving }}) as {{ side }}_reach,
            {%- endif %}
            {{ crossmatch_known_epoch(side, 'other') }}
        from ({{ places }}), xm_epochs
    {%- else %}
        {{ crossmatch_moving_sources(
            side, places, radius, max_proper_motion, max_widening, annual_parallax
        ) }}
    {%- endif %}
{% endmacro %}


{#- A source's epoch, or the middle of its side's time, and by how much that may be wrong. -#}
{% macro crossmatch_known_epoch(side, name) -%}
    case
        when isfinite({{ side }}_given_epoch) then {{ side }}_given_epoch
        else coalesce(({{ name }}_first + {{ name }}_last) / 2e0, 0e0)
    end as {{ side }}_epoch,
    case
        when isfinite({{ side }}_given_epoch) then 0e0
        else coalesce(({{ name }}_last - {{ name }}_first) / 2e0, 0e0)
    end as {{ side }}_epoch_slack
{%- endmacro %}


{#-
    The moving side, at the middle of the other's time. A star's way on the sky is never longer
    than proper motion times years, whatever the moment, so from there half of the time's length
    is enough on either hand.
-#}
{% macro crossmatch_moving_sources(
    side, places, radius, max_proper_motion, max_widening, annual_parallax
) %}
    {%- set known -%}
        select
            *,
            coalesce(isfinite(given_pmra) and isfinite(given_pmdec), false)
            as {{ side }}_has_motion,
            case when {{ side }}_has_motion then given_pmra else 0e0 end as {{ side }}_pmra,
            case when {{ side }}_has_motion then given_pmdec else 0e0 end as {{ side }}_pmdec,
            sqrt({{ side }}_pmra * {{ side }}_pmra + {{ side }}_pmdec * {{ side }}_pmdec) / 1e3
            as {{ side }}_speed,
            {%- if annual_parallax %}
            case when isfinite(given_parallax) then greatest(given_parallax, 0e0) else 0e0 end
            as {{ side }}_parallax,
            {%- endif %}
            {{ crossmatch_known_epoch(side, 'own') }},
            coalesce((other_first + other_last) / 2e0 - {{ side }}_epoch, 0e0) as middle_years,
            coalesce((other_last - other_first) / 2e0, 0e0) as half_years
        from ({{ places }}), xm_epochs
    {%- endset -%}
    {%- set still -%} ({{ sky_vectors('(' ~ known ~ ')', [side]) }}) {%- endset -%}
    {%- set vector -%} {{ side }}_x, {{ side }}_y, {{ side }}_z {%- endset -%}
    select
        * exclude ({{ vector }}),
        case
            when {{ side }}_speed * middle_years = 0e0 then {{ side }}_ra
            else degrees(atan2({{ side }}_y, {{ side }}_x))
                - 360e0 * floor(degrees(atan2({{ side }}_y, {{ side }}_x)) / 360e0)
        end as {{ side }}_search_ra,
        case
            when {{ side }}_speed * middle_years = 0e0 then {{ side }}_dec
            else degrees(atan2(
                {{ side }}_z, sqrt({{ side }}_x * {{ side }}_x + {{ side }}_y * {{ side }}_y)
            ))
        end as {{ side }}_search_dec,
        {{ double_literal(radius) }}
        + case
            when {{ side }}_has_motion
                then {{ side }}_speed * (half_years + {{ side }}_epoch_slack)
            else least(
                {{ double_literal(max_proper_motion) }}
                * (abs(middle_years) + half_years + {{ side }}_epoch_slack),
                {{ double_literal(max_widening) }}
            )
        end
        {%- if annual_parallax %}
        + 1.02e-3 * {{ side }}_parallax
        {%- endif %} as {{ side }}_reach
    from ({{ sky_moved_vectors(still, side, 'middle_years') }})
{% endmacro %}
