"""A trained model of absolute magnitudes: spectra in, M_Ks out, with its own doubts.

Needs no torch: two hidden layers are four lines of numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.ob_spectra.eigen import Eigenspectra
from ml.registry import RegisteredModel

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

N_DRAWS = 64
"""Networks with silent neurons that are asked for the model's error."""

DOMAIN_QUANTILE = 0.99
"""Part of held-out spectra that lie nearer than the threshold."""

SIGNAL = 4.0
"""Times the noise that a coefficient's variance must be to count for the distance: of a hundred
most are noise, and would hide that the few others are off."""

_BLOCK = 1024  # spectra in work at once


class Prediction(NamedTuple):
    """What the model says of spectra, all (n,) float64; NaN where a spectrum cannot be used.

    Attributes
    ----------
    m_ks
        Absolute magnitude, mag.
    model_error
        mag: standard deviation over networks in which neurons fall silent as in training
        (Gal & Ghahramani 2016). The model's own doubt; noise and binaries are not in it.
    distance
        How far the spectrum lies from those of the training: root mean square of its
        coefficients in standard deviations of theirs, about 1 for one of them. Coefficients
        that are mostly noise do not count, and the noise of the spectrum is allowed for.
    chi2
        Reduced chi^2 of the spectrum against its reconstruction, in the network's pixels.
    """

    m_ks: Floats
    model_error: Floats
    distance: Floats
    chi2: Floats


@dataclass(frozen=True)
class Domain:
    """Where the training's spectra lie.

    Attributes
    ----------
    mean, variance : (K,)
        Of their coefficients.
    noise : (K,)
        Median over them of the noise's part in it.
    threshold
        Distance that :data:`DOMAIN_QUANTILE` of held-out spectra do not exceed.
    chi2_threshold
        Reduced chi^2 beyond which a spectrum has something that the basis cannot show.
    """

    mean: Floats
    variance: Floats
    noise: Floats
    threshold: float = np.inf
    chi2_threshold: float = np.inf

    @classmethod
    def of(cls, coefficients: NDArray[np.floating], noise: NDArray[np.floating]) -> Domain:
        """Describe training spectra by coefficients and their noise variances, each (n, K)."""
        values = np.asarray(coefficients, dtype=np.float64)
        variance = np.maximum(values.var(axis=0), 1e-12)
        return cls(values.mean(axis=0), variance, np.median(noise, axis=0).astype(np.float64))

    def distance(self, coefficients: NDArray[np.floating], noise: NDArray[np.floating]) -> Floats:
        """Return the distance, (n,), of spectra from coefficients and noise variances (n, K).

        A noisier spectrum may lie further off.
        """
        used = self.variance > SIGNAL * self.noise
        if not used.any():
            used[np.argmax(self.variance / self.noise)] = True
        more = np.maximum(np.asarray(noise, dtype=np.float64) - self.noise, 0.0)
        departure = np.asarray(coefficients, dtype=np.float64) - self.mean
        squares = departure**2 / (self.variance + more)
        return np.asarray(np.sqrt(np.mean(squares[:, used], axis=1)))


@dataclass(frozen=True)
class Magnitude:
    """Spectra to absolute magnitudes.

    Attributes
    ----------
    basis
        Eigenspectra that denoise; their windows are what the network sees.
    weights
        ``first.weight`` (neurons, K), on the *coefficients* of the basis, ``first.bias``,
        ``second.*``, ``last.*``: layers as torch holds them.
    centre, scale
        mag: a magnitude is ``centre + scale * output``.
    dropout
        Chance that a neuron is silent in a draw.
    domain
        Where the training's spectra lie.
    name, version
        In the registry; empty for a model that is not stored.
    """

    basis: Eigenspectra
    weights: dict[str, Floats]
    centre: float
    scale: float
    dropout: float
    domain: Domain
    name: str = ""
    version: str = ""

    def predict(self, flux: Singles, ivar: Singles) -> Prediction:
        """Return magnitudes of spectra.

        Parameters
        ----------
        flux, ivar : (n, p)
            Of :class:`ml.ob_spectra.continuum.ObSpectra`.

        Returns
        -------
        Prediction
            A row's result is the same, to rounding, whatever rows come with it.
        """
        parts = [
            self._block(flux[first : first + _BLOCK], ivar[first : first + _BLOCK])
            for first in range(0, len(flux), _BLOCK)
        ]
        if not parts:
            return Prediction(*(np.empty(0) for _ in Prediction._fields))
        return Prediction(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def is_out_of_domain(self, found: Prediction) -> NDArray[np.bool_]:
        """Return which spectra are unlike those of the training, in either way; (n,)."""
        domain = self.domain
        return np.asarray(
            (found.distance > domain.threshold) | (found.chi2 > domain.chi2_threshold)
        )

    def _block(self, flux: Singles, ivar: Singles) -> Prediction:
        coefficients = self.basis.coefficients(flux, ivar)
        m_ks, error = self.of_coefficients(coefficients)
        distance = self.domain.distance(coefficients, self.basis.noise_variance(ivar))
        chi2 = self.basis.chi2(flux, ivar, coefficients)
        return Prediction(m_ks, error, distance, chi2)

    def of_coefficients(self, coefficients: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """Return M_Ks and the model's error, mag, each (n,), from coefficients (n, K)."""
        w = self.weights
        first = _sigmoid(
            np.asarray(coefficients, dtype=np.float64) @ w["first.weight"].T + w["first.bias"]
        )
        m_ks = self._rest(first)
        # the same silent neurons for every spectrum: networks that are asked, not noise
        rng = np.random.default_rng(0)
        keep = 1.0 - self.dropout
        total, squares = np.zeros(len(m_ks)), np.zeros(len(m_ks))
        for _ in range(N_DRAWS):
            silent = rng.random((2, first.shape[1])) < keep
            drawn = self._rest(first * silent[0] / keep, silent[1] / keep) - m_ks
            total += drawn
            squares += drawn**2
        variance = (squares - total**2 / N_DRAWS) / (N_DRAWS - 1)
        return m_ks, np.sqrt(np.maximum(variance, 0.0))

    def _rest(self, first: Floats, second_factor: Floats | float = 1.0) -> Floats:
        w = self.weights
        second = _sigmoid(first @ w["second.weight"].T + w["second.bias"]) * second_factor
        output = second @ w["last.weight"][0] + w["last.bias"][0]
        return np.asarray(self.centre + self.scale * output)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the registry stores."""
        domain = self.domain
        numbers = [self.centre, self.scale, self.dropout]
        numbers += [domain.threshold, domain.chi2_threshold]
        return {
            **self.basis.to_tensors("basis."),
            **{f"network.{name}": value for name, value in self.weights.items()},
            "domain.mean": domain.mean,
            "domain.variance": domain.variance,
            "domain.noise": domain.noise,
            "numbers": np.array(numbers),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Magnitude:
        """Return what :meth:`to_tensors` stored."""
        centre, scale, dropout, *thresholds = (float(one) for one in tensors["numbers"])
        prefix = "network."
        return cls(
            basis=Eigenspectra.from_tensors(tensors, "basis."),
            weights={
                name.removeprefix(prefix): value
                for name, value in tensors.items()
                if name.startswith(prefix)
            },
            centre=centre,
            scale=scale,
            dropout=dropout,
            domain=Domain(
                tensors["domain.mean"],
                tensors["domain.variance"],
                tensors["domain.noise"],
                *thresholds,
            ),
        )

    @classmethod
    def from_model(cls, model: RegisteredModel) -> Magnitude:
        """Return a model of the registry, ready to predict."""
        bare = cls.from_tensors(model.tensors)
        return cls(**{**bare.__dict__, "name": model.name, "version": model.version})


def _sigmoid(x: Floats) -> Floats:
    # of very negative x the exponential overflows to infinity and the quotient is rightly 0
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-x)))
