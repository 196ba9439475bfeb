with

source as (
    select *
    from
        {{
            constants(
                'extinction_coefficients',
                {
                    'name': 'varchar', 'value': 'double', 'unit': 'varchar', 'source': 'varchar',
                    'note': 'varchar',
                }
            )
        }}
),

renamed as (
    select
        name as band,
        value as coefficient,
        source,
        note
    from source
)

select * from renamed
