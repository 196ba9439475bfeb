{#- The open cluster that a star belongs to (Wang+2022, section 6): it is a likely member in the
    literature, and its own Gaia motion and parallax agree with the cluster's mean within their
    errors and the cluster's dispersion. -#}

with

stars as (
    select * from {{ ref('int_star_positions') }}
),

gaia as (
    select * from {{ ref('int_star_gaia') }}
),

memberships as (
    select *
    from {{ ref('stg_clusters__members') }}
    where probability > {{ var('cluster_probability_min') }}
),

clusters as (
    select * from {{ ref('stg_clusters__clusters') }}
),

-- a star that stands in several clusters or papers is one source
members as (
    select
        source_id,
        arg_min(ra, reference) as ra,
        arg_min("dec", reference) as "dec",
        arg_min(pmra, reference) as pmra,
        arg_min(pmdec, reference) as pmdec
    from memberships
    group by all
),

matches as (
    {{
        crossmatch(
            left='stars',
            left_id='designation',
            right='members',
            right_id='source_id',
            radius=var('cluster_radius'),
            epoch=var('lamost_position_epoch'),
            right_epoch=var('cluster_member_epoch'),
            moving='right'
        )
    }}
),

compared as (
    select
        matches.left_id as designation,
        matches.angular_distance as member_distance,
        memberships.cluster,
        memberships.reference as cluster_reference,
        memberships.probability,
        gaia.parallax,
        gaia.pmra - coalesce(clusters.pmra, memberships.pmra) as east,
        gaia.pmdec - coalesce(clusters.pmdec, memberships.pmdec) as north,
        gaia.parallax - coalesce(clusters.parallax, memberships.parallax) as depth,
        pow(gaia.pmra_error, 2)
        + pow(coalesce(clusters.pmra_dispersion, memberships.pmra_error, 0), 2) as east_variance,
        pow(gaia.pmdec_error, 2)
        + pow(coalesce(clusters.pmdec_dispersion, memberships.pmdec_error, 0), 2)
            as north_variance,
        coalesce(gaia.pmra_pmdec_corr, 0) * gaia.pmra_error * gaia.pmdec_error as covariance,
        pow(gaia.parallax_error, 2)
        + pow(coalesce(clusters.parallax_dispersion, memberships.parallax_error, 0), 2)
        + pow({{ var('cluster_parallax_offset') }}, 2) as depth_variance
    from matches
    inner join memberships on matches.right_id = memberships.source_id
    left join clusters using (reference, cluster)
    left join gaia on matches.left_id = gaia.designation
),

tested as (
    select
        designation,
        cluster,
        cluster_reference,
        probability,
        member_distance,
        sqrt(
            (east * east * north_variance - 2 * east * north * covariance
                + north * north * east_variance)
            / (east_variance * north_variance - covariance * covariance)
        ) as motion_distance,
        abs(depth) / sqrt(depth_variance) as parallax_distance,
        coalesce(motion_distance <= {{ var('cluster_motion_distance_max') }}, false)
            as agrees_in_motion,
        coalesce(parallax_distance <= {{ var('cluster_parallax_distance_max') }}, false)
            as agrees_in_parallax
    from compared
)

select
    *,
    agrees_in_motion and agrees_in_parallax as is_member
from tested
qualify row_number() over (
    partition by designation
    order by
        agrees_in_motion and agrees_in_parallax desc,
        probability desc,
        motion_distance asc nulls last,
        cluster_reference asc,
        cluster asc
) = 1
