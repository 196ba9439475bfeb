"""Figures of Wang et al. (2022) from columns of the catalogues of Be stars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from hotstars.figures.panels import (
    MANY,
    Plate,
    crowd,
    legend_above,
    limits,
    n_outside,
    points,
    tell_outside,
    told_outside,
)
from hotstars.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    PAGE,
    PALE,
    RED,
    new_figure,
    styled,
)

Columns = Mapping[str, NDArray[Any]]
Settings = Mapping[str, Any]

#: Width of a bin of velocities, km/s.
BIN = 3.0


def _band(limits: tuple[float, float]) -> str:
    first, last = limits
    return f"{first:g}–{last:g}"


@styled
def line_indices(spectra: Columns, settings: Settings, mark: str | None) -> Plate:
    """Draw EW(H-alpha) against EW(Mg b) with the cuts (figure 2).

    Parameters
    ----------
    spectra
        ``ew_halpha``, ``ew_mgb`` (0.1 nm), ``passes_line_index``, ``passes_q`` (NaN: no 2MASS
        colours) of spectra that pass the cuts in S/N and Teff.
    settings
        ``ew_halpha_max``, ``ew_mgb_max``, ``q_max``, ``snr_min``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 3.1, mark)
    axes = figure.subplots()
    x, y = spectra["ew_halpha"], spectra["ew_mgb"]
    passes = spectra["passes_line_index"] == 1
    late = passes & (spectra["passes_q"] == 0)
    halpha, mgb = settings["ew_halpha_max"], settings["ew_mgb_max"]
    axes.set_xlim(limits(x, holds=[halpha]))
    axes.set_ylim(limits(y, holds=[mgb]))
    if len(x) > MANY:
        crowd(axes, x, y, "all")
    for rows, label, colour, marker in (
        (~passes, "cut by line indices", GREY, "x"),
        (passes & ~late, "kept", BLACK, "+"),
        (late, r"cut by $Q$", BLUE, "o"),
    ):
        if len(x) <= MANY or rows.sum() <= MANY:
            points(axes, x[rows], y[rows], colour, marker, label)
    axes.axhline(mgb, color=RED, lw=1)
    axes.axvline(halpha, color=RED, lw=1, ls="--")
    axes.set_xlabel(rf"EW(H$\alpha$, {_band(settings['halpha_band'])}) (Å)")
    axes.set_ylabel(f"EW(Mg b, {_band(settings['mgb_band'])}) (Å)")
    legend_above(axes)
    beyond = n_outside(axes, x, y)
    tell_outside(axes, beyond)
    return Plate(
        figure,
        f"Equivalent widths of {len(x):,d} spectra with S/N above {settings['snr_min']:g} in both "
        "arms that the cut in Teff leaves; absorption is positive. Lines: the cuts, Mg b below "
        f"{mgb:g} Å (solid) and Hα below {halpha:g} Å (dashed), which {passes.sum():,d} spectra "
        f"pass. Of these {late.sum():,d} are K and M stars by 2MASS (Q from {settings['q_max']:g}, "
        f"circles), {(passes & ~late).sum():,d} stay. Emission lies to the left of zero."
        + told_outside(beyond, "spectra"),
    )


@styled
def observing(stars: Columns, mark: str | None) -> Plate:
    """Draw visits and baselines of classical Be stars (figure 8).

    Parameters
    ----------
    stars
        ``n_visits``, ``baseline`` (d), ``new`` of ``be_observing_statistics``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 2.7, mark)
    left, right = figure.subplots(1, 2)
    visits, baseline = stars["n_visits"], stars["baseline"]
    new = stars["new"] == 1
    edges = (
        np.arange(0.5, float(np.nanmax(visits)) + 1.5),
        np.linspace(0.0, max(float(np.nanmax(baseline)), 1.0), 26),
    )
    for axes, values, bins in zip((left, right), (visits, baseline), edges, strict=True):
        axes.hist(values, bins=list(bins), histtype="step", color=BLACK,
                  label=f"all ({len(values):,d})")  # fmt: skip
        axes.hist(values[new], bins=list(bins), color=BLUE, alpha=0.55,
                  label=f"new ({new.sum():,d})")  # fmt: skip
        axes.set_xlim(bins[0], bins[-1])
        axes.set_yscale("log")
        axes.set_ylim(0.7)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylabel("stars")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.xaxis.set_minor_locator(NullLocator())
    left.set_xlabel("visits")
    right.set_xlabel(r"$\Delta$MJD = last $-$ first visit (d)")
    legend_above(left)
    once = int((visits == 1).sum())
    return Plate(
        figure,
        f"Visits (left) and baselines (right) of {len(visits):,d} classical Be stars; filled: the "
        f"{new.sum():,d} new ones. {once:,d} were visited once, and have a baseline of 0; the "
        f"others' median is {np.median(baseline[visits > 1]) if once < len(visits) else 0:,.0f} d. "
        "The axes of counts are logarithmic.",
    )


@styled
def velocities(stars: Columns, limit: Mapping[str, Any], mark: str | None) -> Plate:
    """Draw peculiar tangential velocities, the Maxwellian and the limit (figure 9).

    Parameters
    ----------
    stars
        ``v_tp`` (km/s) of classical Be stars with good astrometry.
    limit
        The row of ``int_runaway_limit``: ``b``, ``v_tp_limit``, ``origin``, ``sample_b``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 2.9, mark)
    axes = figure.subplots()
    speed = stars["v_tp"]
    b, end = float(limit["b"]), float(limit["v_tp_limit"])
    top = limits(speed, tails=(0.5, 99.0), holds=[1.5 * end])[1]
    bins = np.arange(0.0, BIN * np.ceil(top / BIN) + BIN / 2, BIN)
    counts, _ = np.histogram(speed, bins=bins)
    axes.stairs(counts, bins, color=BLACK, label=f"Be stars ({len(speed):,d})")
    filled = counts > 0
    axes.errorbar((bins[:-1] + BIN / 2)[filled], counts[filled], np.sqrt(counts[filled]),
                  fmt="none", ecolor=GREY, lw=0.7)  # fmt: skip
    v = np.linspace(0.0, bins[-1], 500)
    slow = int((speed < end).sum())
    highest = float(np.max(counts))
    for width, colour, style, label in (
        (b, RED, "-", f"Maxwellian, $b$ = {b:.2f} km s$^{{-1}}$"),
        (limit.get("sample_b"), BLUE, ":", "$b$ of these stars"),
    ):
        if width is None or not np.isfinite(width) or (colour == BLUE and width == b):
            continue
        curve = v**2 * np.exp(-((v / width) ** 2))
        curve *= slow * BIN / float(np.trapezoid(curve, v))
        shown = label if colour == RED else f"{label}, {width:.2f}"
        axes.plot(v, curve, color=colour, ls=style, label=shown)
        highest = max(highest, float(curve.max()))
    axes.axvline(end, color=GREEN, ls="--", label=f"limit, {end:.1f} km s$^{{-1}}$")
    axes.set(xlim=(0.0, bins[-1]), ylim=(0.0, 1.12 * (highest + np.sqrt(highest))))
    axes.set_xlabel(r"$V_\mathrm{Tp}$ (km s$^{-1}$)")
    axes.set_ylabel(f"stars in {BIN:g} km s$^{{-1}}$")
    legend_above(axes)
    beyond = n_outside(axes, speed)
    tell_outside(axes, beyond)
    fast = int((speed > end).sum())
    return Plate(
        figure,
        f"Peculiar tangential velocities of {len(speed):,d} classical Be stars with good "
        "astrometry; bars: square root of counts. Solid: the Maxwellian of equation 1 with b = "
        f"{b:.3f} km/s ({limit['origin']}), of the area of the stars below the limit. Dashed: "
        f"where it has fallen to 1 % of its peak, {end:.1f} km/s; {fast:,d} stars are faster, "
        f"{100 * fast / len(speed):.1f} % (published: 16 of 323, 5.0 %)."
        + (f" Dotted: the b that these stars give, {limit['sample_b']:.2f} km/s."
           if limit.get("sample_b") is not None and limit["sample_b"] != b else "")
        + told_outside(beyond, "stars"),
    )  # fmt: skip


@styled
def colour_magnitude(stars: Columns, background: Columns, mark: str | None) -> Plate:
    """Draw the colour-magnitude diagram of Be stars over all stars (figure 10).

    Parameters
    ----------
    stars
        ``bp_rp``, ``m_g``, ``m_g_error`` (mag), ``new`` of ``be_kinematics``.
    background
        ``bp_rp``, ``m_g`` of all stars.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 3.5, mark)
    axes = figure.subplots()
    x, y = stars["bp_rp"], stars["m_g"]
    axes.set_xlim(limits(background["bp_rp"], holds=limits(x, room=0.0, tails=(0, 100))))
    axes.set_ylim(limits(background["m_g"], holds=limits(y, room=0.0, tails=(0, 100)))[::-1])
    crowd(axes, background["bp_rp"], background["m_g"], "all stars", gridsize=70)
    new = stars["new"] == 1
    axes.errorbar(x, y, stars["m_g_error"], fmt="none", ecolor=PALE, lw=0.6, zorder=2)
    points(axes, x[~new], y[~new], BLACK, "s", "known")
    points(axes, x[new], y[new], BLUE, "o", "new")
    axes.set_xlabel(r"$G_\mathrm{BP} - G_\mathrm{RP}$ (mag)")
    axes.set_ylabel(r"$M_G$ (mag)")
    legend_above(axes, columns=3)
    beyond = n_outside(axes, background["bp_rp"], background["m_g"])
    tell_outside(axes, beyond)
    return Plate(
        figure,
        f"{new.sum():,d} new (blue circles) and {(~new).sum():,d} known classical Be stars (black "
        "squares) whose Gaia flux excess lies within its limits; M_G from the parallax with its "
        "error, neither colour nor magnitude freed of extinction, which moves stars to the right "
        f"and down. Grey: density of all {len(background['m_g']):,d} stars that pass the same "
        f"test. The Be stars' median M_G is {np.nanmedian(y):.2f} mag."
        + told_outside(beyond, "stars"),
    )


@styled
def infrared_colours(stars: Columns, settings: Settings, mark: str | None) -> Plate:
    """Draw the infrared two-colour diagram with the regions of Be and Herbig stars (section 5.3).

    Parameters
    ----------
    stars
        ``hk_0``, ``kw1_0`` (mag), ``new``, ``known``, ``herbig`` of candidates.
    settings
        ``be_hk_max``, ``be_kw1_max``, ``herbig_hk_min``, ``herbig_kw1_min``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(COLUMN, 3.4, mark)
    axes = figure.subplots()
    x, y = stars["hk_0"], stars["kw1_0"]
    be_x, be_y = settings["be_hk_max"], settings["be_kw1_max"]
    herbig_x, herbig_y = settings["herbig_hk_min"], settings["herbig_kw1_min"]
    axes.set_xlim(limits(x, holds=[be_x, herbig_x + 0.1]))
    axes.set_ylim(limits(y, holds=[be_y, herbig_y + 0.2]))
    new, known, herbig = (stars[name] == 1 for name in ("new", "known", "herbig"))
    for rows, label, colour, marker in (
        (~(new | known | herbig), "other candidates", GREY, "x"),
        (known, "known Be", BLACK, "s"),
        (new, "new Be", BLUE, "o"),
        (herbig, "Herbig", RED, "^"),
    ):
        points(axes, x[rows], y[rows], colour, marker, label, hollow=marker == "s")
    (low_x, high_x), (low_y, high_y) = axes.get_xlim(), axes.get_ylim()
    axes.plot([low_x, be_x, be_x], [be_y, be_y, low_y], color=BLUE, lw=0.9, ls="--")
    axes.plot([herbig_x, herbig_x, high_x], [high_y, herbig_y, herbig_y], color=RED, lw=0.9,
              ls="-.")  # fmt: skip
    axes.set_xlabel(r"$(H-K_s)_0$ (mag)")
    axes.set_ylabel(r"$(K_s-W1)_0$ (mag)")
    legend_above(axes)
    beyond = n_outside(axes, x, y)
    tell_outside(axes, beyond)
    inside = (x < be_x) & (y < be_y)
    return Plate(
        figure,
        f"Colours freed of reddening of {len(x):,d} candidates with 2MASS and AllWISE photometry. "
        f"Dashed: the region of Be stars, (H−Ks)₀ below {be_x:g} and (Ks−W1)₀ below {be_y:g} mag, "
        f"which holds {inside.sum():,d}. Dash-dotted: the region of Herbig stars, above "
        f"{herbig_x:g} and {herbig_y:g} mag, where dust shines."
        + told_outside(beyond, "candidates"),
    )


@styled
def sky(stars: Columns, mark: str | None) -> Plate:
    """Draw Be stars and runaways in Galactic coordinates, the anticentre in the middle.

    Parameters
    ----------
    stars
        ``l``, ``b`` (deg), ``runaway``, ``z`` (pc) of ``be_kinematics``.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    figure = new_figure(PAGE, 3.6, mark)
    axes = figure.add_subplot(projection="mollweide")
    # longitude grows to the left; LAMOST looks outwards, and 0 at the edge tears nothing apart
    x = np.radians(180.0 - stars["l"] % 360.0)
    y = np.radians(stars["b"])
    runaway = stars["runaway"] == 1
    axes.grid(color=PALE, lw=0.4)
    points(axes, x[~runaway], y[~runaway], BLUE, "o", "classical Be stars")
    axes.plot(x[runaway], y[runaway], "*", color=ORANGE, mec=BLACK, mew=0.4, ms=9,
              label=f"runaways ({runaway.sum():,d})", zorder=4)  # fmt: skip
    axes.yaxis.set_major_locator(FixedLocator(list(np.radians(np.arange(-60, 61, 30)))))
    axes.xaxis.set_major_locator(FixedLocator(list(np.radians(np.arange(-150, 151, 30)))))
    axes.set_xticklabels([])
    for degrees in range(30, 331, 60):  # below the plane, where the stars are not
        axes.text(np.radians(180 - degrees), np.radians(-17), f"{degrees}°", color=GREY,
                  ha="center", fontsize=8)  # fmt: skip
    axes.set_xlabel(r"Galactic longitude $l$, the anticentre in the middle")
    axes.set_ylabel(r"Galactic latitude $b$")
    figure.legend(loc="outside upper left", ncols=2)
    heights = stars["z"][runaway]
    heights = heights[np.isfinite(heights)]
    told = ""
    if len(heights):
        told = (
            f" Runaways stand {np.min(np.abs(heights)):.0f} to {np.max(np.abs(heights)):.0f} pc "
            "off the plane (published: 30 to 300 pc)."
        )
    return Plate(
        figure,
        f"{len(x):,d} classical Be stars with good astrometry in Galactic coordinates (Mollweide), "
        f"{runaway.sum():,d} of them runaways (stars). Half of all lie within "
        f"{np.nanmedian(np.abs(stars['b'])):.1f}° of the plane.{told}",
    )


@styled
def recovery_by_snr(rows: Columns, mark: str | None) -> Plate:
    """Draw completeness and purity of Be candidates against S/N, with binomial intervals.

    Parameters
    ----------
    rows
        ``snr_low``, ``snr_high``, ``n_true``, ``n_true_found``, ``n_found``, ``n_found_right``
        of spectra in bins of S/N.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    from astropy.stats import binom_conf_interval

    figure = new_figure(COLUMN, 2.9, mark)
    axes = figure.subplots()
    middle = np.sqrt(rows["snr_low"] * rows["snr_high"])
    for shift, part, whole, label, colour, marker in (
        (0.985, "n_true_found", "n_true", "completeness", BLUE, "o"),
        (1.015, "n_found_right", "n_found", "purity", RED, "s"),
    ):
        fine = rows[whole] > 0
        n, k = rows[whole][fine], rows[part][fine]
        low, high = binom_conf_interval(k, n, interval="jeffreys")
        value = k / n
        axes.errorbar(
            middle[fine] * shift, value, [np.maximum(value - low, 0), np.maximum(high - value, 0)],
            fmt=marker, color=colour, mfc="white" if marker == "s" else colour, lw=0.9,
            label=f"{label} ({n.sum():,.0f})",
        )  # fmt: skip
    axes.axhline(1.0, color=GREY, lw=0.6, ls=":")
    axes.set_xscale("log")
    ticks = np.unique([*rows["snr_low"], *rows["snr_high"]])
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(ticks[0] * 0.93, ticks[-1] * 1.07), ylim=(-0.03, 1.05))
    axes.set_xlabel("S/N of the red arm")
    axes.set_ylabel("part of the spectra")
    legend_above(axes)
    found, right = rows["n_found"].sum(), rows["n_found_right"].sum()
    true, caught = rows["n_true"].sum(), rows["n_true_found"].sum()
    return Plate(
        figure,
        f"SIMULATED spectra that pass the cuts: of {true:,.0f} with emission put in "
        f"{caught:,.0f} are taken for emission (completeness {caught / max(true, 1):.3f}), of "
        f"{found:,.0f} taken for it {right:,.0f} have it (purity {right / max(found, 1):.3f}). "
        "Bars: 68 % intervals of the binomial distribution (Jeffreys). Emission weaker than the "
        "noise counts as missed.",
    )
