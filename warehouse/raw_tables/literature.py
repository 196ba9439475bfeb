"""Open clusters, known emission-line stars and spectral types."""

from __future__ import annotations

from sqlalchemy import REAL, BigInteger, Boolean, Double, Integer, SmallInteger, String

from warehouse.columns import column
from warehouse.raw_tables.base import raw_table

cluster = raw_table(
    "cluster",
    "Open clusters and their parameters, one row a cluster and reference.",
    ("reference", "cluster"),
    column("reference", String, "Short name of the paper", ucd="meta.bib", required=True),
    column(
        "cluster",
        String,
        "Name, blanks trimmed, underscores as blanks",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column("ra", Double, "Right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main"),
    column("dec", Double, "Declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main"),
    column(
        "radius_50", REAL, "Radius that holds half of the members", unit="deg", ucd="phys.angSize"
    ),
    column("n_members", Integer, "Members", ucd="meta.number"),
    column(
        "pmra",
        REAL,
        "Mean proper motion in right ascension x cos(dec)",
        unit="mas.yr**-1",
        ucd="pos.pm;pos.eq.ra",
    ),
    column(
        "pmra_dispersion",
        REAL,
        "Its dispersion",
        unit="mas.yr**-1",
        ucd="stat.stdev;pos.pm;pos.eq.ra",
    ),
    column(
        "pmdec",
        REAL,
        "Mean proper motion in declination",
        unit="mas.yr**-1",
        ucd="pos.pm;pos.eq.dec",
    ),
    column(
        "pmdec_dispersion",
        REAL,
        "Its dispersion",
        unit="mas.yr**-1",
        ucd="stat.stdev;pos.pm;pos.eq.dec",
    ),
    column("parallax", REAL, "Mean parallax", unit="mas", ucd="pos.parallax.trig"),
    column(
        "parallax_dispersion",
        REAL,
        "Its dispersion",
        unit="mas",
        ucd="stat.stdev;pos.parallax.trig",
    ),
    column("distance", REAL, "Distance", unit="pc", ucd="pos.distance"),
    column("distance_error", REAL, "Error of distance", unit="pc", ucd="stat.error;pos.distance"),
    column("v_r", REAL, "Radial velocity", unit="km.s**-1", ucd="spect.dopplerVeloc"),
    column("v_r_error", REAL, "Error of v_r", unit="km.s**-1", ucd="stat.error;spect.dopplerVeloc"),
    column("log_age", REAL, "log10 of the age in years", ucd="time.age"),
    column("log_age_error", REAL, "Error of log_age", ucd="stat.error;time.age"),
    column("fe_h", REAL, "[Fe/H]", ucd="phys.abund.Fe"),
    column("fe_h_error", REAL, "Error of fe_h", ucd="stat.error;phys.abund.Fe"),
    column("a_v", REAL, "Extinction A_V", unit="mag", ucd="phys.absorption;em.opt.V"),
    column(
        "a_v_error", REAL, "Error of a_v", unit="mag", ucd="stat.error;phys.absorption;em.opt.V"
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

cluster_member = raw_table(
    "cluster_member",
    "Stars of open clusters with membership probabilities; a star may stand in several clusters.",
    ("reference", "cluster", "source_id"),
    column("reference", String, "Short name of the paper", ucd="meta.bib", required=True),
    column("cluster", String, "Name, as in raw.cluster", ucd="meta.id", required=True),
    column(
        "source_id",
        BigInteger,
        "Gaia DR2 source identifier",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "ra",
        Double,
        "Right ascension, ICRS, epoch 2015.5, in [0, 360)",
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        required=True,
    ),
    column(
        "dec",
        Double,
        "Declination, ICRS, epoch 2015.5",
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        required=True,
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
    column("parallax", Double, "Parallax", unit="mas", ucd="pos.parallax.trig"),
    column(
        "parallax_error", REAL, "Error of parallax", unit="mas", ucd="stat.error;pos.parallax.trig"
    ),
    column("probability", REAL, "Membership probability", ucd="stat.probability"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

literature_star = raw_table(
    "literature_star",
    "Known Be, Herbig Ae/Be and H II-contaminated stars, one row a star and reference.",
    ("reference", "name"),
    column(
        "reference",
        String,
        "Short name of the paper (Neiner+2011, Hou+2016, ...)",
        ucd="meta.bib",
        required=True,
    ),
    column(
        "name", String, "Name or designation in the paper", ucd="meta.id;meta.main", required=True
    ),
    column("object_type", String, "CBe, HAeBe or HII", ucd="src.class", required=True),
    column(
        "ra", Double, "Right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main", required=True
    ),
    column(
        "dec", Double, "Declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main", required=True
    ),
    column("spectral_type", String, "Spectral type in the paper", ucd="src.spType"),
    column(
        "simulated",
        Boolean,
        "Whether the row comes from the simulated survey",
        ucd="meta.code",
        required=True,
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

spectral_type = raw_table(
    "spectral_type",
    "MK spectral types from the literature, one row a star, reference and publication.",
    ("reference", "name", "bibcode", "spectral_type"),
    column(
        "reference",
        String,
        "Compilation: Skiff 2014, Kharchenko+2009, SIMBAD",
        ucd="meta.bib",
        required=True,
    ),
    column("name", String, "Name in the compilation", ucd="meta.id;meta.main", required=True),
    column(
        "ra", Double, "Right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main", required=True
    ),
    column(
        "dec", Double, "Declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main", required=True
    ),
    column("spectral_type", String, "Type as printed", ucd="src.spType", required=True),
    column(
        "bibcode",
        String,
        "Publication the type comes from; empty where not given",
        ucd="meta.bib.bibcode",
        required=True,
    ),
    column("year", SmallInteger, "Year of that publication", unit="yr", ucd="time.publiYear"),
    column(
        "simulated",
        Boolean,
        "Whether the row comes from the simulated survey",
        ucd="meta.code",
        required=True,
    ),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
