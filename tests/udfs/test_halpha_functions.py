"""The classifier in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ml.halpha.classify import Classifier
from ml.halpha.networks import build
from ml.halpha.window import halpha_window
from ml.registry import load_model, save_model, use_version
from ml.spectra.grids import LRS_R, MRS_R, Grid
from ml.torch_setup import torch
from udfs.register import register


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTSTARS_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        register(found)
        yield found


def store(models: Path, seed: int) -> str:
    torch.manual_seed(seed)
    network = build("resnet1d")
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return save_model(
        models, "be-classifier", tensors, {"architecture": "resnet1d", "training": {"seed": seed}}
    ).version


def spectra(connection: duckdb.DuckDBPyConnection, grid: Grid, n: int) -> np.ndarray:
    """A table `spectra` of rectified spectra, the third of them NULL."""
    flux = np.random.default_rng(n).normal(1.0, 0.1, (n, grid.size)).astype(np.float32)
    rows = pa.FixedSizeListArray.from_arrays(
        pa.array(flux.ravel()), grid.size, mask=pa.array(np.arange(n) == 2)
    )
    connection.register("arrow", pa.table({"i": np.arange(n), "flux": rows}))
    connection.execute("create table spectra as from arrow")
    return flux


@pytest.mark.parametrize("grid", [MRS_R, LRS_R], ids=lambda grid: grid.name)
def test_sql_gives_what_the_classifier_gives(
    models: Path, connection: duckdb.DuckDBPyConnection, grid: Grid
) -> None:
    version = store(models, 1)
    flux = spectra(connection, grid, 5000)
    rows = connection.execute(
        f"""
        select s.probability, s.distance, s.model_name, s.model_version
        from (
            select i, be_probability(halpha_window_{grid.name}(flux), 'be-classifier') as s
            from spectra
        ) order by i
        """
    ).fetchall()
    classifier = Classifier.from_model(load_model(models, "be-classifier"), device="cpu")
    expected = classifier.probability(halpha_window(flux, grid))
    assert rows[2] == (None, None, None, None)
    assert rows[0][2:] == ("be-classifier", version)
    found = np.array([row[0] for i, row in enumerate(rows) if i != 2])
    np.testing.assert_allclose(found, np.delete(expected, 2), atol=1e-5)


def test_without_a_model_there_is_no_probability(
    models: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    spectra(connection, MRS_R, 4)
    found = connection.execute(
        "select count(s), count(s.probability) "
        "from (select be_probability(halpha_window_mrs_r(flux), 'be-classifier') as s from spectra)"
    ).fetchall()
    assert found[0][1] == 0
    assert connection.execute("select model_version('be-classifier')").fetchone() == (None,)


def test_a_new_model_is_used_as_soon_as_it_is_current(
    models: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    first = store(models, 1)
    spectra(connection, MRS_R, 1)
    query = (
        "select s.probability, s.model_version, model_version('be-classifier') "
        "from (select be_probability(halpha_window_mrs_r(flux), 'be-classifier') as s from spectra)"
    )
    before = connection.execute(query).fetchall()[0]
    second = store(models, 2)
    after = connection.execute(query).fetchall()[0]
    assert before[1:] == (first, first)
    assert after[1:] == (second, second)
    assert before[0] != after[0]
    use_version(models, "be-classifier", first)
    assert connection.execute(query).fetchall()[0] == before


def test_a_broken_model_names_itself(models: Path, connection: duckdb.DuckDBPyConnection) -> None:
    version = store(models, 1)
    (models / "be-classifier" / version / "weights.safetensors").write_bytes(b"torn")
    spectra(connection, MRS_R, 1)
    with pytest.raises(duckdb.Error, match=r"damaged.*hotstars train be-classifier"):
        connection.execute(
            "select be_probability(halpha_window_mrs_r(flux), 'be-classifier') from spectra"
        ).fetchall()


def test_one_model_at_a_time(models: Path, connection: duckdb.DuckDBPyConnection) -> None:
    store(models, 1)
    spectra(connection, MRS_R, 4)
    with pytest.raises(duckdb.Error, match="one model at a time"):
        connection.execute(
            "select be_probability(halpha_window_mrs_r(flux), 'model ' || (i % 2)) from spectra"
        ).fetchall()
