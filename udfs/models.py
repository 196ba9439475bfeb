"""Trained models for SQL functions: read when first asked for, anew when another is in use.

The models stand in the registry that ``HOTSTARS_MODELS`` names, by default ``models`` in
``HOTSTARS_HOME``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ml.registry import RegisteredModel, current_version, load_model
from udfs.arrow import Column, one_array

Model = TypeVar("Model")

_lock = threading.Lock()
_loaded: dict[tuple[Path, str], tuple[str, Any]] = {}


def models_folder() -> Path:
    """Return the registry's folder."""
    named_folder = os.environ.get("HOTSTARS_MODELS")
    home = Path(os.environ.get("HOTSTARS_HOME") or "data")
    return Path(named_folder or home / "models").expanduser().resolve()


def current_model(name: str, make: Callable[[RegisteredModel], Model]) -> Model | None:
    """Return the model in use of a name, made of the registry's; None where there is none."""
    folder = models_folder()
    with _lock:  # DuckDB calls from several threads
        version = current_version(folder, name)
        if version is None:
            return None
        known = _loaded.get((folder, name))
        if known is None or known[0] != version:
            known = version, make(load_model(folder, name, version))
            _loaded[folder, name] = known
        made: Model = known[1]
        return made


def one_name(model: Column) -> str | None:
    """Return the model that a column names; None where all is NULL.

    Raises
    ------
    ValueError
        If the column names several.
    """
    names = {one for one in pc.unique(one_array(model)).to_pylist() if one is not None}
    if len(names) > 1:
        raise ValueError(f"one model at a time, not {', '.join(sorted(names))}")
    return names.pop() if names else None


def texts(value: str | None, known: pa.Array) -> pa.Array:
    """Return a text for every row of a mask, NULL where that is false."""
    return pc.if_else(known, pa.scalar(value, pa.string()), pa.scalar(None, pa.string()))
