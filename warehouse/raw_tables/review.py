"""What people say of spectra: verdicts on H-alpha, and what a network learnt from."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, String

from warehouse.columns import column
from warehouse.raw_tables.base import raw_table

review = raw_table(
    "review",
    "Verdicts of people who looked at the H-alpha profile, one row a spectrum and reviewer.",
    ("obsid", "exposure", "reviewer"),
    column(
        "obsid",
        BigInteger,
        "Observation, as in lamost_observation",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "exposure",
        BigInteger,
        "0 for the coadd, else the minute of the single exposure (LMJM)",
        ucd="meta.id;obs.exposure",
        required=True,
    ),
    column(
        "verdict",
        String,
        "emission (any sign of a disc, a shell too), absorption (none) or unusable",
        ucd="meta.code.class",
        required=True,
    ),
    column("reviewer", String, "Who looked at it", ucd="meta.id;obs.observer", required=True),
    column("reviewed_at", DateTime, "When, UTC", ucd="time.processing", required=True),
    column("comment", String, "What the reviewer added", ucd="meta.note"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)

training_spectrum = raw_table(
    "training_spectrum",
    "Spectra that a model was trained, calibrated or tested on, one row a spectrum and model.",
    ("obsid", "exposure", "model_name", "model_version"),
    column(
        "obsid",
        BigInteger,
        "Observation, as in lamost_observation",
        ucd="meta.id;meta.main",
        required=True,
    ),
    column(
        "exposure",
        BigInteger,
        "0 for the coadd, else the minute of the single exposure (LMJM)",
        ucd="meta.id;obs.exposure",
        required=True,
    ),
    column(
        "label",
        String,
        "What was taught: emission or absorption",
        ucd="meta.code.class",
        required=True,
    ),
    column(
        "origin",
        String,
        "Where the label comes from: review, simulation truth, a paper",
        ucd="meta.note",
        required=True,
    ),
    column(
        "split",
        String,
        "train, calibration or test: what the model did with the spectrum",
        ucd="meta.code",
        required=True,
    ),
    column("model_name", String, "Model in the registry", ucd="meta.id", required=True),
    column("model_version", String, "Its version", ucd="meta.version", required=True),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
