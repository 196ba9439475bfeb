"""From files to released tables: the whole way on a small simulated survey, and on real files."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb
import html5lib
import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.table import Table
from browser import EXECUTABLE, browser

from hotstars.checks.recovery import CONFUSION
from hotstars.project import PROJECT
from hotstars.report import work
from hotstars.report.pages import site
from hotstars.report.stars import Star, catalogue_stars
from hotstars.scorecard.scores import PAPERS
from ml.registry import save_model
from warehouse.connection import WarehouseError
from warehouse.export.rebuilds import rebuilds
from warehouse.home import Home

REPOSITORY = Path(__file__).parents[2]


def run(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hotstars", *arguments],
        env={**os.environ, "HOTSTARS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("survey")
    run(home, "init")
    run(home, "simulate", "--stars", "200", "--seed", "7")
    run(home, "ingest", "simulated")
    run(home, "build", "run")
    return home


Ask = Callable[[str], list[tuple]]


@pytest.fixture
def ask(survey: Path) -> Ask:
    def answer(query: str) -> list[tuple]:
        with duckdb.connect(str(survey / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return answer


def test_every_simulated_file_lands(ask: Ask, survey: Path) -> None:
    files = list((survey / "simulated" / "spectra").rglob("*.fits.gz"))
    assert ask("select count(*) from raw.lamost_observation") == [(len(files),)]
    near_infrared = list((survey / "simulated" / "apogee").rglob("apStar*.fits.gz"))
    assert ask("select count(*) from raw.apogee_star") == [(len(near_infrared),)]
    assert len(near_infrared) == 200 // 8
    assert ask("select * from raw.rejected_file") == []


def test_the_funnel_narrows_from_all_spectra_to_new_be_stars(ask: Ask) -> None:
    steps = ask("select n_spectra, n_stars from marts.be_selection_funnel order by step")
    assert len(steps) == 10
    assert all(later <= earlier for earlier, later in pairwise(steps))
    assert ask("select count(*) from raw.lamost_observation") == [(steps[0][0],)]
    # The temperature cut takes the largest part, as in the paper.
    lost = [earlier[0] - later[0] for earlier, later in pairwise(steps)]
    assert max(lost) == lost[1]
    assert ask("select count(distinct designation) from marts.be_new") == [(steps[-1][1],)]


def test_the_truth_agrees(ask: Ask) -> None:
    """Emission stars are found, and hardly any star without emission is called one."""
    found, right = ask("""
        select count(*), count(*) filter (where kind in ('Be', 'Oe', 'Herbig', 'HII', 'supergiant'))
        from marts.be_candidates inner join truth.stars using (designation)
    """)[0]
    assert right >= 0.9 * found
    true, recovered = ask("""
        select count(*), count(*) filter (where is_candidate)
        from intermediate.int_be_star_tests inner join truth.stars using (designation)
        where passes_snr and is_be
    """)[0]
    assert true >= 5
    assert recovered >= 0.7 * true


def test_check_prints_completeness_and_purity_of_every_list(survey: Path) -> None:
    lines = [line.replace("│", " ").split() for line in run(survey, "check").splitlines()]
    recovery = {words[0]: words[1:] for words in lines if len(words) == 6}
    for mart in (
        "be_candidates", "be_known", "be_new", "herbig_stars", "oe_stars", "be_cluster_members",
        "be_runaways",
    ):  # fmt: skip
        n_true, n_found, n_right = map(int, recovery[mart][:3])
        assert n_right <= min(n_true, n_found)
        if n_true:
            assert float(recovery[mart][3]) == pytest.approx(n_right / n_true, abs=0.001)


def test_no_catalogue_reads_the_truth() -> None:
    models = [path.read_text() for path in (REPOSITORY / "dbt_project").rglob("*.sql")]
    assert not any("truth." in text or "'truth'" in text for text in models)


def test_everything_simulated_says_so(ask: Ask, survey: Path) -> None:
    for mart in ("be_candidates", "be_new", "be_kinematics", "be_decisions"):
        assert ask(f"select count(*) from marts.{mart} where survey not like 'SIM-%'") == [(0,)]
    run(survey, "export", "be_selection_funnel", "--format", "mrt")
    assert "SIM" in (survey / "export" / "be_selection_funnel.txt").read_text()


def test_each_star_has_one_deciding_criterion_or_is_new(ask: Ask) -> None:
    undecided = ask("""
        select designation, survey from intermediate.int_be_star_tests
        where not is_new_be
        except
        select designation, survey from marts.be_decisions where is_deciding
    """)
    assert undecided == []


#: A card as a training leaves it, for the page of a model that this survey does not need.
CARD = {
    "description": "Made for a <test>.", "not_for": "Anything.", "simulated": True,
    "training": {"seed": 1}, "data": {"n_stars": 3},
    "history": [{"number": n, "loss": 1 / n, "validation_loss": 2 / n} for n in (1, 2)],
}  # fmt: skip


@pytest.fixture(scope="module")
def report(survey: Path) -> Path:
    """The folder of a report with a model, twelve pages of stars and dbt's documentation."""
    save_model(survey / "models", "a-model", {"weights": np.zeros(3)}, CARD)
    done = subprocess.run(
        [sys.executable, "-m", "hotstars", "report", "--most", "12"],
        env={**os.environ, "HOTSTARS_HOME": str(survey), "PYTHONWARNINGS": "error::UserWarning"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert str(survey / "report" / "index.html") in done.stdout
    assert "arning" not in done.stderr
    return survey / "report"


def pages_of(report: Path) -> list[Path]:
    """Return every page but dbt's, which is not ours."""
    return sorted(path for path in report.rglob("*.html") if path.name != "lineage.html")


def test_every_page_of_the_report_is_valid_and_leads_nowhere_wrong(report: Path) -> None:
    """No network: no page names anything but what lies beside it, but for links to click."""
    pages = pages_of(report)
    kinds = {str(path.relative_to(report)) for path in pages}
    assert {"index.html", "stars.html", "models.html", "models/a-model.html",
            *(f"{paper}.html" for paper in PAPERS)} <= kinds  # fmt: skip
    assert len(list((report / "stars").iterdir())) == 12
    used = set()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        html5lib.HTMLParser(strict=True).parse(text)
        assert "SIMULATED" in text
        for attribute, way in re.findall(r'\b(href|src)="([^"]+)"', text):
            if way.startswith("https://"):
                assert attribute == "href"
                assert way in {address for _, address in PAPERS.values()}
                continue
            file, _, place = way.partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.is_file(), (page.name, way)
            used.add(target)
            if place and target in pages:
                assert f'id="{place}"' in target.read_text(encoding="utf-8"), (page.name, way)
    files = {path.resolve() for path in report.rglob("*") if path.is_file()}
    assert files - used - {path.resolve() for path in pages} == {report / ".hotstars-report"}
    assert not list(report.parent.glob(".report.*"))  # nothing half made stays


def test_each_figure_of_a_paper_is_drawn_or_named_with_its_command(report: Path) -> None:
    wanted = {
        "wang2022": ("2", "6", "7", "8", "9", "10", "A1", "A2"),
        "xiang2021": ("3", "5", "8", "10", "11", "12"),
        "guo2021": ("3", "4", "7", "9"),
        "sprague2022": ("5", "6", "7"),
    }
    n_drawn = 0
    for paper, numbers in wanted.items():
        text = (report / f"{paper}.html").read_text(encoding="utf-8")
        for number in numbers:
            name = f"{paper}_figure_{number}"
            drawn = f'<figure id="{name}"' in text
            named = re.search(rf"Figure {number}, [^:]+: needs <code>hotstars ", text)
            assert drawn != bool(named), (paper, number)
            n_drawn += drawn
            for kind in ("png", "pdf") if drawn else ():
                assert (report / "figures" / f"{name}.{kind}").stat().st_size > 5000
    assert n_drawn >= 6
    text = (report / "wang2022.html").read_text(encoding="utf-8")
    assert {"wang2022_infrared", "wang2022_sky", "wang2022_recovery"} <= set(
        re.findall(r'<figure id="([^"]+)"', text)
    )


def test_figures_count_a_star_once_that_both_surveys_saw(report: Path, ask: Ask) -> None:
    text = (report / "wang2022.html").read_text(encoding="utf-8")
    for words, relation, condition in (
        ("velocities of", "marts.be_kinematics", "v_tp is not null"),
        ("visits .left. and baselines .right. of", "marts.be_observing_statistics",
         "survey like '%MRS'"),
    ):  # fmt: skip
        ((told,),) = [re.findall(rf"(?i){words} ([\d,]+) classical Be stars", text)]
        ((n_stars,),) = ask(f"select count(distinct designation) from {relation} where {condition}")
        assert int(told.replace(",", "")) == n_stars
    rows = ask("select sum(n_stars) from (" + CONFUSION.rstrip() + ")")
    assert rows == ask(
        "select count(distinct designation) from intermediate.int_be_star_tests "
        "inner join truth.stars using (designation) where passes_snr"
    )


def test_the_report_says_which_rebuild_it_is_and_what_is_left_of_the_sample(
    report: Path, survey: Path, ask: Ask
) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    assert rebuilds(survey / "dbt_target").last["metadata"]["invocation_id"] in text
    for count, stars in ask("select n_spectra, n_stars from marts.be_selection_funnel"):
        assert f'<td class="number">{count:,d}</td>' in text
        assert f'<td class="number">{stars:,d}</td>' in text
    assert "12.7 %" in text  # 286,501 of 2,260,387, as published
    assert "2,260,387 spectra" in text
    for (mart,) in ask("select table_name from duckdb_tables() where schema_name = 'marts'"):
        assert f'href="lineage.html#!/model/model.hotstars.{mart}"' in text, mart
    assert "\u2500" not in "".join(
        page.read_text() for page in pages_of(report)
    )  # no terminal's box


def test_recovered_and_printed_numbers_are_tables(report: Path, survey: Path) -> None:
    text = (report / "wang2022.html").read_text(encoding="utf-8")
    assert re.search(r"V_Tp.*?class=.passed.>reproduced", text)
    assert re.search(r"z \(pc\).*?class=.failed.>differs", text)
    lines = [line.replace("\u2502", " ").split() for line in run(survey, "check").splitlines()]
    recovery = {words[0]: words[1:] for words in lines if len(words) == 6}
    row = re.search(r">new Be stars</td>(.*?)</tr>", text)
    assert row is not None
    assert re.findall(r">(\d+)<", row[1])[:3] == recovery["be_new"][:3]
    card = (report / "models" / "a-model.html").read_text(encoding="utf-8")
    assert "Trained on SIMULATED data" in card
    assert "Made for a &lt;test&gt;." in card


def test_the_report_works_in_a_browser_without_a_network(
    report: Path, tmp_path: Path, ask: Ask
) -> None:
    if EXECUTABLE is None:
        pytest.skip("no browser to open the report in")
    stars = sorted((report / "stars").iterdir())
    with browser(tmp_path / "profile") as tab:
        for page in (*(one for one in pages_of(report) if one.parent != report / "stars"),
                     *stars[:2]):  # fmt: skip
            for width in (1200, 390):  # a desk's and a telephone's
                seen = tab.open(page, width=width)
                assert (seen.complaints, seen.failed) == ([], []), page
                assert all(way.startswith("file://") for way in seen.requested)
                assert tab.run("[...document.images].every(one => one.naturalWidth > 0)"), page
                assert tab.run("document.documentElement.scrollWidth") <= width, page
        seen = tab.open(report / "stars.html")
        (n_new,) = ask("select count(distinct designation) from marts.be_new")[0]
        narrow = """(words => {
            const field = document.getElementById('search');
            field.value = words;
            field.dispatchEvent(new Event('input'));
            return document.getElementById('found').textContent; })"""
        assert tab.run(f"{narrow}('new be')").startswith(f"{n_new} of ")
        assert tab.run(f"{narrow}('no such star')").startswith("0 of ")
        assert tab.run(f"{narrow}('constructor>1')").startswith("0 of ")
        sort = """(key => {
            document.querySelector(`th[data-key=${key}] button`).click();
            return [...document.querySelectorAll('#stars tr')].map(row => row.cells[5].innerText);
        })"""
        tab.run(f"{narrow}('new be')")
        for sign in (1, -1):  # a second click turns the order
            shown = [sign * float(one.replace("\u2212", "-")) for one in tab.run(f"{sort}('ew')")]
            assert shown == sorted(shown)
            assert len(shown) == n_new
        ew = ask(
            "select count(distinct designation) from marts.be_new "
            "inner join intermediate.int_be_star_tests as tests using (designation) "
            "group by designation having arg_max(tests.ew_halpha, tests.snr_r) < -5"
        )
        assert tab.run(f"{narrow}('new be ew<-5')").startswith(f"{len(ew)} of ")
        kept = tab.run(
            "new Promise(done => { const look = () => location.hash.includes('-5') "
            "? done(location.hash) : setTimeout(look, 50); look(); })"
        )
        assert seen.complaints == []
        tab.open(report / "stars.html", after=kept)  # the link restores the search and the order
        assert tab.run("document.getElementById('search').value") == "new be ew<-5"
        assert tab.run("document.getElementById('found').textContent").startswith(f"{len(ew)} of ")
        assert tab.run("document.querySelector('th[data-key=ew]').ariaSort") == "descending"
        way = tab.run("document.querySelector('#stars a').href")
        assert tab.open(Path(way.removeprefix("file://").replace("%2B", "+"))).complaints == []
        assert tab.run("document.querySelector('figure.profiles svg') !== null")
        assert "Is the spectrum good enough?" in tab.run("document.body.innerText")


def test_empty_catalogues_draw_nothing_say_what_is_missing_and_replace_the_report_before(
    survey: Path, report: Path, tmp_path: Path
) -> None:
    """A copy of the warehouse without stars: no warning, no broken picture."""
    home = tmp_path / "copy"
    shutil.copytree(report, home / "report")
    shutil.copytree(survey / "dbt_target", home / "dbt_target")
    shutil.copyfile(survey / "warehouse.duckdb", home / "warehouse.duckdb")
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in "
            "('marts', 'intermediate', 'truth') and table_name <> 'be_selection_funnel'"
        ).fetchall():
            connection.execute(f'delete from {schema}."{table}"')
    done = subprocess.run(
        [sys.executable, "-m", "hotstars", "report", "--no-lineage", "--no-scorecard"],
        env={**os.environ, "HOTSTARS_HOME": str(home), "PYTHONWARNINGS": "error::UserWarning"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "arning" not in done.stderr
    for folder in ("figures", "stars", "models"):
        assert list((home / "report" / folder).iterdir()) == []
    assert not (home / "report" / "lineage.html").exists()
    assert sorted(path.name for path in home.iterdir()) == [
        "dbt_target", "report", "warehouse.duckdb",
    ]  # fmt: skip
    assert (home / "report" / "guo2021.html").read_text().count("needs <code>hotstars") == 4


def test_a_second_report_takes_the_place_of_the_first_and_has_the_same_bytes(
    report: Path, survey: Path
) -> None:
    first = {path.relative_to(report): path.read_bytes() for path in report.rglob("*.*")
             if path.is_file() and path.name != "lineage.html"}  # fmt: skip
    run(survey, "report", "--most", "3", "--no-scorecard", "--no-lineage", "--workers", "1")
    assert len(list((report / "stars").iterdir())) == 3
    assert not (report / "lineage.html").exists()
    figures = sorted((report / "figures").iterdir())
    assert all(path.read_bytes() == first[path.relative_to(report)] for path in figures)


def test_a_page_that_cannot_be_written_names_its_star(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(star: Star, *_: object) -> None:
        raise ValueError(f"no page for {len(star.name)} letters")

    monkeypatch.setattr("hotstars.report.star_page.star_page", broken)
    home = Home(survey)
    try:
        listed = catalogue_stars(work.source(home.root).connection).slice(1, 1)
        task = work.Pages(home.root, tmp_path, site("", simulated=True, lineage=False), listed)
        with pytest.raises(WarehouseError, match="ValueError: no page for") as error:
            work.do(task)
    finally:
        work.forget(home.root)
    assert str(error.value).startswith(listed["designation"][0].as_py())


def is_alive(group: int) -> bool:
    """Tell whether a group has any process."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_ends_a_report_and_its_processes_and_leaves_the_old_one(
    survey: Path, report: Path
) -> None:
    before = (report / "index.html").read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "hotstars", "report", "--no-lineage", "--no-scorecard",
         "--workers", "2"],
        env={**os.environ, "HOTSTARS_HOME": str(survey)}, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not any(survey.glob(".report.*/figures/*.png")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all of its processes
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in told
    assert "Traceback" not in told
    while is_alive(process.pid):  # none of its processes stays
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not list(survey.glob(".report.*"))
    assert (report / "index.html").read_bytes() == before


def test_a_report_does_not_overwrite_what_is_none(survey: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    refused = subprocess.run(
        [sys.executable, "-m", "hotstars", "report", "--no-lineage", "--out", str(tmp_path)],
        env={**os.environ, "HOTSTARS_HOME": str(survey)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "other files" in refused.stderr
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_explain_says_why_in_sentences(survey: Path, ask: Ask) -> None:
    designation, criterion = ask(
        "select designation, criterion from marts.be_decisions where is_deciding "
        "order by designation limit 1"
    )[0]
    told = run(survey, "explain", designation)
    assert "This decides" in told
    found = json.loads(run(survey, "explain", designation, "--json"))
    assert any(row["criterion"] == criterion for row in found["decisions"])
    (new,) = ask("select min(designation) from marts.be_new")[0]
    if new is not None:
        assert "be_new" in run(survey, "explain", new)
        assert "new classical Be star" in run(survey, "explain", new)
    ((obsid, owner),) = ask(
        "select obsid, designation from raw.lamost_observation where obsid > 0 order by 1 limit 1"
    )
    assert owner in run(survey, "explain", str(obsid))


def test_explain_leads_back_to_files_matches_and_settings(survey: Path, ask: Ask) -> None:
    (star,) = ask(
        "select min(designation) from marts.be_candidates inner join "
        "intermediate.int_star_gaia using (designation)"
    )[0]
    found = json.loads(run(survey, "explain", star, "--json"))
    for spectrum in found["spectra"]:
        digest = hashlib.sha256(Path(spectrum["path"]).read_bytes()).hexdigest()
        assert digest == spectrum["sha256"]
    n_spectra = ask(f"select count(*) from raw.lamost_observation where designation = '{star}'")
    assert [(len(found["spectra"]),)] == n_spectra
    gaia = next(row for row in found["matches"] if row["catalogue"] == "Gaia")
    ((release,),) = ask(
        f"select release from raw.gaia_source where source_id = {gaia['identifier']}"
    )
    assert gaia["release"] == release
    assert 0 <= gaia["angular_distance"] < 1.0
    for file in gaia["files"]:
        assert hashlib.sha256(Path(file["path"]).read_bytes()).hexdigest() == file["sha256"]
    read = {row["name"]: row for row in found["settings"]}
    assert read["ew_halpha_max"]["value"] == 10.0
    assert read["ew_halpha_max"]["source"].startswith("Wang+2022, section 3")
    assert found["tables"]["be_candidates"]["sql"] == "models/marts/be_candidates.sql"
    assert (PROJECT / found["tables"]["be_candidates"]["sql"]).exists()
    last = rebuilds(survey / "dbt_target").last["metadata"]["invocation_id"]
    assert found["rebuild"]["dbt_invocation"] == last
    text = run(survey, "explain", star)
    assert all(spectrum["sha256"] in text for spectrum in found["spectra"])


def test_a_second_run_computes_nothing(survey: Path, ask: Ask) -> None:
    models = ["mrs_b", "mrs_r", "lrs_b", "lrs_r"]
    names = [f"int_rectified_{model}" for model in models]
    names += ["int_line_measurements", "int_halpha_profile", "int_nebular_lines"]
    query = " union all ".join(
        f"select '{name}', count(*), max(rowid) from intermediate.{name}" for name in names
    )
    before = ask(query)
    run(survey, "build", "run")
    assert ask(query) == before


def test_new_spectra_alone_are_computed(survey: Path, ask: Ask, tmp_path: Path) -> None:
    """A copy of the warehouse loses one star's measurements: only those come back."""
    home = tmp_path / "copy"
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes((survey / "warehouse.duckdb").read_bytes())
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        (obsid,) = connection.execute(
            "select min(obsid) from intermediate.int_rectified_mrs_r"
        ).fetchall()[0]
        connection.execute(f"delete from intermediate.int_line_measurements where obsid = {obsid}")
        # a mark that no measurement could leave; a row that is computed again loses it
        connection.execute("update intermediate.int_line_measurements set ew_halpha = 1234.5")
        query = "select count(*) from intermediate.int_line_measurements where ew_halpha = 1234.5"
        before = connection.execute(query).fetchall()
    run(home, "build", "run")
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(query).fetchall() == before
        assert connection.execute(
            "select count(*) from intermediate.int_line_measurements where obsid = ?", [obsid]
        ).fetchall() == [(1,)]


@pytest.mark.parametrize("suffix", ["mrt", "votable", "fits", "parquet", "csv"])
def test_released_tables_read_back(survey: Path, ask: Ask, suffix: str) -> None:
    path = Path(run(survey, "export", "be_candidates", "--format", suffix).split()[0])
    if suffix in ("mrt", "csv"):
        table = astropy_ascii.read(path, format=suffix)
    else:
        table = Table.read(path, format=suffix)
    rows = ask(
        "select designation, ew_halpha from marts.be_candidates order by designation, survey"
    )
    assert [str(name) for name in table["designation"]] == [name for name, _ in rows]
    for value, (_, expected) in zip(table["ew_halpha"], rows, strict=True):
        assert float(value) == pytest.approx(expected, abs=0.0006)


def test_dbt_tests_pass(survey: Path) -> None:
    assert "ERROR=0" in run(survey, "build", "test")


def test_a_new_network_scores_anew_and_then_nothing(survey: Path, tmp_path: Path) -> None:
    """On a copy: two networks after each other decide on every spectrum that passes the cuts."""
    home = tmp_path / "copy"
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes((survey / "warehouse.duckdb").read_bytes())

    def query(text: str) -> list[tuple]:
        with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
            return connection.execute(text).fetchall()

    selected = ("int_be_classification", "int_halpha_emission")
    models = "select distinct be_model from intermediate.int_be_classification"
    (n_classified,) = query("select count(*) from intermediate.int_be_classification")[0]
    assert query(models) == [(None,)]
    for seed in ("1", "2"):
        card = json.loads(
            run(home, "train", "be-classifier", "--architecture", "resnet1d", "--stars", "90",
                "--epochs", "2", "--seed", seed, "--json")
        )  # fmt: skip
        run(home, "build", "run", "--select", *selected)
        assert query(models) == [(f"be-classifier {card['version']}",)]
    assert query(
        "select emission_method, count(*) from intermediate.int_halpha_emission "
        "semi join intermediate.int_be_classification using (obsid, exposure) group by all"
    ) == [("network", n_classified)]
    # a mark that no network could leave stays through a run without news
    query("update intermediate.int_be_classification set be_probability = 0.125")
    run(home, "build", "run", "--select", *selected)
    assert query("select distinct be_probability from intermediate.int_be_classification") == [
        (0.125,)
    ]


def test_training_on_reviews_records_its_spectra(survey: Path, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes((survey / "warehouse.duckdb").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "hotstars", "train", "be-classifier", "--from", "review"],
        env={**os.environ, "HOTSTARS_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "0 reviewed spectra show emission; 50 of either kind are needed" in done.stderr
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("""
            insert into raw.review by name
            select obsid, 0 as exposure,
                -- any verdicts will do: asked is what becomes of them, not how well they teach
                case when obsid % 2 = 0 then 'absorption' else 'emission' end as verdict,
                'test' as reviewer, timestamp '2026-01-01' as reviewed_at, 'test' as run_id
            from truth.spectra
        """)
    card = json.loads(
        run(
            home,
            "train",
            "be-classifier",
            "--architecture",
            "resnet1d",
            "--from",
            "review",
            "--epochs",
            "1",
            "--json",
        )
    )
    assert card["simulated"]
    run(home, "build", "run", "--select", "stg_review__training_spectra+")
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        counts = dict(
            connection.execute(
                "select split, count(*) from marts.be_training_spectra "
                "where model_version = ? group by all", [card["version"]]
            ).fetchall()
        )  # fmt: skip
        mixed = connection.execute(
            "select count(*) from (select designation from marts.be_training_spectra "
            "group by all having count(distinct split) > 1)"
        ).fetchall()
    names = {"train": "train", "calibration": "calibration", "validation": "test"}
    assert counts == {new: card["split"][old]["n_spectra"] for old, new in names.items()}
    assert mixed == [(0,)]


@pytest.mark.real_data
def test_real_spectra_go_through_to_the_right_verdict(real_data: Path, tmp_path: Path) -> None:
    """Every real file lands; the two known emission spectra are told from the six others."""
    run(tmp_path, "init")
    run(tmp_path, "ingest", "lamost", str(real_data / "lamost"))
    run(tmp_path, "build", "run")
    with (real_data / "lamost" / "manifest.csv").open() as handle:
        known = {
            Path(row["file"]).name: row["halpha"] for row in csv.DictReader(handle) if row["halpha"]
        }
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        landed = connection.execute("select count(*) from raw.lamost_observation").fetchall()
        rejected = connection.execute("select * from raw.rejected_file").fetchall()
        verdicts = connection.execute("""
            select file_name, has_emission, ew_halpha is not null
            from intermediate.int_halpha_emission
            inner join intermediate.int_line_measurements using (obsid, exposure)
            inner join raw.lamost_observation using (obsid)
        """).fetchall()
    assert landed == [(len(list((real_data / "lamost").rglob("*.fits.gz"))),)]
    assert rejected == []
    labelled = {name: verdict for name, verdict, _ in verdicts if name in known}
    assert labelled == {name: halpha == "emission" for name, halpha in known.items()}
    assert sum(measured for _, _, measured in verdicts) >= 52  # two coadds have no signal
