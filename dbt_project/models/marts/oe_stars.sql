with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

oe_stars as (
    select
        designation,
        survey,
        ra,
        "dec",
        name,
        spectral_type,
        spectral_type_reference,
        numeric_type,
        be_bibliography,
        is_new_be,
        ew_halpha,
        ew_halpha_error,
        obsid
    from tests
    where is_oe
)

select * from oe_stars
