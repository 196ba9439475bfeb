{#- Guo+2021, Table 1: labels of LRS coadds. -#}

{{ slam_catalogue('int_slam_lrs_labels') }}
