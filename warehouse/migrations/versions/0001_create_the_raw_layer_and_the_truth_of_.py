"""Create the raw layer and the truth of simulations.

Revision: 0001
After:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allwise_source",
        sa.Column(
            "designation",
            sa.String(),
            nullable=False,
            comment="AllWISE designation; UCD meta.id;meta.main",
        ),
        sa.Column(
            "release",
            sa.String(),
            nullable=True,
            comment="Release; SIM for the simulated survey; UCD meta.version",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS, epoch 2010.5; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS, epoch 2010.5; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "position_error",
            sa.REAL(),
            nullable=True,
            comment="Error of the position; unit arcsec; UCD stat.error;pos.eq",
        ),
        sa.Column("w1", sa.REAL(), nullable=True, comment="W1; unit mag; UCD phot.mag;em.IR.3-4um"),
        sa.Column(
            "w1_error",
            sa.REAL(),
            nullable=True,
            comment="Error of W1; unit mag; UCD stat.error;phot.mag;em.IR.3-4um",
        ),
        sa.Column("w2", sa.REAL(), nullable=True, comment="W2; unit mag; UCD phot.mag;em.IR.4-8um"),
        sa.Column(
            "w2_error",
            sa.REAL(),
            nullable=True,
            comment="Error of W2; unit mag; UCD stat.error;phot.mag;em.IR.4-8um",
        ),
        sa.Column(
            "w3", sa.REAL(), nullable=True, comment="W3; unit mag; UCD phot.mag;em.IR.8-15um"
        ),
        sa.Column(
            "w3_error",
            sa.REAL(),
            nullable=True,
            comment="Error of W3; unit mag; UCD stat.error;phot.mag;em.IR.8-15um",
        ),
        sa.Column(
            "w4", sa.REAL(), nullable=True, comment="W4; unit mag; UCD phot.mag;em.IR.15-30um"
        ),
        sa.Column(
            "w4_error",
            sa.REAL(),
            nullable=True,
            comment="Error of W4; unit mag; UCD stat.error;phot.mag;em.IR.15-30um",
        ),
        sa.Column("quality_flag", sa.String(), nullable=True, comment="qph; UCD meta.code.qual"),
        sa.Column(
            "contamination_flag", sa.String(), nullable=True, comment="ccf; UCD meta.code.qual"
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="AllWISE sources (II/328).",
    )
    op.create_table(
        "cluster",
        sa.Column(
            "reference",
            sa.String(),
            nullable=False,
            comment="Short name of the paper; UCD meta.bib",
        ),
        sa.Column(
            "cluster",
            sa.String(),
            nullable=False,
            comment="Name, blanks trimmed, underscores as blanks; UCD meta.id;meta.main",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=True,
            comment="Right ascension, ICRS; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=True,
            comment="Declination, ICRS; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "radius_50",
            sa.REAL(),
            nullable=True,
            comment="Radius that holds half of the members; unit deg; UCD phys.angSize",
        ),
        sa.Column("n_members", sa.Integer(), nullable=True, comment="Members; UCD meta.number"),
        sa.Column(
            "pmra",
            sa.REAL(),
            nullable=True,
            comment="Mean proper motion in right ascension x cos(dec); unit mas.yr**-1; UCD pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmra_dispersion",
            sa.REAL(),
            nullable=True,
            comment="Its dispersion; unit mas.yr**-1; UCD stat.stdev;pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmdec",
            sa.REAL(),
            nullable=True,
            comment="Mean proper motion in declination; unit mas.yr**-1; UCD pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "pmdec_dispersion",
            sa.REAL(),
            nullable=True,
            comment="Its dispersion; unit mas.yr**-1; UCD stat.stdev;pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "parallax",
            sa.REAL(),
            nullable=True,
            comment="Mean parallax; unit mas; UCD pos.parallax.trig",
        ),
        sa.Column(
            "parallax_dispersion",
            sa.REAL(),
            nullable=True,
            comment="Its dispersion; unit mas; UCD stat.stdev;pos.parallax.trig",
        ),
        sa.Column(
            "distance", sa.REAL(), nullable=True, comment="Distance; unit pc; UCD pos.distance"
        ),
        sa.Column(
            "distance_error",
            sa.REAL(),
            nullable=True,
            comment="Error of distance; unit pc; UCD stat.error;pos.distance",
        ),
        sa.Column(
            "v_r",
            sa.REAL(),
            nullable=True,
            comment="Radial velocity; unit km.s**-1; UCD spect.dopplerVeloc",
        ),
        sa.Column(
            "v_r_error",
            sa.REAL(),
            nullable=True,
            comment="Error of v_r; unit km.s**-1; UCD stat.error;spect.dopplerVeloc",
        ),
        sa.Column(
            "log_age", sa.REAL(), nullable=True, comment="log10 of the age in years; UCD time.age"
        ),
        sa.Column(
            "log_age_error",
            sa.REAL(),
            nullable=True,
            comment="Error of log_age; UCD stat.error;time.age",
        ),
        sa.Column("fe_h", sa.REAL(), nullable=True, comment="[Fe/H]; UCD phys.abund.Fe"),
        sa.Column(
            "fe_h_error",
            sa.REAL(),
            nullable=True,
            comment="Error of fe_h; UCD stat.error;phys.abund.Fe",
        ),
        sa.Column(
            "a_v",
            sa.REAL(),
            nullable=True,
            comment="Extinction A_V; unit mag; UCD phys.absorption;em.opt.V",
        ),
        sa.Column(
            "a_v_error",
            sa.REAL(),
            nullable=True,
            comment="Error of a_v; unit mag; UCD stat.error;phys.absorption;em.opt.V",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="Open clusters and their parameters, one row a cluster and reference.",
    )
    op.create_table(
        "cluster_member",
        sa.Column(
            "reference",
            sa.String(),
            nullable=False,
            comment="Short name of the paper; UCD meta.bib",
        ),
        sa.Column(
            "cluster", sa.String(), nullable=False, comment="Name, as in raw.cluster; UCD meta.id"
        ),
        sa.Column(
            "source_id",
            sa.BigInteger(),
            nullable=False,
            comment="Gaia DR2 source identifier; UCD meta.id;meta.main",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS, epoch 2015.5, in [0, 360); unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS, epoch 2015.5; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "pmra",
            sa.Double(),
            nullable=True,
            comment="Proper motion in right ascension x cos(dec); unit mas.yr**-1; UCD pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmra_error",
            sa.REAL(),
            nullable=True,
            comment="Error of pmra; unit mas.yr**-1; UCD stat.error;pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmdec",
            sa.Double(),
            nullable=True,
            comment="Proper motion in declination; unit mas.yr**-1; UCD pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "pmdec_error",
            sa.REAL(),
            nullable=True,
            comment="Error of pmdec; unit mas.yr**-1; UCD stat.error;pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "parallax",
            sa.Double(),
            nullable=True,
            comment="Parallax; unit mas; UCD pos.parallax.trig",
        ),
        sa.Column(
            "parallax_error",
            sa.REAL(),
            nullable=True,
            comment="Error of parallax; unit mas; UCD stat.error;pos.parallax.trig",
        ),
        sa.Column(
            "probability",
            sa.REAL(),
            nullable=True,
            comment="Membership probability; UCD stat.probability",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="Stars of open clusters with membership probabilities; a star may stand in several clusters.",
    )
    op.create_table(
        "distance",
        sa.Column(
            "release",
            sa.String(),
            nullable=False,
            comment="Gaia release the distance rests on; UCD meta.version",
        ),
        sa.Column(
            "source_id",
            sa.BigInteger(),
            nullable=False,
            comment="Gaia source identifier; UCD meta.id;meta.main",
        ),
        sa.Column(
            "distance",
            sa.REAL(),
            nullable=True,
            comment="Median of the geometric posterior; unit pc; UCD pos.distance",
        ),
        sa.Column(
            "distance_low",
            sa.REAL(),
            nullable=True,
            comment="16th percentile; unit pc; UCD pos.distance;stat.min",
        ),
        sa.Column(
            "distance_high",
            sa.REAL(),
            nullable=True,
            comment="84th percentile; unit pc; UCD pos.distance;stat.max",
        ),
        sa.Column(
            "photogeometric_distance",
            sa.REAL(),
            nullable=True,
            comment="Median of the photogeometric posterior; unit pc; UCD pos.distance",
        ),
        sa.Column(
            "photogeometric_distance_low",
            sa.REAL(),
            nullable=True,
            comment="16th percentile; unit pc; UCD pos.distance;stat.min",
        ),
        sa.Column(
            "photogeometric_distance_high",
            sa.REAL(),
            nullable=True,
            comment="84th percentile; unit pc; UCD pos.distance;stat.max",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="Bailer-Jones+2021 distances (I/352), one row a Gaia source.",
    )
    op.create_table(
        "gaia_source",
        sa.Column(
            "release",
            sa.String(),
            nullable=False,
            comment="DR2, EDR3 or DR3; SIM before it for the simulated survey; UCD meta.version",
        ),
        sa.Column(
            "source_id",
            sa.BigInteger(),
            nullable=False,
            comment="Gaia source identifier; UCD meta.id;meta.main",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS, at ref_epoch; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "ra_error",
            sa.REAL(),
            nullable=True,
            comment="Error of ra x cos(dec); unit mas; UCD stat.error;pos.eq.ra",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS, at ref_epoch; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "dec_error",
            sa.REAL(),
            nullable=True,
            comment="Error of dec; unit mas; UCD stat.error;pos.eq.dec",
        ),
        sa.Column(
            "ref_epoch",
            sa.Double(),
            nullable=True,
            comment="Epoch of the position, Julian year, TCB; unit yr; UCD meta.ref;time.epoch",
        ),
        sa.Column(
            "parallax",
            sa.Double(),
            nullable=True,
            comment="Parallax; unit mas; UCD pos.parallax.trig",
        ),
        sa.Column(
            "parallax_error",
            sa.REAL(),
            nullable=True,
            comment="Error of parallax; unit mas; UCD stat.error;pos.parallax.trig",
        ),
        sa.Column(
            "pmra",
            sa.Double(),
            nullable=True,
            comment="Proper motion in right ascension x cos(dec); unit mas.yr**-1; UCD pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmra_error",
            sa.REAL(),
            nullable=True,
            comment="Error of pmra; unit mas.yr**-1; UCD stat.error;pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmdec",
            sa.Double(),
            nullable=True,
            comment="Proper motion in declination; unit mas.yr**-1; UCD pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "pmdec_error",
            sa.REAL(),
            nullable=True,
            comment="Error of pmdec; unit mas.yr**-1; UCD stat.error;pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "ra_dec_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of ra and dec; UCD stat.correlation",
        ),
        sa.Column(
            "ra_parallax_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of ra and parallax; UCD stat.correlation",
        ),
        sa.Column(
            "ra_pmra_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of ra and pmra; UCD stat.correlation",
        ),
        sa.Column(
            "ra_pmdec_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of ra and pmdec; UCD stat.correlation",
        ),
        sa.Column(
            "dec_parallax_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of dec and parallax; UCD stat.correlation",
        ),
        sa.Column(
            "dec_pmra_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of dec and pmra; UCD stat.correlation",
        ),
        sa.Column(
            "dec_pmdec_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of dec and pmdec; UCD stat.correlation",
        ),
        sa.Column(
            "parallax_pmra_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of parallax and pmra; UCD stat.correlation",
        ),
        sa.Column(
            "parallax_pmdec_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of parallax and pmdec; UCD stat.correlation",
        ),
        sa.Column(
            "pmra_pmdec_corr",
            sa.REAL(),
            nullable=True,
            comment="Correlation of pmra and pmdec; UCD stat.correlation",
        ),
        sa.Column(
            "ruwe",
            sa.REAL(),
            nullable=True,
            comment="Renormalised unit weight error; UCD stat.error",
        ),
        sa.Column(
            "astrometric_params_solved",
            sa.SmallInteger(),
            nullable=True,
            comment="3, 31 or 95; UCD meta.code",
        ),
        sa.Column(
            "nu_eff_used_in_astrometry",
            sa.REAL(),
            nullable=True,
            comment="Effective wavenumber; unit um**-1; UCD em.wavenumber",
        ),
        sa.Column(
            "pseudocolour",
            sa.REAL(),
            nullable=True,
            comment="Pseudocolour of 6-parameter solutions; unit um**-1; UCD em.wavenumber",
        ),
        sa.Column(
            "ecl_lat",
            sa.Double(),
            nullable=True,
            comment="Ecliptic latitude; unit deg; UCD pos.ecliptic.lat",
        ),
        sa.Column(
            "phot_g_mean_mag", sa.REAL(), nullable=True, comment="G; unit mag; UCD phot.mag;em.opt"
        ),
        sa.Column(
            "phot_g_mean_mag_error",
            sa.REAL(),
            nullable=True,
            comment="Error of G; unit mag; UCD stat.error;phot.mag;em.opt",
        ),
        sa.Column(
            "phot_bp_mean_mag",
            sa.REAL(),
            nullable=True,
            comment="BP; unit mag; UCD phot.mag;em.opt.B",
        ),
        sa.Column(
            "phot_bp_mean_mag_error",
            sa.REAL(),
            nullable=True,
            comment="Error of BP; unit mag; UCD stat.error;phot.mag;em.opt.B",
        ),
        sa.Column(
            "phot_rp_mean_mag",
            sa.REAL(),
            nullable=True,
            comment="RP; unit mag; UCD phot.mag;em.opt.R",
        ),
        sa.Column(
            "phot_rp_mean_mag_error",
            sa.REAL(),
            nullable=True,
            comment="Error of RP; unit mag; UCD stat.error;phot.mag;em.opt.R",
        ),
        sa.Column(
            "phot_bp_rp_excess_factor",
            sa.REAL(),
            nullable=True,
            comment="Flux excess factor; UCD stat.fit.goodness",
        ),
        sa.Column(
            "radial_velocity",
            sa.REAL(),
            nullable=True,
            comment="Radial velocity; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "radial_velocity_error",
            sa.REAL(),
            nullable=True,
            comment="Its error; unit km.s**-1; UCD stat.error;spect.dopplerVeloc.opt",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="Gaia sources: astrometry, quality and photometry, one row a source and release.",
    )
    op.create_table(
        "ingest_run",
        sa.Column(
            "run_id",
            sa.String(),
            nullable=False,
            comment="Identifier of the run (UUID4); UCD meta.id;meta.main",
        ),
        sa.Column(
            "source",
            sa.String(),
            nullable=False,
            comment="Name of the source that was loaded; UCD meta.id",
        ),
        sa.Column("command", sa.String(), nullable=True, comment="Command line; UCD meta.note"),
        sa.Column(
            "user_name", sa.String(), nullable=True, comment="Account that ran it; UCD meta.id"
        ),
        sa.Column(
            "version", sa.String(), nullable=True, comment="Version of hotstars; UCD meta.version"
        ),
        sa.Column(
            "started_at", sa.DateTime(), nullable=False, comment="Start, UTC; UCD time.start"
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(),
            nullable=True,
            comment="End, UTC; NULL while running or when killed; UCD time.end",
        ),
        sa.Column(
            "status",
            sa.String(),
            nullable=False,
            comment="running, finished or failed; UCD meta.code.status",
        ),
        sa.Column(
            "n_files", sa.BigInteger(), nullable=True, comment="Files looked at; UCD meta.number"
        ),
        sa.Column(
            "n_skipped",
            sa.BigInteger(),
            nullable=True,
            comment="Files already loaded by an earlier run; UCD meta.number",
        ),
        sa.Column(
            "n_rejected",
            sa.BigInteger(),
            nullable=True,
            comment="Files put into quarantine; UCD meta.number",
        ),
        sa.Column(
            "n_rows",
            sa.BigInteger(),
            nullable=True,
            comment="Rows inserted, all tables; UCD meta.number",
        ),
        sa.Column(
            "message", sa.String(), nullable=True, comment="Error of a failed run; UCD meta.note"
        ),
        schema="raw",
        comment="One row a call of an ingest command: who loaded what, when, and how it ended.",
    )
    op.create_table(
        "ingested_file",
        sa.Column(
            "path", sa.String(), nullable=False, comment="Absolute path of the file; UCD meta.ref"
        ),
        sa.Column(
            "sha256",
            sa.String(),
            nullable=False,
            comment="SHA-256 of the file as it lies on disk; UCD meta.checksum",
        ),
        sa.Column(
            "size",
            sa.BigInteger(),
            nullable=False,
            comment="Size; unit byte; UCD phys.size;meta.file",
        ),
        sa.Column(
            "mtime_ns",
            sa.BigInteger(),
            nullable=True,
            comment="Time of last change; unit ns; UCD time.epoch;meta.file",
        ),
        sa.Column("source", sa.String(), nullable=False, comment="Name of the source; UCD meta.id"),
        sa.Column(
            "n_rows",
            sa.BigInteger(),
            nullable=True,
            comment="Rows the file gave, all tables; UCD meta.number",
        ),
        sa.Column(
            "note",
            sa.String(),
            nullable=True,
            comment="What a reader should know, such as a duplicate; UCD meta.note",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        sa.Column(
            "loaded_at", sa.DateTime(), nullable=False, comment="When, UTC; UCD time.processing"
        ),
        schema="raw",
        comment="One row a file that was loaded: provenance of every raw row, and what a resumed run skips.",
    )
    op.create_table(
        "lamost_observation",
        sa.Column(
            "obsid",
            sa.BigInteger(),
            nullable=False,
            comment="LAMOST obsid; negative where the file has none: a hash of night, plan and fibre; UCD meta.id;meta.main",
        ),
        sa.Column(
            "survey",
            sa.String(),
            nullable=False,
            comment="LAMOST-MRS, LAMOST-LRS, SIM-MRS or SIM-LRS; UCD meta.id;instr",
        ),
        sa.Column(
            "release",
            sa.String(),
            nullable=True,
            comment="Data release as the header has it; UCD meta.version",
        ),
        sa.Column(
            "layout",
            sa.String(),
            nullable=False,
            comment="Layout of the file, found from its content; UCD meta.code.class",
        ),
        sa.Column(
            "designation",
            sa.String(),
            nullable=True,
            comment="JHHMMSS.ss+DDMMSS.s; UCD meta.id;src",
        ),
        sa.Column(
            "object_name",
            sa.String(),
            nullable=True,
            comment="Name of the target in the input catalogue; UCD meta.id",
        ),
        sa.Column(
            "object_type",
            sa.String(),
            nullable=True,
            comment="Type of the target in the input catalogue, trimmed, upper case; UCD src.class",
        ),
        sa.Column(
            "class",
            sa.String(),
            nullable=True,
            comment="Pipeline class (STAR, GALAXY, ...); UCD src.class",
        ),
        sa.Column(
            "subclass",
            sa.String(),
            nullable=True,
            comment="Pipeline subclass (A7V, ...); UCD src.spType",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "mjd",
            sa.Double(),
            nullable=True,
            comment="Modified Julian Date of mid exposure, UTC; unit d; UCD time.epoch",
        ),
        sa.Column(
            "lmjd",
            sa.Integer(),
            nullable=True,
            comment="Local Modified Julian Day of the night; unit d; UCD time.epoch",
        ),
        sa.Column("plan_id", sa.String(), nullable=True, comment="Plan; UCD meta.id"),
        sa.Column(
            "spectrograph",
            sa.SmallInteger(),
            nullable=True,
            comment="Spectrograph; UCD meta.id;instr",
        ),
        sa.Column("fibre", sa.SmallInteger(), nullable=True, comment="Fibre; UCD meta.id;instr"),
        sa.Column(
            "snr_b",
            sa.REAL(),
            nullable=True,
            comment="S/N a pixel, blue arm (MRS) or g band (LRS); from flux and ivar if the header lacks it; UCD stat.snr",
        ),
        sa.Column(
            "snr_r",
            sa.REAL(),
            nullable=True,
            comment="S/N a pixel, red arm (MRS) or r band (LRS); from flux and ivar if the header lacks it; UCD stat.snr",
        ),
        sa.Column(
            "redshift", sa.Double(), nullable=True, comment="Pipeline redshift; UCD src.redshift"
        ),
        sa.Column(
            "heliocentric_correction",
            sa.REAL(),
            nullable=True,
            comment="Applied correction; unit km.s**-1; UCD spect.dopplerVeloc",
        ),
        sa.Column(
            "magnitude_type",
            sa.String(),
            nullable=True,
            comment="Bands of the input magnitudes; UCD meta.note",
        ),
        sa.Column(
            "magnitudes",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=True,
            comment="Input catalogue's magnitudes, NaN where not given; unit mag; UCD phot.mag",
        ),
        sa.Column(
            "file_name", sa.String(), nullable=False, comment="Name of the file; UCD meta.ref"
        ),
        sa.Column(
            "path", sa.String(), nullable=False, comment="Absolute path of the file; UCD meta.ref"
        ),
        sa.Column(
            "sha256", sa.String(), nullable=False, comment="SHA-256 of the file; UCD meta.checksum"
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="One row a LAMOST file: a fibre of a plate on a night, low or medium resolution.",
    )
    op.create_table(
        "lamost_spectrum",
        sa.Column(
            "obsid", sa.BigInteger(), nullable=False, comment="Observation; UCD meta.id;meta.main"
        ),
        sa.Column(
            "arm",
            sa.String(),
            nullable=False,
            comment="B or R of MRS, L for the joined spectrum of LRS; UCD instr.bandpass",
        ),
        sa.Column(
            "exposure",
            sa.BigInteger(),
            nullable=False,
            comment="0 for the coadd, else the Local Modified Julian Minute of the exposure; UCD meta.id;obs.exposure",
        ),
        sa.Column(
            "survey",
            sa.String(),
            nullable=False,
            comment="As in lamost_observation; UCD meta.id;instr",
        ),
        sa.Column(
            "snr",
            sa.REAL(),
            nullable=True,
            comment="Median of flux x sqrt(ivar) over the good pixels; UCD stat.snr",
        ),
        sa.Column(
            "mjd",
            sa.Double(),
            nullable=True,
            comment="Modified Julian Date of the exposure; unit d; UCD time.epoch",
        ),
        sa.Column(
            "exposure_time",
            sa.REAL(),
            nullable=True,
            comment="Exposure time; unit s; UCD time.duration;obs.exposure",
        ),
        sa.Column("n_pixels", sa.Integer(), nullable=False, comment="Pixels; UCD meta.number"),
        sa.Column(
            "log_wavelength_start",
            sa.Double(),
            nullable=True,
            comment="log10 of the first vacuum wavelength in 0.1 nm; NULL where the grid is not log-linear; UCD em.wl",
        ),
        sa.Column(
            "log_wavelength_step",
            sa.Double(),
            nullable=True,
            comment="Step of log10 of the wavelength; NULL as above; UCD em.wl",
        ),
        sa.Column(
            "wavelength",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=True,
            comment="Vacuum heliocentric wavelength, increasing; NULL where start and step say it; unit 0.1nm; UCD em.wl",
        ),
        sa.Column(
            "flux",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=False,
            comment="Relative flux, as in the file; UCD phot.flux.density;em.wl",
        ),
        sa.Column(
            "ivar",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=False,
            comment="Inverse variance of the flux, as in the file; UCD stat.weight",
        ),
        sa.Column(
            "and_mask",
            sa.ARRAY(sa.SmallInteger(), dimensions=1),
            nullable=True,
            comment="Bits set in every exposure (coadds); UCD meta.code.qual",
        ),
        sa.Column(
            "or_mask",
            sa.ARRAY(sa.SmallInteger(), dimensions=1),
            nullable=True,
            comment="Bits set in any exposure (coadds) or in this one (single exposures); UCD meta.code.qual",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="One row a spectrum: a coadd or a single exposure of one arm, on the file's own grid.",
    )
    op.create_table(
        "lamost_stellar_parameters",
        sa.Column(
            "obsid", sa.BigInteger(), nullable=False, comment="Observation; UCD meta.id;meta.main"
        ),
        sa.Column("release", sa.String(), nullable=True, comment="Data release; UCD meta.version"),
        sa.Column(
            "teff",
            sa.REAL(),
            nullable=True,
            comment="Effective temperature; unit K; UCD phys.temperature.effective",
        ),
        sa.Column(
            "teff_error",
            sa.REAL(),
            nullable=True,
            comment="Error of teff; unit K; UCD stat.error;phys.temperature.effective",
        ),
        sa.Column(
            "logg",
            sa.REAL(),
            nullable=True,
            comment="Surface gravity, log10 of cm/s2; UCD phys.gravity",
        ),
        sa.Column(
            "logg_error",
            sa.REAL(),
            nullable=True,
            comment="Error of logg; UCD stat.error;phys.gravity",
        ),
        sa.Column("m_h", sa.REAL(), nullable=True, comment="Metallicity; UCD phys.abund.Z"),
        sa.Column(
            "m_h_error",
            sa.REAL(),
            nullable=True,
            comment="Error of m_h; UCD stat.error;phys.abund.Z",
        ),
        sa.Column(
            "rv",
            sa.REAL(),
            nullable=True,
            comment="Heliocentric radial velocity; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_error",
            sa.REAL(),
            nullable=True,
            comment="Error of rv; unit km.s**-1; UCD stat.error;spect.dopplerVeloc.opt",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="LASP: labels of the LAMOST stellar parameter pipeline, one row an obsid.",
    )
    op.create_table(
        "literature_star",
        sa.Column(
            "reference",
            sa.String(),
            nullable=False,
            comment="Short name of the paper (Neiner+2011, Hou+2016, ...); UCD meta.bib",
        ),
        sa.Column(
            "name",
            sa.String(),
            nullable=False,
            comment="Name or designation in the paper; UCD meta.id;meta.main",
        ),
        sa.Column(
            "object_type", sa.String(), nullable=False, comment="CBe, HAeBe or HII; UCD src.class"
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "spectral_type",
            sa.String(),
            nullable=True,
            comment="Spectral type in the paper; UCD src.spType",
        ),
        sa.Column(
            "simulated",
            sa.Boolean(),
            nullable=False,
            comment="Whether the row comes from the simulated survey; UCD meta.code",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="Known Be, Herbig Ae/Be and H II-contaminated stars, one row a star and reference.",
    )
    op.create_table(
        "ob_star",
        sa.Column(
            "reference",
            sa.String(),
            nullable=False,
            comment="Short name of the paper; UCD meta.bib",
        ),
        sa.Column(
            "name",
            sa.String(),
            nullable=False,
            comment="Designation in the paper; UCD meta.id;meta.main",
        ),
        sa.Column(
            "obsid",
            sa.BigInteger(),
            nullable=False,
            comment="LAMOST obsid; 0 where the table has none; UCD meta.id",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "spectral_type",
            sa.String(),
            nullable=True,
            comment="Spectral type in the paper; UCD src.spType",
        ),
        sa.Column(
            "luminosity_class",
            sa.String(),
            nullable=True,
            comment="Luminosity class in the paper; UCD src.class.luminosity",
        ),
        sa.Column("snr", sa.REAL(), nullable=True, comment="S/N of the spectrum; UCD stat.snr"),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="OB stars found among LAMOST spectra, one row a reference, star and spectrum.",
    )
    op.create_table(
        "radial_velocity",
        sa.Column(
            "reference",
            sa.String(),
            nullable=False,
            comment="Short name of the paper; UCD meta.bib",
        ),
        sa.Column(
            "obsid", sa.BigInteger(), nullable=False, comment="LAMOST obsid; UCD meta.id;meta.main"
        ),
        sa.Column(
            "exposure",
            sa.BigInteger(),
            nullable=False,
            comment="Local Modified Julian Minute of the exposure; 0 where the table has none; UCD meta.id;obs.exposure",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=True,
            comment="Right ascension, ICRS; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=True,
            comment="Declination, ICRS; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "mjd",
            sa.Double(),
            nullable=True,
            comment="Modified Julian Date of mid exposure; unit d; UCD time.epoch",
        ),
        sa.Column(
            "snr_b", sa.REAL(), nullable=True, comment="S/N of the blue arm; UCD stat.snr;em.opt.B"
        ),
        sa.Column(
            "snr_r", sa.REAL(), nullable=True, comment="S/N of the red arm; UCD stat.snr;em.opt.R"
        ),
        sa.Column(
            "rv_b",
            sa.REAL(),
            nullable=True,
            comment="Velocity of the blue arm, as measured; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_b_error",
            sa.REAL(),
            nullable=True,
            comment="Error of rv_b; unit km.s**-1; UCD stat.error;spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_b_zero_point",
            sa.REAL(),
            nullable=True,
            comment="To be added to rv_b; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_r",
            sa.REAL(),
            nullable=True,
            comment="Velocity of the red arm, as measured; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_r_error",
            sa.REAL(),
            nullable=True,
            comment="Error of rv_r; unit km.s**-1; UCD stat.error;spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_r_zero_point",
            sa.REAL(),
            nullable=True,
            comment="To be added to rv_r; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="Published radial velocities of LAMOST spectra, one row a reference, observation and exposure.",
    )
    op.create_table(
        "reddening",
        sa.Column(
            "dust_map",
            sa.String(),
            nullable=False,
            comment="Name of the map (Bayestar19); SIM before it for the simulated survey; UCD meta.id",
        ),
        sa.Column(
            "designation",
            sa.String(),
            nullable=False,
            comment="Star, JHHMMSS.ss+DDMMSS.s; UCD meta.id;src",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=True,
            comment="Right ascension that was asked for; unit deg; UCD pos.eq.ra",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=True,
            comment="Declination that was asked for; unit deg; UCD pos.eq.dec",
        ),
        sa.Column(
            "distance",
            sa.REAL(),
            nullable=True,
            comment="Distance that was asked for; unit pc; UCD pos.distance",
        ),
        sa.Column(
            "ebv", sa.REAL(), nullable=True, comment="E(B-V); unit mag; UCD phot.color.excess"
        ),
        sa.Column(
            "ebv_error",
            sa.REAL(),
            nullable=True,
            comment="Error of ebv; unit mag; UCD stat.error;phot.color.excess",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="E(B-V) sampled from a three-dimensional dust map at a star's place and distance.",
    )
    op.create_table(
        "rejected_file",
        sa.Column(
            "path", sa.String(), nullable=False, comment="Absolute path of the file; UCD meta.ref"
        ),
        sa.Column(
            "sha256",
            sa.String(),
            nullable=True,
            comment="SHA-256; NULL where the file could not be read; UCD meta.checksum",
        ),
        sa.Column(
            "size",
            sa.BigInteger(),
            nullable=True,
            comment="Size; unit byte; UCD phys.size;meta.file",
        ),
        sa.Column(
            "mtime_ns",
            sa.BigInteger(),
            nullable=True,
            comment="Time of last change; unit ns; UCD time.epoch;meta.file",
        ),
        sa.Column("source", sa.String(), nullable=False, comment="Name of the source; UCD meta.id"),
        sa.Column(
            "reason",
            sa.String(),
            nullable=False,
            comment="What is wrong and what to do; UCD meta.note",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that met it; UCD meta.id"),
        sa.Column(
            "rejected_at", sa.DateTime(), nullable=False, comment="When, UTC; UCD time.processing"
        ),
        schema="raw",
        comment="Quarantine: files (or rows of files) that could not be loaded, and why.",
    )
    op.create_table(
        "spectral_type",
        sa.Column(
            "reference",
            sa.String(),
            nullable=False,
            comment="Compilation: Skiff 2014, Kharchenko+2009, SIMBAD; UCD meta.bib",
        ),
        sa.Column(
            "name",
            sa.String(),
            nullable=False,
            comment="Name in the compilation; UCD meta.id;meta.main",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "spectral_type", sa.String(), nullable=False, comment="Type as printed; UCD src.spType"
        ),
        sa.Column(
            "bibcode",
            sa.String(),
            nullable=False,
            comment="Publication the type comes from; empty where not given; UCD meta.bib.bibcode",
        ),
        sa.Column(
            "year",
            sa.SmallInteger(),
            nullable=True,
            comment="Year of that publication; unit yr; UCD time.publiYear",
        ),
        sa.Column(
            "simulated",
            sa.Boolean(),
            nullable=False,
            comment="Whether the row comes from the simulated survey; UCD meta.code",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="MK spectral types from the literature, one row a star, reference and publication.",
    )
    op.create_table(
        "twomass_source",
        sa.Column(
            "designation",
            sa.String(),
            nullable=False,
            comment="2MASS designation, HHMMSSss+DDMMSSs; UCD meta.id;meta.main",
        ),
        sa.Column(
            "release",
            sa.String(),
            nullable=True,
            comment="Release; SIM for the simulated survey; UCD meta.version",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=False,
            comment="Right ascension, ICRS, at the time of observation; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=False,
            comment="Declination, ICRS, at the time of observation; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "position_error",
            sa.REAL(),
            nullable=True,
            comment="Semi-major axis of the error ellipse; unit arcsec; UCD stat.error;pos.eq",
        ),
        sa.Column(
            "jd",
            sa.Double(),
            nullable=True,
            comment="Julian Date of observation; unit d; UCD time.epoch",
        ),
        sa.Column("j", sa.REAL(), nullable=True, comment="J; unit mag; UCD phot.mag;em.IR.J"),
        sa.Column(
            "j_error",
            sa.REAL(),
            nullable=True,
            comment="Error of J; unit mag; UCD stat.error;phot.mag;em.IR.J",
        ),
        sa.Column("h", sa.REAL(), nullable=True, comment="H; unit mag; UCD phot.mag;em.IR.H"),
        sa.Column(
            "h_error",
            sa.REAL(),
            nullable=True,
            comment="Error of H; unit mag; UCD stat.error;phot.mag;em.IR.H",
        ),
        sa.Column("k", sa.REAL(), nullable=True, comment="Ks; unit mag; UCD phot.mag;em.IR.K"),
        sa.Column(
            "k_error",
            sa.REAL(),
            nullable=True,
            comment="Error of Ks; unit mag; UCD stat.error;phot.mag;em.IR.K",
        ),
        sa.Column(
            "quality_flag", sa.String(), nullable=True, comment="ph_qual; UCD meta.code.qual"
        ),
        sa.Column(
            "contamination_flag", sa.String(), nullable=True, comment="cc_flg; UCD meta.code.qual"
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="2MASS point sources (II/246).",
    )
    op.create_table(
        "spectra",
        sa.Column(
            "obsid",
            sa.BigInteger(),
            nullable=False,
            comment="Observation, as raw.lamost_observation has it; UCD meta.id;meta.main",
        ),
        sa.Column(
            "designation",
            sa.String(),
            nullable=False,
            comment="Star, as in truth.stars; UCD meta.id;src",
        ),
        sa.Column("resolution", sa.String(), nullable=False, comment="mrs or lrs; UCD instr.setup"),
        sa.Column(
            "mjd",
            sa.Double(),
            nullable=True,
            comment="Modified Julian Date of mid exposure; unit d; UCD time.epoch",
        ),
        sa.Column(
            "lmjd",
            sa.Integer(),
            nullable=True,
            comment="Local Modified Julian Day of the night; unit d; UCD time.epoch",
        ),
        sa.Column("plan_id", sa.String(), nullable=True, comment="Plan; UCD meta.id"),
        sa.Column(
            "spectrograph",
            sa.SmallInteger(),
            nullable=True,
            comment="Spectrograph; UCD meta.id;instr",
        ),
        sa.Column("fibre", sa.SmallInteger(), nullable=True, comment="Fibre; UCD meta.id;instr"),
        sa.Column(
            "snr_b",
            sa.REAL(),
            nullable=True,
            comment="S/N a pixel that was aimed at, blue; UCD stat.snr",
        ),
        sa.Column(
            "snr_r",
            sa.REAL(),
            nullable=True,
            comment="S/N a pixel that was aimed at, red; UCD stat.snr",
        ),
        sa.Column(
            "emission_ew",
            sa.REAL(),
            nullable=True,
            comment="H-alpha emission above the photosphere in this visit; unit 0.1nm; UCD spect.line.eqWidth",
        ),
        sa.Column(
            "rv",
            sa.REAL(),
            nullable=True,
            comment="Radial velocity of the first star in this visit; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "n_cosmic_rays",
            sa.Integer(),
            nullable=True,
            comment="Cosmic rays put in, all arms; UCD meta.number",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="truth",
        comment="Visits of the simulated survey as they are, one row an observation.",
    )
    op.create_table(
        "stars",
        sa.Column(
            "designation",
            sa.String(),
            nullable=False,
            comment="Star, JHHMMSS.ss+DDMMSS.s, of its position at J2000; UCD meta.id;meta.main",
        ),
        sa.Column(
            "kind",
            sa.String(),
            nullable=False,
            comment="B, Be, O, Oe, A, F, G, K, M, supergiant, Herbig, HII or SB2; UCD src.class",
        ),
        sa.Column(
            "spectral_type", sa.String(), nullable=True, comment="True MK type; UCD src.spType"
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=True,
            comment="True right ascension, ICRS, J2016; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=True,
            comment="True declination, ICRS, J2016; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "teff",
            sa.REAL(),
            nullable=True,
            comment="Effective temperature; unit K; UCD phys.temperature.effective",
        ),
        sa.Column(
            "logg",
            sa.REAL(),
            nullable=True,
            comment="Surface gravity, log10 of cm/s2; UCD phys.gravity",
        ),
        sa.Column("m_h", sa.REAL(), nullable=True, comment="Metallicity; UCD phys.abund.Z"),
        sa.Column(
            "vsini",
            sa.REAL(),
            nullable=True,
            comment="Projected rotation; unit km.s**-1; UCD phys.veloc.rotat",
        ),
        sa.Column(
            "rv",
            sa.REAL(),
            nullable=True,
            comment="Systemic radial velocity; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "ebv", sa.REAL(), nullable=True, comment="E(B-V); unit mag; UCD phot.color.excess"
        ),
        sa.Column(
            "distance", sa.REAL(), nullable=True, comment="Distance; unit pc; UCD pos.distance"
        ),
        sa.Column(
            "parallax",
            sa.Double(),
            nullable=True,
            comment="Parallax; unit mas; UCD pos.parallax.trig",
        ),
        sa.Column(
            "pmra",
            sa.Double(),
            nullable=True,
            comment="Proper motion in right ascension x cos(dec); unit mas.yr**-1; UCD pos.pm;pos.eq.ra",
        ),
        sa.Column(
            "pmdec",
            sa.Double(),
            nullable=True,
            comment="Proper motion in declination; unit mas.yr**-1; UCD pos.pm;pos.eq.dec",
        ),
        sa.Column(
            "v_peculiar",
            sa.REAL(),
            nullable=True,
            comment="Peculiar tangential speed; unit km.s**-1; UCD phys.veloc.transverse",
        ),
        sa.Column(
            "is_be",
            sa.Boolean(),
            nullable=False,
            comment="Whether it has an excretion disc: Be and Oe stars; UCD meta.code",
        ),
        sa.Column(
            "is_runaway",
            sa.Boolean(),
            nullable=False,
            comment="Whether it runs away; UCD meta.code",
        ),
        sa.Column(
            "cluster",
            sa.String(),
            nullable=True,
            comment="Open cluster; NULL in the field; UCD meta.id.parent",
        ),
        sa.Column(
            "emission_ew",
            sa.REAL(),
            nullable=True,
            comment="H-alpha emission above the photosphere, before its change with time; unit 0.1nm; UCD spect.line.eqWidth",
        ),
        sa.Column(
            "inclination",
            sa.REAL(),
            nullable=True,
            comment="Of the axis; 90 is edge-on; unit deg; UCD pos.posAng",
        ),
        sa.Column(
            "disc_radius",
            sa.REAL(),
            nullable=True,
            comment="Outer radius in stellar radii; 0 without a disc; UCD phys.size",
        ),
        sa.Column(
            "disc_v_over_r",
            sa.REAL(),
            nullable=True,
            comment="Asymmetry of the disc, -0.5 to 0.5; UCD stat.value",
        ),
        sa.Column(
            "p_cygni",
            sa.Boolean(),
            nullable=True,
            comment="Whether H-alpha has a P-Cygni profile; UCD meta.code",
        ),
        sa.Column(
            "nebular",
            sa.REAL(),
            nullable=True,
            comment="Strength of nebular lines; 0 none; UCD stat.value",
        ),
        sa.Column(
            "companion_teff",
            sa.REAL(),
            nullable=True,
            comment="Of the second star; unit K; UCD phys.temperature.effective",
        ),
        sa.Column(
            "companion_light",
            sa.REAL(),
            nullable=True,
            comment="Its fraction of the light; 0 single; UCD arith.ratio",
        ),
        sa.Column(
            "companion_amplitude",
            sa.REAL(),
            nullable=True,
            comment="Velocity amplitude of the first star; unit km.s**-1; UCD phys.veloc",
        ),
        sa.Column(
            "period", sa.REAL(), nullable=True, comment="Of the orbit; unit d; UCD time.period"
        ),
        sa.Column(
            "g",
            sa.REAL(),
            nullable=True,
            comment="True G, extinction included; unit mag; UCD phot.mag;em.opt",
        ),
        sa.Column(
            "bp",
            sa.REAL(),
            nullable=True,
            comment="True BP, extinction included; unit mag; UCD phot.mag;em.opt.B",
        ),
        sa.Column(
            "rp",
            sa.REAL(),
            nullable=True,
            comment="True RP, extinction included; unit mag; UCD phot.mag;em.opt.R",
        ),
        sa.Column(
            "j",
            sa.REAL(),
            nullable=True,
            comment="True J, extinction included; unit mag; UCD phot.mag;em.IR.J",
        ),
        sa.Column(
            "h",
            sa.REAL(),
            nullable=True,
            comment="True H, extinction included; unit mag; UCD phot.mag;em.IR.H",
        ),
        sa.Column(
            "k",
            sa.REAL(),
            nullable=True,
            comment="True Ks, extinction included; unit mag; UCD phot.mag;em.IR.K",
        ),
        sa.Column(
            "w1",
            sa.REAL(),
            nullable=True,
            comment="True W1, extinction included; unit mag; UCD phot.mag;em.IR.3-4um",
        ),
        sa.Column(
            "w2",
            sa.REAL(),
            nullable=True,
            comment="True W2, extinction included; unit mag; UCD phot.mag;em.IR.4-8um",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="truth",
        comment="Stars of the simulated survey as they are, one row a star.",
    )


def downgrade() -> None:
    op.drop_table("stars", schema="truth")
    op.drop_table("spectra", schema="truth")
    op.drop_table("twomass_source", schema="raw")
    op.drop_table("spectral_type", schema="raw")
    op.drop_table("rejected_file", schema="raw")
    op.drop_table("reddening", schema="raw")
    op.drop_table("radial_velocity", schema="raw")
    op.drop_table("ob_star", schema="raw")
    op.drop_table("literature_star", schema="raw")
    op.drop_table("lamost_stellar_parameters", schema="raw")
    op.drop_table("lamost_spectrum", schema="raw")
    op.drop_table("lamost_observation", schema="raw")
    op.drop_table("ingested_file", schema="raw")
    op.drop_table("ingest_run", schema="raw")
    op.drop_table("gaia_source", schema="raw")
    op.drop_table("distance", schema="raw")
    op.drop_table("cluster_member", schema="raw")
    op.drop_table("cluster", schema="raw")
    op.drop_table("allwise_source", schema="raw")
