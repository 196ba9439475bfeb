-- A star is new or known, not both; and a classical Be star is one of the two.
select
    designation,
    survey,
    is_new_be,
    is_known_be,
    is_classical_be
from {{ ref('int_be_star_tests') }}
where
    (is_new_be and is_known_be)
    or (is_new_be and is_known)
    or is_classical_be <> (is_new_be or is_known_be)
