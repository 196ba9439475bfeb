"""Catalogues: from files and archives, through one mapping a source, into raw tables.

``sources/*.yml`` says what each source is (data, no code); :mod:`.sources` reads that;
:mod:`.readers` opens VOTable, FITS, CSV and Parquet files under one face;
:mod:`.mapping` turns their columns into those of the raw table; :mod:`.load` commits.
"""
