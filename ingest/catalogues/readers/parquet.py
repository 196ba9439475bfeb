"""Parquet tables, with units from VOParquet's header or the fields' metadata."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.catalogues.readers.common import FileColumn, OpenTable, says_simulated
from ingest.files import BadFileError

_VOTABLE_KEY = b"IVOA.VOTable-Parquet.content"


def open_parquet(path: Path) -> list[OpenTable]:
    """Open a Parquet file; its rows are streamed by DuckDB when they are asked for.

    Raises
    ------
    BadFileError
        When the footer is missing or damaged (a cut file).
    """
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise BadFileError(
            f"the Parquet file is cut or damaged ({str(error).splitlines()[0]}); download it again"
        ) from error
    metadata = schema.metadata or {}
    units, simulated = _header(metadata.get(_VOTABLE_KEY))
    columns = []
    for field in schema:
        own = {key.lower(): value for key, value in (field.metadata or {}).items()}
        unit = own.get(b"unit", b"").decode() or units.get(field.name)
        columns.append(FileColumn(field.name, unit))
    texts = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in metadata.items()
        if len(value) < 200
    }

    def attach(connection: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> str:
        quoted_path = str(path).replace("'", "''")
        # DuckDB's names are blind to case: columns that differ by it only go through Arrow.
        folded = [column.name.casefold() for column in columns]
        if len(set(folded)) < len(folded):
            table = pq.read_table(path, columns=[columns[number].name for number in wanted])
            connection.register(
                "catalogue_", table.rename_columns([f"c{number}" for number in wanted])
            )
            return "catalogue_"
        names = ", ".join(
            '"{}" as c{}'.format(columns[number].name.replace('"', '""'), number)
            for number in wanted
        )
        return f"(select {names} from read_parquet('{quoted_path}'))"

    return [
        OpenTable(
            path.name,
            tuple(columns),
            attach,
            simulated or says_simulated(texts),
            pq.read_metadata(path).num_rows,
        )
    ]


def _header(content: bytes | None) -> tuple[dict[str, str | None], bool]:
    if not content:
        return {}, False
    from ingest.catalogues.readers.votable import describe  # noqa: PLC0415

    return describe(io.BytesIO(content))
