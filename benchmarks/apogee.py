"""APOGEE Net: stars a second, bare and in SQL, with one pass and with twenty noisy copies.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/apogee.py

An untrained network: weights do not change the speed. The SQL function is timed beside the same
network called bare in torch, on copies made beforehand, in turns, in this process. Then the
weights of the loss for a million stars, and a training's spectra a second.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from ml.apogee.network import ApogeeNetwork
from ml.apogee.predict import REALISATIONS, LabelNetwork
from ml.apogee.standard import BY_MEDIAN, N_PIXELS, PUBLISHED, Standard
from ml.apogee.training import TRAIN, TrainingConfig, default_device, train
from ml.apogee.weights import loss_weights
from ml.halpha import domain
from ml.registry import load_model, save_model
from ml.torch_setup import torch

NAME = "apogee-net"


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def store(models: Path) -> None:
    """Store an untrained network with a domain."""
    torch.manual_seed(1)
    network = ApogeeNetwork().eval()
    network.begin()
    standard = Standard.from_table({**PUBLISHED.table(), "flux": BY_MEDIAN})
    features = np.random.default_rng(1).standard_normal((600, 512))
    made = LabelNetwork(network, standard, "", domain.fit(features, np.zeros(600)))
    card = {"standard": standard.table(), "domain": {"threshold": 2.0}, "training": {}}
    save_model(models, NAME, made.tensors(), card)


def bare(network: ApogeeNetwork, flux: torch.Tensor, metadata: torch.Tensor, rows: int) -> None:
    """Pass spectra through the network, so many at a time."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        for first in range(0, len(flux), rows):
            some = slice(first, first + rows)
            network(flux[some].to(device), metadata[some].to(device)).cpu()


def spectra(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return fluxes, errors and metadata of n stars."""
    generator = np.random.default_rng(1)
    flux = generator.normal(200.0, 2.0, (n, N_PIXELS)).astype(np.float32)
    return flux, np.full_like(flux, 2.0), generator.normal(12.0, 1.0, (n, 7))


def compare(models: Path, n: int, repeat: int) -> None:
    """Time one pass, twenty copies, and the SQL function, beside the bare network."""
    from udfs.register import register  # noqa: PLC0415 - reads HOTSTARS_MODELS

    flux, error, metadata = spectra(n)
    network = LabelNetwork.from_model(load_model(models, NAME))
    ready, _ = network.standard.spectra(flux)
    once = torch.from_numpy(ready)[:, None]
    labels = torch.from_numpy(network.standard.metadata(metadata))
    copies = once.repeat_interleave(REALISATIONS, dim=0)
    copied = labels.repeat_interleave(REALISATIONS, dim=0)
    identity = [f"2M{i:016d}" for i in range(n)]

    connection = duckdb.connect()
    register(connection)

    def fixed(values: np.ndarray) -> pa.Array:
        flat = pa.array(values.astype(np.float32).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])

    arrow = pa.table(
        {
            "id": identity,
            "flux": fixed(flux),
            "error": fixed(error),
            "metadata": fixed(metadata),
        }
    )
    connection.register("arrow", arrow)
    connection.execute("create table spectra as from arrow")
    query = (
        "create or replace table found as "
        f"select apogee_labels(flux, error, metadata, id, '{NAME}') from spectra"
    )
    ways: dict[str, Callable[[], object]] = {
        "bare, one pass, 32 spectra at a time": lambda: bare(network.network, once, labels, 32),
        "LabelNetwork.once": lambda: network.once(flux, metadata),
        f"bare, {REALISATIONS} copies, a star at a time": lambda: bare(
            network.network, copies, copied, REALISATIONS
        ),
        f"bare, {REALISATIONS} copies, eight stars at a time": lambda: bare(
            network.network, copies, copied, 8 * REALISATIONS
        ),
        f"LabelNetwork.predict, {REALISATIONS} copies": lambda: network.predict(
            flux, error, metadata, identity
        ),
        f"apogee_labels in SQL, {REALISATIONS} copies": lambda: connection.execute(query),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeat + 1):
        for name, way in ways.items():
            took = seconds(way)
            if turn:  # the first warms up
                taken[name].append(took)
    for name, times in taken.items():
        print(f"{name:42s} {n / np.median(times):8,.1f} stars a second")
    star_by_star = np.median(taken[f"bare, {REALISATIONS} copies, a star at a time"])
    sql = np.median(taken[f"apogee_labels in SQL, {REALISATIONS} copies"])
    print(f"SQL / bare, the same number of passes, median of {repeat}: {sql / star_by_star:.2f}")


def training(n: int) -> None:
    """Time an epoch and the weights of its loss."""
    flux, _, metadata = spectra(n)
    generator = np.random.default_rng(2)
    targets = generator.normal((2.9, 3.7, -0.1), (1.2, 0.1, 0.3), (n, 3))
    found = train(flux, metadata, targets, np.arange(n), TrainingConfig(epochs=2))
    learnt = int((found.part == TRAIN).sum())
    took = min(epoch.seconds for epoch in found.history)
    print(f"training: {learnt / took:,.0f} spectra a second ({default_device().type})")
    points = generator.standard_normal((1_000_000, 2))
    print(f"loss weights of 1,000,000 stars: {seconds(lambda: loss_weights(points)):.2f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=128)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    print(f"torch on {torch.get_num_threads()} threads, {default_device().type}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOTSTARS_MODELS"] = folder
        store(Path(folder))
        compare(Path(folder), options.stars, options.repeat)
    training(640)


if __name__ == "__main__":
    main()
