"""The scorecard's questions to a warehouse that holds a survey's own stars."""

from __future__ import annotations

import duckdb
import pytest
import yaml
from built import Built

from hotstars.scorecard.scores import MISSING, published_rows
from hotstars.scorecard.survey import NUMBERS, survey_scores

TOLD = yaml.safe_load(NUMBERS.read_text())


@pytest.mark.parametrize("item", TOLD["numbers"], ids=lambda item: item["quantity"])
def test_every_question_has_an_answer_of_one_number(catalogues: Built, item: dict) -> None:
    parameters = {"keys": ["J000000.00+000000.0"]} if "rows" in item else None
    with duckdb.connect(str(catalogues.database), read_only=True) as connection:
        rows = connection.execute(item["sql"], parameters).fetchall()
    assert len(rows) == 1
    assert rows[0][0] is None or float(rows[0][0]) >= 0


@pytest.mark.parametrize("item", TOLD["data"].values(), ids=TOLD["data"])
def test_every_question_for_data_can_be_asked(catalogues: Built, item: dict) -> None:
    ((n,),) = catalogues.query(item["there"])
    assert n >= 0


@pytest.mark.parametrize("item", TOLD["rows"], ids=lambda item: f"{item['paper']} {item['place']}")
def test_every_printed_column_can_be_asked_for(catalogues: Built, item: dict) -> None:
    chosen = ", ".join(item["columns"])
    catalogues.query(f"select {item['key']}, {chosen} from {item['relation']}")
    assert {printed for printed, *_ in item["columns"].values()} <= set(
        published_rows(item["table"])[0]
    )


def test_numbers_of_a_survey_are_those_of_its_catalogues(catalogues: Built) -> None:
    """The hand-made stars stand for LAMOST's, and a few are enough; other surveys are not there."""
    few = {**TOLD, "data": {name: {**item, "least": 1} for name, item in TOLD["data"].items()}}
    with duckdb.connect(str(catalogues.database), read_only=True) as connection:
        scores = {(line.place, line.quantity): line for line in survey_scores(connection, few)}
        whole = {line.quantity: line for line in survey_scores(connection)}
    ((n,),) = catalogues.query("select count(*) from marts.be_runaways where survey = 'LAMOST-MRS'")
    runaways = scores["section 6", "runaways"]
    assert (runaways.expected, runaways.obtained) == (16.0, float(n))
    assert whole["runaways"].verdict == MISSING
    assert scores["Table 7", "printed stars that are in be_new, of 10 observed here"].obtained == 10
    assert scores["Table 5", "Oe stars"].obtained >= 8
    assert scores["section 4.1", "typical error of log g (dex)"].verdict == MISSING


def test_an_empty_warehouse_reproduces_nothing(empty: Built) -> None:
    with duckdb.connect(str(empty.database), read_only=True) as connection:
        assert {line.verdict for line in survey_scores(connection)} == {MISSING}
