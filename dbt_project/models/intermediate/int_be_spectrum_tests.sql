{#- One row a spectrum: every criterion of Wang+2022, sections 2-4, with the value it judges. -#}

with

cuts as (
    select * from {{ ref('int_be_spectrum_cuts') }}
),

emission as (
    select * from {{ ref('int_halpha_emission') }}
),

tested as (
    select
        cuts.* exclude (passes_cuts),
        emission.* exclude (obsid, exposure),
        emission.has_emission as passes_emission
    from cuts
    inner join emission using (obsid, exposure)
)

select
    *,
    case
        when not passes_snr then 0
        when not passes_teff then 1
        when not passes_line_index then 2
        when not passes_q then 3
        when not passes_emission then 4
        else 5
    end as last_step
from tested
