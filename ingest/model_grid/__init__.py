"""Grids of model spectra: TLUSTY's OSTAR2002 and BSTAR2006 files, pieces of MSG grids.

:mod:`ingest.model_grid.names` reads what a file's name says, :mod:`~ingest.model_grid.tlusty`
and :mod:`~ingest.model_grid.pieces` read what is in it, :mod:`~ingest.model_grid.wavelength`
brings it to vacuum and to the common grid, :mod:`~ingest.model_grid.load` into the warehouse,
:mod:`~ingest.model_grid.nodes` from there to a :class:`ml.slam.grid.ModelGrid`.
"""
