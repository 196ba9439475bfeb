"""Teff and log g of hot stars from spectral type and luminosity class.

Sprague et al. (2022, section 3.1) made training labels of hot stars so: types and classes as
numbers (O0 is 0, B0 10, A0 20, F0 30; I to V are 1 to 5), and a small regression from stars that
have both. Their 851 stars are not printed; here the regression learns from published
calibrations, and is a polynomial of low order in both numbers rather than a network: sixty rows
teach no more. Between the classes of the calibrations it interpolates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Powers of type and class in each polynomial.
_TEFF_POWERS = ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (0, 1), (1, 1), (2, 1), (3, 1))
_LOGG_POWERS = ((0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1), (2, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class Regression:
    """A polynomial in type and class.

    Attributes
    ----------
    powers : (k, 2)
        Of type and class.
    weights : (k,)
        Of its terms.
    held_out_error
        Root mean square of the rows, each predicted by the others.
    types, classes
        Range of the rows; outside nothing is said.
    """

    powers: tuple[tuple[int, int], ...]
    weights: Floats
    held_out_error: float
    types: tuple[float, float]
    classes: tuple[float, float]

    @classmethod
    def of(
        cls, powers: tuple[tuple[int, int], ...], type_: Floats, class_: Floats, value: Floats
    ) -> Regression:
        """Fit by least squares.

        Raises
        ------
        ValueError
            If there are not more finite rows than terms.
        """
        fine = np.isfinite(value) & np.isfinite(type_) & np.isfinite(class_)
        type_, class_, value = type_[fine], class_[fine], value[fine]
        if len(value) <= len(powers):
            raise ValueError(
                f"a calibration of {len(value)} rows for {len(powers)} terms: more are needed"
            )
        terms = _terms(powers, type_, class_)
        weights = np.asarray(np.linalg.lstsq(terms, value, rcond=None)[0], dtype=np.float64)
        # each row as the others predict it: the hat matrix says it without another fit
        hat = np.einsum("ij,ji->i", terms, np.linalg.pinv(terms))
        left_out = (value - terms @ weights) / np.maximum(1.0 - hat, 1e-6)
        return cls(
            powers,
            weights,
            float(np.sqrt(np.mean(left_out**2))),
            (float(type_.min()), float(type_.max())),
            (float(class_.min()), float(class_.max())),
        )

    def __call__(self, type_: ArrayLike, class_: ArrayLike) -> Floats:
        """Return values, (n,), NaN outside the range of the rows."""
        t, c = np.broadcast_arrays(np.asarray(type_, float), np.asarray(class_, float))
        with np.errstate(invalid="ignore"):
            inside = (t >= self.types[0]) & (t <= self.types[1])
            inside &= (c >= self.classes[0]) & (c <= self.classes[1])
        return np.where(inside, _terms(self.powers, t, c) @ self.weights, np.nan)


def _terms(powers: tuple[tuple[int, int], ...], type_: Floats, class_: Floats) -> Floats:
    # both about 0 and of order 1
    t, c = type_ / 20.0 - 1.0, (class_ - 3.0) / 2.0
    return np.stack([t**i * c**j for i, j in powers], axis=-1)


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
        """
        t, c, k, g = (
            np.asarray(column, dtype=np.float64) for column in (type_, class_, teff, logg)
        )
        return cls(
            Regression.of(_TEFF_POWERS, t, c, np.log10(k)), Regression.of(_LOGG_POWERS, t, c, g)
        )
