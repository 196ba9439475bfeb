"""Bring lists of verdicts into the warehouse: check, compare, write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.catalogues.reading import identify
from ingest.files import BadFileError, FileIdentity
from ingest.review.reading import COLUMNS, Verdict, VerdictList, read_verdicts
from warehouse import raw_tables
from warehouse.load import FileRecord, IngestRun, Rejection, insert_new


@dataclass
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    n_files
        Files read.
    n_new, n_replaced, n_known, n_older
        Verdicts that are new, that took an earlier one's place, that stood there already, and
        that a later one of the same reviewer keeps out.
    n_open
        Rows without a verdict.
    replaced
        Those of them that say something else now, in words.
    rejected
        Path -> why the file could not be used.
    left_out
        Path -> rows that could not be used, in words.
    """

    n_files: int = 0
    n_new: int = 0
    n_replaced: int = 0
    n_known: int = 0
    n_older: int = 0
    n_open: int = 0
    replaced: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{self.n_new:,d} new verdicts"]
        for count, words in (
            (self.n_replaced, "replaced an earlier one of the same reviewer"),
            (self.n_known, "known"),
            (self.n_older, "older than the reviewer's verdict in the warehouse, not taken"),
            (self.n_open, "rows without a verdict"),
            (sum(map(len, self.left_out.values())), "rows in quarantine"),
            (len(self.rejected), "files in quarantine"),
        ):
            if count:
                parts.append(f"{count:,d} {words}")
        return "review: " + ", ".join(parts)


def load_verdicts(
    connection: duckdb.DuckDBPyConnection,
    paths: Iterable[Path],
    *,
    reviewer: str | None = None,
    command: str = "hotstars review import",
) -> ImportSummary:
    """Load filled lists, one after another.

    A verdict takes the place of the same reviewer's earlier one on the spectrum. A list can be
    loaded again at any time: what stands there already is left as it is.

    Parameters
    ----------
    connection
        Warehouse, open for writing.
    paths
        The lists.
    reviewer
        Of rows that name none.
    command
        For the ledger.

    Returns
    -------
    ImportSummary
        Rows and files that cannot be used are in it and in ``raw.rejected_file``.
    """
    summary = ImportSummary()
    with IngestRun(connection, "review", command) as run:
        for path in paths:
            identity = identify(path)
            try:
                found = read_verdicts(path, reviewer)
            except BadFileError as error:
                summary.rejected[identity.path] = str(error)
                run.commit({}, rejections=[_rejection(identity, str(error))])
                continue
            _load_list(run, identity, found, summary)
    return summary


def _rejection(identity: FileIdentity, reason: str) -> Rejection:
    return Rejection(identity.path, reason, identity.sha256, identity.size, identity.mtime_ns)


def _load_list(
    run: IngestRun, identity: FileIdentity, found: VerdictList, summary: ImportSummary
) -> None:
    left_out = found.left_out | _without_spectrum(run.connection, found.verdicts)
    sound = [item for item in found.verdicts if item.row not in left_out]
    # of several rows on one spectrum the latest counts, of one time the last
    newest = {item.key: item for item in sorted(sound, key=lambda item: item.reviewed_at)}
    written = _write(run, list(newest.values()), summary)
    reasons = [f"row {row}: {reason}" for row, reason in sorted(left_out.items())]
    # The rows are safe by now: a run that is killed before this line is repeated, finds them
    # known and writes what is missing of the ledger.
    run.n_rows += written
    record = FileRecord(
        path=identity.path,
        sha256=identity.sha256 or "",
        size=identity.size or 0,
        mtime_ns=identity.mtime_ns or 0,
        n_rows=written,
    )
    run.commit({}, [record], [_rejection(identity, reason) for reason in reasons])
    summary.n_files += 1
    summary.n_open += found.n_open
    if reasons:
        summary.left_out[identity.path] = reasons


def _without_spectrum(
    connection: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict]
) -> dict[int, str]:
    """Return the rows whose spectrum is not in the warehouse, or is of another star."""
    if not verdicts:
        return {}
    keys = pa.table(
        {
            "row": [item.row for item in verdicts],
            "obsid": [item.obsid for item in verdicts],
            "exposure": [item.exposure for item in verdicts],
            "named": pa.array([item.designation for item in verdicts], pa.string()),
        }
    )
    connection.register("verdict_keys_", keys)
    try:
        rows = connection.execute(
            """
            select keys.row, keys.obsid, keys.exposure, keys.named,
                observation.designation,
                exists (
                    select 1 from raw.lamost_spectrum as spectrum
                    where spectrum.obsid = keys.obsid and spectrum.exposure = keys.exposure
                        and spectrum.arm in ('R', 'L')
                ) as is_there
            from verdict_keys_ as keys
            left join raw.lamost_observation as observation using (obsid)
            where not is_there or keys.named <> observation.designation
            """
        ).fetchall()
    finally:
        connection.unregister("verdict_keys_")
    return {
        row: f"spectrum {obsid}, exposure {exposure}, is of {designation}, not of {named}; the "
        "rows of the list were shuffled: begin again from the exported one"
        if is_there
        else f"no spectrum of obsid {obsid}, exposure {exposure}, with H-alpha in the warehouse; "
        "correct the numbers, or load the spectrum and import the list again"
        for row, obsid, exposure, named, designation, is_there in rows
    }


def _write(run: IngestRun, verdicts: Sequence[Verdict], summary: ImportSummary) -> int:
    """Write what is new or later than what stands there, in one transaction."""
    connection = run.connection
    stored = _stored(connection, {item.reviewer for item in verdicts})
    fresh = []
    for item in verdicts:
        earlier = stored.get(item.key)
        if earlier is None:
            summary.n_new += 1
        elif replace(earlier, row=item.row, designation=item.designation) == item:
            summary.n_known += 1
            continue
        elif earlier.reviewed_at > item.reviewed_at:
            summary.n_older += 1
            continue
        else:
            summary.n_replaced += 1
            if earlier.verdict != item.verdict:
                summary.replaced.append(
                    f"obsid {item.obsid}, exposure {item.exposure}: {item.reviewer} said "
                    f"{earlier.verdict} on {earlier.reviewed_at:%Y-%m-%d %H:%M} and now says "
                    f"{item.verdict}"
                )
        fresh.append(item)
    if not fresh:
        return 0
    batch = pa.table({name: [getattr(item, name) for item in fresh] for name in COLUMNS})
    comments = pa.array([item.comment for item in fresh], pa.string())  # all may be None
    batch = batch.set_column(COLUMNS.index("comment"), "comment", comments)
    connection.register("verdicts_", batch)
    try:
        connection.begin()
        connection.execute(
            "delete from raw.review as known using verdicts_ as fresh "
            "where known.obsid = fresh.obsid and known.exposure = fresh.exposure "
            "and known.reviewer = fresh.reviewer"
        )
        written = insert_new(connection, raw_tables.review, batch, run.run_id)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.unregister("verdicts_")
    return written


def _stored(
    connection: duckdb.DuckDBPyConnection, reviewers: Iterable[str]
) -> dict[tuple[int, int, str], Verdict]:
    rows = connection.execute(
        "select obsid, exposure, verdict, reviewer, reviewed_at, comment from raw.review "
        "where list_contains(?, reviewer)",
        [sorted(reviewers)],
    ).fetchall()
    return {item.key: item for item in (Verdict(0, *row) for row in rows)}
