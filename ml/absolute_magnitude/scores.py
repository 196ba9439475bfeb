"""How well spectroscopic magnitudes agree with geometric ones, in numbers for a model's card."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

SNR_EDGES = (20.0, 50.0, 100.0)
"""Bins of S/N in which scores are given."""


def scores(
    m_ks: NDArray[np.floating],
    predicted: NDArray[np.floating],
    is_excess: NDArray[np.bool_],
    snr: NDArray[np.floating] | None = None,
) -> dict[str, Any]:
    """Compare magnitudes.

    Parameters
    ----------
    m_ks, predicted : (n,)
        Geometric and spectroscopic, mag.
    is_excess : (n,)
        Stars too bright for their spectra, which ``single`` leaves out.
    snr : (n,), optional
        S/N of the spectra.

    Returns
    -------
    dict
        For ``all``, ``single`` and, of the single ones, each bin of S/N: ``n``, and of
        spectroscopic minus geometric magnitude ``median``, ``scatter`` (half of the range
        between the 16th and 84th percentile) and ``rms``, mag; None where there is no star.
    """
    groups = {"all": np.ones(len(m_ks), dtype=bool), "single": ~is_excess}
    if snr is not None:
        edges = (0.0, *SNR_EDGES, np.inf)
        for low, high in itertools.pairwise(edges):
            groups[f"snr {low:g}-{high:g}"] = ~is_excess & (snr >= low) & (snr < high)
    return {name: _score(predicted[rows] - m_ks[rows]) for name, rows in groups.items()}


def _score(difference: NDArray[np.floating]) -> dict[str, Any]:
    difference = difference[np.isfinite(difference)].astype(np.float64)
    if not len(difference):
        return {"n": 0, "median": None, "scatter": None, "rms": None}
    low, middle, high = np.quantile(difference, [0.1587, 0.5, 0.8413])
    return {
        "n": len(difference),
        "median": round(float(middle), 4),
        "scatter": round(float(high - low) / 2.0, 4),
        "rms": round(float(np.sqrt(np.mean(difference**2))), 4),
    }
