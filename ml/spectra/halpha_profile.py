"""The shape of H-alpha in numbers: peaks, central reversal, shell core, troughs.

Wang et al. (2022, section 4.2 and appendix A) sort the profiles of Be stars by eye: single and
double peaks, symmetric or not; narrow emission on absorption; shell lines on emission and on
absorption. Here every quantity that such a verdict can rest on is measured with its error; the
verdict itself is SQL.

The profile is smoothed with the Bartlett window of the peak finder (:mod:`ml.spectra.peaks`) to
tell which turns are its peaks and valleys. Their places and heights come from parabolas through
the unsmoothed pixels around, so that their errors follow from the noise alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.spectra.equivalent_width import check_flux, equivalent_width
from ml.spectra.grids import H_ALPHA, Grid
from ml.spectra.line_shape import (
    LIGHT,
    SECTION,
    Columns,
    Doubles,
    Section,
    Turn,
    cut_section,
    extent,
    find_turn,
    flanks,
    velocity_of,
)
from ml.spectra.peaks import (
    LRS_EDGES,
    LRS_WIDTHS,
    WANG_EDGES,
    WANG_WIDTHS,
    Peaks,
    bartlett,
    choose_window,
    find_peaks,
)
from ml.spectra.pixel_noise import variance_factor

REACH = 600.0
"""Peaks and troughs are looked for within this of H-alpha at rest, km/s. [N II] and the C II lines
of B supergiants lie beyond."""

CORE_REACH = 300.0
"""The core of the line is looked for within this of H-alpha at rest, km/s."""

TROUGH_WIDTH = 100.0
"""Troughs beside the emission are lowest means over this width, km/s."""

SHOULDER = 150.0
"""The shoulders of a narrow core are means about this distance (0.7 to 1.3 times) from it, km/s;
1.5 resolution elements where that is more."""

PAIR_SIGNIFICANCE = 5.0
"""The emission is measured across both of the two most prominent peaks if the second one's
prominence is this many times the noise, else across the first alone."""

QUANTITIES: tuple[str, ...] = (
    "strongest_velocity", "strongest_flux",
    "violet_velocity", "violet_flux", "red_velocity", "red_flux",
    "peak_separation", "v_over_r", "asymmetry",
    "reversal_velocity", "reversal_flux", "reversal_depth", "reversal_fraction",
    "peak_to_reversal", "reversal_fwhm", "reversal_ew",
    "violet_trough", "red_trough",
    "emission_velocity", "emission_fwhm", "emission_ew",
    "core_velocity", "core_flux", "core_depth", "core_fwhm", "broad_depth", "shoulder_rise",
)  # fmt: skip
"""What :func:`measure_profile` returns with an error, ``<name>_error``."""

SIGNIFICANCES = ("first_significance", "second_significance", "third_significance")
"""What it returns beside: prominences of the three most prominent peaks over the noise."""

_BLOCK = 1024


def measure_profile(
    flux: NDArray[np.floating], noise: ArrayLike, snr: ArrayLike, grid: Grid
) -> dict[str, Doubles]:
    r"""Measure the shape of H-alpha.

    Parameters
    ----------
    flux
        Rectified, shape ``(n_spectra, grid.size)``, on a red grid.
    noise
        1-sigma noise of a continuum pixel, shape ``(n_spectra,)``.
    snr
        S/N a pixel, which chooses the smoothing window; shape ``(n_spectra,)``.
    grid
        ``MRS_R`` or ``LRS_R``.

    Returns
    -------
    dict of str to numpy.ndarray
        Shape ``(n_spectra,)`` each: the :data:`QUANTITIES`, each with its 1-sigma error under
        ``<name>_error``, and the :data:`SIGNIFICANCES`. Velocities and widths in km/s, vacuum and
        heliocentric, from 6564.61 A; equivalent widths in A, positive for absorption; fluxes,
        depths and ratios relative to the continuum. NaN where there is no such thing, and
        everything where the spectrum is not finite or has no noise.

        strongest
            The most prominent peak within :data:`REACH`.
        violet, red
            The two most prominent peaks by wavelength, however small the second is.
        peak_separation, v_over_r, asymmetry
            Of these; heights :math:`V` and :math:`R` are above the mean of the troughs, or above
            the continuum where the troughs lie higher. The asymmetry is
            :math:`(V - R) / (V + R)`.
        reversal
            The valley between them: depth below the weaker peak; fraction, the depth below the
            peaks' mean in units of their mean height (above 1 it reaches below the troughs);
            ``peak_to_reversal``, mean flux of the peaks over that of the valley, by which
            Hanuschik (1996, A&A 308, 170) knows shell stars; width half-way to the weaker peak;
            equivalent width below the line that joins the peaks.
        violet_trough, red_trough
            Lowest mean flux over :data:`TROUGH_WIDTH` on either side of the emission.
        emission
            Width and middle half-way between the troughs and the strongest peak; equivalent
            width of what lies between the outer crossings of the continuum.
        core
            The line's minimum within :data:`CORE_REACH`: depth below the shoulders that flank it,
            width half-way to them.
        broad_depth, shoulder_rise
            One minus the flux of these shoulders; how far the flux rises from them to twice their
            distance. A photospheric line goes on rising there, a shell's core is done.

    Raises
    ------
    ValueError
        If shapes do not fit, or the grid does not hold H-alpha.

    Notes
    -----
    Every quantity is a smooth function of weighted sums of pixels, and its error the linear
    propagation of their noise, tied together as :func:`ml.spectra.pixel_noise.autocorrelation`
    finds it beside the line and grown with the square root of the flux above the continuum, as
    photons do. Where the continuum is placed is part of the errors of equivalent widths alone.
    Lowest and highest values are chosen among noisy ones and so lie too low and too high by up to
    about one sigma; errors do not hold that, nor that noise can turn another peak into the second.
    """
    check_flux(flux, grid)
    n = len(flux)
    if not grid.wavelength[0] < H_ALPHA * 0.99 < H_ALPHA * 1.01 < grid.wavelength[-1]:
        raise ValueError(f"grid {grid.name} does not hold H-alpha and its surroundings")
    sigma = np.broadcast_to(np.asarray(noise, dtype=np.float64), (n,))
    ratio = np.broadcast_to(np.asarray(snr, dtype=np.float64), (n,))
    low_resolution = grid.step > 5e-5
    edges, widths = (LRS_EDGES, LRS_WIDTHS) if low_resolution else (WANG_EDGES, WANG_WIDTHS)
    window = choose_window(ratio, edges, widths)
    names = [*SIGNIFICANCES, *(name + end for name in QUANTITIES for end in ("", "_error"))]
    out = {name: np.full(n, np.nan) for name in names}
    near = np.abs(velocity_of(grid)) < SECTION + 200
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(flux[:, near]).all(axis=1) & (sigma > 0) & np.isfinite(window)
    for width in np.unique(window[usable]):
        rows = np.flatnonzero(usable & (window == width))
        for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
            part = flux[block]
            peaks = find_peaks(
                part,
                sigma[block],
                ratio[block],
                grid,
                edges=edges,
                widths=widths,
                wave_min=H_ALPHA * (1 - REACH / LIGHT),
                wave_max=H_ALPHA * (1 + REACH / LIGHT),
            )
            reach = 1 if low_resolution else max(3, int(np.ceil(width / 3)))
            section = cut_section(part, sigma[block], grid, bartlett(width), reach)
            for name, values in _measure(part, section, peaks).items():
                out[name][block] = values
    return out


def _measure(flux: NDArray[np.floating], section: Section, peaks: Peaks) -> dict[str, Doubles]:
    """Return every quantity of a block of spectra."""
    columns, significance = _most_prominent(peaks, section, 3)
    out = dict(zip(SIGNIFICANCES, significance.T, strict=True))

    strongest = find_turn(section, columns[:, 0], +1)
    pair = np.sort(columns[:, :2], axis=1)
    pair[(columns[:, :2] < 0).any(axis=1)] = -1
    violet, red = (find_turn(section, column, +1) for column in pair.T)
    for name, turn in (("strongest", strongest), ("violet", violet), ("red", red)):
        _put(out, f"{name}_velocity", turn.velocity, turn.velocity_error)
        _put(out, f"{name}_flux", turn.flux, turn.flux_error)
    _put(
        out,
        "peak_separation",
        red.velocity - violet.velocity,
        np.hypot(red.velocity_error, violet.velocity_error),
    )

    real = (pair[:, 0] >= 0) & (significance[:, 1] >= PAIR_SIGNIFICANCE)
    left = np.where(real, pair[:, 0], columns[:, 0])
    right = np.where(real, pair[:, 1], columns[:, 0])
    base, base_error = _troughs(out, section, left, right)
    _heights(out, violet, red, base, base_error)
    _reversal(out, section, violet, red, base, base_error)
    _emission(out, flux, section, strongest, left, right, base, base_error)
    _core(out, section)
    return out


def _put(out: dict[str, Doubles], name: str, value: Doubles, error: Doubles) -> None:
    """Set a quantity and its error; neither is there without the other."""
    known = np.isfinite(value) & np.isfinite(error)
    out[name] = np.where(known, value, np.nan)
    out[f"{name}_error"] = np.where(known, error, np.nan)


def _most_prominent(peaks: Peaks, section: Section, n_peaks: int) -> tuple[Columns, Doubles]:
    """Return columns (-1: none) and significances (NaN) of the most prominent peaks, best first."""
    n = len(section.flux)
    count = np.diff(peaks.peak_offsets)
    row = np.repeat(np.arange(n), count)
    order = np.lexsort((-peaks.peak_prominence, row))
    rank = np.arange(len(order)) - np.repeat(peaks.peak_offsets[:-1], count)
    taken = rank < n_peaks
    best, row, rank = order[taken], row[taken], rank[taken]
    columns = np.full((n, n_peaks), -1, dtype=np.intp)
    significance = np.full((n, n_peaks), np.nan)
    wavelength = section.grid.wavelength[section.first :]
    columns[row, rank] = np.searchsorted(wavelength, peaks.peak_wavelength[best])
    with np.errstate(divide="ignore", invalid="ignore"):
        significance[row, rank] = peaks.peak_prominence[best] / peaks.smoothed_noise[row]
    return columns, np.where(np.isfinite(significance), significance, np.nan)


def _troughs(
    out: dict[str, Doubles], section: Section, left: Columns, right: Columns
) -> tuple[Doubles, Doubles]:
    """Measure the lowest flux on either side; return the level that heights count from."""
    n_box = 2 * int(TROUGH_WIDTH / section.step / 2) + 1
    box = np.full(n_box, 1 / n_box)
    total = np.cumsum(np.pad(section.flux, ((0, 0), (1, 0))), axis=1)
    mean = (total[:, n_box:] - total[:, :-n_box]) / n_box  # of columns i .. i + n_box - 1
    column = np.arange(mean.shape[1]) + n_box // 2
    inside = (column >= section.column(-REACH)) & (column <= section.column(REACH))
    error = section.noise * np.sqrt(variance_factor(box, section.correlation))
    levels = []
    for name, beside in (("violet", column <= left[:, None]), ("red", column >= right[:, None])):
        lowest = np.where(beside & inside, mean, np.inf).min(axis=1)
        known = (left >= 0) & np.isfinite(lowest)
        lowest = np.where(known, lowest, np.nan)
        _put(out, f"{name}_trough", lowest, np.where(known, error, np.nan))
        levels.append(lowest)
    return np.minimum((levels[0] + levels[1]) / 2, 1.0), error / np.sqrt(2)


def _heights(
    out: dict[str, Doubles], violet: Turn, red: Turn, base: Doubles, base_error: Doubles
) -> None:
    """Compare the heights of the violet and the red peak."""
    v, r = violet.flux - base, red.flux - base
    positive = (v > 0) & (r > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(positive, v / r, np.nan)
        ratio_error = (
            np.sqrt(
                violet.flux_error**2
                + (ratio * red.flux_error) ** 2
                + ((1 - ratio) * base_error) ** 2
            )
            / r
        )
        both = v + r
        asymmetry = np.where(positive, (v - r) / both, np.nan)
        asymmetry_error = (
            2
            * np.sqrt(
                (r * violet.flux_error) ** 2
                + (v * red.flux_error) ** 2
                + ((v - r) * base_error) ** 2
            )
            / both**2
        )
    _put(out, "v_over_r", ratio, ratio_error)
    _put(out, "asymmetry", asymmetry, asymmetry_error)


def _reversal(
    out: dict[str, Doubles],
    section: Section,
    violet: Turn,
    red: Turn,
    base: Doubles,
    base_error: Doubles,
) -> None:
    """Measure the valley between the two peaks."""
    between = (violet.column >= 0) & (red.column >= 0)
    column = np.arange(len(section.velocity))
    inside = (column > violet.column[:, None]) & (column < red.column[:, None])
    lowest = np.where(inside, section.smoothed, np.inf).argmin(axis=1)
    valley = find_turn(section, np.where(between, lowest, -1), -1)
    _put(out, "reversal_velocity", valley.velocity, valley.velocity_error)
    _put(out, "reversal_flux", valley.flux, valley.flux_error)

    violet_is_weaker = violet.flux < red.flux
    weaker = np.where(violet_is_weaker, violet.flux, red.flux)
    weaker_error = np.where(violet_is_weaker, violet.flux_error, red.flux_error)
    _put(out, "reversal_depth", weaker - valley.flux, np.hypot(weaker_error, valley.flux_error))

    mean = (violet.flux + red.flux) / 2
    mean_error = np.hypot(violet.flux_error, red.flux_error) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        height = np.where(mean > base, mean - base, np.nan)
        fraction = (mean - valley.flux) / height
        fraction_error = (
            np.sqrt(
                valley.flux_error**2
                + ((1 - fraction) * mean_error) ** 2
                + (fraction * base_error) ** 2
            )
            / height
        )
        ratio = np.where(valley.flux > 0, mean / valley.flux, np.nan)
        ratio_error = np.hypot(mean_error, ratio * valley.flux_error) / valley.flux
    _put(out, "reversal_fraction", fraction, fraction_error)
    _put(out, "peak_to_reversal", ratio, ratio_error)

    level = (weaker + valley.flux) / 2
    level_error = np.hypot(weaker_error, valley.flux_error) / 2
    _, width = extent(section, valley.column, valley.column, level, level_error, above=True)
    _put(out, "reversal_fwhm", *width)
    _put(out, "reversal_ew", *_area_below_peaks(section, violet, red, inside))


def _area_below_peaks(
    section: Section, violet: Turn, red: Turn, inside: NDArray[np.bool_]
) -> tuple[Doubles, Doubles]:
    """Integrate from the flux up to the line that joins two peaks, in A."""
    step = np.diff(section.grid.edges)[section.first : section.first + inside.shape[1]]
    column = np.arange(inside.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (column - violet.column[:, None]) / (red.column - violet.column)[:, None]
        line = violet.flux[:, None] * (1 - part) + red.flux[:, None] * part
        area = np.where(inside, (line - section.flux) * step, 0.0).sum(axis=1)
        own = variance_factor(np.where(inside, step, 0.0), section.correlation)
        bright = np.sqrt(np.maximum((violet.flux + red.flux) / 2, 1.0))
        wide = np.where(inside, step, 0.0).sum(axis=1) / 2
        joined = wide * np.hypot(violet.flux_error, red.flux_error)
    return area, np.hypot(section.noise * bright * np.sqrt(own), joined)


def _emission(
    out: dict[str, Doubles],
    flux: NDArray[np.floating],
    section: Section,
    strongest: Turn,
    left: Columns,
    right: Columns,
    base: Doubles,
    base_error: Doubles,
) -> None:
    """Measure the emission as a whole."""
    level = (strongest.flux + base) / 2
    level_error = np.hypot(strongest.flux_error, base_error) / 2
    middle, width = extent(section, left, right, level, level_error)
    _put(out, "emission_velocity", *middle)
    _put(out, "emission_fwhm", *width)

    one = np.ones(len(level))
    none = np.zeros(len(level))
    (centre, _), (whole, _) = extent(section, left, right, one, none, closed=True)
    with np.errstate(invalid="ignore"):
        bright = strongest.flux > 1 + 2 * strongest.flux_error
    low = np.where(bright, H_ALPHA * (1 + (centre - whole / 2) / LIGHT), np.nan)
    high = np.where(bright, H_ALPHA * (1 + (centre + whole / 2) / LIGHT), np.nan)
    value, error = equivalent_width(flux, section.noise, low, high, section.grid)
    with np.errstate(invalid="ignore"):
        photons = np.sqrt(np.maximum(1 + (strongest.flux - 1) / 2, 1.0))
    _put(out, "emission_ew", value, error * photons)


def _core(out: dict[str, Doubles], section: Section) -> None:
    """Measure the lowest point of the line and what flanks it."""
    first, last = section.column(-CORE_REACH), section.column(CORE_REACH)
    column = first + section.smoothed[:, first:last].argmin(axis=1)
    column[(column == first) | (column == last - 1)] = -1
    core = find_turn(section, column, -1)
    _put(out, "core_velocity", core.velocity, core.velocity_error)
    _put(out, "core_flux", core.flux, core.flux_error)

    element = section.grid.line_width * section.step
    distance = max(SHOULDER, 1.5 * element) / section.step
    shoulder, error = flanks(section, core.column, 0.7 * distance, 1.3 * distance)
    beyond, beyond_error = flanks(section, core.column, 1.7 * distance, 2.3 * distance)
    _put(out, "core_depth", shoulder - core.flux, np.hypot(error, core.flux_error))
    _put(out, "broad_depth", 1 - shoulder, error)
    _put(out, "shoulder_rise", beyond - shoulder, np.hypot(error, beyond_error))
    level = (shoulder + core.flux) / 2
    level_error = np.hypot(error, core.flux_error) / 2
    _, width = extent(section, core.column, core.column, level, level_error, above=True)
    _put(out, "core_fwhm", *width)
