"""Files that were read, as Arrow tables of the two raw tables."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.lamost.model import LamostFile

OBSERVATION_SCHEMA = pa.schema(
    [
        ("obsid", pa.int64()),
        ("survey", pa.string()),
        ("release", pa.string()),
        ("layout", pa.string()),
        ("designation", pa.string()),
        ("object_name", pa.string()),
        ("object_type", pa.string()),
        ("class", pa.string()),
        ("subclass", pa.string()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("mjd", pa.float64()),
        ("lmjd", pa.int32()),
        ("plan_id", pa.string()),
        ("spectrograph", pa.int16()),
        ("fibre", pa.int16()),
        ("snr_b", pa.float32()),
        ("snr_r", pa.float32()),
        ("redshift", pa.float64()),
        ("heliocentric_correction", pa.float32()),
        ("magnitude_type", pa.string()),
        ("magnitudes", pa.list_(pa.float32())),
        ("file_name", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
    ]
)

SPECTRUM_SCHEMA = pa.schema(
    [
        ("obsid", pa.int64()),
        ("arm", pa.string()),
        ("exposure", pa.int64()),
        ("survey", pa.string()),
        ("snr", pa.float32()),
        ("mjd", pa.float64()),
        ("exposure_time", pa.float32()),
        ("n_pixels", pa.int32()),
        ("log_wavelength_start", pa.float64()),
        ("log_wavelength_step", pa.float64()),
        ("wavelength", pa.list_(pa.float32())),
        ("flux", pa.list_(pa.float32())),
        ("ivar", pa.list_(pa.float32())),
        ("and_mask", pa.list_(pa.int16())),
        ("or_mask", pa.list_(pa.int16())),
    ]
)


def observation_table(files: Sequence[LamostFile]) -> pa.Table:
    """Return ``raw.lamost_observation``: one row a file, in order."""
    rows: list[dict[str, Any]] = []
    for file in files:
        row = dict(vars(file.observation))
        row["class"] = row.pop("class_")
        row["path"] = file.identity.path
        row["file_name"] = PurePath(file.identity.path).name
        row["sha256"] = file.identity.sha256
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=OBSERVATION_SCHEMA)


def spectrum_table(files: Sequence[LamostFile]) -> pa.Table:
    """Return ``raw.lamost_spectrum``: the spectra of the first file, of the second, ..."""
    pairs = [(file, spectrum) for file in files for spectrum in file.spectra]
    spectra = [spectrum for _, spectrum in pairs]
    scalars: dict[str, list[Any]] = {
        "obsid": [file.observation.obsid for file, _ in pairs],
        "arm": [spectrum.arm for spectrum in spectra],
        "exposure": [spectrum.exposure for spectrum in spectra],
        "survey": [file.observation.survey for file, _ in pairs],
        "snr": [spectrum.snr for spectrum in spectra],
        "mjd": [spectrum.mjd for spectrum in spectra],
        "exposure_time": [spectrum.exposure_time for spectrum in spectra],
        "n_pixels": [len(spectrum.flux) for spectrum in spectra],
        "log_wavelength_start": [spectrum.grid.log_start for spectrum in spectra],
        "log_wavelength_step": [spectrum.grid.log_step for spectrum in spectra],
    }
    lists = {
        "wavelength": _lists([spectrum.grid.wavelength for spectrum in spectra], np.float32),
        "flux": _lists([spectrum.flux for spectrum in spectra], np.float32),
        "ivar": _lists([spectrum.ivar for spectrum in spectra], np.float32),
        "and_mask": _lists([spectrum.and_mask for spectrum in spectra], np.int16),
        "or_mask": _lists([spectrum.or_mask for spectrum in spectra], np.int16),
    }
    arrays = [
        lists[field.name] if field.name in lists else pa.array(scalars[field.name], type=field.type)
        for field in SPECTRUM_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SPECTRUM_SCHEMA)


def _lists(arrays: Sequence[npt.NDArray[Any] | None], dtype: type[np.generic]) -> pa.ListArray:
    """Join arrays into one Arrow list array; None becomes NULL."""
    lengths = np.array([0 if array is None else len(array) for array in arrays], dtype=np.int64)
    offsets = np.zeros(len(arrays) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if offsets[-1] >= 2**31:
        raise ValueError("a batch of more than 2^31 pixels; make it smaller")
    present = [array for array in arrays if array is not None]
    values = np.concatenate(present, dtype=dtype) if present else np.empty(0, dtype=dtype)
    absent = np.array([array is None for array in arrays], dtype=bool)
    return pa.ListArray.from_arrays(
        pa.array(offsets.astype(np.int32)),
        pa.array(values),
        mask=pa.array(absent) if absent.any() else None,
    )


@dataclass(frozen=True)
class Fingerprint:
    """What tells one spectrum from another, whatever layout it came in."""

    digest: str
    log_first: float
    log_last: float

    def agrees(self, other: Fingerprint) -> bool:
        """Tell whether flux, ivar and masks are the same and the wavelengths to 0.1 pixel."""
        return (
            self.digest == other.digest
            and abs(self.log_first - other.log_first) < 1e-6
            and abs(self.log_last - other.log_last) < 1e-6
        )


def fingerprints(table: pa.Table) -> dict[tuple[str, int], Fingerprint]:
    """Return the fingerprint of each row of a spectrum table, by (arm, exposure)."""
    found = {}
    for row in table.to_batches():
        for i in range(row.num_rows):
            digest = hashlib.blake2b(digest_size=16)
            for name in ("flux", "ivar", "and_mask", "or_mask"):
                values = row.column(name)[i].values
                digest.update(b"-" if values is None else values.to_numpy().tobytes())
            start, step, n_pixels, wavelength = (
                row.column(name)[i]
                for name in (
                    "log_wavelength_start",
                    "log_wavelength_step",
                    "n_pixels",
                    "wavelength",
                )
            )
            if start.is_valid:
                first = start.as_py()
                last = first + step.as_py() * (n_pixels.as_py() - 1)
            else:
                first = math.log10(wavelength.values[0].as_py())
                last = math.log10(wavelength.values[-1].as_py())
            key = (row.column("arm")[i].as_py(), row.column("exposure")[i].as_py())
            found[key] = Fingerprint(digest.hexdigest(), first, last)
    return found
