with

stars as (
    select * from {{ ref('int_star_positions') }}
),

literature as (
    select
        *,
        reference || ': ' || name as literature_id
    from {{ ref('stg_literature__stars') }}
),

matches as (
    {{
        crossmatch(
            left='stars',
            left_id='designation',
            right='literature',
            right_id='literature_id',
            radius=var('literature_radius'),
            mode='all'
        )
    }}
)

select
    matches.left_id as designation,
    literature.object_type,
    count(*) as n_references,
    string_agg(distinct literature.reference, '; ' order by literature.reference) as bibliography,
    min(matches.angular_distance) as literature_distance
from matches
inner join literature on matches.right_id = literature.literature_id
group by all
