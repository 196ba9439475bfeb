"""APOGEE Net II (Sprague et al. 2022): Teff, log g and [Fe/H] from near-infrared spectra."""
