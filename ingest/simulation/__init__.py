"""A simulated survey in the archives' own file formats, with its truth kept apart."""
