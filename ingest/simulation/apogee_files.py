"""Write the simulated near-infrared survey: apStar files, an allStar table, types, truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ingest.pool import default_workers, ordered_map
from ingest.simulation.apogee import ApogeeStars, apogee_spectra, draw_apogee_stars
from ingest.simulation.apogee_lines import LOG_START, LOG_STEP, N_PIXELS
from ingest.simulation.fits_bytes import Card, hdu_bytes, pack
from ingest.simulation.votables import arrow_table, write_catalogue
from warehouse import truth_tables
from warehouse.connection import WarehouseError

#: Within the folder of a simulated survey.
FOLDER = "apogee"
TRUTH = "truth_apogee_stars.parquet"
RECORD = "apogee.json"

#: Files of a piece of work.
PIECE = 64

#: Raised when the same stars and seed would give other files.
VERSION = 2


@dataclass(frozen=True)
class ApogeeSummary:
    """What a call did."""

    folder: Path
    n_stars: int
    n_written: int

    def __str__(self) -> str:
        before = "" if self.n_written else ", there before"
        return f"{self.folder}: {self.n_stars:,d} apStar files{before}"


def write_apogee_survey(
    folder: Path, n_stars: int, seed: int, *, workers: int | None = None
) -> ApogeeSummary:
    """Write apStar files of simulated stars, or go on with a survey that was stopped.

    Parameters
    ----------
    folder
        Where they go: ``stars/``, ``apogee_allstar.vot``, ``spectral_types_skiff.vot`` and the
        truth.
    n_stars, seed
        What is simulated.
    workers
        Processes; None for as many as there are cores.

    Raises
    ------
    WarehouseError
        When another survey is in the folder, or the disk is full.
    """
    record = {"n_stars": n_stars, "seed": seed, "version": VERSION, "finished": False}
    path = folder / RECORD
    if path.exists():
        known = json.loads(path.read_text())
        if {**known, "finished": False} != record:
            raise WarehouseError(
                f"{folder}: holds another near-infrared survey ({known['n_stars']} stars, seed "
                f"{known['seed']}); remove the folder, or give another --out"
            )
        if known["finished"]:
            return ApogeeSummary(folder, n_stars, 0)
    try:
        (folder / "stars").mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record) + "\n")
        stars = draw_apogee_stars(n_stars, seed)
        jobs = [
            (str(folder), n_stars, seed, first, min(first + PIECE, n_stars))
            for first in range(0, n_stars, PIECE)
        ]
        workers = workers or (default_workers() if n_stars > 2 * PIECE else 1)
        written = sum(ordered_map(_write_piece, jobs, workers=workers, preload=[__name__]))
        _write_tables(folder, stars, seed)
        mark = path.with_suffix(".part")
        mark.write_text(json.dumps({**record, "finished": True}) + "\n")
        mark.replace(path)
    except OSError as error:
        raise WarehouseError(
            f"{folder}: the survey cannot be written ({error.strerror or error}). Free some space "
            "or give another --out, and run the same command again"
        ) from error
    return ApogeeSummary(folder, n_stars, written)


def _write_piece(job: tuple[str, int, int, int, int]) -> int:
    folder, n_stars, seed, first, end = job
    stars = draw_apogee_stars(n_stars, seed).take(slice(first, end))
    todo = [row for row in range(len(stars)) if not _star_path(Path(folder), stars, row).exists()]
    if not todo:
        return 0
    chosen = stars.take(np.array(todo))
    flux, error = apogee_spectra(chosen, seed)
    for row in range(len(chosen)):
        path = _star_path(Path(folder), chosen, row)
        scratch = path.with_name(f".{path.name}.part")
        scratch.write_bytes(pack(apstar_bytes(chosen, row, flux[row], error[row])))
        scratch.replace(path)
    return len(todo)


def _star_path(folder: Path, stars: ApogeeStars, row: int) -> Path:
    return folder / "stars" / f"apStar-dr17-{stars.apogee_id[row]}.fits.gz"


def apstar_bytes(stars: ApogeeStars, row: int, flux: np.ndarray, error: np.ndarray) -> bytes:
    """Return a star's file in the layout of DR17; its header says that it is simulated.

    A star of one visit has images of one axis. Of two visits, whose noise is that of the
    combined spectrum times the root of two, the first two rows are the combined spectrum.
    """
    n_visits = int(stars.n_visits[row])
    mask = np.where(error > 1e9, 1, 0).astype(">i2")
    images = [flux.astype(">f4"), error.astype(">f4"), mask]
    if n_visits > 1:
        repeats = 2 + n_visits
        images = [np.repeat(image[None], repeats, axis=0) for image in images]
        images[1][2:] = np.where(images[1][2:] < 1e9, images[1][2:] * np.sqrt(2.0), 1e10)
    ids = ("flux", "flux error", "pixel mask")
    parts = [hdu_bytes(_primary_cards(stars, row), b"", checked=True)]
    for image, what in zip(images, ids, strict=True):
        parts.append(hdu_bytes(_image_cards(image, what), image.tobytes(), checked=True))
    return b"".join(parts)


def _grid_cards() -> list[Card]:
    return [
        ("CRVAL1", LOG_START, "log10 of the first wavelength"),
        ("CDELT1", LOG_STEP, "step of it"),
        ("CRPIX1", 1, "its pixel"),
        ("CTYPE1", "LOG-LINEAR", "vacuum, 0.1 nm"),
        ("DC-FLAG", 1, "logarithmic"),
    ]


def _primary_cards(stars: ApogeeStars, row: int) -> list[Card]:
    def magnitude(value: float) -> float:
        return round(float(value), 3) if np.isfinite(value) else 99.999

    return [
        ("SIMPLE", True, "FITS"),
        ("BITPIX", 16, ""),
        ("NAXIS", 0, ""),
        ("EXTEND", True, ""),
        ("SIMULATE", True, "SIMULATED: this star does not exist"),
        ("OBJID", str(stars.apogee_id[row]), "star"),
        ("J", magnitude(stars.j[row]), "2MASS J"),
        ("H", magnitude(stars.h[row]), "2MASS H"),
        ("K", magnitude(stars.k[row]), "2MASS Ks"),
        ("TARG1", 0, "targeting flags"),
        ("TARG2", 0, "targeting flags"),
        ("TARG3", 0, "targeting flags"),
        ("TARG4", 0, "targeting flags"),
        ("SURVEY", "apogee2", "of the targeting flags"),
        ("TELESCOP", "apo25m", "as if"),
        ("FIELD", f"SIM{row_field(stars, row)}", "field"),
        ("RA", float(stars.ra[row]), "deg, J2000"),
        ("DEC", float(stars.dec[row]), "deg, J2000"),
        ("NVISITS", int(stars.n_visits[row]), "visits"),
        ("VHELIO", round(float(stars.rv[row]), 3), "km/s"),
        ("VSCATTER", 0.1, "km/s"),
        ("VERR", 0.05, "km/s"),
        ("SNR", round(float(stars.snr[row]), 2), "median S/N a pixel"),
        ("STARFLAG", 0, ""),
        ("NWAVE", N_PIXELS, ""),
        *_grid_cards(),
    ]


def row_field(stars: ApogeeStars, row: int) -> str:
    """Return the name of a star's field: 10 degrees of right ascension each."""
    return f"{int(stars.ra[row] // 10):02d}"


def _image_cards(image: np.ndarray, what: str) -> list[Card]:
    axes: list[Card] = [
        (f"NAXIS{number}", size, "") for number, size in enumerate(reversed(image.shape), start=1)
    ]
    return [
        ("XTENSION", "IMAGE", what),
        ("BITPIX", -32 if image.dtype.kind == "f" else 16, ""),
        ("NAXIS", image.ndim, ""),
        *axes,
        ("PCOUNT", 0, ""),
        ("GCOUNT", 1, ""),
        *_grid_cards(),
    ]


def _write_tables(folder: Path, stars: ApogeeStars, seed: int) -> None:
    """Write what an archive would know of the stars, and the truth."""
    n = len(stars)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1_521]))
    # the survey's own pipeline has labels of cool stars, with the errors that one finds of it
    cool = stars.teff < 6500.0
    own = {
        "teff": np.where(cool, stars.teff * (1.0 + 0.012 * rng.standard_normal(n)), np.nan),
        "logg": np.where(cool, stars.logg + 0.06 * rng.standard_normal(n), np.nan),
        "fe_h": np.where(cool, stars.fe_h + 0.03 * rng.standard_normal(n), np.nan),
    }
    fields = np.array([f"SIM{row_field(stars, row)}" for row in range(n)])
    rows = {
        "apogee_id": stars.apogee_id,
        "telescope": np.full(n, "apo25m"),
        "field": fields,
        "file_name": np.array([f"apStar-dr17-{name}.fits" for name in stars.apogee_id]),
        **{name: getattr(stars, name) for name in ("ra", "dec", "snr", "rv")},
        **{name: getattr(stars, name) for name in ("parallax", "parallax_error")},
        **{name: getattr(stars, name) for name in ("g", "bp", "rp", "j", "h", "k")},
        **own,
    }
    write_catalogue(folder, "apogee_allstar.vot", "apogee_allstar", rows)
    hot = np.flatnonzero(stars.spectral_type != "")
    if len(hot):
        types = {
            "ra": stars.ra[hot],
            "dec": stars.dec[hot],
            "spectral_type": stars.spectral_type[hot],
            "name": stars.apogee_id[hot],
            "bibcode": np.full(len(hot), "2013SIM.........S"),
            "year": np.full(len(hot), 2013),
        }
        write_catalogue(folder, "spectral_types_skiff.vot", "skiff", types)
    names = [one.name for one in truth_tables.apogee_stars.columns if one.name != "run_id"]
    truth = {name: np.asarray(getattr(stars, name)) for name in names}
    path = folder / TRUTH
    scratch = path.with_suffix(".part")
    pq.write_table(arrow_table(truth_tables.apogee_stars, truth), scratch)
    scratch.replace(path)
