"""Verdicts of people on H-alpha, and what a model was trained on.

Revision: 0003
After: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column(
            "obsid",
            sa.BigInteger(),
            nullable=False,
            comment="Observation, as in lamost_observation; UCD meta.id;meta.main",
        ),
        sa.Column(
            "exposure",
            sa.BigInteger(),
            nullable=False,
            comment="0 for the coadd, else the minute of the single exposure (LMJM); UCD meta.id;obs.exposure",
        ),
        sa.Column(
            "verdict",
            sa.String(),
            nullable=False,
            comment="emission (any sign of a disc, a shell too), absorption (none) or unusable; UCD meta.code.class",
        ),
        sa.Column(
            "reviewer",
            sa.String(),
            nullable=False,
            comment="Who looked at it; UCD meta.id;obs.observer",
        ),
        sa.Column(
            "reviewed_at",
            sa.DateTime(),
            nullable=False,
            comment="When, UTC; UCD time.processing",
        ),
        sa.Column(
            "comment",
            sa.String(),
            nullable=True,
            comment="What the reviewer added; UCD meta.note",
        ),
        sa.Column(
            "run_id",
            sa.String(),
            nullable=False,
            comment="Run that loaded it; UCD meta.id",
        ),
        schema="raw",
        comment="Verdicts of people who looked at the H-alpha profile, one row a spectrum and reviewer.",
    )
    op.create_table(
        "training_spectrum",
        sa.Column(
            "obsid",
            sa.BigInteger(),
            nullable=False,
            comment="Observation, as in lamost_observation; UCD meta.id;meta.main",
        ),
        sa.Column(
            "exposure",
            sa.BigInteger(),
            nullable=False,
            comment="0 for the coadd, else the minute of the single exposure (LMJM); UCD meta.id;obs.exposure",
        ),
        sa.Column(
            "label",
            sa.String(),
            nullable=False,
            comment="What was taught: emission or absorption; UCD meta.code.class",
        ),
        sa.Column(
            "origin",
            sa.String(),
            nullable=False,
            comment="Where the label comes from: review, simulation truth, a paper; UCD meta.note",
        ),
        sa.Column(
            "split",
            sa.String(),
            nullable=False,
            comment="train, calibration or test: what the model did with the spectrum; UCD meta.code",
        ),
        sa.Column(
            "model_name",
            sa.String(),
            nullable=False,
            comment="Model in the registry; UCD meta.id",
        ),
        sa.Column(
            "model_version",
            sa.String(),
            nullable=False,
            comment="Its version; UCD meta.version",
        ),
        sa.Column(
            "run_id",
            sa.String(),
            nullable=False,
            comment="Run that loaded it; UCD meta.id",
        ),
        schema="raw",
        comment="Spectra that a model was trained, calibrated or tested on, one row a spectrum and model.",
    )


def downgrade() -> None:
    op.drop_table("training_spectrum", schema="raw")
    op.drop_table("review", schema="raw")
