"""From the pixels of a file to a common grid: bad pixels bridged, spikes out, one interpolation.

Which pixels are bad
--------------------
* flux or inverse variance not finite;
* flux exactly zero. LAMOST leaves dead pixels as zeros with a good-looking inverse variance;
* pixels with any bit of OR_MASK within six pixels of such a dead pixel: the pipeline's
  resampling rings there;
* spikes and dips narrower than the instrument allows (:mod:`ml.spectra.cosmic_rays`);
* inverse variance not positive. These count as bad and serve neither the continuum nor the
  noise, but they keep their flux where it joins its neighbours as smoothly as the instrument's
  resolution demands. The low-resolution pipeline gives no weight to the very peaks of strong
  H-alpha emission (and to the cores of strong absorption), where the exposures disagree; their
  flux is sound, and bridging it would take a Be star's line away. A block with edges steeper
  than an unresolved line's is bridged.

OR_MASK alone does not make a pixel bad. In a coadd its bits say that *one* of the exposures had
a fault at that pixel; the coadd is then made of the others, and its inverse variance says so. In
real coadds of good stars 0.5-1.1 % of pixels are flagged, the core of H-alpha among them, with
sound fluxes; leaving them out would cut holes into the very line that is measured.

Spikes are sought on the native pixels, where they are narrowest: interpolation would spread a
spike of one pixel over two to four and make it look like a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.spectra.cosmic_rays import LOW_RESOLUTION, MEDIUM_RESOLUTION, find_spikes, scatter
from ml.spectra.gaps import bridge, grow_dead, joins_smoothly
from ml.spectra.grids import Grid
from ml.spectra.placement import (
    MARGIN,
    MAX_NATIVE,
    NO_COVERAGE,
    OK,
    SAME_STEP,
    Placement,
    place_anywhere,
    place_shifted,
)
from ml.spectra.ragged import RaggedSpectra

NO_GOOD_PIXELS = "no good pixels"
BAD_LENGTHS = "arrays differ in length"
NO_WAVELENGTH = "no wavelength"


@dataclass(frozen=True)
class GriddedSpectra:
    """Spectra on a common grid.

    Attributes
    ----------
    flux
        float32, shape ``(n_spectra, grid.size)``; finite wherever ``status`` is ok.
    good
        Pixels that rest on measured ones. False: bridged, or outside the file's range.
    covered
        Pixels inside the file's range.
    n_cosmic_rays
        Spikes taken out, shape ``(n_spectra,)``.
    status
        ``ok`` or why there is no spectrum.
    ivar
        float32, shape ``(n_spectra, grid.size)``: inverse variance of the nearest pixel of the
        file, 0 where not ``good``; None where it was not asked for.
    """

    flux: NDArray[np.float32]
    good: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    n_cosmic_rays: NDArray[np.int32]
    status: NDArray[np.object_]
    ivar: NDArray[np.float32] | None = None


def _count_runs(marked: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return how many runs of marked pixels each row has."""
    starts = marked[:, 0].astype(np.int32)
    return starts + np.count_nonzero(marked[:, 1:] & ~marked[:, :-1], axis=1).astype(np.int32)


def _cubic(pixels: list[NDArray[np.float32]], t: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cubic through four neighbouring pixels (Lagrange), at ``t`` past the second.

    Half a pixel from either neighbour, a straight line would take 11 % off the peak of an
    unresolved line at low resolution, the cubic takes 5 %; it reaches no further than two pixels.
    """
    out = np.asarray(pixels[0] * (-t * (t - 1) * (t - 2) / 6), dtype=np.float32)
    out += pixels[1] * ((t + 1) * (t - 1) * (t - 2) / 2)
    out += pixels[2] * (-(t + 1) * t * (t - 2) / 2)
    out += pixels[3] * ((t + 1) * t * (t - 1) / 6)
    return out


def _empty(n: int, grid: Grid, with_ivar: bool) -> GriddedSpectra:
    return GriddedSpectra(
        flux=np.full((n, grid.size), np.nan, dtype=np.float32),
        good=np.zeros((n, grid.size), dtype=bool),
        covered=np.zeros((n, grid.size), dtype=bool),
        n_cosmic_rays=np.zeros(n, dtype=np.int32),
        status=np.full(n, OK, dtype=object),
        ivar=np.zeros((n, grid.size), dtype=np.float32) if with_ivar else None,
    )


def to_grid(spectra: RaggedSpectra, grid: Grid, *, with_ivar: bool = False) -> GriddedSpectra:
    """Clean spectra and interpolate them onto a common grid.

    Parameters
    ----------
    spectra
        The rows; a few hundred at a time keep the temporaries in the cache
        (:func:`ml.spectra.rectify.rectify` sees to that).
    grid
        The common grid.
    with_ivar
        Whether the inverse variance is wanted as well.

    Returns
    -------
    GriddedSpectra
        A row's result does not depend on the other rows.

    Notes
    -----
    ``no coverage``: the file holds less than half of the window. ``no good pixels``: less than
    half of the window's pixels are good.
    """
    n = len(spectra)
    out = _empty(n, grid, with_ivar)
    if not n:
        return out
    lengths = np.diff(spectra.offsets)
    for name in ("ivar", "or_mask"):
        if getattr(spectra, name) is not None:
            other = np.diff(spectra.offsets_of(name))
            differs = (other != lengths) & ((other > 0) | (name != "or_mask"))
            out.status[differs] = BAD_LENGTHS
    step, start = spectra.log_wavelength_step, spectra.log_wavelength_start
    analytic = np.isfinite(step) & np.isfinite(start) & (np.abs(step) > grid.step / MAX_NATIVE)
    if spectra.wavelength is None:
        out.status[~analytic] = NO_WAVELENGTH
    else:
        other = np.diff(spectra.offsets_of("wavelength"))
        out.status[~analytic & (other == 0)] = NO_WAVELENGTH
        out.status[~analytic & (other > 0) & (other != lengths)] = BAD_LENGTHS
    out.status[lengths == 0] = NO_COVERAGE

    # A file in the grid's own step needs one shift a row; the rest a position a pixel.
    same_step = analytic & (np.abs(step - grid.step) < SAME_STEP * grid.step / grid.size)
    for rows, place in (
        (np.flatnonzero((out.status == OK) & same_step), place_shifted),
        (np.flatnonzero((out.status == OK) & ~same_step), place_anywhere),
    ):
        if len(rows):
            placed = place(spectra, rows, grid)
            out.status[rows] = placed.status
            usable = np.flatnonzero(placed.status == OK)
            if len(usable):
                _fill(spectra, placed.take(usable), rows[usable], grid, out)
    return out


def _fill(
    spectra: RaggedSpectra,
    placed: Placement,
    rows: NDArray[np.int64],
    grid: Grid,
    out: GriddedSpectra,
) -> None:
    """Clean and interpolate some rows, into ``out``."""
    length = spectra.offsets[rows + 1] - spectra.offsets[rows]
    width = int((placed.high - placed.low).max()) + 1
    column = np.arange(width)
    first = np.maximum(-placed.low, 0)[:, None]
    end = np.minimum(length, placed.high + 1)[:, None] - placed.low[:, None]
    present = (column >= first) & (column < end)
    index = placed.low[:, None] + column  # (n, width), of the file's pixels
    if placed.backward.any():
        index = np.where(placed.backward[:, None], length[:, None] - 1 - index, index)

    def cut(name: str) -> NDArray[np.generic]:
        # Beyond a row's ends this reads its neighbours; `present` keeps them out.
        where = index + spectra.offsets_of(name)[rows, None]
        return np.take(getattr(spectra, name), where, mode="clip")

    flux = cut("flux").astype(np.float32, copy=False)
    ivar = cut("ivar").astype(np.float32, copy=False)
    # ivar below 1e-30 is no measurement, and its root would not be finite in single precision
    measured = present & np.isfinite(flux) & (flux != 0)
    weighted = measured & (ivar > 1e-30) & (ivar < np.inf)
    if spectra.or_mask is not None and len(spectra.or_mask):
        dead = present & (flux == 0)
        if dead.any():
            offsets = spectra.offsets_of("or_mask")
            has_mask = (offsets[rows + 1] > offsets[rows])[:, None]
            rings = grow_dead(dead, has_mask & present & (cut("or_mask") != 0))
            measured &= ~rings
            weighted &= ~rings
    raw = flux.copy()
    bridge(flux, weighted)
    weight = np.sqrt(np.where(weighted, ivar, np.float32(0)))
    bridge(weight, weighted)
    weight[weight <= 0] = 1.0  # rows without any weighted pixel

    shape = MEDIUM_RESOLUTION if grid.line_width > 4 else LOW_RESOLUTION
    with np.errstate(over="ignore", invalid="ignore"):
        unit = (scatter(flux, weight, weighted, shape) / weight).astype(np.float32)
        smooth = joins_smoothly(raw, flux, unit, measured & ~weighted, ~weighted, grid)
        flux[smooth] = raw[smooth]
        usable = weighted | smooth
        spikes = find_spikes(flux, unit, usable, shape)
        dips = find_spikes(-flux, unit, usable, shape)
    good = weighted & ~(spikes | dips)
    bridge(flux, usable & ~(spikes | dips))

    filled, fine = _interpolate(flux, good, placed.position, grid)
    fine &= placed.covered
    if out.ivar is not None:
        out.ivar[rows] = np.where(fine, _nearest(ivar, placed.position, grid), 0)
    out.flux[rows] = filled
    out.good[rows] = fine
    out.covered[rows] = placed.covered
    inside = (column >= MARGIN) & (column <= (placed.high - placed.low)[:, None] - MARGIN)
    out.n_cosmic_rays[rows] = _count_runs(spikes & inside)
    few = np.count_nonzero(fine, axis=1) < grid.size // 2
    out.status[rows[few]] = NO_GOOD_PIXELS


def _interpolate(
    flux: NDArray[np.float32],
    good: NDArray[np.bool_],
    position: NDArray[np.float64],
    grid: Grid,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return flux at the positions, and whether the nearest pixel was good."""
    fine = _nearest(good, position, grid)
    if position.shape[1] == 1:  # one shift a row, and all rows start in the same column
        left = MARGIN
        shift = (position - left).astype(np.float32)
        neighbours = [flux[:, left + k : left + k + grid.size] for k in (-1, 0, 1, 2)]
        return _cubic(neighbours, shift), fine
    index = np.floor(position).astype(np.int64)
    shift = (position - index).astype(np.float32)
    neighbours = [np.take_along_axis(flux, index + k, axis=1) for k in (-1, 0, 1, 2)]
    return _cubic(neighbours, shift), fine


def _nearest(values: NDArray[Any], position: NDArray[np.float64], grid: Grid) -> NDArray[Any]:
    """Return the value of the pixel nearest to each position."""
    if position.shape[1] == 1:
        left = MARGIN
        return np.where(
            (position - left).astype(np.float32) < 0.5,
            values[:, left : left + grid.size],
            values[:, left + 1 : left + 1 + grid.size],
        )
    return np.take_along_axis(values, np.rint(position).astype(np.int64), axis=1)
