"""Fetch a source from its archive in chunks, then load all of it in one transaction."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.archives.answers import Answer, ArchiveError, BadAnswerError, check_table
from ingest.archives.cache import Cache, Kept
from ingest.archives.jobs import run_job
from ingest.archives.services import Positions, tap_request, vizier_request, xmatch_request
from ingest.archives.transport import Request, Transport
from ingest.catalogues.load import Summary
from ingest.catalogues.readers.votable import NoTableError
from ingest.catalogues.reading import Catalogue, Options, read_catalogue
from ingest.catalogues.sources import Source
from ingest.files import BadFileError
from warehouse.connection import WarehouseError
from warehouse.load import FileRecord, IngestRun, Rejection

#: Positions of an upload; the services take more, but a smaller chunk is lost more cheaply.
CHUNK_POSITIONS = 50_000

#: Rows of a VizieR table that are asked for at once.
CHUNK_ROWS = 200_000


@dataclass(frozen=True)
class Part:
    """One chunk of a download: what is asked, and how."""

    request: Request
    is_job: bool = False
    may_be_empty: bool = False


@dataclass
class Download:
    """The chunks of a source, fetched and read."""

    source: Source
    whole: bool
    answers: list[Kept] = field(default_factory=list)
    catalogues: list[Catalogue] = field(default_factory=list)
    n_fetched: int = 0

    @property
    def n_rows(self) -> int:
        """Rows of all chunks."""
        return sum(item.rows.num_rows for item in self.catalogues)


def positions_of_stars(connection: duckdb.DuckDBPyConnection) -> Positions:
    """Return where the warehouse's stars are, each place once, in a fixed order.

    Raises
    ------
    WarehouseError
        When there are none.
    """
    rows = connection.execute(
        """
        with places as (
            select distinct round(ra, 6) % 360 as ra, round(dec, 6) as dec
            from raw.lamost_observation
        )
        select ra, dec from places order by floor(dec), ra, dec
        """
    ).fetchall()
    if not rows:
        raise WarehouseError(
            "the warehouse has no stars to ask an archive for; load spectra first "
            "(hotstars ingest lamost DIR), or the whole table with --whole"
        )
    return Positions([ra for ra, _ in rows], [dec for _, dec in rows])


def plan(
    source: Source,
    positions: Positions | None,
    *,
    via: str | None = None,
    chunk: int = CHUNK_POSITIONS,
) -> Iterator[Part]:
    """Return the requests that make up a source.

    Parameters
    ----------
    source
        What is wanted.
    positions
        Stars whose neighbours are wanted; None for the whole table.
    via
        ``tap`` or ``xmatch``, where a source has both.
    chunk
        Positions of one request.

    Raises
    ------
    WarehouseError
        When the source cannot be had so.
    """
    archive = source.archive
    if positions is None:
        if archive.vizier is None:
            raise WarehouseError(_no_way(source, "the whole table"))
        yield from _whole(source, archive.vizier)
        return
    service = via or ("tap" if archive.tap else "xmatch")
    if getattr(archive, service, None) is None:
        raise WarehouseError(_no_way(source, f"{service} for the warehouse's stars"))
    for start in range(0, len(positions.ra), chunk):
        end = start + chunk
        places = Positions(positions.ra[start:end], positions.dec[start:end])
        if service == "tap":
            request = tap_request(archive.tap or "", adql(source), places, wait=False)
            yield Part(request, is_job=True)
        else:
            yield Part(xmatch_request(archive.xmatch or "", places, archive.radius))


def _whole(source: Source, table: str) -> Iterator[Part]:
    n_rows = (source.rows or (0, 0))[1]
    if n_rows <= CHUNK_ROWS:
        yield Part(vizier_request(table))
        return
    start = 1
    while True:  # until a chunk is empty: fetch() stops then
        part = (start, start + CHUNK_ROWS - 1)
        yield Part(vizier_request(table, part), may_be_empty=start > 1)
        start += CHUNK_ROWS


def adql(source: Source) -> str:
    """Return the query that joins a source with ``tap_upload.positions``."""
    archive = source.archive
    where = f" where {archive.tap_where}" if archive.tap_where else ""
    return (
        f"select {archive.tap_select} from {archive.tap_from} join tap_upload.positions as p "
        "on 1 = contains(point('ICRS', t.ra, t.dec), "
        f"circle('ICRS', p.pos_ra, p.pos_dec, {archive.radius / 3600:.8f})){where}"
    )


def _no_way(source: Source, what: str) -> str:
    archive = source.archive
    ways = []
    if archive.vizier:
        ways.append("--archive --whole")
    if archive.tap or archive.xmatch:
        ways.append("--archive for the warehouse's stars")
    if archive.by_hand:
        ways.append(archive.by_hand)
    return f"{source.name}: no archive gives {what}; what there is: {'; '.join(ways)}"


def fetch(
    source: Source,
    parts: Iterator[Part],
    cache: Cache,
    transport: Transport,
    *,
    options: Options | None = None,
    whole: bool = False,
    any_size: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Download:
    """Fetch and check the chunks of a source; those in the cache are not asked for again.

    Raises
    ------
    ArchiveError
        When a chunk cannot be had or is not what was asked for. Finished chunks stay in
        the cache.
    """
    download = Download(source, whole)
    with tempfile.TemporaryDirectory(prefix="hotstars-") as folder:
        for number, part in enumerate(parts, start=1):
            fetcher = _Fetcher(source, part, cache, transport, options, Path(folder))
            kept, catalogue = fetcher.get()
            download.n_fetched += fetcher.fetched
            if catalogue is None or (part.may_be_empty and not catalogue.rows.num_rows):
                break
            download.answers.append(kept)
            download.catalogues.append(catalogue)
            state = "fetched" if fetcher.fetched else "kept from before"
            tell(f"{source.name}: chunk {number} {state}, {download.n_rows:,d} rows so far")
    if whole and not any_size:
        _check_size(source, download.n_rows)
    return download


def _check_size(source: Source, n_rows: int) -> None:
    if source.rows is None or source.rows[0] <= n_rows <= source.rows[1]:
        return
    cut = " (50 rows are VizieR's limit when none is given)" if n_rows == 50 else ""
    raise ArchiveError(
        f"{source.name}: the archive gave {n_rows:,d} rows{cut}, but {source.archive.vizier} has "
        f"{source.rows[0]:,d} to {source.rows[1]:,d}; nothing was loaded. If the table has really "
        "changed, say --any-size"
    )


@dataclass
class _Fetcher:
    """Gets one chunk, from the cache or the archive, and reads it once."""

    source: Source
    part: Part
    cache: Cache
    transport: Transport
    options: Options | None
    scratch: Path
    fetched: bool = False
    catalogue: Catalogue | None = None

    def get(self) -> tuple[Kept, Catalogue | None]:
        """Return the answer and its rows; None for the end of a table."""
        request = self.part.request
        kept = self.cache.find(request)
        if kept is None:
            kept = self.cache.fill(request, self._ask)
            self.fetched = True
        else:
            try:
                self._read(kept.path)
            except BadFileError as error:
                raise ArchiveError(f"{request.service}: {error} ({kept.path})") from error
        return kept, self.catalogue

    def _ask(self, target: Path) -> Answer:
        request = self.part.request
        if self.part.is_job:
            return run_job(self.transport, self.cache, request, target, self._check)
        return self.transport.ask(request, target, self._check)

    def _check(self, answer: Answer) -> None:
        check_table(answer)
        try:
            self._read(answer.path)
        except BadFileError as error:
            raise BadAnswerError(str(error), passing=False) from error

    def _read(self, path: Path) -> None:
        try:
            self.catalogue = read_catalogue(path, self.source, self.scratch, self.options)
        except NoTableError:
            if not self.part.may_be_empty:
                raise
            self.catalogue = None


def commit(connection: duckdb.DuckDBPyConnection, download: Download, command: str) -> Summary:
    """Load all chunks of a download in one transaction."""
    summary = Summary(download.source.name)
    with IngestRun(connection, download.source.name, command) as run:
        records, rejections = [], []
        for kept, catalogue in zip(download.answers, download.catalogues, strict=True):
            path = str(kept.path)
            status = kept.path.stat()
            note = "; ".join([kept.url, *catalogue.notes])
            records.append(
                FileRecord(
                    path, kept.sha256, kept.size, status.st_mtime_ns, catalogue.rows.num_rows, note
                )
            )
            rejections += [
                Rejection(path, reason, kept.sha256, kept.size, status.st_mtime_ns)
                for reason in catalogue.left_out
            ]
            if catalogue.left_out:
                summary.left_out[kept.url] = "; ".join(catalogue.left_out)
        tables = {}
        if download.catalogues:
            # Chunks may have columns of one kind differently filled: the schema is the same.
            tables[download.source.table] = pa.concat_tables(
                [item.rows for item in download.catalogues], promote_options="default"
            )
        counts = run.commit(tables, records, rejections)
    summary.n_files = len(records)
    summary.n_read = download.n_rows
    summary.n_rows = sum(counts.values())
    return summary


def load_from_archive(
    connect: Callable[[], duckdb.DuckDBPyConnection],
    source: Source,
    cache: Cache,
    transport: Transport,
    *,
    whole: bool = False,
    via: str | None = None,
    any_size: bool = False,
    chunk: int = CHUNK_POSITIONS,
    options: Options | None = None,
    command: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Fetch a source for the warehouse's stars, or whole, and load it.

    The warehouse is open only while the positions are read and the rows are written: a
    download may take hours, and a DuckDB file has one writer.

    Parameters
    ----------
    connect
        Opens the warehouse.
    source
        What is wanted.
    cache, transport
        Where chunks are kept, and how archives are asked.
    whole
        The whole table; also done where stars cannot be asked for.
    via, any_size, chunk, options, tell
        As in :func:`plan` and :func:`fetch`.
    command
        For the ledger.

    Raises
    ------
    ArchiveError
        When a chunk cannot be had; nothing is loaded, finished chunks are kept.
    """
    whole = whole or not (source.archive.tap or source.archive.xmatch)
    positions = None
    if not whole:
        with connect() as connection:
            positions = positions_of_stars(connection)
        tell(f"{source.name}: {len(positions.ra):,d} positions in chunks of {chunk:,d}")
    parts = plan(source, positions, via=via, chunk=chunk)
    download = fetch(
        source,
        parts,
        cache,
        transport,
        options=options,
        whole=whole,
        any_size=any_size,
        tell=tell,
    )
    with connect() as connection:
        return commit(connection, download, command or f"hotstars ingest {source.name} --archive")
