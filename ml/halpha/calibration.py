"""Probabilities that mean what they say: how far they are from it, and temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit

Floats = NDArray[np.float64]

#: Temperatures that are looked at, as natural logarithms.
_LOG_RANGE = (-3.0, 3.0)


def probability_of(logits: NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """Return the probability of class 1 from a network's logits.

    Parameters
    ----------
    logits : (n, 2)
        What the network gives out.
    temperature
        By which they are divided; above 1 it makes probabilities more cautious.
    """
    logits = np.asarray(logits, dtype=np.float64)
    return np.asarray(expit((logits[:, 1] - logits[:, 0]) / temperature))


def fit_temperature(logits: NDArray[np.floating], label: NDArray[Any]) -> float:
    """Return the temperature under which the labels are most likely.

    Parameters
    ----------
    logits : (n, 2)
        Of spectra that the network was not trained on.
    label : (n,)
        0 or 1.

    Returns
    -------
    float
        Between 0.05 and 20; 1 if a class is missing.

    Notes
    -----
    Guo, Pleiss, Sun & Weinberger (2017), ICML: one number, so that the order of the spectra,
    and with it the ROC curve and the decision at 0.5, stay as they are.
    """
    logits = np.asarray(logits, dtype=np.float64)
    sign = np.where(np.asarray(label) == 1, 1.0, -1.0)
    if len(np.unique(sign)) < 2:
        return 1.0
    margin = sign * (logits[:, 1] - logits[:, 0])

    def loss(log_temperature: float) -> float:
        return float(np.mean(np.logaddexp(0.0, -margin / np.exp(log_temperature))))

    best = minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(best.x))


@dataclass(frozen=True)
class Reliability:
    """What probabilities say and what is true, in bins of equal width.

    Attributes
    ----------
    low, high : (n_bins,)
        Limits of the bins of probability.
    count : (n_bins,)
        Spectra in them.
    said : (n_bins,)
        Mean probability; NaN in an empty bin.
    true : (n_bins,)
        Part of the spectra with emission; NaN in an empty bin.
    """

    low: Floats
    high: Floats
    count: NDArray[np.int64]
    said: Floats
    true: Floats

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean of ``|said - true|``, weighted with the counts."""
        filled = self.count > 0
        off = np.abs(self.said[filled] - self.true[filled])
        return float(np.sum(self.count[filled] * off) / max(self.count.sum(), 1))


def reliability(
    label: NDArray[Any], probability: NDArray[np.floating], n_bins: int = 10
) -> Reliability:
    """Return the reliability table of probabilities.

    Parameters
    ----------
    label, probability : (n,)
        True class and probability of class 1.
    n_bins
        Between 0 and 1, of equal width.
    """
    probability = np.asarray(probability, dtype=np.float64)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    place = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, n_bins - 1)
    count = np.bincount(place, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        said = np.bincount(place, probability, n_bins) / count
        true = np.bincount(place, np.asarray(label) == 1, n_bins) / count
    return Reliability(edges[:-1], edges[1:], count, said, true)


def expected_calibration_error(
    label: NDArray[Any], probability: NDArray[np.floating], n_bins: int = 10
) -> float:
    """Return the expected calibration error (Naeini, Cooper & Hauskrecht 2015, AAAI)."""
    return reliability(label, probability, n_bins).expected_error


def as_card(table: Reliability) -> list[dict[str, Any]]:
    """Return the filled bins of a table as a model's card holds them."""
    return [
        {
            "low": round(float(table.low[i]), 6),
            "high": round(float(table.high[i]), 6),
            "n_spectra": int(table.count[i]),
            "said": float(table.said[i]),
            "true": float(table.true[i]),
        }
        for i in np.flatnonzero(table.count)
    ]
