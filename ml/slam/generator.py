"""Spectra from labels: the generator that SLAM fits to training spectra.

Zhang et al. (2020, ApJS 246, 9) and Guo et al. (2021, section 3.1) take a support vector
regression for each pixel (``svr``). ``kernel_ridge`` uses the same Gaussians and learns in
seconds what the other learns in half an hour. Both end as the same sums (:mod:`ml.slam.rbf`), so
that one class generates, differentiates and stores either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.slam import kernel_ridge, svr
from ml.slam.rbf import squared_distance

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

KINDS = ("kernel_ridge", "svr")

_SILENT = 1e-6  # a pixel that varies less holds nothing but rounding of single precision
_BLOCK = 256  # stars in work at once

_FIRST_RANK = 128  # spectra of a smooth function of four labels need about a hundred directions
_SHORTENED_ERROR = 0.05  # what shortening the sums may add, in errors of the generator


@dataclass(frozen=True)
class _Group:
    """Pixels that share a kernel, with the sums that make them.

    ``kernel @ left`` is their flux, or ``kernel @ left @ right`` where the spectra of the
    training set span so few directions that two thin matrices are less work than one.
    """

    gamma: float
    pixels: NDArray[np.int64]
    left: NDArray[Any]
    right: NDArray[Any] | None

    @cached_property
    def single(self) -> list[Singles]:
        """Both matrices in single precision."""
        return [m.astype(np.float32) for m in (self.left, self.right) if m is not None]

    @cached_property
    def double(self) -> list[Floats]:
        """Both matrices in double precision."""
        return [m.astype(np.float64) for m in (self.left, self.right) if m is not None]

    def sums(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return the sums for rows of the kernel, in the rows' precision."""
        for factor in self.single if rows.dtype == np.float32 else self.double:
            rows = rows @ factor
        return rows


@dataclass(frozen=True)
class Generator:
    """Normalised flux as a smooth function of the labels.

    Attributes
    ----------
    kind
        ``kernel_ridge`` or ``svr``.
    label_mean, label_scale : (d,)
        Standardise the labels: ``x = (label - mean) / scale``. The scale is the standard
        deviation of the training labels for ``svr``, and that divided by the label's stretch
        (:func:`ml.slam.kernel_ridge.stretch`) for ``kernel_ridge``.
    ranges : (d, 2)
        Of the training labels. Beyond them the generator extrapolates, towards the mean
        spectrum.
    centres : (n, d)
        Standardised labels of the training spectra.
    gamma : (p,)
        Kernel of each pixel, per squared standard deviation of the labels.
    penalty : (p,)
        Its ridge, or the C of its support vectors.
    coefficients : (n, p) float32
        Of the Gaussians about the centres, in units of the flux.
    offset : (p,)
        What is added to the Gaussians.
    error : (p,)
        Root mean square error of the generated flux at spectra that were left out of a fit.
    """

    kind: str
    label_mean: Floats
    label_scale: Floats
    ranges: Floats
    centres: Floats
    gamma: Floats
    penalty: Floats
    coefficients: Singles
    offset: Floats
    error: Floats

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(self.label_mean)

    @property
    def n_pixels(self) -> int:
        """Number of pixels of a spectrum."""
        return len(self.offset)

    @cached_property
    def _groups(self) -> list[_Group]:
        """Pixels by kernel; those that are the same in all spectra stand in no group."""
        alive = np.any(self.coefficients != 0.0, axis=0)
        return [
            self._group(float(gamma), np.flatnonzero(alive & (self.gamma == gamma)))
            for gamma in np.unique(self.gamma[alive])
        ]

    def _group(self, gamma: float, pixels: NDArray[np.int64]) -> _Group:
        """Return the sums of some pixels, shortened where that pays.

        The directions are found by random projection with one power step (Halko, Martinsson &
        Tropp 2011, SIAM Rev. 53, 217).
        """
        coefficients = np.ascontiguousarray(self.coefficients[:, pixels])
        n, p = coefficients.shape
        rank = _FIRST_RANK
        if n * p > 2 * rank * (n + p):
            rng = np.random.default_rng(0)
            # stars lie between the centres, and in the corners where there are none
            low, high = self.standardise(self.ranges.T)
            others = low + (high - low) * rng.random((n + 64, self.n_labels))
            points = np.concatenate([self.centres, others])
            kernel = np.exp(-gamma * squared_distance(points, self.centres))
            kernel, check = kernel[:-64], kernel[-64:]
            exact = check @ coefficients
        while n * p > 2 * rank * (n + p):
            directions = rng.standard_normal((p, rank))
            for _ in range(2):  # the second time the weak directions are found as well
                spectra = np.linalg.qr(kernel @ (coefficients @ directions))[0]
                directions = np.linalg.qr(coefficients.T @ (kernel.T @ spectra))[0]  # (p, rank)
            left = coefficients @ directions
            lost = exact - check @ left @ directions.T
            if np.sqrt(np.mean((lost / self.error[pixels]) ** 2)) < _SHORTENED_ERROR:
                return _Group(gamma, pixels, left, np.ascontiguousarray(directions.T))
            rank *= 2
        return _Group(gamma, pixels, coefficients, None)

    @cached_property
    def training_spectra(self) -> Singles:
        """Generated spectra at the labels of the training set, (n, p)."""
        spectra = self.predict(self.centres * self.label_scale + self.label_mean)
        return spectra.astype(np.float32)

    def standardise(self, labels: Floats) -> Floats:
        """Return labels in standard deviations from the mean of the training labels."""
        return np.asarray((labels - self.label_mean) / self.label_scale)

    def predict(self, labels: Floats) -> Floats:
        """Return spectra of labels.

        Parameters
        ----------
        labels : (k, d)

        Returns
        -------
        (k, p)
        """
        x = self.standardise(self._checked(labels))
        flux = np.empty((len(x), self.n_pixels))
        for start in range(0, len(x), _BLOCK):
            self._sums(x[start : start + _BLOCK], flux[start : start + _BLOCK], None)
        return flux

    def predict_with_gradient(self, labels: Floats) -> tuple[Floats, Floats]:
        """Return spectra of labels and their derivatives.

        Parameters
        ----------
        labels : (k, d)

        Returns
        -------
        flux : (k, p)
        gradient : (k, p, d)
            Per unit of the label: per K, per dex, per km/s.
        """
        x = self.standardise(self._checked(labels))
        flux, slopes = self.standardised(x, np.float64)
        slopes /= self.label_scale[:, None]
        return flux, np.ascontiguousarray(slopes.transpose(0, 2, 1))

    def standardised(
        self, x: Floats, dtype: type[np.floating] = np.float32
    ) -> tuple[Floats, NDArray[Any]]:
        """Return spectra of standardised labels and the derivatives by these.

        Parameters
        ----------
        x : (k, d)
            Standardised labels.
        dtype
            Of the derivatives: single precision is enough to find a minimum, and twice as quick.

        Returns
        -------
        flux : (k, p)
            Always in double precision.
        slopes : (k, d, p)
        """
        flux = np.empty((len(x), self.n_pixels))
        slopes = np.empty((len(x), self.n_labels, self.n_pixels), dtype=dtype)
        for start in range(0, len(x), _BLOCK):
            rows = slice(start, start + _BLOCK)
            self._sums(x[rows], flux[rows], slopes[rows])
        return flux, slopes

    def _sums(self, x: Floats, flux: Floats, slopes: NDArray[Any] | None) -> None:
        """Fill ``flux`` (k, p) and, where wanted, ``slopes`` (k, d, p)."""
        flux[:] = self.offset
        difference = (self.centres[None] - x[:, None]).transpose(0, 2, 1)  # (k, d, n)
        distance = np.sum(difference**2, axis=1)  # (k, n)
        if slopes is not None:
            slopes[:] = 0.0
            difference = difference.astype(slopes.dtype)
        for group in self._groups:
            kernel = np.exp(-group.gamma * distance)  # (k, n)
            flux[:, group.pixels] += group.sums(kernel)
            if slopes is not None:
                rows = (2.0 * group.gamma * kernel).astype(slopes.dtype)[:, None] * difference
                found = group.sums(rows.reshape(-1, rows.shape[2]))
                slopes[:, :, group.pixels] = found.reshape(*rows.shape[:2], len(group.pixels))

    def _checked(self, labels: Floats) -> Floats:
        labels = np.asarray(labels, dtype=np.float64)
        if labels.ndim != 2 or labels.shape[1] != self.n_labels:
            raise ValueError(f"labels of shape {labels.shape}; (stars, {self.n_labels}) expected")
        return labels

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays from which :meth:`from_tensors` makes the generator again."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        tensors["kind"] = np.array([KINDS.index(self.kind)], dtype=np.int64)
        return tensors

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Generator:
        """Return the generator that :meth:`to_tensors` took apart."""
        arrays = dict(tensors)
        return cls(kind=KINDS[int(arrays.pop("kind")[0])], **arrays)


def fit(
    labels: Floats,
    flux: NDArray[np.floating],
    kind: str = "kernel_ridge",
    *,
    ranges: Floats | None = None,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> Generator:
    """Learn the spectra of a training set.

    Labels and the flux of each pixel are standardised to mean 0 and variance 1 (Guo et al.
    2021, section 3.1, step 1); ``kernel_ridge`` then stretches the labels.

    Parameters
    ----------
    labels : (n, d)
        Teff (K), log g, [M/H] (dex), v sin i (km/s). A label that is the same everywhere is
        allowed; the spectra do not depend on it then.
    flux : (n, p)
        Normalised flux, without noise or with the same noise everywhere.
    kind
        ``kernel_ridge`` or ``svr``.
    ranges : (d, 2), optional
        From what ranges the labels were drawn; least and greatest label by default. Give them:
        else a star with v sin i of 0 lies below the least of the random ones.
    progress
        Called with the number of steps done and their number.
    **settings
        Of :func:`ml.slam.kernel_ridge.fit_pixels` or :func:`ml.slam.svr.fit_pixels`.

    Raises
    ------
    ValueError
        When shapes disagree, a number is missing or there are fewer than ten spectra.
    """
    labels = np.asarray(labels, dtype=np.float64)
    flux = np.asarray(flux)
    if labels.ndim != 2 or flux.ndim != 2 or len(labels) != len(flux):
        raise ValueError(
            f"labels {labels.shape} and flux {flux.shape} do not belong together: (n, d), (n, p)"
        )
    if len(labels) < 10:
        raise ValueError(f"{len(labels)} training spectra are too few; hundreds are usual")
    if not np.all(np.isfinite(labels)) or not np.all(np.isfinite(flux)):
        raise ValueError("training labels and spectra must be complete: some are NaN or infinite")
    if kind not in KINDS:
        raise ValueError(f"no generator of kind {kind!r}; there are {' and '.join(KINDS)}")
    label_mean, label_scale = labels.mean(axis=0), labels.std(axis=0)
    label_scale[np.ptp(labels, axis=0) == 0.0] = 1.0
    flux_mean = flux.mean(axis=0, dtype=np.float64)
    flux_scale = flux.std(axis=0, dtype=np.float64)
    silent = flux_scale < _SILENT
    flux_scale[silent] = 1.0
    standardised = (flux - flux_mean) / flux_scale
    standardised[:, silent] = 0.0
    x = (labels - label_mean) / label_scale
    if kind == "svr":
        fits = svr.fit_pixels(x, standardised, progress=progress, **settings)
    else:
        factors = kernel_ridge.stretch(x, standardised, np.where(silent, 0.0, flux_scale))
        x *= factors
        label_scale /= factors
        fits = kernel_ridge.fit_pixels(x, standardised, progress=progress, **settings)
    return Generator(
        kind=kind,
        label_mean=label_mean,
        label_scale=label_scale,
        ranges=np.stack([labels.min(axis=0), labels.max(axis=0)], axis=1)
        if ranges is None
        else np.array(ranges, dtype=np.float64),
        centres=x,
        gamma=fits.gamma,
        penalty=fits.penalty,
        coefficients=(fits.coefficients * flux_scale).astype(np.float32),
        offset=flux_mean + flux_scale * fits.intercept,
        error=flux_scale * fits.error,
    )
