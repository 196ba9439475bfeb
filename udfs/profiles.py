"""SQL functions on the shape of H-alpha and on nebular lines.

Thin coats of Arrow over :mod:`ml.spectra.halpha_profile` and :mod:`ml.spectra.nebular`. As in
:mod:`udfs.spectra` every function comes once for each grid that it makes sense on.
"""

from __future__ import annotations

import inspect
from functools import partial

import pyarrow as pa

from ml.spectra.grids import GRIDS, LRS_R, MRS_R, Grid
from ml.spectra.halpha_profile import QUANTITIES, SIGNIFICANCES, measure_profile
from ml.spectra.nebular import lines_of, measure_nebular_lines
from udfs.arrow import Column, matrix, named, numbers, real
from udfs.spectra import SqlFunction

PROFILE_FIELDS: tuple[str, ...] = (
    *SIGNIFICANCES,
    *(name + end for name in QUANTITIES for end in ("", "_error")),
)
"""Fields of the result of ``halpha_profile``, all DOUBLE."""


def nebular_fields(grid: Grid) -> tuple[str, ...]:
    """Return the fields of the result of ``nebular_lines``, all DOUBLE."""
    return tuple(f"ew_{line}{end}" for line in lines_of(grid) for end in ("", "_error"))


def halpha_profile_columns(
    flux: Column, noise: Column, snr: Column, *, grid: Grid
) -> pa.StructArray:
    """Measure the shape of H-alpha: peaks, reversal, troughs, core; with errors.

    Parameters
    ----------
    flux
        FLOAT[n], rectified.
    noise
        FLOAT: 1 sigma of a continuum pixel.
    snr
        FLOAT: S/N a pixel, which chooses the smoothing window.
    grid
        The common grid (not an argument in SQL).

    Returns
    -------
    STRUCT(...)
        See :data:`PROFILE_FIELDS`. Everything is NULL where an argument is NULL or the flux about
        H-alpha not finite; a quantity also where the line has no such thing.

    See Also
    --------
    ml.spectra.halpha_profile.measure_profile : what each quantity is.
    """
    found = measure_profile(matrix(flux, grid.size), numbers(noise), numbers(snr), grid)
    return pa.StructArray.from_arrays(
        [real(found[name]) for name in PROFILE_FIELDS], names=list(PROFILE_FIELDS)
    )


def nebular_lines_columns(flux: Column, noise: Column, *, grid: Grid) -> pa.StructArray:
    """Measure equivalent widths of nebular lines against their local continuum.

    Parameters
    ----------
    flux
        FLOAT[n], rectified.
    noise
        FLOAT: 1 sigma of a continuum pixel.
    grid
        The common grid (not an argument in SQL); the lines are those that it holds.

    Returns
    -------
    STRUCT(...)
        ``ew_<line>`` and ``ew_<line>_error``, DOUBLE, in A, positive for absorption; NULL where
        an argument is NULL or the flux around the line not finite.

    See Also
    --------
    ml.spectra.nebular.measure_nebular_lines : lines, windows and errors.
    """
    found = measure_nebular_lines(matrix(flux, grid.size), numbers(noise), grid)
    names = nebular_fields(grid)
    return pa.StructArray.from_arrays([real(found[name]) for name in names], names=list(names))


def _struct(names: tuple[str, ...]) -> str:
    return "STRUCT(" + ", ".join(f'"{name}" DOUBLE' for name in names) + ")"


def _profile_function(grid: Grid) -> SqlFunction:
    name = f"halpha_profile_{grid.name}"
    arguments = {"flux": f"FLOAT[{grid.size}]", "noise": "FLOAT", "snr": "FLOAT"}
    return SqlFunction(
        name=name,
        function=named(partial(halpha_profile_columns, grid=grid), name, arguments),
        arguments=arguments,
        returns=_struct(PROFILE_FIELDS),
        doc=inspect.cleandoc(halpha_profile_columns.__doc__ or ""),
    )


def _nebular_function(grid: Grid) -> SqlFunction:
    name = f"nebular_lines_{grid.name}"
    arguments = {"flux": f"FLOAT[{grid.size}]", "noise": "FLOAT"}
    return SqlFunction(
        name=name,
        function=named(partial(nebular_lines_columns, grid=grid), name, arguments),
        arguments=arguments,
        returns=_struct(nebular_fields(grid)),
        doc=inspect.cleandoc(nebular_lines_columns.__doc__ or ""),
    )


SQL_FUNCTIONS: tuple[SqlFunction, ...] = (
    *(_profile_function(grid) for grid in (MRS_R, LRS_R)),
    *(_nebular_function(grid) for grid in GRIDS.values()),
)
"""Every function of this module, for registration, documentation and tests."""
