with

source as (
    select *
    from
        {{
            constants(
                'intrinsic_colours',
                {
                    'spectral_type': 'varchar', 'teff': 'double', 'b_v': 'double',
                    'v_r': 'double', 'v_i': 'double', 'v_ks': 'double', 'j_h': 'double',
                    'h_ks': 'double', 'g_r': 'double', 'bp_rp': 'double', 'r_i': 'double',
                    'v_g': 'double', 'source': 'varchar', 'note': 'varchar',
                }
            )
        }}
),

renamed as (
    select
        spectral_type,
        teff,
        j_h,
        h_ks,
        bp_rp,
        g_r,
        r_i,
        b_v,
        v_g,
        source,
        note
    from source
)

select * from renamed
