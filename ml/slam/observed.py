"""Observed spectra as SLAM takes them: clean, at rest, on the training grid, rectified.

Guo et al. (2021, section 4): the spectrum is divided by its pseudo-continuum
(:mod:`ml.slam.rectify`), brought to rest with its radial velocity, and sampled like the training
spectra. Pixels in interstellar bands and in the gap of the low-resolution spectrographs have no
weight. Low-resolution pixels, about as wide as those of the training grid, are interpolated;
medium-resolution ones, which are finer, are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.slam.masks import filled_by_emission, useful
from ml.slam.rectify import rectify_spline
from ml.slam.training_set import RESOLUTION, WAVELENGTH, TrainingSet
from ml.spectra.grids import Grid
from ml.spectra.placement import OK
from ml.spectra.ragged import RaggedSpectra, at_rest
from ml.spectra.resample import to_grid

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

MARGIN = {"LRS": 50.0, "MRS": 20.0}
"""Beyond the training grid's windows, A, so that the spline is not at its end there."""

STEP = {"LRS": 1.0, "MRS": 0.2}
"""Of the training grids, A."""

_FINE_STEP = 1e-5  # of medium-resolution files, log10 of the wavelength
_BLOCK = 256  # spectra in work at once


@dataclass(frozen=True)
class EvenGrid(Grid):
    """Equal steps in the wavelength itself.

    Parameters
    ----------
    angstroms
        Vacuum wavelength of every pixel.
    """

    angstroms: tuple[float, ...] = field(default=(), repr=False)

    @cached_property
    def log_wavelength(self) -> Floats:
        """log10 of the vacuum wavelength in A of every pixel, shape ``(size,)``."""
        return np.log10(np.array(self.angstroms))


@dataclass(frozen=True)
class Window:
    """A stretch of the training grid without gaps.

    Attributes
    ----------
    columns
        Its pixels in the training grid.
    wide : (w,)
        Its wavelengths with a margin at both ends, A.
    inner
        The window's own pixels among those.
    """

    columns: slice
    wide: Floats
    inner: slice


@cache
def windows(survey: str) -> tuple[Window, ...]:
    """Return the windows of a survey's training grid: one of LRS, two of MRS."""
    wavelength, step = WAVELENGTH[survey], STEP[survey]
    breaks = np.flatnonzero(np.diff(wavelength) > 2.0 * step) + 1
    more = round(MARGIN[survey] / step)
    found = []
    for start, stop in zip([0, *breaks], [*breaks, len(wavelength)], strict=True):
        n = stop - start
        wide = wavelength[start] + step * np.arange(-more, n + more)
        found.append(Window(slice(int(start), int(stop)), wide, slice(more, more + int(n))))
    return tuple(found)


def rectified(training: TrainingSet, wavelength: Floats, survey: str) -> TrainingSet:
    """Return training spectra divided by their pseudo-continua, as observed ones are.

    The spline follows the wings of the Balmer lines a little, in models as in stars: what
    has gone through the same mill can be compared.

    Parameters
    ----------
    training
        Drawn on the wide wavelengths of :func:`wide_wavelength`.
    wavelength : (w,)
        Those.
    survey
        ``LRS`` or ``MRS``.
    """
    flux = np.empty((len(training), len(WAVELENGTH[survey])), dtype=np.float32)
    first = 0
    for window in windows(survey):
        columns = slice(first, first + len(window.wide))
        first = columns.stop
        for start in range(0, len(training), _BLOCK):
            rows = slice(start, start + _BLOCK)
            given = training.flux[rows, columns]
            whole = np.ones(given.shape, dtype=bool)
            flux[rows, window.columns] = rectify_spline(given, whole, STEP[survey])[0][
                :, window.inner
            ]
    if first != len(wavelength):
        raise ValueError(f"{len(wavelength)} wavelengths, but the windows of {survey} have {first}")
    return replace(training, flux=flux, wavelength=WAVELENGTH[survey])


def wide_wavelength(survey: str) -> Floats:
    """Return the wavelengths of a survey's windows with their margins, one after the other."""
    return np.concatenate([window.wide for window in windows(survey)])


def continuum_curves(survey: str) -> Floats:
    """Return smooth curves, (c, p), for what the pseudo-continuum leaves of the true one.

    Legendre polynomials in each window: 20 over the 3,100 A of LRS, so that the finest has a
    period of 330 A, and :data:`MRS_CURVES` in each window of MRS.
    """
    n_pixels = len(WAVELENGTH[survey])
    curves = []
    for window in windows(survey):
        n = window.columns.stop - window.columns.start
        order = CURVES[survey]
        polynomials = np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, n), order - 1).T
        block = np.zeros((order, n_pixels))
        block[:, window.columns] = polynomials
        curves.append(block)
    return np.concatenate(curves)


CURVES = {"LRS": 20, "MRS": 6}
"""Curves a window; ours. Without any, the errors of the pseudo-continuum are label errors:
see docs/slam.md for what each number gives."""


@dataclass(frozen=True)
class ObservedSpectra:
    """Spectra on a survey's training grid.

    Attributes
    ----------
    flux : (n, p) float32
        In units of the pseudo-continuum, at rest if the velocity was right; 1 where ``ivar``
        is 0.
    ivar : (n, p) float32
        Inverse variance; 0 in bad pixels, interstellar bands, and LRS's gap.
    status : (n,)
        ``ok`` or why there is no spectrum (:func:`ml.spectra.resample.to_grid`); of MRS the
        first arm that lacks.
    """

    flux: Singles
    ivar: Singles
    status: NDArray[np.object_]


def observe(
    arms: Sequence[RaggedSpectra],
    velocity: Floats,
    survey: str,
    has_emission: NDArray[np.bool_] | None = None,
) -> ObservedSpectra:
    """Bring files' spectra onto the training grid of their survey.

    Parameters
    ----------
    arms
        One of LRS; blue and red of MRS. Vacuum wavelengths, in the frame of the Sun.
    velocity : (n,)
        Radial velocity in km/s; NaN counts as 0.
    survey
        ``LRS`` or ``MRS``.
    has_emission : (n,), optional
        Stars with emission in the Balmer lines: the lines that it fills get no weight.

    Returns
    -------
    ObservedSpectra
        A row's result does not depend on the other rows.

    Raises
    ------
    ValueError
        When the number of arms is not that of the survey's windows.
    """
    parts = windows(survey)
    if len(arms) != len(parts):
        raise ValueError(f"{survey} has {len(parts)} arms; {len(arms)} were given")
    wavelength = WAVELENGTH[survey]
    n = len(arms[0])
    flux = np.ones((n, len(wavelength)), dtype=np.float32)
    ivar = np.zeros((n, len(wavelength)), dtype=np.float32)
    status = np.full(n, OK, dtype=object)
    usable = useful(wavelength, gap=survey == "LRS")
    velocity = np.asarray(velocity, dtype=np.float64)
    for start in range(0, n, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n))
        for arm, window in zip(arms, parts, strict=True):
            still = at_rest(arm.rows(rows), velocity[rows])
            sampled, weight, arm_status = _sample(still, window, survey)
            given, continuum = rectify_spline(sampled, weight > 0.0, STEP[survey])
            with np.errstate(invalid="ignore", over="ignore"):
                weight = weight * continuum**2
            fine = np.isfinite(given) & np.isfinite(weight)
            inner = window.inner
            flux[rows, window.columns] = np.where(fine, given, 1.0)[:, inner]
            ivar[rows, window.columns] = np.where(fine, weight, 0.0)[:, inner]
            found = status[rows]
            found[found == OK] = arm_status[found == OK]
    ivar[:, ~usable] = 0.0
    if has_emission is not None:
        ivar[np.ix_(has_emission, filled_by_emission(wavelength))] = 0.0
    lost = status != OK
    flux[lost], ivar[lost] = np.nan, 0.0
    return ObservedSpectra(flux, ivar, status)


def _sample(
    spectra: RaggedSpectra, window: Window, survey: str
) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Return flux and inverse variance at the wide wavelengths, and the status of each row."""
    if survey == "LRS":
        gridded = to_grid(spectra, _even_grid(window.wide[0], len(window.wide)), with_ivar=True)
        assert gridded.ivar is not None
        ivar = np.where(gridded.good, gridded.ivar, 0.0)
        return gridded.flux.astype(np.float64), ivar.astype(np.float64), gridded.status
    grid, overlap = _fine_grid(window.wide[0], len(window.wide))
    gridded = to_grid(spectra, grid, with_ivar=True)
    assert gridded.ivar is not None
    good = gridded.good & (gridded.ivar > 0.0)
    share = overlap @ good.T.astype(np.float64)
    mean = overlap @ np.where(good, gridded.flux, 0.0).T.astype(np.float64)
    variance = np.where(good, 1.0 / np.maximum(gridded.ivar, 1e-30), 0.0)
    spread = overlap.power(2) @ variance.T.astype(np.float64)
    enough = share > 0.5
    share = np.where(enough, share, 1.0)
    flux = np.where(enough, mean / share, 0.0)
    ivar = np.where(enough & (spread > 0.0), share**2 / np.maximum(spread, 1e-30), 0.0)
    return flux.T, ivar.T, gridded.status


@cache
def _even_grid(first: float, n: int) -> EvenGrid:
    step = STEP["LRS"]
    angstroms = tuple((first + step * np.arange(n)).tolist())
    mean_step = float(np.log10(angstroms[-1] / angstroms[0]) / (n - 1))
    line_width = angstroms[n // 2] / RESOLUTION["LRS"] / step
    return EvenGrid("slam_lrs", 0, n, mean_step, line_width, 1, angstroms=angstroms)


@cache
def _fine_grid(first: float, n: int) -> tuple[Grid, csr_array]:
    """Return a log-linear grid as fine as the files', and the part of its pixels in each bin."""
    step = STEP["MRS"]
    edges = first + step * (np.arange(n + 1) - 0.5)
    low = int(np.floor(np.log10(edges[0]) / _FINE_STEP))
    high = int(np.ceil(np.log10(edges[-1]) / _FINE_STEP))
    line_width = float(np.log10(1.0 + 1.0 / RESOLUTION["MRS"]) / _FINE_STEP)
    grid = Grid("slam_mrs", low, high - low + 1, _FINE_STEP, line_width, 8)
    # where the borders of either fall among those of the other, each piece has one of both
    cuts = np.union1d(edges, grid.edges[(grid.edges > edges[0]) & (grid.edges < edges[-1])])
    middle, width = 0.5 * (cuts[1:] + cuts[:-1]), np.diff(cuts)
    bins = np.searchsorted(edges, middle) - 1
    pixels = np.searchsorted(grid.edges, middle) - 1
    overlap = csr_array((width / step, (bins, pixels)), shape=(n, grid.size))
    return grid, overlap
