"""The observation, from the keywords of the primary header.

Dates. DATE-OBS is "the observation median UTC"; LMJD the local (Beijing, UTC+8) Modified
Julian Day of the night, counted from local noon; LMJM the local Modified Julian Minute at
which an exposure began, so that UTC is ``LMJM / 1440 - 8 / 24`` days. MJD is an integer
and, in files of the first release, a day or two late: it is not used. In medium-resolution
files DATE-OBS is the middle of the first exposure only, so there the exposures decide.

Names. LAMOST truncates coordinates in designations as the IAU asks (all 54 real files at
hand agree; rounding fails for 41).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ingest.files import BadFileError
from ingest.fits import Header
from ingest.lamost.model import Observation, Spectrum
from ingest.lamost.signal import signal_to_noise

BEIJING_DAYS = 8.0 / 24.0
_MJD_ZERO = datetime(1858, 11, 17)
#: LAMOST saw first light in 2008; nothing is observed after 2100.
_MJD_RANGE = (54000.0, 88000.0)
_DESIGNATION = re.compile(r"J\d{6}\.\d{2}[+-]\d{6}\.\d$")


def observation_from(
    header: Header, resolution: str, layout: str, spectra: Sequence[Spectrum]
) -> tuple[Observation, list[str]]:
    """Return the observation, and notes on what had to be guessed.

    Parameters
    ----------
    header
        Of the primary HDU.
    resolution
        ``LRS`` or ``MRS``.
    layout
        Name of the layout.
    spectra
        The file's good spectra.

    Raises
    ------
    BadFileError
        When position or identity are missing or impossible.
    """
    ra, dec = _position(header)
    notes: list[str] = []
    obsid = _obsid(header, notes)
    lmjd = _integer(header, "LMJD")
    snr_b, snr_r = _signal_to_noise(header, resolution, spectra)
    observation = Observation(
        obsid=obsid,
        survey=("SIM-" if header.get("SIMUL") is True else "LAMOST-") + resolution,
        release=header.text("DATA_V"),
        layout=layout,
        designation=_designation(header, ra, dec),
        object_name=header.text("OBJNAME"),
        object_type=(header.text("OBJTYPE") or "").upper() or None,
        class_=header.text("CLASS"),
        subclass=header.text("SUBCLASS"),
        ra=ra,
        dec=dec,
        mjd=_mid_exposure(header, lmjd, spectra),
        lmjd=lmjd,
        plan_id=header.text("PLANID"),
        spectrograph=_integer(header, "SPID", 1, 16),
        fibre=_integer(header, "FIBERID", 1, 250),
        snr_b=snr_b,
        snr_r=snr_r,
        redshift=_sane(header.number("Z"), -1.0, 20.0),
        heliocentric_correction=_sane(header.number("HELIO_RV"), -100.0, 100.0),
        magnitude_type=header.text("MAGTYPE"),
        magnitudes=[_magnitude(header.number(f"MAG{i}")) for i in range(1, 8)],
    )
    return observation, notes


def minute_to_mjd(minute: int) -> float:
    """Return the UTC Modified Julian Date of a Local Modified Julian Minute."""
    return minute / 1440.0 - BEIJING_DAYS


def designation_from(ra: float, dec: float) -> str:
    """Return ``JHHMMSS.ss+DDMMSS.s`` with truncated coordinates.

    Examples
    --------
    >>> designation_from(99.784706, 27.869712)
    'J063908.32+275210.9'
    >>> designation_from(45.19, -0.416899)
    'J030045.60-002500.8'
    """
    # a millionth of the last digit is added: 45.19 deg is 45.6 s but 45.5999... in binary
    centiseconds = math.floor(ra % 360.0 * 24000.0 + 1e-6) % 8_640_000
    deciseconds = math.floor(abs(dec) * 36000.0 + 1e-6)
    seconds, cs = divmod(centiseconds, 100)
    arcseconds, ds = divmod(deciseconds, 10)
    sign = "-" if dec < 0 else "+"
    return (
        f"J{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}.{cs:02d}"
        f"{sign}{arcseconds // 3600:02d}{arcseconds // 60 % 60:02d}{arcseconds % 60:02d}.{ds}"
    )


def _position(header: Header) -> tuple[float, float]:
    ra, dec = header.number("RA"), header.number("DEC")
    if ra is None or dec is None:
        missing = " and ".join(name for name, value in (("RA", ra), ("DEC", dec)) if value is None)
        raise BadFileError(
            f"no position: {missing} missing or no number in the primary header; download it "
            "again, a star without a place cannot be used"
        )
    if not (0.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        raise BadFileError(
            f"impossible position: RA = {ra:g}, DEC = {dec:g}: the header is damaged; download "
            "it again"
        )
    return ra, dec


def _obsid(header: Header, notes: list[str]) -> int:
    value = header.get("OBSID")
    number = header.number("OBSID")
    if number is not None and number == int(number) and 0 < number < 2**53:
        # through text, so that a large integer does not lose digits in a float
        return value if isinstance(value, int) else int(number)
    if value is not None and str(value).strip():
        # releases before DR4 have some that overflowed 16 bits: negative and not unique
        notes.append(f"OBSID {value} in the header is impossible, one was derived")
    else:
        notes.append("no OBSID in the header, one was derived")
    return derived_obsid(header)


def derived_obsid(header: Header) -> int:
    """Return a negative number that stands for night, plan, spectrograph and fibre.

    Raises
    ------
    BadFileError
        When the header lacks them and FILENAME too.
    """
    parts = [header.text(name) for name in ("LMJD", "PLANID", "SPID", "FIBERID")]
    if None in parts:
        file_name = header.text("FILENAME")
        if file_name is None:
            raise BadFileError(
                "no identity: the header has neither OBSID nor LMJD, PLANID, SPID and FIBERID "
                "nor FILENAME; download it again"
            )
        parts = [file_name.removesuffix(".gz")]
    digest = hashlib.blake2b("|".join(str(part) for part in parts).encode(), digest_size=8)
    # 2^48 and above in size: no integer that overflowed in a pipeline comes near
    return -(2**48 + int.from_bytes(digest.digest()) % 2**62)


def _designation(header: Header, ra: float, dec: float) -> str:
    given = (header.text("DESIG") or "").removeprefix("LAMOST").strip()
    return given if _DESIGNATION.match(given) else designation_from(ra, dec)


def _signal_to_noise(
    header: Header, resolution: str, spectra: Sequence[Spectrum]
) -> tuple[float | None, float | None]:
    if resolution == "LRS":
        joined = next((spectrum for spectrum in spectra if spectrum.arm == "L"), None)
        blue = _header_snr(header, "SNRG", "SN_G")
        red = _header_snr(header, "SNRR", "SN_R")
        if joined is not None:
            blue = _band_snr(joined, 4000.0, 5500.0) if blue is None else blue
            red = _band_snr(joined, 5600.0, 6900.0) if red is None else red
        return blue, red
    return _arm_snr(spectra, "B"), _arm_snr(spectra, "R")


def _header_snr(header: Header, *names: str) -> float | None:
    for name in names:
        value = _sane(header.number(name), 0.0, 1e5)
        if value is not None:
            return value
    return None


def _arm_snr(spectra: Sequence[Spectrum], arm: str) -> float | None:
    """S/N of an arm's coadd; without a coadd that of the exposures, added in squares."""
    own = [spectrum for spectrum in spectra if spectrum.arm == arm]
    for spectrum in own:
        if spectrum.exposure == 0:
            return spectrum.snr if spectrum.header_snr is None else spectrum.header_snr
    values = [spectrum.snr for spectrum in own if spectrum.snr is not None]
    return math.sqrt(sum(max(value, 0.0) ** 2 for value in values)) if values else None


def _band_snr(spectrum: Spectrum, low: float, high: float) -> float | None:
    wavelength = spectrum.grid.values(len(spectrum.flux))
    inside = (wavelength > low) & (wavelength < high)
    return signal_to_noise(spectrum.flux[inside], spectrum.ivar[inside])


def _mid_exposure(header: Header, lmjd: int | None, spectra: Sequence[Spectrum]) -> float | None:
    times = [
        (spectrum.mjd, spectrum.exposure_time or 1.0)
        for spectrum in spectra
        if spectrum.exposure != 0 and spectrum.mjd is not None
    ]
    candidates: list[float | None] = []
    if times:
        weight = sum(seconds for _, seconds in times)
        candidates.append(sum(mjd * seconds for mjd, seconds in times) / weight)
    candidates.append(_date(header, "DATE-OBS"))
    begin, end = _date(header, "DATE-BEG"), _date(header, "DATE-END")
    if begin is not None and end is not None:
        candidates.append((begin + end) / 2.0 - BEIJING_DAYS)  # these two are local time
    for mjd in candidates:
        if mjd is None or not _MJD_RANGE[0] < mjd < _MJD_RANGE[1]:
            continue
        if lmjd is None or abs(mjd - lmjd) < 2.0:
            return mjd
    return None


def _date(header: Header, keyword: str) -> float | None:
    text = header.text(keyword)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    return (time - _MJD_ZERO) / timedelta(days=1)


def _integer(header: Header, keyword: str, low: int = 0, high: int = 2**31 - 1) -> int | None:
    number = header.number(keyword)
    if number is None or number != int(number) or not low <= number <= high:
        return None
    return int(number)


def _sane(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None


def _magnitude(value: float | None) -> float:
    return value if value is not None and -5.0 < value < 40.0 else math.nan
