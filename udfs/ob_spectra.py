"""SQL functions on spectra of OB stars: common grid, emission, absolute magnitude.

Thin coats over :mod:`ml.ob_spectra` and :mod:`ml.absolute_magnitude`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.absolute_magnitude.magnitude import Magnitude, Prediction
from ml.ob_spectra.continuum import observe
from ml.ob_spectra.emission import EmissionModel
from ml.ob_spectra.grid import OB
from ml.registry import RegisteredModel
from ml.spectra.placement import OK
from ml.spectra.ragged import RaggedSpectra
from udfs.arrow import Column, fixed_lists, matrix, named, numbers, one_array, ragged, real
from udfs.models import current_model
from udfs.spectra import NO_SPECTRUM, SqlFunction

Made = tuple[str, EmissionModel | Magnitude]
"""Version and model."""


def _made(model: RegisteredModel) -> Made:
    if "thresholds" in model.tensors:
        return model.version, EmissionModel.from_tensors(model.tensors)
    if "basis.pixels" in model.tensors:
        return model.version, Magnitude.from_model(model)
    raise ValueError(f"model {model.name} is neither of emission nor of absolute magnitudes")


def _emission_model(name: str) -> tuple[str, EmissionModel] | None:
    """Return version and model of a name; None where there is none."""
    match current_model(name, _made):
        case None:
            return None
        case str(version), EmissionModel() as model:
            return version, model
    raise ValueError(f"model {name} does not find emission; name one of `ob_emission`'s")


def _magnitude_model(name: str) -> tuple[str, Magnitude] | None:
    """Return version and model of a name; None where there is none."""
    match current_model(name, _made):
        case None:
            return None
        case str(version), Magnitude() as model:
            return version, model
    raise ValueError(f"model {name} gives no magnitudes; name one of `spectroscopic_m_ks`'s")


def ob_spectrum_columns(
    flux: Column,
    ivar: Column,
    or_mask: Column,
    log_wavelength_start: Column,
    log_wavelength_step: Column,
    wavelength: Column,
    radial_velocity: Column,
) -> pa.StructArray:
    """Put a low-resolution spectrum on the common grid, at rest, over its pseudo-continuum.

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
        FLOAT[]: vacuum wavelength of every pixel in A; NULL where start and step are given.
    radial_velocity
        DOUBLE: km/s; NULL counts as 0.

    Returns
    -------
    STRUCT(flux FLOAT[3583], ivar FLOAT[3583], snr FLOAT, bad_fraction FLOAT,
    n_cosmic_rays INTEGER, status VARCHAR)
        ``flux``: in units of the pseudo-continuum; finite, and NULL, like ``ivar``, unless
        ``status`` is 'ok'. ``ivar``: 0 in pixels without a sound measurement. ``snr``: median
        a pixel, by the file's own errors. Never raises for bad data.

    See Also
    --------
    ml.ob_spectra.continuum.observe : the numerics; Xiang et al. (2021), section 3.
    """
    columns = [one_array(column) for column in (flux, ivar, or_mask, wavelength)]
    flux_values, offsets = ragged(columns[0], np.nan)
    ivar_values, ivar_offsets = ragged(columns[1], 0.0)
    mask_values, mask_offsets = ragged(columns[2], 0)
    wave_values, wave_offsets = ragged(columns[3], np.nan)
    found = observe(
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
        numbers(radial_velocity),
    )
    missing = _null(columns[0]) | _null(columns[1])
    status = np.where(missing, NO_SPECTRUM, found.status)
    ok = np.asarray(status == OK)
    return pa.StructArray.from_arrays(
        [
            fixed_lists(found.flux, ok),
            fixed_lists(found.ivar, ok),
            real(found.snr, pa.float32()),
            pa.array(found.bad_fraction, mask=~ok, type=pa.float32()),
            pa.array(found.n_cosmic_rays, mask=missing, type=pa.int32()),
            pa.array(status, type=pa.string()),
        ],
        names=["flux", "ivar", "snr", "bad_fraction", "n_cosmic_rays", "status"],
    )


def ob_emission_columns(flux: Column, ivar: Column, model: Column) -> pa.StructArray:
    """Look for H-alpha emission, and for faults, with eigenspectra of clean windows.

    Parameters
    ----------
    flux, ivar
        FLOAT[3583]: of ``ob_spectrum``.
    model
        VARCHAR: name of the model in the registry.

    Returns
    -------
    STRUCT(halpha_excess DOUBLE, halpha_excess_error DOUBLE, chi2 DOUBLE, is_emission BOOLEAN,
    is_faulty BOOLEAN, coefficients FLOAT[], model_name VARCHAR, model_version VARCHAR)
        Mean of observed minus reconstructed flux over 6557-6571 A; reduced chi^2 on either
        side; the flags by the model's thresholds; coefficients of the clean windows. All NULL
        where the flux is NULL or misses half of the windows, and without such a model.

    See Also
    --------
    ml.ob_spectra.emission.EmissionModel : the numerics; Xiang et al. (2021), section 3.
    """
    flux_matrix, ivar_matrix = matrix(flux, OB.size), matrix(ivar, OB.size)
    n = len(flux_matrix)
    excess, error, chi2 = (np.full(n, np.nan) for _ in range(3))
    emission, faulty = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    parts: list[tuple[NDArray[np.intp], NDArray[np.float32]]] = []
    names, versions = _labels(n)
    for name, rows in _rows_by_name(model):
        known = _emission_model(name)
        if known is None:
            continue
        version, finder = known
        found, coefficients = finder.measure(flux_matrix[rows], ivar_matrix[rows])
        excess[rows], error[rows] = found.halpha_excess, found.halpha_excess_error
        chi2[rows] = found.chi2
        emission[rows], faulty[rows] = finder.is_emission(found), finder.is_faulty(found)
        fine = np.isfinite(coefficients).all(axis=1)
        parts.append((rows[fine], coefficients[fine]))
        names[rows[fine]], versions[rows[fine]] = name, version
    return pa.StructArray.from_arrays(
        [
            real(excess),
            real(error),
            real(chi2),
            pa.array(emission, mask=~np.isfinite(excess)),
            pa.array(faulty, mask=~np.isfinite(chi2)),
            _lists(parts, n),
            pa.array(names, type=pa.string()),
            pa.array(versions, type=pa.string()),
        ],
        names=[
            "halpha_excess",
            "halpha_excess_error",
            "chi2",
            "is_emission",
            "is_faulty",
            "coefficients",
            "model_name",
            "model_version",
        ],
    )


def spectroscopic_m_ks_columns(flux: Column, ivar: Column, model: Column) -> pa.StructArray:
    """Ask a network for the absolute magnitude in Ks.

    Parameters
    ----------
    flux, ivar
        FLOAT[3583]: of ``ob_spectrum``.
    model
        VARCHAR: name of the model in the registry; one for stars with emission, one for those
        without.

    Returns
    -------
    STRUCT(m_ks DOUBLE, model_error DOUBLE, distance DOUBLE, chi2 DOUBLE,
    is_out_of_domain BOOLEAN, model_name VARCHAR, model_version VARCHAR)
        M_Ks and the network's own doubt, mag; how far the spectrum lies from those of the
        training; reduced chi^2 of its reconstruction; whether either is beyond the model's
        threshold. All NULL where the flux is NULL or misses half of the windows, and without
        such a model.

    See Also
    --------
    ml.absolute_magnitude.magnitude.Magnitude : the network; Xiang et al. (2021), section 5.
    """
    flux_matrix, ivar_matrix = matrix(flux, OB.size), matrix(ivar, OB.size)
    n = len(flux_matrix)
    values = np.full((len(Prediction._fields), n), np.nan)
    outside = np.zeros(n, dtype=bool)
    names, versions = _labels(n)
    for name, rows in _rows_by_name(model):
        known = _magnitude_model(name)
        if known is None:
            continue
        version, network = known
        found = network.predict(flux_matrix[rows], ivar_matrix[rows])
        values[:, rows] = found
        outside[rows] = network.is_out_of_domain(found)
        fine = rows[np.isfinite(found.m_ks)]
        names[fine], versions[fine] = name, version
    return pa.StructArray.from_arrays(
        [
            *(real(column) for column in values),
            pa.array(outside, mask=~np.isfinite(values[2])),
            pa.array(names, type=pa.string()),
            pa.array(versions, type=pa.string()),
        ],
        names=[*Prediction._fields, "is_out_of_domain", "model_name", "model_version"],
    )


def _lists(parts: list[tuple[NDArray[np.intp], NDArray[np.float32]]], n: int) -> pa.ListArray:
    """Return lists of floats from rows and their values, (m,) and (m, K); NULL elsewhere."""
    length = np.zeros(n, dtype=np.int64)
    for rows, values in parts:
        length[rows] = values.shape[1]
    offsets = np.concatenate([[0], np.cumsum(length)])
    flat = np.empty(offsets[-1], dtype=np.float32)
    for rows, values in parts:
        flat[offsets[rows, None] + np.arange(values.shape[1])] = values
    return pa.ListArray.from_arrays(
        pa.array(offsets, type=pa.int32()), pa.array(flat), mask=pa.array(length == 0)
    )


def _labels(n: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return room for names and versions of models, NULL until they are known."""
    return np.full(n, None, dtype=object), np.full(n, None, dtype=object)


def _rows_by_name(column: Column) -> list[tuple[str, NDArray[np.intp]]]:
    """Return the rows of each name; rows without one belong to none."""
    names = np.array(one_array(column).to_pylist(), dtype=object)
    found = sorted({name for name in names if name is not None})
    return [(name, np.flatnonzero(names == name)) for name in found]


def _null(array: pa.Array) -> NDArray[np.bool_]:
    return array.is_null().to_numpy(zero_copy_only=False)


def _functions() -> list[SqlFunction]:
    """Return the functions with their types in SQL."""
    fixed = f"FLOAT[{OB.size}]"
    label = "model_name VARCHAR, model_version VARCHAR)"
    on_model = {"flux": fixed, "ivar": fixed, "model": "VARCHAR"}
    table: list[tuple[str, Callable[..., pa.Array], dict[str, str], str]] = [
        (
            "ob_spectrum",
            ob_spectrum_columns,
            {
                "flux": "FLOAT[]",
                "ivar": "FLOAT[]",
                "or_mask": "SMALLINT[]",
                "log_wavelength_start": "DOUBLE",
                "log_wavelength_step": "DOUBLE",
                "wavelength": "FLOAT[]",
                "radial_velocity": "DOUBLE",
            },
            f"STRUCT(flux {fixed}, ivar {fixed}, snr FLOAT, bad_fraction FLOAT, "
            "n_cosmic_rays INTEGER, status VARCHAR)",
        ),
        (
            "ob_emission",
            ob_emission_columns,
            on_model,
            "STRUCT(halpha_excess DOUBLE, halpha_excess_error DOUBLE, chi2 DOUBLE, "
            f"is_emission BOOLEAN, is_faulty BOOLEAN, coefficients FLOAT[], {label}",
        ),
        (
            "spectroscopic_m_ks",
            spectroscopic_m_ks_columns,
            on_model,
            "STRUCT(m_ks DOUBLE, model_error DOUBLE, distance DOUBLE, chi2 DOUBLE, "
            f"is_out_of_domain BOOLEAN, {label}",
        ),
    ]
    return [
        SqlFunction(
            name=name,
            function=named(function, name, arguments),
            arguments=arguments,
            returns=returns,
            doc=inspect.cleandoc(function.__doc__ or ""),
        )
        for name, function, arguments, returns in table
    ]


SQL_FUNCTIONS = tuple(_functions())
"""Every function of this module, for registration, documentation and tests."""
