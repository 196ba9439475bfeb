"""Low-resolution spectra of OB stars: common grid, eigenspectra, emission."""
