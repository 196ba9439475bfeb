"""Verdicts of people on H-alpha: from the lists that they filled into ``raw.review``.

Wang et al. (2022, section 4) looked at every candidate. A list is CSV with the columns of
:data:`ingest.review.reading.COLUMNS`, in any order and beside any others; `hotstars review export`
writes one. A row without a verdict is not done yet; a row that cannot be used is named and left
out, the others land.
"""
