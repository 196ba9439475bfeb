"""Pixels that say nothing about the star: diffuse interstellar bands and LAMOST's gap.

Guo et al. (2021, section 4) omit the bands at 4430, 5780, 6196, 6283 and 6614 A (Herbig 1995,
ARA&A 33, 19) and, at low resolution, 5800-6000 A between the blue and the red arm. The paper
gives no widths of the bands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BANDS = (
    (4429.4, 30.0),
    (5782.1, 10.0),
    (6197.7, 8.0),
    (6285.6, 12.0),
    (6615.4, 8.0),
)
"""Centre (vacuum A) and half of the width that is masked (A).

Centres are the air wavelengths 4428.2, 5780.5, 6196.0, 6283.8 and 6613.6 A in vacuum. The widths
are ours: the band's own (full width at half maximum 17, 2.1, 0.7, 4.8 and 1.1 A) with room for
the low resolution and for the shift of 200 km/s that an interstellar band has in the rest frame
of a fast star.
"""

BALMER_EMISSION = ((6564.6, 40.0), (4862.7, 25.0))
"""Centre and half width (vacuum A) of what the discs of Be stars fill: H-alpha and H-beta.

Ours: no photosphere of the training set looks like emission, and fits that include it end at
the lowest gravities.
"""

LRS_GAP = (5800.0, 6000.0)
"""Between the arms of the low-resolution spectrographs, A."""


def useful(wavelength: NDArray[np.floating], *, gap: bool) -> NDArray[np.bool_]:
    """Tell which pixels labels may be taken from.

    Parameters
    ----------
    wavelength : (p,)
        Vacuum, A, in the rest frame of the star.
    gap
        Whether the spectra are of low resolution and have :data:`LRS_GAP`.

    Returns
    -------
    (p,)
        False in a band or in the gap.
    """
    wavelength = np.asarray(wavelength, dtype=np.float64)
    kept = np.ones(wavelength.shape, dtype=bool)
    for centre, half_width in BANDS:
        kept &= np.abs(wavelength - centre) > half_width
    if gap:
        kept &= (wavelength < LRS_GAP[0]) | (wavelength > LRS_GAP[1])
    return kept


def filled_by_emission(wavelength: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which pixels, (p,), a star with Balmer emission must do without, vacuum A at rest."""
    wavelength = np.asarray(wavelength, dtype=np.float64)
    return np.any(
        [np.abs(wavelength - centre) <= half_width for centre, half_width in BALMER_EMISSION],
        axis=0,
    )
