"""Receipts: from a published number of a star back to files, matches, models, settings, SQL."""
