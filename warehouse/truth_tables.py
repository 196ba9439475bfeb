"""Schema ``truth``: what the simulated survey put in; no model of the catalogues reads it."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
)

from warehouse.columns import column

metadata = MetaData(schema="truth")

_KM_S = "km.s**-1"


def _magnitude(name: str, band: str, ucd: str) -> Column[float]:
    return column(
        name, REAL, f"True {band}, extinction included", unit="mag", ucd=f"phot.mag;{ucd}"
    )


stars = Table(
    "stars",
    metadata,
    column(
        "designation",
        String,
        "Star, JHHMMSS.ss+DDMMSS.s, of its position at J2000",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "kind",
        String,
        "B, Be, O, Oe, A, F, G, K, M, supergiant, Herbig, HII or SB2",
        ucd="src.class",
        required=True,
    ),
    column("spectral_type", String, "True MK type", ucd="src.spType"),
    column(
        "ra", Double, "True right ascension, ICRS, J2016", unit="deg", ucd="pos.eq.ra;meta.main"
    ),
    column("dec", Double, "True declination, ICRS, J2016", unit="deg", ucd="pos.eq.dec;meta.main"),
    column("teff", REAL, "Effective temperature", unit="K", ucd="phys.temperature.effective"),
    column("logg", REAL, "Surface gravity, log10 of cm/s2", ucd="phys.gravity"),
    column("m_h", REAL, "Metallicity", ucd="phys.abund.Z"),
    column("vsini", REAL, "Projected rotation", unit=_KM_S, ucd="phys.veloc.rotat"),
    column("rv", REAL, "Systemic radial velocity", unit=_KM_S, ucd="spect.dopplerVeloc.opt"),
    column("ebv", REAL, "E(B-V)", unit="mag", ucd="phot.color.excess"),
    column("distance", REAL, "Distance", unit="pc", ucd="pos.distance"),
    column("parallax", Double, "Parallax", unit="mas", ucd="pos.parallax.trig"),
    column(
        "pmra",
        Double,
        "Proper motion in right ascension x cos(dec)",
        unit="mas.yr**-1",
        ucd="pos.pm;pos.eq.ra",
    ),
    column(
        "pmdec", Double, "Proper motion in declination", unit="mas.yr**-1", ucd="pos.pm;pos.eq.dec"
    ),
    column(
        "v_peculiar", REAL, "Peculiar tangential speed", unit=_KM_S, ucd="phys.veloc.transverse"
    ),
    column(
        "is_be",
        Boolean,
        "Whether it has an excretion disc: Be and Oe stars",
        ucd="meta.code",
        required=True,
    ),
    column("is_runaway", Boolean, "Whether it runs away", ucd="meta.code", required=True),
    column("cluster", String, "Open cluster; NULL in the field", ucd="meta.id.parent"),
    column(
        "emission_ew",
        REAL,
        "H-alpha emission above the photosphere, before its change with time",
        unit="0.1nm",
        ucd="spect.line.eqWidth",
    ),
    column("inclination", REAL, "Of the axis; 90 is edge-on", unit="deg", ucd="pos.posAng"),
    column("disc_radius", REAL, "Outer radius in stellar radii; 0 without a disc", ucd="phys.size"),
    column("disc_v_over_r", REAL, "Asymmetry of the disc, -0.5 to 0.5", ucd="stat.value"),
    column("p_cygni", Boolean, "Whether H-alpha has a P-Cygni profile", ucd="meta.code"),
    column("nebular", REAL, "Strength of nebular lines; 0 none", ucd="stat.value"),
    column(
        "companion_teff", REAL, "Of the second star", unit="K", ucd="phys.temperature.effective"
    ),
    column("companion_light", REAL, "Its fraction of the light; 0 single", ucd="arith.ratio"),
    column(
        "companion_amplitude",
        REAL,
        "Velocity amplitude of the first star",
        unit=_KM_S,
        ucd="phys.veloc",
    ),
    column("period", REAL, "Of the orbit", unit="d", ucd="time.period"),
    column(
        "m_ks",
        REAL,
        "Absolute Ks magnitude without extinction, companion and disc included",
        unit="mag",
        ucd="phys.magAbs;em.IR.K",
    ),
    _magnitude("g", "G", "em.opt"),
    _magnitude("bp", "BP", "em.opt.B"),
    _magnitude("rp", "RP", "em.opt.R"),
    _magnitude("j", "J", "em.IR.J"),
    _magnitude("h", "H", "em.IR.H"),
    _magnitude("k", "Ks", "em.IR.K"),
    _magnitude("w1", "W1", "em.IR.3-4um"),
    _magnitude("w2", "W2", "em.IR.4-8um"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
    comment="Stars of the simulated survey as they are, one row a star.",
    info={"key": ("designation",)},
)

spectra = Table(
    "spectra",
    metadata,
    column(
        "obsid",
        BigInteger,
        "Observation, as raw.lamost_observation has it",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column("designation", String, "Star, as in truth.stars", ucd="meta.id;src", required=True),
    column("resolution", String, "mrs or lrs", ucd="instr.setup", required=True),
    column("mjd", Double, "Modified Julian Date of mid exposure", unit="d", ucd="time.epoch"),
    column("lmjd", Integer, "Local Modified Julian Day of the night", unit="d", ucd="time.epoch"),
    column("plan_id", String, "Plan", ucd="meta.id"),
    column("spectrograph", SmallInteger, "Spectrograph", ucd="meta.id;instr"),
    column("fibre", SmallInteger, "Fibre", ucd="meta.id;instr"),
    column("snr_b", REAL, "S/N a pixel that was aimed at, blue", ucd="stat.snr"),
    column("snr_r", REAL, "S/N a pixel that was aimed at, red", ucd="stat.snr"),
    column(
        "emission_ew",
        REAL,
        "H-alpha emission above the photosphere in this visit",
        unit="0.1nm",
        ucd="spect.line.eqWidth",
    ),
    column(
        "rv",
        REAL,
        "Radial velocity of the first star in this visit",
        unit=_KM_S,
        ucd="spect.dopplerVeloc.opt",
    ),
    column("has_emission", Boolean, "Whether any H-alpha emission was put in", ucd="meta.code"),
    column(
        "emission_peak",
        REAL,
        "Greatest height of the emission above the photosphere, in units of the continuum",
        ucd="spect.line.intensity",
    ),
    column(
        "emission_significance",
        REAL,
        "S/N of the emission summed over its pixels: what the best detection could reach",
        ucd="stat.snr",
    ),
    column(
        "profile",
        String,
        "Class of the H-alpha profile without noise: none, single peak, symmetric double peak, "
        "asymmetric double peak, peak in absorption, double peak in absorption, shell in "
        "emission, shell in absorption, P Cygni or nebular",
        ucd="meta.code.class",
    ),
    column("n_cosmic_rays", Integer, "Cosmic rays put in, all arms", ucd="meta.number"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
    comment="Visits of the simulated survey as they are, one row an observation.",
    info={"key": ("obsid",)},
)

apogee_stars = Table(
    "apogee_stars",
    metadata,
    column(
        "apogee_id",
        String,
        "Star, as in raw.apogee_star",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "kind",
        String,
        "dwarf, giant, young, hot (O to F dwarfs and giants) or supergiant",
        ucd="src.class",
        required=True,
    ),
    column("spectral_type", String, "True MK type of hot stars", ucd="src.spType"),
    column("teff", REAL, "Effective temperature", unit="K", ucd="phys.temperature.effective"),
    column("logg", REAL, "Surface gravity, log10 of cm/s2", ucd="phys.gravity"),
    column("fe_h", REAL, "[Fe/H]", ucd="phys.abund.Fe"),
    column("vsini", REAL, "Projected rotation", unit=_KM_S, ucd="phys.veloc.rotat"),
    column("rv", REAL, "Radial velocity", unit=_KM_S, ucd="spect.dopplerVeloc.opt"),
    column("distance", REAL, "Distance", unit="pc", ucd="pos.distance"),
    column("ebv", REAL, "E(B-V)", unit="mag", ucd="phot.color.excess"),
    column("run_id", String, "Run that loaded it", ucd="meta.id"),
    comment="One row a star of the simulated near-infrared survey: what was put in.",
    info={"key": ("apogee_id",)},
)
