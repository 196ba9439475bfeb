"""Who loaded what, when, and what could not be loaded."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, String

from warehouse.columns import column
from warehouse.raw_tables.base import raw_table

ingest_run = raw_table(
    "ingest_run",
    "One row a call of an ingest command: who loaded what, when, and how it ended.",
    ("run_id",),
    column(
        "run_id", String, "Identifier of the run (UUID4)", ucd="meta.id;meta.main", required=True
    ),
    column("source", String, "Name of the source that was loaded", ucd="meta.id", required=True),
    column("command", String, "Command line", ucd="meta.note"),
    column("user_name", String, "Account that ran it", ucd="meta.id"),
    column("version", String, "Version of hotstars", ucd="meta.version"),
    column("started_at", DateTime, "Start, UTC", ucd="time.start", required=True),
    column("finished_at", DateTime, "End, UTC; NULL while running or when killed", ucd="time.end"),
    column("status", String, "running, finished or failed", ucd="meta.code.status", required=True),
    column("n_files", BigInteger, "Files looked at", ucd="meta.number"),
    column("n_skipped", BigInteger, "Files already loaded by an earlier run", ucd="meta.number"),
    column("n_rejected", BigInteger, "Files put into quarantine", ucd="meta.number"),
    column("n_rows", BigInteger, "Rows inserted, all tables", ucd="meta.number"),
    column("message", String, "Error of a failed run", ucd="meta.note"),
)

ingested_file = raw_table(
    "ingested_file",
    "One row a file that was loaded: provenance of every raw row, and what a resumed run skips.",
    ("path", "source"),
    column("path", String, "Absolute path of the file", ucd="meta.ref", required=True),
    column(
        "sha256",
        String,
        "SHA-256 of the file as it lies on disk",
        ucd="meta.checksum",
        required=True,
    ),
    column("size", BigInteger, "Size", unit="byte", ucd="phys.size;meta.file", required=True),
    column("mtime_ns", BigInteger, "Time of last change", unit="ns", ucd="time.epoch;meta.file"),
    column("source", String, "Name of the source", ucd="meta.id", required=True),
    column("n_rows", BigInteger, "Rows the file gave, all tables", ucd="meta.number"),
    column("note", String, "What a reader should know, such as a duplicate", ucd="meta.note"),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
    column("loaded_at", DateTime, "When, UTC", ucd="time.processing", required=True),
)

rejected_file = raw_table(
    "rejected_file",
    "Quarantine: files (or rows of files) that could not be loaded, and why.",
    ("path", "source", "reason"),
    column("path", String, "Absolute path of the file", ucd="meta.ref", required=True),
    column("sha256", String, "SHA-256; NULL where the file could not be read", ucd="meta.checksum"),
    column("size", BigInteger, "Size", unit="byte", ucd="phys.size;meta.file"),
    column("mtime_ns", BigInteger, "Time of last change", unit="ns", ucd="time.epoch;meta.file"),
    column("source", String, "Name of the source", ucd="meta.id", required=True),
    column("reason", String, "What is wrong and what to do", ucd="meta.note", required=True),
    column("run_id", String, "Run that met it", ucd="meta.id", required=True),
    column("rejected_at", DateTime, "When, UTC", ucd="time.processing", required=True),
)
