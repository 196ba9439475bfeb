"""A grid of models is interpolated between its own nodes and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from ml.slam.grid import ModelGrid

TEFF = np.array([15000.0, 18000.0, 20000.0, 25000.0, 30000.0])
LOGG = np.array([2.0, 2.5, 3.0, 3.5, 4.0, 4.5])
M_H = np.array([-1.0, 0.0, 0.301])
LOG_WAVELENGTH = 3.7 + 1e-5 * np.arange(7)


def linear_flux(labels: np.ndarray) -> np.ndarray:
    """Flux that is linear in every label, a different way at each pixel."""
    slopes = np.random.default_rng(3).normal(0.0, 0.05, (3, len(LOG_WAVELENGTH)))
    scaled = (labels - [2e4, 3.5, 0.0]) / [1e4, 1.0, 1.0]
    return (1.0 + scaled @ slopes).astype(np.float32)


def stair(teff: np.ndarray) -> np.ndarray:
    """Least log g at a temperature: the Eddington limit goes with the fourth power of Teff."""
    return 2.0 + 4.0 * np.log10(teff / 15000.0)


def hot_grid(missing: tuple[tuple[float, float, float], ...] = ()) -> ModelGrid:
    labels = np.array(np.meshgrid(TEFF, LOGG, M_H, indexing="ij")).reshape(3, -1).T
    kept = labels[:, 1] >= stair(labels[:, 0])
    kept &= ~np.any([np.all(labels == node, axis=1) for node in missing or [(0, 0, 0)]], axis=0)
    labels = labels[kept]
    return ModelGrid(labels, LOG_WAVELENGTH, linear_flux(labels), "hot", True)


def full_grid(rng: np.random.Generator) -> ModelGrid:
    labels = np.array(np.meshgrid(TEFF, LOGG, M_H, indexing="ij")).reshape(3, -1).T
    flux = rng.uniform(0.2, 1.0, (len(labels), len(LOG_WAVELENGTH))).astype(np.float32)
    return ModelGrid(labels, LOG_WAVELENGTH, flux, "full")


any_labels = st.tuples(st.floats(14000, 31000), st.floats(1.8, 4.7), st.floats(-1.2, 0.4))


def test_every_node_is_inside_and_gives_its_own_spectrum():
    grid = hot_grid(missing=((20000.0, 3.5, 0.0),))
    assert np.all(grid.inside(grid.labels))
    np.testing.assert_allclose(grid.interpolate(grid.labels), grid.flux, atol=1e-7)


@given(labels=st.lists(any_labels, min_size=1, max_size=30))
def test_a_grid_without_holes_is_interpolated_as_scipy_does(labels):
    grid = full_grid(np.random.default_rng(1))
    labels = np.array(labels)
    inside = np.all((labels >= grid.ranges[:, 0]) & (labels <= grid.ranges[:, 1]), axis=1)
    assert np.array_equal(grid.inside(labels), inside)
    cube = grid.flux.reshape(len(TEFF), len(LOGG), len(M_H), -1)
    oracle = RegularGridInterpolator((TEFF, LOGG, M_H), cube)
    np.testing.assert_allclose(
        grid.interpolate(labels[inside]), oracle(labels[inside]), atol=2e-6, rtol=0
    )


@given(labels=any_labels)
def test_only_neighbouring_nodes_count_and_they_give_the_labels_back(labels):
    grid = hot_grid(missing=((20000.0, 3.5, 0.0), (25000.0, 4.5, 0.301)))
    nodes, weights, inside = grid.weights(np.array([labels]))
    if not inside[0]:
        assert not weights.any()
        return
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0)
    used = nodes[0, weights[0] > 0]
    np.testing.assert_allclose(weights[0] @ grid.labels[nodes[0]], labels, rtol=1e-9, atol=1e-9)
    for column, axis in enumerate(grid.axes):
        places = np.searchsorted(axis, grid.labels[used, column])
        assert np.ptp(places) <= 1  # a cell, never across a hole


@given(labels=any_labels)
def test_flux_that_is_linear_in_the_labels_is_met_exactly_also_at_the_stair(labels):
    grid = hot_grid()
    point = np.array([labels])
    if grid.inside(point)[0]:
        np.testing.assert_allclose(grid.interpolate(point), linear_flux(point), atol=2e-6)


def test_there_is_nothing_below_the_stair_of_the_eddington_limit():
    grid = hot_grid()
    # between the lowest nodes of 25,000 K (log g 3) and 30,000 K (log g 3.5), not of the hull's
    assert grid.inside(np.array([27500.0, 3.25, 0.0]))
    assert grid.inside(np.array([27500.0, 3.3, 0.0]))
    assert not grid.inside(np.array([27500.0, 3.2, 0.0]))
    # the convex hull of all nodes holds this point; no atmosphere does
    assert not grid.inside(np.array([24000.0, 2.7, 0.0]))
    assert not grid.inside(np.array([30000.0, 2.5, 0.0]))


def test_a_model_that_did_not_converge_leaves_a_hole_with_its_own_corners_cut():
    grid = hot_grid(missing=((20000.0, 3.5, 0.0),))
    assert not grid.inside(np.array([20000.0, 3.5, 0.0]))
    assert not grid.inside(np.array([20300.0, 3.55, 0.0]))
    assert not grid.inside(np.array([20000.0, 3.5, -0.5]))  # it is a corner of these cells too
    assert grid.inside(np.array([20000.0, 3.5, -1.0]))
    assert grid.inside(np.array([18100.0, 3.1, 0.0]))  # the far half of a cut cell


def test_a_grid_of_one_metallicity_serves_that_metallicity_only():
    labels = np.array([(t, g, 0.0) for t in TEFF for g in LOGG])
    grid = ModelGrid(labels, LOG_WAVELENGTH, linear_flux(labels), "solar")
    assert grid.inside(np.array([16000.0, 3.1, 0.0]))
    assert not grid.inside(np.array([16000.0, 3.1, 0.1]))


def test_labels_that_are_missing_lie_outside():
    inside = hot_grid().inside(np.array([[np.nan, 3.0, 0.0], [18000.0, np.nan, 0.0]]))
    assert not inside.any()


def test_asking_outside_names_the_first_label_and_the_way_out():
    with pytest.raises(ValueError, match=r"1 of 2 labels.*teff 99000.*inside\(\)"):
        hot_grid().interpolate(np.array([[18000.0, 3.0, 0.0], [99000.0, 3.0, 0.0]]))


def test_a_window_of_the_grid_keeps_its_pixels():
    grid = hot_grid()
    cut = grid.between(grid.wavelength[2] * 0.9999999, grid.wavelength[4] * 1.0000001)
    np.testing.assert_array_equal(cut.flux, grid.flux[:, 2:5])
    assert cut.digest() != grid.digest()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a["labels"].__setitem__(1, a["labels"][0]), "the same Teff"),
        (lambda a: a["log_wavelength"].__setitem__(3, 3.71), "not equal"),
        (lambda a: a["flux"].__setitem__((0, 0), np.nan), "missing"),
        (lambda a: a.__setitem__("labels", a["labels"][:-1]), "do not belong together"),
    ],
)
def test_a_broken_grid_is_refused(change, words):
    grid = hot_grid()
    arrays = {
        "labels": grid.labels.copy(),
        "log_wavelength": grid.log_wavelength.copy(),
        "flux": grid.flux.copy(),
    }
    change(arrays)
    with pytest.raises(ValueError, match=words):
        ModelGrid(**arrays, name="broken")


@pytest.mark.real_data
def test_every_second_node_of_bstar2006_predicts_those_between(real_data: Path):
    """He I 6678 between nodes 2,000 K and 0.5 dex apart, twice as far as the grid's own.

    Not nearer to the Eddington limit than log g 3.25: the line goes into emission there, and no
    straight line follows it (at 27,000 K and log g 3 it is wrong by 0.23 of the continuum).
    """
    with np.load(real_data / "model_grid/bstar2006_hei6678_flux.npz") as file:
        wavelength, flux, teff, logg = (file[k] for k in ("wave_vac_A", "flux", "teff", "logg"))
    flux = flux / np.median(flux, axis=1, keepdims=True)
    labels = np.column_stack([teff, logg, np.zeros_like(teff)]).astype(np.float64)
    coarse = (teff % 2000 == 1000) & (logg % 0.5 == 0.25)
    grid = ModelGrid(labels[coarse], np.log10(wavelength), flux[coarse], "BSTAR2006 thinned")
    between = grid.inside(labels) & ~coarse & (logg >= 3.25)
    assert between.sum() > 70
    error = np.abs(grid.interpolate(labels[between]) - flux[between]).max(axis=1)
    assert np.median(error) < 0.004  # the line is 0.4 to 0.6 deep
    assert np.max(error) < 0.02
