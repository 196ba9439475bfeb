"""Trained models for SQL functions: read when first asked for, anew when another is in use.

The models stand in the registry that ``HOTSTARS_MODELS`` names, by default ``models`` in
``HOTSTARS_HOME``.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ml.registry import RegisteredModel, current_version, load_model
from udfs.arrow import Column, named, one_array
from udfs.spectra import SqlFunction

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


def model_version_columns(name: Column) -> pa.Array:
    """Say which version of a model is in use.

    Parameters
    ----------
    name
        VARCHAR: name of the model in the registry.

    Returns
    -------
    VARCHAR
        NULL where there is no such model.
    """
    folder = models_folder()
    names = one_array(name).to_pylist()
    known = {one: current_version(folder, one) for one in set(names) if one}
    return pa.array([known.get(one) for one in names], pa.string())


def model_card_number_columns(name: Column, path: Column) -> pa.Array:
    """Look up a number in the card of the model in use.

    Parameters
    ----------
    name
        VARCHAR: name of the model in the registry.
    path
        VARCHAR: keys of the card with points between: ``error_model.sigma_int``.

    Returns
    -------
    DOUBLE
        NULL where there is no such model or number.
    """
    asked = list(zip(one_array(name).to_pylist(), one_array(path).to_pylist(), strict=True))
    known = {pair: _card_number(*pair) for pair in set(asked) if None not in pair}
    return pa.array([known.get(pair) for pair in asked], pa.float64())


def _card_number(name: str, path: str) -> float | None:
    folder = models_folder()
    version = current_version(folder, name)
    if version is None:
        return None
    value: Any = load_model(folder, name, version).card
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _sql_function(
    name: str, function: Callable[..., pa.Array], arguments: dict[str, str], returns: str
) -> SqlFunction:
    doc = inspect.cleandoc(function.__doc__ or "")
    return SqlFunction(name, named(function, name, arguments), arguments, returns, doc)


SQL_FUNCTIONS = (
    _sql_function("model_version", model_version_columns, {"name": "VARCHAR"}, "VARCHAR"),
    _sql_function(
        "model_card_number",
        model_card_number_columns,
        {"name": "VARCHAR", "path": "VARCHAR"},
        "DOUBLE",
    ),
)
