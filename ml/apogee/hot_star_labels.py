"""Teff and log g of hot stars from spectral type and luminosity class.

Sprague et al. (2022, section 3.1) made training labels of hot stars so: types and classes as
numbers (O0 is 0, B0 10, A0 20, F0 30; I to V are 1 to 5), and a small regression from stars that
have both. Their 851 stars are not printed; here the regression learns from published
calibrations, and is a Gaussian process rather than a network: ninety rows are few, it passes
through them smoothly, and says itself where it is far from any. Between the classes of the
calibrations it interpolates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Fewest rows that a trend of five terms and anything beyond it can be learnt from.
MIN_ROWS = 8


@dataclass(frozen=True)
class Kernel:
    """How a calibration varies about its trend.

    Attributes
    ----------
    type_scale, class_scale
        Numbers of types and classes over which it does.
    height
        By how much, dex.
    noise
        By how much neighbouring rows, from other authors, differ, dex.
    """

    type_scale: float
    class_scale: float
    height: float
    noise: float

    def covariance(self, t: Floats, c: Floats, types: Floats, classes: Floats) -> Floats:
        """Return the covariance, (..., m), of any values with those at m rows, without noise."""
        squares = ((t[..., None] - types) / self.type_scale) ** 2
        squares += ((c[..., None] - classes) / self.class_scale) ** 2
        return np.asarray(self.height**2 * np.exp(-0.5 * squares))


#: Of greatest marginal likelihood, to the nearest of some round numbers, for the calibrations
#: that come with the warehouse.
TEFF_KERNEL = Kernel(2.0, 4.0, 0.05, 0.005)
LOGG_KERNEL = Kernel(8.0, 2.0, 0.4, 0.04)


@dataclass(frozen=True)
class Regression:
    """A Gaussian process over type and class (Rasmussen & Williams 2006, sections 2.2 and 2.7).

    Attributes
    ----------
    kernel
        About a trend that is quadratic in type and linear in class.
    types, classes : (m,)
        Of the rows; outside their range nothing is said.
    coefficients : (5,)
        Of the trend.
    weights : (m,)
        Of the rows in what is added to the trend.
    inverse : (m, m)
        Of the rows' covariance about the trend.
    held_out_error
        Root mean square of the rows, each predicted by the others.
    """

    kernel: Kernel
    types: Floats
    classes: Floats
    coefficients: Floats
    weights: Floats
    inverse: Floats
    held_out_error: float

    @classmethod
    def of(cls, kernel: Kernel, type_: Floats, class_: Floats, value: Floats) -> Regression:
        """Learn from rows; those with a number missing are left out.

        Raises
        ------
        ValueError
            If there are fewer than :data:`MIN_ROWS`.
        """
        fine = np.isfinite(value) & np.isfinite(type_) & np.isfinite(class_)
        type_, class_, value = type_[fine], class_[fine], value[fine]
        if len(value) < MIN_ROWS:
            raise ValueError(
                f"a calibration of {len(value)} rows with type, class and value: "
                f"{MIN_ROWS} are needed"
            )
        covariance = kernel.covariance(type_, class_, type_, class_)
        inverse = _inverse(covariance + kernel.noise**2 * np.eye(len(value)))
        terms = _trend(type_, class_)
        to_trend: Floats = _spread(terms, inverse) @ terms.T @ inverse
        # without the part of the values that the trend explains, whatever its coefficients
        beyond: Floats = inverse - inverse @ terms @ to_trend
        weights = beyond @ value
        # each row as the others predict it, without another fit (section 5.4.2)
        left_out = weights / np.diag(beyond)
        return cls(
            kernel,
            type_,
            class_,
            to_trend @ value,
            weights,
            inverse,
            float(np.sqrt(np.mean(left_out**2))),
        )

    def __call__(self, type_: ArrayLike, class_: ArrayLike) -> Floats:
        """Return values, (n,), NaN outside the range of the rows."""
        return self.with_error(type_, class_)[0]

    def with_error(self, type_: ArrayLike, class_: ArrayLike) -> tuple[Floats, Floats]:
        """Return values and errors, (n,), NaN outside the range of the rows.

        The error is that of held-out rows, and larger between rows that lie far apart.
        """
        t, c = np.broadcast_arrays(np.asarray(type_, float), np.asarray(class_, float))
        with np.errstate(invalid="ignore"):
            inside = (t >= self.types.min()) & (t <= self.types.max())
            inside &= (c >= self.classes.min()) & (c <= self.classes.max())
        t, c = np.where(inside, t, self.types[0]), np.where(inside, c, self.classes[0])
        value, variance = self._anywhere(t, c)
        error = np.sqrt(variance + self.held_out_error**2)
        return np.where(inside, value, np.nan), np.where(inside, error, np.nan)

    def _anywhere(self, t: Floats, c: Floats) -> tuple[Floats, Floats]:
        """Return values and their variances, also outside the range of the rows."""
        among = self.kernel.covariance(t, c, self.types, self.classes)
        value = _trend(t, c) @ self.coefficients + among @ self.weights
        known = np.sum((among @ self.inverse) * among, axis=-1)
        terms = _trend(self.types, self.classes)
        open_ = _trend(t, c) - among @ self.inverse @ terms
        of_trend = np.sum((open_ @ _spread(terms, self.inverse)) * open_, axis=-1)
        return value, np.maximum(self.kernel.height**2 - known, 0.0) + of_trend


def _spread(terms: Floats, inverse: Floats) -> Floats:
    """Return the covariance of the trend's coefficients, (5, 5)."""
    return _inverse(terms.T @ inverse @ terms)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _trend(type_: Floats, class_: Floats) -> Floats:
    """Return the trend's terms, (..., 5)."""
    # both about 0 and of order 1
    t, c = type_ / 20.0 - 1.0, (class_ - 3.0) / 2.0
    return np.stack([np.ones_like(t), t, t**2, c, t * c], axis=-1)


@dataclass(frozen=True)
class HotStarLabels:
    """Both regressions; :meth:`of` takes a calibration's rows."""

    log_teff: Regression
    logg: Regression

    @classmethod
    def of(
        cls, type_: ArrayLike, class_: ArrayLike, teff: ArrayLike, logg: ArrayLike
    ) -> HotStarLabels:
        """Learn from calibrations.

        Parameters
        ----------
        type_, class_ : (n,)
            Numbers of spectral type and luminosity class.
        teff, logg : (n,)
            K, and log10 of cm/s2; NaN where a row has none.

        Raises
        ------
        ValueError
            As :meth:`Regression.of` does.
        """
        t, c, k, g = (
            np.asarray(column, dtype=np.float64) for column in (type_, class_, teff, logg)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            log_teff = np.log10(k)
        return cls(Regression.of(TEFF_KERNEL, t, c, log_teff), Regression.of(LOGG_KERNEL, t, c, g))
