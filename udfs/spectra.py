"""SQL functions on spectra: thin coats of Arrow over :mod:`ml.spectra`.

Every function comes once for each grid, its name ending in the grid's: ``rectify_mrs_r``. Fixed
arrays need the grid's size in their type, and a spectrum of the wrong grid then fails when the
query is planned.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.spectra.equivalent_width import equivalent_width
from ml.spectra.grids import GRIDS, Grid
from ml.spectra.peaks import Peaks, find_peaks
from ml.spectra.placement import OK
from ml.spectra.ragged import RaggedSpectra
from ml.spectra.rectify import rectify
from udfs.arrow import Column, fixed_lists, lists, matrix, named, numbers, one_array, ragged, real

NO_SPECTRUM = "no spectrum"


@dataclass(frozen=True)
class SqlFunction:
    """One function as SQL sees it.

    Attributes
    ----------
    name
        Name in SQL.
    function
        Takes one Arrow column an argument, returns an Arrow array of as many rows.
    arguments
        Names and SQL types of the arguments, in order.
    returns
        SQL type of the result.
    doc
        What it computes.
    """

    name: str
    function: Callable[..., pa.Array]
    arguments: dict[str, str]
    returns: str
    doc: str


def rectify_columns(
    flux: Column,
    ivar: Column,
    or_mask: Column,
    log_wavelength_start: Column,
    log_wavelength_step: Column,
    wavelength: Column,
    *,
    grid: Grid,
) -> pa.StructArray:
    """Clean a spectrum, put it on the common grid and divide it by its continuum.

    Parameters
    ----------
    flux, ivar
        FLOAT[], any length: flux in any unit and its inverse variance.
    or_mask
        SMALLINT[] of the same length, or NULL.
    log_wavelength_start, log_wavelength_step
        DOUBLE: log10 of the first pixel's vacuum wavelength in A, and its step; NULL where
        ``wavelength`` is given.
    wavelength
        FLOAT[]: vacuum wavelength of every pixel in A, in either order; NULL where start and
        step are given.
    grid
        The common grid (not an argument in SQL).

    Returns
    -------
    STRUCT(flux FLOAT[n], noise FLOAT, n_cosmic_rays INTEGER, bad_fraction FLOAT, status VARCHAR)
        ``flux``: 1 is the continuum; finite, and NULL unless ``status`` is 'ok'. ``noise``:
        1 sigma of a continuum pixel as measured. ``bad_fraction``: part of the window without a
        sound measurement. ``status``: see :class:`ml.spectra.rectify.RectifiedSpectra`, or
        'no spectrum' where flux or ivar is NULL. Never raises for bad data.

    See Also
    --------
    ml.spectra.rectify.rectify : the numerics; Wang et al. (2022), section 2.
    """
    columns = [one_array(column) for column in (flux, ivar, or_mask, wavelength)]
    flux_values, offsets = ragged(columns[0], np.nan)
    ivar_values, ivar_offsets = ragged(columns[1], 0.0)
    mask_values, mask_offsets = ragged(columns[2], 0)
    wave_values, wave_offsets = ragged(columns[3], np.nan)
    result = rectify(
        RaggedSpectra(
            flux=flux_values,
            ivar=ivar_values,
            or_mask=mask_values if len(mask_values) else None,
            offsets=offsets,
            log_wavelength_start=numbers(log_wavelength_start),
            log_wavelength_step=numbers(log_wavelength_step),
            wavelength=wave_values if len(wave_values) else None,
            ivar_offsets=ivar_offsets,
            or_mask_offsets=mask_offsets,
            wavelength_offsets=wave_offsets,
        ),
        grid,
    )
    missing = _null(columns[0]) | _null(columns[1])
    status = np.where(missing, NO_SPECTRUM, result.status)
    ok = status == OK
    return pa.StructArray.from_arrays(
        [
            fixed_lists(result.flux, ok),
            real(result.noise, pa.float32()),
            pa.array(result.n_cosmic_rays, mask=missing, type=pa.int32()),
            pa.array(result.bad_fraction, mask=missing, type=pa.float32()),
            pa.array(status, type=pa.string()),
        ],
        names=["flux", "noise", "n_cosmic_rays", "bad_fraction", "status"],
    )


def equivalent_width_columns(
    flux: Column, noise: Column, wave_min: Column, wave_max: Column, *, grid: Grid
) -> pa.StructArray:
    """Integrate one minus the rectified flux over a band.

    Parameters
    ----------
    flux
        FLOAT[n], rectified.
    noise
        FLOAT: 1 sigma of a continuum pixel.
    wave_min, wave_max
        DOUBLE: the band in A, vacuum. Pixels count with the part inside.
    grid
        The common grid (not an argument in SQL).

    Returns
    -------
    STRUCT(equivalent_width DOUBLE, equivalent_width_error DOUBLE)
        In A, positive for absorption. Both NULL where an argument is NULL, the flux in the band
        not finite, or the band empty or beyond the grid.

    See Also
    --------
    ml.spectra.equivalent_width.equivalent_width : the numerics, and what the error holds.
    """
    width, error = equivalent_width(
        matrix(flux, grid.size), numbers(noise), numbers(wave_min), numbers(wave_max), grid
    )
    return pa.StructArray.from_arrays(
        [real(width), real(error)], names=["equivalent_width", "equivalent_width_error"]
    )


def find_peaks_columns(
    flux: Column,
    noise: Column,
    snr: Column,
    window_edges: Column,
    window_widths: Column,
    wave_min: Column,
    wave_max: Column,
    *,
    grid: Grid,
) -> pa.StructArray:
    """Find the peaks and valleys of a line after smoothing with a Bartlett window.

    Parameters
    ----------
    flux
        FLOAT[n], rectified.
    noise
        FLOAT: 1 sigma of a continuum pixel.
    snr
        FLOAT: S/N a pixel, which chooses the window.
    window_edges, window_widths
        DOUBLE[]: lower edges of the bins of S/N, increasing, and the window's width in pixels in
        each.
    wave_min, wave_max
        DOUBLE: the band in A, vacuum.
    grid
        The common grid (not an argument in SQL).

    Returns
    -------
    STRUCT(...)
        See :data:`PEAKS_TYPE` and :class:`ml.spectra.peaks.Peaks`. Everything is NULL where an
        argument is NULL or the flux in the band not finite; the strongest peak's fields also
        where there is no peak.

    Raises
    ------
    ValueError
        If the windows or the band make no sense: that is a fault of the query, not of a row.

    See Also
    --------
    ml.spectra.peaks.find_peaks : the numerics; Wang et al. (2022), section 4.1.1, table 1.
    """
    spectra = matrix(flux, grid.size)
    sigma, ratio = numbers(noise), numbers(snr)
    settings = _settings(window_edges, window_widths, wave_min, wave_max)
    parts, places = [], []
    for setting, rows in settings:
        edges, widths, low, high = setting
        peaks = find_peaks(
            spectra[rows],
            sigma[rows],
            ratio[rows],
            grid,
            edges=edges,
            widths=widths,
            wave_min=low,
            wave_max=high,
        )
        parts.append(_peaks_to_arrow(peaks))
        places.append(rows)
    n = len(spectra)
    if not parts:
        return pa.nulls(n, type=_PEAKS_ARROW)
    order = np.full(n, -1, dtype=np.int64)
    placed = np.concatenate(places)
    order[placed] = np.arange(len(placed))
    return pa.concat_arrays(parts).take(pa.array(order, mask=order < 0))


Setting = tuple[tuple[float, ...], tuple[float, ...], float, float]


def _settings(
    window_edges: Column, window_widths: Column, wave_min: Column, wave_max: Column
) -> list[tuple[Setting, NDArray[np.intp]]]:
    """Return the distinct settings of a batch (in practice one) and the rows that have each."""
    low, high = numbers(wave_min), numbers(wave_max)
    edge_values, edge_offsets = ragged(window_edges, np.nan)
    width_values, width_offsets = ragged(window_widths, np.nan)
    complete = ~(_null(one_array(window_edges)) | _null(one_array(window_widths)))
    complete &= np.isfinite(low) & np.isfinite(high)
    rows = np.flatnonzero(complete)
    if not len(rows):
        return []
    key = [low[rows, None], high[rows, None]]
    for values, offsets in ((edge_values, edge_offsets), (width_values, width_offsets)):
        length = np.diff(offsets)[rows]
        padded = np.full((len(rows), int(length.max(initial=0))), np.nan)
        column = np.arange(padded.shape[1])
        inside = column < length[:, None]
        padded[inside] = values[(offsets[rows, None] + column)[inside]]
        key += [length[:, None], padded]
    _, first, group = np.unique(
        np.nan_to_num(np.hstack(key), nan=-1.0), axis=0, return_index=True, return_inverse=True
    )
    found: list[tuple[Setting, NDArray[np.intp]]] = []
    for number, row in enumerate(rows[first]):
        edges = edge_values[edge_offsets[row] : edge_offsets[row + 1]]
        widths = width_values[width_offsets[row] : width_offsets[row + 1]]
        setting = (
            tuple(map(float, edges)),
            tuple(map(float, widths)),
            float(low[row]),
            float(high[row]),
        )
        found.append((setting, rows[group.ravel() == number]))
    return found


_PEAKS_FIELDS: dict[str, tuple[str, pa.DataType]] = {
    "n_peaks": ("INTEGER", pa.int32()),
    "n_valleys": ("INTEGER", pa.int32()),
    "peak_wavelength": ("DOUBLE[]", pa.list_(pa.float64())),
    "peak_flux": ("DOUBLE[]", pa.list_(pa.float64())),
    "valley_wavelength": ("DOUBLE[]", pa.list_(pa.float64())),
    "valley_flux": ("DOUBLE[]", pa.list_(pa.float64())),
    "window": ("INTEGER", pa.int32()),
    "strongest_peak_wavelength": ("DOUBLE", pa.float64()),
    "strongest_peak_height": ("DOUBLE", pa.float64()),
    "strongest_peak_significance": ("DOUBLE", pa.float64()),
    "strongest_peak_flux": ("DOUBLE", pa.float64()),
    "strongest_peak_width": ("DOUBLE", pa.float64()),
    "smoothed_noise": ("DOUBLE", pa.float64()),
    "maximum_flux": ("DOUBLE", pa.float64()),
}
_PEAKS_ARROW = pa.struct([(name, arrow) for name, (_, arrow) in _PEAKS_FIELDS.items()])


def _struct(fields: dict[str, str]) -> str:
    # quoted: `window` is a word of SQL
    return "STRUCT(" + ", ".join(f'"{name}" {type_}' for name, type_ in fields.items()) + ")"


PEAKS_TYPE = _struct({name: sql for name, (sql, _) in _PEAKS_FIELDS.items()})
"""SQL type of the result of ``find_peaks``; ``strongest_peak_height`` is the prominence."""


def _peaks_to_arrow(peaks: Peaks) -> pa.StructArray:
    valid = peaks.window > 0

    def count(offsets: NDArray[np.int64]) -> pa.Array:
        return pa.array(np.diff(offsets).astype(np.int32), mask=~valid)

    arrays = [
        count(peaks.peak_offsets),
        count(peaks.valley_offsets),
        lists(peaks.peak_wavelength, peaks.peak_offsets, valid),
        lists(peaks.peak_flux, peaks.peak_offsets, valid),
        lists(peaks.valley_wavelength, peaks.valley_offsets, valid),
        lists(peaks.valley_flux, peaks.valley_offsets, valid),
        pa.array(peaks.window, mask=~valid),
        real(peaks.strongest_wavelength),
        real(peaks.strongest_prominence),
        real(peaks.strongest_significance),
        real(peaks.strongest_flux),
        real(peaks.strongest_width),
        real(peaks.smoothed_noise),
        real(peaks.maximum_flux),
    ]
    return pa.StructArray.from_arrays(arrays, fields=list(_PEAKS_ARROW))


def _null(array: pa.Array) -> NDArray[np.bool_]:
    return array.is_null().to_numpy(zero_copy_only=False)


def _functions(grid: Grid) -> list[SqlFunction]:
    """Return the functions of one grid."""
    fixed = f"FLOAT[{grid.size}]"
    table: list[tuple[str, Callable[..., pa.Array], dict[str, str], str]] = [
        (
            "rectify",
            rectify_columns,
            {
                "flux": "FLOAT[]",
                "ivar": "FLOAT[]",
                "or_mask": "SMALLINT[]",
                "log_wavelength_start": "DOUBLE",
                "log_wavelength_step": "DOUBLE",
                "wavelength": "FLOAT[]",
            },
            _struct(
                {
                    "flux": fixed,
                    "noise": "FLOAT",
                    "n_cosmic_rays": "INTEGER",
                    "bad_fraction": "FLOAT",
                    "status": "VARCHAR",
                }
            ),
        ),
        (
            "equivalent_width",
            equivalent_width_columns,
            {"flux": fixed, "noise": "FLOAT", "wave_min": "DOUBLE", "wave_max": "DOUBLE"},
            _struct({"equivalent_width": "DOUBLE", "equivalent_width_error": "DOUBLE"}),
        ),
        (
            "find_peaks",
            find_peaks_columns,
            {
                "flux": fixed,
                "noise": "FLOAT",
                "snr": "FLOAT",
                "window_edges": "DOUBLE[]",
                "window_widths": "DOUBLE[]",
                "wave_min": "DOUBLE",
                "wave_max": "DOUBLE",
            },
            PEAKS_TYPE,
        ),
    ]
    return [
        SqlFunction(
            name=f"{name}_{grid.name}",
            function=named(partial(function, grid=grid), f"{name}_{grid.name}", arguments),
            arguments=arguments,
            returns=returns,
            doc=inspect.cleandoc(function.__doc__ or ""),
        )
        for name, function, arguments, returns in table
        # the line that is searched for peaks lies in the red arm
        if not (name == "find_peaks" and grid.name.endswith("_b"))
    ]


SQL_FUNCTIONS: tuple[SqlFunction, ...] = tuple(
    function for grid in GRIDS.values() for function in _functions(grid)
)
"""Every function of this module, for registration, documentation and tests."""
