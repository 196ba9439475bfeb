"""What of the H-alpha emission that was put in can be told from a visit's spectrum.

The photosphere is known here, and so the emission alone: how high it stands above the
photosphere, how far it lies beyond the noise, and which of Wang+2022's classes of profiles
(section 4.2) the spectrum without noise belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from ingest.simulation.instrument import ArmSpectrum
from ingest.simulation.lines import H_ALPHA, SPEED_OF_LIGHT, Floats, Singles

#: A disc seen through its edge shows a shell where its core reaches this part of the peaks'
#: height above the photosphere at most.
SHELL_DEPTH = 0.4

#: Classes of profiles, in the order of their numbers in a piece's truth. "In absorption" means
#: that no peak reaches the continuum.
PROFILES = (
    "none",
    "single peak",
    "symmetric double peak",
    "asymmetric double peak",
    "peak in absorption",
    "double peak in absorption",
    "shell in emission",
    "shell in absorption",
    "P Cygni",
    "nebular",
)

#: Range about H-alpha, km/s, that peaks are looked for in.
REACH = 900.0
#: Heights above the photosphere that differ by more than this part are not symmetric.
ASYMMETRY = 0.10


@dataclass(frozen=True)
class Seen:
    """H-alpha emission as a visit shows it.

    Attributes
    ----------
    peak
        Greatest height above the photosphere, in units of the continuum.
    significance
        Its deviation from the photosphere, summed in squares over pixels and divided by what
        ivar says of the noise: the S/N of the best possible detection.
    profile
        Index into :data:`PROFILES`.
    """

    peak: float = 0.0
    significance: float = 0.0
    profile: int = 0


def seen(
    arm: ArmSpectrum, lines: Singles, excess: Singles, velocity: float, kind: str | None
) -> Seen:
    """Return what a visit shows of its emission.

    Parameters
    ----------
    arm
        As observed; its pixels are those of ``lines``.
    lines : (n_pixels,)
        Normalised flux without noise.
    excess : (n_pixels,)
        The part of it that is emission, or absorption by the disc.
    velocity
        Of the star, km/s.
    kind
        ``P Cygni``, ``nebular`` or ``shell`` (a disc seen through its edge); None for other discs.
    """
    offset = (arm.wavelength / H_ALPHA - 1.0) * SPEED_OF_LIGHT - velocity
    near = np.abs(offset) < REACH
    total: Floats = lines[near].astype(np.float64)
    above: Floats = excess[near].astype(np.float64)
    signal = arm.flux[near] * np.sqrt(arm.ivar[near])
    pull = np.where(signal > 0.0, signal / total, 0.0) * above
    peak = float(above.max())
    if kind in PROFILES:
        return Seen(peak, _size(pull), PROFILES.index(kind))
    profile = _disc_profile(total, above, kind == "shell")
    return Seen(peak, _size(pull), PROFILES.index(profile))


def _size(pull: Floats) -> float:
    return float(np.sqrt(np.sum(pull**2)))


def _disc_profile(lines: Floats, excess: Floats, edge_on: bool) -> str:
    """Return the class of a disc's profile."""
    height = max(float(excess.max()), 1e-6)
    peaks, found = find_peaks(lines, prominence=0.02 * height)
    ours = excess[peaks] > 0.2 * height  # others are of the photosphere
    peaks, prominences = peaks[ours], found["prominences"][ours]
    if len(peaks) < 2:
        return "single peak" if lines[np.argmax(excess)] > 1.0 else "peak in absorption"
    first, second = np.sort(peaks[np.argsort(prominences)[-2:]])
    bright = max(lines[first], lines[second]) > 1.0
    middle = first + int(np.argmin(lines[first : second + 1]))
    violet, red = excess[first], excess[second]
    if edge_on and excess[middle] < SHELL_DEPTH * 0.5 * (violet + red):
        return "shell in emission" if bright else "shell in absorption"
    if not bright:
        return "double peak in absorption"
    uneven = abs(violet - red) > ASYMMETRY * max(violet, red)
    return "asymmetric double peak" if uneven else "symmetric double peak"
