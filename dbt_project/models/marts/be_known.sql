with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

known_stars as (
    select
        designation,
        survey,
        ra,
        "dec",
        name,
        spectral_type,
        spectral_type_reference,
        be_bibliography,
        ew_halpha,
        ew_halpha_error,
        obsid
    from tests
    where is_known_be
)

select * from known_stars
