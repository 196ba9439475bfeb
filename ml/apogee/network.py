"""The network of Sprague et al. (2022, appendix A), layer for layer.

Modules are named as in the paper's listing, so that state dictionaries of networks of that
make load as they are.

    spectrum (1, 8575)
    conv1  8   conv2  8   halved  (8, 4287)
    conv3  16  conv4  16  halved  (16, 2143)
    conv5  16  conv6  16  halved  (16, 1071)
    conv7  32  conv8  32  halved  (32, 535)
    conv9  32  conv10 32  halved  (32, 267)
    conv11 64  conv12 64  halved  (64, 133)
    photometry and parallax (7) -> 8 -> 16 -> 32 -> 32 -> 64
    64 x 133 + 64 -> 512 -> 512 -> 3
"""

from __future__ import annotations

import torch

#: G, BP, RP, J, H, K and the parallax; see :mod:`ml.apogee.standard` for their order.
N_METADATA = 7

#: Share of neurons that fall silent in training (table 3).
DROPOUT = 0.07646

#: Channels that each of the twelve convolutions gives.
CHANNELS = (8, 8, 16, 16, 16, 16, 32, 32, 32, 32, 64, 64)

#: Neurons that each layer for the metadata gives.
METADATA_WIDTHS = (8, 16, 32, 32, 64)

#: Neurons of each of the two layers before the last.
N_NEURONS = 512

#: Pixels that are left after six halvings.
N_LEFT = 133


class MetadataNetwork(torch.nn.Module):
    """Five layers on photometry and parallax."""

    def __init__(self) -> None:
        super().__init__()
        before = N_METADATA
        for number, width in enumerate(METADATA_WIDTHS, start=1):
            setattr(self, f"l{number}", torch.nn.Linear(before, width))
            before = width

    def forward(self, metadata: torch.Tensor) -> torch.Tensor:
        """Return the encoding, (n, 64), of standardised metadata, (n, 7)."""
        out = metadata
        for number in range(1, len(METADATA_WIDTHS) + 1):
            out = torch.relu(getattr(self, f"l{number}")(out))
        return out


class ApogeeNetwork(torch.nn.Module):
    """Three labels of a spectrum with its metadata.

    Parameters
    ----------
    dropout
        Share of the neurons of the dense layers that fall silent in training.
    n_targets
        Labels.
    """

    def __init__(self, dropout: float = DROPOUT, n_targets: int = 3) -> None:
        super().__init__()
        before = 1
        for number, channels in enumerate(CHANNELS, start=1):
            layer = torch.nn.Conv1d(before, channels, 3, padding=1)
            setattr(self, f"conv{number}", layer)
            before = channels
        self.metadata = MetadataNetwork()
        n_features = CHANNELS[-1] * N_LEFT + METADATA_WIDTHS[-1]
        self.fc1 = torch.nn.Linear(n_features, N_NEURONS)
        self.fc1_dropout = torch.nn.Dropout(dropout)
        self.fc2 = torch.nn.Linear(N_NEURONS, N_NEURONS)
        self.fc3 = torch.nn.Linear(N_NEURONS, n_targets)

    def begin(self) -> None:
        """Draw first weights that let a signal through all layers, each as strong as the last.

        The paper names none. With PyTorch's own, a signal is a thousandth after seventeen layers,
        and the first hundreds of steps teach nothing. These are of He et al. (2015, ICCV).
        """
        for layer in self.modules():
            if isinstance(layer, torch.nn.Conv1d | torch.nn.Linear):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                assert layer.bias is not None
                torch.nn.init.zeros_(layer.bias)
        torch.nn.init.xavier_normal_(self.fc3.weight)

    def features(self, flux: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:
        """Return what the last layer sees, (n, 512).

        Parameters
        ----------
        flux : (n, 1, 8575)
        metadata : (n, 7)
        """
        out = flux
        for number in range(1, len(CHANNELS) + 1, 2):
            out = torch.relu(getattr(self, f"conv{number}")(out))
            out = torch.relu(getattr(self, f"conv{number + 1}")(out))
            out = torch.nn.functional.max_pool1d(out, 2)
        out = torch.hstack((out.flatten(1), self.metadata(metadata)))
        out = torch.relu(self.fc1_dropout(self.fc1(out)))
        return torch.relu(self.fc1_dropout(self.fc2(out)))

    def forward(self, flux: torch.Tensor, metadata: torch.Tensor) -> torch.Tensor:
        """Return standardised labels, (n, 3): log g, log Teff, [Fe/H]; arguments as above."""
        labels: torch.Tensor = self.fc3(self.features(flux, metadata))
        return labels
