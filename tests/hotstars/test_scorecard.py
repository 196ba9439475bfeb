"""The scorecard: verdicts, printed rows through the models, and the page in the docs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hotstars.scorecard.scores import DIFFERS, MISSING, REPRODUCED, Score, counts, markdown
from hotstars.scorecard.survey import survey_scores
from hotstars.scorecard.whole import whole_scorecard
from warehouse.home import Home

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
    for line in survey_scores(None):
        assert line.verdict == MISSING
        assert "`hotstars " in line.source


def test_printed_rows_come_out_and_the_docs_show_it(tmp_path: Path) -> None:
    """All of it, dbt included, without any survey; then from what was kept."""
    scores = whole_scorecard(Home(tmp_path))
    verdicts = {(line.place, line.quantity): line.verdict for line in scores}
    speeds = [v for (_, what), v in verdicts.items() if what.endswith("V_Tp (km/s)")]
    assert len(speeds) == 32
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
