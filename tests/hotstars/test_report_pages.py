"""Parts of the report: spectra as SVG, pages of APOGEE stars, model cards, what is not drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from hotstars.kept_scores import keep_scores, kept_scores
from hotstars.report.apogee_stars import (
    BRACKETT_11,
    WAVELENGTH,
    apogee_page,
    apogee_stars,
    read_apogee_stars,
)
from hotstars.report.cards import card_page
from hotstars.report.draw import WANTED, not_drawn
from hotstars.report.figures import Drawn
from hotstars.report.profile_plot import BOTTOM, HEIGHT, LEFT, WIDTH, Frame, polyline
from hotstars.scorecard.slam_checks import slam_check_scores
from hotstars.slam_scores import UNSEEN, Scores
from warehouse.home import Home

N_PIXELS = 8575


def test_a_spectrum_breaks_where_nothing_was_measured() -> None:
    frame = Frame(0.0, 9.0, 0.0, 1.0)
    flux = np.array([0.0, 1.0, np.nan, 1.0, 0.5, np.nan, np.nan, 0.2, 0.3, 0.4])
    lines = re.findall(r'points="([^"]+)"', polyline(frame, np.arange(10.0), flux))
    assert [len(points.split()) for points in lines] == [2, 2, 3]
    assert "nan" not in " ".join(lines)


def test_the_frame_holds_what_it_is_made_for() -> None:
    frame = Frame(6530.0, 6590.0, 0.5, 2.0)
    assert LEFT <= frame.x(6530.0) < frame.x(6564.6) < frame.x(6590.0) <= WIDTH
    assert 0.0 < frame.y(2.0) < frame.y(0.5) < HEIGHT - BOTTOM


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        database.execute("create schema marts; create schema staging")
        wavelength = 10 ** (4.179 + 6e-6 * np.arange(N_PIXELS))
        flux = 200 * (1 - 0.5 * np.exp(-0.5 * ((wavelength - BRACKETT_11) / 8.0) ** 2))
        flux[np.abs(wavelength - 16750.0) < 3.0] = 0.0  # not measured
        database.execute("create table flux as select ? as flux", [flux.tolist()])
        database.execute(
            """
            create table marts.apogee_labels as
            select
                id as apogee_id, survey, 10.0 as ra, -5.0 as "dec", 4.1 as log_teff,
                null::double as fe_h, 120.0 as snr, 'B2V' as spectral_type,
                'dr17' as release, 'apo25m' as telescope, 'M35' as field
            from (values ('2M1', 'SIM-APOGEE'), ('2M0', 'APOGEE')) as v(id, survey);
            create table staging.stg_apogee__spectra as
            select '2M1' as apogee_id, 'SIM-APOGEE' as survey, 'dr17' as release,
                'apo25m' as telescope, 'M35' as field, flux::float[8575] as flux from flux
            """
        )
        yield database


def test_pages_of_apogee_stars(connection: duckdb.DuckDBPyConnection) -> None:
    listed = apogee_stars(connection)
    assert [row["designation"] for row in listed] == ["2M0", "2M1"]
    assert apogee_stars(connection, 1) == listed[:1]
    real, simulated = read_apogee_stars(connection, listed, block=1)
    assert real.flux is None
    assert simulated.flux is not None
    assert len(simulated.flux) == len(WAVELENGTH)
    deepest = WAVELENGTH[np.argmin(np.where(simulated.flux > 0, simulated.flux, np.inf))]
    assert deepest == pytest.approx(BRACKETT_11, abs=0.3)
    page = apogee_page(simulated)
    assert "SIMULATED" in page
    assert page.count("<polyline") == 2  # the gap
    assert "Labels by the network" in page
    assert "fe_h" not in page  # there is none
    assert "SIMULATED" not in apogee_page(real)
    assert "no spectrum" in apogee_page(real)


def test_a_warehouse_without_apogee_has_no_such_stars() -> None:
    with duckdb.connect() as database:
        assert apogee_stars(database) == []


def test_a_model_card_shows_all_that_it_says() -> None:
    card = {
        "simulated": True,
        "description": "Finds <things>.",
        "not_for": "Giants.",
        "scores": {"by_snr": [{"snr": 20.0, "bias": {"teff": -183.4}}, {"snr": 50.0, "bias": {}}]},
        "history": [0.5, 0.25],
        "ranges": {"teff": [15000, 55000]},
    }
    page = card_page("slam-lrs", "abc", card)
    assert "Trained on SIMULATED data" in page
    assert "Finds &lt;things&gt;." in page
    for told in ("Giants.", "teff -183.4", "0.5, 0.25", "15000, 55000", "abc"):
        assert told in page, told
    assert "SIMULATED" not in card_page("x", "1", {**card, "simulated": False})


def test_figures_that_are_not_drawn_are_named_with_their_way() -> None:
    everything = [f"{paper}, figure {n}" for paper, ns in WANTED.items() for n in ns]
    assert [line.partition(":")[0] for line in not_drawn([])] == everything
    drawn = [
        Drawn("a.png", "", "", "Wang+2022, figures 7, A1 and A2"),
        Drawn("b.png", "", "", "Guo+2021, figure 3"),
        Drawn("c.png", "", "", "ours"),
    ]
    left = {line.partition(":")[0] for line in not_drawn(drawn)}
    assert set(everything) - left == {
        *(f"Wang+2022, figure {n}" for n in ("7", "A1", "A2")),
        "Guo+2021, figure 3",
    }


def scores(survey: str, n_spectra: int, snr: float, teff: float, *, simulated: bool) -> Scores:
    values = np.array([teff, 0.03, np.nan, 4.0])
    return Scores(
        UNSEEN, survey, "TLUSTY", simulated, "kernel_ridge", n_spectra, snr, 500,
        values, values / 10, values, np.ones(4),
    )  # fmt: skip


def test_scores_of_slam_are_kept_for_the_report_and_the_scorecard(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert kept_scores(home) == []
    keep_scores(home, [scores("MRS", 5000, 100.0, 600.0, simulated=True)])
    keep_scores(home, [scores("LRS", 1000, snr, 300.0, simulated=False) for snr in (20.0, 100.0)])
    kept = kept_scores(home)
    assert [(item.survey, item.snr) for item in kept] == [
        ("MRS", 100.0), ("LRS", 20.0), ("LRS", 100.0),
    ]  # fmt: skip
    assert np.isnan(kept[0].scatter[2])
    assert kept[0].scatter[0] == 600.0
    found = {line.quantity: line for line in slam_check_scores(home)}
    low = found["error of Teff (K), model spectra of S/N 100, low resolution"]
    assert (low.expected, low.obtained, low.verdict) == (327.0, 300.0, "reproduced")
    # a simulated grid is not what the paper speaks of
    medium = found["error of Teff (K), model spectra of S/N 100, medium resolution"]
    assert medium.obtained is None
