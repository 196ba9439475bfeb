"""The model registry: weights and a card for each version of a model.

    models/<name>/<version>/weights.safetensors
    models/<name>/<version>/card.json
    models/<name>/current                        the version in use

A version is a hash of the weights and of all that determined the training, so that a row of a
catalogue that carries name and version says which numbers made it. Weights are safetensors,
which hold arrays and can run no code. A version is written beside its place and renamed into
it: a process that is killed leaves no half model.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

VERSION_DIGITS = 12
WEIGHTS = "weights.safetensors"
CARD = "card.json"
CURRENT = "current"


class ModelError(Exception):
    """A model is missing or damaged; the text says which and what to do."""


@dataclass(frozen=True)
class RegisteredModel:
    """A model of the registry.

    Attributes
    ----------
    name, version
        Name, and hash of the weights and of the card's ``training``.
    tensors
        Name -> array.
    card
        What it was trained on, its scores, its limits.
    folder
        Where it lies.
    """

    name: str
    version: str
    tensors: dict[str, NDArray[Any]]
    card: dict[str, Any]
    folder: Path


def version_of(tensors: Mapping[str, NDArray[Any]], training: Any) -> str:
    """Return the hash that names a version.

    Parameters
    ----------
    tensors
        Name -> array of any shape; their order does not count.
    training
        All that determined the training, as JSON would hold it.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    digest.update(json.dumps(training, sort_keys=True).encode())
    return digest.hexdigest()[:VERSION_DIGITS]


def save_model(
    models: Path, name: str, tensors: Mapping[str, NDArray[Any]], card: Mapping[str, Any]
) -> RegisteredModel:
    """Store a model and make it the current one of its name.

    Parameters
    ----------
    models
        Folder of the registry.
    name
        Name of the model: letters, digits, ``-`` and ``_``.
    tensors
        Name -> array.
    card
        JSON-like; ``training`` holds all that determined the training.

    Returns
    -------
    RegisteredModel
        With its version, which is also written into the card.

    Raises
    ------
    ModelError
        If the name is none, or the card has no ``training``.
    """
    if not name or not name.replace("-", "").replace("_", "").isalnum():
        raise ModelError(f"{name!r} is no name of a model: use letters, digits, - and _")
    if "training" not in card:
        raise ModelError(f"{name}: the card must say under `training` what determined the training")
    arrays = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    version = version_of(arrays, card["training"])
    whole = {**card, "name": name, "version": version}
    home = models / name
    home.mkdir(parents=True, exist_ok=True)
    place = home / version
    building = Path(tempfile.mkdtemp(prefix=".", dir=home))
    try:
        save_file(arrays, building / WEIGHTS)
        (building / CARD).write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")
        building.chmod(0o755)
        if place.exists():
            # the same weights again: only the card can have changed
            (building / CARD).replace(place / CARD)
        else:
            building.rename(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    use_version(models, name, version)
    return RegisteredModel(name, version, arrays, whole, place)


def use_version(models: Path, name: str, version: str) -> None:
    """Make a stored version the current one.

    Raises
    ------
    ModelError
        If there is no such version.
    """
    home = models / name
    if not (home / version / CARD).exists():
        known = ", ".join(versions(models, name)) or "none"
        raise ModelError(f"{home}: no version {version}; there are: {known}")
    mark = home / f".{CURRENT}.{os.getpid()}"
    mark.write_text(version + "\n")
    mark.replace(home / CURRENT)


def versions(models: Path, name: str) -> list[str]:
    """Return the stored versions of a model, the oldest first."""
    cards = (models / name).glob(f"[!.]*/{CARD}")
    return [card.parent.name for card in sorted(cards, key=lambda card: card.stat().st_mtime_ns)]


def current_version(models: Path, name: str) -> str | None:
    """Return the version in use; None where there is no such model."""
    try:
        return (models / name / CURRENT).read_text().strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def load_model(models: Path, name: str, version: str | None = None) -> RegisteredModel:
    """Return a stored model.

    Parameters
    ----------
    models
        Folder of the registry.
    name
        Name of the model.
    version
        Which one; the current one by default.

    Raises
    ------
    ModelError
        If it is missing or damaged, or its weights are not those that its version names.
    """
    wanted = version or current_version(models, name)
    if wanted is None:
        raise ModelError(f"{models}: no model {name}; `hotstars train {name}` makes one")
    folder = models / name / wanted
    try:
        card = json.loads((folder / CARD).read_text())
        tensors = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise ModelError(
            f"{error.filename}: missing; `hotstars train {name}` makes the model anew"
        ) from error
    except (json.JSONDecodeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: damaged ({error}); remove the folder and run `hotstars train {name}`"
        ) from error
    if version_of(tensors, card.get("training")) != wanted:
        raise ModelError(
            f"{folder}: weights or training in the card were changed after they were stored; "
            f"remove the folder and run `hotstars train {name}`"
        )
    return RegisteredModel(name, wanted, tensors, card, folder)


def list_versions(models: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, version and card of every stored version of every model, by name."""
    for name in sorted({card.parent.parent.name for card in models.glob(f"*/[!.]*/{CARD}")}):
        for version in versions(models, name):
            yield name, version, json.loads((models / name / version / CARD).read_text())


def list_models(models: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, current version and card of every model, by name."""
    for mark in sorted(models.glob(f"*/{CURRENT}")):
        name = mark.parent.name
        version = current_version(models, name)
        card = mark.parent / str(version) / CARD
        if version and card.exists():
            yield name, version, json.loads(card.read_text())
