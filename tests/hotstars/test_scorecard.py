"""The scorecard: verdicts, printed rows through the models, and the page in the docs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import duckdb
import jinja2
import pytest

from hotstars.scorecard.clusters import cluster_scores
from hotstars.scorecard.printed_stars import position
from hotstars.scorecard.scores import (
    DIFFERS,
    MISSING,
    REPRODUCED,
    Score,
    counts,
    markdown,
    published_rows,
)
from hotstars.scorecard.survey import survey_scores
from hotstars.scorecard.whole import whole_scorecard
from ingest.catalogues.load import load_files
from warehouse.home import Home
from warehouse.migrate import upgrade_in_memory

PAGE = Path(__file__).parents[2] / "docs" / "scorecard.md"


def score(expected: float | bool, obtained: float | bool | None, tolerance: float = 0.1) -> Score:
    return Score("wang2022", "Table 9", "V_Tp", expected, obtained, tolerance, "by hand", digits=1)


@pytest.mark.parametrize(
    ("expected", "obtained", "verdict"),
    [
        (34.3, 34.25, REPRODUCED),
        (34.3, 34.2, REPRODUCED),  # the difference of the decimals, not of the binary numbers
        (34.3, 34.19, DIFFERS),
        (34.3, math.nan, DIFFERS),
        (34.3, None, MISSING),
        (True, True, REPRODUCED),
        (True, False, DIFFERS),
        (True, None, MISSING),
    ],
)
def test_verdicts(expected: float | bool, obtained: float | bool | None, verdict: str) -> None:
    assert score(expected, obtained).verdict == verdict


def test_what_is_not_obtained_is_no_number() -> None:
    cells = score(34.3, None).cells()
    assert (cells["expected"], cells["obtained"], cells["difference"]) == ("34.3", "", "")
    assert score(25.0, 24.98).cells()["obtained"] == "24.98"
    assert score(25.0, 24.98).cells()["difference"] == "-0.02"


def test_the_summary_counts_every_line_once() -> None:
    table = counts([score(1.0, 1.0), score(1.0, 2.0), score(1.0, None), score(True, True)])
    assert table["Wang+2022"] == {REPRODUCED: 2, DIFFERS: 1, MISSING: 1}
    assert table["all"] == table["Wang+2022"]
    assert sum(table["Guo+2021"].values()) == 0


def test_without_a_warehouse_every_number_of_a_survey_names_its_command() -> None:
    for line in [*survey_scores(None), *cluster_scores(None, 0.6)]:
        assert line.verdict == MISSING
        assert "`hotstars " in line.source


@pytest.fixture
def plate() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse of two real stars of Table 7, one of them in the catalogue."""
    stars = [row["designation"] for row in published_rows("wang2022_table7_new_be")[:2]]
    with duckdb.connect() as connection:
        connection.execute("create schema raw; create schema marts; create schema staging")
        connection.execute(
            "create table raw.lamost_observation as "
            "select 'LAMOST-MRS' as survey, unnest(?) as designation", [stars],
        )  # fmt: skip
        connection.execute(
            "create table marts.be_new as select 'LAMOST-MRS' as survey, ? as designation",
            [stars[0]],
        )
        yield connection


def test_one_plate_is_not_compared_with_a_whole_survey(plate: duckdb.DuckDBPyConnection) -> None:
    """Counts of the survey stay open; of the printed stars those are asked for that are there."""
    lines = {(line.place, line.quantity): line for line in survey_scores(plate)}
    assert lines["section 5.3", "new Be stars"].verdict == MISSING
    asked = lines["Table 7", "printed stars that are in be_new, of 2 observed here"]
    assert (asked.expected, asked.obtained, asked.verdict) == (2.0, 1.0, DIFFERS)
    assert lines["Table 6", "printed stars that are in be_known"].verdict == MISSING


PRINTED_CLUSTERS = published_rows("wang2022_table8_cluster_members")


def test_clusters_are_compared_with_their_catalogues(plate: duckdb.DuckDBPyConnection) -> None:
    """The printed parameters as Dias+2021 would have them, one of them another; one member."""
    rows = {row["cluster"]: row for row in PRINTED_CLUSTERS}
    plate.execute(
        f"""
        create table staging.stg_clusters__clusters (
            reference varchar, cluster varchar, cluster_key varchar, v_r real, distance real,
            log_age real, fe_h real, a_v real
        );
        create table staging.stg_clusters__members (
            reference varchar, cluster varchar, cluster_key varchar, ra double, "dec" double,
            probability real
        );
        create macro cluster_key(name) as {cluster_key_sql("name")}
        """
    )
    for name, row in rows.items():
        found = name.replace("LP ", "FoF ").replace(" ", "_")
        values = [
            float(row[key]) if row[key] else None
            for key in ("v_r_kms", "distance_pc", "log_age_yr", "fe_h", "a_v_mag")
        ]
        plate.execute(
            "insert into staging.stg_clusters__clusters "
            "values ('Dias+2021', $1, cluster_key($1), $2, $3, $4, $5, $6)", [found, *values],
        )  # fmt: skip
    plate.execute("update staging.stg_clusters__clusters set a_v = 9 where cluster = 'NGC_2194'")
    for row, probability in zip(PRINTED_CLUSTERS[:3], (0.6, 0.7, 1.0), strict=True):
        ra, dec = position(row["designation"])
        away = 0.0 if row["cluster"] != "Gulliver 56" else 2 / 3600
        plate.execute(
            "insert into staging.stg_clusters__members "
            "values ('Cantat-Gaudin+2018', $1, cluster_key($1), $2, $3, $4)",
            [row["cluster"], ra, dec + away, probability],
        )
    lines = cluster_scores(plate, 0.6)
    # 60 % is not more than 60 %, and 2 arcsec are another star
    assert [line.verdict for line in lines[:3]] == [DIFFERS, REPRODUCED, DIFFERS]
    parameters = {line.quantity: line.verdict for line in lines[len(PRINTED_CLUSTERS) :]}
    wrong = {quantity for quantity, verdict in parameters.items() if verdict != REPRODUCED}
    assert wrong == {"NGC 2194: A_V (mag)"}
    assert len(parameters) == 4 * len(rows) + sum(bool(row["v_r_kms"]) for row in rows.values())


def cluster_key_sql(name: str) -> str:
    """What the macro of the dbt project makes of a name."""
    macro = Path(__file__).parents[2] / "dbt_project" / "macros" / "cluster_key.sql"
    template = jinja2.Environment(autoescape=False).from_string(macro.read_text())
    return str(template.module.cluster_key(name))


@pytest.mark.real_data
def test_printed_parameters_are_those_of_the_real_catalogues(real_data: Path) -> None:
    """All 43 of Dias+2021; of the members the paper's list has only three above 60 %."""
    with upgrade_in_memory() as connection:
        for source, file in (
            ("clusters_dias2021", "ucc_DIAS2021.csv.gz"),
            ("members_cantat2018", "cantatgaudin2018_members_401k.parquet"),
        ):
            load_files(connection, source, [real_data / "clusters" / file])
        connection.execute("create schema staging")
        for table in ("cluster", "cluster_member"):
            view = {"cluster": "clusters", "cluster_member": "members"}[table]
            connection.execute(
                f"create view staging.stg_clusters__{view} as "
                f"select *, {cluster_key_sql('cluster')} as cluster_key from raw.{table}"
            )
        lines = cluster_scores(connection, 0.6)
    n = len(PRINTED_CLUSTERS)
    assert [line.verdict for line in lines[:n]].count(REPRODUCED) == 3
    assert {line.verdict for line in lines[n:]} == {REPRODUCED}


def test_printed_rows_come_out_and_the_docs_show_it(tmp_path: Path) -> None:
    """All of it, dbt included, without any survey; then from what was kept."""
    scores = whole_scorecard(Home(tmp_path))
    verdicts = {(line.place, line.quantity): line.verdict for line in scores}
    speeds = [v for (_, what), v in verdicts.items() if what.endswith("V_Tp (km/s)")]
    assert speeds == [REPRODUCED] * 32  # velocities, and their errors by the recipe found
    exact = [v for (_, w), v in verdicts.items() if w.endswith(": V_Tp (km/s)")]
    assert exact == [REPRODUCED] * 16
    heights = [v for (_, what), v in verdicts.items() if what.endswith(": z (pc)")]
    assert heights == [DIFFERS] * 16
    for place, n in (("Table 5", 8), ("Table 7", 10)):
        found = [v for (where, _), v in verdicts.items() if where == place and v != MISSING]
        assert found == [REPRODUCED] * n
    shown = markdown(scores)
    assert PAGE.read_text().endswith(shown), (
        "docs/scorecard.md is old: `hotstars scorecard --out docs/scorecard.md` with a new "
        "HOTSTARS_HOME makes it"
    )
    assert (tmp_path / "scorecard.json").exists()
    assert markdown(whole_scorecard(Home(tmp_path))) == shown
