"""The wavelength grid of a spectrum, as two numbers where it is log-linear.

The coadds of both surveys are log-linear, with a step of 1e-4 (low resolution) or 1e-5
(medium); single exposures are not. A wavelength column in single precision blurs a
log-linear grid by up to 0.013 pixel of medium resolution, and a slope fitted to it is off
by 3e-8 of itself: so the step is rounded to two digits where that moves no pixel by more
than 0.02 pixel, and the start is the mean over all pixels of ``log10(wave) - step * i``,
in which the rounding of some 4,000 numbers averages out to about 1e-4 pixel. It is kept
to a hundredth of a pixel, so that two layouts of one star give the same number.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ingest.files import BadFileError
from ingest.lamost.model import Grid

#: No pixel may lie further from the log-linear grid than this fraction of a pixel.
TOLERANCE = 0.1
#: The optical, generously; LAMOST covers 3,700-9,100.
PLAUSIBLE = (2500.0, 12500.0)

Array = npt.NDArray[np.floating]


def is_wavelength(values: Array) -> bool:
    """Tell whether an array can be a wavelength in 0.1 nm: plausible and monotonic."""
    low, high = PLAUSIBLE
    first, last = float(values[0]), float(values[-1])
    if not (low < first < high and low < last < high):  # catches NaN too
        return False
    steps = np.diff(values)
    return bool(np.all(steps > 0) or np.all(steps < 0))


def grid_from_wavelength(wavelength: Array) -> Grid:
    """Return the grid of increasing wavelengths.

    Parameters
    ----------
    wavelength : (n_pixels,)
        Increasing, 0.1 nm.
    """
    logs = np.log10(wavelength.astype(np.float64))
    n = len(logs)
    step = _round_step((logs[-1] - logs[0]) / (n - 1), n)
    offsets = logs - step * np.arange(n)
    start = float(offsets.mean())
    if float(np.abs(offsets - start).max()) > TOLERANCE * step:
        return Grid(wavelength=wavelength.astype(np.float32))
    return Grid(log_start=round_to_pixel(start, step), log_step=step)


def _round_step(step: float, n_pixels: int) -> float:
    digits = 1 - math.floor(math.log10(step))
    rounded = round(step, digits)
    # the ends alone are known to 0.013 pixel each, so n steps may differ by twice that
    return rounded if abs(rounded - step) * n_pixels < 0.04 * step else step


def round_to_pixel(start: float, step: float) -> float:
    """Round a start to the decimal place at or below a hundredth of a pixel."""
    return round(start, math.ceil(-math.log10(step * 0.01) - 1e-9))


def grid_from_coefficients(start: float, step: float, n_pixels: int) -> Grid:
    """Return the grid of COEFF0 and COEFF1.

    Raises
    ------
    BadFileError
        When they give wavelengths that no optical spectrograph has.
    """
    low, high = (math.log10(limit) for limit in PLAUSIBLE)
    end = start + step * (n_pixels - 1)
    if not (step > 0 and low < start < high and low < end < high):
        raise BadFileError(
            f"no wavelength: COEFF0 = {start:g} and COEFF1 = {step:g} lie outside the optical: "
            "the header is damaged; download it again"
        )
    return Grid(log_start=start, log_step=step)
