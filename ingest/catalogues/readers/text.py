"""CSV and its kin: ``,`` ``|`` tab ``;`` or blanks between values, ECSV, VizieR's TSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from ingest.catalogues.readers.common import FileColumn, OpenTable, says_simulated
from ingest.files import BadFileError

_DELIMITERS = "|\t;, "
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$")
_DASHES = re.compile(r"[-\s|,;]+$")

#: More broken lines than this part of a file, and it is no table of that shape.
MAX_BROKEN = 0.1


@dataclass(frozen=True)
class Shape:
    """How a text table is laid out: what stands between its values and where it begins."""

    delimiter: str
    columns: tuple[FileColumn, ...]
    skip: int
    simulated: bool


def find_shape(path: Path) -> Shape:
    """Find delimiter, names, units and the first line of data from the head of a file.

    Raises
    ------
    BadFileError
        When no line looks like a header.
    """
    lines = _head(path)
    n_comments = 0
    while n_comments < len(lines) and (
        lines[n_comments].startswith("#") or not lines[n_comments].strip()
    ):
        n_comments += 1
    if n_comments == len(lines):
        raise BadFileError("comments only, no table; download it again")
    comments = [line.lstrip("#").strip("\r\n") for line in lines[:n_comments]]
    described = _ecsv_header(comments)
    delimiter = described.get("delimiter", " ") if described else _delimiter(lines[n_comments])
    header, skip = _split(lines[n_comments], delimiter), n_comments + 1
    above = _split(comments[-1].strip(), delimiter) if comments and not described else []
    if len(above) == len(header) > 1 and _any_number(header) and not _any_number(above):
        header, skip = above, n_comments  # names in the last comment line
    units: dict[str, str | None] = {}
    if described:
        units = {item["name"]: item.get("unit") for item in described["datatype"]}
    elif len(lines) > skip + 1 and _DASHES.match(lines[skip + 1]) and "-" in lines[skip + 1]:
        units = dict(zip(header, _split(lines[skip], delimiter), strict=False))  # VizieR's TSV
        skip += 2
    elif len(lines) > skip and _DASHES.match(lines[skip]) and "---" in lines[skip]:
        skip += 1
    columns = tuple(FileColumn(name, units.get(name) or None) for name in header)
    return Shape(delimiter, columns, skip, says_simulated([*comments, *_meta(described)]))


def _head(path: Path) -> list[str]:
    lines: list[str] = []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for line in file:
            lines.append(line)
            rows = [item for item in lines if item.strip() and not item.startswith("#")]
            if len(rows) > 3 or len(lines) > 20_000:
                break
    return lines


def _ecsv_header(comments: Sequence[str]) -> dict[str, Any] | None:
    if not comments or not comments[0].strip().startswith("%ECSV"):
        return None
    try:
        header = yaml.safe_load("\n".join(line.removeprefix(" ") for line in comments[1:]))
    except yaml.YAMLError as error:
        raise BadFileError(f"the ECSV header cannot be read ({error})") from error
    if not isinstance(header, dict) or "datatype" not in header:
        raise BadFileError("the ECSV header names no columns (datatype)")
    return header


def _meta(header: dict[str, Any] | None) -> list[str]:
    meta = (header or {}).get("meta")
    return [f"{key} = {value}" for key, value in meta.items()] if isinstance(meta, dict) else []


def _delimiter(line: str) -> str:
    counts = {mark: line.count(mark) for mark in _DELIMITERS}
    for mark in _DELIMITERS:  # in this order: a comma may stand in a name, a blank anywhere
        if counts[mark] and counts[mark] >= max(counts[other] for other in "|\t;,"):
            return mark
    return ","


def _split(line: str, delimiter: str) -> list[str]:
    fields = next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])
    names = [name.strip().strip("'").lstrip("#").strip() for name in fields]
    return [name for name in names if name] if delimiter == " " else names


def _any_number(fields: Sequence[str]) -> bool:
    return any(_NUMBER.match(item) for item in fields)


def open_text(path: Path) -> OpenTable:
    """Open a text table; broken lines are left out and reported as problems."""
    shape = find_shape(path)
    if len(shape.columns) < 2:
        raise BadFileError(
            f"no table: its first line is {shape.columns[0].name[:60]!r} and names one column "
            "only; give CSV with a header line"
        )

    def attach(connection: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> str:
        types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(shape.columns)))
        quoted = str(path).replace("'", "''")
        mark = shape.delimiter.replace("\t", "\\t")
        return (
            f"read_csv('{quoted}', delim='{mark}', quote='\"', escape='\"', header=false, "
            f"skip={shape.skip}, auto_detect=false, columns={{{types}}}, store_rejects=true)"
        )

    return OpenTable(path.name, shape.columns, attach, shape.simulated, problems=_broken_lines)


def _broken_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    known = connection.execute(
        "select count(*) from duckdb_tables() where table_name = 'reject_errors'"
    ).fetchall()
    if not known[0][0]:
        return []
    rows = connection.execute(
        "select distinct line, lower(replace(error_type::varchar, '_', ' ')) from reject_errors "
        "order by line"
    ).fetchall()
    return [f"line {line}: {error}" for line, error in rows]
