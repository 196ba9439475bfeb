"""Stellar labels of early-type stars from spectra: SLAM (Zhang et al. 2020; Guo et al. 2021)."""
