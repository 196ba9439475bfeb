"""Absolute magnitudes from spectra: networks that learn them from parallaxes."""
