"""Mock binaries: spectra of single stars added up, to see what a network makes of two in one.

Xiang et al. (2021, section 6, figures 9 and 16, appendix B): spectra of single stars are scaled to
the same distance and added in pairs of an OB star and a fainter star of any type. The magnitude
that the network finds for the sum should be that of the primary, while the geometric one has the
light of both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.distance.density import Booleans, Floats

EQUAL_TWINS = 2.5 * float(np.log10(2.0))
"""mag: how much brighter two equal stars are than one."""

TOO_BRIGHT = 0.2
"""mag: composites brighter than their primary by more hide from the search (section 6)."""

RATIO_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Bins of the flux ratio in Ks, secondary to primary. The paper speaks of mass ratios but shows
no relation of mass and light; twins have a ratio of 1 in both."""


@dataclass(frozen=True)
class Composites:
    """Spectra of k mock binaries.

    Attributes
    ----------
    flux : (k, p)
        Sum of both, in units of a star of magnitude 0 in the band of scaling.
    primary, secondary : (k,)
        Rows of the library.
    m_ks_primary, m_ks_secondary, m_ks : (k,)
        Absolute magnitudes of the parts and of the whole, mag.
    flux_ratio : (k,)
        Secondary to primary in Ks.
    """

    flux: Floats
    primary: NDArray[np.int64]
    secondary: NDArray[np.int64]
    m_ks_primary: Floats
    m_ks_secondary: Floats
    m_ks: Floats
    flux_ratio: Floats


def combined_magnitude(first: ArrayLike, second: ArrayLike) -> Floats:
    """Return the magnitude of two stars together, mag."""
    fluxes = 10.0 ** (-0.4 * np.asarray(first, float)) + 10.0 ** (-0.4 * np.asarray(second, float))
    return -2.5 * np.log10(fluxes)


def scale_to_magnitude(flux: NDArray[np.floating], band: Booleans, magnitude: ArrayLike) -> Floats:
    """Scale spectra to the same distance.

    Parameters
    ----------
    flux : (n, p)
        Flux-calibrated, without extinction, in any units of flux in wavelength; NaN is left out.
    band : (p,)
        Pixels whose mean flux stands for the magnitude.
    magnitude : (n,)
        Absolute magnitude in that band, mag. Who has M_Ks alone adds the intrinsic colour
        between the band and Ks, which is what makes a cool secondary faint in the blue.

    Returns
    -------
    numpy.ndarray
        ``(n, p)``: mean flux in the band ``10^(-0.4 M)``. NaN where the band has no flux or the
        mean is not positive.

    Raises
    ------
    ValueError
        If no pixel is in the band.
    """
    if not np.any(band):
        raise ValueError("band: no pixel in it; does the grid reach that wavelength?")
    inside = np.asarray(flux, dtype=np.float64)[:, band]
    finite = np.isfinite(inside)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(finite, inside, 0.0).sum(axis=1) / finite.sum(axis=1)
        factor = np.where(mean > 0.0, 10.0 ** (-0.4 * np.asarray(magnitude, float)) / mean, np.nan)
    return np.asarray(flux, dtype=np.float64) * factor[:, None]


def draw_pairs(
    m_ks: ArrayLike, is_primary: ArrayLike, n_pairs: int, *, seed: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw pairs of stars, the primary brighter in Ks or the same star twice.

    Parameters
    ----------
    m_ks : (n,)
        Absolute magnitudes, mag; stars where it is not finite are not drawn.
    is_primary : (n,)
        Which may be primaries: the OB stars. Any star may be a secondary.
    n_pairs
        How many.
    seed
        Of the random numbers.

    Returns
    -------
    primary, secondary : numpy.ndarray
        Indices, ``(n_pairs,)`` each. The secondary is drawn evenly among the stars that are not
        brighter than the primary, itself among them: a twin.

    Raises
    ------
    ValueError
        If no star may be a primary.
    """
    m_ks = np.asarray(m_ks, dtype=np.float64)
    generator = np.random.default_rng(seed)
    order = np.argsort(m_ks, kind="stable")[: np.isfinite(m_ks).sum()]  # from bright to faint
    candidates = np.flatnonzero(np.asarray(is_primary, dtype=bool)[order])
    if not candidates.size:
        raise ValueError("mock binaries: no OB star with a magnitude to be a primary")
    place = generator.choice(candidates, n_pairs)
    return order[place], order[generator.integers(place, len(order))]


def composites(
    flux: NDArray[np.floating],
    m_ks: ArrayLike,
    primary: NDArray[np.int64],
    secondary: NDArray[np.int64],
) -> Composites:
    """Add spectra in pairs.

    Parameters
    ----------
    flux : (n, p)
        At the same distance: see :func:`scale_to_magnitude`.
    m_ks : (n,)
        Absolute magnitudes, mag.
    primary, secondary : (k,)
        Rows of the pairs; :func:`draw_pairs`.

    Returns
    -------
    Composites
        Of the pairs, in their order.
    """
    m_ks = np.asarray(m_ks, dtype=np.float64)
    first, second = m_ks[primary], m_ks[secondary]
    return Composites(
        flux=np.asarray(flux[primary], float) + np.asarray(flux[secondary], float),
        primary=primary,
        secondary=secondary,
        m_ks_primary=first,
        m_ks_secondary=second,
        m_ks=combined_magnitude(first, second),
        flux_ratio=10.0 ** (-0.4 * (second - first)),
    )


def composite_bias(
    pairs: Composites,
    flux: NDArray[np.floating],
    predict: Callable[[NDArray[np.floating]], Floats],
) -> Floats:
    """Return how much fainter a network finds composites than their primaries alone (figure 9).

    Parameters
    ----------
    pairs
        Mock binaries.
    flux : (n, p)
        The library that they were made of.
    predict
        From spectra ``(n, p)`` to spectroscopic M_Ks ``(n,)``, mag, by whatever the network
        wants done to a spectrum first.

    Returns
    -------
    numpy.ndarray
        Spectroscopic M_Ks of the composite less that of the primary, mag, ``(k,)``.
    """
    alone, place = np.unique(pairs.primary, return_inverse=True)
    return np.asarray(predict(pairs.flux)) - np.asarray(predict(flux[alone]))[place]


def bias_by_flux_ratio(
    pairs: Composites, bias: Floats, edges: tuple[float, ...] = RATIO_EDGES
) -> list[dict[str, Any]]:
    """Summarise the bias in bins of the flux ratio.

    Parameters
    ----------
    pairs
        Mock binaries.
    bias : (k,)
        Of :func:`composite_bias`; what is not finite is left out.
    edges
        Of the bins; the last one holds its upper edge.

    Returns
    -------
    list of dict
        A bin with stars: ``ratio_low``, ``ratio_high``, ``n``, ``median``, ``p16``, ``p84`` of
        the bias in mag, ``geometric``: the median of the geometric M_Ks less the primary's, and
        ``too_bright``: the fraction more than 0.2 mag brighter than their primary.
    """
    place = np.clip(np.searchsorted(edges, pairs.flux_ratio, side="right") - 1, 0, len(edges) - 2)
    geometric = pairs.m_ks - pairs.m_ks_primary
    rows = []
    for number in range(len(edges) - 1):
        inside = (place == number) & np.isfinite(bias)
        if inside.any():
            p16, median, p84 = np.percentile(bias[inside], (16.0, 50.0, 84.0))
            rows.append(
                {
                    "ratio_low": edges[number],
                    "ratio_high": edges[number + 1],
                    "n": int(inside.sum()),
                    "median": float(median),
                    "p16": float(p16),
                    "p84": float(p84),
                    "geometric": float(np.median(geometric[inside])),
                    "too_bright": float(np.mean(bias[inside] < -TOO_BRIGHT)),
                }
            )
    return rows
