"""Teff and log g from spectral types, against the calibrations they are learnt from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from ml.apogee.hot_star_labels import (
    LOGG_KERNEL,
    TEFF_KERNEL,
    HotStarLabels,
    Regression,
    _trend,
)
from ml.spectral_types import parse_spectral_type

CONSTANTS = Path(__file__).parents[2] / "dbt_project" / "constants"


def calibration() -> tuple[np.ndarray, ...]:
    with (CONSTANTS / "hot_star_calibration.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    types = [parse_spectral_type(row["spectral_type"]) for row in rows]
    number = [np.array([float(row[name] or "nan") for row in rows]) for name in ("teff", "logg")]
    return (
        np.array([one.numeric_type for one in types], dtype=float),
        np.array([one.luminosity_class for one in types], dtype=float),
        *number,
    )


def test_hot_stars_are_ordered_as_they_should_be() -> None:
    """Later types are cooler, and the brighter classes have less gravity.

    Of early O stars giants and supergiants hardly differ in the calibration (0.04 dex at O3).
    """
    labels = HotStarLabels.of(*calibration())
    types = np.arange(4.0, 32.0, 0.5)
    for luminosity_class in (1.0, 2.0, 3.0, 4.5, 5.0):
        assert np.all(np.diff(labels.log_teff(types, luminosity_class)) < 0)
    later = types[types >= 7.0]
    assert np.all(labels.logg(later, 1.0) < labels.logg(later, 3.0))
    assert np.all(labels.logg(types, 3.0) < labels.logg(types, 5.0))
    assert labels.log_teff.held_out_error < 0.015
    assert labels.logg.held_out_error < 0.06


def test_the_error_of_held_out_rows_is_that_of_fits_without_them() -> None:
    """Brute force: a fit for each row, without it."""
    type_, class_, _, logg = calibration()
    fine = np.isfinite(logg)
    type_, class_, logg = type_[fine], class_[fine], logg[fine]
    off = []
    for row in range(len(logg)):
        others = np.arange(len(logg)) != row
        left = Regression.of(LOGG_KERNEL, type_[others], class_[others], logg[others])
        t, c = np.array([type_[row]]), np.array([class_[row]])
        # beyond the range of the others, too
        off.append(float(left._anywhere(t, c)[0][0]) - logg[row])
    whole = Regression.of(LOGG_KERNEL, type_, class_, logg)
    assert whole.held_out_error == pytest.approx(np.sqrt(np.mean(np.square(off))), rel=1e-5)


def test_the_regression_is_that_of_scikit_learn() -> None:
    type_, class_, teff, _ = calibration()
    labels = HotStarLabels.of(*calibration()).log_teff
    fine = np.isfinite(teff)
    rows = np.column_stack([type_, class_])[fine]
    kernel = ConstantKernel(TEFF_KERNEL.height**2) * RBF(
        (TEFF_KERNEL.type_scale, TEFF_KERNEL.class_scale)
    )
    # its processes have no trend: take ours off, learnt by generalised least squares
    terms = _trend(*rows.T)
    covariance = kernel(rows) + TEFF_KERNEL.noise**2 * np.eye(len(rows))
    value = np.log10(teff[fine])
    solved = np.linalg.solve(covariance, np.column_stack([terms, value]))
    coefficients = np.linalg.solve(terms.T @ solved[:, :-1], terms.T @ solved[:, -1])
    theirs = GaussianProcessRegressor(kernel, alpha=TEFF_KERNEL.noise**2, optimizer=None)
    theirs.fit(rows, value - terms @ coefficients)
    asked = np.array([[4.5, 5.0], [10.0, 5.0], [12.5, 4.5], [15.0, 1.0], [25.0, 2.0]])
    expected = theirs.predict(asked) + _trend(*asked.T) @ coefficients
    assert labels(*asked.T) == pytest.approx(expected, abs=1e-8)


def test_errors_grow_far_from_all_rows() -> None:
    """No giant between O9.5 and F has a Teff in the calibration; dwarfs have one at each type."""
    labels = HotStarLabels.of(*calibration())
    _, near = labels.log_teff.with_error(15.0, 5.0)
    _, far = labels.log_teff.with_error(15.0, 3.0)
    assert labels.log_teff.held_out_error < float(near) < float(far)


def test_the_papers_example_of_a_training_label() -> None:
    """Sprague et al. (2022), table 1: a B2V star was given log Teff 4.306 and log g 4.04."""
    labels = HotStarLabels.of(*calibration())
    assert float(labels.log_teff(12.0, 5.0)) == pytest.approx(4.306, abs=0.05)
    assert float(labels.logg(12.0, 5.0)) == pytest.approx(4.04, abs=0.15)


def test_nothing_is_said_beyond_the_calibration() -> None:
    labels = HotStarLabels.of(*calibration())
    outside = labels.log_teff(np.array([1.0, 60.0, 12.0, np.nan]), np.array([5.0, 5.0, 7.0, 5.0]))
    assert np.isnan(outside).all()
