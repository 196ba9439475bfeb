"""Gaia, 2MASS, AllWISE, and what is derived from them: distances and reddening."""

from __future__ import annotations

from sqlalchemy import REAL, BigInteger, Double, SmallInteger, String

from warehouse.columns import column
from warehouse.raw_tables.base import raw_table

gaia_source = raw_table(
    "gaia_source",
    "Gaia sources: astrometry, quality and photometry, one row a source and release.",
    ("release", "source_id"),
    column(
        "release",
        String,
        "DR2, EDR3 or DR3; SIM before it for the simulated survey",
        ucd="meta.version",
        required=True,
    ),
    column(
        "source_id", BigInteger, "Gaia source identifier", ucd="meta.id;meta.main", required=True
    ),
    column(
        "ra",
        Double,
        "Right ascension, ICRS, at ref_epoch",
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        required=True,
    ),
    column("ra_error", REAL, "Error of ra x cos(dec)", unit="mas", ucd="stat.error;pos.eq.ra"),
    column(
        "dec",
        Double,
        "Declination, ICRS, at ref_epoch",
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        required=True,
    ),
    column("dec_error", REAL, "Error of dec", unit="mas", ucd="stat.error;pos.eq.dec"),
    column(
        "ref_epoch",
        Double,
        "Epoch of the position, Julian year, TCB",
        unit="yr",
        ucd="meta.ref;time.epoch",
    ),
    column("parallax", Double, "Parallax", unit="mas", ucd="pos.parallax.trig"),
    column(
        "parallax_error", REAL, "Error of parallax", unit="mas", ucd="stat.error;pos.parallax.trig"
    ),
    column(
        "pmra",
        Double,
        "Proper motion in right ascension x cos(dec)",
        unit="mas.yr**-1",
        ucd="pos.pm;pos.eq.ra",
    ),
    column(
        "pmra_error", REAL, "Error of pmra", unit="mas.yr**-1", ucd="stat.error;pos.pm;pos.eq.ra"
    ),
    column(
        "pmdec", Double, "Proper motion in declination", unit="mas.yr**-1", ucd="pos.pm;pos.eq.dec"
    ),
    column(
        "pmdec_error", REAL, "Error of pmdec", unit="mas.yr**-1", ucd="stat.error;pos.pm;pos.eq.dec"
    ),
    column("ra_dec_corr", REAL, "Correlation of ra and dec", ucd="stat.correlation"),
    column("ra_parallax_corr", REAL, "Correlation of ra and parallax", ucd="stat.correlation"),
    column("ra_pmra_corr", REAL, "Correlation of ra and pmra", ucd="stat.correlation"),
    column("ra_pmdec_corr", REAL, "Correlation of ra and pmdec", ucd="stat.correlation"),
    column("dec_parallax_corr", REAL, "Correlation of dec and parallax", ucd="stat.correlation"),
    column("dec_pmra_corr", REAL, "Correlation of dec and pmra", ucd="stat.correlation"),
    column("dec_pmdec_corr", REAL, "Correlation of dec and pmdec", ucd="stat.correlation"),
    column("parallax_pmra_corr", REAL, "Correlation of parallax and pmra", ucd="stat.correlation"),
    column(
        "parallax_pmdec_corr", REAL, "Correlation of parallax and pmdec", ucd="stat.correlation"
    ),
    column("pmra_pmdec_corr", REAL, "Correlation of pmra and pmdec", ucd="stat.correlation"),
    column("ruwe", REAL, "Renormalised unit weight error", ucd="stat.error"),
    column("astrometric_params_solved", SmallInteger, "3, 31 or 95", ucd="meta.code"),
    column(
        "nu_eff_used_in_astrometry",
        REAL,
        "Effective wavenumber",
        unit="um**-1",
        ucd="em.wavenumber",
    ),
    column(
        "pseudocolour",
        REAL,
        "Pseudocolour of 6-parameter solutions",
        unit="um**-1",
        ucd="em.wavenumber",
    ),
    column("ecl_lat", Double, "Ecliptic latitude", unit="deg", ucd="pos.ecliptic.lat"),
    column("phot_g_mean_mag", REAL, "G", unit="mag", ucd="phot.mag;em.opt"),
    column(
        "phot_g_mean_mag_error", REAL, "Error of G", unit="mag", ucd="stat.error;phot.mag;em.opt"
    ),
    column("phot_bp_mean_mag", REAL, "BP", unit="mag", ucd="phot.mag;em.opt.B"),
    column(
        "phot_bp_mean_mag_error",
        REAL,
        "Error of BP",
        unit="mag",
        ucd="stat.error;phot.mag;em.opt.B",
    ),
    column("phot_rp_mean_mag", REAL, "RP", unit="mag", ucd="phot.mag;em.opt.R"),
    column(
        "phot_rp_mean_mag_error",
        REAL,
        "Error of RP",
        unit="mag",
        ucd="stat.error;phot.mag;em.opt.R",
    ),
    column("phot_bp_rp_excess_factor", REAL, "Flux excess factor", ucd="stat.fit.goodness"),
    column(
        "radial_velocity", REAL, "Radial velocity", unit="km.s**-1", ucd="spect.dopplerVeloc.opt"
    ),
    column(
        "radial_velocity_error",
        REAL,
        "Its error",
        unit="km.s**-1",
        ucd="stat.error;spect.dopplerVeloc.opt",
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

twomass_source = raw_table(
    "twomass_source",
    "2MASS point sources (II/246).",
    ("designation",),
    column(
        "designation",
        String,
        "2MASS designation, HHMMSSss+DDMMSSs",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column("release", String, "Release; SIM for the simulated survey", ucd="meta.version"),
    column(
        "ra",
        Double,
        "Right ascension, ICRS, at the time of observation",
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        required=True,
    ),
    column(
        "dec",
        Double,
        "Declination, ICRS, at the time of observation",
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        required=True,
    ),
    column(
        "position_error",
        REAL,
        "Semi-major axis of the error ellipse",
        unit="arcsec",
        ucd="stat.error;pos.eq",
    ),
    column("jd", Double, "Julian Date of observation", unit="d", ucd="time.epoch"),
    column("j", REAL, "J", unit="mag", ucd="phot.mag;em.IR.J"),
    column("j_error", REAL, "Error of J", unit="mag", ucd="stat.error;phot.mag;em.IR.J"),
    column("h", REAL, "H", unit="mag", ucd="phot.mag;em.IR.H"),
    column("h_error", REAL, "Error of H", unit="mag", ucd="stat.error;phot.mag;em.IR.H"),
    column("k", REAL, "Ks", unit="mag", ucd="phot.mag;em.IR.K"),
    column("k_error", REAL, "Error of Ks", unit="mag", ucd="stat.error;phot.mag;em.IR.K"),
    column("quality_flag", String, "ph_qual", ucd="meta.code.qual"),
    column("contamination_flag", String, "cc_flg", ucd="meta.code.qual"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

allwise_source = raw_table(
    "allwise_source",
    "AllWISE sources (II/328).",
    ("designation",),
    column("designation", String, "AllWISE designation", ucd="meta.id;meta.main", required=True),
    column("release", String, "Release; SIM for the simulated survey", ucd="meta.version"),
    column(
        "ra",
        Double,
        "Right ascension, ICRS, epoch 2010.5",
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        required=True,
    ),
    column(
        "dec",
        Double,
        "Declination, ICRS, epoch 2010.5",
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        required=True,
    ),
    column("position_error", REAL, "Error of the position", unit="arcsec", ucd="stat.error;pos.eq"),
    column("w1", REAL, "W1", unit="mag", ucd="phot.mag;em.IR.3-4um"),
    column("w1_error", REAL, "Error of W1", unit="mag", ucd="stat.error;phot.mag;em.IR.3-4um"),
    column("w2", REAL, "W2", unit="mag", ucd="phot.mag;em.IR.4-8um"),
    column("w2_error", REAL, "Error of W2", unit="mag", ucd="stat.error;phot.mag;em.IR.4-8um"),
    column("w3", REAL, "W3", unit="mag", ucd="phot.mag;em.IR.8-15um"),
    column("w3_error", REAL, "Error of W3", unit="mag", ucd="stat.error;phot.mag;em.IR.8-15um"),
    column("w4", REAL, "W4", unit="mag", ucd="phot.mag;em.IR.15-30um"),
    column("w4_error", REAL, "Error of W4", unit="mag", ucd="stat.error;phot.mag;em.IR.15-30um"),
    column("quality_flag", String, "qph", ucd="meta.code.qual"),
    column("contamination_flag", String, "ccf", ucd="meta.code.qual"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

distance = raw_table(
    "distance",
    "Bailer-Jones+2021 distances (I/352), one row a Gaia source.",
    ("release", "source_id"),
    column(
        "release", String, "Gaia release the distance rests on", ucd="meta.version", required=True
    ),
    column(
        "source_id", BigInteger, "Gaia source identifier", ucd="meta.id;meta.main", required=True
    ),
    column("distance", REAL, "Median of the geometric posterior", unit="pc", ucd="pos.distance"),
    column("distance_low", REAL, "16th percentile", unit="pc", ucd="pos.distance;stat.min"),
    column("distance_high", REAL, "84th percentile", unit="pc", ucd="pos.distance;stat.max"),
    column(
        "photogeometric_distance",
        REAL,
        "Median of the photogeometric posterior",
        unit="pc",
        ucd="pos.distance",
    ),
    column(
        "photogeometric_distance_low",
        REAL,
        "16th percentile",
        unit="pc",
        ucd="pos.distance;stat.min",
    ),
    column(
        "photogeometric_distance_high",
        REAL,
        "84th percentile",
        unit="pc",
        ucd="pos.distance;stat.max",
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

reddening = raw_table(
    "reddening",
    "E(B-V) sampled from a three-dimensional dust map at a star's place and distance.",
    ("dust_map", "designation"),
    column(
        "dust_map",
        String,
        "Name of the map (Bayestar19); SIM before it for the simulated survey",
        ucd="meta.id",
        required=True,
    ),
    column("designation", String, "Star, JHHMMSS.ss+DDMMSS.s", ucd="meta.id;src", required=True),
    column("ra", Double, "Right ascension that was asked for", unit="deg", ucd="pos.eq.ra"),
    column("dec", Double, "Declination that was asked for", unit="deg", ucd="pos.eq.dec"),
    column("distance", REAL, "Distance that was asked for", unit="pc", ucd="pos.distance"),
    column("ebv", REAL, "E(B-V)", unit="mag", ucd="phot.color.excess"),
    column("ebv_error", REAL, "Error of ebv", unit="mag", ucd="stat.error;phot.color.excess"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
