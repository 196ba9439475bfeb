"""SQL functions that ask a trained classifier of H-alpha: thin coats over :mod:`ml.halpha`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.halpha.window import N_SAMPLES, halpha_window
from ml.spectra.grids import LRS_R, MRS_R, Grid
from udfs.arrow import Column, fixed_lists, matrix, named, one_array, real
from udfs.models import current_model, one_name, texts
from udfs.spectra import SqlFunction

if TYPE_CHECKING:
    from ml.halpha.classify import Classifier


def _classifier(name: str) -> Classifier | None:
    """Return the current classifier of a name; None where there is none."""
    # torch takes a second to import: only who asks a network pays for it
    from ml.halpha.classify import Classifier  # noqa: PLC0415

    return current_model(name, Classifier.from_model)


def halpha_window_columns(flux: Column, *, grid: Grid) -> pa.Array:
    """Take the part of a spectrum around H-alpha that a classifier sees.

    Parameters
    ----------
    flux
        FLOAT[n], rectified.
    grid
        The common grid (not an argument in SQL).

    Returns
    -------
    FLOAT[240]
        Mean flux in each 0.25 A from 6530 to 6590 A (vacuum), at either resolution. NULL where
        the flux is NULL or not finite there.

    See Also
    --------
    ml.halpha.window.halpha_window : the numerics; Wang et al. (2022), section 4.1.2.
    """
    window = halpha_window(matrix(flux, grid.size), grid)
    return fixed_lists(window, np.asarray(np.isfinite(window).all(axis=1)))


def be_probability_columns(halpha: Column, model: Column) -> pa.StructArray:
    """Ask a network whether H-alpha shows emission.

    Parameters
    ----------
    halpha
        FLOAT[240], see ``halpha_window_mrs_r`` and ``halpha_window_lrs_r``.
    model
        VARCHAR: name of the model in the registry, one for all rows.

    Returns
    -------
    STRUCT(probability DOUBLE, distance DOUBLE, is_out_of_domain BOOLEAN, model_name VARCHAR,
    model_version VARCHAR)
        Calibrated probability of emission; how far the spectrum lies from those of the
        training, and whether that is beyond the threshold of the model's card. NULL where the
        flux is NULL or not finite, and everywhere without such a model.

    See Also
    --------
    ml.halpha.classify.Classifier : the network; Wang et al. (2022), section 4.1.
    """
    windows = matrix(halpha, N_SAMPLES)
    n = len(windows)
    name = one_name(model)
    classifier = _classifier(name) if name and n else None
    if classifier is None:
        probability = distance = np.full(n, np.nan)
        threshold, label = np.nan, ("", "")
    else:
        probability, distance = classifier.probability_and_distance(windows)
        threshold, label = classifier.domain_threshold, (classifier.name, classifier.version)
        probability[~_known(model)] = distance[~_known(model)] = np.nan
    known = pa.array(np.isfinite(probability))
    return pa.StructArray.from_arrays(
        [
            real(probability, pa.float64()),
            real(distance, pa.float64()),
            pa.array(distance > threshold, mask=~np.isfinite(distance) | np.isnan(threshold)),
            *(texts(text, known) for text in label),
        ],
        names=["probability", "distance", "is_out_of_domain", "model_name", "model_version"],
    )


def _known(column: Column) -> NDArray[np.bool_]:
    return one_array(column).is_valid().to_numpy(zero_copy_only=False)


def _functions() -> list[SqlFunction]:
    """Return the functions with their types in SQL."""

    def sql_function(
        name: str, function: Callable[..., pa.Array], arguments: dict[str, str], returns: str
    ) -> SqlFunction:
        doc = inspect.cleandoc(getattr(function, "func", function).__doc__ or "")
        return SqlFunction(name, named(function, name, arguments), arguments, returns, doc)

    window = f"FLOAT[{N_SAMPLES}]"
    score = (
        "STRUCT(probability DOUBLE, distance DOUBLE, is_out_of_domain BOOLEAN, "
        "model_name VARCHAR, model_version VARCHAR)"
    )
    return [
        *(
            sql_function(
                f"halpha_window_{grid.name}",
                partial(halpha_window_columns, grid=grid),
                {"flux": f"FLOAT[{grid.size}]"},
                window,
            )
            for grid in (MRS_R, LRS_R)
        ),
        sql_function(
            "be_probability", be_probability_columns, {"halpha": window, "model": "VARCHAR"}, score
        ),
    ]


SQL_FUNCTIONS = tuple(_functions())
