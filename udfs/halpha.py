"""SQL functions that ask a trained classifier of H-alpha: thin coats over :mod:`ml.halpha`.

The models stand in the registry that ``HOTSTARS_MODELS`` names, by default ``models`` in
``HOTSTARS_HOME``. A model is read when it is first asked for, and anew when another version has
become the current one.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from ml.halpha.window import halpha_window
from ml.registry import current_version, load_model
from ml.spectra.grids import LRS_R, MRS_R, Grid
from udfs.arrow import Column, matrix, named, one_array, real
from udfs.spectra import SqlFunction

_lock = threading.Lock()
_loaded: dict[tuple[Path, str], object] = {}


def models_folder() -> Path:
    """Return the registry's folder."""
    named_folder = os.environ.get("HOTSTARS_MODELS")
    home = Path(os.environ.get("HOTSTARS_HOME") or "data")
    return Path(named_folder or home / "models").expanduser().resolve()


def _classifier(name: str):  # type: ignore[no-untyped-def]
    """Return the current classifier of a name; None where there is none."""
    # torch takes a second to import: only who asks a network pays for it
    from ml.halpha.classify import Classifier  # noqa: PLC0415

    folder = models_folder()
    with _lock:  # DuckDB calls from several threads
        version = current_version(folder, name)
        if version is None:
            return None
        known = _loaded.get((folder, name))
        if not isinstance(known, Classifier) or known.version != version:
            known = Classifier.from_model(load_model(folder, name, version))
            _loaded[folder, name] = known
        return known


def be_probability_columns(flux: Column, model: Column, *, grid: Grid) -> pa.StructArray:
    """Ask a network whether H-alpha shows emission.

    Parameters
    ----------
    flux
        FLOAT[n], rectified.
    model
        VARCHAR: name of the model in the registry, one for all rows.
    grid
        The common grid (not an argument in SQL).

    Returns
    -------
    STRUCT(probability DOUBLE, distance DOUBLE, is_out_of_domain BOOLEAN, model_name VARCHAR,
    model_version VARCHAR)
        Calibrated probability of emission; how far the spectrum lies from those of the
        training, and whether that is beyond the threshold of the model's card. NULL where the
        flux is NULL or not finite around H-alpha, and everywhere without such a model.

    See Also
    --------
    ml.halpha.classify.Classifier : the network; Wang et al. (2022), section 4.1.
    """
    rows = matrix(flux, grid.size)
    n = len(rows)
    names = set(one_array(model).drop_null().to_pylist())
    if len(names) > 1:
        raise ValueError(f"one model at a time, not {', '.join(sorted(names))}")
    classifier = _classifier(names.pop()) if names and n else None
    if classifier is None:
        probability = distance = np.full(n, np.nan)
        threshold, label = np.nan, (None, None)
    else:
        probability, distance = classifier.probability_and_distance(halpha_window(rows, grid))
        threshold, label = classifier.domain_threshold, (classifier.name, classifier.version)
    unknown = ~np.isfinite(probability)
    return pa.StructArray.from_arrays(
        [
            real(probability, pa.float64()),
            real(distance, pa.float64()),
            pa.array(distance > threshold, mask=~np.isfinite(distance) | np.isnan(threshold)),
            *(pa.array(np.full(n, text, object), pa.string(), mask=unknown) for text in label),
        ],
        names=["probability", "distance", "is_out_of_domain", "model_name", "model_version"],
    )


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


def _functions() -> list[SqlFunction]:
    returns = (
        "STRUCT(probability DOUBLE, distance DOUBLE, is_out_of_domain BOOLEAN, "
        "model_name VARCHAR, model_version VARCHAR)"
    )
    functions = []
    for grid in (MRS_R, LRS_R):
        arguments = {"flux": f"FLOAT[{grid.size}]", "model": "VARCHAR"}
        name = f"be_probability_{grid.name}"
        function = named(partial(be_probability_columns, grid=grid), name, arguments)
        doc = be_probability_columns.__doc__ or ""
        functions.append(SqlFunction(name, function, arguments, returns, doc))
    arguments = {"name": "VARCHAR"}
    function = named(model_version_columns, "model_version", arguments)
    doc = model_version_columns.__doc__ or ""
    return [*functions, SqlFunction("model_version", function, arguments, "VARCHAR", doc)]


SQL_FUNCTIONS = tuple(_functions())
