"""LAMOST observations, spectra and the labels of its own pipeline."""

from __future__ import annotations

from sqlalchemy import ARRAY, REAL, BigInteger, Double, Integer, SmallInteger, String

from warehouse.columns import column, real_list
from warehouse.raw_tables.base import raw_table

lamost_observation = raw_table(
    "lamost_observation",
    "One row a LAMOST file: a fibre of a plate on a night, low or medium resolution.",
    ("obsid",),
    column(
        "obsid",
        BigInteger,
        "LAMOST obsid; negative where the file has none: a hash of night, plan and fibre",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "survey",
        String,
        "LAMOST-MRS, LAMOST-LRS, SIM-MRS or SIM-LRS",
        ucd="meta.id;instr",
        required=True,
    ),
    column("release", String, "Data release as the header has it", ucd="meta.version"),
    column(
        "layout",
        String,
        "Layout of the file, found from its content",
        ucd="meta.code.class",
        required=True,
    ),
    column("designation", String, "JHHMMSS.ss+DDMMSS.s", ucd="meta.id;src"),
    column("object_name", String, "Name of the target in the input catalogue", ucd="meta.id"),
    column(
        "object_type",
        String,
        "Type of the target in the input catalogue, trimmed, upper case",
        ucd="src.class",
    ),
    column("class", String, "Pipeline class (STAR, GALAXY, ...)", ucd="src.class"),
    column("subclass", String, "Pipeline subclass (A7V, ...)", ucd="src.spType"),
    column(
        "ra", Double, "Right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main", required=True
    ),
    column(
        "dec", Double, "Declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main", required=True
    ),
    column("mjd", Double, "Modified Julian Date of mid exposure, UTC", unit="d", ucd="time.epoch"),
    column("lmjd", Integer, "Local Modified Julian Day of the night", unit="d", ucd="time.epoch"),
    column("plan_id", String, "Plan", ucd="meta.id"),
    column("spectrograph", SmallInteger, "Spectrograph", ucd="meta.id;instr"),
    column("fibre", SmallInteger, "Fibre", ucd="meta.id;instr"),
    column(
        "snr_b",
        REAL,
        "S/N a pixel, blue arm (MRS) or g band (LRS); from flux and ivar if the header lacks it",
        ucd="stat.snr",
    ),
    column(
        "snr_r",
        REAL,
        "S/N a pixel, red arm (MRS) or r band (LRS); from flux and ivar if the header lacks it",
        ucd="stat.snr",
    ),
    column("redshift", Double, "Pipeline redshift", ucd="src.redshift"),
    column(
        "heliocentric_correction",
        REAL,
        "Applied correction",
        unit="km.s**-1",
        ucd="spect.dopplerVeloc",
    ),
    column("magnitude_type", String, "Bands of the input magnitudes", ucd="meta.note"),
    column(
        "magnitudes",
        real_list(),
        "Input catalogue's magnitudes, NaN where not given",
        unit="mag",
        ucd="phot.mag",
    ),
    column("file_name", String, "Name of the file", ucd="meta.ref", required=True),
    column("path", String, "Absolute path of the file", ucd="meta.ref", required=True),
    column("sha256", String, "SHA-256 of the file", ucd="meta.checksum", required=True),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

lamost_spectrum = raw_table(
    "lamost_spectrum",
    "One row a spectrum: a coadd or a single exposure of one arm, on the file's own grid.",
    ("obsid", "arm", "exposure"),
    column("obsid", BigInteger, "Observation", ucd="meta.id;meta.main", required=True),
    column(
        "arm",
        String,
        "B or R of MRS, L for the joined spectrum of LRS",
        ucd="instr.bandpass",
        required=True,
    ),
    column(
        "exposure",
        BigInteger,
        "0 for the coadd, else the Local Modified Julian Minute of the exposure",
        ucd="meta.id;obs.exposure",
        required=True,
    ),
    column("survey", String, "As in lamost_observation", ucd="meta.id;instr", required=True),
    column("snr", REAL, "Median of flux x sqrt(ivar) over the good pixels", ucd="stat.snr"),
    column("mjd", Double, "Modified Julian Date of the exposure", unit="d", ucd="time.epoch"),
    column("exposure_time", REAL, "Exposure time", unit="s", ucd="time.duration;obs.exposure"),
    column("n_pixels", Integer, "Pixels", ucd="meta.number", required=True),
    column(
        "log_wavelength_start",
        Double,
        "log10 of the first vacuum wavelength in 0.1 nm; NULL where the grid is not log-linear",
        ucd="em.wl",
    ),
    column(
        "log_wavelength_step", Double, "Step of log10 of the wavelength; NULL as above", ucd="em.wl"
    ),
    column(
        "wavelength",
        real_list(),
        "Vacuum heliocentric wavelength, increasing; NULL where start and step say it",
        unit="0.1nm",
        ucd="em.wl",
    ),
    column(
        "flux",
        real_list(),
        "Relative flux, as in the file",
        ucd="phot.flux.density;em.wl",
        required=True,
    ),
    column(
        "ivar",
        real_list(),
        "Inverse variance of the flux, as in the file",
        ucd="stat.weight",
        required=True,
    ),
    column(
        "and_mask",
        ARRAY(SmallInteger, dimensions=1),
        "Bits set in every exposure (coadds)",
        ucd="meta.code.qual",
    ),
    column(
        "or_mask",
        ARRAY(SmallInteger, dimensions=1),
        "Bits set in any exposure (coadds) or in this one (single exposures)",
        ucd="meta.code.qual",
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

lamost_stellar_parameters = raw_table(
    "lamost_stellar_parameters",
    "LASP: labels of the LAMOST stellar parameter pipeline, one row an obsid.",
    ("obsid",),
    column("obsid", BigInteger, "Observation", ucd="meta.id;meta.main", required=True),
    column("release", String, "Data release", ucd="meta.version"),
    column("teff", REAL, "Effective temperature", unit="K", ucd="phys.temperature.effective"),
    column(
        "teff_error", REAL, "Error of teff", unit="K", ucd="stat.error;phys.temperature.effective"
    ),
    column("logg", REAL, "Surface gravity, log10 of cm/s2", ucd="phys.gravity"),
    column("logg_error", REAL, "Error of logg", ucd="stat.error;phys.gravity"),
    column("m_h", REAL, "Metallicity", ucd="phys.abund.Z"),
    column("m_h_error", REAL, "Error of m_h", ucd="stat.error;phys.abund.Z"),
    column(
        "rv", REAL, "Heliocentric radial velocity", unit="km.s**-1", ucd="spect.dopplerVeloc.opt"
    ),
    column(
        "rv_error", REAL, "Error of rv", unit="km.s**-1", ucd="stat.error;spect.dopplerVeloc.opt"
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
