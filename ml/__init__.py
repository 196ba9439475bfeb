"""Numerics on numpy arrays: nothing here opens a database or reads a file of the archives."""
