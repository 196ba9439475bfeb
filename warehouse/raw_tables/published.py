"""Published labels of LAMOST spectra: radial velocities and OB classifications."""

from __future__ import annotations

from sqlalchemy import REAL, BigInteger, Double, String

from warehouse.columns import column
from warehouse.raw_tables.base import raw_table

_KM_S = "km.s**-1"
_VELOCITY = "spect.dopplerVeloc.opt"
_ERROR = "stat.error;spect.dopplerVeloc.opt"

radial_velocity = raw_table(
    "radial_velocity",
    "Published radial velocities of LAMOST spectra, one row a reference, observation and exposure.",
    ("reference", "obsid", "exposure"),
    column("reference", String, "Short name of the paper", ucd="meta.bib", required=True),
    column("obsid", BigInteger, "LAMOST obsid", ucd="meta.id;meta.main", required=True),
    column(
        "exposure",
        BigInteger,
        "Local Modified Julian Minute of the exposure; 0 where the table has none",
        ucd="meta.id;obs.exposure",
        required=True,
    ),
    column("ra", Double, "Right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main"),
    column("dec", Double, "Declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main"),
    column("mjd", Double, "Modified Julian Date of mid exposure", unit="d", ucd="time.epoch"),
    column("snr_b", REAL, "S/N of the blue arm", ucd="stat.snr;em.opt.B"),
    column("snr_r", REAL, "S/N of the red arm", ucd="stat.snr;em.opt.R"),
    column("rv_b", REAL, "Velocity of the blue arm, as measured", unit=_KM_S, ucd=_VELOCITY),
    column("rv_b_error", REAL, "Error of rv_b", unit=_KM_S, ucd=_ERROR),
    column("rv_b_zero_point", REAL, "To be added to rv_b", unit=_KM_S, ucd=_VELOCITY),
    column("rv_r", REAL, "Velocity of the red arm, as measured", unit=_KM_S, ucd=_VELOCITY),
    column("rv_r_error", REAL, "Error of rv_r", unit=_KM_S, ucd=_ERROR),
    column("rv_r_zero_point", REAL, "To be added to rv_r", unit=_KM_S, ucd=_VELOCITY),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

ob_star = raw_table(
    "ob_star",
    "OB stars found among LAMOST spectra, one row a reference, star and spectrum.",
    ("reference", "name", "obsid"),
    column("reference", String, "Short name of the paper", ucd="meta.bib", required=True),
    column("name", String, "Designation in the paper", ucd="meta.id;meta.main", required=True),
    column(
        "obsid",
        BigInteger,
        "LAMOST obsid; 0 where the table has none",
        ucd="meta.id",
        required=True,
    ),
    column(
        "ra", Double, "Right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main", required=True
    ),
    column(
        "dec", Double, "Declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main", required=True
    ),
    column("spectral_type", String, "Spectral type in the paper", ucd="src.spType"),
    column("luminosity_class", String, "Luminosity class in the paper", ucd="src.class.luminosity"),
    column("snr", REAL, "S/N of the spectrum", ucd="stat.snr"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
