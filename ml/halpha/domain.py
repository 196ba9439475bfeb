"""Is a spectrum of the kind that the network was trained on? A distance in its features.

A network gives a probability for anything, also for what it has never seen. Its features tell
more: each class of the training spectra is a cloud there, and far from both clouds the
probability means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Part of held-out spectra that lie nearer than the threshold.
QUANTILE = 0.99


def fit(features: NDArray[np.floating], labels: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """Describe the clouds of the classes in a network's features.

    Parameters
    ----------
    features : (n, d)
        Of the training spectra.
    labels : (n,)
        Their classes.

    Returns
    -------
    dict
        ``means`` (n_classes, d) and ``whitening`` (d, d): a cloud's covariance, the same for
        all classes, is ``inverse(whitening @ whitening.T)``.

    Raises
    ------
    ValueError
        If there are fewer than two spectra, or a feature is not finite.

    Notes
    -----
    Class-conditional Gaussians with a tied covariance: Lee, Lee, Lee & Shin (2018), NeurIPS.
    The covariance is shrunk towards a multiple of the unit matrix as Ledoit & Wolf (2004,
    J. Multivar. Anal. 88, 365) derive it, so that features that never vary do no harm.
    """
    features = np.asarray(features, dtype=np.float64)
    labels = np.asarray(labels)
    if len(features) < 2 or not np.isfinite(features).all():
        raise ValueError("features of two spectra at least, all finite, are needed for the domain")
    classes, own = np.unique(labels, return_inverse=True)
    means = np.stack([features[own == i].mean(axis=0) for i in range(len(classes))])
    values, vectors = np.linalg.eigh(_shrunk_covariance(features - means[own]))
    floor = max(float(values[-1]) * 1e-9, np.finfo(np.float64).tiny)
    whitening = vectors / np.sqrt(np.maximum(values, floor))
    return {"means": means.astype(np.float32), "whitening": whitening.astype(np.float32)}


def _shrunk_covariance(centred: Floats) -> Floats:
    """Return the covariance (d, d) of centred rows (n, d) after Ledoit & Wolf (2004)."""
    n, d = centred.shape
    sample = centred.T @ centred / n
    scale = float(np.trace(sample)) / d
    spread = float(np.sum((sample - scale * np.eye(d)) ** 2))
    # mean over rows of |x x' - sample|^2, without a matrix for every row
    lengths = np.einsum("ij,ij->i", centred, centred)
    error = float(np.sum(lengths**2) / n - np.sum(sample**2)) / n
    part = min(max(error, 0.0) / spread, 1.0) if spread > 0.0 else 1.0
    return np.asarray(part * scale * np.eye(d) + (1.0 - part) * sample)


def distance(
    features: NDArray[np.floating], domain: Mapping[str, NDArray[np.floating]]
) -> NDArray[np.float32]:
    """Return how far spectra lie from what the network was trained on.

    Parameters
    ----------
    features : (n, d)
        Of any spectra.
    domain
        What :func:`fit` returned.

    Returns
    -------
    (n,)
        Mahalanobis distance to the nearest class, divided by the square root of ``d``: about
        1 for a training spectrum. NaN where a feature is.
    """
    features = np.asarray(features, dtype=np.float64)
    whitening = np.asarray(domain["whitening"], dtype=np.float64)
    squares = [
        np.sum(((features - mean) @ whitening) ** 2, axis=1)
        for mean in np.asarray(domain["means"], dtype=np.float64)
    ]
    nearest = np.min(squares, axis=0) / features.shape[1]
    return np.asarray(np.sqrt(nearest), dtype=np.float32)


def threshold(distances: NDArray[np.floating], quantile: float = QUANTILE) -> float:
    """Return the distance that the given part of held-out spectra does not exceed."""
    return float(np.quantile(np.asarray(distances, dtype=np.float64), quantile))
