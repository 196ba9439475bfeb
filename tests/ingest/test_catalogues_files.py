"""What a catalogue file becomes in the raw layer, whatever its format and its habits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from catalogue_files import FORMATS, gaia_like, load, load_text, votable, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.catalogues.mapping import MACROS
from ingest.catalogues.sources import all_sources
from warehouse.migrate import upgrade_in_memory


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with upgrade_in_memory() as connection:
        yield connection


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMATS)
def test_a_catalogue_gives_the_same_rows_in_every_format(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, form: str, packed: bool
) -> None:
    summary = load(warehouse, "gaia", write(gaia_like(), tmp_path, form, packed=packed))
    assert not summary.rejected
    rows = warehouse.execute(
        "select release, source_id, ra, dec, parallax, pmra, phot_g_mean_mag, ref_epoch "
        "from raw.gaia_source order by dec"
    ).fetchall()
    # Text without units has the parallax as it stands there; the others say arcsec.
    factor = 1.0 if form in ("csv", "psv") else 1000.0
    expected = [
        ("DR3", 2**53 + 1, 0.25, -89.5, 1.5e-3 * factor, 1.0, 10.5, 2016.0),
        ("DR3", 4295806720, 359.5, 0.0, 2e-3 * factor, -2.5, None, 2016.0),
        ("DR3", 4000000000000000001, 120.0, 45.25, -1e-4 * factor, 0.125, 12.25, 2016.0),
    ]
    for row, wanted in zip(rows, expected, strict=True):
        assert row[:4] == wanted[:4]
        assert row[4] == pytest.approx(wanted[4], rel=1e-12)
        assert row[5:] == wanted[5:]
    ledger = warehouse.execute("select n_rows, length(sha256) from raw.ingested_file").fetchall()
    assert ledger == [(3, 64)]


def test_a_second_load_of_the_same_file_reads_nothing_and_adds_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write(gaia_like(), tmp_path, "tabledata")
    load(warehouse, "gaia", path)
    again = load(warehouse, "gaia", path)
    assert (again.n_files, again.n_known, again.n_rows) == (0, 1, 0)
    assert warehouse.execute("select count(*) from raw.gaia_source").fetchall() == [(3,)]


def test_one_file_can_hold_two_catalogues(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A cross-match has the columns of both; each is loaded as its own source."""
    table = gaia_like()
    table["rgeo"] = [100.0, 200.0, 300.0]
    path = write(table, tmp_path, "fits")
    assert load(warehouse, "gaia", path).n_rows == 3
    assert load(warehouse, "distances", path).n_rows == 3


def test_columns_that_differ_by_case_only_are_not_swapped(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "Source,rgeo,b_rgeo,B_rgeo\n7,100,90,115\n"
    load_text(warehouse, "distances", tmp_path, text)
    row = warehouse.execute("select distance_low, distance_high from raw.distance").fetchall()
    assert row == [(90.0, 115.0)]


def test_a_name_of_one_case_is_no_guess_for_the_other(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load_text(warehouse, "distances", tmp_path, "SOURCE,RGEO,B_RGEO\n7,100,115\n")
    row = warehouse.execute(
        "select distance, distance_low, distance_high from raw.distance"
    ).fetchall()
    assert row == [(100.0, None, None)]


SENTINELS = ["", " ", "---", "--", "null", "NaN", "99.99", "99.999", "-999", "-9999.0", "999.99"]


@pytest.mark.parametrize("blank", SENTINELS)
def test_what_archives_write_for_no_value_becomes_null(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, blank: str
) -> None:
    text = f"2MASS,RAJ2000,DEJ2000,Jmag,Hmag,Kmag,e_Kmag\n00000000+0000000,1,2,{blank},9,8,0.1\n"
    load_text(warehouse, "twomass", tmp_path, text)
    rows = warehouse.execute("select j, h, k_error from raw.twomass_source").fetchall()
    assert rows == [(None, 9.0, pytest.approx(0.1))]


def test_a_position_of_99_99_degrees_is_one(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load_text(warehouse, "gaia", tmp_path, "source_id,ra,dec,pmra\n1,99.99,-9.99,99.99\n")
    rows = warehouse.execute("select ra, dec, pmra from raw.gaia_source").fetchall()
    assert rows == [(99.99, -9.99, 99.99)]


def test_lamost_minus_9999_is_no_temperature(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "obsid|teff|teff_err|logg|feh|rv\n101001|-9999.00|-9999|4.1|-9999.0|-12.5\n"
    load_text(warehouse, "lasp", tmp_path, text, release="DR7")
    rows = warehouse.execute(
        "select release, teff, teff_error, logg, m_h, rv from raw.lamost_stellar_parameters"
    ).fetchall()
    assert rows == [("DR7", None, None, pytest.approx(4.1), None, -12.5)]


def test_only_coadds_of_a_medium_resolution_release_are_taken(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "obsid|coadd|teff_lasp|logg_lasp\n5|0|9000|4\n5|1|9100|4\n6|0|8000|4\n"
    load_text(warehouse, "lasp", tmp_path, text)
    rows = warehouse.execute("select obsid, teff from raw.lamost_stellar_parameters").fetchall()
    assert rows == [(5, 9100.0)]


MEMBERS = """source_id,ra,dec,pmra,pmdec,parallax,proba,cluster
11,-0.5,60,1,2,0.4,0.9,NGC_7789
12,0.5,60,1,2,0.4,0.7,NGC_7789
12,0.5,60,1,2,0.4,0.3,FSR_0448
13,,60,1,2,0.4,0.3,FSR_0448
14,20,91.5,1,2,0.4,0.3,FSR_0448
"""


def test_cluster_members_keep_both_clusters_and_a_right_ascension_below_zero_is_wrapped(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    summary = load_text(warehouse, "members_cantat2018", tmp_path, MEMBERS)
    rows = warehouse.execute(
        "select source_id, cluster, ra from raw.cluster_member order by all"
    ).fetchall()
    assert rows == [(11, "NGC 7789", 359.5), (12, "FSR 0448", 0.5), (12, "NGC 7789", 0.5)]
    assert summary.n_rows == 3
    reasons = warehouse.execute("select reason from raw.rejected_file order by 1").fetchall()
    text = " ".join(reason for (reason,) in reasons)
    assert "row 4 has no position" in text
    assert "row 5 has a dec that cannot be used" in text


def test_names_are_trimmed_and_underscores_are_blanks(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "Cluster,RA_ICRS,DE_ICRS,pmRA,pmDE,Plx,RV\nASCC_10          ,51,35,-1,-1,1,       \n"
    load_text(warehouse, "clusters_dias2021", tmp_path, text)
    assert warehouse.execute("select cluster, v_r from raw.cluster").fetchall() == [
        ("ASCC 10", None)
    ]


def test_a_missing_column_is_named_with_those_that_there_are_and_the_way_out(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "2MASS,RAJ2000,DEJ2000,Jmag,Hmagnitude,Kmag\nx,1,2,3,4,5\n"
    summary = load_text(warehouse, "twomass", tmp_path, text)
    (reason,) = summary.rejected.values()
    for part in ("twomass.csv", "no column for h", "Hmag, h_m", "Hmagnitude, Kmag", "--column h="):
        assert part in reason
    assert warehouse.execute("select count(*) from raw.twomass_source").fetchall() == [(0,)]
    assert warehouse.execute("select reason from raw.rejected_file").fetchall() == [(reason,)]
    mended = load_text(warehouse, "twomass", tmp_path, text, columns={"h": "Hmagnitude"})
    assert mended.n_rows == 1
    assert warehouse.execute("select count(*) from raw.rejected_file").fetchall() == [(0,)]


def test_a_column_in_another_kind_of_unit_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    table = gaia_like()
    table["Plx"].unit = "mag"
    summary = load(warehouse, "gaia", write(table, tmp_path, "fits"))
    (reason,) = summary.rejected.values()
    assert "Plx" in reason
    assert "mag" in reason
    assert "mas" in reason


def test_identifiers_that_went_through_a_float_are_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "source_id,ra,dec\n1.2345678901234568e+18,1,2\n17.0,3,4\n"
    load_text(warehouse, "gaia", tmp_path, text)
    assert warehouse.execute("select source_id from raw.gaia_source").fetchall() == [(17,)]
    (reason,) = warehouse.execute("select reason from raw.rejected_file").fetchall()[0]
    assert "row 1 has a source_id that cannot be used" in reason


def test_a_file_of_another_release_is_told_by_its_epoch(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "source_id,ra,dec,ref_epoch\n1,1,2,2015.5\n"
    summary = load_text(warehouse, "gaia", tmp_path, text)
    assert "ref_epoch is 2015.5" in next(iter(summary.rejected.values()))
    assert load_text(warehouse, "gaia_dr2", tmp_path, text).n_rows == 1


def test_a_column_that_turned_into_words_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "source_id,ra,dec,parallax\n1,1,2,good\n2,1,2,bad\n3,1,2,0.5\n"
    summary = load_text(warehouse, "gaia", tmp_path, text)
    assert "2 values of parallax are no numbers" in next(iter(summary.rejected.values()))


def test_a_broken_line_is_left_out_and_named(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = [f"{number},1,2,0.5" for number in range(1, 41)]
    lines[17] = "18,1"
    load_text(warehouse, "gaia", tmp_path, "\n".join(["source_id,ra,dec,parallax", *lines, ""]))
    assert warehouse.execute("select count(*) from raw.gaia_source").fetchall() == [(39,)]
    (reason,) = warehouse.execute("select reason from raw.rejected_file").fetchall()[0]
    assert "line 19: missing columns" in reason


def test_simulated_files_keep_their_mark(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "gaia_dr3.vot"
    path.write_bytes(votable(gaia_like(), SIMUL="T"))
    load(warehouse, "gaia", path)
    assert warehouse.execute("select distinct release from raw.gaia_source").fetchall() == [
        ("SIM DR3",)
    ]
    text = "# SIMUL = T\nName,RAJ2000,DEJ2000,object_type\nSIM 1,1,2,HII\n"
    load_text(warehouse, "hou2016", tmp_path, text)
    assert warehouse.execute(
        "select simulated, object_type from raw.literature_star"
    ).fetchall() == [(True, "HII")]


def test_a_list_that_only_names_its_stars_gets_positions_from_the_names(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load_text(warehouse, "lin2015", tmp_path, "id,designation\nK01,J063259.37-045622.5\n")
    (row,) = warehouse.execute("select name, ra, dec from raw.literature_star").fetchall()
    place = SkyCoord("06h32m59.37s -04d56m22.5s")
    assert row == (
        "J063259.37-045622.5",
        pytest.approx(place.ra.deg, abs=1e-9),
        pytest.approx(place.dec.deg, abs=1e-9),
    )


def test_the_year_of_a_type_is_that_of_its_bibcode(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = (
        "Name\tRAJ2000\tDEJ2000\tSpType\tBibcode\n"
        "HD 5394\t00 56 42.53\t+60 43 00.3\tB0.5 IVe\t1982ApJS...50...55S\n"
        "HD 1\t00 05 08\t-00 30 11\tB3:n\t\n"
    )
    load_text(warehouse, "skiff", tmp_path, text)
    rows = warehouse.execute(
        "select name, ra, dec, bibcode, year from raw.spectral_type order by year"
    ).fetchall()
    assert rows[0] == (
        "HD 5394", pytest.approx(14.177208), pytest.approx(60.71675), "1982ApJS...50...55S", 1982,
    )  # fmt: skip
    assert rows[1][2] == pytest.approx(-(30 / 60 + 11 / 3600))
    assert rows[1][3:] == ("", None)


@pytest.fixture(scope="module")
def macros() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MACROS)
    return connection


@given(ra=st.floats(0, 359.9999), dec=st.floats(-89.99, 89.99))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_positions_in_names_and_in_sexagesimal_are_astropys(
    macros: duckdb.DuckDBPyConnection, ra: float, dec: float
) -> None:
    place = SkyCoord(ra, dec, unit="deg")
    hours = place.ra.to_string("hour", sep=" ", pad=True, precision=4)
    degrees = place.dec.to_string(sep=":", pad=True, precision=3, alwayssign=True)
    name = (
        "J"
        + place.ra.to_string("hour", sep="", pad=True, precision=4)
        + place.dec.to_string(sep="", pad=True, precision=3, alwayssign=True)
    )
    row = macros.execute(
        "select ra_of_name($1), dec_of_name($1), 15 * sexagesimal($2), sexagesimal($3)",
        [name, hours, degrees],
    ).fetchall()[0]
    wanted = [place.ra.deg, place.dec.deg] * 2
    for value, expected in zip(row, wanted, strict=True):
        assert (value - expected + 180) % 360 - 180 == pytest.approx(0, abs=1.5e-6)


@given(st.lists(st.floats(-360, 720), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_right_ascension_ends_in_0_to_360_at_the_same_place(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    connection = upgrade_in_memory()
    lines = [f"{number},{value!r},0" for number, value in enumerate(values)]
    text = "\n".join(["source_id,ra,dec", *lines, ""])
    load_text(connection, "gaia", tmp_path_factory.mktemp("ra"), text)
    rows = connection.execute("select ra from raw.gaia_source order by source_id").fetchall()
    for (ra,), value in zip(rows, values, strict=True):
        assert 0 <= ra < 360
        assert np.sin(np.radians(ra - value) / 2) == pytest.approx(0, abs=1e-12)


def test_every_source_says_who_made_it_and_where_it_lies() -> None:
    for source in all_sources().values():
        where = source.archive
        assert source.title
        assert where.vizier or where.xmatch or where.tap or where.by_hand, source.name
        required = {
            column.name
            for column in source.table.columns
            if not column.nullable and column.name not in ("run_id", "simulated")
        }
        assert required <= set(source.columns) | set(source.constants), source.name
