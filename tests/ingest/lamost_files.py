"""Small LAMOST files of every layout, written with astropy, for tests of the loader.

Each layout is written from the same :class:`Star`, so that what differs is the layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits

LRS_START, LRS_STEP, LRS_PIXELS = 3.5682, 1e-4, 1200
B_START, R_START, MRS_STEP, MRS_PIXELS = 3.6952, 3.8135, 1e-5, 900
MINUTES = (84107311, 84107335)


@dataclass
class Star:
    """What all layouts of a file have in common."""

    obsid: int | float | str | None = 681001015
    ra: float = 345.797708
    dec: float = 32.226539
    lmjd: int = 58408
    plan: str = "TD230151N343645T01"
    spectrograph: int = 1
    fibre: int = 15
    seed: int = 0
    extra: dict[str, object] = field(default_factory=dict)

    def spectrum(self, n: int, salt: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return flux, ivar, AND mask, OR mask: an absorption line, noise, dead pixels."""
        random = np.random.default_rng([self.seed, salt])
        x = np.linspace(-1, 1, n)
        flux = 1000 * (1 + 0.2 * x - 0.4 * np.exp(-((x / 0.02) ** 2)))
        flux = (flux + random.normal(0, 20, n)).astype(np.float32)
        ivar = (random.uniform(0.5, 1.5, n) / 400).astype(np.float32)
        and_mask = np.zeros(n, dtype=np.int16)
        or_mask = (random.random(n) < 0.01).astype(np.int16)
        flux[n // 3 : n // 3 + 5] = 0.0  # dead pixels with an ivar, as real ones
        or_mask[n // 3 : n // 3 + 5] = 1
        flux[:4] = -50.0
        ivar[-6:] = 0.0
        return flux, ivar, and_mask, or_mask

    def header(self) -> fits.Header:
        """Return the keywords of the primary header."""
        header = fits.Header()
        cards: dict[str, object] = {
            "OBSID": self.obsid,
            "DATA_V": "LAMOST DR8",
            "DATE-OBS": "2018-10-16T12:41:00",
            "LMJD": self.lmjd,
            "MJD": self.lmjd - 1,
            "PLANID": self.plan,
            "RA": self.ra,
            "DEC": self.dec,
            "DESIG": "LAMOST J230311.44+321335.5",
            "FIBERID": self.fibre,
            "SPID": self.spectrograph,
            "OBJNAME": 'O\'Neill "x"; drop table',
            "OBJTYPE": "Star  ",
            "MAGTYPE": "ugrizjh",
            "MAG1": 99.0,
            "MAG2": 12.5,
            "CLASS": "STAR",
            "SUBCLASS": "A7V",
            "Z": 0.0001,
            "HELIO_RV": -11.1,
        } | self.extra
        for key, value in cards.items():
            if value is not None:
                header[key] = value
        return header


def log_grid(start: float, step: float, n: int) -> np.ndarray:
    """Return wavelengths of a log-linear grid in 0.1 nm."""
    return 10.0 ** (start + step * np.arange(n))


def lrs_image(path: Path, star: Star, *, third_row: str = "wavelength", coeff: bool = True) -> Path:
    """Write the primary image of 5 rows; ``third_row`` is wavelength, ones or subcontinuum."""
    flux, ivar, and_mask, or_mask = star.spectrum(LRS_PIXELS, 0)
    third = {
        "wavelength": log_grid(LRS_START, LRS_STEP, LRS_PIXELS),
        "ones": np.ones(LRS_PIXELS),
        "subcontinuum": flux - 900.0,
    }[third_row]
    header = star.header()
    header["SNRG"], header["SNRR"] = 40.0, 50.0
    header["N_EXTEN"] = 1
    if coeff:
        header["COEFF0"], header["COEFF1"] = LRS_START, LRS_STEP
    image = np.array([flux, ivar, third, and_mask, or_mask], dtype=np.float32)
    fits.PrimaryHDU(image, header).writeto(path, overwrite=True)
    return path


def lrs_old(path: Path, star: Star) -> Path:
    """Write a file as the first release has it: no OBSID, DATA_V; row 3 is all ones."""
    star.extra |= {"OBSID": None, "DATA_V": None}
    return lrs_image(path, star, third_row="ones")


def lrs_table(path: Path, star: Star) -> Path:
    """Write the COADD table of one row of arrays."""
    flux, ivar, and_mask, or_mask = star.spectrum(LRS_PIXELS, 0)
    wavelength = log_grid(LRS_START, LRS_STEP, LRS_PIXELS).astype(np.float32)
    header = star.header()
    header["SNRG"], header["SNRR"] = 40.0, 50.0
    table = _arrays("COADD", wavelength, flux, ivar, and_mask, or_mask)
    fits.HDUList([fits.PrimaryHDU(header=header), table]).writeto(path, overwrite=True)
    return path


def mrs(path: Path, star: Star, form: Callable[..., fits.BinTableHDU]) -> Path:
    """Write the coadds of both arms and two exposures; red exposures run backwards."""
    header = star.header()
    header["N_EXTEN"] = 7
    header["COMBIN_B"] = header["COMBIN_R"] = True
    hdus: list[fits.PrimaryHDU | fits.BinTableHDU] = [fits.PrimaryHDU(header=header)]
    for salt, (arm, start) in enumerate((("B", B_START), ("R", R_START)), start=1):
        wavelength = log_grid(start, MRS_STEP, MRS_PIXELS)
        flux, ivar, and_mask, or_mask = star.spectrum(MRS_PIXELS, salt)
        table = form(f"COADD_{arm}", wavelength, flux, ivar, and_mask, or_mask)
        table.header["SNR"] = 44.5
        hdus.append(table)
    for salt, (arm, start) in enumerate((("B", B_START), ("R", R_START)), start=3):
        # not log-linear: the step grows along the chip
        pixel = np.arange(MRS_PIXELS)
        wavelength = 10 ** (start + MRS_STEP * pixel * (1 + 5e-5 * pixel))
        for minute in MINUTES:
            flux, ivar, _, mask = star.spectrum(MRS_PIXELS, salt * 1000 + minute % 997)
            back = slice(None, None, -1 if arm == "R" else 1)
            table = form(
                f"{arm}-{minute}", wavelength[back], flux[back], ivar[back], None, mask[back]
            )
            table.header["LMJM"], table.header["EXPTIME"] = str(minute), 1200
            hdus.append(table)
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def mrs_rows(path: Path, star: Star) -> Path:
    """Write tables with a row a pixel and LOGLAM."""
    return mrs(path, star, _rows)


def mrs_arrays(path: Path, star: Star) -> Path:
    """Write tables with one row of arrays and WAVELENGTH."""
    return mrs(path, star, _arrays)


LAYOUTS = {
    "lrs-image-coefficients": lrs_old,
    "lrs-image-wavelength": lrs_image,
    "lrs-table": lrs_table,
    "mrs-rows": mrs_rows,
    "mrs-arrays": mrs_arrays,
}


def _rows(
    name: str,
    wavelength: np.ndarray,
    flux: np.ndarray,
    ivar: np.ndarray,
    and_mask: np.ndarray | None,
    or_mask: np.ndarray,
) -> fits.BinTableHDU:
    columns = [
        fits.Column("FLUX", "E", array=flux),
        fits.Column("IVAR", "E", array=ivar),
        fits.Column("LOGLAM", "E", array=np.log10(wavelength)),
    ]
    if and_mask is not None:
        columns += [fits.Column("ANDMASK", "I", array=and_mask)]
    columns += [fits.Column("PIXMASK" if and_mask is None else "ORMASK", "I", array=or_mask)]
    return fits.BinTableHDU.from_columns(columns, name=name)


def _arrays(
    name: str,
    wavelength: np.ndarray,
    flux: np.ndarray,
    ivar: np.ndarray,
    and_mask: np.ndarray | None,
    or_mask: np.ndarray,
) -> fits.BinTableHDU:
    n = len(flux)
    columns = [
        fits.Column("FLUX", f"{n}E", array=flux[None]),
        fits.Column("IVAR", f"{n}E", array=ivar[None]),
        fits.Column("WAVELENGTH", f"{n}E", array=wavelength[None].astype(np.float32)),
    ]
    if and_mask is not None:
        columns += [fits.Column("ANDMASK", f"{n}I", array=and_mask[None])]
    name_of_mask = "PIXMASK" if and_mask is None else "ORMASK"
    columns += [fits.Column(name_of_mask, f"{n}I", array=or_mask[None])]
    return fits.BinTableHDU.from_columns(columns, name=name)
