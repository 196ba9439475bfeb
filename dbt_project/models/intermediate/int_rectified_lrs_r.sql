{{
    config(
        materialized='resumable',
        key=['obsid', 'exposure'],
        version=var('rectification_version')
    )
}}

{{ rectified('lrs_r') }}
