"""Common wavelength grids: vacuum, heliocentric, equal steps in log10 of the wavelength.

LAMOST delivers coadded spectra in log-linear pixels of 1e-5 (medium resolution) or 1e-4 (low
resolution), each file with a start of its own. The grids keep those steps and start at a whole
multiple of the step, so that going onto them costs one shift by a fraction of a pixel. Wang et
al. (2022, section 2) work in 4950-5350 A and 6300-6800 A; both resolutions share the windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

H_ALPHA = 6564.61
"""Vacuum wavelength of H-alpha, A."""


@dataclass(frozen=True)
class Grid:
    """A log-linear grid and what an algorithm must know about spectra on it.

    Parameters
    ----------
    name
        Name in SQL: the suffix of the functions that use the grid.
    first
        Number of the first pixel; pixel ``i`` lies at ``10 ** ((first + i) * step)`` A.
    size
        Pixels.
    step
        Step in log10 of the wavelength.
    line_width
        Full width at half maximum of an unresolved line, in pixels. Nothing in a real
        spectrum is narrower.
    bin_width
        Pixels that are averaged before the continuum is fitted: about one resolution element
        at medium resolution, so that both resolutions fit about as many points.
    line_windows
        Windows (A) that the continuum fit never looks at.
    """

    name: str
    first: int
    size: int
    step: float
    line_width: float
    bin_width: int
    line_windows: tuple[tuple[float, float], ...] = ()

    @cached_property
    def log_wavelength(self) -> NDArray[np.float64]:
        """log10 of the vacuum wavelength in A of every pixel, shape ``(size,)``."""
        pixel = np.arange(self.first, self.first + self.size)
        return np.asarray(pixel * self.step, dtype=np.float64)

    @cached_property
    def wavelength(self) -> NDArray[np.float64]:
        """Vacuum wavelength in A of every pixel, shape ``(size,)``."""
        return np.asarray(10.0**self.log_wavelength, dtype=np.float64)

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Wavelengths in A of the pixels' borders, shape ``(size + 1,)``."""
        log_edges = (np.arange(self.size + 1) + self.first - 0.5) * self.step
        return np.asarray(10.0**log_edges, dtype=np.float64)


def _grid(
    name: str,
    window: tuple[float, float],
    step: float,
    resolving_power: float,
    bin_width: int,
    line_windows: tuple[tuple[float, float], ...] = (),
) -> Grid:
    first = int(np.ceil(np.log10(window[0]) / step))
    last = int(np.floor(np.log10(window[1]) / step))
    line_width = np.log10(1 + 1 / resolving_power) / step
    return Grid(name, first, last - first + 1, step, line_width, bin_width, line_windows)


_BLUE = (4950.0, 5350.0)
_RED = (6300.0, 6800.0)
# The wings of H-alpha reach +-50 A in A dwarfs, and the wings that electron scattering gives
# to Be emission 1,500 km/s = 33 A; the diffuse band at 6614 A falls inside as well.
_H_ALPHA_WINDOW = ((6510.0, 6620.0),)

MRS_B = _grid("mrs_b", _BLUE, 1e-5, 7500, 8)
MRS_R = _grid("mrs_r", _RED, 1e-5, 7500, 8, _H_ALPHA_WINDOW)
LRS_B = _grid("lrs_b", _BLUE, 1e-4, 1800, 1)
LRS_R = _grid("lrs_r", _RED, 1e-4, 1800, 1, _H_ALPHA_WINDOW)

GRIDS: dict[str, Grid] = {grid.name: grid for grid in (MRS_B, MRS_R, LRS_B, LRS_R)}
"""The four grids by name."""
