"""HATS: a catalogue partitioned on the sky, as LSDB reads it (https://www.ivoa.net/documents/Notes/HATS/)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from warehouse.connection import WarehouseError
from warehouse.export.article import Article
from warehouse.export.metadata import Mart
from warehouse.export.origin import caption_of
from warehouse.export.reading import asked, is_text, read_pieces, table_of
from warehouse.export.tables import astropy_unit
from warehouse.load import quoted


def write_hats(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    article: Article,
    facts: Mapping[str, str],
) -> None:
    """Write a mart into an empty folder, by LSDB.

    LSDB takes the whole table into memory.

    Parameters
    ----------
    folder
        Becomes the catalogue.
    connection, mart
        What to write.
    article, facts
        Go into ``hats.properties``; facts of :func:`warehouse.export.origin.provenance`.

    Raises
    ------
    WarehouseError
        When the mart has no position, or a row of it has none; when LSDB is not installed.
    """
    position = mart.position
    if position is None:
        raise WarehouseError(
            f"{mart.name} has no main position (UCDs pos.eq.ra;meta.main and pos.eq.dec;meta.main),"
            " which HATS is partitioned by; release it as parquet"
        )
    there = " and ".join(f"coalesce(isfinite({quoted(name)}::double), false)" for name in position)
    query = f"select count(*) from {table_of(mart)} where not ({there})"
    n_lost = asked(connection, mart, query).fetchall()[0][0]
    if n_lost:
        raise WarehouseError(
            f"{mart.name}: {n_lost:,d} rows have no {' or '.join(position)}, which HATS is "
            "partitioned by; mend the model, or release it as parquet"
        )
    try:
        import lsdb  # noqa: PLC0415 (optional, and slow to load, as pandas is)
        import pandas as pd  # noqa: PLC0415
        from hats.io.parquet_metadata import (  # noqa: PLC0415
            write_voparquet_in_common_metadata,
        )
        from hats.pixel_math.spatial_index import (  # noqa: PLC0415
            SPATIAL_INDEX_COLUMN,
            compute_spatial_index,
        )
    except ImportError as error:
        raise WarehouseError(
            f"--format hats needs LSDB ({error}): pip install 'hotstars[hats]'"
        ) from error
    rows = _without_dates(read_pieces(connection, mart).read_all())
    frame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    place = compute_spatial_index(*(frame[name].to_numpy(float) for name in position))
    catalog = lsdb.from_dataframe(
        frame.iloc[np.argsort(place, kind="stable")],
        ra_column=position[0],
        dec_column=position[1],
        catalog_name=mart.name,
        margin_threshold=None,
        # found from the rows, an empty table would have no columns
        schema=pa.schema([(SPATIAL_INDEX_COLUMN, pa.int64()), *rows.schema]),
    )
    catalog.write_catalog(
        folder,
        as_collection=False,
        overwrite=True,  # the folder is there, and empty
        progress_bar=False,
        error_if_empty=False,
        addl_hats_properties=properties(mart, article, facts),
    )
    write_voparquet_in_common_metadata(
        folder,
        field_units={c.name: astropy_unit(c.unit, c.name) for c in mart.columns if c.unit},
        field_ucds={c.name: c.ucd for c in mart.columns if c.ucd},
        field_descriptions={c.name: c.in_full for c in mart.columns},
    )


def properties(mart: Mart, article: Article, facts: Mapping[str, str]) -> dict[str, str | None]:
    """Return what ``hats.properties`` says beyond what LSDB finds: HATS's own names, then ours.

    The time is that of the rebuild: two exports of it are the same.
    """
    bibcode = mart.bibcode
    return {
        "obs_title": caption_of(mart, facts),
        "obs_description": mart.description,
        "obs_copyright": article.rights or None,
        "hats_creator": article.authors,
        "hats_creation_date": facts.get("last_update_date"),
        "bib_reference": bibcode,
        "bib_reference_url": bibcode and f"https://ui.adsabs.harvard.edu/abs/{bibcode}",
        "prov_progenitor": facts.get("sources"),
        **{f"hotstars_{name}": value for name, value in facts.items()},
    }


def _without_dates(rows: pa.Table) -> pa.Table:
    """Return rows with dates as text, as VOTable has them."""
    return rows.cast(
        pa.schema([(f.name, pa.string() if is_text(f.type) else f.type) for f in rows.schema])
    )
