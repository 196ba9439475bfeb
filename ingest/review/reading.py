"""Read a list of verdicts, row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.files import BadFileError
from warehouse.load import utc_now

#: What a person can say of a spectrum: any sign of a disc (a shell in absorption is one), none,
#: or that nothing can be said.
VERDICTS = ("emission", "absorption", "unusable")

#: Columns of a list.
COLUMNS = ("obsid", "exposure", "verdict", "reviewer", "comment", "reviewed_at")

#: A clock may go wrong by this much; beyond it a verdict would win over every later one.
CLOCK_TOLERANCE = timedelta(days=1)

_REQUIRED = ("obsid", "exposure", "verdict")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_MAX_BIGINT = 2**63 - 1


class BadRowError(Exception):
    """A row that cannot be used; the message says why and the way out."""


@dataclass(frozen=True)
class Verdict:
    """One row of a list.

    Attributes
    ----------
    row
        Its number as a spreadsheet counts: the header is row 1.
    obsid, exposure
        The spectrum.
    verdict
        One of :data:`VERDICTS`.
    reviewer
        Who looked at it.
    reviewed_at
        When, UTC.
    comment
        None where there is none.
    designation
        The star as the list has it; None where it has not. Only compared.
    """

    row: int
    obsid: int
    exposure: int
    verdict: str
    reviewer: str
    reviewed_at: datetime
    comment: str | None = None
    designation: str | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """What tells verdicts apart."""
        return self.obsid, self.exposure, self.reviewer


@dataclass
class VerdictList:
    """What a file holds.

    Attributes
    ----------
    verdicts
        Sound rows in the file's order.
    n_open
        Rows without a verdict.
    left_out
        Number of each row that cannot be used, and why.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    n_open: int = 0
    left_out: dict[int, str] = field(default_factory=dict)


def read_verdicts(path: Path, reviewer: str | None = None) -> VerdictList:
    """Read a filled list.

    Parameters
    ----------
    path
        CSV in UTF-8, divided by commas, semicolons or tabs.
    reviewer
        Of rows that name none.

    Returns
    -------
    VerdictList
        A row without ``reviewed_at`` gets the time at which the file was last changed.

    Raises
    ------
    BadFileError
        When the file is no such list.
    """
    try:
        content = path.read_bytes()
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    except OSError as error:
        raise BadFileError(f"it cannot be read ({error.strerror})") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFileError("this is no UTF-8 text; save it as CSV UTF-8") from error
    found = VerdictList()
    records = _records(text)
    header = [name.strip().casefold() for name in next(records, [])]
    missing = [name for name in _REQUIRED if name not in header]
    if missing:
        raise BadFileError(
            f"no column {', '.join(missing)} in its first line; a list has the columns "
            f"{', '.join(COLUMNS)}: `hotstars review export` writes one to fill"
        )
    for row, record in enumerate(records, start=2):
        if not any(value.strip() for value in record):
            continue
        try:
            verdict = _verdict(row, header, record, reviewer, changed_at)
        except BadRowError as error:
            found.left_out[row] = str(error)
            continue
        if verdict is None:
            found.n_open += 1
        else:
            found.verdicts.append(verdict)
    return found


def _records(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise BadFileError(f"this is no CSV ({error})") from error


def _verdict(
    row: int, header: Sequence[str], record: Sequence[str], reviewer: str | None, now: datetime
) -> Verdict | None:
    if len(record) > len(header):
        raise BadRowError(
            f"{len(record)} values for {len(header)} columns; put a comment with a comma in quotes"
        )
    values = dict.fromkeys((*COLUMNS, "designation"), "")
    values |= {name: value.strip() for name, value in zip(header, record, strict=False)}
    said = values["verdict"].casefold()
    if not said:
        if values["comment"]:
            raise BadRowError(f"a comment without a verdict; it is {_one_of(VERDICTS)}")
        return None
    verdict = next((name for name in VERDICTS if said in (name, name[0])), None)
    if verdict is None:
        raise BadRowError(f"verdict {values['verdict']!r}; it is {_one_of(VERDICTS)}")
    person = " ".join((values["reviewer"] or reviewer or "").split())
    if not person:
        raise BadRowError("no reviewer; fill the column, or import with --reviewer NAME")
    return Verdict(
        row=row,
        obsid=_integer("obsid", values["obsid"]),
        exposure=_integer("exposure", values["exposure"]),
        verdict=verdict,
        reviewer=person,
        reviewed_at=_time(values["reviewed_at"]) if values["reviewed_at"] else now,
        comment=values["comment"] or None,
        designation=values["designation"] or None,
    )


def _one_of(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"


def _integer(name: str, text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(int(text)) > _MAX_BIGINT:
        raise BadRowError(
            f"{name} {text!r} is no whole number; a spreadsheet may have changed it: copy it from "
            "the exported list as text"
        )
    return int(text)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise BadRowError(
            f"reviewed_at {text!r} is no time; write it as 2026-05-17T14:30:00Z, or leave it "
            "empty for the time of the file"
        ) from error
    if time > utc_now() + CLOCK_TOLERANCE:
        raise BadRowError(
            f"reviewed_at {text} lies in the future and would win over every later verdict; "
            "correct it"
        )
    return time
