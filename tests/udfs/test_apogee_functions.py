"""APOGEE Net and labels from spectral types, in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ml.apogee.hot_star_labels import HotStarLabels
from ml.apogee.network import ApogeeNetwork
from ml.apogee.predict import LabelNetwork
from ml.apogee.standard import BY_MEDIAN, N_PIXELS, PUBLISHED, Standard
from ml.halpha import domain
from ml.registry import load_model, save_model
from ml.spectral_types import parse_spectral_type
from ml.torch_setup import torch
from udfs.apogee import apogee_labels_columns
from udfs.register import register

CALIBRATION = Path(__file__).parents[2] / "dbt_project" / "constants" / "hot_star_calibration.csv"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        register(found)
        yield found


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with an untrained network, whose domain is that of `observed`."""
    monkeypatch.setenv("HOTSTARS_MODELS", str(tmp_path))
    torch.manual_seed(1)
    network = ApogeeNetwork().eval()
    network.begin()
    standard = Standard.from_table({**PUBLISHED.table(), "flux": BY_MEDIAN})
    flux, _, metadata = observed(60)
    metadata[::3, 4] = np.nan  # such stars are of the domain, too
    _, seen = LabelNetwork(network, standard, "").once(flux, metadata)
    made = LabelNetwork(network, standard, "", domain.fit(seen, np.zeros(60)))
    card = {"standard": standard.table(), "domain": {"threshold": 3.0}, "training": {"seed": 1}}
    save_model(tmp_path, "apogee-net", made.tensors(), card)
    return tmp_path


def observed(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    flux = rng.normal(200.0, 2.0, (n, N_PIXELS)).astype(np.float32)
    error = np.full_like(flux, 2.0)
    error[:, 1000:1100] = 1e10
    return flux, error, rng.normal(12.0, 1.0, (n, 7))


def table(connection: duckdb.DuckDBPyConnection, n: int) -> tuple[np.ndarray, ...]:
    """Make `spectra` of n rows: the third has no flux, the fourth no J, the fifth noise alone."""
    flux, error, metadata = observed(n)
    metadata[3, 4] = np.nan
    flux[4] = np.random.default_rng(0).lognormal(0.0, 2.0, N_PIXELS)

    def fixed(values: np.ndarray, null: np.ndarray) -> pa.Array:
        flat = pa.array(values.astype(np.float32).ravel(), mask=np.isnan(values).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=pa.array(null))

    rows, none = np.arange(n), np.zeros(n, dtype=bool)
    arrow = pa.table(
        {
            "i": rows,
            "apogee_id": [f"2M{i:016d}" for i in rows],
            "flux": fixed(flux, rows == 2),
            "error": fixed(error, none),
            "metadata": fixed(metadata, none),
        }
    )
    connection.register("arrow", arrow)
    connection.execute("create table spectra as from arrow")
    return flux, error, metadata


QUERY = """
    select s.* from (
        select i, apogee_labels(flux, error, metadata, apogee_id, 'apogee-net') as s from spectra
    ) order by i
"""


def test_sql_gives_what_the_network_gives(
    models: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    flux, error, metadata = table(connection, 7)
    found = connection.execute(QUERY).fetchall()
    names = [column[0] for column in connection.description]
    model = load_model(models, "apogee-net")
    network = LabelNetwork.from_model(model, torch.device("cpu"))
    identity = [f"2M{i:016d}" for i in range(7)]
    metadata = metadata.astype(np.float32).astype(np.float64)  # FLOAT[7] of the table
    expected = network.predict(flux, error, metadata, identity)
    for i, row in enumerate(found):
        got = dict(zip(names, row, strict=True))
        if i == 2:
            assert set(row) == {None}
            continue
        for name in ("log_teff", "log_teff_error", "logg", "logg_error", "fe_h", "fe_h_error"):
            assert got[name] == pytest.approx(getattr(expected, name)[i], abs=1e-6), name
        assert got["domain_distance"] == pytest.approx(expected.distance[i], rel=1e-5)
        assert got["is_out_of_domain"] is (i == 4)
        assert (got["model_name"], got["model_version"]) == ("apogee-net", model.version)


def test_a_magnitude_that_is_null_is_one_that_is_missing(
    models: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """As faint as the faintest of the published training set, and not a guess of zero."""
    table(connection, 7)
    printed = connection.execute(
        """
        select bool_and(a.logg = b.logg and a.fe_h_error = b.fe_h_error) from (
            select
                apogee_labels(flux, error, metadata, apogee_id, 'apogee-net') as a,
                apogee_labels(
                    flux, error,
                    list_value(
                        metadata[1], metadata[2], metadata[3], metadata[4], 99.999, metadata[6],
                        metadata[7]
                    )::float[7],
                    apogee_id, 'apogee-net'
                ) as b
            from spectra where i = 3
        )
        """
    ).fetchone()
    assert printed == (True,)


def test_without_a_model_there_are_no_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: duckdb.DuckDBPyConnection
) -> None:
    monkeypatch.setenv("HOTSTARS_MODELS", str(tmp_path))
    table(connection, 5)
    assert {value for row in connection.execute(QUERY).fetchall() for value in row} == {None}
    query = QUERY.replace("'apogee-net'", "null")
    assert {value for row in connection.execute(query).fetchall() for value in row} == {None}


def test_a_batch_of_no_rows_gives_no_rows(models: Path) -> None:
    pixels = pa.array([], pa.list_(pa.float32(), N_PIXELS))
    texts = pa.array([], pa.string())
    metadata = pa.array([], pa.list_(pa.float32(), 7))
    assert len(apogee_labels_columns(pixels, pixels, metadata, texts, texts)) == 0


def test_spectral_types_become_labels_as_python_makes_them(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        f"create table calibration as select *, parse_spectral_type(spectral_type) as t "
        f"from read_csv('{CALIBRATION}')"
    )
    rows = connection.execute(
        """
        with rows as (
            select
                list(t.numeric_type::double order by spectral_type, source) as types,
                list(t.luminosity_class::double order by spectral_type, source) as classes,
                list(teff::double order by spectral_type, source) as teff,
                list(logg::double order by spectral_type, source) as logg
            from calibration
        ),
        asked as (
            select name, parse_spectral_type(name) as t
            from (values ('B2.5IV-V'), ('O7I'), ('A0V'), ('B5'), ('K0III'), (null)) as v(name)
        )
        select name, l.log_teff, l.log_teff_error, l.logg, l.logg_error
        from (
            select name, hot_star_labels(
                t.numeric_type, t.luminosity_class, types, classes, teff, logg
            ) as l
            from asked, rows
        )
        """
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    learnt = HotStarLabels.of(
        *(
            np.array(column, dtype=float)
            for column in connection.execute(
                "select t.numeric_type, t.luminosity_class, coalesce(teff, 'nan'::double), "
                "coalesce(logg, 'nan'::double) from calibration"
            )
            .fetchnumpy()
            .values()
        )
    )
    for name in ("B2.5IV-V", "O7I", "A0V"):
        t = parse_spectral_type(name)
        expected = (
            *learnt.log_teff.with_error(t.numeric_type, t.luminosity_class),
            *learnt.logg.with_error(t.numeric_type, t.luminosity_class),
        )
        assert found[name] == pytest.approx([float(one) for one in expected], rel=1e-6)
    # no luminosity class, beyond the calibration, no type
    for name in ("B5", "K0III", None):
        assert found[name] == (None, None, None, None)


def test_without_a_calibration_there_are_no_labels_and_too_small_a_one_is_told(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "select hot_star_labels(12.0, 5.0, {0}, {0}, {0}, {0})"
    nothing = {"log_teff": None, "log_teff_error": None, "logg": None, "logg_error": None}
    for rows in ("null", "[]"):
        assert connection.execute(query.format(rows)).fetchone() == (nothing,), rows
    with pytest.raises(duckdb.InvalidInputException, match="calibration of 2 rows"):
        connection.execute(query.format("[12.0, 13.0]"))
