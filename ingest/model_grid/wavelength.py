"""Wavelengths of model spectra: air or vacuum, and the grid that all models share.

SYNSPEC, which made TLUSTY's spectra, writes vacuum wavelengths below 2000 A and air above, unless
it was asked otherwise. The files do not say. So the Balmer lines are looked at: their places in
air and in vacuum differ by 1.1 to 1.8 A, a hundred times more than these spectra need to tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.spectra.air import to_vacuum

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

#: Step in log10 of the wavelength: 6.9 km/s, a sixth of the 40 km/s that LAMOST's medium
#: resolution makes of a sharp line, and the step of its own pixels.
LOG_STEP = 1e-5

#: What is kept, vacuum A: the Balmer series up to the red end of OSTAR2002.
KEPT = (3700.0, 7500.0)

#: H-beta, H-gamma, H-delta, H-alpha in air, A. Wiese & Fuhr (2009).
_BALMER = (4861.33, 4340.47, 4101.74, 6562.80)
_REACH = 2.5  # A from the middle between both places in which the core is looked for


@dataclass(frozen=True)
class Rebinned:
    """A spectrum on the common grid: pixel ``i`` lies at ``10 ** ((first + i) * LOG_STEP)`` A."""

    first: int
    flux: Singles

    @property
    def log_start(self) -> float:
        """log10 of the first wavelength."""
        return round(self.first * LOG_STEP, 8)


def medium_of(wavelength: Floats, flux: Floats) -> str | None:
    """Tell from the Balmer lines whether wavelengths are in air or in vacuum.

    Parameters
    ----------
    wavelength : (m,)
        Increasing, A.
    flux : (m,)
        In units of the continuum.

    Returns
    -------
    str or None
        ``air`` or ``vacuum``, as most lines' deepest points have it; None where no Balmer line
        is covered or they disagree half and half.
    """
    votes = 0
    for air in _BALMER:
        vacuum = float(to_vacuum(np.array(air)))
        middle = 0.5 * (air + vacuum)
        low, high = np.searchsorted(wavelength, (middle - _REACH, middle + _REACH))
        if high - low < 5 or wavelength[0] > middle - _REACH or wavelength[-1] < middle + _REACH:
            continue
        core = float(wavelength[low + int(np.argmin(flux[low:high]))])
        votes += 1 if abs(core - air) < abs(core - vacuum) else -1
    if votes == 0:
        return None
    return "air" if votes > 0 else "vacuum"


def rebin(wavelength: Floats, flux: Floats, kept: tuple[float, float] = KEPT) -> Rebinned | None:
    """Return a spectrum's mean in each pixel of the common grid.

    The spectrum is taken as straight between its points and integrated exactly, so that
    equivalent widths stay, however unevenly it is sampled.

    Parameters
    ----------
    wavelength : (m,)
        Vacuum, A, strictly increasing.
    flux : (m,)
        In units of the continuum.
    kept
        Vacuum wavelengths that are wanted, A.

    Returns
    -------
    Rebinned or None
        The pixels that are wholly covered; None where there are fewer than two.
    """
    place = np.log10(wavelength) / LOG_STEP
    first = math.ceil(max(place[0] + 0.5, math.log10(kept[0]) / LOG_STEP))
    last = math.floor(min(place[-1] - 0.5, math.log10(kept[1]) / LOG_STEP))
    if last - first < 1:
        return None
    edges = np.arange(first, last + 2) - 0.5
    at_edges = np.interp(edges, place, flux)
    where = np.searchsorted(place, edges)
    x = np.insert(place, where, edges)
    y = np.insert(flux, where, at_edges)
    area = np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])
    borders = where + np.arange(len(edges))  # where np.insert put the edges
    return Rebinned(first, np.diff(area[borders]).astype(np.float32))
