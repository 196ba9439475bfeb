"""Simulated visits as FITS files in the layouts of the real survey.

Headers have the keywords that LAMOST's have and the loader reads, in LAMOST's order, and
say plainly what they are: ``SIMUL = T`` and, where a release is named, ``SIM DR1``. Like
real files of the first release those of layout ``lrs_image_old`` have no OBSID and no
DATA_V. The writer is our own, since a survey is some ten thousand files.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ingest.simulation.fits_bytes import Card, hdu_bytes, pack
from ingest.simulation.instrument import ArmSpectrum
from ingest.simulation.lines import SPEED_OF_LIGHT
from ingest.simulation.model import Stars, Visits
from ingest.simulation.spectra import VisitSpectra

RELEASE = "SIM DR1"
_MJD_ZERO = datetime(1858, 11, 17)
_BEIJING = timedelta(hours=8)


def file_name(visits: Visits, row: int) -> str:
    """Return the name of a visit's file, without a folder.

    Examples
    --------
    ``med-58270-SIM0012_sp12-076.fits.gz``
    """
    kind = "med" if visits.resolution[row] == "mrs" else "spec"
    place = f"sp{int(visits.spectrograph[row]):02d}-{int(visits.fibre[row]):03d}"
    return f"{kind}-{int(visits.lmjd[row])}-{visits.plan_id[row]}_{place}.fits.gz"


def write_visit(folder: Path, stars: Stars, visits: Visits, spectra: VisitSpectra) -> Path:
    """Write the file of a visit in its layout, whole or not at all.

    Parameters
    ----------
    folder
        Where to; it exists.
    stars, visits
        The survey.
    spectra
        Of the visit.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        When the visit's layout is unknown.
    """
    content = pack(visit_bytes(stars, visits, spectra))
    path = folder / file_name(visits, spectra.visit)
    passing = path.with_name(f".{path.name}.part")
    passing.write_bytes(content)
    passing.replace(path)
    return path


def visit_bytes(stars: Stars, visits: Visits, spectra: VisitSpectra) -> bytes:
    """Return the FITS file of a visit, not compressed."""
    layout = str(visits.layout[spectra.visit])
    rng = np.random.default_rng([int(visits.seed[spectra.visit]) % 2**63, 7])
    checked = bool(rng.random() < 0.5)
    if layout in ("mrs_rows", "mrs_exposures"):
        parts = _medium(stars, visits, spectra, rng)
    elif layout == "lrs_table":
        parts = _low_table(stars, visits, spectra, rng)
    elif layout in ("lrs_image", "lrs_image_old"):
        parts = _low_image(stars, visits, spectra, rng, old=layout == "lrs_image_old")
    else:
        raise ValueError(f"unknown layout {layout!r} of visit {spectra.visit}")
    return b"".join(hdu_bytes(cards, data, checked=checked) for cards, data in parts)


def _medium(
    stars: Stars, visits: Visits, spectra: VisitSpectra, rng: np.random.Generator
) -> list[tuple[list[Card], bytes]]:
    single = [arm for arm in spectra.arms if arm.exposure]
    minutes = sorted({arm.exposure for arm in single})
    cards = _start(16, ())
    cards += _about(stars, visits, spectra, rng, "Information", 1 + len(spectra.arms))
    for band in "BR":
        count = len(minutes) or 3
        cards.append((f"NEXP_{band}", count, f"Number of valid {band} exposures"))
        cards.append((f"COMBIN_{band}", True, f"Whether the combined data of {band} exists"))
    cards += _reduction(rng)
    parts = [(cards, b"")]
    for arm in [arm for arm in spectra.arms if not arm.exposure]:
        extra: list[Card] = [("EXTNAME", f"COADD_{arm.arm}", "The extension name")]
        if minutes:
            text = "-".join(map(str, minutes))
            extra.append(("LMJMLIS0", text, "Local Modified Julian Minute list"))
        parts.append(_rows(arm, [*extra, _snr_card(arm.snr)], ("ANDMASK", "ORMASK")))
    for arm in sorted(single, key=lambda arm: (arm.arm, arm.exposure)):
        extra = [
            ("EXTNAME", f"{arm.arm}-{arm.exposure}", "The extension name"),
            ("LMJM", str(arm.exposure), "Local Modified Julian Minute"),
            ("EXPTIME", int(arm.exposure_time), "[s] Exposure duration time"),
            _snr_card(_claimed(arm, rng)),
        ]
        parts.append(_rows(arm, extra, ("PIXMASK",)))
    return parts


def _claimed(arm: ArmSpectrum, rng: np.random.Generator) -> float:
    """Return the S/N that a single exposure claims: less than its pixels have."""
    share = (0.94 if arm.arm == "B" else 0.96) if arm.snr > 3.0 else 0.5
    return arm.snr * share * float(np.exp(0.008 * rng.standard_normal()))


def _snr_card(snr: float) -> Card:
    return ("SNR", round(snr, 2), "Signal to noise ratio")


def _rows(arm: ArmSpectrum, extra: list[Card], masks: tuple[str, ...]) -> tuple[list[Card], bytes]:
    """Return a table with a row a pixel."""
    names = ("FLUX", "IVAR", "LOGLAM", *masks)
    formats = ["E"] * 3 + ["I"] * len(masks)
    types = [(n, ">f4" if f == "E" else ">i2") for n, f in zip(names, formats, strict=True)]
    table = np.empty(len(arm.flux), dtype=np.dtype(types))
    table["FLUX"], table["IVAR"] = arm.flux, arm.ivar
    table["LOGLAM"] = np.log10(arm.wavelength)
    table[masks[0]], table[masks[-1]] = arm.and_mask, arm.or_mask
    if arm.exposure and arm.arm == "R":
        table = table[::-1]  # as the detector was read: from long to short
    cards = _table_cards(table.dtype.itemsize, len(table), len(names))
    return cards + extra + _columns(names, formats), table.tobytes()


def _low_table(
    stars: Stars, visits: Visits, spectra: VisitSpectra, rng: np.random.Generator
) -> list[tuple[list[Card], bytes]]:
    (arm,) = spectra.arms
    n = len(arm.flux)
    primary = _start(16, ()) + _about(stars, visits, spectra, rng, "Information", 2)
    primary += _reduction(rng) + _analysis(stars, visits, spectra, rng, ("SNRU", "SNRG", "SNRR"))
    types = [("FLUX", ">f4", n), ("IVAR", ">f4", n), ("WAVELENGTH", ">f4", n)]
    types += [("ANDMASK", ">i2", n), ("ORMASK", ">i2", n)]
    table = np.empty(1, dtype=np.dtype(types))
    table["FLUX"], table["IVAR"], table["WAVELENGTH"] = arm.flux, arm.ivar, arm.wavelength
    table["ANDMASK"], table["ORMASK"] = arm.and_mask, arm.or_mask
    cards = _table_cards(table.dtype.itemsize, 1, 5)
    cards.append(("EXTNAME", "COADD", "The extension name"))
    cards += _columns([t[0] for t in types], [f"{n}E"] * 3 + [f"{n}I"] * 2)
    return [(primary, b""), (cards, table.tobytes())]


def _low_image(
    stars: Stars,
    visits: Visits,
    spectra: VisitSpectra,
    rng: np.random.Generator,
    *,
    old: bool,
) -> list[tuple[list[Card], bytes]]:
    (arm,) = spectra.arms
    assert isinstance(arm.log_wavelength, tuple)
    n = len(arm.flux)
    image = np.empty((5, n), dtype=">f4")
    image[0], image[1] = arm.flux, arm.ivar
    # of the first release this row is no wavelength
    image[2] = 1.0 if old else arm.wavelength
    image[3], image[4] = arm.and_mask, arm.or_mask
    cards = _start(-32, (n, 5))
    cards += _about(stars, visits, spectra, rng, None if old else "Flux", 1)
    rows = "Subcontinuum" if old else "Wavelength"
    cards.append(("EXTEN0", f"Flux Inverse {rows} Andmask Ormask", ""))
    cards += _reduction(rng)
    start, step = arm.log_wavelength
    cards += [
        ("NWORDER", 2, "Number of linear-log10 coefficients"),
        ("WFITTYPE", "LOG-LINEAR", "Linear-log10 dispersion"),
        ("COEFF0", start, "Central wavelength (log10) of first pixel"),
        ("COEFF1", step, "Log10 dispersion per pixel"),
        ("CRVAL1", start, "Central wavelength (log10) of first pixel"),
        ("CD1_1", step, "Log10 dispersion per pixel"),
        ("CRPIX1", 1, "Starting pixel (1-indexed)"),
        ("CTYPE1", "LINEAR", ""),
        ("DC-FLAG", 1, "Log-linear flag"),
    ]
    names = ("SN_U", "SN_G", "SN_R") if old else ("SNRU", "SNRG", "SNRR")
    cards += _analysis(stars, visits, spectra, rng, names)
    return [(cards, image.tobytes())]


# headers -------------------------------------------------------------------------------


def _start(bitpix: int, shape: tuple[int, ...]) -> list[Card]:
    cards: list[Card] = [
        ("SIMPLE", True, "Primary header of a simulated survey"),
        ("BITPIX", bitpix, ""),
        ("NAXIS", len(shape), "Number of array dimensions"),
    ]
    cards += [(f"NAXIS{i + 1}", size, "") for i, size in enumerate(shape)]
    cards.append(("EXTEND", True, "Extensions may be present"))
    cards.append(("SIMUL", True, "simulated survey: not an observation"))
    return cards


def _about(
    stars: Stars,
    visits: Visits,
    spectra: VisitSpectra,
    rng: np.random.Generator,
    extension: str | None,
    n_hdus: int,
) -> list[Card]:
    """Return the cards on file, telescope, night and target."""
    row = spectra.visit
    star = int(visits.star[row])
    old = visits.layout[row] == "lrs_image_old"
    lmjd = int(visits.lmjd[row])
    begin, middle, end = _times(spectra, float(visits.mjd[row]))
    cards: list[Card] = [
        ("COMMENT", "--------FILE INFORMATION", ""),
        ("FILENAME", file_name(visits, row).removesuffix(".gz"), ""),
    ]
    if not old:
        cards.append(("OBSID", int(visits.obsid[row]), "Unique number ID of this spectrum"))
    cards.append(("AUTHOR", "hotstars simulation", "Who compiled the information"))
    if not old:
        cards.append(("DATA_V", RELEASE, "Data release version"))
    cards.append(("N_EXTEN", n_hdus, "The extension number"))
    if extension:
        cards.append(("EXTNAME", extension, "The extension name"))
    ra, dec = round(float(stars.ra[star]), 6), round(float(stars.dec[star]), 6)
    cards += [
        ("ORIGIN", "hotstars", "Organization responsible for creating this file"),
        ("COMMENT", "--------TELESCOPE PARAMETERS", ""),
        ("TELESCOP", "SIMULATED LAMOST", "What the simulation stands for"),
        ("LONGITUD", 117.58, "[deg] Longitude of site"),
        ("LATITUDE", 40.39, "[deg] Latitude of site"),
        ("COMMENT", "--------OBSERVATION PARAMETERS", ""),
        ("DATE-OBS", middle.isoformat(timespec="seconds"), "The observation median UTC"),
        (
            "DATE-BEG",
            begin.isoformat(timespec="seconds") + ".0",
            "The observation start local time",
        ),
        ("DATE-END", end.isoformat(timespec="seconds") + ".0", "The observation end local time"),
        ("LMJD", lmjd, "Local Modified Julian Day"),
        # a day off, as in real files: nobody should use it
        ("MJD", lmjd + 1 if old else lmjd - 1, "Modified Julian Day"),
        ("PLANID", str(visits.plan_id[row]), "Plan ID in use"),
        ("RA", ra, "[deg] Right ascension of object"),
        ("DEC", dec, "[deg] Declination of object"),
    ]
    if not old:
        cards += [
            ("RA_OBS", ra, "[deg] Right ascension during observing"),
            ("DEC_OBS", dec, "[deg] Declination during observing"),
            ("OFFSET", False, "Whether there's a offset during observing"),
            ("OFFSET_V", 0.0, "Offset value in arcsecond"),
        ]
    cards += [
        ("DESIG", f"LAMOST {stars.designation[star]}", "Designation of LAMOST target"),
        ("FIBERID", int(visits.fibre[row]), "Fiber ID of Object"),
        ("OBJNAME", f"SIM{star:09d}", "Name of object"),
        ("OBJTYPE", "STAR" if rng.random() < 0.4 else "Star", "Object type from input catalog"),
        ("OBJSOURC" if old else "TSOURCE", "SIMULATION", "Name of input catalog"),
        ("FIBERTYP", "Obj", "Fiber type of object"),
        ("MAGTYPE", "GBR", "Magnitude type of object"),
    ]
    magnitudes = [stars.g[star], stars.bp[star], stars.rp[star]]
    for number in range(7):
        known = number < 3 and np.isfinite(magnitudes[number])
        value = round(float(magnitudes[number]), 2) if known else 99.0
        cards.append((f"MAG{number + 1}", value, f"[mag] Mag{number + 1} of object"))
    cards += [
        ("OBS_TYPE", "OBJ", "The type of target (OBJ, FLAT, ARC or BIAS)"),
        ("RADECSYS", "FK5", "Equatorial coordinate system"),
        ("EQUINOX", 2000.0, "Equinox in years"),
        ("COMMENT", "--------SPECTROGRAPH PARAMETERS", ""),
        ("SPID", int(visits.spectrograph[row]), "Spectrograph ID"),
        ("SLIT_MOD", "x2/3", "Slit mode, x1, x2/3 or x1/2"),
        ("COMMENT", "--------WEATHER CONDITION", ""),
        ("SEEING", round(float(2.2 + 3.0 * rng.random()), 2), "[arcsec] Seeing during exposure"),
    ]
    return cards


def _times(spectra: VisitSpectra, mjd: float) -> tuple[datetime, datetime, datetime]:
    """Return begin (local), middle (UTC) and end (local) as the headers have them.

    In files with single exposures they are those of the first one.
    """
    first = min(
        (arm for arm in spectra.arms if arm.exposure), key=lambda arm: arm.mjd, default=None
    )
    if first is not None:
        mjd, seconds = first.mjd, first.exposure_time
    else:
        seconds = spectra.arms[0].exposure_time
    middle = _MJD_ZERO + timedelta(days=mjd)
    half = timedelta(seconds=seconds / 2.0)
    return middle + _BEIJING - half, middle, middle + _BEIJING + half


def _reduction(rng: np.random.Generator) -> list[Card]:
    helio = round(float(rng.uniform(-28.0, 28.0)), 5)
    return [
        ("COMMENT", "--------DATA REDUCTION PARAMETERS", ""),
        ("EXTRACT", "simulation", "Extraction method"),
        ("HELIO", True, "Heliocentric correction"),
        ("HELIO_RV", helio, "[km/s] Heliocentric correction"),
        ("VACUUM", True, "Wavelengths are in vacuum"),
    ]


def _analysis(
    stars: Stars,
    visits: Visits,
    spectra: VisitSpectra,
    rng: np.random.Generator,
    names: tuple[str, str, str],
) -> list[Card]:
    """Return what the pipeline of low resolution makes of the star."""
    row = spectra.visit
    star = int(visits.star[row])
    arm = spectra.arms[0]
    with np.errstate(invalid="ignore"):
        ratio = arm.flux * np.sqrt(arm.ivar)
    wavelength = arm.wavelength
    error = 5.0 + 300.0 / max(float(visits.snr_r[row]), 1.0)
    velocity = spectra.rv + error * rng.standard_normal()
    cards: list[Card] = [
        ("COMMENT", "--------SPECTRA ANALYSIS RESULTS", ""),
        ("CLASS", "STAR", "Class of object"),
        ("SUBCLASS", str(stars.spectral_type[star]), "Subclass of object"),
        ("Z", round(velocity / SPEED_OF_LIGHT, 8), "Redshift of object"),
        ("Z_ERR", round(error / SPEED_OF_LIGHT, 8), "Redshift error of object"),
    ]
    bands = ((3700.0, 3900.0), (4000.0, 5500.0), (6600.0, 6800.0))
    for name, (low, high) in zip(names, bands, strict=True):
        value = 0.76 * float(np.median(ratio[(wavelength > low) & (wavelength < high)]))
        cards.append((name, round(max(value, 0.0), 2), f"SNR of {name[-1].lower()} filter"))
    return cards


def _table_cards(width: int, n_rows: int, n_columns: int) -> list[Card]:
    return [
        ("XTENSION", "BINTABLE", "Binary table of a simulated survey"),
        ("BITPIX", 8, "Required value"),
        ("NAXIS", 2, "Required value"),
        ("NAXIS1", width, "Number of bytes per row"),
        ("NAXIS2", n_rows, "Number of rows"),
        ("PCOUNT", 0, "Normally 0 (no varying arrays)"),
        ("GCOUNT", 1, "Required value"),
        ("TFIELDS", n_columns, "Number of columns in table"),
    ]


def _columns(names: list[str] | tuple[str, ...], formats: list[str]) -> list[Card]:
    cards: list[Card] = [(f"TTYPE{i}", name, "") for i, name in enumerate(names, 1)]
    return cards + [(f"TFORM{i}", form, "") for i, form in enumerate(formats, 1)]
