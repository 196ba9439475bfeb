"""Train the network of absolute magnitudes on parallaxes, as Xiang et al. (2021, section 5) did.

The target is the geometric magnitude M_Ks = K_s + 5 log10(parallax / mas) - 10 - A_Ks of stars
with parallax over error above 10 and S/N above 50; choosing them and computing it is the
caller's (SQL's). Four fifths of the stars are there to learn from, one fifth to test.

Binaries are brighter than their spectra say. After a first training the stars that are brighter
by more than two standard deviations are taken out, and the network is trained anew; twice.

What the paper leaves open is chosen here. The split is by a hash of the star, so that spectra
of one star stay together and more stars do not reshuffle the rest. An eighth of the learning
stars tells when to stop. The loss is the squared difference over the variance, that of the
geometric magnitude and an intrinsic 0.25 mag (the paper's result). The optimiser is Adam.

All random numbers of an epoch follow from the seed, the round and the epoch's number. A
training that is killed goes on after its last checkpoint and ends in the same weights.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.absolute_magnitude.network import DROPOUT, N_NEURONS, MagnitudeNetwork
from ml.halpha.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ml.held_out import place_of

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Marks = NDArray[np.bool_]

TRAIN, VALIDATION, TEST = "train", "validation", "test"

_CLIPS = 20


@dataclass(frozen=True)
class TrainingConfig:
    """What determines a training, beside its data.

    Attributes
    ----------
    n_neurons, dropout
        Xiang et al. (2021): 100 a layer, 0.2.
    test_share, validation_share
        Parts of the stars that test, and of the rest that tell when to stop.
    rounds
        Trainings after which binaries are taken out; one more follows. The paper's two.
    binary_deviations
        Standard deviations beyond which a star is too bright (section 5.3).
    intrinsic_error
        mag, added to a star's error in the loss.
    learning_rate, batch_size, weight_decay
        Of Adam (AdamW where there is decay).
    epochs, patience
        At most; and without a better validation loss before it stops.
    checkpoint_every
        Epochs between two checkpoints.
    seed
        Of the split, the first weights, the order and the dropout.
    """

    n_neurons: int = N_NEURONS
    dropout: float = DROPOUT
    test_share: float = 0.2
    validation_share: float = 0.125
    rounds: int = 2
    binary_deviations: float = 2.0
    intrinsic_error: float = 0.25
    learning_rate: float = 1e-3
    batch_size: int = 128
    weight_decay: float = 0.0
    epochs: int = 400
    patience: int = 40
    checkpoint_every: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to.

    Attributes
    ----------
    round, number
        From 0, and from 1.
    loss, validation_loss
        Weighted mean squares of the standardised magnitudes, with and without dropout.
    seconds
        It took.
    """

    round: int
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
    centre, scale
        mag: a magnitude is ``centre + scale * output``.
    part : (n,)
        ``train``, ``validation`` or ``test``.
    is_excess : (n,) bool
        Stars that were taken out as too bright for their spectra, of all parts.
    history
        One a finished epoch of all rounds.
    """

    network: MagnitudeNetwork
    centre: float
    scale: float
    part: NDArray[np.str_]
    is_excess: Marks
    history: tuple[Epoch, ...]

    def predict(self, inputs: NDArray[np.floating]) -> Floats:
        """Return M_Ks in mag, (n,), for coordinates, (n, K)."""
        return _predict(self.network, inputs, self.centre, self.scale)


def split(star: NDArray[Any], config: TrainingConfig) -> NDArray[np.str_]:
    """Return to which part each spectrum belongs: ``train``, ``validation``, ``test``.

    Parameters
    ----------
    star : (n,)
        Its designation or number; all spectra of a star get the same part.
    config
        Shares and seed. A star's part does not depend on which other stars there are.
    """
    found = place_of(star, config.seed)
    stopping = config.test_share + (1.0 - config.test_share) * config.validation_share
    return np.where(found < config.test_share, TEST, np.where(found < stopping, VALIDATION, TRAIN))


def train(
    inputs: NDArray[np.floating],
    m_ks: NDArray[np.floating],
    m_ks_error: NDArray[np.floating],
    star: NDArray[Any],
    config: TrainingConfig,
    *,
    n_pixels: int,
    folder: Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train a network, take binaries out, train again; twice.

    Parameters
    ----------
    inputs : (n, K)
        Coordinates of denoised spectra (:class:`ml.absolute_magnitude.network.View`).
    m_ks, m_ks_error : (n,)
        Geometric absolute magnitude and its error, mag.
    star : (n,)
        Which star the spectrum is of.
    config
        How to train.
    n_pixels
        Pixels that the coordinates stand for.
    folder
        Where checkpoints are kept, and looked for; None keeps none.
    progress
        Called after each epoch.

    Returns
    -------
    Trained
        The same bits for the same arguments, machine and number of threads.

    Raises
    ------
    ValueError
        If a number is not finite, an error not positive, or a part has no star.
    """
    inputs = np.ascontiguousarray(inputs, dtype=np.float32)
    m_ks, m_ks_error = (np.asarray(column, dtype=np.float64) for column in (m_ks, m_ks_error))
    part = split(star, config)
    _check(inputs, m_ks, m_ks_error, part)
    print_ = _fingerprint(inputs, m_ks, m_ks_error, star, config, n_pixels)
    centre = float(np.median(m_ks[part == TRAIN]))
    scale = float(np.std(m_ks[part == TRAIN])) or 1.0
    target = ((m_ks - centre) / scale).astype(np.float32)
    weight = 1.0 / (m_ks_error**2 + config.intrinsic_error**2)
    weight = (weight / weight[part == TRAIN].mean()).astype(np.float32)
    is_excess = np.zeros(len(m_ks), dtype=bool)
    history: list[Epoch] = []
    for number in range(config.rounds + 1):
        rows = [np.flatnonzero((part == one) & ~is_excess) for one in (TRAIN, VALIDATION)]
        training = _Round(inputs, target, weight, rows[0], rows[1], config, n_pixels, number)
        place = folder / f"round-{number}" if folder else None
        network, epochs = training.run(place, print_, progress)
        history += epochs
        if number < config.rounds:
            predicted = _predict(network, inputs, centre, scale)
            is_excess = too_bright(m_ks, m_ks_error, predicted, config.binary_deviations)
    return Trained(network, centre, scale, part, is_excess, tuple(history))


def too_bright(
    m_ks: NDArray[np.floating],
    m_ks_error: NDArray[np.floating],
    predicted: NDArray[np.floating],
    deviations: float = 2.0,
) -> Marks:
    """Return which stars are brighter than their spectra say, as binaries are.

    Parameters
    ----------
    m_ks, m_ks_error : (n,)
        Geometric magnitude and its error, mag.
    predicted : (n,)
        Spectroscopic magnitude, mag.
    deviations
        Standard deviations: of the geometric magnitude, and of the spectroscopic one as the
        fainter side shows it, where there are no binaries.

    Notes
    -----
    A network that learnt from binaries, too, is itself too bright, and single stars then look
    faint. So the difference is counted from the median of the stars that are left, again and
    again until no more are taken out.
    """
    faint = (m_ks - predicted).astype(np.float64)
    error = np.asarray(m_ks_error, dtype=np.float64)
    found = np.zeros(len(faint), dtype=bool)
    for _ in range(_CLIPS):
        centre = float(np.median(faint[~found]))
        side = faint > centre
        if not side.any():
            break
        spread = float(np.median(faint[side] - centre)) / 0.6745
        own = math.sqrt(max(spread**2 - float(np.median(error[side])) ** 2, 0.0))
        before, found = found, faint - centre < -deviations * np.hypot(error, own)
        if (before == found).all():
            break
    return found


def _check(inputs: Singles, m_ks: Floats, m_ks_error: Floats, part: NDArray[np.str_]) -> None:
    if not (np.isfinite(inputs).all() and np.isfinite(m_ks).all()):
        raise ValueError("spectra and magnitudes to train on must be finite; leave others out")
    if not (np.isfinite(m_ks_error) & (m_ks_error > 0)).all():
        raise ValueError("errors of magnitudes must be positive; leave others out")
    for one in (TRAIN, VALIDATION):
        if np.count_nonzero(part == one) < 2:
            raise ValueError(f"{len(part)} spectra leave none to {one}; take more stars")


def _fingerprint(
    inputs: Singles,
    m_ks: Floats,
    m_ks_error: Floats,
    star: NDArray[Any],
    config: TrainingConfig,
    n_pixels: int,
) -> str:
    """Return a hash of all that determines a training: only its own checkpoint is taken up."""
    told = json.dumps([asdict(config), n_pixels], sort_keys=True)
    digest = hashlib.sha256(told.encode())
    for array in (inputs, m_ks, m_ks_error):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(json.dumps([str(one) for one in star]).encode())
    return digest.hexdigest()[:16]


class _Pair(torch.nn.Module):
    """The network and its best state so far, stored together."""

    def __init__(self, network: MagnitudeNetwork) -> None:
        super().__init__()
        self.current = network
        self.best = copy.deepcopy(network)


@dataclass(frozen=True)
class _Round:
    """One training, from random weights to where the validation loss no longer falls."""

    inputs: Singles
    target: Singles
    weight: Singles
    learning: NDArray[np.int64]
    stopping: NDArray[np.int64]
    config: TrainingConfig
    n_pixels: int
    number: int

    def run(
        self, folder: Path | None, print_: str, progress: Callable[[Epoch], None] | None
    ) -> tuple[MagnitudeNetwork, list[Epoch]]:
        config = self.config
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            network = MagnitudeNetwork(
                self.inputs.shape[1], self.n_pixels, config.n_neurons, config.dropout
            )
        pair = _Pair(network)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        history: list[Epoch] = []
        found = load_checkpoint(folder, print_) if folder else None
        if found:
            found.restore(pair, optimiser)
            history = [Epoch(**epoch) for epoch in found.history]
        while not self._is_done(history):
            start = time.monotonic()
            loss = self._epoch(network, optimiser, len(history) + 1)
            checked = self._loss(network, self.stopping)
            if checked < min((epoch.validation_loss for epoch in history), default=math.inf):
                pair.best.load_state_dict(network.state_dict())
            epoch = Epoch(self.number, len(history) + 1, loss, checked, time.monotonic() - start)
            history.append(epoch)
            if folder and (self._is_done(history) or epoch.number % config.checkpoint_every == 0):
                done = [asdict(one) for one in history]
                save_checkpoint(folder, Checkpoint.of(print_, pair, optimiser, done))
            if progress:
                progress(epoch)
        return pair.best.eval(), history

    def _is_done(self, history: list[Epoch]) -> bool:
        if len(history) >= self.config.epochs:
            return True
        losses = [epoch.validation_loss for epoch in history]
        return bool(losses) and len(losses) - 1 - int(np.argmin(losses)) >= self.config.patience

    def _epoch(
        self, network: MagnitudeNetwork, optimiser: torch.optim.Optimizer, number: int
    ) -> float:
        """Learn from every spectrum once; return the mean loss."""
        network.train()
        config = self.config
        total = 0.0
        with torch.random.fork_rng():
            torch.manual_seed((config.seed * 1009 + self.number) * 1_000_003 + number)
            order = torch.randperm(len(self.learning)).numpy()
            for first in range(0, len(order), config.batch_size):
                rows = self.learning[order[first : first + config.batch_size]]
                optimiser.zero_grad(set_to_none=True)
                loss = self._squares(network, rows).mean()
                loss.backward()
                optimiser.step()
                total += float(loss.detach()) * len(rows)
        return total / len(self.learning)

    def _loss(self, network: MagnitudeNetwork, rows: NDArray[np.int64]) -> float:
        network.eval()
        with torch.inference_mode():
            return float(self._squares(network, rows).mean())

    def _squares(self, network: MagnitudeNetwork, rows: NDArray[np.int64]) -> torch.Tensor:
        output = network(torch.from_numpy(self.inputs[rows]))
        difference = output - torch.from_numpy(self.target[rows])
        return torch.from_numpy(self.weight[rows]) * difference**2


def _predict(
    network: MagnitudeNetwork, inputs: NDArray[np.floating], centre: float, scale: float
) -> Floats:
    network.eval()
    with torch.inference_mode():
        output = network(torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32)))
    return np.asarray(centre + scale * output.numpy().astype(np.float64))
