"""Use a trained classifier of H-alpha windows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ml.halpha import domain
from ml.halpha.networks import HalphaNetwork, build
from ml.halpha.window import N_SAMPLES
from ml.registry import ModelError, RegisteredModel
from ml.torch_setup import torch

#: Spectra that the network takes at once, by architecture.
_BATCH = {"resnet18": 64, "resnet1d": 512}

#: Tensors of a registered model whose names begin so describe the domain of its training; all
#: others are the network's.
DOMAIN = "domain."


class Classifier:
    """A network of the registry, ready to be asked.

    It holds no state between calls, so that several threads may ask it at once.

    Attributes
    ----------
    name, version
        Of the registered model.
    domain_threshold
        Distance beyond which a probability means little; NaN where the card has none.
    bf16
        Whether the network computes in bfloat16, with 8 bits of mantissa.
    """

    def __init__(
        self,
        network: HalphaNetwork,
        *,
        name: str,
        version: str,
        temperature: float = 1.0,
        cloud: Mapping[str, NDArray[np.floating]] | None = None,
        domain_threshold: float = float("nan"),
        device: str | None = None,
        bf16: bool = False,
    ) -> None:
        self.name, self.version = name, version
        self.temperature, self.domain_threshold = temperature, domain_threshold
        self.cloud = cloud
        self.bf16 = bf16
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.network = network.eval().to(self.device)

    @classmethod
    def from_model(
        cls, model: RegisteredModel, device: str | None = None, *, bf16: bool = False
    ) -> Classifier:
        """Return the classifier that a registered model holds.

        Parameters
        ----------
        model
            As :func:`ml.registry.load_model` returns it.
        device
            Of torch; by default a GPU where there is one.
        bf16
            Compute in bfloat16: faster for ``resnet18`` on processors that have it. Not the
            default, for probabilities then differ a little under the same version.

        Raises
        ------
        ModelError
            If the model is no classifier of H-alpha.
        """
        training = model.card.get("training", {})
        try:
            network = build(
                model.card["architecture"], image_size=int(training.get("image_size") or 256)
            )
            network.load_state_dict(
                {
                    name: torch.from_numpy(array)
                    for name, array in model.tensors.items()
                    if not name.startswith(DOMAIN)
                }
            )
        except (KeyError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{model.folder}: no classifier of H-alpha that this version can read ({error}); "
                f"`hotstars train {model.name}` makes one"
            ) from error
        cloud = {
            name.removeprefix(DOMAIN): array
            for name, array in model.tensors.items()
            if name.startswith(DOMAIN)
        }
        return cls(
            network,
            name=model.name,
            version=model.version,
            temperature=float(model.card.get("calibration", {}).get("temperature", 1.0)),
            cloud=cloud or None,
            domain_threshold=float(model.card.get("domain", {}).get("threshold", np.nan)),
            device=device,
            bf16=bf16,
        )

    def probability(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the calibrated probability of emission.

        Parameters
        ----------
        windows : (n, 240)
            See :func:`ml.halpha.window.halpha_window`.

        Returns
        -------
        (n,)
            0 to 1; NaN where the window is not finite.
        """
        return self.probability_and_distance(windows)[0]

    def probability_and_distance(
        self, windows: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the probability of emission, and how far the spectra lie from the training's.

        Parameters
        ----------
        windows : (n, 240)
            See :func:`ml.halpha.window.halpha_window`.

        Returns
        -------
        probability : (n,)
            0 to 1, calibrated; NaN where the window is not finite.
        distance : (n,)
            See :func:`ml.halpha.domain.distance`; NaN also where the model has no domain.
        """
        n = len(windows)
        probability, distance = np.full(n, np.nan), np.full(n, np.nan)
        rows = np.flatnonzero(np.isfinite(windows).all(axis=1)) if n else np.zeros(0, np.int64)
        batch = _BATCH[self.network.architecture]
        for first in range(0, len(rows), batch):
            some = rows[first : first + batch]
            features, logits = self._asked(np.ascontiguousarray(windows[some], np.float32))
            gap = (logits[:, 1] - logits[:, 0]).astype(np.float64) / self.temperature
            # the logistic function without overflow
            probability[some] = 0.5 * (1.0 + np.tanh(0.5 * gap))
            if self.cloud is not None:
                distance[some] = domain.distance(features, self.cloud)
        return probability, distance

    def _asked(
        self, windows: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        assert windows.shape[1] == N_SAMPLES
        with torch.inference_mode():
            inputs = self.network.prepare(torch.from_numpy(windows).to(self.device))
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                features = self.network.features(inputs)
            features = features.float()
            logits = self.network.head(features)
            return features.cpu().numpy(), logits.cpu().numpy()
