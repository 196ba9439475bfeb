"""Labelled H-alpha windows of simulated stars, made in memory: what a classifier learns from.

The way of a spectrum is that of the warehouse: synthesised as a file holds it, with its cosmic
rays, dead columns and errors of the flat field, then cleaned, put on the common grid and
rectified, then cut to the window about H-alpha. Only the file is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from ingest.pool import ordered_map
from ingest.simulation.config import SurveyConfig
from ingest.simulation.disc import SHELL_INCLINATION
from ingest.simulation.instrument import ArmSpectrum
from ingest.simulation.lines import SPEED_OF_LIGHT
from ingest.simulation.model import Stars, Visits
from ingest.simulation.population import draw_blocks
from ingest.simulation.profiles import PROFILES
from ingest.simulation.spectra import synthesise
from ingest.simulation.survey import part_of
from ml.halpha.window import N_SAMPLES, halpha_window
from ml.spectra.grids import H_ALPHA, LRS_R, MRS_R, Grid
from ml.spectra.ragged import RaggedSpectra
from ml.spectra.rectify import rectify

#: Half of the stars have emission. The rest is chosen to be hard: A and B stars of every v sin i,
#: pairs whose blended cores look like a central peak, and cool stars with hardly an H-alpha line
#: among many others (the paper's negatives, too, are "strong H-alpha absorption profiles" and
#: "weak featured spectra", Figure 5).
TRAINING_MIX = SurveyConfig(
    fractions=(
        ("Be", 0.44),
        ("Herbig", 0.04),
        ("HII", 0.05),
        ("supergiant", 0.06),
        ("Oe", 0.02),
        ("B", 0.11),
        ("A", 0.08),
        ("SB2", 0.05),
        ("F", 0.03),
        ("O", 0.02),
        ("G", 0.03),
        ("K", 0.035),
        ("M", 0.035),
    ),
    single_visit_fraction=0.6,
    max_visits=2,
    lrs_only_fraction=0.33,
    both_fraction=0.10,
    failed_fraction=0.0,
    exposures_fraction=0.0,
)

#: S/N a pixel that visits are given, evenly in its logarithm: Wang+2022 take 10 and more, and
#: their Table 1 tells apart up to 150.
SNR_RANGE = (10.0, 300.0)

#: Emission can be seen where it makes a peak that is this high above its feet, in units of the
#: continuum, and whose S/N, summed over the peak's pixels, reaches this value.
SEEN_HEIGHT = 0.02
SEEN_SIGNIFICANCE = 6.0

#: A shell can be seen where its narrow core is this much deeper than the photosphere alone, in
#: units of the continuum, and the difference, summed over its pixels, reaches this S/N.
SEEN_DEPTH = 0.08
SEEN_CORE_SIGNIFICANCE = 10.0

#: Range about H-alpha, km/s, in which peaks count.
REACH = 900.0

#: S/N of a spectrum that counts as free of noise.
_NO_NOISE = 1e5

#: Share of the Be and Oe stars that get a weak disc, and the H-alpha emission (0.1 nm) of such
#: a disc; half of them are seen through the disc. Of Wang+2022's 1,134 stars 199 (18 per cent)
#: are shells in absorption; the simulated survey as it is holds 2 per cent.
WEAK_FRACTION = 0.35
WEAK_WIDTH = (0.4, 4.0)

#: Visits that a worker takes at a time.
BATCH = 250


@dataclass(frozen=True)
class TrainingSet:
    """Labelled windows, one element a spectrum.

    Attributes
    ----------
    windows : (n, 240)
        Rectified flux about H-alpha, see :mod:`ml.halpha.window`.
    label : (n,)
        1 where emission can be seen, else 0; see :func:`training_windows`.
    designation : (n,)
        Of the star; a star may have several spectra.
    survey : (n,)
        ``SIM-MRS`` or ``SIM-LRS``.
    kind : (n,)
        What the star is: :data:`ingest.simulation.model.KINDS`.
    profile : (n,)
        True class of the profile: index into :data:`ingest.simulation.profiles.PROFILES`.
    snr : (n,)
        S/N a pixel as the pipeline would give it.
    significance : (n,)
        S/N of the strongest peak that emission makes, or of a shell's core; 0 without.
    """

    windows: NDArray[np.float32]
    label: NDArray[np.int8]
    designation: NDArray[np.str_]
    survey: NDArray[np.str_]
    kind: NDArray[np.str_]
    profile: NDArray[np.int8]
    snr: NDArray[np.float32]
    significance: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: NDArray[Any]) -> TrainingSet:
        """Return the spectra of the given rows (indices or a mask)."""
        return TrainingSet(*(getattr(self, field.name)[rows] for field in fields(self)))


def training_windows(
    n_stars: int,
    seed: int,
    config: SurveyConfig = TRAINING_MIX,
    *,
    workers: int = 2,
) -> TrainingSet:
    """Return labelled windows of simulated spectra.

    A spectrum is labelled 1 where H-alpha emission of its star is there **and can be seen**: the
    true profile is one of Wang+2022's classes, and either the emission makes a local maximum of
    :data:`SEEN_HEIGHT` and an S/N of :data:`SEEN_SIGNIFICANCE` at least, or the disc absorbs
    its star's light in a core of :data:`SEEN_DEPTH` and :data:`SEEN_CORE_SIGNIFICANCE`.

    The paper's positive class is spectra in which an eye saw a peak or a shell (sections 4.1.1
    and 4.1.2, Figure 4): single and double peaks, weak peaks at the bottom of an absorption
    line, and shells, down to a narrow core in a broad absorption line (its shells of type 3).
    P Cygni lines and nebular ones look like emission too; the paper takes nebulae out
    afterwards, by the literature. What noise hides, or what fills an absorption line in without
    a peak, no eye sees: such a spectrum has label 0, though its star may be a Be star. The
    limits were set by looking at simulated spectra about them, before any network was trained.

    Parameters
    ----------
    n_stars
        Stars to draw; there are 1.4 spectra a star with the default mix.
    seed
        Anything else being equal, the same seed gives the same windows.
    config
        Mix of kinds and surveys.
    workers
        Processes that synthesise and rectify; the result does not depend on them.

    Returns
    -------
    TrainingSet
        Spectra that could be rectified.
    """
    parts = list(
        ordered_map(
            _windows,
            _work(n_stars, seed, config),
            workers=workers,
            preload=("ingest.simulation.training_set",),
        )
    )
    return TrainingSet(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(TrainingSet)
        )
    )


@dataclass(frozen=True)
class _Work:
    stars: Stars
    visits: Visits


def _work(n_stars: int, seed: int, config: SurveyConfig) -> Iterator[_Work]:
    for block, (stars, visits) in enumerate(draw_blocks(n_stars, seed, config)):
        rng = np.random.default_rng([seed, block, N_SAMPLES])
        weak = _with_weak_discs(stars, rng)
        low, high = np.log(SNR_RANGE)
        snr = np.exp(rng.uniform(low, high, len(visits)))
        given = replace(visits, snr_b=0.8 * snr, snr_r=snr)
        for resolution in ("mrs", "lrs"):
            rows = np.flatnonzero(given.resolution == resolution)
            for first in range(0, len(rows), BATCH):
                yield _Work(*part_of(weak, given, rows[first : first + BATCH]))


def _with_weak_discs(stars: Stars, rng: np.random.Generator) -> Stars:
    n = len(stars)
    chance, edge_on = rng.random(n), rng.random(n) < 0.5
    low, high = np.log(WEAK_WIDTH)
    width = np.exp(rng.uniform(low, high, n))
    tilt = rng.uniform(SHELL_INCLINATION, 90.0, n)
    weak = stars.is_be & (chance < WEAK_FRACTION)
    # a weak line comes from a small disc, as in ingest.simulation.physics
    ratio = ((1.0 + width) / (1.0 + stars.emission_ew)) ** 0.45
    through = weak & edge_on
    turned = np.sin(np.radians(tilt)) / np.sin(np.radians(np.maximum(stars.inclination, 5.0)))
    return replace(
        stars,
        emission_ew=np.where(weak, width, stars.emission_ew),
        disc_radius=np.where(weak, np.clip(stars.disc_radius * ratio, 2.5, 30.0),
                             stars.disc_radius),
        inclination=np.where(through, tilt, stars.inclination),
        vsini=np.where(through, np.minimum(stars.vsini * turned, 420.0), stars.vsini),
    )  # fmt: skip


def _windows(work: _Work) -> TrainingSet:
    stars, visits = work.stars, work.visits
    medium = bool(visits.resolution[0] == "mrs")
    grid = MRS_R if medium else LRS_R
    found = synthesise(stars, visits, np.arange(len(visits)))
    arms = [_red_arm(spectra.arms) for spectra in found]
    rectified = rectify(_ragged(arms), grid)
    profile = np.array([spectra.profile for spectra in found], dtype=np.int8)
    label, significance = _seen(stars, visits, profile, rectified.noise, grid)
    whole = TrainingSet(
        windows=halpha_window(rectified.flux, grid),
        label=label.astype(np.int8),
        designation=stars.designation[visits.star],
        survey=np.full(len(visits), "SIM-MRS" if medium else "SIM-LRS"),
        kind=stars.kind[visits.star],
        profile=profile,
        snr=np.array([arm.snr for arm in arms], dtype=np.float32),
        significance=significance,
    )
    return whole.take(rectified.status == "ok")


def _seen(
    stars: Stars,
    visits: Visits,
    profile: NDArray[np.int8],
    noise: NDArray[np.float32],
    grid: Grid,
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return whether emission can be seen in each spectrum, and the S/N of what shows it."""
    label = np.zeros(len(visits), dtype=bool)
    significance = np.zeros(len(visits), dtype=np.float32)
    rows = np.flatnonzero((profile != PROFILES.index("none")) & np.isfinite(noise))
    if not len(rows):
        return label, significance
    own, quiet = part_of(stars, visits, rows)
    loud = np.full(len(rows), _NO_NOISE)
    quiet = replace(quiet, snr_b=loud, snr_r=loud)
    # the same visits again, the same star, air and fibre: without noise, and without emission
    with_emission = synthesise(own, quiet, np.arange(len(rows)))
    dark = replace(own, emission_ew=np.zeros(len(own)), nebular=np.zeros(len(own)))
    without = synthesise(dark, quiet, np.arange(len(rows)))
    flux, bare = (
        rectify(_ragged([_red_arm(one.arms) for one in found]), grid).flux
        for found in (with_emission, without)
    )
    offset = (grid.wavelength / H_ALPHA - 1.0) * SPEED_OF_LIGHT
    for i, row in enumerate(rows):
        near = np.abs(offset - with_emission[i].rv) < REACH
        height, signal = peak_significance(flux[i, near], bare[i, near], float(noise[row]))
        label[row] = height >= SEEN_HEIGHT and signal >= SEEN_SIGNIFICANCE
        significance[row] = signal
        if PROFILES[profile[row]].startswith("shell"):
            missing = np.maximum(bare[i, near] - flux[i, near], 0.0)
            signal = float(np.sqrt(np.sum(missing**2))) / float(noise[row])
            label[row] |= missing.max() >= SEEN_DEPTH and signal >= SEEN_CORE_SIGNIFICANCE
            significance[row] = max(significance[row], signal)
    return label, significance


def peak_significance(
    flux: NDArray[np.floating], bare: NDArray[np.floating], noise: float
) -> tuple[float, float]:
    """Return height and S/N of the most significant peak that emission makes.

    Parameters
    ----------
    flux, bare : (n,)
        Rectified spectrum about H-alpha, free of noise, with the emission and without it.
    noise
        1-sigma scatter of a pixel of the spectrum as it is observed.

    Returns
    -------
    height
        Of the peak above the higher of its feet (its prominence), in units of the continuum.
    significance
        Its light above that foot, squared, summed over its pixels, its root divided by the
        noise. Both 0 where there is no peak, or only such as the photosphere has by itself.
    """
    peaks, found = find_peaks(flux, prominence=1e-4)
    excess = flux - bare
    best = (0.0, 0.0)
    feet = zip(found["prominences"], found["left_bases"], found["right_bases"], strict=True)
    for peak, (height, left, right) in zip(peaks, feet, strict=True):
        foot = left if flux[left] > flux[right] else right
        # half of what makes it a peak must come from the emission, not from gaps between lines
        if excess[peak] - excess[foot] < 0.5 * height:
            continue
        above = np.maximum(flux[left : right + 1] - flux[foot], 0.0)
        significance = float(np.sqrt(np.sum(above**2))) / noise
        if significance > best[1]:
            best = (float(height), significance)
    return best


def _red_arm(arms: tuple[ArmSpectrum, ...]) -> ArmSpectrum:
    return next(arm for arm in arms if arm.exposure == 0 and arm.arm in ("R", "L"))


def _ragged(arms: list[ArmSpectrum]) -> RaggedSpectra:
    lengths = [len(arm.flux) for arm in arms]
    # coadds are log-linear: a start and a step each
    log_wavelength = np.array([arm.log_wavelength for arm in arms], dtype=np.float64)
    return RaggedSpectra(
        flux=np.concatenate([arm.flux for arm in arms]),
        ivar=np.concatenate([arm.ivar for arm in arms]),
        or_mask=np.concatenate([arm.or_mask for arm in arms]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        log_wavelength_start=log_wavelength[:, 0],
        log_wavelength_step=log_wavelength[:, 1],
    )
