"""SQL functions on extinction: thin coats over :mod:`ml.extinction`.

The constants (extinction coefficients, intrinsic colours) stand in seeds and come as arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.extinction.colour_excess import colour_excess
from ml.extinction.intrinsic import interpolated
from udfs.arrow import Column, named, numbers, ragged, real
from udfs.spectra import SqlFunction


def ebv_from_colours_columns(
    magnitude: Column,
    magnitude_error: Column,
    intrinsic: Column,
    coefficient: Column,
    chain: Column,
    minimum_error: Column,
) -> pa.StructArray:
    """Find E(B-V) from the excess of all colours of adjacent bands.

    Parameters
    ----------
    magnitude, magnitude_error
        DOUBLE[]: of the bands, in an order in which neighbours make a colour; NULL elements
        where there is none.
    intrinsic
        DOUBLE[]: magnitudes without extinction, up to a constant in each chain: (J-H)_0 and 0
        for J and H.
    coefficient
        DOUBLE[]: A / E(B-V) of the bands.
    chain
        DOUBLE[]: number of the survey that a band is of; colours are of neighbours of the same.
    minimum_error
        DOUBLE: least error of a colour, mag.

    Returns
    -------
    STRUCT(ebv DOUBLE, ebv_error DOUBLE, n_colours INTEGER)
        NULL, and 0 colours, where no colour can be had. Lists that differ in length give NULL.

    See Also
    --------
    ml.extinction.colour_excess.colour_excess : the numerics; Xiang et al. (2021), section 4.
    """
    columns = [ragged(one, np.nan) for one in (magnitude, magnitude_error, intrinsic, coefficient)]
    columns.append(ragged(chain, np.nan))
    floor = numbers(minimum_error)
    n = len(floor)
    lengths = np.stack([np.diff(offsets) for _, offsets in columns])
    fits = (lengths == lengths[0]).all(axis=0) & (lengths[0] > 0) & np.isfinite(floor)
    ebv, error = np.full(n, np.nan), np.full(n, np.nan)
    count = np.zeros(n, dtype=np.int32)
    for rows in _groups(fits, lengths[0]):
        tables = [_table(values, offsets, rows) for values, offsets in columns]
        chains, own = np.unique(tables[4], axis=0, return_inverse=True)
        for number, one_chain in enumerate(chains):  # in practice one for all rows
            same = own.ravel() == number
            chosen = rows[same]
            magnitudes, errors, zero, ratio = (table[same] for table in tables[:4])
            found = colour_excess(magnitudes, errors, zero, ratio, one_chain, floor[chosen])
            ebv[chosen], error[chosen], count[chosen] = found
    return pa.StructArray.from_arrays(
        [real(ebv), real(error), pa.array(count)], names=["ebv", "ebv_error", "n_colours"]
    )


def interpolated_columns(x: Column, at: Column, value: Column) -> pa.Array:
    """Interpolate a table by straight lines.

    Parameters
    ----------
    x
        DOUBLE: where.
    at, value
        DOUBLE[]: the table, ``at`` growing; elements where either is NULL do not count.

    Returns
    -------
    DOUBLE
        NULL outside the table, and where an argument is NULL or the lists differ in length.

    See Also
    --------
    ml.extinction.intrinsic.interpolated : the numerics.
    """
    place = numbers(x)
    columns = [ragged(one, np.nan) for one in (at, value)]
    lengths = [np.diff(offsets) for _, offsets in columns]
    out = np.full(len(place), np.nan)
    for rows in _groups((lengths[0] == lengths[1]) & (lengths[0] > 0), lengths[0]):
        tables = [_table(values, offsets, rows) for values, offsets in columns]
        out[rows] = interpolated(place[rows], *tables)
    return real(out)


def _groups(usable: NDArray[np.bool_], length: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Return the usable rows in groups of the same length; in practice one."""
    return [np.flatnonzero(usable & (length == one)) for one in np.unique(length[usable])]


def _table(
    values: NDArray[np.floating], offsets: NDArray[np.int64], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return lists of one length as a matrix."""
    length = int(offsets[rows[0] + 1] - offsets[rows[0]])
    return np.asarray(values[offsets[rows, None] + np.arange(length)], dtype=np.float64)


def _sql_function(
    name: str, function: Callable[..., pa.Array], arguments: dict[str, str], returns: str
) -> SqlFunction:
    doc = inspect.cleandoc(function.__doc__ or "")
    return SqlFunction(name, named(function, name, arguments), arguments, returns, doc)


SQL_FUNCTIONS = (
    _sql_function(
        "ebv_from_colours",
        ebv_from_colours_columns,
        {
            "magnitude": "DOUBLE[]",
            "magnitude_error": "DOUBLE[]",
            "intrinsic": "DOUBLE[]",
            "coefficient": "DOUBLE[]",
            "chain": "DOUBLE[]",
            "minimum_error": "DOUBLE",
        },
        "STRUCT(ebv DOUBLE, ebv_error DOUBLE, n_colours INTEGER)",
    ),
    _sql_function(
        "interpolated",
        interpolated_columns,
        {"x": "DOUBLE", "at": "DOUBLE[]", "value": "DOUBLE[]"},
        "DOUBLE",
    ),
)
"""Every function of this module, for registration, documentation and tests."""
