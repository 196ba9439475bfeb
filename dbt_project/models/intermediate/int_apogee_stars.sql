{#- One spectrum a star, with what the network takes beside it (Sprague+2022, sections 2 and 3.2.2):
    photometry and parallax of the survey's table, else of the warehouse's own catalogues, which
    the survey's identifiers lead to. -#}

with

-- of several spectra of a star that of the newest release, and of these the best
best_files as (
    select * from {{ ref('stg_apogee__stars') }}
    qualify row_number() over (
        partition by apogee_id
        order by
            release_number desc nulls last,
            snr desc nulls last,
            release desc,
            telescope asc,
            field asc,
            survey asc
    ) = 1
),

-- the table's row of the same telescope and field, else the best one
tables_rows as (
    select * from {{ ref('stg_apogee__allstar') }}
),

listed as (
    select
        best_files.apogee_id,
        tables_rows.* exclude (apogee_id)
    from best_files
    inner join tables_rows
        on
            best_files.apogee_id = tables_rows.apogee_id
            and (best_files.survey = 'SIM-APOGEE') = tables_rows.is_simulated
    qualify row_number() over (
        partition by best_files.apogee_id
        order by
            best_files.telescope = tables_rows.telescope desc,
            best_files.field = tables_rows.field desc,
            tables_rows.release desc,
            tables_rows.snr desc nulls last,
            tables_rows.telescope asc,
            tables_rows.field asc
    ) = 1
),

twomass as (
    select
        '2M' || twomass_designation as apogee_id,
        j,
        h,
        k
    from {{ ref('stg_twomass__sources') }}
),

gaia as (
    select
        source_id,
        parallax,
        parallax_error,
        phot_g_mean_mag,
        phot_bp_mean_mag,
        phot_rp_mean_mag
    from {{ ref('int_gaia_sources') }}
)

select
    best_files.apogee_id,
    best_files.survey,
    best_files.release,
    best_files.telescope,
    best_files.field,
    coalesce(best_files.ra, listed.ra) as ra,
    coalesce(best_files."dec", listed."dec") as "dec",
    best_files.n_visits,
    best_files.snr,
    coalesce(best_files.rv, listed.rv) as rv,
    best_files.rv_error,
    best_files.starflag,
    listed.gaia_source_id,
    coalesce(listed.parallax, gaia.parallax) as parallax,
    coalesce(listed.parallax_error, gaia.parallax_error) as parallax_error,
    coalesce(listed.g, gaia.phot_g_mean_mag) as g,
    coalesce(listed.bp, gaia.phot_bp_mean_mag) as bp,
    coalesce(listed.rp, gaia.phot_rp_mean_mag) as rp,
    coalesce(listed.j, best_files.j, twomass.j) as j,
    coalesce(listed.h, best_files.h, twomass.h) as h,
    coalesce(listed.k, best_files.k, twomass.k) as k,
    listed.teff as pipeline_teff,
    listed.logg as pipeline_logg,
    listed.fe_h as pipeline_fe_h
from best_files
left join listed using (apogee_id)
left join twomass using (apogee_id)
left join gaia on listed.gaia_source_id = gaia.source_id
