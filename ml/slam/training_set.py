"""Training spectra as Guo et al. (2021, section 3.2) make them from a grid of models.

Labels are drawn evenly inside the grid, spectra interpolated linearly, broadened by rotation
with v sin i of 0 to 300 km/s and by the spectrograph, and sampled where the paper samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.slam.broadening import LIMB_DARKENING, broaden, reach, velocity_step
from ml.slam.grid import ModelGrid

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

LABELS = ("teff", "logg", "m_h", "vsini")
"""Columns of a training set's labels: K, dex, dex, km/s."""

VSINI_RANGE = (0.0, 300.0)
"""km/s."""

RESOLUTION = {"LRS": 1800.0, "MRS": 7500.0}
"""Resolving power of LAMOST's surveys."""

WAVELENGTH = {
    "LRS": 3900.0 + np.arange(3101.0),
    "MRS": np.concatenate([4950.0 + 0.2 * np.arange(2001), 6300.0 + 0.2 * np.arange(2501)]),
}
"""Vacuum wavelengths of the training spectra, A: 3900-7000 by 1; 4950-5350, 6300-6800 by 0.2."""

_BLOCK = 256  # spectra in work at once: some 100 MB at low resolution


@dataclass(frozen=True)
class TrainingSet:
    """Spectra with their labels.

    Attributes
    ----------
    labels : (n, 4)
        Teff (K), log g, [M/H] (dex), v sin i (km/s).
    flux : (n, p) float32
        In units of the continuum.
    wavelength : (p,)
        Vacuum, A.
    resolution
        Resolving power.
    grid
        Name of the grid.
    simulated
        Whether that grid is simulated.
    """

    labels: Floats
    flux: Singles
    wavelength: Floats
    resolution: float
    grid: str
    simulated: bool

    def __len__(self) -> int:
        return len(self.labels)


def draw(
    grid: ModelGrid,
    n: int,
    seed: int,
    resolution: float,
    wavelength: Floats,
    *,
    vsini_range: tuple[float, float] = VSINI_RANGE,
    limb_darkening: float = LIMB_DARKENING,
) -> TrainingSet:
    """Draw labels and make their spectra.

    Parameters
    ----------
    grid
        Spectra of stars that do not turn.
    n, seed
        How many; the same seed gives the same set.
    resolution
        Resolving power, see :data:`RESOLUTION`.
    wavelength : (p,)
        Vacuum, A, increasing; see :data:`WAVELENGTH`. Windows with gaps between are welcome.
    vsini_range
        km/s.
    limb_darkening
        Of the linear law.

    Raises
    ------
    ValueError
        When the grid does not cover the wavelengths and what is broadened into them.
    """
    labels = draw_labels(grid, n, seed, vsini_range)
    flux = spectra(grid, labels, resolution, wavelength, limb_darkening=limb_darkening)
    wavelength = np.asarray(wavelength, dtype=np.float64)
    return TrainingSet(labels, flux, wavelength, resolution, grid.name, grid.simulated)


def draw_labels(
    grid: ModelGrid, n: int, seed: int, vsini_range: tuple[float, float] = VSINI_RANGE
) -> Floats:
    """Return labels that fill the cells of a grid evenly, (n, 4).

    Teff, log g and [M/H] are even in the box about the grid and kept where there is a cell.
    """
    rng = np.random.default_rng(seed)
    low, high = grid.ranges.T
    kept: list[Floats] = []
    n_kept = 0
    while n_kept < n:
        tried = low + (high - low) * rng.random((max(2 * (n - n_kept), 64), len(low)))
        found = tried[grid.inside(tried)]
        kept.append(found)
        n_kept += len(found)
        if len(kept) >= 50 and n_kept == 0:
            raise ValueError(
                f"grid {grid.name}: no cell found among {50 * len(tried)} random labels; it has "
                "nodes but no neighbours to interpolate between"
            )
    vsini = rng.uniform(*vsini_range, n)
    return np.column_stack([np.concatenate([np.empty((0, 3)), *kept])[:n], vsini])


def spectra(
    grid: ModelGrid,
    labels: Floats,
    resolution: float,
    wavelength: Floats,
    *,
    limb_darkening: float = LIMB_DARKENING,
) -> Singles:
    """Return the spectra of labels as an instrument would show them, without noise.

    Parameters
    ----------
    grid
        Spectra of stars that do not turn.
    labels : (n, 4)
        Teff, log g, [M/H], v sin i, inside the grid.
    resolution
        Resolving power.
    wavelength : (p,)
        Vacuum, A, increasing.
    limb_darkening
        Of the linear law.

    Returns
    -------
    (n, p) float32

    Raises
    ------
    ValueError
        When labels lie outside the grid, or wavelengths are not covered.
    """
    labels = np.asarray(labels, dtype=np.float64)
    wavelength = np.asarray(wavelength, dtype=np.float64)
    fastest = float(labels[:, 3].max(initial=0.0))
    margin = int(np.ceil(reach(fastest, resolution) / velocity_step(grid.log_step))) + 2
    windows = _windows(grid, wavelength, margin)
    flux = np.empty((len(labels), len(wavelength)), dtype=np.float32)
    for start in range(0, len(labels), _BLOCK):
        rows = slice(start, start + _BLOCK)
        for pixels, columns, sampling in windows:
            sharp = grid.interpolate(labels[rows, :3], pixels)
            blurred = broaden(sharp, grid.log_step, labels[rows, 3], resolution, limb_darkening)
            flux[rows, columns] = (sampling @ blurred.T).T
    return flux


def _windows(
    grid: ModelGrid, wavelength: Floats, margin: int
) -> list[tuple[slice, slice, csr_array]]:
    """Return pixels of the grid, columns of the output and the sampling of each window."""
    place = (np.log10(wavelength) - grid.log_wavelength[0]) / grid.log_step
    if not np.all(np.diff(place) > 0):
        raise ValueError("the wavelengths of a training set must increase")
    n_pixels = len(grid.log_wavelength)
    if place[0] < margin or place[-1] > n_pixels - 1 - margin:
        low, high = grid.wavelength[[min(margin, n_pixels - 1), max(n_pixels - 1 - margin, 0)]]
        raise ValueError(
            f"grid {grid.name} covers {grid.wavelength[0]:.1f}-{grid.wavelength[-1]:.1f} A; with "
            f"what rotation and the spectrograph bring in from outside it serves {low:.1f}-"
            f"{high:.1f} A, but {wavelength[0]:.1f}-{wavelength[-1]:.1f} A are asked for"
        )
    # where there is a gap, its pixels need not be broadened
    breaks = np.flatnonzero(np.diff(place) > 4 * margin) + 1
    found = []
    for start, stop in zip([0, *breaks], [*breaks, len(place)], strict=True):
        first = int(np.floor(place[start])) - margin
        last = int(np.ceil(place[stop - 1])) + margin
        sampling = _sampling(place[start:stop] - first, last - first + 1)
        found.append((slice(first, last + 1), slice(int(start), int(stop)), sampling))
    return found


def _sampling(place: Floats, n_pixels: int) -> csr_array:
    """Return the matrix that reads a spectrum at fractional pixels, cubic through four."""
    low = np.floor(place).astype(np.int64) - 1
    t = place - low - 1.0  # from the second of the four pixels to the third
    weights = np.stack(
        [
            -t * (t - 1.0) * (t - 2.0) / 6.0,
            (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
            -(t + 1.0) * t * (t - 2.0) / 2.0,
            (t + 1.0) * t * (t - 1.0) / 6.0,
        ],
        axis=1,
    ).astype(np.float32)
    columns = low[:, None] + np.arange(4)
    starts = np.arange(0, weights.size + 1, 4)
    return csr_array((weights.ravel(), columns.ravel(), starts), shape=(len(place), n_pixels))
