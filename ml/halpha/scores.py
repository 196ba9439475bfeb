"""How good a classifier is, and how well that is known.

Class 1, emission, is the positive one. The spectra of one star are not independent, so what is
resampled, and what counts in an interval, is stars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]

#: Limits of the bins of S/N: Wang et al. (2022), Table 1.
SNR_EDGES = (0.0, 10.0, 20.0, 40.0, 60.0, 100.0, 150.0, np.inf)


@dataclass(frozen=True)
class Confusion:
    """Counts of spectra.

    Attributes
    ----------
    true_positive, false_negative
        With emission: found, and missed.
    false_positive, true_negative
        Without emission: taken for emission, and not.
    """

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int

    @property
    def accuracy(self) -> float:
        """Part of the spectra that are rightly told; NaN without any."""
        right = self.true_positive + self.true_negative
        return _ratio(right, right + self.false_positive + self.false_negative)

    @property
    def completeness(self) -> float:
        """Part of the emission that is found (recall); NaN without any."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def purity(self) -> float:
        """Part of what is taken for emission that is (precision); NaN without any."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def confusion(
    label: NDArray[Any], probability: NDArray[np.floating], limit: float = 0.5
) -> Confusion:
    """Count right and wrong decisions.

    Parameters
    ----------
    label : (n,)
        0 or 1.
    probability : (n,)
        Of emission; ``limit`` and more is taken for it, NaN is not.
    limit
        Where the decision is made.
    """
    emission = np.asarray(label) == 1
    taken = np.asarray(probability) >= limit
    return Confusion(
        int(np.sum(emission & taken)),
        int(np.sum(emission & ~taken)),
        int(np.sum(~emission & taken)),
        int(np.sum(~emission & ~taken)),
    )


def wilson(part: float, whole: float, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a binomial proportion.

    Parameters
    ----------
    part, whole
        Successes and trials; they need not be integers.
    level
        Coverage.

    Returns
    -------
    low, high
        (0, 1) without a trial.

    Notes
    -----
    Wilson (1927), JASA 22, 209. Unlike the normal approximation it says something of a
    proportion of 0 or 1.
    """
    if whole <= 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + level / 2.0))
    p = part / whole
    scale = 1.0 + z * z / whole
    middle = (p + z * z / (2.0 * whole)) / scale
    half = z * np.sqrt(p * (1.0 - p) / whole + z * z / (4.0 * whole * whole)) / scale
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def roc_curve(
    label: NDArray[Any], probability: NDArray[np.floating]
) -> tuple[Floats, Floats, Floats]:
    """Return the receiver operating characteristic.

    Returns
    -------
    false_positive_rate, true_positive_rate, limit
        From (0, 0) to (1, 1), a point for each value of ``probability`` that occurs.
    """
    label, probability = np.asarray(label), np.asarray(probability, dtype=np.float64)
    order = np.argsort(-probability, kind="stable")
    emission = (label[order] == 1).astype(np.float64)
    # spectra of one probability pass together
    last = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)
    found, wrong = np.cumsum(emission)[last], np.cumsum(1.0 - emission)[last]
    with np.errstate(invalid="ignore", divide="ignore"):
        true_rate, false_rate = found / emission.sum(), wrong / (1.0 - emission).sum()
    return (
        np.append(0.0, false_rate),
        np.append(0.0, true_rate),
        np.append(np.inf, probability[order][last]),
    )


def auc(label: NDArray[Any], probability: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve; NaN where a class is missing.

    It is the chance that a spectrum with emission gets a higher probability than one without;
    equal ones count half (Mann & Whitney 1947).
    """
    emission = np.asarray(label) == 1
    n_with, n_without = int(emission.sum()), int((~emission).sum())
    if not n_with or not n_without:
        return float("nan")
    ranks = rankdata(probability)
    return float((ranks[emission].sum() - n_with * (n_with + 1) / 2) / (n_with * n_without))


def auc_interval(
    label: NDArray[Any],
    probability: NDArray[np.floating],
    star: NDArray[Any],
    *,
    level: float = 0.95,
    n_resamples: int = 400,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the interval of the area under the ROC curve, by a bootstrap over stars.

    Parameters
    ----------
    label, probability, star : (n,)
        Stars are drawn with replacement, each with all its spectra.
    level, n_resamples, seed
        Coverage; how many resamples; of the random numbers.

    Returns
    -------
    low, high
        NaN where a class is missing. Where every spectrum of either class is ranked rightly,
        no resample can show an error, and the interval is (1, 1): look at the counts then.
    """
    if np.isnan(auc(label, probability)):
        return float("nan"), float("nan")
    emission = np.asarray(label) == 1
    values, place = np.unique(probability, return_inverse=True)
    stars, own = np.unique(star, return_inverse=True)
    rng = np.random.default_rng(seed)
    areas = []
    for _ in range(n_resamples):
        drawn = rng.multinomial(len(stars), np.full(len(stars), 1.0 / len(stars)))[own]
        with_ = np.bincount(place, drawn * emission, len(values))
        without = np.bincount(place, drawn * ~emission, len(values))
        pairs = with_.sum() * without.sum()
        if pairs:
            lower = np.cumsum(without) - 0.5 * without
            areas.append(float(with_ @ lower) / pairs)
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(areas, [tail, 100.0 - tail])
    return float(low), float(high)


def scores(
    label: NDArray[Any],
    probability: NDArray[np.floating],
    star: NDArray[Any],
    *,
    limit: float = 0.5,
    n_resamples: int = 400,
) -> dict[str, Any]:
    """Return all scores of some spectra, as a model's card holds them.

    Parameters
    ----------
    label, probability, star : (n,)
        True class, probability of emission, and to which star a spectrum belongs.
    limit
        Where the decision is made.
    n_resamples
        Of the bootstrap.

    Returns
    -------
    dict
        ``n_spectra``, ``n_stars``, ``confusion``, and ``accuracy``, ``completeness``,
        ``purity``, ``auc``, each a mapping of ``value`` and ``interval`` (95 per cent); None
        where it is not defined.

    Notes
    -----
    Intervals of proportions are Wilson's with as many trials as there are **stars** behind
    the spectra: wide enough if all spectra of a star are right or wrong together.
    """
    label, probability, star = np.asarray(label), np.asarray(probability), np.asarray(star)
    counts = confusion(label, probability, limit)
    emission, taken = label == 1, probability >= limit
    everything = np.ones(len(label), dtype=bool)
    low, high = auc_interval(label, probability, star, n_resamples=n_resamples)
    return {
        "n_spectra": len(label),
        "n_stars": len(np.unique(star)),
        "limit": limit,
        "confusion": asdict(counts),
        "accuracy": _proportion(counts.accuracy, star[everything]),
        "completeness": _proportion(counts.completeness, star[emission]),
        "purity": _proportion(counts.purity, star[taken]),
        "auc": {
            "value": _or_none(auc(label, probability)),
            "interval": [_or_none(low), _or_none(high)],
        },
    }


def _proportion(value: float, stars: NDArray[Any]) -> dict[str, Any]:
    n_stars = len(np.unique(stars))
    if not n_stars:
        return {"value": None, "interval": [None, None]}
    return {"value": value, "interval": list(wilson(value * n_stars, n_stars))}


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def scores_by(
    groups: NDArray[Any],
    label: NDArray[Any],
    probability: NDArray[np.floating],
    star: NDArray[Any],
    **options: Any,
) -> dict[str, dict[str, Any]]:
    """Return :func:`scores` of each group of spectra, by the group's name.

    Parameters
    ----------
    groups : (n,)
        To which group a spectrum belongs: a survey, a bin of S/N, a class of profiles.
    label, probability, star, **options
        As for :func:`scores`.
    """
    groups = np.asarray(groups)
    return {
        str(name): scores(label[rows], probability[rows], star[rows], **options)
        for name in dict.fromkeys(groups.tolist())
        for rows in [groups == name]
    }


def snr_bins(snr: NDArray[np.floating]) -> NDArray[np.str_]:
    """Return the names of the bins of S/N of Wang et al. (2022), Table 1: ``10-20``, ..."""
    edges = SNR_EDGES
    names = np.array(
        [
            f"{low:g}-{high:g}" if np.isfinite(high) else f"{low:g} and more"
            for low, high in pairwise(edges)
        ]
    )
    return np.asarray(names[np.searchsorted(edges[1:-1], np.nan_to_num(snr), side="right")])


def line(name: str, item: Mapping[str, Any]) -> str:
    """Return the scores of one group in a line of text."""

    def shown(key: str) -> str:
        value, (low, high) = item[key]["value"], item[key]["interval"]
        return "-" if value is None else f"{value:.3f} ({low:.3f}-{high:.3f})"

    return (
        f"{name:26s} {item['n_spectra']:6d} spectra of {item['n_stars']:5d} stars: "
        f"accuracy {shown('accuracy')}, completeness {shown('completeness')}, "
        f"purity {shown('purity')}, AUC {shown('auc')}"
    )
