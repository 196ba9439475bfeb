{#- Guo+2021, Table 2: labels of MRS coadds. -#}

{{ slam_catalogue('int_slam_mrs_labels') }}
