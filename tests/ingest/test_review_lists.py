"""Lists of verdicts: what a person fills in lands as meant, and what cannot be meant is named."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.files import BadFileError
from ingest.review import load
from ingest.review.load import ImportSummary, load_verdicts
from ingest.review.reading import COLUMNS, VERDICTS, read_verdicts
from warehouse import raw_tables
from warehouse.load import insert_new
from warehouse.migrate import upgrade_in_memory

COADD, HASHED, SINGLE = (1, 0), (-(2**63) + 12345, 0), (1, 81234567)
SPECTRA = {COADD: "J000000.00+000000.0", HASHED: "J010000.00+000000.0"}
TIME = "2026-03-04T05:06:07Z"


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    """Two stars: one with a single exposure beside the coadd, one whose red arm is missing too."""
    connection = upgrade_in_memory()
    spectra = [(*COADD, "R"), (*COADD, "B"), (*SINGLE, "R"), (*HASHED, "L"), (2, 0, "B")]
    stars = {**SPECTRA, (2, 0): "J020000.00+000000.0"}
    observations = [
        {
            "obsid": obsid, "survey": "LAMOST-MRS", "layout": "test", "designation": designation,
            "ra": 0.0, "dec": 0.0, "file_name": "f", "path": "p", "sha256": "0",
        }
        for (obsid, _), designation in stars.items()
    ]  # fmt: skip
    rows = [
        {
            "obsid": obsid, "exposure": exposure, "arm": arm, "survey": "LAMOST-MRS",
            "n_pixels": 1, "flux": [1.0], "ivar": [1.0],
        }
        for obsid, exposure, arm in spectra
    ]  # fmt: skip
    insert_new(connection, raw_tables.lamost_observation, pa.Table.from_pylist(observations), "r")
    insert_new(connection, raw_tables.lamost_spectrum, pa.Table.from_pylist(rows), "r")
    return connection


def row(spectrum: tuple[int, int] = COADD, **values: object) -> dict[str, str]:
    filled = {
        "obsid": spectrum[0],
        "exposure": spectrum[1],
        "verdict": "emission",
        "reviewer": "Wang",
        "comment": "",
        "reviewed_at": TIME,
    }
    return {name: str(value) for name, value in (filled | values).items()}


def write(path: Path, rows: Iterable[Mapping[str, str]], delimiter: str = ",") -> Path:
    rows = list(rows)
    text = io.StringIO()
    names = list(dict.fromkeys([*COLUMNS, *(name for item in rows for name in item)]))
    writer = csv.DictWriter(text, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())
    return path


def verdicts(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "select obsid, exposure, verdict, reviewer, reviewed_at, comment from raw.review "
        "order by all"
    ).fetchall()


def quarantine(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("select reason from raw.rejected_file order by all").fetchall()
    return [reason for (reason,) in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_list_lands_as_a_spreadsheet_saves_it(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, delimiter: str, mark: bytes
) -> None:
    path = tmp_path / "list.csv"
    comment = 'weak; "double", see\nnote'
    write(path, [row(comment=comment), row(HASHED, verdict="unusable")], delimiter)
    path.write_bytes(mark + path.read_bytes())
    summary = load_verdicts(warehouse, [path])
    time = datetime(2026, 3, 4, 5, 6, 7)
    assert verdicts(warehouse) == [
        (*HASHED, "unusable", "Wang", time, None),
        (*COADD, "emission", "Wang", time, comment),
    ]
    assert (summary.n_new, summary.left_out, summary.rejected) == (2, {}, {})
    ledger = "select source, status, n_files, n_rows from raw.ingest_run"
    assert warehouse.execute(ledger).fetchall() == [("review", "finished", 1, 2)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("emission", "emission"), (" Absorption ", "absorption"), ("u", "unusable")],
)
def test_a_verdict_may_be_a_letter(tmp_path: Path, written: str, meant: str) -> None:
    (verdict,) = read_verdicts(write(tmp_path / "list.csv", [row(verdict=written)])).verdicts
    assert verdict.verdict == meant


@given(
    comment=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n")),
    reviewer=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.split()),
)
def test_any_text_survives(
    comment: str, reviewer: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    write(path, [row(comment=comment, reviewer=reviewer)])
    (verdict,) = read_verdicts(path).verdicts
    assert (verdict.comment or "") == comment.strip()
    assert verdict.reviewer == " ".join(reviewer.split())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(verdict="maybe"), "it is emission, absorption or unusable"),
        (row(verdict="", comment="a shell?"), "a comment without a verdict"),
        (row(obsid="1.2E+18"), "a spreadsheet may have changed it"),
        (row(obsid=str(2**63)), "no whole number"),
        (row(exposure="coadd"), "exposure 'coadd'"),
        (row(reviewer=" "), "--reviewer NAME"),
        (row(reviewed_at="23/11/2026"), "2026-05-17T14:30:00Z"),
        (row(reviewed_at="2926-11-23"), "in the future"),
        (row((77, 0)), "no spectrum of obsid 77"),
        (row((1, 5)), "exposure 5"),
        (row((2, 0)), "with H-alpha"),
        (row(designation=SPECTRA[HASHED]), "shuffled"),
    ],
)
def test_a_bad_row_is_named_and_the_others_land(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, bad: dict[str, str], reason: str
) -> None:
    path = write(tmp_path / "list.csv", [row(HASHED), bad, row(SINGLE)])
    summary = load_verdicts(warehouse, [path])
    assert [item[:2] for item in verdicts(warehouse)] == [HASHED, SINGLE]
    (told,) = summary.left_out[str(path)]
    assert told.startswith("row 3: ")
    assert reason in told
    assert quarantine(warehouse) == [told]
    # the list is mended and comes again
    write(path, [row(HASHED), row(COADD), row(SINGLE)])
    again = load_verdicts(warehouse, [path])
    assert (again.n_new, again.n_known) == (1, 2)
    assert quarantine(warehouse) == []


def test_a_row_with_too_many_values_is_named(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{','.join(COLUMNS)}\n\n1,0,emission,Wang,weak, but there,{TIME}\n")
    assert "put a comment with a comma in quotes" in read_verdicts(path).left_out[3]


def test_rows_without_a_verdict_are_open(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write(tmp_path / "list.csv", [row(), row(HASHED, verdict="", reviewed_at="")])
    summary = load_verdicts(warehouse, [path])
    assert (summary.n_new, summary.n_open, summary.left_out) == (1, 1, {})


def test_without_a_time_the_files_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(reviewed_at="")])
    os.utime(path, (1.7e9, 1.7e9))
    (verdict,) = read_verdicts(path).verdicts
    assert verdict.reviewed_at == datetime.fromtimestamp(1.7e9, UTC).replace(tzinfo=None)


def test_a_time_with_a_zone_is_brought_to_utc(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(reviewed_at="2026-01-01T00:30:00+08:00")])
    (verdict,) = read_verdicts(path).verdicts
    assert verdict.reviewed_at == datetime(2025, 12, 31, 16, 30)


def test_the_reviewer_can_be_said_once_for_a_list(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [row(reviewer=""), row(HASHED)])
    assert [item.reviewer for item in read_verdicts(path, "Li").verdicts] == ["Li", "Wang"]


def test_a_later_verdict_takes_the_earlier_ones_place_and_says_so(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def give(**values: object) -> ImportSummary:
        return load_verdicts(warehouse, [write(tmp_path / "list.csv", [row(**values)])])

    give()
    changed = give(verdict="absorption", reviewed_at="2026-03-05")
    assert changed.n_replaced == 1
    assert "Wang said emission on 2026-03-04 05:06 and now says absorption" in changed.replaced[0]
    assert give(verdict="absorption", reviewed_at="2026-03-05").n_known == 1
    assert give(verdict="unusable", reviewed_at="2026-03-01").n_older == 1
    assert give(reviewer="Li", verdict="unusable", reviewed_at="2026-03-01").n_new == 1
    assert [(item[2], item[3]) for item in verdicts(warehouse)] == [
        ("absorption", "Wang"),
        ("unusable", "Li"),
    ]


@given(
    lists=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([COADD, HASHED]),
                st.sampled_from("ab"),
                st.integers(0, 3),
                st.sampled_from(VERDICTS),
            ),
            max_size=5,
        ),
        max_size=4,
    )
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_lists_the_newest_verdict_of_each_reviewer_stands(
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    lists: list[list[tuple[tuple[int, int], str, int, str]]],
) -> None:
    warehouse.execute("delete from raw.review")
    expected: dict[tuple[int, int, str], tuple[datetime, str]] = {}
    for rows in lists:
        items = []
        for spectrum, reviewer, day, verdict in rows:
            time = datetime(2026, 1, 1) + timedelta(days=day)
            items.append(row(spectrum, reviewer=reviewer, reviewed_at=time, verdict=verdict))
            known = expected.get((*spectrum, reviewer))
            if known is None or time >= known[0]:
                expected[*spectrum, reviewer] = (time, verdict)
        load_verdicts(warehouse, [write(tmp_path / "list.csv", items)])
    found = {(o, e, who): (time, said) for o, e, said, who, time, _ in verdicts(warehouse)}
    assert found == expected


def test_a_write_that_fails_leaves_the_earlier_verdict(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_verdicts(warehouse, [write(tmp_path / "list.csv", [row()])])
    before = verdicts(warehouse)

    def fail(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(load, "insert_new", fail)
    later = write(tmp_path / "later.csv", [row(verdict="absorption", reviewed_at="2026-04-01")])
    with pytest.raises(MemoryError):
        load_verdicts(warehouse, [later])
    assert verdicts(warehouse) == before


def _bytes(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.mkdir(), "cannot be read"),
        (_bytes(b""), "no column obsid, exposure, verdict"),
        (_bytes(b"obsid,verdict\n1,e\n"), "no column exposure"),
        (_bytes("obsid,exposure,verdict\n1,0,e\n".encode("utf-16")), "UTF-8"),
        (_bytes(b'obsid,exposure,verdict\n1,0,"' + b"x" * 200_000), "no CSV"),
    ],
    ids=["missing", "folder", "empty", "without a column", "UTF-16", "open quote"],
)
def test_a_file_that_is_no_list_is_quarantined_and_the_next_one_lands(
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    make: Callable[[Path], None],
    reason: str,
) -> None:
    bad = tmp_path / "bad.csv"
    make(bad)
    with pytest.raises(BadFileError, match=reason):
        read_verdicts(bad)
    summary = load_verdicts(warehouse, [bad, write(tmp_path / "good.csv", [row()])])
    assert reason in summary.rejected[str(bad)]
    assert quarantine(warehouse) == [summary.rejected[str(bad)]]
    assert len(verdicts(warehouse)) == 1
