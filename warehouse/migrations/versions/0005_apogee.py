"""APOGEE: spectra of stars, the table of them, and the truth of simulated ones.

Revision: 0005
After: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "apogee_allstar",
        sa.Column(
            "apogee_id",
            sa.String(),
            nullable=False,
            comment="Star, 2MHHMMSSss+DDMMSSs; UCD meta.id;meta.main",
        ),
        sa.Column(
            "release",
            sa.String(),
            nullable=False,
            comment="Data release: DR14 ... DR17; UCD meta.version",
        ),
        sa.Column(
            "telescope", sa.String(), nullable=False, comment="apo25m, lco25m, apo1m; UCD instr.tel"
        ),
        sa.Column(
            "field",
            sa.String(),
            nullable=False,
            comment="Field of the survey; UCD meta.id;obs.field",
        ),
        sa.Column(
            "simulated",
            sa.Boolean(),
            nullable=True,
            comment="Whether the row is simulated; UCD meta.code",
        ),
        sa.Column(
            "file_name", sa.String(), nullable=True, comment="Name of the apStar file; UCD meta.ref"
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=True,
            comment="Right ascension, J2000; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=True,
            comment="Declination, J2000; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column("snr", sa.Double(), nullable=True, comment="Median S/N a pixel; UCD stat.snr"),
        sa.Column(
            "rv",
            sa.Double(),
            nullable=True,
            comment="Heliocentric radial velocity; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "gaia_source_id",
            sa.BigInteger(),
            nullable=True,
            comment="Gaia source of the survey's match; UCD meta.id",
        ),
        sa.Column(
            "parallax",
            sa.Double(),
            nullable=True,
            comment="Gaia parallax; unit mas; UCD pos.parallax.trig",
        ),
        sa.Column(
            "parallax_error",
            sa.Double(),
            nullable=True,
            comment="Error of parallax; unit mas; UCD stat.error;pos.parallax.trig",
        ),
        sa.Column(
            "g",
            sa.Double(),
            nullable=True,
            comment="Gaia G magnitude; unit mag; UCD phot.mag;em.opt",
        ),
        sa.Column(
            "bp",
            sa.Double(),
            nullable=True,
            comment="Gaia BP magnitude; unit mag; UCD phot.mag;em.opt.B",
        ),
        sa.Column(
            "rp",
            sa.Double(),
            nullable=True,
            comment="Gaia RP magnitude; unit mag; UCD phot.mag;em.opt.R",
        ),
        sa.Column(
            "j",
            sa.Double(),
            nullable=True,
            comment="2MASS J magnitude; unit mag; UCD phot.mag;em.IR.J",
        ),
        sa.Column(
            "h",
            sa.Double(),
            nullable=True,
            comment="2MASS H magnitude; unit mag; UCD phot.mag;em.IR.H",
        ),
        sa.Column(
            "k",
            sa.Double(),
            nullable=True,
            comment="2MASS Ks magnitude; unit mag; UCD phot.mag;em.IR.K",
        ),
        sa.Column(
            "teff",
            sa.Double(),
            nullable=True,
            comment="Effective temperature of the survey's pipeline; unit K; UCD phys.temperature.effective",
        ),
        sa.Column(
            "logg",
            sa.Double(),
            nullable=True,
            comment="Surface gravity of the survey's pipeline, log10 of cm/s2; UCD phys.gravity",
        ),
        sa.Column(
            "fe_h",
            sa.Double(),
            nullable=True,
            comment="[Fe/H] of the survey's pipeline; UCD phys.abund.Fe",
        ),
        sa.Column(
            "starflag",
            sa.BigInteger(),
            nullable=True,
            comment="Flags of the visits, OR of all; UCD meta.code.qual",
        ),
        sa.Column(
            "aspcapflag",
            sa.BigInteger(),
            nullable=True,
            comment="Flags of the survey's pipeline; UCD meta.code.qual",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="One row a star, telescope and field of an allStar table: identities, photometry, parallax, and labels of the survey's own pipeline.",
    )
    op.create_table(
        "apogee_spectrum",
        sa.Column(
            "apogee_id",
            sa.String(),
            nullable=False,
            comment="Star, as in apogee_star; UCD meta.id;meta.main",
        ),
        sa.Column(
            "survey", sa.String(), nullable=False, comment="As in apogee_star; UCD meta.id;instr"
        ),
        sa.Column(
            "release", sa.String(), nullable=False, comment="As in apogee_star; UCD meta.version"
        ),
        sa.Column(
            "telescope", sa.String(), nullable=False, comment="As in apogee_star; UCD instr.tel"
        ),
        sa.Column(
            "field", sa.String(), nullable=False, comment="As in apogee_star; UCD meta.id;obs.field"
        ),
        sa.Column(
            "flux",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=False,
            comment="Flux, 0 where nothing was measured; unit 10**-19W.m**-2.nm**-1; UCD phot.flux.density;em.wl",
        ),
        sa.Column(
            "error",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=False,
            comment="Error of flux, 1e10 where nothing was measured; unit 10**-19W.m**-2.nm**-1; UCD stat.error;phot.flux.density;em.wl",
        ),
        sa.Column(
            "mask",
            sa.ARRAY(sa.Integer(), dimensions=1),
            nullable=True,
            comment="Bitwise flags of the pixels; NULL where the file has none; UCD meta.code.qual",
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="One row an apStar file: the combined spectrum, 8,575 pixels from log10 of the vacuum wavelength in 0.1 nm of 4.179 in steps of 6e-6, at rest.",
    )
    op.create_table(
        "apogee_star",
        sa.Column(
            "apogee_id",
            sa.String(),
            nullable=False,
            comment="Star, 2MHHMMSSss+DDMMSSs of 2MASS; UCD meta.id;meta.main",
        ),
        sa.Column(
            "survey",
            sa.String(),
            nullable=False,
            comment="APOGEE; SIM-APOGEE where simulated; UCD meta.id;instr",
        ),
        sa.Column(
            "release",
            sa.String(),
            nullable=False,
            comment="Data release or reduction: dr17, r6 ; UCD meta.version",
        ),
        sa.Column(
            "telescope", sa.String(), nullable=False, comment="apo25m, lco25m, apo1m; UCD instr.tel"
        ),
        sa.Column(
            "field",
            sa.String(),
            nullable=False,
            comment="Field of the survey; UCD meta.id;obs.field",
        ),
        sa.Column(
            "ra",
            sa.Double(),
            nullable=True,
            comment="Right ascension, J2000; unit deg; UCD pos.eq.ra;meta.main",
        ),
        sa.Column(
            "dec",
            sa.Double(),
            nullable=True,
            comment="Declination, J2000; unit deg; UCD pos.eq.dec;meta.main",
        ),
        sa.Column(
            "n_visits",
            sa.Integer(),
            nullable=True,
            comment="Visits that were combined; UCD meta.number;obs",
        ),
        sa.Column(
            "snr",
            sa.Double(),
            nullable=True,
            comment="Median S/N a pixel of the combined spectrum; UCD stat.snr",
        ),
        sa.Column(
            "rv",
            sa.Double(),
            nullable=True,
            comment="Heliocentric radial velocity; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_error",
            sa.Double(),
            nullable=True,
            comment="Error of rv; unit km.s**-1; UCD stat.error;spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "rv_scatter",
            sa.Double(),
            nullable=True,
            comment="Scatter of the visits' velocities; unit km.s**-1; UCD stat.stdev;spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "j",
            sa.Double(),
            nullable=True,
            comment="2MASS J magnitude; unit mag; UCD phot.mag;em.IR.J",
        ),
        sa.Column(
            "h",
            sa.Double(),
            nullable=True,
            comment="2MASS H magnitude; unit mag; UCD phot.mag;em.IR.H",
        ),
        sa.Column(
            "k",
            sa.Double(),
            nullable=True,
            comment="2MASS Ks magnitude; unit mag; UCD phot.mag;em.IR.K",
        ),
        sa.Column(
            "targeting_1",
            sa.BigInteger(),
            nullable=True,
            comment="First targeting flags, bitwise; UCD meta.code",
        ),
        sa.Column(
            "targeting_2",
            sa.BigInteger(),
            nullable=True,
            comment="Second targeting flags, bitwise; UCD meta.code",
        ),
        sa.Column(
            "targeting_3",
            sa.BigInteger(),
            nullable=True,
            comment="Third targeting flags, bitwise; UCD meta.code",
        ),
        sa.Column(
            "targeting_4",
            sa.BigInteger(),
            nullable=True,
            comment="Fourth targeting flags, bitwise; UCD meta.code",
        ),
        sa.Column(
            "targeting_survey",
            sa.String(),
            nullable=True,
            comment="What the targeting flags are of; UCD meta.id",
        ),
        sa.Column(
            "starflag",
            sa.BigInteger(),
            nullable=True,
            comment="Flags of the visits, OR of all; UCD meta.code.qual",
        ),
        sa.Column(
            "file_name", sa.String(), nullable=False, comment="Name of the file; UCD meta.ref"
        ),
        sa.Column(
            "path", sa.String(), nullable=False, comment="Absolute path of the file; UCD meta.ref"
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="One row an apStar file: what its header says of the star.",
    )
    op.create_table(
        "apogee_stars",
        sa.Column(
            "apogee_id",
            sa.String(),
            nullable=False,
            comment="Star, as in raw.apogee_star; UCD meta.id;meta.main",
        ),
        sa.Column(
            "kind",
            sa.String(),
            nullable=False,
            comment="dwarf, giant, young, hot (O to F dwarfs and giants) or supergiant; UCD src.class",
        ),
        sa.Column(
            "spectral_type",
            sa.String(),
            nullable=True,
            comment="True MK type of hot stars; UCD src.spType",
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
        sa.Column("fe_h", sa.REAL(), nullable=True, comment="[Fe/H]; UCD phys.abund.Fe"),
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
            comment="Radial velocity; unit km.s**-1; UCD spect.dopplerVeloc.opt",
        ),
        sa.Column(
            "distance", sa.REAL(), nullable=True, comment="Distance; unit pc; UCD pos.distance"
        ),
        sa.Column(
            "ebv", sa.REAL(), nullable=True, comment="E(B-V); unit mag; UCD phot.color.excess"
        ),
        sa.Column("run_id", sa.String(), nullable=True, comment="Run that loaded it; UCD meta.id"),
        schema="truth",
        comment="One row a star of the simulated near-infrared survey: what was put in.",
    )


def downgrade() -> None:
    op.drop_table("apogee_stars", schema="truth")
    op.drop_table("apogee_star", schema="raw")
    op.drop_table("apogee_spectrum", schema="raw")
    op.drop_table("apogee_allstar", schema="raw")
