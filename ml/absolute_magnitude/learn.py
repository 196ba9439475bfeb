"""From a sample of spectra with parallaxes to a model that is ready to be stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.absolute_magnitude.magnitude import DOMAIN_QUANTILE, Domain, Magnitude
from ml.absolute_magnitude.network import View
from ml.absolute_magnitude.scores import scores
from ml.absolute_magnitude.training import TEST, TRAIN, Epoch, Trained, TrainingConfig, train
from ml.ob_spectra.eigen import Eigenspectra
from ml.ob_spectra.emission import chi2_threshold


@dataclass(frozen=True)
class Learnt:
    """A model, and how it came about.

    Attributes
    ----------
    model
        Ready to predict; ``model.to_tensors()`` is what the registry stores.
    trained
        Split, binaries taken out, history.
    scores
        Of the test stars, for the card: :func:`ml.absolute_magnitude.scores.scores`.
    """

    model: Magnitude
    trained: Trained
    scores: dict[str, Any]


def learn(
    coefficients: NDArray[np.floating],
    noise: NDArray[np.floating],
    m_ks: NDArray[np.floating],
    m_ks_error: NDArray[np.floating],
    star: NDArray[Any],
    basis: Eigenspectra,
    config: TrainingConfig,
    *,
    chi2: NDArray[np.floating] | None = None,
    snr: NDArray[np.floating] | None = None,
    folder: Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> Learnt:
    """Train a network, and measure it on the stars that it has not seen.

    Parameters
    ----------
    coefficients : (n, K)
        Of the spectra in the basis: a hundred numbers a spectrum, so that a sample of any size
        fits into memory.
    noise : (n, K)
        :meth:`ml.ob_spectra.eigen.Eigenspectra.noise_variance` of the spectra.
    m_ks, m_ks_error : (n,)
        Geometric absolute magnitude and its error, mag.
    star : (n,)
        Which star the spectrum is of.
    basis
        ``full`` of :class:`ml.ob_spectra.emission.EmissionModel` for stars without emission,
        ``clean`` for those with.
    config
        How to train.
    chi2 : (n,), optional
        :meth:`ml.ob_spectra.eigen.Eigenspectra.chi2` of the spectra, from which the model knows
        when a spectrum has something that the basis cannot show; without it, it never does.
    snr : (n,), optional
        S/N of the spectra, for the scores.
    folder, progress
        As for :func:`ml.absolute_magnitude.training.train`.

    Raises
    ------
    ValueError
        As :func:`ml.absolute_magnitude.training.train`.
    """
    view = View.of(basis)
    trained = train(
        view.coordinates(coefficients),
        m_ks,
        m_ks_error,
        star,
        config,
        n_pixels=len(basis.pixels),
        folder=folder,
        progress=progress,
    )
    learning = (trained.part == TRAIN) & ~trained.is_excess
    held_out = trained.part == TEST
    domain = Domain.of(coefficients[learning], np.asarray(noise)[learning])
    distances = domain.distance(coefficients[held_out], np.asarray(noise)[held_out])
    if len(distances):
        domain = replace(domain, threshold=float(np.quantile(distances, DOMAIN_QUANTILE)))
    if chi2 is not None:
        limit = chi2_threshold(np.asarray(chi2, dtype=np.float64)[learning])
        domain = replace(domain, chi2_threshold=limit)
    model = Magnitude(
        basis, _weights(trained, view), trained.centre, trained.scale, config.dropout, domain
    )
    predicted = model.of_coefficients(coefficients[held_out])[0]
    found = scores(
        np.asarray(m_ks)[held_out],
        predicted,
        trained.is_excess[held_out],
        None if snr is None else np.asarray(snr)[held_out],
    )
    return Learnt(model, trained, found)


def _weights(trained: Trained, view: View) -> dict[str, NDArray[np.float64]]:
    """Return the layers, the first one folded with the view so that it takes coefficients."""
    state = trained.network.state_dict()
    weights = {name: value.numpy().astype(np.float64) for name, value in state.items()}
    # V u = V (p L)' = (V L') p
    weights["first.weight"] = weights["first.weight"] @ view.turn.T
    return weights
