"""`hotstars export` and `hotstars publish` on built catalogues."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from built import Built
from typer.testing import CliRunner

from hotstars.main import app
from warehouse.connection import WarehouseError
from warehouse.publish import current_release


def hotstars(home: Path, *arguments: str, fails: bool = False) -> str:
    """Run the command; return what it prints, or its error where it must fail."""
    done = CliRunner().invoke(app, arguments, env={"HOTSTARS_HOME": str(home), "COLUMNS": "200"})
    if fails:
        assert isinstance(done.exception, WarehouseError)
        return str(done.exception)
    assert done.exit_code == 0, done.output
    return done.output


def test_tables_of_a_release_and_their_origin_stay_what_they_were(
    catalogues: Built, tmp_path: Path
) -> None:
    """Its Parquet files are those of an export, also after dbt made something else."""
    home = catalogues.copied_to(tmp_path / "home").home
    hotstars(home, "publish")
    release = current_release(home / "published")
    assert release is not None
    results = home / "dbt_target" / "run_results.json"
    told = json.loads(results.read_text())
    told["metadata"]["invocation_id"] = "a later run"
    results.write_text(json.dumps(told))
    manifest = home / "dbt_target" / "manifest.json"
    described = manifest.read_text()
    assert '"New classical Be stars"' in described
    manifest.write_text(described.replace('"New classical Be stars"', '"Something else"'))
    arguments = ("export", "be_new", "be_runaways", "--format", "parquet", "--out", str(tmp_path))
    hotstars(home, *arguments, "--published")
    for name in ("be_new.parquet", "be_runaways.parquet"):
        kept = (release.folder / "parquet" / name).read_bytes()
        assert (tmp_path / name).read_bytes() == kept
        assert b"a later run" not in kept
        assert b"Something else" not in kept
    hotstars(home, *arguments)
    anew = (tmp_path / "be_new.parquet").read_bytes()
    assert b"a later run" in anew
    assert b"Something else" in anew


def test_the_article_and_every_file_are_named(catalogues: Built, tmp_path: Path) -> None:
    printed = hotstars(
        catalogues.home, "export", "--paper", "wang2022", "be_new", "--format", "cds", "--format",
        "csv", "--title", "New Be stars", "--authors", "Smith J., Jones A.", "--out", str(tmp_path),
    )  # fmt: skip
    paths = [Path(line) for line in printed.splitlines()]
    assert sorted(paths) == sorted(tmp_path.iterdir())  # each once
    assert {"be_new.dat", "be_new.csv", "be_new.csv-metadata.json", "ReadMe"} <= {
        path.name for path in paths
    }
    lines = (tmp_path / "ReadMe").read_text().splitlines()
    assert lines[0].startswith("New Be stars")
    assert "    Smith J., Jones A." in lines


def test_the_list_has_captions(catalogues: Built) -> None:
    lines = hotstars(catalogues.home, "export", "--list").splitlines()
    assert "be_new" in [line.split()[0] for line in lines]
    assert any(line.endswith("New classical Be stars") for line in lines)


def test_hats_of_all_leaves_out_what_has_no_position_and_says_so(
    catalogues: Built, tmp_path: Path
) -> None:
    pytest.importorskip("lsdb")
    arguments = ("export", "--format", "hats", "--out", str(tmp_path))
    said = hotstars(catalogues.home, *arguments, "be_decisions", fails=True)
    assert "be_decisions has no main position" in said
    said = hotstars(catalogues.home, *arguments, "--paper", "wang2022")
    assert "be_decisions: left out" in said
    assert not (tmp_path / "be_decisions").exists()
    assert (tmp_path / "be_new" / "hats.properties").exists()
