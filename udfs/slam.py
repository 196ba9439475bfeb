"""SQL functions of SLAM: thin coats over :mod:`ml.slam`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml.slam.model import SlamModel
from ml.slam.observed import observe
from ml.slam.training_set import LABELS, WAVELENGTH
from ml.slam.velocity import radial_velocity
from ml.spectra.placement import OK
from ml.spectra.ragged import RaggedSpectra
from udfs.arrow import Column, fixed_lists, matrix, named, numbers, one_array, ragged, real
from udfs.models import current_model, one_name, texts
from udfs.spectra import NO_SPECTRUM, SqlFunction

NO_MODEL = "no model"
_ARM = ("flux", "ivar", "or_mask", "log_wavelength_start", "log_wavelength_step", "wavelength")
_LISTS = {"flux": "FLOAT[]", "ivar": "FLOAT[]", "or_mask": "SMALLINT[]", "wavelength": "FLOAT[]"}


def _spectra(columns: tuple[Column, ...]) -> tuple[RaggedSpectra, NDArray[np.bool_]]:
    """Return an arm's spectra, and which are missing."""
    flux, ivar, or_mask, start, step, wavelength = columns
    values, offsets = ragged(flux, np.nan)
    ivar_values, ivar_offsets = ragged(ivar, 0.0)
    mask_values, mask_offsets = ragged(or_mask, 0)
    wave_values, wave_offsets = ragged(wavelength, np.nan)
    missing = _null(flux) | _null(ivar)
    spectra = RaggedSpectra(
        flux=values,
        ivar=ivar_values,
        or_mask=mask_values if len(mask_values) else None,
        offsets=offsets,
        log_wavelength_start=numbers(start),
        log_wavelength_step=numbers(step),
        wavelength=wave_values if len(wave_values) else None,
        ivar_offsets=ivar_offsets,
        or_mask_offsets=mask_offsets,
        wavelength_offsets=wave_offsets,
    )
    return spectra, missing


def _null(column: Column) -> NDArray[np.bool_]:
    return np.asarray(one_array(column).is_null().to_numpy(zero_copy_only=False))


def slam_spectrum_columns(*columns: Column, survey: str) -> pa.StructArray:
    """Clean a spectrum, bring it to rest, rectify it and put it on SLAM's training grid.

    Parameters
    ----------
    flux, ivar, or_mask, log_wavelength_start, log_wavelength_step, wavelength
        As for ``rectify_...``; of MRS first those of the blue arm, then those of the red.
    radial_velocity
        DOUBLE, km/s; where it is NULL it is measured by cross-correlation with models.
    has_emission
        BOOLEAN: whether the Balmer lines show emission; they have no weight then. NULL is no.
    model
        VARCHAR: name of the trained model, whose spectra the velocity is measured with.

    Returns
    -------
    STRUCT(flux FLOAT[p], ivar FLOAT[p], radial_velocity, radial_velocity_error DOUBLE,
    velocity_from VARCHAR, status VARCHAR)
        ``flux``: 1 is the pseudo-continuum; ``ivar`` is 0 in pixels without weight. Both NULL
        unless ``status`` is 'ok'. ``velocity_from``: 'catalogue', 'measured', or 'none' where no
        line was found and 0 was taken (``radial_velocity`` is NULL then). ``status``: 'no
        spectrum', 'no model', or see :func:`ml.spectra.resample.to_grid`.

    See Also
    --------
    ml.slam.observed.observe : the numerics; Guo et al. (2021), section 4.
    """
    *arms_of, given, emission, name_of = columns
    parts = [_spectra(tuple(arms_of[i : i + 6])) for i in range(0, len(arms_of), 6)]
    arms = [spectra for spectra, _ in parts]
    missing = np.any([lost for _, lost in parts], axis=0)
    velocity = numbers(given)
    shows = pc.fill_null(one_array(emission).cast(pa.bool_()), False)
    has_emission = shows.to_numpy(zero_copy_only=False).astype(bool)
    name = one_name(name_of)
    n = len(missing)
    model = current_model(name, SlamModel.from_model) if name and n else None
    error = np.full(n, np.nan)
    known = np.isfinite(velocity)
    if model is not None and model.survey != survey:
        raise ValueError(f"{model.name} was trained on {model.survey}, not on {survey}")
    if model is not None and not known.all():
        at_zero = observe(arms, np.zeros(n), survey, has_emission)
        asked = ~known & (at_zero.status == OK)
        velocity[asked], error[asked] = radial_velocity(
            at_zero.flux[asked], at_zero.ivar[asked], model.templates
        )
    done = observe(arms, velocity, survey, has_emission)
    status = np.where(missing, NO_SPECTRUM, done.status)
    if model is None:
        status = np.where(missing, NO_SPECTRUM, NO_MODEL)
    ok = status == OK
    found = np.where(known, "catalogue", np.where(np.isfinite(velocity), "measured", "none"))
    return pa.StructArray.from_arrays(
        [
            fixed_lists(done.flux, ok),
            fixed_lists(done.ivar, ok),
            real(velocity, pa.float64()),
            real(error, pa.float64()),
            pa.array(found, mask=~ok, type=pa.string()),
            pa.array(status, type=pa.string()),
        ],
        names=[
            "flux", "ivar", "radial_velocity", "radial_velocity_error", "velocity_from", "status",
        ],
    )  # fmt: skip


def slam_labels_columns(flux: Column, ivar: Column, model: Column, *, survey: str) -> pa.Array:
    """Find the labels whose generated spectrum fits best.

    Parameters
    ----------
    flux, ivar
        FLOAT[p], as ``slam_spectrum_...`` gives them: on the training grid, at rest,
        rectified; an inverse variance of 0 takes a pixel out.
    model
        VARCHAR: name of the trained model.

    Returns
    -------
    STRUCT(teff, teff_error, logg, logg_error, m_h, m_h_error, vsini, vsini_error, chi2 DOUBLE,
    n_pixels INTEGER, flag VARCHAR, is_converged BOOLEAN, grid VARCHAR, is_simulated BOOLEAN,
    model_name VARCHAR, model_version VARCHAR)
        Teff in K, log g and [M/H] in dex, v sin i in km/s; errors from the Jacobian. ``flag``:
        'I' where all labels lie inside the training range, else ''. ``grid``: the model spectra
        that were learnt, ``is_simulated`` whether they are simulated. All NULL where flux is NULL,
        too few pixels have weight, or there is no such model.

    See Also
    --------
    ml.slam.labels.solve : the numerics; Guo et al. (2021), section 3.1.
    """
    size = len(WAVELENGTH[survey])
    fluxes, weights = matrix(flux, size), matrix(ivar, size)
    n = len(fluxes)
    name = one_name(model)
    slam = current_model(name, SlamModel.from_model) if name and n else None
    values = errors = np.full((n, len(LABELS)), np.nan)
    chi2 = np.full(n, np.nan)
    n_pixels = np.zeros(n, dtype=np.int64)
    inside, converged = np.full(n, ""), np.zeros(n, dtype=bool)
    if slam is not None and slam.survey != survey:
        raise ValueError(f"{slam.name} was trained on {slam.survey}, not on {survey}")
    rows = np.flatnonzero(~_null(flux) & ~_null(ivar) & ~_null(model))
    if slam is not None and len(rows):
        found = slam.solve(fluxes[rows], weights[rows])
        values, errors = np.full((2, n, len(LABELS)), np.nan)
        values[rows], errors[rows] = found.values, found.errors
        chi2[rows], n_pixels[rows] = found.chi2, found.n_pixels
        inside[rows], converged[rows] = found.inside, found.converged
    known = np.isfinite(values).all(axis=1)
    mask = pa.array(known)
    fields: dict[str, pa.Array] = {}
    for column, label in enumerate(LABELS):
        fields[label] = real(np.where(known, values[:, column], np.nan), pa.float64())
        fields[f"{label}_error"] = real(np.where(known, errors[:, column], np.nan), pa.float64())
    fields["chi2"] = real(np.where(known, chi2, np.nan), pa.float64())
    fields["n_pixels"] = pa.array(n_pixels, mask=~known, type=pa.int32())
    fields["flag"] = pa.array(inside, mask=~known, type=pa.string())
    fields["is_converged"] = pa.array(converged, mask=~known, type=pa.bool_())
    fields["grid"] = texts(slam.grid if slam else None, mask)
    fields["is_simulated"] = pa.array(
        np.full(n, slam is not None and slam.is_simulated), mask=~known, type=pa.bool_()
    )
    fields["model_name"] = texts(slam.name if slam else None, mask)
    fields["model_version"] = texts(slam.version if slam else None, mask)
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))


def _functions() -> list[SqlFunction]:
    """Return the functions with their types in SQL."""

    def sql_function(
        name: str, function: Callable[..., pa.Array], arguments: dict[str, str], returns: str
    ) -> SqlFunction:
        doc = inspect.cleandoc(getattr(function, "func", function).__doc__ or "")
        return SqlFunction(name, named(function, name, arguments), arguments, returns, doc)

    labels = ", ".join(f"{label} DOUBLE, {label}_error DOUBLE" for label in LABELS)
    found = []
    for survey, suffixes in (("LRS", ("",)), ("MRS", ("_b", "_r"))):
        spectrum = f"FLOAT[{len(WAVELENGTH[survey])}]"
        arms = {
            f"{name}{suffix}": _LISTS.get(name, "DOUBLE") for suffix in suffixes for name in _ARM
        }
        found.append(
            sql_function(
                f"slam_spectrum_{survey.lower()}",
                partial(slam_spectrum_columns, survey=survey),
                {
                    **arms,
                    "radial_velocity": "DOUBLE",
                    "has_emission": "BOOLEAN",
                    "model": "VARCHAR",
                },
                f"STRUCT(flux {spectrum}, ivar {spectrum}, radial_velocity DOUBLE, "
                "radial_velocity_error DOUBLE, velocity_from VARCHAR, status VARCHAR)",
            )
        )
        found.append(
            sql_function(
                f"slam_labels_{survey.lower()}",
                partial(slam_labels_columns, survey=survey),
                {"flux": spectrum, "ivar": spectrum, "model": "VARCHAR"},
                f"STRUCT({labels}, chi2 DOUBLE, n_pixels INTEGER, flag VARCHAR, is_converged "
                "BOOLEAN, grid VARCHAR, is_simulated BOOLEAN, model_name VARCHAR, model_version "
                "VARCHAR)",
            )
        )
    return found


SQL_FUNCTIONS = tuple(_functions())
