"""Distances: exactness beside a density evaluated every 0.1 pc, and the time of both.

    .venv/bin/python benchmarks/distance.py
    .venv/bin/python benchmarks/distance.py --stars 10000000 --threads 2

The grid is what Xiang et al. (2021, section 7) describe, in numpy, with all that does not depend
on the star computed once. Both run in this process, in turns. All stars are simulated.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from ml.distance.posterior import DistancePosterior, distance_posterior

STEP = 1e-4  # kpc
GRID = STEP * np.arange(1, 300_001)
PARALLAX = 1.0 / GRID
MODULUS = 5.0 * np.log10(GRID) + 10.0
LOG_GRID = np.log10(GRID)
NAMES = ("mode", "p16", "p50", "p84", "log_mean", "log_deviation")
PAPERS_SAMPLE = 16_002
TEN_MILLION = 10_000_000

Stars = tuple[np.ndarray, ...]


def on_the_grid(
    parallax: float, parallax_error: float, modulus: float, modulus_error: float
) -> np.ndarray:
    """Evaluate one star's density every 0.1 pc and return what the paper takes from it."""
    log_density = np.zeros_like(GRID)
    if np.isfinite(parallax):
        log_density -= 0.5 * ((parallax - PARALLAX) / parallax_error) ** 2
    if np.isfinite(modulus):
        log_density -= 0.5 * ((modulus - MODULUS) / modulus_error) ** 2
    best = log_density.argmax()
    density = np.exp(log_density - log_density[best])
    total = density.sum()
    cumulative = np.cumsum(density) - 0.5 * density
    percentiles = np.interp(np.array([0.16, 0.5, 0.84]) * total, cumulative, GRID)
    mean = density @ LOG_GRID / total
    deviation = np.sqrt(density @ (LOG_GRID - mean) ** 2 / total)
    return np.array([GRID[best], *percentiles, mean, deviation])


def ordinary(n: int, generator: np.random.Generator) -> Stars:
    """Stars like the paper's: a few kpc away, M_Ks to 0.27 mag, DR2's parallax errors."""
    distance = generator.gamma(3.0, 0.9, n).clip(0.1)
    error = np.exp(generator.normal(np.log(0.05), 0.4, n))
    modulus_error = np.full(n, 0.28)
    parallax = 1.0 / distance + error * generator.normal(size=n)
    modulus = 5.0 * np.log10(distance) + 10.0 + modulus_error * generator.normal(size=n)
    parallax[generator.random(n) < 0.05] = np.nan
    modulus[generator.random(n) < 0.10] = np.nan  # binaries
    return parallax, error, modulus, modulus_error


def nasty(n: int, generator: np.random.Generator) -> Stars:
    """Stars with errors of all sizes, off by several of them, some with one datum alone."""
    distance = np.exp(generator.uniform(np.log(0.1), np.log(25.0), n))
    error = np.exp(generator.uniform(np.log(0.01), np.log(3.0), n))
    modulus_error = np.exp(generator.uniform(np.log(0.05), np.log(1.5), n))
    parallax = 1.0 / distance + 3.0 * error * generator.normal(size=n)
    modulus = 5.0 * np.log10(distance) + 10.0 + 4.0 * modulus_error * generator.normal(size=n)
    kind = generator.integers(0, 4, n)
    parallax[kind == 0], modulus[kind == 1] = np.nan, np.nan
    return parallax, error, modulus, modulus_error


def contradictory(n: int, generator: np.random.Generator) -> Stars:
    """Stars near by their parallax and far by their spectrum, about as likely either way."""
    near = np.exp(generator.uniform(np.log(0.05), np.log(0.3), n))
    far = near * generator.uniform(20.0, 60.0, n)
    modulus_error = generator.uniform(0.5, 0.9, n)
    depth = 5.0 * np.log10(far / near) / modulus_error
    error = (1.0 / near - 1.0 / far) / depth * generator.uniform(1.0, 1.1, n)
    return 1.0 / near, error, 5.0 * np.log10(far) + 10.0, modulus_error


def columns(stars: DistancePosterior) -> np.ndarray:
    """Return the numbers, one row a star."""
    return np.stack([getattr(stars, name) for name in NAMES], axis=1)


def accuracy(name: str, stars: Stars, threads: int) -> None:
    """Print the largest differences from the grid."""
    stars = tuple(column[np.isfinite(stars[0]) | np.isfinite(stars[2])] for column in stars)
    expected = np.array([on_the_grid(*star) for star in zip(*stars, strict=True)])
    found = distance_posterior(*stars, threads=threads)
    numbers = columns(found)
    # where the density is narrower than some steps, the grid is what is wrong
    wide = expected[:, 3] - expected[:, 1] > 40.0 * STEP
    relative = np.abs(numbers[wide, 1:4] / expected[wide, 1:4] - 1.0).max()
    mean = np.abs(numbers[wide, 4] - expected[wide, 4]).max()
    deviation = np.abs(numbers[wide, 5] / expected[wide, 5] - 1.0).max()
    mode = 1e3 * np.abs(numbers[:, 0] - expected[:, 0]).max()
    print(
        f"{name} ({len(expected)} stars, {int(found.is_bimodal.sum())} with two peaks): "
        f"mode {mode:.3f} pc, percentiles {relative:.1e}, mean of log d {mean:.1e} dex, "
        f"deviation {deviation:.1e}"
    )


def seconds_for(stars: Stars, threads: int) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    distance_posterior(*stars, threads=threads)
    return time.perf_counter() - start


def side_by_side(generator: np.random.Generator, rounds: int = 5) -> None:
    """Print how many times faster than the grid one thread is, in turns."""
    few, many = ordinary(40, generator), ordinary(PAPERS_SAMPLE, generator)
    grid, ours = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        for star in zip(*few, strict=True):
            on_the_grid(*star)
        grid.append((time.perf_counter() - start) / 40)
        ours.append(seconds_for(many, 1) / PAPERS_SAMPLE)
    ratio = np.median(np.array(grid) / np.array(ours))
    print(
        f"one thread, median of {rounds}: grid {1e3 * np.median(grid):.2f} ms a star, "
        f"ours {1e6 * np.median(ours):.2f} us: {ratio:,.0f} times faster   (goal > 1,000)"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=PAPERS_SAMPLE, help="stars to time")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checked", type=int, default=400, help="stars a kind beside the grid")
    options = parser.parse_args()
    generator = np.random.default_rng(1)
    for kind in (ordinary, nasty, contradictory):
        accuracy(kind.__name__, kind(options.checked, generator), options.threads)
    side_by_side(generator)
    left, seconds = options.stars, 0.0
    while left > 0:
        n = min(left, 1_000_000)
        stars = ordinary(n, generator)
        seconds += seconds_for(stars, options.threads)
        left -= n
    print(f"{options.stars:,} stars on {options.threads} threads: {seconds:.2f} s")
    if options.stars < TEN_MILLION:
        minutes = seconds / options.stars * TEN_MILLION / 60.0
        print(f"extrapolated to 10 million: {minutes:.1f} minutes")


if __name__ == "__main__":
    main()
