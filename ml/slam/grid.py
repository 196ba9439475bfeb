"""A grid of model spectra, with the holes that grids of hot stars have, and its interpolation.

Atmospheres near the Eddington limit do not hold together, so that a grid in Teff and log g has
a stair for its lower border, and single models that did not converge are missing inside. Flux
is interpolated linearly in the cells whose corners all exist, linearly on the triangle where
one corner is missing, and nowhere else: nothing is extrapolated over a hole.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

LABELS = ("teff", "logg", "m_h")
"""Columns of a grid's labels: K, dex (cgs), dex."""

_ROUNDING = 1e-9  # a label on a node may be off by this part of a cell


@dataclass(frozen=True)
class ModelGrid:
    """Model spectra of stars that do not turn, one a node.

    Attributes
    ----------
    labels : (n, 3)
        Teff (K), log g (dex, cgs) and [M/H] (dex) of the nodes.
    log_wavelength : (m,)
        log10 of the vacuum wavelength in A, in equal steps.
    flux : (n, m) float32
        In units of the continuum.
    name
        What the grid is, for a model's card.
    simulated
        Whether the spectra are no model atmospheres but made by the simulated survey.

    Raises
    ------
    ValueError
        When shapes disagree, a node stands twice, the steps are not equal or flux is missing.
    """

    labels: Floats
    log_wavelength: Floats
    flux: Singles
    name: str
    simulated: bool = False

    def __post_init__(self) -> None:
        n, m = self.flux.shape
        if self.labels.shape != (n, len(LABELS)) or self.log_wavelength.shape != (m,):
            raise ValueError(
                f"grid {self.name}: labels {self.labels.shape}, wavelengths "
                f"{self.log_wavelength.shape} and flux {self.flux.shape} do not belong together"
            )
        if n == 0 or m < 2:
            raise ValueError(f"grid {self.name}: {n} spectra of {m} pixels are no grid")
        steps = np.diff(self.log_wavelength)
        if not np.all(np.abs(steps - self.log_step) < 1e-3 * abs(self.log_step)):
            raise ValueError(f"grid {self.name}: the steps in log wavelength are not equal")
        if len(np.unique(self.labels, axis=0)) < n:
            raise ValueError(f"grid {self.name}: two spectra have the same Teff, log g and [M/H]")
        if not np.all(np.isfinite(self.flux)):
            raise ValueError(f"grid {self.name}: some flux is missing (NaN or infinite)")

    @property
    def log_step(self) -> float:
        """Step in log10 of the wavelength."""
        return float((self.log_wavelength[-1] - self.log_wavelength[0]) / (self.flux.shape[1] - 1))

    @property
    def wavelength(self) -> Floats:
        """Vacuum wavelength, A, (m,)."""
        return np.asarray(10.0**self.log_wavelength)

    @property
    def ranges(self) -> Floats:
        """Least and greatest value of each label, (3, 2)."""
        return np.stack([self.labels.min(axis=0), self.labels.max(axis=0)], axis=1)

    @cached_property
    def axes(self) -> tuple[Floats, Floats, Floats]:
        """Values of Teff, log g and [M/H] that nodes have, increasing."""
        teff, logg, m_h = (np.unique(self.labels[:, column]) for column in range(len(LABELS)))
        return teff, logg, m_h

    @cached_property
    def _nodes(self) -> NDArray[np.int64]:
        """Row of the node at each place of the axes, -1 where there is none."""
        table = np.full([len(axis) for axis in self.axes], -1, dtype=np.int64)
        places = [
            np.searchsorted(axis, self.labels[:, column]) for column, axis in enumerate(self.axes)
        ]
        table[tuple(places)] = np.arange(len(self.labels))
        return table

    def digest(self) -> str:
        """Return a hash of labels, wavelengths and flux: what a model was trained on."""
        content = hashlib.sha256()
        for array in (self.labels, self.log_wavelength, self.flux):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()

    def between(self, low: float, high: float) -> ModelGrid:
        """Return the grid with only the pixels from ``low`` to ``high``, vacuum A."""
        kept = (self.log_wavelength >= np.log10(low)) & (self.log_wavelength <= np.log10(high))
        return replace(
            self, log_wavelength=self.log_wavelength[kept], flux=self.flux[:, kept].copy()
        )

    def inside(self, labels: Floats) -> NDArray[np.bool_]:
        """Tell which labels lie in a real cell of the grid.

        Parameters
        ----------
        labels : (k, 3) or (3,)
            Teff, log g, [M/H]; NaN lies outside.

        Returns
        -------
        (k,) or () bool
        """
        labels = np.asarray(labels, dtype=np.float64)
        found = self.weights(np.atleast_2d(labels))[2]
        return found if labels.ndim == 2 else np.asarray(found[0])

    def weights(self, labels: Floats) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
        """Return the nodes that a spectrum is interpolated from.

        Parameters
        ----------
        labels : (k, 3)
            Teff, log g, [M/H].

        Returns
        -------
        nodes : (k, 8)
            Rows of :attr:`labels`; 0 where the weight is 0.
        weights : (k, 8)
            They sum to 1, and give the labels when applied to the nodes' labels.
        inside : (k,)
            False where there is no cell; the weights are 0 there.
        """
        labels = np.asarray(labels, dtype=np.float64)
        (t0, t1, u, t_in), (g0, g1, v, g_in), (z0, z1, w, z_in) = (
            _bracket(axis, labels[:, column]) for column, axis in enumerate(self.axes)
        )
        nodes, parts, found = [], [], []
        for z, share in ((z0, 1.0 - w), (z1, w)):
            corners = np.stack(
                [self._nodes[t, g, z] for t, g in ((t0, g0), (t1, g0), (t0, g1), (t1, g1))], axis=1
            )
            plane, complete = _in_the_plane(u, v, corners >= 0)
            found.append(complete | (share == 0.0))
            nodes.append(corners)
            parts.append(plane * share[:, None])
        inside = t_in & g_in & z_in & found[0] & found[1]
        rows = np.concatenate(nodes, axis=1)
        amounts = np.where(inside[:, None], np.concatenate(parts, axis=1), 0.0)
        return np.where(amounts != 0.0, rows, 0), amounts, inside

    def interpolate(self, labels: Floats, pixels: slice = slice(None)) -> Singles:
        """Return spectra at labels inside the grid.

        Parameters
        ----------
        labels : (k, 3)
            Teff, log g, [M/H].
        pixels
            Which pixels; all by default.

        Returns
        -------
        (k, m) float32

        Raises
        ------
        ValueError
            When some labels lie outside; :meth:`inside` tells which.
        """
        labels = np.asarray(labels, dtype=np.float64).reshape(-1, len(LABELS))
        nodes, amounts, inside = self.weights(labels)
        if not np.all(inside):
            first = ", ".join(
                f"{name} {value:g}" for name, value in zip(LABELS, labels[~inside][0], strict=True)
            )
            raise ValueError(
                f"grid {self.name}: {np.sum(~inside)} of {len(labels)} labels lie outside its "
                f"cells (the first: {first}); ask inside() before interpolate()"
            )
        starts = np.arange(0, amounts.size + 1, amounts.shape[1])
        matrix = csr_array(
            (amounts.ravel().astype(np.float32), nodes.ravel(), starts),
            shape=(len(labels), len(self.labels)),
        )
        return np.asarray(matrix @ self.flux[:, pixels], dtype=np.float32)


def _bracket(
    axis: Floats, value: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """Return the neighbours of values on an axis, the way between them, and whether inside."""
    low = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, max(len(axis) - 2, 0))
    high = np.minimum(low + 1, len(axis) - 1)
    width = np.where(high > low, axis[high] - axis[low], 1.0)
    part = (value - axis[low]) / width
    part = np.where(np.abs(part) < _ROUNDING, 0.0, part)
    part = np.where(np.abs(part - 1.0) < _ROUNDING, 1.0, part)
    inside = (part >= 0.0) & (part <= (1.0 if len(axis) > 1 else 0.0))  # False for NaN
    return low, high, np.where(inside, part, 0.0), inside


def _in_the_plane(
    u: Floats, v: Floats, present: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the weights of a cell's corners (00, 10, 01, 11) and whether they suffice.

    Bilinear where every corner that counts exists; on the triangle of the others where one is
    missing.
    """
    zero = np.zeros_like(u)
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], axis=1)
    complete = np.all(present | (weights == 0.0), axis=1)
    triangles = (
        np.stack([zero, 1.0 - v, 1.0 - u, u + v - 1.0], axis=1),  # without 00
        np.stack([1.0 - v, zero, v - u, u], axis=1),  # without 10
        np.stack([1.0 - u, u - v, zero, v], axis=1),  # without 01
        np.stack([1.0 - u - v, u, v, zero], axis=1),  # without 11
    )
    for missing, triangle in enumerate(triangles):
        others = [corner for corner in range(4) if corner != missing]
        usable = ~complete & ~present[:, missing] & np.all(present[:, others], axis=1)
        usable &= np.all(triangle >= -_ROUNDING, axis=1)
        weights[usable] = np.clip(triangle[usable], 0.0, None)
        complete |= usable
    return weights, complete
