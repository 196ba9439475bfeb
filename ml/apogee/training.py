"""Train the network as Sprague et al. (2022, section 3.2) did.

Adamax with rate 0.00075, batches of 128, squared differences of standardised labels, weighted by
:func:`ml.apogee.weights.loss_weights`. Stars without [Fe/H] count in the other labels. The paper
says neither how long it trained nor when it stopped: here training ends when the validation loss
has not improved for some epochs, and the best weights are kept.

All random numbers of an epoch follow from the seed and the epoch's number. A training that was
killed goes on after its last finished epoch and ends in the same weights (on a CPU).
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.apogee.network import DROPOUT, ApogeeNetwork
from ml.apogee.standard import TARGETS, Standard
from ml.apogee.weights import BANDWIDTH, CAP, loss_weights
from ml.halpha.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ml.held_out import place_of

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

#: Spectra in a batch below which one thread learns it.
SMALL_BATCH = 32

TRAIN, VALIDATION, TEST = "train", "validation", "test"

#: Spectra that share a pass, by kind of device: a batch's gradients are summed over its passes.
#: On a CPU a whole batch at once does not fit into the caches, and takes nearly twice as long.
_PASS = {"cpu": 32, "cuda": 1024}


@dataclass(frozen=True)
class TrainingConfig:
    """What determines a training, beside its data; defaults are the paper's where it has them.

    Attributes
    ----------
    learning_rate, batch_size, dropout
        Table 3.
    bandwidth, cap
        Of the weights.
    epochs, patience
        At most; and without a better validation loss before it stops.
    test_share, validation_share
        Parts of the stars that are held out for scores, and to tell when to stop.
    own_standard
        Standardise labels with the training set's constants and not with table 2's.
    seed
        Of the split, the first weights, the order and the dropout.
    """

    learning_rate: float = 0.00075
    batch_size: int = 128
    dropout: float = DROPOUT
    bandwidth: float = BANDWIDTH
    cap: float = CAP
    epochs: int = 100
    patience: int = 10
    test_share: float = 0.2
    validation_share: float = 0.1
    own_standard: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: weighted mean squares, with and without dropout."""

    number: int
    loss: float
    validation_loss: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A network after its training.

    Attributes
    ----------
    network
        On the CPU, in evaluation mode, with the weights of the least validation loss.
    standard
        Its constants.
    part : (n,)
        ``train``, ``validation`` or ``test``.
    history
        One a finished epoch.
    """

    network: ApogeeNetwork
    standard: Standard
    part: NDArray[np.str_]
    history: tuple[Epoch, ...]


def split(star: NDArray[Any], config: TrainingConfig) -> NDArray[np.str_]:
    """Return to which part each spectrum belongs; all spectra of a star get the same."""
    found = place_of(star, config.seed)
    edge = config.test_share + config.validation_share
    return np.where(found < config.test_share, TEST, np.where(found < edge, VALIDATION, TRAIN))


def default_device() -> torch.device:
    """Return CUDA where it is, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(
    flux: Singles,
    metadata: Floats,
    targets: Floats,
    star: NDArray[Any],
    config: TrainingConfig,
    *,
    folder: Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
    device: torch.device | None = None,
) -> Trained:
    """Train a network.

    Parameters
    ----------
    flux : (n, 8575)
        Of the files; may be an array in a file.
    metadata : (n, 7)
        :data:`ml.apogee.standard.METADATA`; NaN where there is none.
    targets : (n, 3)
        :data:`ml.apogee.standard.TARGETS`; [Fe/H] NaN where it is not known.
    star : (n,)
        Which star the spectrum is of.
    config
        How to train.
    folder
        Where a checkpoint is kept after each epoch, and looked for; None keeps none.
    progress
        Called after each epoch.
    device
        Where to compute; by default CUDA where it is.

    Raises
    ------
    ValueError
        If log Teff or log g of a star is not finite, or a part has no star.
    """
    targets = np.asarray(targets, dtype=np.float64)
    if not np.isfinite(targets[:, :2]).all():
        raise ValueError("log g and log Teff of stars to train on must be finite; leave others out")
    part = split(star, config)
    rows = {name: np.flatnonzero(part == name) for name in (TRAIN, VALIDATION)}
    for name, chosen in rows.items():
        if len(chosen) < 2:
            raise ValueError(f"{len(part)} spectra leave none for {name}; take more stars")
    learning = rows[TRAIN]
    metadata = np.asarray(metadata, dtype=np.float64)
    standard = Standard.of(metadata[learning], targets[learning] if config.own_standard else None)
    data = _Data.of(flux, metadata, targets, learning, standard, config)
    device = device or default_device()
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = ApogeeNetwork(config.dropout)
        network.begin()
    network.to(device)
    optimiser = torch.optim.Adamax(network.parameters(), lr=config.learning_rate)
    print_ = data.fingerprint(config)
    history: list[Epoch] = []
    best = copy.deepcopy(network.state_dict())
    found = load_checkpoint(folder / "last", print_) if folder else None
    if found and folder:
        found.restore(network, optimiser)
        history = [Epoch(**epoch) for epoch in found.history]
        kept = load_checkpoint(folder / "best", print_)
        if kept:
            names = [key for key in kept.tensors if key.startswith("network.")]
            best = {key.removeprefix("network."): kept.tensors[key] for key in names}
    while not _is_done(history, config):
        start = time.monotonic()
        number = len(history) + 1
        with _threads_for(config.batch_size):
            loss = _learn(network, optimiser, data, learning, config, number)
        validation = _loss(network, data, rows[VALIDATION])
        history.append(Epoch(number, loss, validation, time.monotonic() - start))
        is_best = validation <= min(epoch.validation_loss for epoch in history)
        if is_best:
            best = copy.deepcopy(network.state_dict())
        if folder:
            state = Checkpoint.of(print_, network, optimiser, [asdict(epoch) for epoch in history])
            if is_best:
                save_checkpoint(folder / "best", state)
            save_checkpoint(folder / "last", state)
        if progress:
            progress(history[-1])
    network.load_state_dict(best)
    network.to("cpu").eval()
    return Trained(network, standard, part, tuple(history))


@contextmanager
def _threads_for(batch_size: int) -> Iterator[None]:
    """Learn small batches with one thread.

    Their layers are so short that threads wait for each other more than they work, and where
    another process has a core, for a time slice at every layer: ten times as long.
    """
    before = torch.get_num_threads()
    if batch_size < SMALL_BATCH:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class _Data:
    """What the network takes and gives, standardised; fluxes as they came."""

    flux: Singles
    metadata: Singles
    targets: Singles
    weight: Singles
    standard: Standard

    @classmethod
    def of(
        cls,
        flux: Singles,
        metadata: Floats,
        targets: Floats,
        learning: NDArray[np.int64],
        standard: Standard,
        config: TrainingConfig,
    ) -> _Data:
        scaled = standard.targets(targets)
        weight = np.ones(len(scaled), dtype=np.float32)
        place = scaled[learning][:, [TARGETS.index("log_teff"), TARGETS.index("logg")]]
        weight[learning] = loss_weights(place.astype(np.float64), config.bandwidth, config.cap)
        return cls(flux, standard.metadata(metadata), scaled, weight, standard)

    def fingerprint(self, config: TrainingConfig) -> str:
        digest = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode())
        digest.update(json.dumps(self.standard.table(), sort_keys=True).encode())
        for array in (self.metadata, self.targets):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(np.ascontiguousarray(self.flux[:: max(len(self.flux) // 64, 1)]).tobytes())
        return digest.hexdigest()[:16]

    def batch(
        self, rows: NDArray[np.int64], device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        rows = np.sort(rows)  # an array in a file is read in its order
        flux, _ = self.standard.spectra(np.asarray(self.flux[rows]))
        return (
            torch.from_numpy(flux)[:, None].to(device),
            torch.from_numpy(self.metadata[rows]).to(device),
            torch.from_numpy(self.targets[rows]).to(device),
            torch.from_numpy(self.weight[rows]).to(device),
        )


def _squares(out: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean square of each star over the labels that it has, (n,)."""
    known = torch.isfinite(targets)
    difference = torch.where(known, out - torch.nan_to_num(targets), torch.zeros_like(out))
    return (difference**2).sum(dim=1) / known.sum(dim=1)


def _learn(
    network: ApogeeNetwork,
    optimiser: torch.optim.Optimizer,
    data: _Data,
    rows: NDArray[np.int64],
    config: TrainingConfig,
    number: int,
) -> float:
    device = next(network.parameters()).device
    network.train()
    total = 0.0
    with torch.random.fork_rng():
        torch.manual_seed(config.seed * 1_000_003 + number)
        order = rows[torch.randperm(len(rows)).numpy()]
        for chosen in np.array_split(order, max(math.ceil(len(order) / config.batch_size), 1)):
            optimiser.zero_grad(set_to_none=True)
            for some in _passes(chosen, device):
                flux, metadata, targets, weight = data.batch(some, device)
                loss = (weight * _squares(network(flux, metadata), targets)).sum() / len(chosen)
                loss.backward()
                total += float(loss.detach()) * len(chosen)
            optimiser.step()
    return total / len(rows)


def _loss(network: ApogeeNetwork, data: _Data, rows: NDArray[np.int64]) -> float:
    """Return the mean square of the validation stars, unweighted."""
    device = next(network.parameters()).device
    network.eval()
    total = 0.0
    with torch.inference_mode():
        for chosen in _passes(rows, device):
            flux, metadata, targets, _ = data.batch(chosen, device)
            total += float(_squares(network(flux, metadata), targets).sum())
    return total / len(rows)


def _passes(rows: NDArray[np.int64], device: torch.device) -> list[NDArray[np.int64]]:
    step = _PASS.get(device.type, _PASS["cpu"])
    return [rows[first : first + step] for first in range(0, len(rows), step)]


def _is_done(history: list[Epoch], config: TrainingConfig) -> bool:
    if len(history) >= config.epochs:
        return True
    losses = [epoch.validation_loss for epoch in history]
    return bool(losses) and len(losses) - 1 - int(np.argmin(losses)) >= config.patience
