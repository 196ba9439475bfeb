"""Spectral numerics on batches of spectra: numpy in, numpy out, one algorithm a module.

The way of a spectrum: :mod:`~ml.spectra.resample` cleans its native pixels and puts them on a
common grid of :mod:`~ml.spectra.grids`; :mod:`~ml.spectra.continuum` divides by the
continuum; :mod:`~ml.spectra.equivalent_width` and :mod:`~ml.spectra.peaks` measure lines.
:mod:`~ml.spectra.rectify` strings the first two together.
"""
