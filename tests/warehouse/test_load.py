"""What a batch load promises: all or nothing, no row twice, every file accounted for."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import raw_tables
from warehouse.connection import WarehouseError, connect
from warehouse.load import FileRecord, IngestRun, Rejection, insert_new
from warehouse.migrate import upgrade, upgrade_in_memory


def lasp(obsids: list[int], teff: float = 9000.0) -> pa.Table:
    return pa.table(
        {
            "obsid": pa.array(obsids, pa.int64()),
            "teff": pa.array([teff] * len(obsids), pa.float32()),
        }
    )


def record(name: str) -> FileRecord:
    return FileRecord(name, "0" * 64, 1, 2, 1)


@given(st.lists(st.lists(st.integers(0, 20), max_size=30), max_size=5))
def test_every_key_lands_once_and_the_first_row_of_a_key_wins(batches: list[list[int]]) -> None:
    connection = upgrade_in_memory()
    table = raw_tables.lamost_stellar_parameters
    first_seen: dict[int, float] = {}
    for number, obsids in enumerate(batches):
        for obsid in obsids:
            first_seen.setdefault(obsid, float(number))
        insert_new(connection, table, lasp(obsids, teff=float(number)), "run")
    rows = connection.execute("select obsid, teff from raw.lamost_stellar_parameters").fetchall()
    assert len(rows) == len(first_seen)
    assert dict(rows) == first_seen


def test_a_failing_batch_leaves_nothing_of_itself_and_keeps_the_earlier_ones() -> None:
    connection = upgrade_in_memory()
    table = raw_tables.lamost_stellar_parameters
    wrong = pa.table({"obsid": pa.array([3]), "name": ["x"]})

    def load() -> None:
        with IngestRun(connection, "lasp", "test") as run:
            run.commit({table: lasp([1])}, [record("a")])
            run.commit({table: lasp([2]), raw_tables.literature_star: wrong}, [record("b")])

    with pytest.raises(ValueError, match=r"raw\.literature_star: no column obsid"):
        load()
    rows = connection.execute("select obsid from raw.lamost_stellar_parameters").fetchall()
    assert rows == [(1,)]
    assert connection.execute("select path from raw.ingested_file").fetchall() == [("a",)]
    status, message = connection.execute("select status, message from raw.ingest_run").fetchall()[0]
    assert status == "failed"
    assert "literature_star" in message


def test_the_ledger_counts_files_rows_and_quarantine() -> None:
    connection = upgrade_in_memory()
    with IngestRun(connection, "lasp", "hotstars ingest lasp x.csv") as run:
        run.commit(
            {raw_tables.lamost_stellar_parameters: lasp([1, 2, 2])},
            [record("a"), record("b")],
            [Rejection("c", "c: empty file; download it again")],
        )
    row = connection.execute(
        "select status, n_files, n_rejected, n_rows, finished_at is not null from raw.ingest_run"
    ).fetchall()
    assert row == [("finished", 3, 1, 2, True)]
    assert connection.execute("select distinct run_id from raw.ingested_file").fetchall() == [
        (run.run_id,)
    ]


def test_a_mended_file_leaves_the_quarantine() -> None:
    connection = upgrade_in_memory()
    with IngestRun(connection, "lasp", "test") as run:
        run.commit({}, [], [Rejection("a", "a: truncated")])
    with IngestRun(connection, "lasp", "test") as run:
        run.commit({}, [record("a")])
    assert connection.execute("select count(*) from raw.rejected_file").fetchall() == [(0,)]


def test_pending_leaves_out_loaded_files_until_they_change(tmp_path: Path) -> None:
    connection = upgrade_in_memory()
    path = tmp_path / "a.csv"
    path.write_text("x")
    status = path.stat()
    loaded = FileRecord(str(path), "0" * 64, status.st_size, status.st_mtime_ns, 1)
    with IngestRun(connection, "lasp", "test") as run:
        assert run.pending([path]) == [path]
        run.commit({}, [loaded])
        assert run.pending([path]) == []
        path.write_text("longer")
        assert run.pending([path]) == [path]


@pytest.mark.parametrize("name", ["it's", 'a "quoted"; drop table x', "Ω Ori", ""])
def test_names_are_data_never_sql(name: str) -> None:
    connection = upgrade_in_memory()
    with IngestRun(connection, name, name) as run:
        run.commit({}, [record(name)], [Rejection(name + "2", name)])
    assert connection.execute("select path from raw.ingested_file").fetchall() == [(name,)]


def test_unknown_and_missing_columns_are_named() -> None:
    connection = upgrade_in_memory()
    table = raw_tables.twomass_source
    with pytest.raises(ValueError, match=r"raw\.twomass_source: no column jmag"):
        insert_new(connection, table, pa.table({"jmag": [1.0]}))
    with pytest.raises(ValueError, match="the batch lacks designation"):
        insert_new(connection, table, pa.table({"ra": [1.0], "dec": [1.0]}))


def test_a_locked_warehouse_says_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    import subprocess
    import sys

    database = tmp_path / "warehouse.duckdb"
    upgrade(database)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb, sys; c = duckdb.connect({str(database)!r}); print('held', flush=True);"
            "sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        who = f"PID {holder.pid}: .*import duckdb.*one writer"
        with pytest.raises(WarehouseError, match=f"{who}.*close it"):
            connect(database)
        with pytest.raises(WarehouseError, match=f"{who}.*sql --published"):
            connect(database, read_only=True)
    finally:
        holder.communicate("")


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    database.write_bytes(b"<html>Service under maintenance</html>" * 100)
    with pytest.raises(WarehouseError, match="no DuckDB database"):
        connect(database)
    assert database.read_bytes().startswith(b"<html>")


def test_a_missing_warehouse_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="hotstars init"):
        connect(tmp_path / "none.duckdb", read_only=True)


def test_an_uninitialised_warehouse_names_the_way_out() -> None:
    with pytest.raises(WarehouseError, match="hotstars init"):  # noqa: SIM117
        with IngestRun(duckdb.connect(":memory:"), "lasp", "test"):
            pass
