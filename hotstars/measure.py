"""Measure spectra straight from files: the numerics of the SQL functions, without a warehouse.

The bands and windows are those of Wang et al. (2022). What is *decided* from the numbers (is
this emission?) is SQL of the dbt project and has no place here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.files import FileIdentity
from ingest.lamost import LamostFile, Spectrum, read_lamost
from ml.halpha.window import halpha_window
from ml.spectra.equivalent_width import equivalent_width
from ml.spectra.grids import LRS_B, LRS_R, MRS_B, MRS_R, Grid
from ml.spectra.peaks import LRS_EDGES, LRS_WIDTHS, WANG_EDGES, WANG_WIDTHS, find_peaks
from ml.spectra.rectify import RectifiedSpectra, rectify
from ml.spectra.resample import RaggedSpectra

if TYPE_CHECKING:
    from ml.halpha.classify import Classifier

#: Wang et al. (2022), sections 3 and 4.1: the bands of the equivalent widths and of the peaks.
EW_HALPHA = (6548.0, 6578.0)
EW_MGB = (5160.0, 5193.0)
PEAKS = (6551.0, 6579.0)

#: Files that are measured together: the numerics work on batches.
BATCH = 64


@dataclass(frozen=True)
class Inspected:
    """One file: a row of numbers, and what a plot needs.

    Attributes
    ----------
    row
        Column -> value; the columns of :data:`hotstars.verbs.inspect.COLUMNS`.
    file
        What was read; None for a bad file.
    red
        Rectified flux around H-alpha on ``grid``; None where there is none.
    grid
        The common grid of ``red``.
    """

    row: dict[str, Any]
    file: LamostFile | None = None
    red: NDArray[np.float32] | None = None
    grid: Grid | None = None


def inspect_paths(
    paths: Iterable[Path], classifier: Classifier | None = None
) -> Iterator[Inspected]:
    """Read and measure files, in order; a bad one gives a row with its fault.

    With a classifier a row has the probability of H-alpha emission too.
    """
    iterator = iter(paths)
    while batch := list(islice(iterator, BATCH)):
        yield from _inspect_batch(batch, classifier)


def best_spectrum(file: LamostFile, arm: str) -> Spectrum | None:
    """Return the coadd of an arm (L serves both arms), or the best exposure without one."""
    own = [spectrum for spectrum in file.spectra if spectrum.arm in {arm, "L"}]
    coadds = [spectrum for spectrum in own if spectrum.exposure == 0]
    if coadds:
        return coadds[0]
    return max(own, key=lambda spectrum: spectrum.snr or 0.0, default=None)


def _inspect_batch(paths: Sequence[Path], classifier: Classifier | None) -> list[Inspected]:
    read = [(path, *read_lamost(path)) for path in paths]
    found: dict[int, Inspected] = {}
    for low_resolution, blue_grid, red_grid in ((True, LRS_B, LRS_R), (False, MRS_B, MRS_R)):
        chosen = [
            (place, result)
            for place, (_, _, result) in enumerate(read)
            if isinstance(result, LamostFile)
            and result.observation.survey.endswith("LRS") == low_resolution
        ]
        files = [file for _, file in chosen]
        rows = [_header_row(file) for file in files]
        _measure(files, rows, "B", blue_grid)
        red = _measure(files, rows, "R", red_grid)
        if classifier is not None and red is not None:
            windows = halpha_window(red.flux, red_grid)
            windows[red.status != "ok"] = np.nan
            for row, probability in zip(rows, classifier.probability(windows), strict=True):
                row["be_probability"] = _number(probability)
        for i, (place, file) in enumerate(chosen):
            flux = red.flux[i] if red is not None and red.status[i] == "ok" else None
            found[place] = Inspected(rows[i], file, flux, red_grid)
    return [
        found[place] if place in found else Inspected(_bad_row(identity, str(result)))
        for place, (_, identity, result) in enumerate(read)
    ]


def _header_row(file: LamostFile) -> dict[str, Any]:
    observation = file.observation
    return {
        "file": file.identity.path,
        "status": "ok",
        "layout": observation.layout,
        "survey": observation.survey,
        "obsid": observation.obsid,
        "designation": observation.designation,
        "class": observation.class_,
        "subclass": observation.subclass,
        "ra": observation.ra,
        "dec": observation.dec,
        "mjd": observation.mjd,
        "snr_b": observation.snr_b,
        "snr_r": observation.snr_r,
        "n_exposures": len({s.exposure for s in file.spectra if s.exposure}),
        "message": "; ".join(file.notes) or None,
    }


def _bad_row(identity: FileIdentity, reason: str) -> dict[str, Any]:
    return {"file": identity.path, "status": "unreadable", "message": reason}


def _measure(
    files: Sequence[LamostFile], rows: Sequence[dict[str, Any]], arm: str, grid: Grid
) -> RectifiedSpectra | None:
    """Rectify one arm of every file and write what is measured into its row."""
    if not files:
        return None
    rectified = rectify(_ragged([best_spectrum(file, arm) for file in files]), grid)
    band = EW_HALPHA if arm == "R" else EW_MGB
    width, error = equivalent_width(rectified.flux, rectified.noise, *band, grid)
    name = "ew_halpha" if arm == "R" else "ew_mgb"
    suffix = arm.lower()
    for i, row in enumerate(rows):
        row[name] = _number(width[i])
        row[f"{name}_error"] = _number(error[i])
        row[f"rectified_{suffix}"] = str(rectified.status[i])
        row[f"noise_{suffix}"] = _number(rectified.noise[i])
        row[f"n_cosmic_rays_{suffix}"] = int(rectified.n_cosmic_rays[i])
        row[f"bad_fraction_{suffix}"] = _number(rectified.bad_fraction[i])
    if arm == "R":
        _peaks(files, rows, rectified, grid)
    return rectified


def _peaks(
    files: Sequence[LamostFile],
    rows: Sequence[dict[str, Any]],
    rectified: RectifiedSpectra,
    grid: Grid,
) -> None:
    snr = np.array([file.observation.snr_r or 0.0 for file in files])
    low_resolution = grid is LRS_R
    peaks = find_peaks(
        rectified.flux,
        rectified.noise,
        snr,
        grid,
        edges=LRS_EDGES if low_resolution else WANG_EDGES,
        widths=LRS_WIDTHS if low_resolution else WANG_WIDTHS,
        wave_min=PEAKS[0],
        wave_max=PEAKS[1],
    )
    for i, row in enumerate(rows):
        measured = peaks.window[i] > 0
        row["n_peaks"] = int(np.diff(peaks.peak_offsets)[i]) if measured else None
        row["peak_wavelength"] = _number(peaks.strongest_wavelength[i])
        row["peak_height"] = _number(peaks.strongest_prominence[i])
        row["peak_flux"] = _number(peaks.strongest_flux[i])
        row["peak_width"] = _number(peaks.strongest_width[i])
        row["peak_significance"] = _number(peaks.strongest_significance[i])


def _ragged(spectra: Sequence[Spectrum | None]) -> RaggedSpectra:
    """Return spectra end to end; None becomes a row without pixels."""
    present = [spectrum for spectrum in spectra if spectrum is not None]

    def offsets(lengths: list[int]) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    def joined(arrays: list[Any], dtype: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, dtype=dtype), *arrays]).astype(dtype, copy=False)

    masks = [np.empty(0) if s is None or s.or_mask is None else s.or_mask for s in spectra]
    waves = [
        np.empty(0) if s is None or s.grid.wavelength is None else s.grid.wavelength
        for s in spectra
    ]
    return RaggedSpectra(
        flux=joined([spectrum.flux for spectrum in present], np.float32),
        ivar=joined([spectrum.ivar for spectrum in present], np.float32),
        or_mask=joined(masks, np.int16),
        offsets=offsets([0 if s is None else len(s.flux) for s in spectra]),
        log_wavelength_start=_numbers([None if s is None else s.grid.log_start for s in spectra]),
        log_wavelength_step=_numbers([None if s is None else s.grid.log_step for s in spectra]),
        wavelength=joined(waves, np.float32),
        or_mask_offsets=offsets([len(mask) for mask in masks]),
        wavelength_offsets=offsets([len(wave) for wave in waves]),
    )


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
