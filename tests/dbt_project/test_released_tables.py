"""Every mart, as a journal, CDS and TOPCAT get it, is what the database holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.table import Table
from built import Built

from warehouse.export import ExportFormat, export_marts
from warehouse.export.labels import printed_labels
from warehouse.export.metadata import Mart, marts

STILTS = shutil.which("stilts")


@pytest.fixture(scope="module")
def known(catalogues: Built) -> dict[str, Mart]:
    return marts(catalogues.json("manifest"))


@pytest.fixture(scope="module")
def files(
    catalogues: Built, known: dict[str, Mart], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Every mart as CDS table with one ReadMe, as machine-readable table and as VOTable."""
    folder = tmp_path_factory.mktemp("released")
    with duckdb.connect(str(catalogues.database), read_only=True) as connection:
        for format_ in (ExportFormat.cds, ExportFormat.mrt, ExportFormat.votable):
            export_marts(connection, list(known.values()), format_, folder)
    return folder


def rows_of(catalogues: Built, mart: Mart) -> list[tuple[Any, ...]]:
    names = ", ".join(f'"{column.name}"' for column in mart.columns)
    order = ", ".join(mart.order_by)
    return catalogues.query(f"select {names} from marts.{mart.name} order by {order}")


def plain(values: Any) -> list[Any]:
    """A reader's column with None where there is no value; blank text is none."""
    found = np.ma.asarray(values).tolist()
    return [None if one == "" or one != one else one for one in found]


def byte_by_byte(readme: str, name: str) -> dict[str, tuple[str, str]]:
    """Format and explanation of each label, by a pattern that is not astropy's."""
    described = readme.split(f"Byte-by-byte Description of file: {name}\n")[1].split("-" * 80)[2]
    pattern = r"^ *(?:\d+- *)?\d+ ([AIFE][\d.]+) +\S+ +(\S+) +(\S+)"
    return {
        label: (format_, first)
        for format_, label, first in re.findall(pattern, described, re.MULTILINE)
    }


def test_cds_tables_are_the_database_within_rounding(
    catalogues: Built, known: dict[str, Mart], files: Path
) -> None:
    """astropy reads them through the ReadMe; no number lies outside the limits that it prints."""
    readme = (files / "ReadMe").read_text()
    n_numbers = 0
    for mart in known.values():
        rows, path = rows_of(catalogues, mart), files / f"{mart.name}.dat"
        if not rows:
            assert path.read_text() == ""
            continue
        table = astropy_ascii.read(path, format="cds", readme=str(files / "ReadMe"))
        told = byte_by_byte(readme, path.name)
        assert list(told) == table.colnames == printed_labels(mart.columns)
        for place, label in enumerate(table.colnames):
            where = f"{mart.name}.{label}"
            format_, first = told[label]
            got, wanted = plain(table[label]), [row[place] for row in rows]
            if format_.startswith("A"):
                assert got == [str(one).strip() or None if one else None for one in wanted], where
                continue
            there = [(a, b) for a, b in zip(got, wanted, strict=True) if not a is b is None]
            unit = 10.0 ** -int(format_.partition(".")[2] or 0)
            half = 0.5 * unit * (1 + 1e-6)
            if label.startswith("e_"):  # an error is never printed as zero
                there = [(a, max(b, unit) if b > 0 else b) for a, b in there]
            assert all(abs(left - right) <= half for left, right in there), where
            n_numbers += len(there)
            limits = re.match(r"(?:\[([-\d.]+)(?:/([-\d.]+))?\])?(\?)?", first)
            assert limits is not None
            assert (limits[3] == "?") == (None in got), where
            if limits[1]:
                low, high = float(limits[1]), float(limits[2] or limits[1])
                assert (low, high) == (min(a for a, _ in there), max(a for a, _ in there)), where
    assert n_numbers > 1000


def test_readme_and_heads_are_ascii_of_eighty_columns(known: dict[str, Mart], files: Path) -> None:
    texts = [(files / "ReadMe").read_text()]
    for name in known:
        *head, _ = (files / f"{name}.txt").read_text().rpartition("-" * 80)
        texts += head
    for text in texts:
        assert text.isascii()
        assert [line for line in text.splitlines() if len(line) > 80] == []


def test_every_note_is_referred_to_and_every_reference_has_its_note(
    known: dict[str, Mart], files: Path
) -> None:
    for name in known:
        head = (files / f"{name}.txt").read_text().split("-" * 80)
        referred = {int(n) for n in re.findall(r" \((\d+)\)(?=\s)", head[2])}
        notes = [int(n) for n in re.findall(r"^Note \((\d+)\): ", head[3], re.MULTILINE)]
        assert notes == list(range(1, len(notes) + 1)), name
        assert set(notes) == referred, name


def test_machine_readable_tables_are_the_cds_tables(known: dict[str, Mart], files: Path) -> None:
    """Read by astropy on its own ground: head and rows of one file."""
    for name in known:
        lines = (files / f"{name}.dat").read_text().splitlines()
        text = (files / f"{name}.txt").read_text()
        assert text.rpartition("-" * 80 + "\n")[2].splitlines() == lines
        if lines:
            assert len(astropy_ascii.read(files / f"{name}.txt", format="mrt")) == len(lines)


def test_votables_are_the_database(catalogues: Built, known: dict[str, Mart], files: Path) -> None:
    for mart in known.values():
        table = Table.read(files / f"{mart.name}.vot", format="votable")
        assert table.colnames == [column.name for column in mart.columns]
        rows = rows_of(catalogues, mart)
        for place, name in enumerate(table.colnames):
            wanted = [None if row[place] == "" else row[place] for row in rows]
            assert plain(table[name]) == wanted, f"{mart.name}.{name}"


@pytest.mark.skipif(STILTS is None, reason="no stilts to check with")
def test_votlint_has_nothing_to_say_of_any_mart(known: dict[str, Mart], files: Path) -> None:
    said = {}
    for name in known:
        done = subprocess.run(
            [str(STILTS), "votlint", f"votable={files / f'{name}.vot'}"],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        said[name] = (done.stdout + done.stderr).strip()
    assert {name: text for name, text in said.items() if text} == {}
