"""Rectified spectra: from a file's pixels to a common grid with a continuum of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.spectra.continuum import fit_continuum
from ml.spectra.grids import Grid
from ml.spectra.placement import OK
from ml.spectra.ragged import RaggedSpectra
from ml.spectra.resample import to_grid

NO_CONTINUUM = "no continuum"
BLOCK = 64
"""Rows that are worked on together: few enough for the processor's cache."""


@dataclass(frozen=True)
class RectifiedSpectra:
    """Rectified spectra on a common grid.

    Attributes
    ----------
    flux
        float32, shape ``(n_spectra, grid.size)``: 1 is the continuum. Finite where ``status`` is
        ok (bad pixels bridged, 1 outside the file's range), NaN elsewhere.
    noise
        1-sigma scatter of a continuum pixel; NaN where status is not ok.
    n_cosmic_rays
        Spikes taken out.
    bad_fraction
        Part of the window's pixels that do not rest on measured ones.
    status
        ``ok``, ``no coverage``, ``no good pixels``, ``no continuum``, ``no wavelength``,
        ``arrays differ in length`` or ``pixels too fine for the grid``.
    """

    flux: NDArray[np.float32]
    noise: NDArray[np.float32]
    n_cosmic_rays: NDArray[np.int32]
    bad_fraction: NDArray[np.float32]
    status: NDArray[np.object_]


def rectify(spectra: RaggedSpectra, grid: Grid) -> RectifiedSpectra:
    """Clean, resample and rectify spectra.

    Parameters
    ----------
    spectra
        Rows on their own grids.
    grid
        The common grid.

    Returns
    -------
    RectifiedSpectra
        One row a spectrum, in order. Bad data never raise; they end in ``status``.

    Notes
    -----
    Works in blocks of :data:`BLOCK` rows, so the temporaries stay near 20 MB for any input.
    A row's result is the same bits whatever rows come with it, in any order.
    """
    n = len(spectra)
    out = RectifiedSpectra(
        flux=np.full((n, grid.size), np.nan, dtype=np.float32),
        noise=np.full(n, np.nan, dtype=np.float32),
        n_cosmic_rays=np.zeros(n, dtype=np.int32),
        bad_fraction=np.ones(n, dtype=np.float32),
        status=np.full(n, OK, dtype=object),
    )
    for first in range(0, n, BLOCK):
        rows = slice(first, min(first + BLOCK, n))
        gridded = to_grid(spectra.rows(rows), grid)
        out.n_cosmic_rays[rows] = gridded.n_cosmic_rays
        out.bad_fraction[rows] = 1 - gridded.good.mean(axis=1, dtype=np.float64)
        out.status[rows] = gridded.status
        ok = np.flatnonzero(gridded.status == OK)
        if not len(ok):
            continue
        flux = gridded.flux[ok]
        continuum, noise, found = fit_continuum(flux, gridded.good[ok], grid)
        flux = np.where(gridded.covered[ok], flux, continuum)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rectified = flux / continuum
        found &= np.isfinite(rectified).all(axis=1) & np.isfinite(noise)
        out.status[first + ok[~found]] = NO_CONTINUUM
        out.flux[first + ok[found]] = rectified[found]
        out.noise[first + ok[found]] = noise[found]
    return out
