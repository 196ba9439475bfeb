"""Radial velocities by cross-correlation with generated spectra.

Guo et al. (2021, section 4) take velocities that were measured by cross-correlation; where a
catalogue has none, this measures them: the spectrum's lines are compared with those of models
of all kinds at all velocities, with the weights of its pixels, and the depth of the lines free
(Zucker 2003, MNRAS 342, 1291, with weights).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.slam.broadening import SPEED_OF_LIGHT
from ml.slam.generator import Generator
from ml.slam.observed import windows

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

FASTEST = 600.0
"""km/s that are looked at on either side of zero."""

STEP = {"LRS": 30.0, "MRS": 10.0}
"""km/s between two of them: a fifth of the resolution element."""

TEMPLATES = 24
"""Training spectra that are compared, spread over the training set."""

SIGNIFICANCE = 5.0
"""Standard deviations that the lines must stand out with; fainter ones have no velocity."""

_BLOCK = 256


@dataclass(frozen=True)
class Templates:
    """Lines of models at all velocities.

    Attributes
    ----------
    velocity : (v,)
        km/s, equal steps.
    lines : (t, v, p) float32
        Generated flux minus one; 0 where a shift leaves nothing known.
    """

    velocity: Floats
    lines: Singles


def templates(generator: Generator, survey: str, n: int = TEMPLATES) -> Templates:
    """Return templates of a generator's training set, sharp lines and broad ones.

    Parameters
    ----------
    generator
        On the training grid of ``survey``.
    survey
        ``LRS`` or ``MRS``.
    n
        How many models.
    """
    chosen = _spread_out(generator.centres, n)
    flux = generator.predict(
        generator.centres[chosen] * generator.label_scale + generator.label_mean
    )
    n_steps = int(np.ceil(FASTEST / STEP[survey]))
    velocity = STEP[survey] * np.arange(-n_steps, n_steps + 1, dtype=np.float64)
    lines = np.zeros((len(chosen), len(velocity), generator.n_pixels), dtype=np.float32)
    for window in windows(survey):
        wavelength = window.wide[window.inner]
        for place, speed in enumerate(velocity):
            source = wavelength / (1.0 + speed / SPEED_OF_LIGHT)
            for row, spectrum in enumerate(flux[:, window.columns]):
                shifted = np.interp(source, wavelength, spectrum - 1.0, left=0.0, right=0.0)
                lines[row, place, window.columns] = shifted
    return Templates(velocity, lines)


def _spread_out(points: Floats, n: int) -> NDArray[np.int64]:
    """Return rows that lie far from each other: each the farthest from those before."""
    chosen = [int(np.argmin(np.sum((points - points.mean(axis=0)) ** 2, axis=1)))]
    distance = np.sum((points - points[chosen[0]]) ** 2, axis=1)
    while len(chosen) < min(n, len(points)):
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.sum((points - points[chosen[-1]]) ** 2, axis=1))
    return np.array(chosen)


def radial_velocity(flux: Singles, ivar: Singles, known: Templates) -> tuple[Floats, Floats]:
    """Measure radial velocities.

    Parameters
    ----------
    flux, ivar : (n, p)
        As :func:`ml.slam.observed.observe` gives them for velocity 0.
    known
        Of the same survey.

    Returns
    -------
    velocity, velocity_error : (n,)
        km/s. NaN where no lines stand out, and where the best velocity is the fastest that
        was looked at.
    """
    n, (n_templates, n_velocities, n_pixels) = len(flux), known.lines.shape
    velocity, error = np.full(n, np.nan), np.full(n, np.nan)
    lines = known.lines.reshape(-1, n_pixels)
    squares = lines * lines
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        weight = np.where(np.isfinite(flux[rows]), ivar[rows], 0.0).astype(np.float32)
        depth = np.where(weight > 0.0, flux[rows] - 1.0, 0.0).astype(np.float32)
        product = (weight * depth) @ lines.T
        power = np.maximum(weight @ squares.T, 1e-20)
        # by how much chi^2 falls with the best depth of the lines; no negative depth
        fall = np.maximum(product, 0.0).astype(np.float64) ** 2 / power
        fall = fall.reshape(-1, n_templates, n_velocities)
        best = fall.max(axis=2).argmax(axis=1)
        curve = fall[np.arange(len(fall)), best]
        velocity[rows], error[rows] = _peak(curve, known.velocity)
    return velocity, error


def _peak(curve: Floats, velocity: Floats) -> tuple[Floats, Floats]:
    """Return place and error of each row's maximum, by the parabola through three points."""
    rows = np.arange(len(curve))
    top = curve.argmax(axis=1)
    inner = np.clip(top, 1, curve.shape[1] - 2)
    before, at, after = (curve[rows, inner + shift] for shift in (-1, 0, 1))
    step = velocity[1] - velocity[0]
    bend = before - 2.0 * at + after
    sound = (top == inner) & (bend < 0.0) & (at > SIGNIFICANCE**2)
    safe = np.where(sound, bend, -1.0)
    found = velocity[inner] + 0.5 * step * (before - after) / safe
    # chi^2 = const - curve: one standard deviation where it rises by one
    return np.where(sound, found, np.nan), np.where(sound, step * np.sqrt(-2.0 / safe), np.nan)
