{#- Gaia sources; of one that several releases hold under one number, as the newest has it. -#}

with

sources as (
    select * from {{ ref('stg_gaia__sources') }}
    qualify row_number() over (
        partition by source_id
        order by replace(release, 'EDR3', 'DR3') desc, release asc
    ) = 1
)

select * from sources
