"""Random numbers that depend on seed, purpose and block only, never on workers or order."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream of random numbers is for; the values must never change."""

    KINDS = 1
    PHYSICS = 2
    PLACES = 3
    CLUSTERS = 4
    MOTION = 5
    LIGHT = 6
    VISITS = 7
    NIGHTS = 8
    GAIA = 9
    TWOMASS = 10
    ALLWISE = 11
    DISTANCES = 12
    REDDENING = 13
    LASP = 14
    LITERATURE = 15
    TYPES = 16
    MEMBERS = 17
    VARIATION = 18
    NEIGHBOURS = 19


def generator(seed: int, purpose: Purpose, block: int = 0) -> np.random.Generator:
    """Return the generator of one purpose and block."""
    return np.random.default_rng(np.random.SeedSequence([seed, int(purpose), block]))
