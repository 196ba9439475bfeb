-- No spectrum of a star came further than the one that speaks for it.
select
    designation,
    survey,
    stars.last_step,
    spectra.last_step as other_last_step
from {{ ref('int_be_star_tests') }} as stars
inner join {{ ref('int_be_spectrum_tests') }} as spectra using (designation, survey)
where spectra.last_step > stars.last_step
