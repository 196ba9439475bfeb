r"""The network that takes a spectrum to an absolute magnitude, and the spectrum that it sees.

Xiang et al. (2021, equation 6): two hidden layers of 100 sigmoid neurons, with dropout, on the
pixels of a spectrum that has been denoised with the first 100 eigenspectra.

A denoised, standardised spectrum is :math:`z = p B`, with the coefficients :math:`p` (K) and
the loadings :math:`B` (K, c): c pixels, but K numbers. Weights on pixels can only act through
their part in the rows of B. With :math:`B = L Q`, the rows of Q orthonormal, that part is
:math:`V = W Q^T`, and :math:`W z = V u` with :math:`u = p L`: the spectrum in K coordinates in
which lengths and angles are those of the pixels. So the network is trained on :math:`u`, thirty
times as fast, and is a network on pixels all the same: its weights there are
:math:`W = V Q` (:func:`pixel_weights`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ml.ob_spectra.eigen import Eigenspectra

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

N_NEURONS = 100
DROPOUT = 0.2


@dataclass(frozen=True)
class View:
    """Denoised spectra in orthonormal coordinates of the pixels that the network sees.

    Attributes
    ----------
    turn : (K, K)
        L: coefficients to coordinates.
    directions : (K, c)
        Q: coordinates to standardised pixels.
    """

    turn: Floats
    directions: Floats

    @classmethod
    def of(cls, basis: Eigenspectra) -> View:
        """Return the view of a basis, in the pixels of its windows."""
        loadings = basis.loadings[:, basis.pixels].astype(np.float64)
        directions, turn = np.linalg.qr(loadings.T)
        return cls(turn=turn.T, directions=directions.T)

    def coordinates(self, coefficients: NDArray[np.floating]) -> Singles:
        """Return coordinates u, (n, K), of spectra with these coefficients, (n, K)."""
        turned = np.asarray(coefficients, dtype=np.float64) @ self.turn
        return np.asarray(turned, dtype=np.float32)


class MagnitudeNetwork(torch.nn.Module):
    """Two hidden layers of sigmoid neurons with dropout.

    Parameters
    ----------
    n_inputs
        Coordinates of a spectrum.
    n_pixels
        Pixels that they stand for: first weights are drawn as for these.
    n_neurons
        A layer.
    dropout
        Chance that a neuron is silent while training.
    """

    def __init__(
        self, n_inputs: int, n_pixels: int, n_neurons: int = N_NEURONS, dropout: float = DROPOUT
    ) -> None:
        super().__init__()
        self.first = torch.nn.Linear(n_inputs, n_neurons)
        self.second = torch.nn.Linear(n_neurons, n_neurons)
        self.last = torch.nn.Linear(n_neurons, 1)
        self.dropout = torch.nn.Dropout(dropout)
        bound = n_pixels**-0.5
        torch.nn.init.uniform_(self.first.weight, -bound, bound)
        torch.nn.init.uniform_(self.first.bias, -bound, bound)

    def forward(self, coordinates: torch.Tensor) -> torch.Tensor:
        """Return standardised magnitudes, (n,), for coordinates, (n, K)."""
        hidden = self.dropout(torch.sigmoid(self.first(coordinates)))  # (n, neurons)
        hidden = self.dropout(torch.sigmoid(self.second(hidden)))  # (n, neurons)
        return self.last(hidden).squeeze(-1)


def pixel_weights(first_weight: NDArray[np.floating], view: View) -> Floats:
    """Return the weights on standardised pixels, (neurons, c), of those on coordinates.

    Parameters
    ----------
    first_weight : (neurons, K)
        Of the first layer.
    view
        What the coordinates are.
    """
    return np.asarray(np.asarray(first_weight, dtype=np.float64) @ view.directions)
