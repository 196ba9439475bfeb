"""Comparisons of catalogues with the truth, with each other and with the papers."""
