"""Distances of OB stars from parallaxes and spectroscopic absolute magnitudes (Xiang+2021)."""
