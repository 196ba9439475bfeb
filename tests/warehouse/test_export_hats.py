"""A HATS catalogue opens in LSDB with the rows of the mart, and searches as SQL does."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from astropy.io import votable
from released import COLUMNS, database, mart, rows_of

from warehouse.connection import WarehouseError
from warehouse.export import ExportFormat, export_mart
from warehouse.export.article import Article
from warehouse.export.metadata import Mart

lsdb = pytest.importorskip("lsdb")


def opened(path: Path) -> list[tuple[object, ...]]:
    """Rows by LSDB, in the order of the mart."""
    frame = lsdb.open_catalog(path).compute(progress_bar=False)
    assert list(frame.columns) == list(COLUMNS)
    assert frame.index.name == "_healpix_29"
    rows = frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)
    return sorted(rows, key=lambda row: str(row[0]))


@pytest.mark.parametrize("n_rows", [3, 1, 0])
def test_lsdb_reads_the_rows_of_the_mart(tmp_path: Path, n_rows: int) -> None:
    with database() as connection:
        connection.execute(
            "delete from marts.be_test where designation not in (select designation from "
            f"marts.be_test order by all limit {n_rows})"
        )
        path = export_mart(connection, mart(), ExportFormat.hats, tmp_path)
        rows = rows_of(connection)
    assert opened(path) == rows
    assert len(rows) == n_rows


def test_odd_values_come_back(tmp_path: Path) -> None:
    """Other letters, quotes, infinity, and a column without a value."""
    with database() as connection:
        connection.execute(
            "create or replace table marts.be_test as select * replace ('α, \"★\"\n' as survey, "
            "'inf'::double as pmra, null::integer as n_visits) from marts.be_test"
        )
        path = export_mart(connection, mart(), ExportFormat.hats, tmp_path)
        assert opened(path) == rows_of(connection)


def test_a_cone_by_lsdb_is_that_of_sql(tmp_path: Path) -> None:
    """Across RA 0 and near the pole; the oracle is the chord in SQL."""
    with database() as connection:
        connection.execute(
            "create or replace table marts.be_test as select 'J' || i as designation, 'SIM-MRS' as "
            "survey, (i * 7.3) % 360 as ra, 90 - (i * 0.37) % 100 as dec, * exclude "
            "(designation, survey, ra, dec) from (select * from marts.be_test limit 1), "
            "range(2000) as many (i)"
        )
        columns = ", ".join(COLUMNS)
        connection.execute(
            f"create or replace table marts.be_test as select {columns} from marts.be_test"
        )
        path = export_mart(connection, mart(), ExportFormat.hats, tmp_path)
        catalog = lsdb.open_catalog(path)
        for ra, dec, degrees in ((0.1, 40.0, 5.0), (200.0, 88.0, 6.0), (120.0, 30.0, 0.01)):
            inside = connection.execute(
                """
                select designation from marts.be_test where pow(cos(radians(dec)) * cos(radians(ra))
                - cos(radians($1)) * cos(radians($0)), 2) + pow(cos(radians(dec)) * sin(radians(ra))
                - cos(radians($1)) * sin(radians($0)), 2) + pow(sin(radians(dec))
                - sin(radians($1)), 2) <= pow(2 * sin(radians($2 / 2)), 2)
                """.replace("$0", str(ra))
                .replace("$1", str(dec))
                .replace("$2", str(degrees))
            ).fetchall()
            found = catalog.cone_search(ra=ra, dec=dec, radius_arcsec=3600 * degrees)
            names = found.compute(progress_bar=False)["designation"]
            assert sorted(names) == sorted(name for (name,) in inside)


def test_properties_and_columns_say_what_the_catalogue_is(tmp_path: Path) -> None:
    rebuild = {"built_at": "2026-01-02T03:04:05", "dbt_invocation": "run-7"}
    article = Article(authors="Smith J.", rights="CC-BY-4.0")
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        with database() as connection:
            path = export_mart(connection, mart(), ExportFormat.hats, folder, rebuild, article)
        made.append(
            {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()}
        )
    assert made[0] == made[1]
    told = dict(
        line.split("=", 1)
        for line in (path / "hats.properties").read_text().splitlines()
        if "=" in line
    )
    assert told["obs_title"] == "Stars of a test (SIMULATED)"
    assert told["hats_creation_date"] == "2026-01-02T03:04:05"
    assert told["bib_reference"] == "2022ApJS..260...35W"
    assert (told["hats_creator"], told["obs_copyright"]) == ("Smith J.", "CC-BY-4.0")
    assert told["hotstars_resource_version"] == "run-7"
    assert told["hotstars_simulated"].startswith("SIM")
    xml = pq.read_schema(path / "dataset/_common_metadata").metadata[
        b"IVOA.VOTable-Parquet.content"
    ]
    (tmp_path / "head.vot").write_bytes(xml)
    fields = {
        one.name: one for one in votable.parse(tmp_path / "head.vot").get_first_table().fields
    }
    assert (str(fields["pmra"].unit), fields["pmra"].ucd) == ("mas / yr", "pos.pm;pos.eq.ra")
    assert "1 = one thing" in " ".join(fields["flag"].description.split())


def test_what_has_no_position_is_refused(tmp_path: Path) -> None:
    whole = mart()
    without = Mart("be_test", "marts", "", tuple(c for c in whole.columns if c.name != "dec"))
    with database() as connection:
        with pytest.raises(WarehouseError, match=r"be_test has no main position .* as parquet"):
            export_mart(connection, without, ExportFormat.hats, tmp_path)
        connection.execute("alter table marts.be_test alter dec type double")
        for nowhere in ("null", "'nan'"):
            connection.execute(f"update marts.be_test set dec = {nowhere} where n_visits = 12")
            with pytest.raises(WarehouseError, match="be_test: 1 rows have no ra or dec"):
                export_mart(connection, whole, ExportFormat.hats, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_lsdb_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lsdb", None)
    with (
        database() as connection,
        pytest.raises(WarehouseError, match=r"pip install 'hotstars\[hats\]'"),
    ):
        export_mart(connection, mart(), ExportFormat.hats, tmp_path)
