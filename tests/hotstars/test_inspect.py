"""`hotstars inspect`: one row a file, also for a bad one; no warehouse is touched."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
import yaml
from astropy.io import fits
from typer.testing import CliRunner

from hotstars import measure
from hotstars.verbs.inspect import COLUMNS, inspect, inspect_files
from ml.spectra.grids import H_ALPHA

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "tests" / "ingest"))

import lamost_files  # noqa: E402

APP = typer.Typer()
APP.command()(inspect)


def star(path: Path, *, depth: float, low_resolution: bool, seed: int = 1) -> Path:
    """Write a spectrum with a Gaussian H-alpha line: depth > 0 absorption, < 0 emission."""
    random = np.random.default_rng(seed)
    header = lamost_files.Star().header()
    hdus: list[fits.PrimaryHDU | fits.BinTableHDU] = [fits.PrimaryHDU(header=header)]
    grids = (
        {"COADD": (3.5682, 1e-4, 3909)}
        if low_resolution
        else {"COADD_B": (3.6902, 1e-5, 4150), "COADD_R": (3.7995, 1e-5, 3720)}
    )
    for name, (start, step, n) in grids.items():
        wavelength = lamost_files.log_grid(start, step, n)
        line = depth * np.exp(-0.5 * ((wavelength - H_ALPHA) / 4.0) ** 2)
        flux = 1000 * (1 - line) + random.normal(0, 10, n)
        columns = [
            fits.Column("FLUX", f"{n}E", array=flux[None]),
            fits.Column("IVAR", f"{n}E", array=np.full((1, n), 0.01)),
            fits.Column("WAVELENGTH", f"{n}E", array=wavelength[None]),
            fits.Column("ANDMASK", f"{n}I", array=np.zeros((1, n))),
            fits.Column("ORMASK", f"{n}I", array=np.zeros((1, n))),
        ]
        table = fits.BinTableHDU.from_columns(columns, name=name)
        table.header["SNR"] = 100.0
        hdus.append(table)
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.mark.parametrize("low_resolution", [True, False])
def test_lines_of_known_strength_are_measured(low_resolution: bool, tmp_path: Path) -> None:
    paths = [
        star(tmp_path / f"{depth}.fits", depth=depth, low_resolution=low_resolution)
        for depth in (0.5, -1.0)
    ]
    absorption, emission = inspect_files(paths).to_pylist()
    area = 4.0 * np.sqrt(2 * np.pi)  # of a Gaussian of unit height, 0.1 nm
    assert absorption["ew_halpha"] == pytest.approx(0.5 * area, abs=0.35)
    assert emission["ew_halpha"] == pytest.approx(-1.0 * area, abs=0.35)
    assert emission["peak_wavelength"] == pytest.approx(H_ALPHA, abs=1.0)
    assert emission["peak_significance"] > 20
    assert abs(emission["ew_mgb"]) < 0.5
    assert absorption["peak_significance"] is None or absorption["peak_significance"] < 6
    assert emission["rectified_r"] == emission["rectified_b"] == "ok"


def test_every_layout_has_a_row_and_bad_files_theirs(tmp_path: Path) -> None:
    for name, write in lamost_files.LAYOUTS.items():
        write(tmp_path / f"{name}.fits", lamost_files.Star())
    (tmp_path / "bad.fits").write_bytes(b"<html>")
    missing = tmp_path / "typo.fits"
    result = CliRunner().invoke(APP, [str(tmp_path), str(missing), "--format", "json"])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert len(rows) == 7
    assert all(list(row) == list(COLUMNS) for row in rows)
    found = {Path(row["file"]).stem: row for row in rows}
    for name in lamost_files.LAYOUTS:
        assert found[name]["layout"] == name
        assert found[name]["status"] == "ok"
        assert found[name]["n_exposures"] == (2 if name.startswith("mrs") else 0)
    assert "a web page" in found["bad"]["message"]
    assert "not there" in found["typo"]["message"]
    assert "bad.fits: a web page" in result.stderr


def test_the_bands_are_those_of_the_dbt_project() -> None:
    project = yaml.safe_load((REPOSITORY / "dbt_project" / "dbt_project.yml").read_text())
    variables = project["vars"]
    assert list(measure.EW_HALPHA) == variables["halpha_band"]
    assert list(measure.EW_MGB) == variables["mgb_band"]
    assert list(measure.PEAKS) == variables["peak_band"]
    assert list(measure.WANG_WIDTHS) == variables["bartlett_widths_mrs"]
    assert list(measure.WANG_EDGES) == variables["bartlett_edges_mrs"]
    assert list(measure.LRS_WIDTHS) == variables["bartlett_widths_lrs"]
    assert list(measure.LRS_EDGES) == variables["bartlett_edges_lrs"]


def test_what_is_printed(tmp_path: Path) -> None:
    path = star(tmp_path / "a.fits", depth=0.5, low_resolution=False)
    result = CliRunner().invoke(APP, [str(path), "-f", "csv"])
    assert result.exit_code == 0
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert list(row) == list(COLUMNS)
    assert row["designation"] == "J230311.44+321335.5"
    table = CliRunner().invoke(APP, [str(path)])
    assert table.exit_code == 0
    assert "J230311.44+321335.5" in table.stdout
    assert "mrs-arrays" in table.stdout


def test_plots_are_written_one_a_file(tmp_path: Path, home: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        star(tmp_path / folder / "same.fits", depth=0.5, low_resolution=folder == "a")
    plots = tmp_path / "plots"
    inspect_files([tmp_path / "a", tmp_path / "b"], plots)
    names = sorted(path.name for path in plots.iterdir())
    assert names == ["same-2.png", "same.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in plots.iterdir())
    assert not home.exists()  # no warehouse was made


@pytest.mark.real_data
def test_real_emission_is_told_from_real_absorption(real_data: Path) -> None:
    with (real_data / "lamost" / "manifest.csv").open() as stream:
        labels = {row["file"]: row["halpha"] for row in csv.DictReader(stream) if row["halpha"]}
    rows = inspect_files([real_data / "lamost" / name for name in labels]).to_pylist()
    for row, label in zip(rows, labels.values(), strict=True):
        emission = row["ew_halpha"] < 0 and (row["peak_significance"] or 0) > 5
        assert emission == (label == "emission"), row["file"]
