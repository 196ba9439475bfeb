-- A step of the funnel counts what passes it and every step before it: no count may grow.
with

steps as (
    select
        *,
        lag(n_spectra) over (order by step) as earlier_spectra,
        lag(n_stars) over (order by step) as earlier_stars
    from {{ ref('be_selection_funnel') }}
)

select *
from steps
where
    n_spectra > earlier_spectra
    or n_stars > earlier_stars
    or n_stars > n_spectra
    or n_spectra_mrs + n_spectra_lrs <> n_spectra
    -- a star can have both
    or n_stars_mrs + n_stars_lrs < n_stars
    or greatest(n_stars_mrs, n_stars_lrs) > n_stars
