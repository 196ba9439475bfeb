"""Which stars a network is taught by, and which it is tested with: a star's own number says it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def place_of(star: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each spectrum, spread evenly over the stars.

    Parameters
    ----------
    star : (n,)
        Its designation or number; all spectra of a star get the same.
    seed
        Of the split.

    Returns
    -------
    (n,)
        It does not depend on which other stars there are, so a star that once tested still tests
        when the next data release joins.
    """
    stars, own = np.unique(np.asarray(star), return_inverse=True)
    return np.array([_fraction(f"{seed} {one}") for one in stars], dtype=np.float64)[own]


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2.0**64
