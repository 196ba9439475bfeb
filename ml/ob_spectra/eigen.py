r"""Eigenspectra: a basis from some windows that also reconstructs the rest of the spectrum.

Xiang et al. (2021, section 3). Spectra are standardised: each pixel minus its mean, over its
standard deviation. With :math:`\xi` (c, K) the first K eigenvectors of the correlation matrix
of the windows' c pixels, a spectrum has the coefficients :math:`p = x \cdot \xi`. A matrix B
(K, p) with :math:`P B = X_{full}` in the least-squares sense, over the sample, takes the
coefficients to all pixels, those outside the windows as well.

Both follow from the sample's covariance alone: the normal equations of B are
:math:`(\xi^T C_{cc} \xi) B = \xi^T C_{c,full}`. So one pass over the spectra is enough, in
blocks, whatever the size of the sample; and since the eigenvectors diagonalise
:math:`C_{cc}`, the inverse is a division by the eigenvalues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ml.ob_spectra.moments import Moments

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

N_COMPONENTS = 100
"""Of Xiang et al. (2021)."""

_BLOCK = 512  # spectra in work at once


@dataclass(frozen=True)
class Eigenspectra:
    """A basis of spectra.

    Attributes
    ----------
    pixels : (c,) int64
        The windows' pixels, from which coefficients are found.
    mean, deviation : (p,) float32
        Of the sample, in all pixels.
    vectors : (c, K) float32
        Orthonormal.
    eigenvalues : (K,) float32
        Variance of each coefficient in the sample, falling.
    noise : float
        Variance a pixel of the windows that the K components leave, standardised.
    loadings : (K, p) float32
        B: from coefficients to standardised flux in all pixels.
    """

    pixels: NDArray[np.int64]
    mean: Singles
    deviation: Singles
    vectors: Singles
    eigenvalues: Singles
    noise: float
    loadings: Singles

    @classmethod
    def from_moments(
        cls, moments: Moments, pixels: NDArray[np.int64], n_components: int = N_COMPONENTS
    ) -> Eigenspectra:
        """Find the eigenspectra of a sample.

        Parameters
        ----------
        moments
            Of the sample.
        pixels : (c,)
            Numbers of the windows' pixels.
        n_components
            K.

        Raises
        ------
        ValueError
            If the sample or the windows have fewer than K + 1 spectra or pixels.
        """
        if min(moments.n, len(pixels)) <= n_components:
            raise ValueError(
                f"{n_components} eigenspectra from {moments.n} spectra of {len(pixels)} pixels: "
                "take more spectra or fewer components"
            )
        mean, covariance = moments.mean(), moments.covariance()
        deviation = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
        # a pixel that never varies carries nothing; any scale will do
        deviation[deviation < 1e-6] = 1.0
        correlation = covariance / deviation / deviation[:, None]
        windows = correlation[np.ix_(pixels, pixels)]
        c = len(pixels)
        values, vectors = scipy.linalg.eigh(windows, subset_by_index=(c - n_components, c - 1))
        values, vectors = np.maximum(values[::-1], 1e-12), vectors[:, ::-1]
        # eigenvectors have no sign of their own: the largest element is made positive
        largest = np.abs(vectors).argmax(axis=0)
        vectors = vectors * np.sign(vectors[largest, np.arange(n_components)])
        loadings = (vectors.T @ correlation[pixels]) / values[:, None]
        left = max(float(np.trace(windows)) - float(values.sum()), 0.0)
        return cls(
            pixels=np.asarray(pixels, dtype=np.int64),
            mean=mean.astype(np.float32),
            deviation=deviation.astype(np.float32),
            vectors=np.ascontiguousarray(vectors, dtype=np.float32),
            eigenvalues=values.astype(np.float32),
            noise=float(np.float32(left / (c - n_components))),
            loadings=np.ascontiguousarray(loadings, dtype=np.float32),
        )

    @property
    def n_components(self) -> int:
        """K."""
        return self.vectors.shape[1]

    def coefficients(self, flux: NDArray[np.floating], ivar: NDArray[np.floating]) -> Singles:
        """Return the coefficients of spectra, found in the windows.

        Parameters
        ----------
        flux : (n, p)
            In units of the continuum.
        ivar : (n, p)
            Pixels where it is 0, or the flux not finite, are missing.

        Returns
        -------
        (n, K)
            NaN for a spectrum that misses half of the windows' pixels or more.

        Notes
        -----
        Complete spectra are projected: ``x . xi``. Where pixels miss, the coefficients are those
        of least squares over the others, each with the weight of a prior of the variance that it
        has in the sample (a probabilistic PCA, Tipping & Bishop 1999): a hundred coefficients
        of a spectrum full of holes would otherwise be anything. The missing pixels are then
        filled from these, and the spectrum projected like a complete one (Roweis 1998).
        """
        out = np.empty((len(flux), self.n_components), dtype=np.float32)
        for first in range(0, len(flux), _BLOCK):
            rows = slice(first, first + _BLOCK)
            out[rows] = self._coefficients(flux[rows], ivar[rows])
        return out

    def _coefficients(self, flux: NDArray[np.floating], ivar: NDArray[np.floating]) -> Singles:
        chosen = np.asarray(flux[:, self.pixels], dtype=np.float32)
        missing = ~np.isfinite(chosen) | ~(ivar[:, self.pixels] > 0)
        chosen = (chosen - self.mean[self.pixels]) / self.deviation[self.pixels]
        chosen[missing] = 0.0
        found = np.asarray(chosen @ self.vectors, dtype=np.float32)
        n_missing = missing.sum(axis=1)
        prior = np.diag(self.noise / self.eigenvalues.astype(np.float64))
        few = 2 * n_missing < len(self.pixels)
        for row in np.flatnonzero((n_missing > 0) & few):
            holes = self.vectors[missing[row]].astype(np.float64)  # (m, K)
            # the vectors are orthonormal over all pixels: what lacks is what the holes had
            gram = np.eye(self.n_components) - holes.T @ holes + prior
            filled = holes @ np.linalg.solve(gram, found[row])
            found[row] += (filled @ holes).astype(np.float32)
        found[~few] = np.nan
        return found

    def noise_variance(self, ivar: NDArray[np.floating]) -> Singles:
        """Return the variance of each coefficient from the spectrum's noise, (n, K).

        From the inverse variances (n, p); what filled holes add is not counted. NaN for a
        spectrum without a measured pixel.
        """
        return self.weighted_variance(ivar, self.vectors)

    def weighted_variance(
        self, ivar: NDArray[np.floating], weights: NDArray[np.floating]
    ) -> Singles:
        """Return the variance, (n, m), of sums of the windows' pixels with weights (c, m)."""
        scaled = ivar[:, self.pixels] * self.deviation[self.pixels] ** 2
        measured = scaled > 0
        with np.errstate(divide="ignore"):
            variance = np.where(measured, np.float32(1) / scaled, np.float32(0))
        found = np.asarray(variance @ weights.astype(np.float32) ** 2, dtype=np.float32)
        found[~measured.any(axis=1)] = np.nan
        return found

    def reconstruct(self, coefficients: NDArray[np.floating]) -> Singles:
        """Return spectra, (n, p), from their coefficients, (n, K)."""
        standardised = np.asarray(coefficients, dtype=np.float32) @ self.loadings
        return np.asarray(self.mean + self.deviation * standardised, dtype=np.float32)

    def denoise(self, flux: NDArray[np.floating], ivar: NDArray[np.floating]) -> Singles:
        """Return spectra as the first K components see them, (n, p)."""
        return self.reconstruct(self.coefficients(flux, ivar))

    def chi2(
        self,
        flux: NDArray[np.floating],
        ivar: NDArray[np.floating],
        coefficients: NDArray[np.floating],
    ) -> Floats:
        """Return the reduced chi^2, (n,), of spectra against their reconstruction.

        In the measured pixels of the windows; NaN where there is none, or no coefficients.
        """
        out = np.empty(len(flux))
        for first in range(0, len(flux), _BLOCK):
            rows = slice(first, first + _BLOCK)
            difference = (flux[rows] - self.reconstruct(coefficients[rows]))[:, self.pixels]
            weight = ivar[rows][:, self.pixels]
            used = (weight > 0) & np.isfinite(difference)
            squares = np.where(used, difference**2 * weight, np.float32(0))
            with np.errstate(invalid="ignore", divide="ignore"):
                out[rows] = squares.sum(axis=1, dtype=np.float64) / used.sum(axis=1)
        return out

    def to_tensors(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Return the arrays that the registry stores."""
        return {
            f"{prefix}pixels": self.pixels,
            f"{prefix}mean": self.mean,
            f"{prefix}deviation": self.deviation,
            f"{prefix}vectors": self.vectors,
            f"{prefix}eigenvalues": self.eigenvalues,
            f"{prefix}noise": np.array([self.noise], dtype=np.float32),
            f"{prefix}loadings": self.loadings,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], prefix: str = "") -> Eigenspectra:
        """Return what :meth:`to_tensors` stored."""
        names = ("pixels", "mean", "deviation", "vectors", "eigenvalues", "loadings")
        arrays = {name: np.asarray(tensors[f"{prefix}{name}"]) for name in names}
        return cls(**arrays, noise=float(tensors[f"{prefix}noise"][0]))
