"""What a training needs to go on after its last finished epoch, on disk.

    checkpoint-<epoch>.safetensors    weights and the optimiser's state
    checkpoint.json                   which of them counts, of which training, its history

The JSON file is renamed into its place last: until then the epoch before counts.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ml.torch_setup import torch

_INDEX = "checkpoint.json"


@dataclass(frozen=True)
class Checkpoint:
    """A training after some epochs.

    Attributes
    ----------
    fingerprint
        Which training it is of.
    tensors
        ``network.<name>`` and ``optimiser.<number of the parameter>.<name>``.
    history
        One mapping a finished epoch.
    """

    fingerprint: str
    tensors: dict[str, torch.Tensor]
    history: list[dict[str, Any]]

    @classmethod
    def of(
        cls,
        fingerprint: str,
        network: torch.nn.Module,
        optimiser: torch.optim.Optimizer,
        history: list[dict[str, Any]],
    ) -> Checkpoint:
        """Return a copy of the state of a training."""
        tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
        for number, state in optimiser.state_dict()["state"].items():
            for name, value in state.items():
                tensors[f"optimiser.{number}.{name}"] = value
        copies = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in tensors.items()
        }
        return cls(fingerprint, copies, history)

    def restore(self, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Put the state back into a network and an optimiser of the same make."""
        weights: dict[str, torch.Tensor] = {}
        states: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in self.tensors.items():
            owner, rest = key.split(".", 1)
            if owner == "network":
                weights[rest] = value
            else:
                number, name = rest.split(".", 1)
                states.setdefault(int(number), {})[name] = value
        network.load_state_dict(weights)
        optimiser.load_state_dict({**optimiser.state_dict(), "state": states})


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; one that is there already counts until it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"checkpoint-{len(checkpoint.history):03d}.safetensors"
    building = folder / f".{name}.{os.getpid()}"
    save_file(checkpoint.tensors, building)
    building.replace(folder / name)
    index = {
        "fingerprint": checkpoint.fingerprint,
        "weights": name,
        "history": checkpoint.history,
    }
    mark = folder / f".{_INDEX}.{os.getpid()}"
    mark.write_text(json.dumps(index, indent=1) + "\n")
    mark.replace(folder / _INDEX)
    for old in folder.glob("checkpoint-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_checkpoint(folder: Path, fingerprint: str) -> Checkpoint | None:
    """Return the last checkpoint of a training; None where there is none that can be read."""
    try:
        index = json.loads((folder / _INDEX).read_text())
        if index["fingerprint"] != fingerprint:
            return None
        tensors = load_file(folder / index["weights"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError, SafetensorError):
        return None  # begin anew rather than fail: all that is lost is time
    return Checkpoint(fingerprint, tensors, index["history"])
