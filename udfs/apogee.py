"""SQL functions of APOGEE Net: thin coats over :mod:`ml.apogee`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.apogee.hot_star_labels import HotStarLabels
from ml.apogee.standard import METADATA, N_PIXELS
from udfs.arrow import Column, matrix, named, numbers, one_array, ragged, real
from udfs.models import current_model, one_name, texts
from udfs.spectra import SqlFunction

if TYPE_CHECKING:
    from ml.apogee.predict import LabelNetwork

_LABELS = ("log_teff", "log_teff_error", "logg", "logg_error", "fe_h", "fe_h_error")


def _network(name: str) -> LabelNetwork | None:
    """Return the current network of a name; None where there is none."""
    # torch takes a second to import: only who asks a network pays for it
    from ml.apogee.predict import LabelNetwork  # noqa: PLC0415

    return current_model(name, LabelNetwork.from_model)


def apogee_labels_columns(
    flux: Column, error: Column, metadata: Column, apogee_id: Column, model: Column
) -> pa.StructArray:
    """Find Teff, log g and [Fe/H] of a near-infrared spectrum with its photometry and parallax.

    Parameters
    ----------
    flux, error
        FLOAT[8575]: of an apStar file's combined spectrum.
    metadata
        FLOAT[7]: parallax (mas), G, BP, RP, J, H, K (mag); elements NULL where there is none.
    apogee_id
        VARCHAR: of the star; the noise of its error estimate follows from it.
    model
        VARCHAR: name of the trained network, one for all rows.

    Returns
    -------
    STRUCT(log_teff, log_teff_error, logg, logg_error, fe_h, fe_h_error, domain_distance DOUBLE,
    is_out_of_domain BOOLEAN, model_name VARCHAR, model_version VARCHAR)
        Medians and standard deviations over 20 noisy copies of the spectrum. NULL where less
        than half of the flux is positive, and everywhere without such a model. Metals of hot
        stars are in it: what is reported of them is decided in SQL.

    See Also
    --------
    ml.apogee.predict.LabelNetwork : the numerics; Sprague et al. (2022), section 3.2.
    """
    fluxes, errors = matrix(flux, N_PIXELS), matrix(error, N_PIXELS)
    table = matrix(metadata, len(METADATA)).astype(np.float64)
    identity = [str(one) for one in one_array(apogee_id).to_pylist()]
    n = len(fluxes)
    name = one_name(model)
    network = _network(name) if name and n else None
    if network is None:
        columns = [np.full(n, np.nan)] * (len(_LABELS) + 1)
        beyond, version = np.zeros(n, dtype=bool), None
    else:
        found = network.predict(fluxes, errors, table, identity)
        columns = [getattr(found, one) for one in (*_LABELS, "distance")]
        beyond, version = found.is_out_of_domain, network.version
    known = pa.array(np.isfinite(columns[0]))
    return pa.StructArray.from_arrays(
        [
            *(real(column, pa.float64()) for column in columns),
            pa.array(beyond, mask=~np.isfinite(columns[-1])),
            texts(name, known),
            texts(version, known),
        ],
        names=[*_LABELS, "domain_distance", "is_out_of_domain", "model_name", "model_version"],
    )


def hot_star_labels_columns(
    numeric_type: Column,
    luminosity_class: Column,
    types: Column,
    classes: Column,
    teff: Column,
    logg: Column,
) -> pa.StructArray:
    """Turn spectral type and luminosity class into Teff and log g.

    Parameters
    ----------
    numeric_type, luminosity_class
        DOUBLE: of ``parse_spectral_type``.
    types, classes, teff, logg
        DOUBLE[]: rows of a calibration, the same in all rows of the query; elements NULL where
        a row has none.

    Returns
    -------
    STRUCT(log_teff, log_teff_error, logg, logg_error DOUBLE)
        Errors are those of the calibration's rows, each predicted by the others, and larger far
        from all rows. NULL outside the calibration's range, and without one.

    Raises
    ------
    ValueError
        If the calibration has too few rows to learn from.

    See Also
    --------
    ml.apogee.hot_star_labels : the numerics; Sprague et al. (2022), section 3.1.
    """
    asked = numbers(numeric_type), numbers(luminosity_class)
    n = len(asked[0])
    rows = [_first_list(column) for column in (types, classes, teff, logg)]
    lengths = {len(row) for row in rows}
    values = np.full((4, n), np.nan)
    if n and len(lengths) == 1 and lengths != {0}:
        learnt = HotStarLabels.of(*rows)
        values[:2] = learnt.log_teff.with_error(*asked)
        values[2:] = learnt.logg.with_error(*asked)
    return pa.StructArray.from_arrays(
        [real(column, pa.float64()) for column in values],
        names=["log_teff", "log_teff_error", "logg", "logg_error"],
    )


def _first_list(column: Column) -> NDArray[np.float64]:
    """Return the list of the first row that has one."""
    values, offsets = ragged(column, np.nan)
    lengths = np.diff(offsets)
    chosen = np.flatnonzero(lengths > 0)
    if not len(chosen):
        return np.zeros(0)
    first = chosen[0]
    return np.asarray(values[offsets[first] : offsets[first + 1]], dtype=np.float64)


def _sql_function(
    name: str, function: Callable[..., pa.Array], arguments: dict[str, str], returns: str
) -> SqlFunction:
    doc = inspect.cleandoc(function.__doc__ or "")
    return SqlFunction(name, named(function, name, arguments), arguments, returns, doc)


SQL_FUNCTIONS = (
    _sql_function(
        "apogee_labels",
        apogee_labels_columns,
        {
            "flux": f"FLOAT[{N_PIXELS}]",
            "error": f"FLOAT[{N_PIXELS}]",
            "metadata": f"FLOAT[{len(METADATA)}]",
            "apogee_id": "VARCHAR",
            "model": "VARCHAR",
        },
        "STRUCT("
        + ", ".join(f"{one} DOUBLE" for one in (*_LABELS, "domain_distance"))
        + ", is_out_of_domain BOOLEAN, model_name VARCHAR, model_version VARCHAR)",
    ),
    _sql_function(
        "hot_star_labels",
        hot_star_labels_columns,
        {
            "numeric_type": "DOUBLE",
            "luminosity_class": "DOUBLE",
            "types": "DOUBLE[]",
            "classes": "DOUBLE[]",
            "teff": "DOUBLE[]",
            "logg": "DOUBLE[]",
        },
        "STRUCT(log_teff DOUBLE, log_teff_error DOUBLE, logg DOUBLE, logg_error DOUBLE)",
    ),
)
"""Every function of this module, for registration, documentation and tests."""
