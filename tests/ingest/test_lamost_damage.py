"""Damage of any kind, anywhere, ends in the tables or in quarantine, never in an exception."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lamost_files import LAYOUTS, Star
from lamost_survey import SPECTRA, rejected, survey

from ingest.lamost import LamostFile, ingest_lamost, read_lamost
from warehouse.migrate import upgrade_in_memory


@pytest.fixture(scope="module")
def shared() -> Iterator[duckdb.DuckDBPyConnection]:
    with upgrade_in_memory() as connection:
        yield connection


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return survey(tmp_path_factory.mktemp("neighbours"), 2)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    layout=st.sampled_from(sorted(LAYOUTS)),
    packed=st.booleans(),
    cut=st.booleans(),
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4),
    bit=st.integers(0, 7),
    in_header=st.booleans(),
)
def test_any_damage_ends_in_the_tables_or_in_quarantine(
    layout: str,
    packed: bool,
    cut: bool,
    places: list[float],
    bit: int,
    in_header: bool,
    neighbours: list[Path],
    shared: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    for table in ("lamost_observation", "lamost_spectrum", "ingested_file", "rejected_file"):
        shared.execute(f"delete from raw.{table}")
    path = LAYOUTS[layout](folder / "bad.fits", Star(obsid=77))
    content = path.read_bytes()
    if packed:
        content = gzip.compress(content)
    reach = min(len(content), 2880 * 2) if in_header and not packed else len(content)
    if cut:
        content = content[: int(places[0] * len(content))]
    else:
        spoilt = bytearray(content)
        for place in places:
            spoilt[int(place * reach)] ^= 1 << bit
        content = bytes(spoilt)
    path.write_bytes(content)
    start = time.monotonic()
    counts = ingest_lamost(shared, [neighbours[0], path, neighbours[1]], workers=1)
    assert time.monotonic() - start < 20
    assert counts.loaded + counts.rejected == 3
    assert counts.loaded >= 2
    assert not any("fault of hotstars" in text for text in rejected(shared).values())
    if cut:
        assert counts.rejected == 1
    elif packed and counts.rejected == 0:
        # a flip in gzip's own header (time, name, system) changes no content and may pass;
        # two flips of one bit undo each other
        assert all(int(place * reach) < 10 for place in places) or len(
            {int(place * reach) for place in places}
        ) < len(places)
    names = [path.name for path in neighbours]
    found = shared.execute(
        f"{SPECTRA.split(' order', maxsplit=1)[0]} where obsid in "
        "(select obsid from raw.lamost_observation where file_name in (?, ?))",
        names,
    ).fetchall()
    assert len(found) == 2
    for path, row in zip(neighbours, sorted(found), strict=True):  # derived obsids are negative
        _, file = read_lamost(path)
        assert isinstance(file, LamostFile)
        columns = [column[0] for column in shared.description or []]
        np.testing.assert_array_equal(
            np.array(row[columns.index("flux")], np.float32), file.spectra[0].flux
        )
