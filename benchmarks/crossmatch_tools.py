"""The tools of benchmarks/crossmatch.py, each made ready once and then run once a process.

    python crossmatch_tools.py TOOL prepare|match FOLDER RADIUS THREADS

FOLDER holds left.parquet and right.parquet (id, ra, dec). `prepare` writes the tool's own kind of
file or index; `match` writes TOOL.parquet with left_id and right_id, and TOOL.seconds. Nothing of
the project is imported, so that a tool can run in a Python of its own.
"""

# ruff: noqa: PLC0415 - a tool imports what it needs: each has its own Python.
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import duckdb

MACROS = Path(__file__).resolve().parent.parent / "dbt_project" / "macros" / "crossmatch"
POSTGRES = Path("/usr/lib/postgresql/15/bin")


def write_pairs(folder: Path, tool: str, left: object, right: object) -> None:
    """Write pairs of keys to TOOL.parquet."""
    table = pa.table({"left_id": pa.array(left), "right_id": pa.array(right)})
    pq.write_table(table, folder / f"{tool}.parquet")


def macro(name: str, **arguments: object) -> str:
    """One of the dbt macros as SQL, as dbt compiles it before it runs."""
    import jinja2

    source = "\n".join(path.read_text() for path in sorted(MACROS.glob("*.sql")))
    return str(getattr(jinja2.Environment().from_string(source).module, name)(**arguments))


def connect(folder: Path, threads: int, database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """DuckDB with so many threads, and with DUCKDB_MEMORY_LIMIT of memory where that is set."""
    import duckdb

    connection = duckdb.connect(database)
    connection.execute(f"set threads = {threads}; set temp_directory = '{folder}/spill'")
    if limit := os.environ.get("DUCKDB_MEMORY_LIMIT"):
        connection.execute(f"set memory_limit = '{limit}'")
    return connection


def match_ours(folder: Path, radius: float, threads: int) -> float:
    """Run the dbt macro on DuckDB, from Parquet to Parquet, with all its columns."""
    left, right = (f"read_parquet('{folder}/{name}.parquet')" for name in ("left", "right"))
    sides = {"left": left, "left_id": "id", "right": right, "right_id": "id"}
    sql = macro("crossmatch", **sides, radius=radius, mode="all")
    import duckdb  # noqa: F401 - not timed

    start = time.monotonic()
    with connect(folder, threads) as connection:
        connection.execute(f"copy ({sql}) to '{folder}/ours.parquet'")
    return time.monotonic() - start


def prepare_ours_stored(folder: Path) -> None:
    """Make DuckDB tables, the larger one in the order of its cells."""
    database = folder / "stored.duckdb"
    database.unlink(missing_ok=True)
    right = f"read_parquet('{folder}/right.parquet')"
    with connect(folder, os.cpu_count() or 1, str(database)) as connection:
        connection.execute(f"create table lhs as from read_parquet('{folder}/left.parquet')")
        connection.execute(f"create table rhs as {macro('with_sky_cell', relation=right, cell=12)}")


def match_ours_stored(folder: Path, radius: float, threads: int) -> float:
    """Run the dbt macro on tables whose cells are stored, into a table."""
    sides = {"left": "lhs", "left_id": "id", "right": "rhs", "right_id": "id"}
    sql = macro("crossmatch", **sides, radius=radius, mode="all", stored_cell=12)
    with connect(folder, threads, str(folder / "stored.duckdb")) as connection:
        connection.execute("select sum(ra) from lhs; select sum(ra + id + sky_cell_12_0) from rhs")
        start = time.monotonic()
        connection.execute(f"create or replace table pairs as {sql}")
        seconds = time.monotonic() - start
        connection.execute(f"copy pairs to '{folder}/ours_stored.parquet'")
    return seconds


def match_astropy(folder: Path, radius: float, threads: int) -> float:
    """Run search_around_sky (k-d trees of scipy), from Parquet to Parquet."""
    from astropy import units
    from astropy.coordinates import SkyCoord, search_around_sky

    start = time.monotonic()
    ids, sky = [], []
    for name in ("left", "right"):
        table = pq.read_table(folder / f"{name}.parquet")
        ids.append(table["id"].to_numpy())
        sky.append(SkyCoord(table["ra"].to_numpy(), table["dec"].to_numpy(), unit="deg"))
    left, right, _, _ = search_around_sky(sky[0], sky[1], radius * units.arcsec)
    write_pairs(folder, "astropy", ids[0][left], ids[1][right])
    return time.monotonic() - start


def prepare_stilts(folder: Path) -> None:
    """Write FITS tables, which STILTS maps into memory."""
    from astropy.table import Table

    for name in ("left", "right"):
        table = pq.read_table(folder / f"{name}.parquet")
        columns = {key: table[key].to_numpy() for key in table.column_names}
        Table(columns).write(folder / f"{name}.fits", overwrite=True)


def match_stilts(folder: Path, radius: float, threads: int) -> float:
    """Run tmatch2 with its sky matcher, from FITS to FITS; with the start of Java."""
    from astropy.io import fits

    start = time.monotonic()
    command = [
        "stilts", "-Xmx12g", "tmatch2", f"in1={folder}/left.fits", f"in2={folder}/right.fits",
        "matcher=sky", "values1=ra dec", "values2=ra dec", f"params={radius}", "find=all",
        "join=1and2", "fixcols=all", "suffix1=_1", "suffix2=_2", "progress=none",
        f"runner=parallel{threads}", "ocmd=keepcols 'id_1 id_2'", f"out={folder}/stilts.fits",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    seconds = time.monotonic() - start
    rows = fits.getdata(folder / "stilts.fits", ext=1)
    write_pairs(folder, "stilts", rows["id_1"].astype("int64"), rows["id_2"].astype("int64"))
    return seconds


def prepare_lsdb(folder: Path) -> None:
    """Write HATS catalogues, the right one with a margin, so that no pair is lost at an edge."""
    import lsdb  # type: ignore[import-not-found]

    for name in ("left", "right"):
        frame = pq.read_table(folder / f"{name}.parquet").to_pandas()
        catalogue = lsdb.from_dataframe(
            frame, ra_column="ra", dec_column="dec", margin_threshold=10.0, catalog_name=name
        )
        catalogue.write_catalog(folder / f"{name}.hats", overwrite=True)


def match_lsdb(folder: Path, radius: float, threads: int) -> float:
    """Run Catalog.crossmatch for as many neighbours as a source has, from HATS to Parquet."""
    import lsdb
    from dask.distributed import Client  # type: ignore[import-not-found]

    with Client(n_workers=threads, threads_per_worker=1, dashboard_address=None) as client:
        client.run(__import__, "lsdb")  # not timed
        start = time.monotonic()
        left, right = (
            lsdb.open_catalog(folder / f"{name}.hats", columns=["id", "ra", "dec"])
            for name in ("left", "right")
        )
        pairs = left.crossmatch(
            right,
            n_neighbors=int(os.environ["MAX_NEIGHBOURS"]),
            radius_arcsec=radius,
            suffixes=("_left", "_right"),
            suffix_method="all_columns",
        ).compute()
        ids = [pairs[f"id_{name}"].to_numpy().astype("int64") for name in ("left", "right")]
        write_pairs(folder, "lsdb", *ids)
        return time.monotonic() - start


@contextmanager
def postgres(folder: Path) -> Iterator[list[str]]:
    """Run a server of its own on a socket in the folder; gives the command of its client."""
    # The server refuses to run as root, and its own user must reach the folder.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data = folder / "postgres"
    programs = {name: str(POSTGRES / name) for name in ("initdb", "postgres", "pg_ctl")}
    if not (data / "PG_VERSION").exists():
        data.mkdir()
        if user:
            shutil.chown(data, "postgres")
        init = [*user, programs["initdb"], "-D", str(data), "--auth=trust", "--username=bench"]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen(
        [
            *user, programs["postgres"], "-D", str(data), "-k", str(data),
            "-c", "listen_addresses=",
            "-c", "shared_buffers=2GB", "-c", "work_mem=256MB", "-c", "max_wal_size=8GB",
            "-c", "maintenance_work_mem=1GB", "-c", "fsync=off", "-c", "random_page_cost=1.1",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    client = [
        "psql",
        "-h",
        str(data),
        "-U",
        "bench",
        "-d",
        "postgres",
        "-v",
        "ON_ERROR_STOP=1",
        "-q",
    ]
    try:
        for _ in range(100):
            if (
                subprocess.run([*client, "-c", ""], capture_output=True, check=False).returncode
                == 0
            ):
                break
            time.sleep(0.2)
        yield client
    finally:
        stop = [*user, programs["pg_ctl"], "stop", "-D", str(data), "-m", "fast"]
        subprocess.run(stop, check=True, stdout=subprocess.DEVNULL)
        server.wait()


def prepare_q3c(folder: Path) -> None:
    """Load both tables, index them and put them into the order of the index."""
    with postgres(folder) as client:
        for name in ("left", "right"):
            text = folder / f"{name}.csv"
            pyarrow.csv.write_csv(pq.read_table(folder / f"{name}.parquet"), text)
            sql = f"""
                create extension if not exists q3c;
                create unlogged table {name}_sky (id bigint, ra float8, dec float8);
                \\copy {name}_sky from '{text}' with (format csv, header)
                create index {name}_q3c on {name}_sky (q3c_ang2ipix(ra, dec));
                cluster {name}_q3c on {name}_sky;
                analyze {name}_sky;
            """
            lines = "\n".join(line.strip() for line in sql.splitlines())
            subprocess.run(client, input=lines, text=True, check=True)
            text.unlink()


def match_q3c(folder: Path, radius: float, threads: int) -> float:
    """Run q3c_join on indexed tables, already in the server's memory, into a table."""
    with postgres(folder) as client:
        warm = "select sum(ra) from left_sky; select sum(ra) from right_sky;"
        subprocess.run([*client, "-c", warm], check=True, stdout=subprocess.DEVNULL)
        start = time.monotonic()
        sql = f"""
            set max_parallel_workers_per_gather = {threads - 1};
            drop table if exists pairs;
            create unlogged table pairs as
            select l.id as left_id, r.id as right_id from left_sky as l, right_sky as r
            where q3c_join(l.ra, l.dec, r.ra, r.dec, {radius} / 3600);
        """
        subprocess.run(client, input=sql, text=True, check=True, stderr=subprocess.DEVNULL)
        seconds = time.monotonic() - start
        text = subprocess.run(
            [*client, "-c", "copy pairs to stdout with (format csv, header)"],
            capture_output=True,
            check=True,
        ).stdout
        pairs = pyarrow.csv.read_csv(pa.py_buffer(text)) if text else None
        assert pairs is not None
        write_pairs(folder, "q3c", pairs["left_id"], pairs["right_id"])
        return seconds


PREPARE = {
    "ours_stored": prepare_ours_stored,
    "stilts": prepare_stilts,
    "lsdb": prepare_lsdb,
    "q3c": prepare_q3c,
}
MATCH = {
    "ours": match_ours,
    "ours_stored": match_ours_stored,
    "astropy": match_astropy,
    "stilts": match_stilts,
    "q3c": match_q3c,
    "lsdb": match_lsdb,
}


def main() -> None:
    """Run one step of one tool."""
    tool, step, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if step == "prepare":
        if tool in PREPARE:
            PREPARE[tool](folder)
    else:
        seconds = MATCH[tool](folder, float(sys.argv[4]), int(sys.argv[5]))
        (folder / f"{tool}.seconds").write_text(str(seconds))


if __name__ == "__main__":
    main()
