"""Published weights as safetensors: state dictionaries of the paper's architecture.

A file of PyTorch's is a pickle, and a pickle can run anything. It is read with
``weights_only=True``, which unpickles tensors and plain containers alone; all else is refused.
"""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.apogee.network import ApogeeNetwork
from ml.apogee.predict import LabelNetwork
from ml.apogee.standard import PUBLISHED
from ml.registry import RegisteredModel, save_model


class ConvertError(ValueError):
    """A file does not hold weights of this network; the message says why."""


def read_state(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read a state dictionary and return its arrays under this network's names.

    Parameters
    ----------
    path
        File that ``torch.save`` wrote: a state dictionary, or a mapping that holds one. Names may
        have a prefix, as ``module.``.

    Raises
    ------
    ConvertError
        When the file cannot be read without running code, or a layer is missing, too many, or
        of another shape.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ConvertError(f"{path}: no such file") from error
    except pickle.UnpicklingError as error:
        raise ConvertError(
            f"{path}: holds more than weights, and reading it could run code; save the network's "
            "state_dict() alone, where the file comes from"
        ) from error
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        raise ConvertError(f"{path}: not a file of torch.save ({error})") from error
    state = _state(loaded)
    if state is None:
        raise ConvertError(f"{path}: no state dictionary in it, but a {type(loaded).__name__}")
    return _checked(path, state)


def register_published(models: Path, path: Path, name: str) -> RegisteredModel:
    """Store published weights as safetensors in the registry, and make them the current ones.

    They go with the constants of the authors' public code. Of what they were trained on nothing
    is known but what the paper says, so that no spectrum is called out of their domain.

    Parameters
    ----------
    models
        Folder of the registry.
    path
        As :func:`read_state` takes it.
    name
        Of the model.

    Raises
    ------
    ConvertError
        As :func:`read_state` does.
    """
    network = ApogeeNetwork()
    network.load_state_dict({k: torch.from_numpy(v) for k, v in read_state(path).items()})
    card = {
        "architecture": "APOGEE Net II",
        "description": (
            "Teff, log g and [Fe/H] from apStar spectra with photometry and parallax: weights "
            "from elsewhere, for the network of Sprague et al. (2022, appendix A)."
        ),
        "simulated": False,
        "training": {
            "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "weights_file": path.name,
            "standard": PUBLISHED.table(),
        },
        "standard": PUBLISHED.table(),
        "weights_origin": "published",
        "not_for": (
            "Nothing is known here of the spectra that taught it: none is called out of domain. "
            "Errors follow from the noise of the spectra alone."
        ),
    }
    return save_model(models, name, LabelNetwork(network, PUBLISHED, "").tensors(), card)


def _state(loaded: Any) -> dict[str, torch.Tensor] | None:
    """Return the mapping of names to tensors in what was loaded, however deep it lies."""
    if not isinstance(loaded, dict):
        return None
    tensors = {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    if any(name.endswith("conv1.weight") for name in tensors):
        return tensors
    for value in loaded.values():
        found = _state(value)
        if found is not None:
            return found
    return None


def _checked(path: Path, state: dict[str, torch.Tensor]) -> dict[str, NDArray[np.float32]]:
    prefix = next(name for name in state if name.endswith("conv1.weight"))[: -len("conv1.weight")]
    found = {name.removeprefix(prefix): value for name, value in state.items()}
    expected = ApogeeNetwork().state_dict()
    missing = sorted(set(expected) - set(found))
    extra = sorted(set(found) - set(expected))
    if missing or extra:
        raise ConvertError(
            f"{path}: not the network of Sprague et al. (2022): layers missing "
            f"{', '.join(missing[:4]) or 'none'}; too many {', '.join(extra[:4]) or 'none'}"
        )
    for name, value in expected.items():
        if found[name].shape != value.shape:
            raise ConvertError(
                f"{path}: layer {name} has shape {tuple(found[name].shape)}, in the paper "
                f"{tuple(value.shape)}"
            )
    return {name: found[name].to(torch.float32).numpy() for name in expected}
