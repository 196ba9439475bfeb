"""From files to released tables: the whole way on a small simulated survey, and on real files."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.table import Table

from hotstars.build import PROJECT
from hotstars.report.draw import WANTED
from hotstars.scorecard.scores import PAPERS

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


def test_the_report_opens_from_disk_in_a_browser(survey: Path, ask: Ask) -> None:
    """No network: no page names anything but what lies beside it."""
    stdout = run(survey, "report", "--most", "12")
    index = survey / "report" / "index.html"
    assert str(index) in stdout
    text = index.read_text()
    assert "SIMULATED" in text
    ways = set(re.findall(r'[a-z]+="(https?://[^"]+)"', text))
    assert ways == {address for _, address in PAPERS.values()}  # links to click, nothing loaded
    assert text.count("https://") == len(re.findall(r'<a href="https://', text))
    assert "http://" not in text
    pictures = re.findall(r'src="(figures/[^"]+)"', text)
    assert {"figures/wang_profiles.png", "figures/wang_velocities.png"} <= set(pictures)
    assert all((index.parent / name).stat().st_size > 5000 for name in pictures)
    assert (index.parent / "lineage.html").stat().st_size > 100_000
    told = re.sub(r"<[^>]+>", "", text)
    for paper, figures in WANTED.items():
        for number in figures:
            shown = re.search(rf"\({re.escape(paper)}, figures?[^)]*\b{number}\b", told)
            assert shown or f"{paper}, figure {number}: needs" in told, (paper, number)
    for card in re.findall(r'href="(models/[^"]+)"', text):
        assert "Trained on SIMULATED data" in (index.parent / card).read_text()
    assert re.search(r'<tr class="passed">.*?V_Tp', text)
    assert re.search(r'<tr class="failed">.*?z \(pc\)', text)
    (n_stars,) = ask("select count(distinct designation) from marts.be_candidates")[0]
    assert n_stars > 5
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        pytest.skip("no browser to open the report in")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
        f"--user-data-dir={survey / 'browser'}", "--dump-dom", index.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    rows = re.findall(r'<td><a href="(stars/[^"]+)">', shown.stdout)
    assert len(rows) == 12
    assert all((index.parent / row).exists() for row in rows)
    assert re.search(r"[\d,]+ of [\d,]+ stars", shown.stdout)
    star = (index.parent / rows[0]).read_text()
    assert "<svg" in star
    assert "Is the spectrum good enough?" in star
    run(survey, "report", "--most", "3", "--no-lineage")  # takes the place of the first
    assert len(list((survey / "report" / "stars").iterdir())) == 3


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
    results = json.loads((survey / "dbt_target" / "rebuild.json").read_text())
    assert found["rebuild"]["dbt_invocation"] == results["metadata"]["invocation_id"]
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
