"""Parts of the report: values and their errors, pages of stars and models, the table of stars."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import duckdb
import html5lib
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotstars.checks.apogee import LABELS, against_truth, against_types
from hotstars.checks.distances_marts import QUESTIONS
from hotstars.checks.kept_scores import keep_scores, kept_scores
from hotstars.checks.slam_marts import DIGITS, _differences
from hotstars.checks.slam_scores import UNSEEN, Scores
from hotstars.figures.panels import Plate, signed
from hotstars.figures.style import new_figure
from hotstars.report.apogee_stars import (
    BRACKETT_11,
    WAVELENGTH,
    apogee_page,
    read_apogee_stars,
)
from hotstars.report.cards import card_page
from hotstars.report.drawn import Drawn, Wanted, draw, not_drawn
from hotstars.report.guo_figures import FIGURES as GUO
from hotstars.report.pages import (
    code,
    is_numeric,
    model_html,
    site,
    star_file,
    star_html,
    stars_script,
)
from hotstars.report.source import Source
from hotstars.report.sprague_figures import FIGURES as SPRAGUE
from hotstars.report.star_page import decisions, star_page, verdict
from hotstars.report.stars import Star, catalogue_stars
from hotstars.report.values import Dictionary, between, measured, plain, shown_unit, warranted
from hotstars.report.wang_figures import FIGURES as WANG
from hotstars.report.xiang_figures import FIGURES as XIANG
from hotstars.report.xiang_figures import told_errors
from hotstars.rows import rows_of
from hotstars.scorecard.slam_checks import slam_check_scores
from warehouse.export.metadata import Mart, MartColumn
from warehouse.home import Home

N_PIXELS = 8575
BAND = (6548.0, 6578.0)
SHARED = site("a footer", simulated=True, lineage=True)
DICTIONARY = Dictionary(
    {
        "k": MartColumn("k", "Ks", "mag", None, "F7.3"),
        "pmra": MartColumn("pmra", "", "mas.yr**-1", None, "F8.4"),
        "teff": MartColumn("teff", "", "K", None, "F8.0"),
        "distance": MartColumn("distance", "", "pc", None, "F9.1"),
        "ew_halpha": MartColumn("ew_halpha", "", "0.1nm", None, "F8.3"),
        "logg": MartColumn("logg", "", None, None, "F7.3", "cm.s**-2"),
    }
)


def strict(text: str) -> None:
    """Read a page as a reader that forgives nothing."""
    html5lib.HTMLParser(strict=True).parse(text)


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_errors_decide_how_many_digits_a_value_has() -> None:
    assert measured(11.95804, 0.024664, 3, "mag") == "11.958 ± 0.025 mag"
    assert measured(-1.446553, 0.0121735, 4, "mas yr⁻¹") == "−1.447 ± 0.012 mas yr⁻¹"
    assert measured(16841.3, 1642.0, 0, "K") == "16841 ± 1642 K"
    assert measured(0.0004, 0.5, 2) == "0.00 ± 0.50"
    assert measured(-0.0004, 0.5, 2) == "0.00 ± 0.50"  # no minus nought
    assert measured(127.3112, None, 4, "°") == "127.3112°"
    assert measured(6.199342, None, None) == "6.19934"


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e3))
def test_a_shown_value_lies_within_half_a_digit(value: float, error: float) -> None:
    shown = str(measured(value, error, 4)).replace("−", "-").split(" ± ")
    digits = len(shown[0].partition(".")[2])
    assert digits == len(shown[1].partition(".")[2]) == min(warranted(error), 4)
    assert abs(float(shown[0]) - value) <= 0.5 * 10**-digits * (1 + 1e-6)


def test_distances_have_two_errors() -> None:
    told = between(1870.0, 1720.0, 2110.0, 1, "pc")
    assert words(told) == "1870 +240 −150 pc"
    assert words(between(1623.55, 1594.32, 1656.35, 1)) == "1624 +33 −29 "


def test_units_are_the_fields() -> None:
    assert shown_unit("km.s**-1") == "km s⁻¹"
    assert shown_unit("mas.yr**-1") == "mas yr⁻¹"
    assert shown_unit("0.1nm") == "Å"
    assert shown_unit("deg") == "°"
    assert DICTIONARY.unit("logg") == "dex"
    assert DICTIONARY.unit("nothing") == ""


def test_a_name_that_two_tables_give_different_units_has_none_of_its_own() -> None:
    tables = [
        Mart("far", "marts", "", (MartColumn("z", "", "kpc", None, "F8.3"),
                                  MartColumn("k", "", "mag", None, "F7.3"))),
        Mart("near", "marts", "", (MartColumn("z", "", "pc", None, "F9.2"),
                                   MartColumn("k", "", "mag", None, "F6.3"))),
    ]  # fmt: skip
    dictionary = Dictionary.of(tables)
    assert (dictionary.unit("k"), dictionary.unit("z"), dictionary.decimals("z")) == (
        "mag",
        "",
        None,
    )


def test_missing_values_are_empty_and_numbers_stand_to_the_right() -> None:
    assert [plain(one) for one in (None, float("nan"), "", True, 1234567, -3.0)] == [
        "", "", "", "yes", "1,234,567", "−3",
    ]  # fmt: skip
    assert all(map(is_numeric, ("−0.35 ± 0.02", "5,794", "0.950 (0.923–0.968)", "1.2e-05")))
    assert not any(map(is_numeric, ("", "B2Ve", "10,000 on", "SIM-MRS")))


def star(**changes: object) -> Star:
    """Return a star of two surveys with what a page may hold."""
    flux = 1.0 + 0.1 * np.sin(np.arange(240.0))
    ledger = [
        {"survey": survey, "step": step, "criterion": "line_indices", "section": "Wang+2022, 3",
         "quantity": "EW(Mg b) (A)", "measured_value": 0.5, "threshold": "< 1.2",
         "is_passed": step == 1, "is_deciding": step == 2}
        for survey in ("SIM-LRS", "SIM-MRS") for step in (1, 2)
    ]  # fmt: skip
    told = {
        "name": "J000000.00+000000.0", "place": (10.0, -5.0), "surveys": ["SIM-LRS", "SIM-MRS"],
        "catalogues": ["Be candidate"], "spectral_type": "B2Ve",
        "rows": {
            "photometry": [{"k": 11.77712, "k_error": 0.0211, "ebv_method": None}],
            "astrometry": [{"pmra": -1.44655, "pmra_error": 0.0121, "source_id": 6486872897389,
                            "z": -148.72, "z_error": 10.04}],
            "distances": [{"obsid": 7, "distance": 1623.55, "distance_16": 1594.32,
                           "distance_84": 1656.35, "m_ks_model": "ob-m-ks 1", "binary_flag": 1}],
            "slam_lrs": [{"obsid": 7, "teff": 12000.2, "teff_error": 78.0, "flag": "",
                          "slam_model": "slam-lrs 1"}],
            "visits": [{"obsid": 7, "survey": "SIM-LRS", "mjd": 58000.12, "file_name": "a.fits",
                        "sha256": "0f" * 32}],
            "decisions": ledger,
        },
        "spectra": [{"halpha": flux, "survey": "SIM-LRS", "obsid": 7, "mjd": 58000.12,
                     "snr_r": 52.2, "ew_halpha": 7.523, "ew_halpha_error": 0.21}] * 6,
        "n_spectra": 9,
    } | changes  # fmt: skip
    return Star(**told)  # type: ignore[arg-type]


def test_a_stars_page_is_valid_and_holds_its_facts() -> None:
    dictionary = Dictionary(DICTIONARY.columns, frozenset({"ob-m-ks 1"}))
    text = star_html(SHARED, star_page(star(), dictionary, BAND))
    strict(text)
    told = words(text)
    for fact in (
        "11.777 ± 0.021 mag", "−149 ± 10 pc", "−1.447 ± 0.012 mas yr⁻¹", "6486872897389",
        "1624 +33 −29",
        "12000 ± 78", "extrapolated", "binary", "0f" * 32, "a.fits", "B2Ve",
        "The 6 of 9 spectra of highest S/N", "hotstars explain J000000.00+000000.0",
        "EW 7.52 ± 0.21 Å", "S/N 52", "SIMULATED. These stars do not exist",
        "ob-m-ks 1 trained on SIMULATED data",
    ):  # fmt: skip
        assert fact in told, fact
    assert told.count("Teff (K)") == 1
    assert "ebv" not in told
    assert "None" not in told
    assert text.count("<svg") == 1


def test_a_hash_takes_a_line_and_is_there_as_a_whole() -> None:
    text = star_html(SHARED, star_page(star(), DICTIONARY, BAND))
    assert f'a.fits<br><code class="hash" title="{"0f" * 32}">{"0f" * 32}</code>' in text
    rows = star().rows
    rows["visits"][0] |= {"sha256": None, "file_name": None}
    text = star_html(SHARED, star_page(star(rows=rows), DICTIONARY, BAND))
    assert "SHA-256" not in text
    style = (files("hotstars.report") / "static" / "report.css").read_text()
    (rule,) = re.findall(r"^code\.hash \{([^}]*)\}", style, re.MULTILINE)
    assert "nowrap" in rule
    assert "overflow: hidden" in rule
    assert "user-select: all" in rule  # a click marks what is hidden as well


def test_emission_put_in_has_the_sign_of_the_catalogue() -> None:
    rows = star().rows | {"truth": [{"kind": "Be", "emission_ew": 58.9}]}
    told = words(star_html(SHARED, star_page(star(rows=rows), DICTIONARY, BAND)))
    assert "EW(Hα) of the emission alone −58.9 Å" in told
    rows["truth"] = [{"kind": "B", "emission_ew": 0.0}]
    told = words(star_html(SHARED, star_page(star(rows=rows), DICTIONARY, BAND)))
    assert "EW(Hα) of the emission alone 0.0 Å" in told


def test_one_star_has_no_scatter(connection: duckdb.DuckDBPyConnection) -> None:
    one = {name: np.array([1.0]) for name, _ in LABELS}
    stars = one | {f"true_{name}": np.array([0.5]) for name in one}
    stars |= {f"{name}_error": np.array([0.1]) for name in one}
    stars |= {f"training_{name}": np.array([0.5]) for name in one}
    stars |= {"numeric_type": np.array([5.0]), "luminosity_class": np.array([1.0]),
              "training_label_from": np.array(["spectral type"])}  # fmt: skip
    (by_type,) = against_types(stars)
    assert (by_type["n_stars"], by_type["median"], by_type["scatter"]) == (1, 0.5, None)
    (by_teff,) = against_truth(stars)
    assert by_teff["logg_scatter"] is None
    assert by_teff["logg_pull"] is None
    assert by_teff["logg_median"] == 0.5

    slam = ", ".join(f"0.25::double as {name}, 0::double as true_{name}" for name, _ in DIGITS)
    numbers = _differences("{0}", "true_{0}")
    for n, robust in ((1, None), (2, 0.0)):
        found = connection.sql(f"select {numbers} from (select {slam} from range({n}))")
        (row,) = rows_of(found)
        assert (row["logg_robust"], row["logg_bias"], row["logg_scatter"]) == (robust, 0.25, 0.25)

    compared = connection.sql(
        "select kind, m_ks::double as m_ks, 0.5::double as true_m_ks, false as is_out_of_domain "
        "from (values ('Oe', 1.0), ('B', 0.0), ('B', 1.0)) as v(kind, m_ks)"
    )
    (query,) = (query for name, _, query in QUESTIONS if name == "magnitudes_by_kind")
    rows = rows_of(compared.query("compared", query))
    assert [(row["kind"], row["bias"], row["scatter"]) for row in rows] == [
        ("B", 0.0, pytest.approx(0.341, abs=2e-3)), ("Oe", 0.5, None),
    ]  # fmt: skip


def test_captions_of_models_say_their_numbers_plainly() -> None:
    values = {name: {"p16": -0.33, "p50": -0.28, "p84": -0.23}
              for name in ("epsilon", "delta", "sigma_int", "sigma_100")}  # fmt: skip
    caption = told_errors({
        "name": "m", "version": "1",
        "error_model": {"posterior": {"parameters": values, "n_stars": 71}},
    })  # fmt: skip
    assert "ε = −0.28 (+0.05, −0.05)" in signed(caption)
    assert "less" not in caption


def test_a_drawn_caption_has_minus_signs(tmp_path: Path) -> None:
    wanted = Wanted("", "", "one", "", "", lambda _: Plate(new_figure(1.0, 1.0), "Median -0.5."))
    made = draw(wanted, Source.__new__(Source), tmp_path)
    assert made is not None
    assert made.caption == "Median −0.5."


def test_two_surveys_of_a_star_are_told_apart() -> None:
    rows = star().rows["decisions"]
    found = decisions(rows)
    assert [(one.survey, len(one.lines)) for one in found] == [("SIM-LRS", 2), ("SIM-MRS", 2)]
    kinds = [kind for kind, _ in found[0].lines]
    assert kinds == ["passed", "failed deciding"]
    assert verdict(rows) == ""
    passed = [{**row, "is_deciding": False} for row in rows]
    assert "new classical Be star" in verdict(passed)
    assert "no row in the ledger" in verdict([])


def test_only_real_stars_lead_elsewhere() -> None:
    real = star(surveys=["LAMOST-MRS"])
    simulated = star_html(SHARED, star_page(star(), DICTIONARY, BAND))
    text = star_html(SHARED, star_page(real, DICTIONARY, BAND))
    strict(text)
    ways = re.findall(r'href="(https://[^"]+)"', text)
    assert [way.split("/")[2] for way in ways] == [
        "simbad.cds.unistra.fr", "vizier.cds.unistra.fr", "sky.esa.int",
    ]  # fmt: skip
    assert all("10.000000" in way and "5.000000" in way for way in ways)
    assert "https://" not in simulated
    assert "SIMULATED. " not in words(text)


def test_what_a_name_holds_is_text() -> None:
    wild = '<script>alert("x")</script>&\'"'
    page = star_page(
        star(name=wild, catalogues=[wild], spectra=[], spectral_type=wild), DICTIONARY, BAND
    )
    text = star_html(SHARED, page)
    strict(text)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "There is no spectrum of this line" in text
    assert re.fullmatch(r"[\w+.-]+", star_file(wild))
    assert code("run `a < b` & go") == "run <code>a &lt; b</code> &amp; go"


def listed(n: int) -> pa.Table:
    return pa.table({
        "designation": [f"J{i}" for i in range(n - 1)] + ["a/b"],
        "surveys": [["SIM-MRS"]] * n, "ra": [1.23456789] * n, "dec": [-5.0] * n,
        "catalogues": [["runaway", "Be candidate"]] * (n - 1) + [["SLAM LRS"]],
        "spectral_type": [None] * n, "k": [float("nan")] + [9.5] * (n - 1),
        "ew_halpha": [None] * n, "v_tp": [40.123] * n, "distance": [1234.5] * n,
    })  # fmt: skip


def test_the_table_of_stars_is_a_script_that_any_browser_reads() -> None:
    text = stars_script(listed(3), 3)
    told = json.loads(text.removeprefix("const STARS = ").removesuffix(";\n"))
    assert told["name"] == ["J0", "J1", "a/b"]
    assert told["k"] == [None, 9.5, 9.5]
    assert told["files"] == {"2": star_file("a/b")}
    assert [told["titles"][bit] for bit in range(3) if told["catalogues"][2] >> bit & 1] == [
        "SLAM LRS"
    ]
    assert told["distance"] == [1234, 1234, 1234]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        database.execute("create schema marts; create schema staging; create schema raw")
        database.execute("create schema truth")
        wavelength = 10 ** (4.179 + 6e-6 * np.arange(N_PIXELS))
        flux = 200 * (1 - 0.5 * np.exp(-0.5 * ((wavelength - BRACKETT_11) / 8.0) ** 2))
        flux[np.abs(wavelength - 16750.0) < 3.0] = 0.0  # not measured
        database.execute("create table flux as select ? as flux", [flux.tolist()])
        database.execute(
            """
            create table marts.apogee_labels as
            select
                id as apogee_id, survey, 10.0 as ra, -5.0 as "dec", 4.1 as log_teff,
                0.02 as log_teff_error, null::double as fe_h, 120.0 as snr, 11.0 as k,
                'B2V' as spectral_type, 'dr17' as release, 'apo25m' as telescope, 'M35' as field,
                false as is_out_of_domain, 'apogee-net 1' as apogee_model
            from (values ('2M1', 'SIM-APOGEE'), ('2M0', 'APOGEE')) as v(id, survey);
            create table staging.stg_apogee__spectra as
            select '2M1' as apogee_id, 'SIM-APOGEE' as survey, 'dr17' as release,
                'apo25m' as telescope, 'M35' as field, flux::float[8575] as flux from flux;
            create table raw.apogee_star as
            select * exclude flux, 'run' as run_id, 'apStar.fits' as file_name,
                '/M35/apStar.fits' as path
            from staging.stg_apogee__spectra;
            create table raw.ingested_file as
            select unnest(['/M35/apStar.fits', '/M67/apStar.fits']) as path,
                unnest(['ab12', 'ff99']) as sha256, 'run' as run_id;
            create table truth.apogee_stars as
            select '2M1' as apogee_id, 'B' as kind, 21000::real as teff, 4::real as logg,
                0.1::real as fe_h
            """
        )
        yield database


def test_pages_of_apogee_stars(connection: duckdb.DuckDBPyConnection) -> None:
    stars = catalogue_stars(connection)
    assert stars["designation"].to_pylist() == ["2M0", "2M1"]
    assert stars["catalogues"].to_pylist() == [["APOGEE star"]] * 2
    real, simulated = read_apogee_stars(connection, stars)
    assert real.flux is None
    assert simulated.flux is not None
    assert [row["sha256"] for row in simulated.rows] == ["ab12"]  # the other field's is not its own
    assert len(simulated.flux) == len(WAVELENGTH)
    deepest = WAVELENGTH[np.argmin(np.where(simulated.flux > 0, simulated.flux, np.inf))]
    assert deepest == pytest.approx(BRACKETT_11, abs=0.3)
    text = star_html(SHARED, apogee_page(simulated, DICTIONARY))
    strict(text)
    told = words(text)
    for fact in ("SIMULATED", "Labels by the network", "4.100 ± 0.020", "apStar.fits", "ab12",
                 "21000 K", "apogee-net 1", "dr17"):  # fmt: skip
        assert fact in told, fact
    assert "[Fe/H] (dex)" not in told  # there is none
    text = star_html(SHARED, apogee_page(real, DICTIONARY))
    strict(text)
    assert "SIMULATED." not in words(text)
    assert "There is no spectrum" in text


def test_a_warehouse_without_catalogues_has_no_stars() -> None:
    with duckdb.connect() as database:
        assert catalogue_stars(database).num_rows == 0


def test_a_model_card_shows_all_that_it_says() -> None:
    card = {
        "simulated": True,
        "description": "Finds <things>.",
        "not_for": "Giants.",
        "scores": {
            "by_snr": [
                {"snr": 20.0, "bias": {"teff": -183.4}},
                {"snr": 50.0, "bias": {"teff": None}},
            ],
            "all": {"accuracy": {"value": 0.95, "interval": [0.92, 0.97]}, "n": 5},
        },
        "history": [0.5, 0.25],
        "ranges": {"teff": [15000, 55000]},
        "data": {"kinds": {"B": 3, "Be": 4}},
        "never_heard_of": {"deep": {"deeper": "told"}},
    }
    text = model_html(SHARED, card_page("slam-lrs", "abc", card), [])
    strict(text)
    told = words(text)
    assert "Trained on SIMULATED data" in told
    assert "Finds &lt;things&gt;." in told
    for fact in ("Giants.", "S/N bias Teff", "20 −183.4", "0.5, 0.25", "15,000, 55,000", "abc",
                 "0.950 (0.920–0.970)", "B 3, Be 4", "told"):  # fmt: skip
        assert fact in told, fact
    for title in ("What it is", "What taught it", "Scores", "Besides"):
        assert f"<h2>{title}</h2>" in text
    real = card_page("x", "1", {**card, "simulated": False})
    assert "Trained on SIMULATED" not in model_html(SHARED, real, [])


def test_figures_that_are_not_drawn_are_named_with_their_way() -> None:
    figures = [*WANG, *XIANG, *GUO, *SPRAGUE]
    wanted = {
        "wang2022": ["2", "6", "7", "8", "9", "10", "A1", "A2"],
        "xiang2021": ["3", "5", "8", "10", "11", "12"],
        "guo2021": ["3", "4", "7", "9"],
        "sprague2022": ["5", "6", "7"],
    }
    left = not_drawn(figures, [])
    for paper, numbers in wanted.items():
        assert [one.number for one in left if one.paper == paper] == numbers
    assert all("`hotstars " in one.needs for one in left)
    assert len({one.name for one in figures}) == len(figures)
    there = [Drawn(WANG[0].name, "", "", 1, 1, True)]
    assert [one.number for one in not_drawn(WANG, there)] == wanted["wang2022"][1:]


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
