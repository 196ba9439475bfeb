"""Between Arrow columns and numpy arrays, with NULLs where they belong.

DuckDB hands an Arrow function one ``ChunkedArray`` an argument, at most 2,048 rows of it, and
sometimes none. Lists may be NULL, and so may their elements.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Column: TypeAlias = pa.Array | pa.ChunkedArray


def one_array(column: Column) -> pa.Array:
    """Return a column as one array."""
    if isinstance(column, pa.ChunkedArray):
        # combine_chunks() of no chunks at all is an empty array of the type
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def numbers(column: Column) -> NDArray[np.float64]:
    """Return a numeric column as float64, NaN for NULL."""
    array = one_array(column)
    if pa.types.is_null(array.type):
        return np.full(len(array), np.nan)
    return array.cast(pa.float64()).to_numpy(zero_copy_only=False)


def ragged(column: Column, fill: float) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return a list column as flat values with offsets; a NULL list has no values.

    Parameters
    ----------
    column
        LIST of numbers.
    fill
        What stands for a NULL element.

    Returns
    -------
    values : numpy.ndarray
        Without copying where no list and no element is NULL.
    offsets : numpy.ndarray
        int64, shape ``(n + 1,)``.
    """
    array = one_array(column)
    n = len(array)
    if pa.types.is_null(array.type) or array.null_count == n:
        return np.zeros(0, dtype=np.float32), np.zeros(n + 1, dtype=np.int64)
    if pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    if array.null_count:
        # A NULL list may still span values; flatten() of what is left skips them.
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        values = array.drop_null().flatten()
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    else:
        values, offsets = array.values, array.offsets.to_numpy().astype(np.int64)
    if values.null_count:
        values = values.fill_null(fill)
    return values.to_numpy(zero_copy_only=False), offsets


def matrix(column: Column, size: int) -> NDArray[np.float32]:
    """Return a column of fixed-size lists as float32, shape ``(n, size)``; NaN for NULL.

    Raises
    ------
    ValueError
        If the lists have another size: the spectrum is on another grid.
    """
    array = one_array(column)
    n = len(array)
    if pa.types.is_null(array.type) or array.null_count == n:
        return np.full((n, size), np.nan, dtype=np.float32)
    if not pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(pa.float32(), size))
    if array.type.list_size != size:
        raise ValueError(
            f"spectra of {array.type.list_size} pixels, but the grid of this function has {size}"
        )
    # `values` ignores the slice and keeps the room of NULL rows, so rows stay where they are.
    values = array.values.slice(array.offset * size, n * size)
    flat = values.cast(pa.float32()).to_numpy(zero_copy_only=False).reshape(n, size)
    if array.null_count:
        flat = flat.copy()
        flat[array.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return flat


def real(values: NDArray[np.floating], type_: pa.DataType | None = None) -> pa.Array:
    """Return numbers as an array with NULL for what is not finite."""
    return pa.array(values, mask=~np.isfinite(values), type=type_)


def lists(
    values: NDArray[np.floating], offsets: NDArray[np.int64], valid: NDArray[np.bool_]
) -> pa.Array:
    """Return flat values as lists, NULL where not valid."""
    return pa.ListArray.from_arrays(
        pa.array(offsets, type=pa.int32()),
        pa.array(values, type=pa.float64()),
        mask=pa.array(~valid),
    )


def fixed_lists(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> pa.Array:
    """Return rows of a matrix as fixed-size lists, NULL where not valid."""
    flat = pa.array(np.ascontiguousarray(values).reshape(-1), type=pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=pa.array(~valid))


def named(
    function: Callable[..., pa.Array], name: str, arguments: Iterable[str]
) -> Callable[..., pa.Array]:
    """Give a function its name and arguments in SQL, and the name to its exceptions.

    An exception in a UDF aborts the query with its text alone; without the name nobody could
    tell which function of the query it was.
    """

    def wrapper(*columns: Column) -> pa.Array:
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            raise ValueError(f"{name}: columns of different lengths {sorted(lengths)}")
        try:
            return function(*columns)
        except (ValueError, TypeError, pa.ArrowException) as error:
            raise ValueError(f"{name}: {error}") from error

    # DuckDB counts the parameters of the signature, so it must be the one of SQL.
    wrapper.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(one, inspect.Parameter.POSITIONAL_ONLY) for one in arguments]
    )
    wrapper.__name__ = wrapper.__qualname__ = name
    wrapper.__doc__ = getattr(function, "func", function).__doc__
    return wrapper
