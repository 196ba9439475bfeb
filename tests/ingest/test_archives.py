"""Downloads: what archives do wrong, and that a broken download goes on where it stopped."""

from __future__ import annotations

import email.utils
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from archive_server import Server, Sky, archive
from astropy.table import Table
from catalogue_files import create_raw_tables

from ingest.archives.answers import ArchiveError
from ingest.archives.cache import Cache
from ingest.archives.transport import Patience, Transport, retry_after
from ingest.catalogues.from_archive import adql, load_from_archive
from ingest.catalogues.load import Summary
from ingest.catalogues.sources import find_source
from warehouse.connection import WarehouseError, connect

N_STARS = 25
QUICK = Patience(attempts=4, silence=5.0, whole=10.0, first_wait=1.0, poll=(0.0, 0.0), job=20.0)
IMPATIENT = replace(QUICK, silence=0.4, whole=0.8)


def places() -> tuple[list[float], list[float]]:
    """Stars all over the sky, at the wrap and at a pole."""
    rng = np.random.default_rng(3)
    ra = np.concatenate([[359.99999, 0.00001], rng.uniform(0, 360, N_STARS - 2)])
    dec = np.concatenate([[0.0, 89.9], np.degrees(np.arcsin(rng.uniform(-1, 1, N_STARS - 2)))])
    return ra.tolist(), dec.tolist()


def sky_of_2mass(n_extra: int = 30) -> Sky:
    """A 2MASS with one source 1 arcsec north (or south) of each star, and others far away."""
    ra, dec = places()
    rng = np.random.default_rng(4)
    n = N_STARS + n_extra
    table = Table()
    table["2MASS"] = [f"{number:08d}+0000000" for number in range(n)]
    table["RAJ2000"] = np.concatenate([ra, rng.uniform(0, 360, n_extra)])
    shifted = np.array(dec) - np.sign(np.array(dec) + 1e-9) / 3600
    table["DEJ2000"] = np.concatenate([shifted, rng.uniform(-80, 80, n_extra)])
    for band in "JHK":
        table[f"{band}mag"] = rng.uniform(6, 14, n)
        table[f"{band}mag"].unit = "mag"
    return Sky(table)


def sky_of_gaia() -> Sky:
    sky = sky_of_2mass()
    table = Table()
    table["source_id"] = np.arange(len(sky.table)) + 4_000_000_000_000_000_001
    table["ra"], table["dec"] = sky.table["RAJ2000"], sky.table["DEJ2000"]
    table["ref_epoch"] = 2016.0
    return Sky(table, "ra", "dec")


@dataclass
class Desk:
    """A warehouse with stars, a cache and what the user is told."""

    database: Path
    cache: Path
    told: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def load(self, source: str, patience: Patience = QUICK, **options: object) -> Summary:
        transport = Transport(patience, tell=self.told.append, sleep=self.waits.append)
        return load_from_archive(
            lambda: connect(self.database),
            find_source(source),
            Cache(self.cache),
            transport,
            chunk=10,
            tell=self.told.append,
            **options,  # type: ignore[arg-type]
        )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with connect(self.database) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def desk(tmp_path: Path, home: Path) -> Desk:
    database = home / "warehouse.duckdb"
    with connect(database) as connection:
        create_raw_tables(connection)
        add_stars(connection)
    return Desk(database, home / "cache")


def add_stars(connection: duckdb.DuckDBPyConnection) -> None:
    for number, (ra, dec) in enumerate(zip(*places(), strict=True)):
        connection.execute(
            "insert into raw.lamost_observation (obsid, designation, survey, layout, ra, dec, "
            "file_name, path, sha256, run_id) "
            "values (?, ?, 'LAMOST-MRS', 'x', ?, ?, 'f', 'f', 's', 'r')",
            [number, f"star {number}", ra, dec],
        )


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Sky], Server]]:
    opened = []

    def start(sky: Sky) -> Server:
        context = archive(sky)
        server = context.__enter__()
        opened.append(context)
        monkeypatch.setenv("HOTSTARS_XMATCH", f"{server.url}/xmatch/api/v1/sync")
        monkeypatch.setenv("HOTSTARS_VIZIER", f"{server.url}/viz-bin/votable")
        monkeypatch.setenv("HOTSTARS_GAIA_TAP", f"{server.url}/tap")
        monkeypatch.setenv("HOTSTARS_SIMBAD_TAP", f"{server.url}/tap")
        return server

    yield start
    for context in opened:
        context.__exit__(None, None, None)


Serve = Callable[[Sky], Server]


def test_stars_are_uploaded_in_chunks_and_their_neighbours_land(desk: Desk, serve: Serve) -> None:
    sky = sky_of_2mass()
    serve(sky)
    summary = desk.load("twomass")
    assert [asked.n_positions for asked in sky.asked] == [10, 10, 5]
    assert summary.n_rows == N_STARS
    files = desk.rows("select path, sha256, note from raw.ingested_file")
    assert len(files) == 3
    assert all(str(note).startswith("http://127.0.0.1") for _, _, note in files)
    assert desk.rows("select status from raw.ingest_run") == [("finished",)]


def test_gaia_is_asked_by_an_asynchronous_job(desk: Desk, serve: Serve) -> None:
    sky = sky_of_gaia()
    sky.slow_phases = 3
    serve(sky)
    assert desk.load("gaia").n_rows == N_STARS
    assert {asked.path for asked in sky.asked} == {"/tap/async"}
    low, epoch = desk.rows("select min(source_id), any_value(ref_epoch) from raw.gaia_source")[0]
    assert low == 4_000_000_000_000_000_001
    assert epoch == 2016.0


def test_a_job_that_fails_says_the_archives_reason(desk: Desk, serve: Serve) -> None:
    sky = sky_of_gaia()
    sky.faults = ["job-error"]
    serve(sky)
    with pytest.raises(ArchiveError, match="ended as ERROR"):
        desk.load("gaia")
    assert desk.load("gaia").n_rows == N_STARS


@pytest.mark.parametrize("form", ["gzip", "chunked"])
def test_packed_and_chunked_bodies_are_no_faults(desk: Desk, serve: Serve, form: str) -> None:
    sky = sky_of_2mass()
    sky.faults = [form] * 3
    serve(sky)
    assert desk.load("twomass").n_rows == N_STARS
    assert desk.waits == []


PASSING = [
    "503",
    "202",
    "html",
    "html-as-xml",
    "empty",
    "wrong-type",
    "truncated",
    "short",
    "reset",
    "hang",
    "drip",
]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_waited_out(desk: Desk, serve: Serve, fault: str) -> None:
    sky = sky_of_2mass()
    sky.faults, sky.hang = [fault], 60.0
    serve(sky)
    patience = IMPATIENT if fault in ("hang", "drip") else QUICK
    assert desk.load("twomass", patience).n_rows == N_STARS
    assert any("try 2 of 4" in line for line in desk.told)


@pytest.mark.parametrize("fault", ["503", "html", "truncated", "short", "hang"])
def test_faults_of_a_job_pass_too(desk: Desk, serve: Serve, fault: str) -> None:
    sky = sky_of_gaia()
    sky.faults, sky.hang = [fault, fault], 60.0
    serve(sky)
    assert desk.load("gaia", IMPATIENT if fault == "hang" else QUICK).n_rows == N_STARS


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_stays_ends_in_an_error_and_nothing_is_loaded(
    desk: Desk, serve: Serve, fault: str
) -> None:
    sky = sky_of_2mass()
    sky.faults, sky.hang = [fault] * 2, 60.0
    serve(sky)
    with pytest.raises(ArchiveError, match="goes on from there"):
        desk.load("twomass", replace(IMPATIENT, attempts=2))
    assert desk.rows("select count(*) from raw.twomass_source") == [(0,)]
    assert list(desk.cache.rglob("*.json")) == []
    assert list(desk.cache.rglob("*.part")) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("overflow", "left rows out.*fewer positions"),
        ("missing-column", "no column for j .*Its columns are .*Jmagnitude"),
        ("400", "HTTP 400: bad ADQL"),
    ],
)
def test_a_fault_that_does_not_pass_is_told_at_once(
    desk: Desk, serve: Serve, fault: str, words: str
) -> None:
    sky = sky_of_2mass()
    sky.faults = ["", fault]
    serve(sky)
    with pytest.raises(ArchiveError, match=words):
        desk.load("twomass")
    assert desk.waits == []
    assert desk.rows("select count(*) from raw.twomass_source") == [(0,)]
    assert len(list(desk.cache.rglob("*.json"))) == 1  # the good chunk is kept


def test_retry_after_is_followed_and_waits_grow(desk: Desk, serve: Serve) -> None:
    sky = sky_of_2mass()
    sky.faults = ["retry-after", "503", "503"]
    serve(sky)
    desk.load("twomass")
    assert desk.waits[0] == 7.0
    assert 1.0 <= desk.waits[1] <= 2.0 <= desk.waits[2] <= 4.0


def test_retry_after_is_read_in_both_of_its_forms() -> None:
    assert retry_after("120") == 120.0
    date = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert retry_after(date) == pytest.approx(60, abs=3)
    assert retry_after("soon") is None


def test_a_broken_download_goes_on_where_it_stopped(desk: Desk, serve: Serve) -> None:
    sky = sky_of_2mass()
    sky.faults = ["", "", "503", "503", "503", "503"]
    serve(sky)
    with pytest.raises(ArchiveError):
        desk.load("twomass")
    n_asked = len(sky.asked)
    assert desk.load("twomass").n_rows == N_STARS
    assert [asked.n_positions for asked in sky.asked[n_asked:]] == [5]
    assert desk.load("twomass").n_rows == 0
    assert len(sky.asked) == n_asked + 1


def test_a_damaged_answer_in_the_cache_is_fetched_again(desk: Desk, serve: Serve) -> None:
    sky = sky_of_2mass()
    serve(sky)
    desk.load("twomass")
    body = next(desk.cache.rglob("*.body"))
    content = bytearray(body.read_bytes())
    content[len(content) // 2] ^= 1
    body.write_bytes(content)
    n_asked = len(sky.asked)
    desk.load("twomass")
    assert len(sky.asked) == n_asked + 1
    seal = json.loads(next(desk.cache.rglob("*.json")).read_text())
    assert set(seal) >= {"url", "sha256", "size", "fetched_at"}


def test_a_job_under_way_is_found_again_after_a_kill(desk: Desk, serve: Serve) -> None:
    sky = sky_of_gaia()
    sky.slow_phases = 10_000
    server = serve(sky)
    with pytest.raises(ArchiveError, match="still EXECUTING"):
        desk.load("gaia", replace(QUICK, job=0.2))
    sky.slow_phases = 0
    for number in server.polls:
        server.polls[number] = 0
    assert desk.load("gaia").n_rows == N_STARS
    assert [asked.n_positions for asked in sky.asked] == [10, 10, 5]


def test_a_whole_table_of_the_right_size_is_loaded(desk: Desk, serve: Serve) -> None:
    table = Table()
    table["Name"] = [f"PDS {number}" for number in range(120)]
    table["_RAJ2000"], table["_DEJ2000"] = np.linspace(0, 350, 120), np.linspace(-80, 80, 120)
    sky = Sky(table)
    serve(sky)
    assert desk.load("vieira2003", whole=True).n_rows == 120
    assert sky.asked[0].form["-out.max"] == "unlimited"
    assert sky.asked[0].form["-source"] == "J/AJ/126/2971/table2"


def test_a_table_cut_at_50_rows_is_refused(desk: Desk, serve: Serve) -> None:
    table = Table()
    table["Name"] = [f"PDS {number}" for number in range(50)]
    table["_RAJ2000"], table["_DEJ2000"] = np.linspace(0, 350, 50), np.linspace(-80, 80, 50)
    serve(Sky(table))
    with pytest.raises(ArchiveError, match="50 rows are VizieR's limit"):
        desk.load("vieira2003", whole=True)
    assert desk.rows("select count(*) from raw.literature_star") == [(0,)]
    assert desk.load("vieira2003", whole=True, any_size=True).n_rows == 50


def test_a_big_table_is_fetched_in_parts_by_row_number(
    desk: Desk, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.catalogues.from_archive.CHUNK_ROWS", 50)
    table = Table()
    table["Name"] = [f"PDS {number}" for number in range(120)]
    table["_RAJ2000"], table["_DEJ2000"] = np.linspace(0, 350, 120), np.linspace(-80, 80, 120)
    sky = Sky(table)
    serve(sky)
    assert desk.load("vieira2003", whole=True).n_rows == 120
    assert [asked.form["recno"] for asked in sky.asked] == [
        "1..50", "51..100", "101..150", "151..200",
    ]  # fmt: skip


def test_what_no_archive_gives_is_said_with_what_there_is(desk: Desk, serve: Serve) -> None:
    serve(sky_of_2mass())
    with pytest.raises(WarehouseError, match=r"bess: .*basebe\.obspm\.fr"):
        desk.load("bess")
    with pytest.raises(WarehouseError, match="no archive gives tap"):
        desk.load("twomass", via="tap")


def test_an_empty_warehouse_has_no_stars_to_ask_for(desk: Desk, serve: Serve) -> None:
    serve(sky_of_2mass())
    with connect(desk.database) as connection:
        connection.execute("delete from raw.lamost_observation")
    with pytest.raises(WarehouseError, match="hotstars ingest lamost"):
        desk.load("twomass")


def test_the_queries_name_columns_that_the_mapping_knows() -> None:
    for name in ("gaia", "gaia_edr3", "gaia_dr2", "simbad"):
        source = find_source(name)
        query = adql(source)
        assert "tap_upload.positions" in query
        known = {item for rule in source.columns.values() for item in rule.names}
        for part in source.archive.tap_select.split(","):
            assert part.split(" as ")[-1].split(".")[-1].strip() in known


def test_a_killed_command_asks_only_for_the_rest(desk: Desk, serve: Serve) -> None:
    """SIGKILL in the third chunk; the same command then asks for that chunk alone."""
    sky = sky_of_2mass()
    sky.faults = ["", "", "hang"]
    sky.hang = 30.0
    serve(sky)
    environment = {**os.environ, "HOTSTARS_CHUNK_POSITIONS": "10"}
    verb = "import typer; from hotstars.verbs.ingest import ingest; typer.run(ingest)"
    line = [sys.executable, "-c", verb, "twomass", "--archive"]
    process = subprocess.Popen(line, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while len(sky.asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [asked.n_positions for asked in sky.asked] == [10, 10, 5]
    assert desk.rows("select count(*) from raw.twomass_source") == [(0,)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [asked.n_positions for asked in sky.asked[3:]] == [5]
    assert desk.rows("select count(*) from raw.twomass_source") == [(N_STARS,)]


def test_other_clients_understand_the_server_that_these_tests_trust(serve: Serve) -> None:
    """astroquery and pyvo are the field's own clients: the server must talk as archives do."""
    xmatch = pytest.importorskip("astroquery.xmatch")
    pyvo = pytest.importorskip("pyvo")
    ra, dec = places()
    server = serve(sky_of_2mass())
    client = xmatch.XMatchClass()
    client.URL = f"{server.url}/xmatch/api/v1/sync"
    client.is_table_available = lambda _: False
    stars = Table({"ra": ra, "dec": dec})
    kwargs: dict[str, object] = {}
    payload = {"request": "xmatch", "distMaxArcsec": 3, "RESPONSEFORMAT": "votable", "cat2": "v"}
    client._prepare_sending_table(1, payload, kwargs, stars, "ra", "dec")
    answer = client._request("POST", client.URL, data=payload, cache=False, **kwargs)
    assert answer.content.count(b"<TR>") == N_STARS
    gaia = serve(sky_of_gaia())
    service = pyvo.dal.TAPService(f"{gaia.url}/tap")
    upload = Table({"pos_ra": ra, "pos_dec": dec})
    job = service.submit_job(adql(find_source("gaia")), uploads={"positions": upload})
    assert job.phase in ("EXECUTING", "COMPLETED")
