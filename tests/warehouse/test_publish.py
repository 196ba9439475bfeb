"""Releases: read while the warehouse is written, whole or not at all, a few of them kept."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from warehouse.connection import WarehouseError, connect
from warehouse.export import ExportFormat, export_mart
from warehouse.export.files import clear_rubbish
from warehouse.export.metadata import Mart, MartColumn, marts, read_manifest
from warehouse.publish import CURRENT, current_release, publish

ROWS = 2000
REBUILD = {"dbt_invocation": "abc", "built_at": "2026-01-02T03:04:05", "commit": "0123abc"}
BE_NEW = Mart(
    "be_new", "marts", "New Be stars",
    (
        MartColumn("designation", "Star", None, "meta.id;meta.main", "A8"),
        MartColumn("n", "A number", "deg", "meta.number", "I8"),
    ),
    ("designation", "n"),
    meta={"order_by": ["designation", "n"]},
)  # fmt: skip
MANIFEST = {
    "nodes": {
        "model.hotstars.be_new": {
            "resource_type": "model", "name": "be_new", "schema": "marts",
            "description": BE_NEW.description, "meta": {"order_by": list(BE_NEW.order_by)},
            "columns": {
                one.name: {
                    "name": one.name, "description": one.description,
                    "meta": {"unit": one.unit, "ucd": one.ucd, "format": one.print_format},
                }
                for one in BE_NEW.columns
            },
        },
        "model.hotstars.stg_gaia": {
            "resource_type": "model", "name": "stg_gaia", "schema": "staging", "columns": {},
        },
    },
}  # fmt: skip

NOTHING_TOLD: dict[str, Any] = {"manifest": {"nodes": {}}, "rebuild": {}, "models": {}}

WRITER = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("create or replace table marts.be_new as select 1 as designation")
print("holding", flush=True)
time.sleep(60)
"""

READER = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.execute("select count(*) from marts.be_new").fetchall()[0][0], flush=True)
sys.stdin.readline()
print(connection.execute("select sum(length(designation)) from marts.be_new").fetchall()[0][0])
"""

PUBLISHER = """
import os, signal, sys
from pathlib import Path
import warehouse.publish as module
def killed(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, sys.argv[3], killed)
module.publish(Path(sys.argv[1]), Path(sys.argv[2]),
               manifest={"nodes": {}}, rebuild={}, models={})
"""


@pytest.fixture
def live(tmp_path: Path) -> Path:
    database = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts; create schema raw")
        connection.execute(
            f"create table marts.be_new as select 'J' || (range % 97) as designation, range as n "
            f"from range({ROWS}) order by hash(range)"
        )
        connection.execute("comment on table marts.be_new is 'New Be stars: ''here'''")
        connection.execute("comment on column marts.be_new.n is 'A number; unit deg'")
        connection.execute("create table raw.secret as select 1 as one")
    return database


def released(live: Path, **options: object):
    return publish(
        live, live.parent / "published", manifest=MANIFEST, rebuild=REBUILD,
        models={"net": "1"}, **options,
    )  # fmt: skip


def query(database: Path, text: str) -> list[tuple]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(text).fetchall()


def test_a_release_holds_the_marts_with_comments_and_says_what_it_is(live: Path) -> None:
    release = released(live)
    file = live.parent / "published" / CURRENT / "warehouse.duckdb"
    rows = query(file, "select designation, n from marts.be_new")
    assert rows == sorted(rows)
    assert len(rows) == ROWS
    comments = query(
        file,
        "select comment from duckdb_tables() where table_name = 'be_new' union all "
        "select comment from duckdb_columns() where table_name = 'be_new' and comment is not null",
    )
    assert {text for (text,) in comments} == {"New Be stars: 'here'", "A number; unit deg"}
    # nothing of the other layers
    assert query(file, "select count(*) from duckdb_tables() where schema_name = 'raw'") == [(0,)]
    told = dict(query(file, "select key, value from release"))
    assert told["dbt_invocation"] == "abc"
    assert json.loads(told["rows"]) == {"be_new": ROWS}
    assert release.card["number"] == 1
    described = read_manifest(release.manifest)
    assert marts(described) == {"be_new": BE_NEW}
    assert list(described["nodes"]) == ["model.hotstars.be_new"]
    assert release.card["commit"]
    parquet = pq.read_table(file.parent / "parquet" / "be_new.parquet")
    assert list(zip(*parquet.to_pydict().values(), strict=True)) == rows


def test_parquet_of_a_release_is_that_of_an_export(live: Path, tmp_path: Path) -> None:
    """With its VOTable header, from the metadata where they know the table, else from comments."""
    with duckdb.connect(str(live)) as connection:
        connection.execute("create table marts.odd as select 1.5 as x")
        connection.execute("comment on column marts.odd.x is 'Not in the manifest'")
    release = released(live)
    with duckdb.connect(str(release.database), read_only=True) as connection:
        path = export_mart(connection, BE_NEW, ExportFormat.parquet, tmp_path / "a", REBUILD)
    assert path.read_bytes() == (release.folder / "parquet/be_new.parquet").read_bytes()
    schema = pq.read_schema(path)
    assert b'unit="deg"' in schema.metadata[b"IVOA.VOTable-Parquet.content"]
    assert schema.metadata[b"hotstars.server_software"].endswith(b"commit 0123abc")
    odd = pq.read_schema(release.folder / "parquet/odd.parquet")
    assert odd.field("x").metadata[b"description"] == b"Not in the manifest"


def test_the_files_of_a_release_can_be_checked(live: Path) -> None:
    """By coreutils; two releases of the same rows differ in what holds their time."""
    folders = [released(live).folder for _ in range(2)]
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    for folder in folders:
        checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        files = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
        told = {line.removesuffix(": OK") for line in checked.stdout.splitlines()}
        assert told == files - {"SHA256SUMS"}
    sums = [set((folder / "SHA256SUMS").read_text().splitlines()) for folder in folders]
    assert {line.split()[1] for line in sums[0] ^ sums[1]} <= {"warehouse.duckdb", "release.json"}
    with (folders[1] / "parquet/be_new.parquet").open("ab") as file:
        file.write(b"x")
    assert subprocess.run(command, cwd=folders[1], capture_output=True, check=False).returncode == 1


def test_people_read_a_release_while_a_rebuild_holds_the_warehouse(live: Path) -> None:
    release = released(live)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(live)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "holding\n"
        with pytest.raises(WarehouseError, match="sql --published"):
            connect(live, read_only=True)
        assert query(release.database, "select count(*) from marts.be_new") == [(ROWS,)]
        # and publishing now says why it cannot
        with pytest.raises(WarehouseError, match="one writer"):
            released(live)
    finally:
        writer.kill()
        writer.wait()
    found = current_release(live.parent / "published")
    assert found is not None
    assert found.card["number"] == 1


def test_two_publishers_at_once_make_two_releases(live: Path) -> None:
    code = PUBLISHER.replace("setattr(module, sys.argv[3], killed)\n", "")
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(live), str(live.parent / "published")])
        for _ in range(2)
    ]
    assert [one.wait(120) for one in both] == [0, 0]
    numbers = sorted(path.name for path in (live.parent / "published").glob("0*"))
    assert numbers == ["000001", "000002"]
    found = current_release(live.parent / "published")
    assert found is not None
    assert found.card["number"] == int(found.folder.name) == 2


def test_a_reader_keeps_its_release_when_a_newer_one_comes_and_its_own_goes(live: Path) -> None:
    release = released(live)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(release.database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    assert reader.stdin is not None
    assert reader.stdout.readline() == f"{ROWS}\n"
    for _ in range(2):
        released(live, keep=1)
    assert not release.folder.exists()
    rest, _ = reader.communicate("\n", timeout=60)
    assert int(rest) > ROWS
    assert reader.returncode == 0


def test_some_releases_are_kept(live: Path) -> None:
    for _ in range(5):
        released(live, keep=2)
    folder = live.parent / "published"
    numbers = sorted(path.name for path in folder.iterdir() if path.name.isdigit())
    assert numbers == ["000004", "000005"]
    found = current_release(folder)
    assert found is not None
    assert found.card["number"] == 5
    with pytest.raises(WarehouseError, match="--keep 0"):
        released(live, keep=0)


def test_releases_that_are_removed_are_told(live: Path) -> None:
    told: list[str] = []
    for _ in range(3):
        released(live, say=told.append)
    assert not [line for line in told if "removed" in line]
    released(live, keep=2, say=told.append)
    assert [line.strip() for line in told if "removed" in line] == [
        "release 1 is removed: the newest 2 stay (--keep)",
        "release 2 is removed: the newest 2 stay (--keep)",
    ]


def test_a_release_that_cannot_be_removed_is_told_as_such(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    first = released(live)
    rmtree = shutil.rmtree

    def refused(path: Path, **options: object) -> None:
        if path != first.folder:
            rmtree(path, **options)

    monkeypatch.setattr(shutil, "rmtree", refused)
    released(live, keep=1, say=told.append)
    assert told[-1].strip() == f"release 1 could not be removed: {first.folder}"


@pytest.mark.parametrize("step", ["_comments", "_tell", "_sum", "sync_folder", "_point"])
def test_a_killed_publisher_leaves_the_current_release(live: Path, step: str) -> None:
    released(live)
    folder = live.parent / "published"
    killed = subprocess.run(
        [sys.executable, "-c", PUBLISHER, str(live), str(folder), step],
        cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    found = current_release(folder)
    assert found is not None
    assert found.card["number"] == 1
    assert query(folder / CURRENT / "warehouse.duckdb", "select count(*) from marts.be_new") == [
        (ROWS,)
    ]
    again = released(live)
    assert again.card["number"] in (2, 3)
    assert not list(folder.glob(".*.part"))


def test_rubbish_of_a_living_publisher_stays(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        own = tmp_path / f".000009.{other.pid}.part"
        own.mkdir()
        clear_rubbish(tmp_path)
        assert own.exists()
    finally:
        other.kill()
        other.wait()
    time.sleep(0.05)
    clear_rubbish(tmp_path)
    assert not own.exists()


def test_a_full_disk_is_told_and_nothing_changes(live: Path) -> None:
    released(live)
    code = f"""
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from warehouse.connection import WarehouseError
from warehouse.publish import publish
try:
    publish(Path({str(live)!r}), Path({str(live.parent / "published")!r}),
            manifest={{"nodes": {{}}}}, rebuild={{}}, models={{}})
except WarehouseError as error:
    print(error)
"""
    assert hasattr(resource, "RLIMIT_FSIZE")
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert "what was current still is" in told.stdout, told.stderr
    found = current_release(live.parent / "published")
    assert found is not None
    assert found.card["number"] == 1


def test_an_unbuilt_warehouse_and_none_at_all_are_told(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="hotstars init"):
        publish(tmp_path / "none.duckdb", tmp_path / "published", **NOTHING_TOLD)
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with pytest.raises(WarehouseError, match="hotstars build"):
        publish(tmp_path / "empty.duckdb", tmp_path / "published", **NOTHING_TOLD)
    assert current_release(tmp_path / "published") is None
