"""Sums over a sample of spectra, from which means and correlations follow.

A sample of any size goes through in blocks; only the sums stay, 100 MB for 3,583 pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLIP = (0.0, 2.0)
"""Fluxes beyond are cut: a few broken pixels would otherwise rule the variance."""


class Moments:
    """First and second moments of spectra.

    Parameters
    ----------
    n_pixels
        Of a spectrum.

    Attributes
    ----------
    n
        Spectra so far.
    """

    def __init__(self, n_pixels: int) -> None:
        self.n = 0
        self._sum = np.zeros(n_pixels)
        self._cross = np.zeros((n_pixels, n_pixels))

    def add(self, flux: NDArray[np.floating]) -> None:
        """Count spectra in.

        Parameters
        ----------
        flux : (n, p)
            Finite, in units of the continuum.

        Raises
        ------
        ValueError
            If a flux is not finite.
        """
        # about one, where the spectra lie, so that no digits are lost
        departure = np.clip(np.asarray(flux, dtype=np.float64), *CLIP) - 1.0
        if not np.isfinite(departure).all():
            raise ValueError("spectra of a sample must be finite; leave out those that are not ok")
        self.n += len(departure)
        self._sum += departure.sum(axis=0)
        self._cross += departure.T @ departure

    def mean(self) -> Floats:
        """Return the mean flux, ``(p,)``."""
        return np.asarray(1.0 + self._sum / max(self.n, 1))

    def covariance(self) -> Floats:
        """Return the covariance, ``(p, p)``, of the sample itself (divided by ``n``)."""
        mean = self._sum / max(self.n, 1)
        return np.asarray(self._cross / max(self.n, 1) - np.outer(mean, mean))
