"""Truth of simulations: profiles of H-alpha as a visit shows them, absolute magnitudes.

Revision: 0002
After: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "stars",
        sa.Column(
            "m_ks",
            sa.REAL(),
            nullable=True,
            comment="Absolute Ks magnitude without extinction, companion and disc included; unit mag; UCD phys.magAbs;em.IR.K",
        ),
        schema="truth",
    )
    op.add_column(
        "spectra",
        sa.Column(
            "has_emission",
            sa.Boolean(),
            nullable=True,
            comment="Whether any H-alpha emission was put in; UCD meta.code",
        ),
        schema="truth",
    )
    op.add_column(
        "spectra",
        sa.Column(
            "emission_peak",
            sa.REAL(),
            nullable=True,
            comment="Greatest height of the emission above the photosphere, in units of the continuum; UCD spect.line.intensity",
        ),
        schema="truth",
    )
    op.add_column(
        "spectra",
        sa.Column(
            "emission_significance",
            sa.REAL(),
            nullable=True,
            comment="S/N of the emission summed over its pixels: what the best detection could reach; UCD stat.snr",
        ),
        schema="truth",
    )
    op.add_column(
        "spectra",
        sa.Column(
            "profile",
            sa.String(),
            nullable=True,
            comment="Class of the H-alpha profile without noise: none, single peak, symmetric double peak, asymmetric double peak, peak in absorption, double peak in absorption, shell in emission, shell in absorption, P Cygni or nebular; UCD meta.code.class",
        ),
        schema="truth",
    )


def downgrade() -> None:
    for name in ("profile", "emission_significance", "emission_peak", "has_emission"):
        op.drop_column("spectra", name, schema="truth")
    op.drop_column("stars", "m_ks", schema="truth")
