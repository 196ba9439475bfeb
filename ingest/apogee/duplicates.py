"""Several files of one star, release, telescope and field: who lands, who is a copy, who waits.

As with LAMOST the first file stays: the one that an earlier batch or run brought, else the
first by path, whatever the size of batches and the number of workers. A later file of the same
bytes, or with the same spectrum in another packing, is a copy: it is noted in
``raw.ingested_file`` and gives no rows. One with other content is put into quarantine, with the
paths of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from ingest.apogee.reader import ApStar
from ingest.files import FileIdentity
from warehouse import raw_tables

KEY = tuple(raw_tables.apogee_star.info["key"])
_KEYS = ", ".join(f'"{name}"' for name in KEY)


@dataclass(frozen=True)
class Read:
    """What reading a file gave: a star, or why there is none."""

    identity: FileIdentity
    star: ApStar | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Settled:
    """A batch of files: whose rows land, which are copies (with a note), which are refused."""

    landing: list[Read]
    copies: list[tuple[Read, str]]
    refused: list[Read]


@dataclass(frozen=True)
class _Holder:
    """The file that has a key; ``star`` is None where the warehouse holds its spectrum."""

    path: str
    sha256: str | None
    star: ApStar | None


def settle(connection: duckdb.DuckDBPyConnection, reads: Sequence[Read]) -> Settled:
    """Compare files with each other and with the warehouse.

    Parameters
    ----------
    connection
        Warehouse.
    reads
        Files in the order of their paths.
    """
    holders = _known(connection, reads)
    settled = Settled([], [], [])
    for read in reads:
        if read.star is None:
            settled.refused.append(read)
            continue
        key = _key(read.star)
        holder = holders.get(key)
        if holder is None:
            holders[key] = _Holder(read.identity.path, read.identity.sha256, read.star)
            settled.landing.append(read)
        elif holder.path == read.identity.path and holder.sha256 == read.identity.sha256:
            settled.landing.append(read)  # touched: its rows are there, the ledger takes its time
        elif (note := _copy(connection, holder, read, read.star)) is not None:
            settled.copies.append((read, note))
        else:
            reason = _conflict(holder, read, read.star)
            settled.refused.append(Read(read.identity, reason=reason))
    return settled


def _key(star: ApStar) -> tuple[Any, ...]:
    return tuple(star.columns[name] for name in KEY)


def _known(
    connection: duckdb.DuckDBPyConnection, reads: Sequence[Read]
) -> dict[tuple[Any, ...], _Holder]:
    names = list({read.star.columns["apogee_id"] for read in reads if read.star is not None})
    found = connection.execute(
        f"""
        select {_KEYS}, path, ledger.sha256
        from raw.apogee_star as star
        left join (select path, sha256 from raw.ingested_file where source = 'apogee') as ledger
            using (path)
        where star.apogee_id in (select unnest(?::varchar[]))
        """,
        [names],
    ).fetchall()
    return {tuple(row[: len(KEY)]): _Holder(row[-2], row[-1], None) for row in found}


def _copy(
    connection: duckdb.DuckDBPyConnection, holder: _Holder, read: Read, star: ApStar
) -> str | None:
    """Return a note when the file says what its holder says, else None."""
    if holder.sha256 == read.identity.sha256:
        return f"copy: the same bytes as {holder.path}"
    if holder.star is not None:
        flux, error = holder.star.flux, holder.star.error
    else:
        flux, error = _stored(connection, _key(star))
    if np.array_equal(flux, star.flux) and np.array_equal(error, star.error):
        return f"copy: the same spectrum as {holder.path}, packed or written in another way"
    return None


def _stored(
    connection: duckdb.DuckDBPyConnection, key: tuple[Any, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    match = " and ".join(f'"{name}" = ?' for name in KEY)
    row = connection.execute(
        f"select flux, error from raw.apogee_spectrum where {match}", list(key)
    ).fetchone()
    flux, error = ([], []) if row is None else row
    return np.array(flux, np.float32), np.array(error, np.float32)


def _conflict(holder: _Holder, read: Read, star: ApStar) -> str:
    named = ", ".join(f"{name} {star.columns[name]}" for name in KEY)
    if holder.path == read.identity.path:
        return (
            f"the file changed after it was loaded (SHA-256 {holder.sha256} then, "
            f"{read.identity.sha256} now); {named} keeps what was loaded first. To take the new "
            "one, delete the star from raw.apogee_star and raw.apogee_spectrum and ingest it again"
        )
    return (
        f"{named} is taken by {holder.path} (SHA-256 {holder.sha256}) and this file (SHA-256 "
        f"{read.identity.sha256}) has another spectrum; the first one stays. Remove one of them, "
        "or ingest the other into a warehouse of its own"
    )
