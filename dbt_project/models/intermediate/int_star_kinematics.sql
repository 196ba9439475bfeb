with

stars as (
    select * from {{ ref('int_star_positions') }}
),

astrometry as (
    select
        stars.designation,
        stars.ra,
        stars.dec,
        gaia.* exclude (designation, gaia_ra, gaia_dec)
    from stars
    inner join {{ ref('int_star_gaia') }} as gaia using (designation)
    where gaia.parallax is not null and gaia.pmra is not null and gaia.pmdec is not null
),

turned as (
    {{ galactic('astrometry', var('velocity_pole_ra')) }}
),

coordinates as (
    {{ galactic('astrometry', var('galactic_pole_ra')) }}
),

angles as (
    select
        *,
        sin(radians(l)) as sin_l,
        cos(radians(l)) as cos_l,
        cos(radians(b)) as cos_b,
        greatest(pmra_error, 0) as east_error,
        greatest(pmdec_error, 0) as north_error,
        -- a proper motion error turns with its proper motion
        turn_cos / turn as c,
        turn_sin / turn as s
    from turned
    where parallax > 0
),

velocities as (
    select
        *,
        {{ v_tp() }} as v_tp,
        -- derivatives by a small step along each measured quantity
        ({{ v_tp(pml='pml + c * east_error', pmb='pmb - s * east_error') }}) - v_tp as by_pmra,
        ({{ v_tp(pml='pml + s * north_error', pmb='pmb + c * north_error') }}) - v_tp as by_pmdec,
        ({{ v_tp(parallax='(parallax + 0.01 * parallax_error)') }} - v_tp) / 0.01 as by_parallax
    from angles
)

select
    velocities.designation,
    coordinates.l,
    coordinates.b,
    velocities.parallax,
    velocities.parallax_error,
    velocities.pmra,
    velocities.pmra_error,
    velocities.pmdec,
    velocities.pmdec_error,
    velocities.ruwe,
    velocities.source_id,
    velocities.release as gaia_release,
    1000 / velocities.parallax as distance,
    velocities.v_tp,
    sqrt(
        pow(by_pmra, 2) + pow(by_pmdec, 2) + pow(by_parallax, 2)
        + 2 * coalesce(velocities.pmra_pmdec_corr, 0) * by_pmra * by_pmdec
        + 2 * coalesce(velocities.parallax_pmra_corr, 0) * by_parallax * by_pmra
        + 2 * coalesce(velocities.parallax_pmdec_corr, 0) * by_parallax * by_pmdec
    ) as v_tp_error,
    -- what Table 9 prints; Sun and Galaxy do not scale with the star's distance
    sqrt(
        pow(velocities.v_tp * velocities.parallax_error / velocities.parallax, 2)
        + pow(4.74047 / velocities.parallax, 2)
        * (pow(velocities.pmra_error, 2) + pow(velocities.pmdec_error, 2))
    ) as v_tp_error_published,
    1000 / velocities.parallax * coordinates.sin_b + {{ var('sun_height') }} as z,
    abs(1000 / velocities.parallax * coordinates.sin_b)
    * velocities.parallax_error / velocities.parallax as z_error
from velocities
inner join coordinates using (designation)
