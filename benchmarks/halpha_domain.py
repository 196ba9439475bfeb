"""Which spectra lie outside the domain of the H-alpha classifier.

    .venv/bin/python benchmarks/halpha_domain.py --home data

Simulated spectra of other stars than the training's, and the same ones spoilt: dead pixels, a
cosmic ray at H-alpha, a wrong wavelength solution, a lost continuum, another star's light; and
each kind of star. Printed are the fraction beyond the threshold of the model's card, the fraction
that is called emission, and the median distance.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ingest.simulation.training_set import training_windows
from ml.halpha.classify import Classifier
from ml.halpha.window import WAVELENGTH
from ml.registry import load_model
from ml.spectra.grids import H_ALPHA

Windows = np.ndarray


def _peak(centre: float, width: float, height: float) -> np.ndarray:
    return height * np.exp(-0.5 * ((WAVELENGTH - centre) / width) ** 2)


def _dead(windows: Windows) -> Windows:
    spoilt = windows.copy()
    spoilt[:, 100:112] = 0.0
    return spoilt


def _shifted(windows: Windows) -> Windows:
    return np.stack([np.interp(WAVELENGTH - 15.0, WAVELENGTH, row) for row in windows])


SPOILT: dict[str, Callable[[Windows], Windows]] = {
    "as they are": lambda windows: windows,
    "12 dead pixels, flux 0": _dead,
    "cosmic ray at H-alpha, one sample, +5": lambda windows: windows + _peak(H_ALPHA, 0.12, 5.0),
    "wavelengths wrong by 15 A": _shifted,
    "continuum 30 % too low": lambda windows: 0.7 * windows,
    "continuum that slopes by 30 %": lambda windows: (
        windows * (1.0 + 0.3 * (WAVELENGTH - H_ALPHA) / 60.0)
    ),
    "half of the light featureless": lambda windows: 0.5 * windows + 0.5,
    "upside down": lambda windows: 2.0 - windows,
    "ten times the emission": lambda windows: 1.0 + 10.0 * (windows - 1.0),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path("data"), help="HOTSTARS_HOME")
    parser.add_argument("--stars", type=int, default=800)
    parser.add_argument("--seed", type=int, default=4242)
    options = parser.parse_args()
    classifier = Classifier.from_model(load_model(options.home / "models", "be-classifier"))
    print(f"{classifier.name} {classifier.version}, threshold {classifier.domain_threshold:.2f}")
    data = training_windows(options.stars, options.seed)
    print(f"{'':48s}{'spectra':>8s}{'far':>7s}{'emission':>10s}{'distance':>10s}")
    for kind in ("without", "with"):
        some = data.take(data.label == (kind == "with"))
        for name, spoil in SPOILT.items():
            report(classifier, f"{kind} emission: {name}", spoil(some.windows))
    for kind in sorted(set(data.kind.tolist())):
        report(classifier, f"kind {kind}", data.take(data.kind == kind).windows)


def report(classifier: Classifier, name: str, windows: Windows) -> None:
    """Print one line."""
    if not len(windows):
        return
    probability, distance = classifier.probability_and_distance(windows.astype(np.float32))
    far = np.mean(distance > classifier.domain_threshold)
    emission = np.mean(probability > 0.5)
    print(
        f"{name:48s}{len(windows):8,d}{100 * far:6.0f}%{100 * emission:9.0f}%"
        f"{np.median(distance):10.2f}"
    )


if __name__ == "__main__":
    main()
