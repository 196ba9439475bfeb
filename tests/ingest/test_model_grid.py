"""Grids of model spectra come in as TLUSTY distributes them, and what is bad says why."""

from __future__ import annotations

import gzip
import io
import math
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.model_grid import names
from ingest.model_grid.load import MARKER, Model, load_model_grid, to_arrow
from ingest.model_grid.names import Node
from ingest.model_grid.nodes import read_model_grid
from ingest.model_grid.pieces import straight_continuum
from ingest.model_grid.tlusty import read_columns
from ingest.model_grid.wavelength import LOG_STEP, Rebinned, rebin
from ingest.simulation.model_grid import nodes as simulated_nodes
from ingest.simulation.model_grid import synthesise, write_model_grid
from ml.spectra.air import to_air, to_vacuum
from warehouse import raw_tables
from warehouse.connection import WarehouseError
from warehouse.load import IngestRun
from warehouse.migrate import upgrade_in_memory

BALMER = (6564.61, 4862.69, 4341.69, 4102.90)  # vacuum
HELIUM = 5877.25


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with upgrade_in_memory() as connection:
        yield connection


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grid") / "simulated"
    write_model_grid(folder)
    return folder


def model(teff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vacuum wavelengths in uneven steps, normalised flux, continuum."""
    wavelength = np.cumsum(np.tile([0.05, 0.15, 0.1], 13_200)) + 3600.0
    flux = np.ones_like(wavelength)
    for line in (*BALMER, HELIUM):
        flux -= teff / 5e4 * np.exp(-0.5 * ((wavelength - line) / 0.8) ** 2)
    return wavelength, flux, 1e8 * (5000.0 / wavelength) ** 3


def text(wavelength: np.ndarray, flux: np.ndarray) -> bytes:
    pairs = zip(wavelength.tolist(), flux.tolist(), strict=True)
    return b"".join(b"%10.3f %12.5E\n" % pair for pair in pairs)


def write_model(
    folder: Path, root: str, *, medium: str = "air", packed: bool = False, factor: float = 1.0
) -> tuple[Path, Path]:
    """Write a spectrum and its continuum, the latter at every 400th point."""
    vacuum, flux, level = model(18000.0)
    at = to_air(vacuum) if medium == "air" else vacuum
    thin = np.r_[0 : len(at) : 400, len(at) - 1]
    paths = []
    for suffix, content in (
        (".vis.7", text(at, flux * level)),
        (".vis.17", text(at[thin], factor * level[thin])),
    ):
        path = folder / f"{root}{suffix}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content, 1) if packed else content)
        paths.append(path)
    return paths[0], paths[1]


def reasons(warehouse: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = warehouse.execute("select path, reason from raw.rejected_file").fetchall()
    return {Path(path).name: reason for path, reason in rows}


def spectra(warehouse: duckdb.DuckDBPyConnection, what: str) -> list[tuple]:
    return warehouse.execute(
        f"select {what} from raw.model_grid_spectrum order by grid, teff, logg, m_h"
    ).fetchall()


# names


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("G40000g400v10.vis.7", Node("OSTAR2002", 40000, 4.0, 0.0, 10)),
        ("BG15000g175v2.vis.7", Node("BSTAR2006", 15000, 1.75, 0.0, 2)),
        ("bl15000g425v2.vis.17.gz", Node("BSTAR2006", 15000, 4.25, -0.301, 2)),
        ("C55000g475v10.vis.17", Node("OSTAR2002", 55000, 4.75, 0.301, 10)),
        ("S30000g300v10.vis.7", Node("OSTAR2002", 30000, 3.0, -0.699, 10)),
        ("Y30000g300v10.vis.7", Node("OSTAR2002", 30000, 3.0, -3.0, 10)),
        ("BG20000g275v10CN.vis.7", Node("BSTAR2006 CN", 20000, 2.75, 0.0, 10)),
        ("Z30000g300v10.vis.7", Node("OSTAR2002", 30000, 3.0, -math.inf, 10)),
    ],
)
def test_a_name_says_what_the_model_is(name: str, node: Node) -> None:
    parsed = names.parse(Path(name))
    assert parsed is not None
    assert parsed.node == node
    assert parsed.is_continuum == (".17" in name)


@pytest.mark.parametrize(
    "name", ["G40000g400v10.uv.7", "G40000g400v10.flux", "A40000g400v10.vis.7", "notes.txt"]
)
def test_other_names_are_none_of_the_grids(name: str) -> None:
    assert names.parse(Path(name)) is None


def test_a_node_has_the_name_that_it_is_read_from() -> None:
    for node in simulated_nodes():
        for continuum in (False, True):
            parsed = names.parse(Path(names.file_name(node, continuum=continuum)))
            assert parsed is not None
            assert (parsed.node, parsed.is_continuum) == (node, continuum)
    with pytest.raises(ValueError, match="no composition"):
        names.file_name(Node("OSTAR2002", 40000, 4.0, 0.1, 10))


# text


def test_fortran_leaves_the_e_out_of_long_exponents() -> None:
    lines = b"  3000.000 1.25000-105\n 3001.000 1.25D+08\n3002.0 2.5+100\n" + b"".join(
        b" %d.5 1.0E+08\n" % number for number in range(3002, 3012)
    )
    wavelength, flux = read_columns(lines)
    assert flux[:3].tolist() == [1.25e-105, 1.25e8, 2.5e100]
    assert wavelength[:3].tolist() == [3000.0, 3001.0, 3002.0]


def test_points_at_one_wavelength_become_one_and_disorder_is_sorted() -> None:
    pairs = [(5000.0 + number, 1.0) for number in range(12)] + [(5003.0, 3.0), (4999.0, 1.0)]
    wavelength, flux = read_columns("".join(f"{a} {b}\n" for a, b in pairs).encode())
    assert np.all(np.diff(wavelength) > 0)
    assert wavelength[0] == 4999.0
    assert flux[wavelength == 5003.0].tolist() == [2.0]


# wavelengths


def test_air_and_vacuum_are_each_others_inverse_and_hit_the_balmer_lines() -> None:
    air = np.array([6562.80, 4861.33, 4340.47, 4101.74])  # Wiese & Fuhr (2009)
    np.testing.assert_allclose(to_vacuum(air), BALMER, atol=0.015)
    wavelength = np.linspace(2001.0, 10_000.0, 5000)
    np.testing.assert_allclose(to_vacuum(to_air(wavelength)), wavelength, rtol=0, atol=1e-9)
    assert to_air(np.array([1500.0])).tolist() == [1500.0]


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), coarse=st.floats(0.01, 2.0))
def test_rebinning_keeps_the_area_however_uneven_the_steps(seed: int, coarse: float) -> None:
    rng = np.random.default_rng(seed)
    wavelength = 5000.0 + np.cumsum(rng.exponential(coarse, 400) + 1e-4)
    flux = rng.uniform(0.0, 1.0, 400)
    found = rebin(wavelength, flux)
    if found is None:
        assert wavelength[-1] - wavelength[0] < 1.0
        return
    edges = (np.arange(len(found.flux) + 1) + found.first - 0.5) * LOG_STEP
    fine = np.unique(np.concatenate([np.linspace(edges[0], edges[-1], 20_001), edges]))
    at = np.interp(fine, np.log10(wavelength), flux)
    area = np.trapezoid(at, fine)
    assert found.flux.sum() * LOG_STEP == pytest.approx(area, rel=2e-3)
    assert found.flux.min() >= flux.min() - 1e-6
    assert found.flux.max() <= flux.max() + 1e-6


def test_a_straight_spectrum_stays_straight_where_the_steps_are_wider_than_pixels() -> None:
    wavelength = np.array([5000.0, 5001.0, 5003.5, 5010.0])
    found = rebin(wavelength, np.log10(wavelength))
    assert found is not None
    middles = (found.first + np.arange(len(found.flux))) * LOG_STEP
    np.testing.assert_allclose(found.flux, middles, atol=1e-6)


# loading


@pytest.mark.parametrize("packed", [False, True])
def test_a_pair_of_files_becomes_a_normalised_spectrum_in_vacuum(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, packed: bool
) -> None:
    write_model(tmp_path, "BL18000g400v2", packed=packed)
    summary = load_model_grid(warehouse, [tmp_path])
    assert (summary.n_files, summary.n_rows, summary.rejected) == (1, 1, {})
    [row] = spectra(
        warehouse,
        "grid, teff, logg, m_h, microturbulence, simulated, continuum, medium, n_points",
    )
    assert row == ("BSTAR2006", 18000.0, 4.0, -0.301, 2.0, False, "model", "air", 39_600)
    [(start, step, flux)] = spectra(warehouse, "log_wavelength_start, log_wavelength_step, flux")
    wavelength = 10.0 ** (start + step * np.arange(len(flux)))
    assert wavelength[0] == pytest.approx(3700.0, abs=0.1)
    assert wavelength[-1] == pytest.approx(7500.0, abs=0.1)
    vacuum, expected, _ = model(18000.0)
    np.testing.assert_allclose(flux, np.interp(wavelength, vacuum, expected), atol=3e-3)
    sums = warehouse.execute("select n_rows, length(sha256) from raw.ingested_file").fetchall()
    assert sorted(sums) == [(0, 64), (1, 64)]


def test_air_is_told_from_vacuum_by_the_balmer_lines(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_model(tmp_path, "BG18000g400v2", medium="air")
    write_model(tmp_path, "BG19000g400v2", medium="vacuum")
    load_model_grid(warehouse, [tmp_path])
    (air, first), (vacuum, second) = spectra(warehouse, "medium, flux")
    assert (air, vacuum) == ("air", "vacuum")
    np.testing.assert_allclose(first, second, atol=2e-3)


def test_the_user_may_say_what_the_wavelengths_are_in(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_model(tmp_path, "BG18000g400v2", medium="air")
    load_model_grid(warehouse, [tmp_path], medium="vacuum")
    [(start, flux)] = spectra(warehouse, "log_wavelength_start, flux")
    wavelength = 10.0 ** (start + LOG_STEP * np.arange(len(flux)))
    near = np.abs(wavelength - 6564.0) < 5
    core = wavelength[near][np.argmin(np.array(flux)[near])]
    assert core == pytest.approx(6562.80, abs=0.1)
    with pytest.raises(ValueError, match="air or vacuum"):
        load_model_grid(warehouse, [tmp_path], medium="water")


def test_a_second_load_does_nothing_and_a_spectrum_alone_finds_its_continuum(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    spectrum, _ = write_model(tmp_path, "G40000g400v10")
    assert load_model_grid(warehouse, [spectrum]).n_rows == 1
    again = load_model_grid(warehouse, [tmp_path])
    assert (again.n_rows, again.n_known) == (0, 2)


def test_a_missing_continuum_is_told_and_mended(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    _, continuum = write_model(tmp_path, "BG18000g400v2")
    write_model(tmp_path, "BG19000g400v2")
    aside = tmp_path.parent / "aside"
    shutil.move(continuum, aside)
    summary = load_model_grid(warehouse, [tmp_path])
    assert summary.n_rows == 1  # the other model lands
    assert "BG18000g400v2.vis.17 is missing" in reasons(warehouse)["BG18000g400v2.vis.7"]
    shutil.move(aside, continuum)
    assert load_model_grid(warehouse, [tmp_path]).n_rows == 1
    assert reasons(warehouse) == {}


def test_a_continuum_without_its_spectrum_is_told(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    spectrum, _ = write_model(tmp_path, "BG18000g400v2")
    spectrum.unlink()
    load_model_grid(warehouse, [tmp_path])
    assert "without its spectrum" in reasons(warehouse)["BG18000g400v2.vis.17"]


def cut_line(content: bytes) -> bytes:
    return content[: len(content) // 2 - 7]


def cut_at_line(content: bytes) -> bytes:
    return content[: content.index(b"\n", len(content) // 2) + 1]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_line, "cut in its last line"),
        (cut_at_line, "one of them was cut"),
        (lambda content: b"", "empty"),
        (lambda content: b"<html>Not found</html>\n", "web page"),
        (lambda content: content + b" 7600.000 ************\n", "'7600.000 ************'"),
        (lambda content: content.replace(b"\n", b" 1.0\n"), "two columns"),
        (lambda content: content + b" 7600.000 nan\n", "no positive numbers"),
        (lambda content: gzip.compress(content)[:-500], "gzip stream ends too early"),
    ],
)
def test_a_damaged_file_is_quarantined_with_what_is_wrong(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, damage, words: str
) -> None:
    for root, which in (("BG18000g400v2", 0), ("BG19000g400v2", 1)):
        path = write_model(tmp_path, root)[which]
        path.write_bytes(damage(path.read_bytes()))
    summary = load_model_grid(warehouse, [tmp_path])
    assert summary.n_rows == 0
    found = reasons(warehouse)
    assert words in found["BG18000g400v2.vis.7"]
    assert words in found["BG19000g400v2.vis.7"]
    if words != "one of them was cut":
        assert "its continuum BG19000g400v2.vis.17:" in found["BG19000g400v2.vis.7"]


def test_the_continuum_of_another_model_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_model(tmp_path, "BG18000g400v2", factor=3.0)
    load_model_grid(warehouse, [tmp_path])
    assert "belongs to another model" in reasons(warehouse)["BG18000g400v2.vis.7"]


def test_models_without_metals_are_left_out_and_said(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_model(tmp_path, "BZ18000g400v2")
    summary = load_model_grid(warehouse, [tmp_path])
    assert summary.n_rows == 0
    assert "no [M/H]" in next(iter(summary.left_out.values()))
    assert reasons(warehouse) == {}


def test_several_processes_give_what_one_gives(simulated: Path) -> None:
    found = []
    for workers in (1, 2):
        warehouse = upgrade_in_memory()
        load_model_grid(warehouse, [simulated], workers=workers)
        found.append(spectra(warehouse, "teff, logg, m_h, hash(flux)"))
    assert found[0] == found[1]


# the simulated grid


def test_the_simulated_grid_is_coarse_has_a_stair_and_says_what_it_is(
    warehouse: duckdb.DuckDBPyConnection, simulated: Path
) -> None:
    summary = load_model_grid(warehouse, [simulated])
    assert summary.rejected == {}
    rows = spectra(warehouse, "grid, simulated, teff, logg")
    assert 50 <= len(rows) <= 80
    assert {row[:2] for row in rows} == {("SIM-BSTAR2006", True), ("SIM-OSTAR2002", True)}
    lowest = [min(g for _, _, t, g in rows if t == teff) for teff in sorted({r[2] for r in rows})]
    assert lowest == sorted(lowest)
    assert lowest[0] < lowest[-1]
    with pytest.raises(WarehouseError, match="no models of BSTAR2006"):
        read_model_grid(warehouse)
    grid = read_model_grid(warehouse, simulated=True)
    assert grid.simulated
    assert grid.name.startswith("SIM-")
    assert len(grid.labels) == len(rows)
    assert grid.inside(np.array([20000.0, 4.1, -0.3]))
    assert not grid.inside(np.array([40000.0, 3.0, 0.0]))


def test_what_was_synthesised_is_what_stands_in_the_warehouse(
    warehouse: duckdb.DuckDBPyConnection, simulated: Path
) -> None:
    load_model_grid(warehouse, [simulated])
    grid = read_model_grid(warehouse, simulated=True)
    node = next(n for n in simulated_nodes() if (n.teff, n.logg, n.m_h) == (22000.0, 3.75, 0.0))
    vacuum, flux = synthesise(node)
    expected = rebin(vacuum, flux)
    assert expected is not None
    found = grid.interpolate(np.array([[22000.0, 3.75, 0.0]]))[0]
    # three decimals of the wavelength and six digits of the flux are what the format keeps
    np.testing.assert_allclose(found, expected.flux, atol=1e-3)


def test_a_grid_that_was_stopped_goes_on_and_other_files_are_left_alone(
    simulated: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "stopped"
    shutil.copytree(simulated, folder)
    gone = sorted(folder.glob("*.vis.7.gz"))[:2]
    before = [path.read_bytes() for path in gone]
    for path in gone:
        path.unlink()
    summary = write_model_grid(folder)
    assert (summary.n_written, summary.n_models) == (2, len(simulated_nodes()))
    assert [path.read_bytes() for path in gone] == before
    (folder / MARKER).unlink()
    with pytest.raises(WarehouseError, match="other files"):
        write_model_grid(folder)


def test_a_damaged_marker_stops_the_load_of_its_folder(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_model(tmp_path, "BG18000g400v2")
    (tmp_path / MARKER).write_text("{")
    load_model_grid(warehouse, [tmp_path])
    assert (
        "whether the spectra beside it are simulated" in reasons(warehouse)["BG18000g400v2.vis.7"]
    )


# from the warehouse


def put(
    warehouse: duckdb.DuckDBPyConnection, *models: tuple[Node, float], first: int = 380_000
) -> None:
    rows = [
        (
            Model(node, "model", "air", 100, Rebinned(first, np.full(100, value, np.float32))),
            Path("x.vis.7"),
        )
        for node, value in models
    ]
    with IngestRun(warehouse, "model_grid", "test") as run:
        run.commit({raw_tables.model_grid_spectrum: to_arrow(rows)})


def test_where_the_grids_overlap_the_first_counts_and_the_least_microturbulence(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    put(
        warehouse,
        (Node("BSTAR2006", 29000, 3.0, 0.0, 10), 0.1),
        (Node("BSTAR2006", 29000, 3.0, 0.0, 2), 0.2),
        (Node("BSTAR2006", 30000, 3.0, 0.0, 2), 0.3),
        (Node("OSTAR2002", 27500, 3.0, 0.0, 10), 0.4),
        (Node("OSTAR2002", 30000, 3.0, 0.0, 10), 0.5),
        (Node("OSTAR2002", 32500, 3.0, 0.0, 10), 0.6),
        (Node("OSTAR2002", 32500, 3.0, -2.0, 10), 0.7),
        (Node("BSTAR2006 CN", 30000, 3.0, 0.0, 10), 0.8),
    )
    grid = read_model_grid(warehouse)
    np.testing.assert_array_equal(grid.labels[:, 0], [29000.0, 30000.0, 32500.0])
    np.testing.assert_allclose(grid.flux[:, 0], [0.2, 0.3, 0.6])
    other_way = read_model_grid(warehouse, ("OSTAR2002", "BSTAR2006"))
    np.testing.assert_array_equal(other_way.labels[:, 0], [27500.0, 30000.0, 32500.0])


def test_models_are_brought_to_the_wavelengths_that_they_share(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    put(warehouse, (Node("BSTAR2006", 15000, 3.0, 0.0, 2), 0.1), first=380_000)
    put(warehouse, (Node("BSTAR2006", 16000, 3.0, 0.0, 2), 0.2), first=380_030)
    grid = read_model_grid(warehouse)
    assert grid.flux.shape == (2, 70)
    assert grid.log_wavelength[0] == pytest.approx(3.8003, abs=1e-9)
    said: list[str] = []
    window = (10**3.80001, 10**3.80029)
    alone = read_model_grid(warehouse, window=window, tell=said.append)
    assert len(alone.labels) == 1
    assert "1 models do not reach" in said[0]
    with pytest.raises(WarehouseError, match="no model of"):
        read_model_grid(warehouse, window=(4000.0, 5000.0))


# pieces of grids in one file


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def piece(low: float = 6660.0, high: float = 6700.0) -> dict[str, np.ndarray]:
    wavelength = np.linspace(low, high, 800)
    depth = np.array([0.3, 0.5])[:, None]
    line = 1.0 - depth * np.exp(-0.5 * ((wavelength - 6680.0) / 1.0) ** 2)
    level = 1e8 * (1.0 - 0.001 * (wavelength - 6680.0))
    return {
        "wave_vac_A": wavelength,
        "flux": line * level,
        "teff": np.array([15000.0, 16000.0]),
        "logg": np.array([4.0, 4.0]),
    }


def test_a_piece_is_normalised_by_a_straight_line_and_keeps_a_name_of_its_own(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "bstar2006_piece.npz").write_bytes(npz(**piece()))
    assert load_model_grid(warehouse, [tmp_path]).n_rows == 2
    assert {row[:3] for row in spectra(warehouse, "grid, continuum, microturbulence")} == {
        ("BSTAR2006 (bstar2006_piece)", "line", 2.0)
    }
    flux = np.array([row[0] for row in spectra(warehouse, "flux")])
    np.testing.assert_allclose(np.median(flux, axis=1), 1.0, atol=2e-3)
    np.testing.assert_allclose(flux.min(axis=1), [0.7, 0.5], atol=5e-3)
    [(note,)] = warehouse.execute("select note from raw.ingested_file").fetchall()
    assert "straight line" in note


@pytest.mark.parametrize("depth", [-1.2, -0.1, 0.1, 0.6])
def test_neither_emission_nor_absorption_draws_the_line(depth: float) -> None:
    wavelength = np.linspace(6660.0, 6700.0, 600)
    level = 2.0 - 0.004 * (wavelength - 6680.0)
    line = 1.0 - depth * np.exp(-0.5 * ((wavelength - 6680.0) / 0.6) ** 2)
    found = straight_continuum(wavelength, (line * level)[None])
    np.testing.assert_allclose(found[0], level, rtol=1e-3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npz(**piece(5000.0, 6800.0)), "without a continuum"),
        (npz(**{**piece(), "teff": np.array([15000.0])}), "do not fit"),
        (npz(flux=np.ones((1, 3))), "no array 'wave_vac_A'"),
        (npz(**{**piece(), "flux": -piece()["flux"]}), "0 or below"),
        (b"PK not a zip", "cannot be read"),
        (b"something", "neither HDF5 nor npz"),
    ],
)
def test_a_piece_that_cannot_be_used_says_why(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "piece.npz").write_bytes(content)
    load_model_grid(warehouse, [tmp_path])
    assert words in reasons(warehouse)["piece.npz"]


def test_hdf5_without_its_reader_says_what_to_install(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "grid.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    load_model_grid(warehouse, [tmp_path])
    assert "pip install h5py" in reasons(warehouse)["grid.h5"]


@pytest.mark.real_data
def test_the_real_piece_of_bstar2006_loads_and_has_its_stair(
    warehouse: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    path = real_data / "model_grid/bstar2006_hei6678_flux.npz"
    assert load_model_grid(warehouse, [path]).n_rows == 162
    grid = read_model_grid(warehouse, ("BSTAR2006 (bstar2006_hei6678_flux)",))
    assert not grid.simulated
    assert grid.flux.shape[0] == 162
    # He I 6678 is deepest near 20,000 K, and 6679.99 A is its place in vacuum
    at = np.column_stack([[15000.0, 20000.0, 30000.0], [4.0] * 3, [0.0] * 3])
    depth = 1.0 - grid.interpolate(at).min(axis=1)
    assert depth[1] > depth[0]
    assert depth[1] > depth[2]
    core = grid.wavelength[grid.interpolate(at[1:2])[0].argmin()]
    assert core == pytest.approx(6679.99, abs=0.1)
    assert not grid.inside(np.array([30000.0, 2.5, 0.0]))


@pytest.mark.real_data
def test_the_hdf5_of_msg_gives_the_same_spectra_as_the_extract(
    warehouse: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed: pip install h5py")
    folder = real_data / "model_grid"
    assert load_model_grid(warehouse, [folder]).n_rows == 324
    first, second = (
        read_model_grid(warehouse, (f"BSTAR2006 ({stem})",))
        for stem in ("bstar2006_hei6678_flux", "sg-HeI-6678")
    )
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_allclose(first.flux, second.flux, atol=1e-5)
