with

source as (
    select *
    from
        {{
            constants(
                'hot_star_calibration',
                {
                    'spectral_type': 'varchar', 'teff': 'double', 'logg': 'double',
                    'source': 'varchar', 'note': 'varchar',
                }
            )
        }}
),

renamed as (
    select
        spectral_type,
        teff,
        logg,
        source,
        note,
        parse_spectral_type(spectral_type) as parsed
    from source
)

select
    spectral_type,
    parsed.numeric_type,
    parsed.luminosity_class,
    teff,
    logg,
    source,
    note
from renamed
