"""APOGEE: combined spectra of stars (apStar files) and the survey's table of them (allStar)."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Double, Integer, String

from warehouse.columns import column, real_list
from warehouse.raw_tables.base import raw_table

_MAS = "mas"
_KM_S = "km.s**-1"


def _magnitude(name: str, band: str, ucd: str) -> Column[float]:
    return column(name, Double, f"{band} magnitude", unit="mag", ucd=f"phot.mag;{ucd}")


apogee_star = raw_table(
    "apogee_star",
    "One row an apStar file: what its header says of the star.",
    ("apogee_id", "survey", "release", "telescope", "field"),
    column(
        "apogee_id",
        String,
        "Star, 2MHHMMSSss+DDMMSSs of 2MASS",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "survey", String, "APOGEE; SIM-APOGEE where simulated", ucd="meta.id;instr", required=True
    ),
    column(
        "release",
        String,
        "Data release or reduction: dr17, r6 ...",
        ucd="meta.version",
        required=True,
    ),
    column("telescope", String, "apo25m, lco25m, apo1m", ucd="instr.tel", required=True),
    column("field", String, "Field of the survey", ucd="meta.id;obs.field", required=True),
    column("ra", Double, "Right ascension, J2000", unit="deg", ucd="pos.eq.ra;meta.main"),
    column("dec", Double, "Declination, J2000", unit="deg", ucd="pos.eq.dec;meta.main"),
    column("n_visits", Integer, "Visits that were combined", ucd="meta.number;obs"),
    column("snr", Double, "Median S/N a pixel of the combined spectrum", ucd="stat.snr"),
    column("rv", Double, "Heliocentric radial velocity", unit=_KM_S, ucd="spect.dopplerVeloc.opt"),
    column("rv_error", Double, "Error of rv", unit=_KM_S, ucd="stat.error;spect.dopplerVeloc.opt"),
    column(
        "rv_scatter",
        Double,
        "Scatter of the visits' velocities",
        unit=_KM_S,
        ucd="stat.stdev;spect.dopplerVeloc.opt",
    ),
    _magnitude("j", "2MASS J", "em.IR.J"),
    _magnitude("h", "2MASS H", "em.IR.H"),
    _magnitude("k", "2MASS Ks", "em.IR.K"),
    column("targeting_1", BigInteger, "First targeting flags, bitwise", ucd="meta.code"),
    column("targeting_2", BigInteger, "Second targeting flags, bitwise", ucd="meta.code"),
    column("targeting_3", BigInteger, "Third targeting flags, bitwise", ucd="meta.code"),
    column("targeting_4", BigInteger, "Fourth targeting flags, bitwise", ucd="meta.code"),
    column("targeting_survey", String, "What the targeting flags are of", ucd="meta.id"),
    column("starflag", BigInteger, "Flags of the visits, OR of all", ucd="meta.code.qual"),
    column("file_name", String, "Name of the file", ucd="meta.ref", required=True),
    column("path", String, "Absolute path of the file", ucd="meta.ref", required=True),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

apogee_spectrum = raw_table(
    "apogee_spectrum",
    "One row an apStar file: the combined spectrum, 8,575 pixels from log10 of the vacuum "
    "wavelength in 0.1 nm of 4.179 in steps of 6e-6, at rest.",
    ("apogee_id", "survey", "release", "telescope", "field"),
    column("apogee_id", String, "Star, as in apogee_star", ucd="meta.id;meta.main", required=True),
    column("survey", String, "As in apogee_star", ucd="meta.id;instr", required=True),
    column("release", String, "As in apogee_star", ucd="meta.version", required=True),
    column("telescope", String, "As in apogee_star", ucd="instr.tel", required=True),
    column("field", String, "As in apogee_star", ucd="meta.id;obs.field", required=True),
    column(
        "flux",
        real_list(),
        "Flux, 0 where nothing was measured",
        unit="10**-19W.m**-2.nm**-1",
        ucd="phot.flux.density;em.wl",
        required=True,
    ),
    column(
        "error",
        real_list(),
        "Error of flux, 1e10 where nothing was measured",
        unit="10**-19W.m**-2.nm**-1",
        ucd="stat.error;phot.flux.density;em.wl",
        required=True,
    ),
    column(
        "mask",
        ARRAY(Integer, dimensions=1),
        "Bitwise flags of the pixels; NULL where the file has none",
        ucd="meta.code.qual",
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

apogee_allstar = raw_table(
    "apogee_allstar",
    "One row a star, telescope and field of an allStar table: identities, photometry, parallax, "
    "and labels of the survey's own pipeline.",
    ("apogee_id", "release", "telescope", "field"),
    column("apogee_id", String, "Star, 2MHHMMSSss+DDMMSSs", ucd="meta.id;meta.main", required=True),
    column("release", String, "Data release: DR14 ... DR17", ucd="meta.version", required=True),
    column("telescope", String, "apo25m, lco25m, apo1m", ucd="instr.tel", required=True),
    column("field", String, "Field of the survey", ucd="meta.id;obs.field", required=True),
    column("simulated", Boolean, "Whether the row is simulated", ucd="meta.code"),
    column("file_name", String, "Name of the apStar file", ucd="meta.ref"),
    column("ra", Double, "Right ascension, J2000", unit="deg", ucd="pos.eq.ra;meta.main"),
    column("dec", Double, "Declination, J2000", unit="deg", ucd="pos.eq.dec;meta.main"),
    column("snr", Double, "Median S/N a pixel", ucd="stat.snr"),
    column("rv", Double, "Heliocentric radial velocity", unit=_KM_S, ucd="spect.dopplerVeloc.opt"),
    column("gaia_source_id", BigInteger, "Gaia source of the survey's match", ucd="meta.id"),
    column("parallax", Double, "Gaia parallax", unit=_MAS, ucd="pos.parallax.trig"),
    column(
        "parallax_error", Double, "Error of parallax", unit=_MAS, ucd="stat.error;pos.parallax.trig"
    ),
    _magnitude("g", "Gaia G", "em.opt"),
    _magnitude("bp", "Gaia BP", "em.opt.B"),
    _magnitude("rp", "Gaia RP", "em.opt.R"),
    _magnitude("j", "2MASS J", "em.IR.J"),
    _magnitude("h", "2MASS H", "em.IR.H"),
    _magnitude("k", "2MASS Ks", "em.IR.K"),
    column(
        "teff",
        Double,
        "Effective temperature of the survey's pipeline",
        unit="K",
        ucd="phys.temperature.effective",
    ),
    column(
        "logg",
        Double,
        "Surface gravity of the survey's pipeline, log10 of cm/s2",
        ucd="phys.gravity",
    ),
    column("fe_h", Double, "[Fe/H] of the survey's pipeline", ucd="phys.abund.Fe"),
    column("starflag", BigInteger, "Flags of the visits, OR of all", ucd="meta.code.qual"),
    column("aspcapflag", BigInteger, "Flags of the survey's pipeline", ucd="meta.code.qual"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
