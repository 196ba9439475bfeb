"""The simulated survey: its physics, that it can be repeated, its way into the warehouse."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.catalogues.simulated import ingest_simulated, source_of
from ingest.simulation import astrometry, photometry, sky, survey
from ingest.simulation.config import SurveyConfig
from ingest.simulation.direct import simulate_arrow
from ingest.simulation.model import Stars, Visits
from ingest.simulation.population import draw_blocks, draw_survey
from ingest.simulation.survey import write_survey
from ingest.simulation.truth import load_truth, star_table
from warehouse.connection import WarehouseError
from warehouse.load import IngestRun
from warehouse.migrate import upgrade_in_memory

N_STARS, SEED = 60, 11


@pytest.fixture(scope="module")
def drawn() -> tuple[Stars, Visits]:
    return draw_survey(2500, 2022)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small survey, written by two workers."""
    path = tmp_path_factory.mktemp("survey") / "simulated"
    write_survey(path, N_STARS, SEED, workers=2, progress=False)
    return path


@pytest.fixture(scope="module")
def loaded(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = upgrade_in_memory()
    ingest_simulated(connection, folder)
    return connection


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- motion ---------------------------------------------------------------------------------


def peculiar_speed(ra, dec, parallax, pmra, pmdec):  # type: ignore[no-untyped-def]
    """V_Tp by the formulae of Wang+2022, section 6.2, written down afresh."""
    pole_ra, pole_dec = np.radians(192.85948), np.radians(27.12825)
    a, d = np.radians(ra), np.radians(dec)
    b = np.arcsin(np.cos(d) * np.cos(pole_dec) * np.cos(a - pole_ra) + np.sin(d) * np.sin(pole_dec))
    longitude = np.radians(32.93192) + np.arctan2(
        np.sin(d) * np.cos(pole_dec) - np.cos(d) * np.sin(pole_dec) * np.cos(a - pole_ra),
        np.cos(d) * np.sin(a - pole_ra),
    )
    east = np.sin(pole_dec) * np.cos(d) - np.cos(pole_dec) * np.sin(d) * np.cos(a - pole_ra)
    north = np.cos(pole_dec) * np.sin(a - pole_ra)
    pml = (east * pmra + north * pmdec) / np.cos(b)
    pmb = (-north * pmra + east * pmdec) / np.cos(b)
    r0, vc, (u, v, w) = 8.5, 220.0, (11.10, 12.24, 7.25)
    dist = np.cos(b) / parallax
    radius = np.sqrt(r0**2 + dist**2 - 2 * r0 * dist * np.cos(longitude))
    shear = vc / radius - vc / r0
    v_l = 4.74047 * pml / parallax - (u * np.sin(longitude) - v * np.cos(longitude))
    v_l -= r0 * shear * np.cos(longitude) - vc / radius * dist
    v_b = 4.74047 * pmb / parallax + r0 * shear * np.sin(longitude) * np.sin(b)
    v_b -= (u * np.cos(longitude) + v * np.sin(longitude)) * np.sin(b) - w * np.cos(b)
    return np.hypot(v_l, v_b)


@pytest.mark.parametrize(
    ("ra", "dec", "parallax", "pmra", "pmdec", "published"),
    [
        (52.0929, 45.1322, 0.3898, 2.4793, -0.0143, 34.3),
        (335.6561, 53.3294, 0.2318, -4.5890, -3.7029, 48.8),
        (282.7628, -6.2922, 0.3748, -1.5166, -4.1254, 25.9),
    ],
)
def test_the_formula_gives_published_runaways(
    ra: float, dec: float, parallax: float, pmra: float, pmdec: float, published: float
) -> None:
    # Wang+2022, Table 9
    assert peculiar_speed(ra, dec, parallax, pmra, pmdec) == pytest.approx(published, abs=0.15)


@settings(max_examples=60)
@given(
    ra=st.floats(0, 359.9),
    dec=st.floats(-85, 85),
    distance=st.floats(100, 7000),
    along_l=st.floats(-90, 90),
    along_b=st.floats(-90, 90),
    outwards=st.floats(-50, 50),
)
def test_an_injected_peculiar_velocity_is_recovered(
    ra: float, dec: float, distance: float, along_l: float, along_b: float, outwards: float
) -> None:
    pmra, pmdec, _ = astrometry.observed_motion(
        np.array([ra]),
        np.array([dec]),
        np.array([distance]),
        np.array([[along_l, along_b, outwards]]),
    )
    found = peculiar_speed(ra, dec, 1000 / distance, pmra[0], pmdec[0])
    assert found == pytest.approx(np.hypot(along_l, along_b), abs=1e-3)


def test_a_star_beside_the_sun_shows_the_sun_s_motion_only() -> None:
    ra, dec = astrometry.to_equatorial(np.array([0.0, 90.0, 0.0]), np.array([0.0, 0.0, 90.0]))
    _, _, rv = astrometry.observed_motion(ra, dec, np.full(3, 1e-3), np.zeros((3, 3)))
    np.testing.assert_allclose(rv, [-11.10, -12.24, -7.25], atol=1e-3)


def test_true_speeds_are_those_of_the_survey(drawn: tuple[Stars, Visits]) -> None:
    stars, _ = drawn
    found = peculiar_speed(stars.ra, stars.dec, stars.parallax, stars.pmra, stars.pmdec)
    np.testing.assert_allclose(found, stars.v_peculiar, atol=1e-2)
    assert stars.v_peculiar[stars.is_runaway].min() >= 30.0
    calm = stars.v_peculiar[stars.is_be & ~stars.is_runaway & (stars.cluster == "")]
    assert (calm > 24.0).mean() < 0.03
    # the mean of v^2 exp(-v^2/b^2) is 2 b / sqrt(pi)
    assert calm.mean() == pytest.approx(2 * SurveyConfig().maxwellian_b / np.sqrt(np.pi), rel=0.1)


def test_stars_of_a_cluster_move_together(drawn: tuple[Stars, Visits]) -> None:
    stars, _ = drawn
    names, counts = np.unique(stars.cluster[stars.cluster != ""], return_counts=True)
    assert counts.sum() > 10
    for name in names[counts > 2]:
        inside = stars.cluster == name
        distance = stars.distance[inside]
        spread = np.hypot(stars.pmra[inside].std(), stars.pmdec[inside].std())
        assert spread * 4.74 * distance.mean() / 1000 < 4.0  # km/s
        assert np.ptp(distance) < 40.0


def test_names_are_truncated_positions() -> None:
    ra = np.array([0.0, 83.63308, 359.9999999])
    dec = np.array([-0.00001, 22.0145, -5.5])
    assert astrometry.designations(ra, dec).tolist() == [
        "J000000.00-000000.0",
        "J053431.93+220052.2",
        "J235959.99-053000.0",
    ]
    assert astrometry.designations(ra, dec, plain=True)[1] == "05343193+2200522"


# --- light ----------------------------------------------------------------------------------


def dereddened(stars: Stars) -> tuple[np.ndarray, np.ndarray]:
    a_v = 3.1 * stars.ebv
    return (
        (stars.h - stars.k) - (0.190 - 0.114) * a_v,
        (stars.k - stars.w1) - (0.114 - 0.061) * a_v,
    )


def test_infrared_colours_lie_where_the_paper_cuts(drawn: tuple[Stars, Visits]) -> None:
    stars, _ = drawn
    h_k, k_w1 = dereddened(stars)
    be, herbig = stars.is_be, stars.kind == "Herbig"
    assert h_k[be].max() < 0.2
    assert k_w1[be].max() < 0.5
    assert h_k[herbig].min() > 0.4
    assert k_w1[herbig].min() > 0.8
    q = (stars.j - stars.h) - 1.70 * (stars.h - stars.k)
    a_v = 3.1 * stars.ebv
    q_0 = q - ((0.282 - 0.190) - 1.70 * (0.190 - 0.114)) * a_v
    assert q_0[np.isin(stars.kind, ["K", "M"])].min() >= 0.39
    assert q[stars.kind == "B"].max() < 0.1


def test_the_dust_column_ends_above_the_layer() -> None:
    near, far = photometry.reddening_along(
        np.array([100.0, 9000.0]), np.array([0.0, 1.0]), np.array([0.3, 0.3])
    )
    assert near == pytest.approx(0.03, rel=0.05)
    assert far == pytest.approx(0.3 * 0.125, rel=1e-3)


# --- the mix --------------------------------------------------------------------------------


def test_the_demo_s_mix(drawn: tuple[Stars, Visits]) -> None:
    stars, visits = drawn
    assert (stars.kind == "Be").sum() == 150
    assert 8 <= (stars.is_be & stars.is_runaway).sum() <= 32
    late = np.isin(stars.kind, ["F", "G", "K", "M", "A"]).mean()
    assert late > 0.7
    assert stars.g.max() < 14.3
    hot = np.isin(stars.kind, ["B", "Be", "O"])
    _, b = astrometry.to_galactic(stars.ra[hot], stars.dec[hot])
    assert np.median(np.abs(b)) < 4.0
    assert len(set(stars.designation)) == len(stars)
    counts = np.bincount(visits.star)
    assert 0.45 < (counts == 1).mean() < 0.58
    assert 8 < counts.max() <= 20
    assert 0.10 < (visits.resolution == "lrs").mean() < 0.2
    assert len(np.unique(visits.obsid)) == len(visits)
    assert visits.obsid.min() >= 100_000_000
    assert visits.obsid.max() < 1_000_000_000
    low = (visits.snr_b < 10) | (visits.snr_r < 10)
    assert 0.04 < low.mean() < 0.25
    assert 0.005 < (visits.snr_r <= 1).mean() < 0.03
    assert ((visits.lmjd >= 58020) & (visits.lmjd <= 58931)).all()


def test_the_seed_decides_and_a_larger_survey_begins_alike() -> None:
    first, again, other = draw_survey(40, 5), draw_survey(40, 5), draw_survey(40, 6)
    assert star_table(first[0]) == star_table(again[0])
    assert (first[1].seed == again[1].seed).all()
    assert set(first[0].designation).isdisjoint(other[0].designation)
    full, _ = next(draw_blocks(5000, 5))
    longer, _ = next(draw_blocks(5200, 5))
    assert star_table(full) == star_table(longer)


def test_gaia_s_errors_are_what_they_say(drawn: tuple[Stars, Visits]) -> None:
    stars, _ = drawn
    sources = sky.sources(stars, 3, 0, SurveyConfig())
    rows = sky.gaia_rows(sources, 3, 0)
    good = rows["ruwe"] <= 1.4
    assert 0.9 < good.mean() < 0.98
    for name in ("parallax", "pmra", "pmdec"):
        pull = (rows[name] - getattr(sources, name))[good] / rows[f"{name}_error"][good]
        assert pull.std() == pytest.approx(1.0, abs=0.06)
        assert abs(pull.mean()) < 0.08
    pulls = {
        name: (rows[name] - getattr(sources, name))[good] / rows[f"{name}_error"][good]
        for name in ("parallax", "pmra")
    }
    correlation = rows["parallax_pmra_corr"][good]
    slope = np.polyfit(correlation, pulls["parallax"] * pulls["pmra"], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.3)
    bright = sources.g < 13
    assert 0.010 < np.median(rows["parallax_error"][bright]) < 0.020  # mas, as in DR3
    assert sources.beside.sum() > 50


# --- files ----------------------------------------------------------------------------------


def test_files_do_not_depend_on_the_number_of_workers(folder: Path, tmp_path: Path) -> None:
    write_survey(tmp_path / "one", N_STARS, SEED, workers=1, progress=False)
    assert digests(tmp_path / "one") == digests(folder)


def test_a_stopped_survey_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = survey.write_piece

    def stop_late(piece: survey.Piece) -> int:
        if piece.number:
            raise KeyboardInterrupt
        return write(piece)

    target = tmp_path / "stopped"
    monkeypatch.setattr(survey, "write_piece", stop_late)
    with pytest.raises(KeyboardInterrupt):
        write_survey(target, N_STARS, SEED, workers=1, progress=False)
    with pytest.raises(WarehouseError, match="is not finished"):
        load_truth(upgrade_in_memory(), target)
    monkeypatch.setattr(survey, "write_piece", write)
    summary = write_survey(target, N_STARS, SEED, workers=1, progress=False)
    assert 0 < summary.n_written < summary.n_visits
    assert digests(target) == digests(folder)


def test_a_finished_survey_is_left_as_it_is(folder: Path) -> None:
    before = digests(folder)
    summary = write_survey(folder, N_STARS, SEED, progress=False)
    assert summary.n_written == 0
    assert summary.seconds < 1
    assert digests(folder) == before
    assert not list(folder.rglob("*.part"))


def test_another_survey_in_the_same_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"--seed 11 \(asked for: 12\).*--out"):
        write_survey(folder, N_STARS, 12, progress=False)
    with pytest.raises(WarehouseError, match="another configuration"):
        write_survey(folder, N_STARS, SEED, config=SurveyConfig(g_max=13.0), progress=False)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WarehouseError, match=r"other files.*--out"):
        write_survey(tmp_path, N_STARS, SEED, progress=False)
    with pytest.raises(WarehouseError, match="one star"):
        write_survey(tmp_path / "none", 0, SEED, progress=False)


def test_truth_lies_apart(folder: Path) -> None:
    parquet = list(folder.rglob("*.parquet"))
    assert {path.parent.name for path in parquet} == {"truth"}
    assert [source_of(path) for path in parquet] == [None, None]
    others = [path for path in folder.rglob("*") if path.is_file() and path not in parquet]
    words = (b"v_peculiar", b"is_runaway", b"is_be", b"emission_ew", b"disc_radius")
    for path in others:
        if path.name != "survey.json" and path.suffix != ".gz":
            content = path.read_bytes()
            assert not [word for word in words if word in content], path


def test_every_catalogue_says_that_it_is_simulated(folder: Path) -> None:
    tables = sorted((folder / "catalogues").glob("*.vot"))
    assert len(tables) >= 18
    for path in tables:
        head = path.read_bytes()[:4000].decode("ascii", "replace")
        assert 'name="simulated"' in head, path
        assert "Simulated survey" in head, path


# --- into the warehouse ---------------------------------------------------------------------


def test_all_of_it_lands_marked(loaded: duckdb.DuckDBPyConnection, folder: Path) -> None:
    n_files = len(list(folder.rglob("*.fits.gz")))
    assert count(loaded, "truth.spectra") == n_files
    assert count(loaded, "truth.stars") == N_STARS
    assert count(loaded, "raw.lamost_observation") + count(loaded, "raw.rejected_file") == n_files
    orphans = """
        select count(*) from raw.lamost_observation as o
        left join truth.spectra as t on t.obsid = o.obsid and t.designation = o.designation
        where t.obsid is null
    """
    assert loaded.execute(orphans).fetchall() == [(0,)]
    for table, test in (
        ("lamost_observation", "survey like 'SIM-%'"),
        ("gaia_source", "release = 'SIM DR3'"),
        ("distance", "release = 'SIM EDR3'"),
        ("twomass_source", "release like 'SIM%'"),
        ("allwise_source", "release like 'SIM%'"),
        ("lamost_stellar_parameters", "release like 'SIM%'"),
        ("reddening", "dust_map = 'SIM Bayestar19'"),
        ("literature_star", "simulated"),
        ("spectral_type", "simulated"),
        ("cluster", "cluster like 'SIM %'"),
        ("cluster_member", "cluster like 'SIM %'"),
    ):
        assert loaded.execute(
            f"select count(*) > 0 and bool_and({test}) from raw.{table}"
        ).fetchall() == [(True,)], table


def test_a_second_load_of_the_truth_adds_nothing(
    loaded: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    summary = load_truth(loaded, folder)
    assert summary.n_known == 2
    assert count(loaded, "truth.stars") == N_STARS


def test_without_files_the_same_rows_come_out(loaded: duckdb.DuckDBPyConnection) -> None:
    connection = upgrade_in_memory()
    with IngestRun(connection, "simulated", "test") as run:
        for batch in simulate_arrow(N_STARS, SEED, SurveyConfig(), block_visits=50):
            run.commit(batch)
    for table in (
        "raw.gaia_source", "raw.twomass_source", "raw.allwise_source", "raw.distance",
        "raw.cluster", "raw.cluster_member", "raw.literature_star", "raw.spectral_type",
        "raw.reddening", "raw.lamost_stellar_parameters", "truth.stars", "truth.spectra",
    ):  # fmt: skip
        query = f"select * exclude (run_id) from {table} order by all"
        assert connection.execute(query).fetchall() == loaded.execute(query).fetchall(), table
    # A file without OBSID has another one in the warehouse; the others are the same.
    query = """
        select obsid, arm, exposure, flux, ivar, or_mask from raw.lamost_spectrum
        where obsid > 0 order by obsid, arm, exposure
    """
    direct = {row[:3]: row[3:] for row in connection.execute(query).fetchall()}
    files = {row[:3]: row[3:] for row in loaded.execute(query).fetchall()}
    assert len(files) > 100
    for key, values in files.items():
        for one, other in zip(values, direct[key], strict=True):
            # Visits are worked on in other groups here, which may change a last bit.
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-3, err_msg=str(key))


def test_kinds_can_be_chosen() -> None:
    only = replace(SurveyConfig(), fractions=(("Be", 1.0),), be_runaway_fraction=1.0)
    stars, _ = draw_survey(30, 1, only)
    assert set(stars.kind) == {"Be"}
    assert stars.is_runaway.all()


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])
