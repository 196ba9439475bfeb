"""Train a classifier of H-alpha windows, as Wang et al. (2022, section 4.1) trained theirs.

Cross-entropy, Adam with a learning rate that begins at 0.001, ten epochs, four fifths of the
data to learn from. Two things differ: the split is by star, since two spectra of one star are
almost copies; and a part of the learning stars is kept apart to calibrate probabilities with.

All random numbers of an epoch follow from the seed and the epoch's number. A training that is
killed goes on after its last finished epoch and ends in the weights of one that was not.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.halpha.augment import augment_images, augment_windows
from ml.halpha.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ml.halpha.networks import HalphaNetwork, build
from ml.held_out import place_of
from ml.torch_setup import torch

TRAIN, CALIBRATION, VALIDATION = "train", "calibration", "validation"

#: Spectra that a network is asked for at a time.
_BATCH = 256


@dataclass(frozen=True)
class TrainingConfig:
    """What determines a training, beside its data.

    Attributes
    ----------
    architecture, image_size
        As for :func:`ml.halpha.networks.build`.
    epochs, learning_rate
        Wang et al. (2022): 10 and 0.001, from which the rate falls as half a cosine.
    batch_size
        Spectra a step.
    augment
        Whether spectra are varied, see :mod:`ml.halpha.augment`.
    validation_share, calibration_share
        Parts of the stars that are held out, and of the rest that calibrate.
    seed
        Of the split, the first weights, the order and the augmentation.
    """

    architecture: str = "resnet1d"
    image_size: int = 64
    epochs: int = 10
    learning_rate: float = 1e-3
    batch_size: int = 64
    augment: bool = True
    validation_share: float = 0.2
    calibration_share: float = 0.125
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to.

    Attributes
    ----------
    number, of
        From 1 to the number of epochs.
    loss
        Mean cross-entropy of the augmented training spectra.
    validation_loss, validation_accuracy
        Of the held-out spectra; they are shown, and nothing is chosen by them.
    seconds
        It took.
    """

    number: int
    of: int
    loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A network after its training.

    Attributes
    ----------
    network
        On the CPU, in evaluation mode.
    history
        One a finished epoch, also those before a resumed training was stopped.
    resumed_after
        Epochs that had been done before; 0 for a training from its start.
    """

    network: HalphaNetwork
    history: tuple[Epoch, ...]
    resumed_after: int


def split(designation: NDArray[Any], config: TrainingConfig) -> NDArray[np.str_]:
    """Return to which part each spectrum belongs: ``train``, ``calibration``, ``validation``.

    Parameters
    ----------
    designation : (n,)
        Of the star; all spectra of a star get the same part.
    config
        Shares and seed. A star's part does not depend on which other stars there are.
    """
    found = place_of(designation, config.seed)
    held_out = config.validation_share
    calibrating = held_out + (1.0 - held_out) * config.calibration_share
    return np.where(found < held_out, VALIDATION, np.where(found < calibrating, CALIBRATION, TRAIN))


def default_device() -> torch.device:
    """Return CUDA where it is, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(
    windows: NDArray[np.float32],
    label: NDArray[Any],
    part: NDArray[Any],
    config: TrainingConfig,
    *,
    weights: Path | None = None,
    folder: Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
    device: torch.device | None = None,
) -> Trained:
    """Train a network.

    Parameters
    ----------
    windows : (n, 240)
        H-alpha windows, finite; see :mod:`ml.halpha.window`.
    label : (n,)
        1 with emission, else 0.
    part : (n,)
        What :func:`split` returned.
    config
        How to train.
    weights
        ImageNet weights for the image network; None begins from random ones.
    folder
        Where a checkpoint is kept after each epoch, and looked for; None keeps none.
    progress
        Called after each epoch, when its checkpoint is written.
    device
        Where to compute; by default CUDA where it is.

    Returns
    -------
    Trained
        The same bits for the same arguments, machine and number of threads on a CPU; on CUDA
        nearly so.

    Raises
    ------
    ValueError
        If a window is not finite, or no spectrum of a class is there to learn from.
    """
    windows = np.ascontiguousarray(windows, dtype=np.float32)
    label = np.asarray(label, dtype=np.int64)
    learning = np.flatnonzero(np.asarray(part) == TRAIN)
    held_out = np.flatnonzero(np.asarray(part) == VALIDATION)
    if not np.isfinite(windows).all():
        raise ValueError("windows to train on must be finite; leave out those that are NaN")
    if len(np.unique(label[learning])) < 2:
        raise ValueError(
            f"{len(learning)} spectra to learn from hold one class only; simulate more stars"
        )
    device = device or default_device()
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = build(config.architecture, image_size=config.image_size, weights=weights)
    network.to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    print_ = fingerprint(windows, label, part, config, weights)
    history: list[Epoch] = []
    found = load_checkpoint(folder, print_) if folder else None
    if found:
        found.restore(network, optimiser)
        history = [Epoch(**epoch) for epoch in found.history]
    resumed_after = len(history)
    for number in range(resumed_after + 1, config.epochs + 1):
        start = time.monotonic()
        loss = _epoch(network, optimiser, windows[learning], label[learning], config, number)
        validation = _evaluate(network, windows[held_out], label[held_out])
        history.append(Epoch(number, config.epochs, loss, *validation, time.monotonic() - start))
        if folder:
            done = [asdict(epoch) for epoch in history]
            save_checkpoint(folder, Checkpoint.of(print_, network, optimiser, done))
        if progress:
            progress(history[-1])
    network.to("cpu").eval()
    return Trained(network, tuple(history), resumed_after)


def fingerprint(
    windows: NDArray[np.float32],
    label: NDArray[Any],
    part: NDArray[Any],
    config: TrainingConfig,
    weights: Path | None,
) -> str:
    """Return a hash of all that determines a training: only its own checkpoint is taken up."""
    digest = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode())
    digest.update(np.ascontiguousarray(windows).tobytes())
    digest.update(np.asarray(label, dtype=np.int8).tobytes())
    digest.update(" ".join(np.asarray(part).tolist()).encode())
    digest.update(weights.read_bytes() if weights else b"from scratch")
    return digest.hexdigest()[:16]


def _epoch(
    network: HalphaNetwork,
    optimiser: torch.optim.Optimizer,
    windows: NDArray[np.float32],
    label: NDArray[np.int64],
    config: TrainingConfig,
    number: int,
) -> float:
    """Learn from every spectrum once; return the mean loss."""
    device = next(network.parameters()).device
    network.train()
    n_batches = max(len(label) // config.batch_size, 1)
    total = 0.0
    with torch.random.fork_rng():
        torch.manual_seed(config.seed * 1_000_003 + number)
        # batches of almost one size: none of a single spectrum, of which no variance is known
        batches = torch.tensor_split(torch.randperm(len(label)), n_batches)
        for step, rows in enumerate(batches):
            for group in optimiser.param_groups:
                group["lr"] = _rate(config, (number - 1) * n_batches + step, n_batches)
            x = torch.from_numpy(windows)[rows].to(device)
            y = torch.from_numpy(label)[rows].to(device)
            optimiser.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(network(_input(network, x, config)), y)
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(rows)
    return total / len(label)


def _rate(config: TrainingConfig, step: int, n_batches: int) -> float:
    """Return the learning rate of a step: half a cosine, from the first step to the last."""
    done = step / (config.epochs * n_batches)
    return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))


def _input(network: HalphaNetwork, windows: torch.Tensor, config: TrainingConfig) -> torch.Tensor:
    """Return what the network takes: (n, 240) windows drawn or scaled, and varied."""
    if not config.augment:
        return network.prepare(windows)
    if network.architecture == "resnet18":
        return augment_images(network.prepare(windows))
    return network.prepare(augment_windows(windows))


def _evaluate(
    network: HalphaNetwork, windows: NDArray[np.float32], label: NDArray[np.int64]
) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy; NaN of no spectra."""
    if not len(label):
        return math.nan, math.nan
    out = logits(network, windows)
    loss = np.logaddexp(0.0, np.where(label == 1, -1.0, 1.0) * (out[:, 1] - out[:, 0])).mean()
    return float(loss), float(np.mean(out.argmax(axis=1) == label))


def logits(network: HalphaNetwork, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a network's logits, (n, 2), for finite windows (n, 240); in evaluation mode."""
    return _applied(network, network.forward, windows)


def features(network: HalphaNetwork, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a network's features, (n, d), for finite windows (n, 240); in evaluation mode."""
    return _applied(network, network.features, windows)


def _applied(
    network: HalphaNetwork,
    function: Callable[[torch.Tensor], torch.Tensor],
    windows: NDArray[np.float32],
) -> NDArray[np.float32]:
    device = next(network.parameters()).device
    network.eval()
    parts = []
    with torch.inference_mode():
        # of no window at all the widths are still asked for
        for first in range(0, max(len(windows), 1), _BATCH):
            rows = torch.from_numpy(np.ascontiguousarray(windows[first : first + _BATCH]))
            parts.append(function(network.prepare(rows.to(device))).float().cpu())
    return np.asarray(torch.cat(parts).numpy())
