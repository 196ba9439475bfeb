"""SQL functions on spectral types and velocities: thin coats of Arrow over :mod:`ml`."""

from __future__ import annotations

import inspect

import numpy as np
import pyarrow as pa

from ml.spectral_types import SpectralType, parse_spectral_types
from udfs.arrow import Column, one_array
from udfs.spectra import SqlFunction

_FLAGS = tuple(name for name in SpectralType.__dataclass_fields__ if name.startswith("is_"))
_NUMBERS = tuple(name for name in SpectralType.__dataclass_fields__ if name not in _FLAGS)


def spectral_type_columns(spectral_type: Column) -> pa.StructArray:
    """Read an MK spectral type as the literature prints it.

    Parameters
    ----------
    spectral_type
        VARCHAR: ``B1.5 Vep_sh``, ``O6.5 V((f))``, ``B1/2e``, ``OB-`` ...

    Returns
    -------
    STRUCT(...)
        ``numeric_type`` (O0 is 0, B0 10, A0 20), the range that the text allows,
        ``luminosity_class`` (I to V are 1 to 5) and flags; NULL where the text says nothing.

    See Also
    --------
    ml.spectral_types.parse_spectral_type : the reading of one type.
    """
    texts = np.array(one_array(spectral_type).to_pylist(), dtype=object)
    parsed = parse_spectral_types(texts)
    arrays = [pa.array(parsed[name], type=pa.float64(), from_pandas=True) for name in _NUMBERS]
    arrays += [pa.array(parsed[name], type=pa.bool_()) for name in _FLAGS]
    return pa.StructArray.from_arrays(arrays, names=[*_NUMBERS, *_FLAGS])


SQL_FUNCTIONS = (
    SqlFunction(
        name="parse_spectral_type",
        function=spectral_type_columns,
        arguments={"spectral_type": "VARCHAR"},
        returns="STRUCT("
        + ", ".join(
            [f"{name} DOUBLE" for name in _NUMBERS] + [f"{name} BOOLEAN" for name in _FLAGS]
        )
        + ")",
        doc=inspect.cleandoc(spectral_type_columns.__doc__ or ""),
    ),
)
"""Functions of this module, for registration, documentation and tests."""
