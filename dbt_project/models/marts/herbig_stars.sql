with

tests as (
    select * from {{ ref('int_be_star_tests') }}
),

herbig_stars as (
    select
        designation,
        survey,
        ra,
        "dec",
        name,
        spectral_type,
        spectral_type_reference,
        herbig_bibliography,
        herbig_bibliography is null as by_colours,
        hk_0::double as hk_0,
        kw1_0::double as kw1_0,
        ew_halpha,
        ew_halpha_error,
        obsid
    from tests
    where is_herbig
)

select * from herbig_stars
