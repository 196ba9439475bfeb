"""The common grid of OB spectra, and the parts of it that serve which purpose.

All wavelengths are in vacuum and in A, on LAMOST's scale. The grid is log-linear with LAMOST's
own step in the star's rest frame, so that a file goes onto it with one shift.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ml.spectra.grids import Grid

Windows = tuple[tuple[float, float], ...]

WAVE_MIN, WAVE_MAX = 3900.0, 8900.0
"""Ends of the grid. A file reaches from 3700 to 9063 A: what is left over on either side is the
margin that the pseudo-continuum needs, and room for 600 km/s."""

MARGIN = 150.0
"""Beyond the grid's ends, A, where flux still counts for the pseudo-continuum."""

STEP = 1e-4
"""log10 of the wavelength, a pixel."""

RESOLVING_POWER = 1800.0

HALPHA: Windows = ((6557.0, 6571.0),)
"""Where the flux of H-alpha is compared (Xiang et al. 2021, figure 3)."""

HALPHA_NEIGHBOURS: Windows = ((6533.0, 6540.0), (6590.0, 6597.0))
"""As many pixels on either side: their noise stands for that of a line without weights."""

CHI2_WINDOWS: Windows = ((6400.0, 6550.0), (6590.0, 6690.0))
"""Where the agreement around H-alpha is judged (Xiang et al. 2021, figure 3)."""

EXCLUDED: Windows = (
    (5720.0, 6050.0),
    (6270.0, 6380.0),
    (6800.0, 6990.0),
    (7100.0, 7320.0),
    (7520.0, 7740.0),
    (8050.0, 8350.0),
)
"""What the network for stars without emission does not see: bands of the Earth's atmosphere and
interstellar Na I D (Xiang et al. 2021, section 5.1)."""

CLEAN: Windows = (
    (3900.0, 3928.0),  # from here to Ca II K, which is interstellar
    (3941.0, 3957.0),
    (3988.0, 4086.0),  # between H-epsilon and H-delta
    (4120.0, 4324.0),  # between H-delta and H-gamma
    (4360.0, 4412.0),  # between H-gamma and the diffuse band at 4430 A
    (4446.0, 4815.0),  # to the wing of H-beta; He I 4471, Mg II 4481, He II 4541 and 4686
    (4905.0, 4918.0),
    (4934.0, 4955.0),  # between Fe II 4924 and [O III]
    (4964.0, 5004.0),
    (5026.0, 5162.0),  # Fe II 5018 to 5169
    (5178.0, 5192.0),
    (5206.0, 5228.0),
    (5244.0, 5270.0),
    (5284.0, 5310.0),
    (5324.0, 5358.0),
    (5370.0, 5565.0),  # to the sky's 5577 A
    (5592.0, 5700.0),  # to the join of the two arms
    (6060.0, 6190.0),
    (6215.0, 6265.0),
    (6385.0, 6500.0),  # to the wing of H-alpha
    (6625.0, 6662.0),  # after the diffuse band at 6614 A, to He I 6678
    (6696.0, 6708.0),
    (6748.0, 6795.0),  # after [S II]
    (7000.0, 7050.0),
    (7085.0, 7098.0),
    (7350.0, 7510.0),  # after [O II]
    (7800.0, 8040.0),  # after O I 7774, to the Paschen series
)
"""Clean windows: where neither a disc nor a nebula emits, the sky is quiet, and no interstellar
band lies. The paper draws them in its figure 2 and gives no numbers; these are ours."""

CONTINUUM_EXCLUDED: Windows = ((4845.0, 4880.0), (6545.0, 6587.0))
"""H-beta and H-alpha with [N II]: without weight in the pseudo-continuum."""


def _grid(name: str, low: float, high: float) -> Grid:
    first = int(np.ceil(np.log10(low) / STEP))
    last = int(np.floor(np.log10(high) / STEP))
    line_width = float(np.log10(1.0 + 1.0 / RESOLVING_POWER) / STEP)
    return Grid(name, first, last - first + 1, STEP, line_width, 1)


OB = _grid("ob", WAVE_MIN, WAVE_MAX)
"""The common grid: 3,583 pixels."""

WIDE = _grid("ob_wide", WAVE_MIN - MARGIN, WAVE_MAX + MARGIN)
"""The same with its margins."""

INNER = slice(OB.first - WIDE.first, OB.first - WIDE.first + OB.size)
"""Where the pixels of :data:`OB` lie among those of :data:`WIDE`."""


@cache
def inside(windows: Windows, grid: Grid = OB) -> NDArray[np.bool_]:
    """Return which pixels of a grid have their middle in one of the windows, ``(grid.size,)``."""
    wavelength = grid.wavelength
    found = np.zeros(grid.size, dtype=bool)
    for low, high in windows:
        found |= (wavelength >= low) & (wavelength <= high)
    found.setflags(write=False)
    return found


def clean_pixels() -> NDArray[np.int64]:
    """Return the numbers of the pixels in the clean windows."""
    return np.flatnonzero(inside(CLEAN))


def full_pixels() -> NDArray[np.int64]:
    """Return the numbers of the pixels that the network for stars without emission sees."""
    return np.flatnonzero(~inside(EXCLUDED))
