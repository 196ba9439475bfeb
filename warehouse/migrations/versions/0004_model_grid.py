"""Spectra of model atmospheres, from which stellar labels are learnt.

Revision: 0004
After: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_grid_spectrum",
        sa.Column(
            "grid",
            sa.String(),
            nullable=False,
            comment="OSTAR2002, BSTAR2006, ...; starts with SIM- where the spectra are simulated; UCD meta.id;meta.dataset",
        ),
        sa.Column(
            "teff",
            sa.Double(),
            nullable=False,
            comment="Effective temperature; unit K; UCD phys.temperature.effective",
        ),
        sa.Column(
            "logg",
            sa.Double(),
            nullable=False,
            comment="Surface gravity, log10 of cm/s2; UCD phys.gravity",
        ),
        sa.Column(
            "m_h",
            sa.Double(),
            nullable=False,
            comment="Metallicity, log10 of solar; UCD phys.abund.Z",
        ),
        sa.Column(
            "microturbulence",
            sa.Double(),
            nullable=False,
            comment="Microturbulent velocity; unit km.s**-1; UCD phys.veloc.microTurb",
        ),
        sa.Column(
            "simulated",
            sa.Boolean(),
            nullable=False,
            comment="Whether the spectrum is made by the simulated survey, no model atmosphere; UCD meta.code",
        ),
        sa.Column(
            "continuum",
            sa.String(),
            nullable=False,
            comment="How it was normalised: model (by the continuum of the same model) or line (by a straight line through the top of a short piece); UCD meta.code.class",
        ),
        sa.Column(
            "medium",
            sa.String(),
            nullable=False,
            comment="What the wavelengths of the file are in: air or vacuum; here they are vacuum; UCD meta.code;em.wl",
        ),
        sa.Column(
            "n_points",
            sa.Integer(),
            nullable=True,
            comment="Points of the spectrum in the file; UCD meta.number",
        ),
        sa.Column(
            "log_wavelength_start",
            sa.Double(),
            nullable=False,
            comment="log10 of the first vacuum wavelength in 0.1 nm, a whole multiple of the step; UCD em.wl",
        ),
        sa.Column(
            "log_wavelength_step",
            sa.Double(),
            nullable=False,
            comment="Step of log10 of the wavelength; UCD em.wl",
        ),
        sa.Column(
            "flux",
            sa.ARRAY(sa.REAL(), dimensions=1),
            nullable=False,
            comment="Flux in units of the continuum, mean over the pixel; UCD phot.flux.density;em.wl;arith.ratio",
        ),
        sa.Column(
            "file_name", sa.String(), nullable=False, comment="Name of the file; UCD meta.ref"
        ),
        sa.Column(
            "path", sa.String(), nullable=False, comment="Absolute path of the file; UCD meta.ref"
        ),
        sa.Column("run_id", sa.String(), nullable=False, comment="Run that loaded it; UCD meta.id"),
        schema="raw",
        comment="One row a model: the normalised spectrum of a star that does not turn, on a grid of equal steps in log wavelength that all models share.",
    )


def downgrade() -> None:
    op.drop_table("model_grid_spectrum", schema="raw")
