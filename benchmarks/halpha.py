"""The H-alpha classifier: images and spectra a second, and what SQL adds to them.

    .venv/bin/python benchmarks/halpha.py

Untrained networks: weights do not change the speed. Images are drawn beside Pillow's line, which
is not anti-aliased, and beside matplotlib. The SQL function is timed beside the same model on
the same arrays, in turns, in this process.
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
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from ml.halpha.classify import Classifier
from ml.halpha.images import FLUX_RANGE, draw
from ml.halpha.networks import build
from ml.halpha.window import halpha_window
from ml.registry import load_model, save_model
from ml.spectra.grids import MRS_R
from ml.torch_setup import torch


def rate(function: Callable[[], object], n: int, repeat: int = 3) -> float:
    """Return items a second: the best of some runs."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return n / min(seconds)


def with_pillow(windows: np.ndarray, size: int) -> None:
    """Draw with Pillow, one after the other."""
    x = (np.arange(240) + 0.5) / 240 * size
    low, high = FLUX_RANGE
    for window in windows:
        image = Image.new("L", (size, size))
        y = (high - window) / (high - low) * size
        ImageDraw.Draw(image).line(list(zip(x, y, strict=True)), fill=255, width=2)
        np.asarray(image)


def with_matplotlib(windows: np.ndarray, size: int) -> None:
    """Draw with matplotlib, one after the other, on one figure."""
    figure = Figure(figsize=(1, 1), dpi=size)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), ylim=FLUX_RANGE, xlim=(0, 240))
    (line,) = axes.plot(np.arange(240) + 0.5, windows[0])
    for window in windows:
        line.set_ydata(window)
        canvas.draw()
        np.asarray(canvas.buffer_rgba())


def store(models: Path, architecture: str, image_size: int) -> str:
    """Store an untrained network under its own name."""
    torch.manual_seed(1)
    network = build(architecture, image_size=image_size)
    name = f"{architecture}-{image_size}"
    tensors = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    card = {"architecture": architecture, "training": {"image_size": image_size}}
    save_model(models, name, tensors, card)
    return name


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectra", type=int, default=20_480)
    options = parser.parse_args()
    n = options.spectra
    generator = np.random.default_rng(1)
    flux = generator.normal(1.0, 0.03, (n, MRS_R.size)).astype(np.float32)
    windows = halpha_window(flux, MRS_R)
    tensor = torch.from_numpy(windows)
    print(f"torch on {torch.get_num_threads()} threads")
    for size in (256, 64):
        ours = rate(
            lambda s=size: [draw(part, s) for part in tensor[:4096].split(64)], min(n, 4096)
        )
        pillow = rate(lambda s=size: with_pillow(windows[:1024], s), 1024)
        matplotlib = rate(lambda s=size: with_matplotlib(windows[:128], s), 128)
        print(
            f"images of {size} pixels a second: ours {ours:,.0f}, "
            f"Pillow {pillow:,.0f}, matplotlib {matplotlib:,.0f}"
        )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOTSTARS_MODELS"] = folder
        for architecture, size, some in (
            ("resnet1d", 64, n), ("resnet18", 64, 1024), ("resnet18", 256, 128)
        ):  # fmt: skip
            name = store(Path(folder), architecture, size)
            classifier = Classifier.from_model(load_model(Path(folder), name))
            per_second = rate(lambda c=classifier, k=some: c.probability(windows[:k]), some)
            print(f"{name}: {per_second:,.0f} spectra a second")
        compare(Path(folder), "resnet1d-64", windows)


def compare(models: Path, name: str, windows: np.ndarray) -> None:
    """Time the SQL function beside the bare model, in turns."""
    from udfs.register import register  # noqa: PLC0415 - reads HOTSTARS_MODELS

    classifier = Classifier.from_model(load_model(models, name))
    connection = duckdb.connect()
    register(connection)
    rows = pa.FixedSizeListArray.from_arrays(pa.array(windows.ravel()), windows.shape[1])
    connection.register("arrow", pa.table({"halpha": rows}))
    connection.execute("create table spectra as from arrow")
    query = f"create or replace table t as select be_probability(halpha, '{name}') from spectra"
    bare, through_sql = [], []
    for _ in range(5):
        start = time.perf_counter()
        classifier.probability_and_distance(windows)
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        connection.execute(query)
        through_sql.append(time.perf_counter() - start)
    ratio = np.median(through_sql) / np.median(bare)
    print(f"{name} in SQL / bare, median of 5: {ratio:.2f}   (goal < 1.10)")


if __name__ == "__main__":
    main()
