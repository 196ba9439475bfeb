with

source as (
    select * from {{ source('raw', 'review') }}
),

renamed as (
    select
        -- ids
        obsid,
        exposure,
        -- verdict
        verdict,
        comment,
        -- who and when
        reviewer,
        reviewed_at
    from source
),

newest as (
    select
        *,
        count(*) over of_the_spectrum as n_reviewers,
        min(verdict) over of_the_spectrum <> max(verdict) over of_the_spectrum as is_disputed
    from renamed
    window of_the_spectrum as (partition by obsid, exposure)
    -- of one moment the name decides: any rule that always says the same
    qualify
        row_number() over (
            partition by obsid, exposure order by reviewed_at desc, reviewer desc
        ) = 1
)

select * from newest
