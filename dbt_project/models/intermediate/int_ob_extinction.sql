{#- E(B-V) of a star from the excess of adjacent colours (Xiang+2021, section 4). Ks is left out:
    discs and dust may shine in it. -#}

with

sample as (
    select
        designation,
        survey,
        arg_max(teff, (coalesce(snr_b, -1), obsid)) as teff,
        coalesce(arg_max(teff_error, (coalesce(snr_b, -1), obsid)), 0) as teff_error
    from {{ ref('int_ob_sample') }}
    group by all
),

twomass as (
    select * from {{ ref('int_star_twomass') }}
),

gaia as (
    select * from {{ ref('int_star_gaia') }}
),

colours as (
    select
        list(teff order by teff) as teffs,
        list(j_h order by teff) as j_h,
        list(bp_rp order by teff) as bp_rp
    from {{ ref('stg_constants__intrinsic_colours') }}
),

coefficients as (
    select map_from_entries(list(row(band, coefficient))) as of_band
    from {{ ref('stg_constants__extinction_coefficients') }}
),

looked_up as (
    select
        sample.designation,
        sample.survey,
        -- beyond the table's ends its last colours hold
        greatest(least(sample.teff, colours.teffs[-1]), colours.teffs[1]) as teff_looked_up,
        interpolated(teff_looked_up, colours.teffs, colours.j_h) as j_h_0,
        interpolated(teff_looked_up, colours.teffs, colours.bp_rp) as bp_rp_0,
        -- how far the colours move within the error of the temperature
        greatest(least(sample.teff + sample.teff_error, colours.teffs[-1]), colours.teffs[1])
            as hotter,
        greatest(least(sample.teff - sample.teff_error, colours.teffs[-1]), colours.teffs[1])
            as cooler,
        abs(
            interpolated(hotter, colours.teffs, colours.j_h)
            - interpolated(cooler, colours.teffs, colours.j_h)
        ) / 2 as j_h_0_error,
        abs(
            interpolated(hotter, colours.teffs, colours.bp_rp)
            - interpolated(cooler, colours.teffs, colours.bp_rp)
        ) / 2 as bp_rp_0_error,
        [twomass.j, twomass.h, gaia.phot_bp_mean_mag, gaia.phot_rp_mean_mag]::double[]
            as magnitudes,
        [
            sqrt(pow(twomass.j_error, 2) + pow(j_h_0_error, 2)),
            twomass.h_error,
            sqrt(pow(coalesce(gaia.phot_bp_mean_mag_error, 0), 2) + pow(bp_rp_0_error, 2)),
            coalesce(gaia.phot_rp_mean_mag_error, 0)
        ]::double[] as magnitude_errors,
        case
            when gaia.release like '%DR2'
                then
                    [
                        coefficients.of_band['j'],
                        coefficients.of_band['h'],
                        coefficients.of_band['bp_dr2'],
                        coefficients.of_band['rp_dr2']
                    ]
            else
                [
                    coefficients.of_band['j'],
                    coefficients.of_band['h'],
                    coefficients.of_band['bp'],
                    coefficients.of_band['rp']
                ]
        end as ratios,
        coefficients.of_band['ks'] as r_ks
    from sample
    cross join colours
    cross join coefficients
    left join twomass using (designation)
    left join gaia using (designation)
),

measured as materialized (
    select
        designation,
        survey,
        r_ks,
        ebv_from_colours(
            magnitudes,
            magnitude_errors,
            [j_h_0, 0, bp_rp_0, 0]::double[],
            ratios,
            [1, 1, 2, 2]::double[],
            {{ var('colour_error_min') }}::double
        ) as excess
    from looked_up
    where j_h_0 is not null
)

select
    designation,
    survey,
    excess.ebv,
    excess.ebv_error,
    excess.n_colours,
    r_ks * excess.ebv as a_ks,
    r_ks * excess.ebv_error as a_ks_error
from measured
where excess.n_colours > 0
