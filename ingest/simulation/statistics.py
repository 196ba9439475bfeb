"""How alike simulated and real spectra are, in numbers that need no model of the star.

Each quantity is measured on every spectrum of a set of files; a set is described by the
median and the range from 16 to 84 per cent of its spectra. ``python -m
ingest.simulation.statistics SIMULATED REAL`` prints two folders side by side.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter

from ingest.files import BadFileError
from ingest.lamost.model import Spectrum
from ingest.lamost.reader import read_lamost
from ingest.simulation.lines import Floats

#: S/N below which a medium-resolution plate has failed.
FAILED = 3.0
#: Real spectra that a verdict needs.
FEWEST = 3
#: Low-resolution regions (0.1 nm) where sky and joints leave their marks.
REGIONS = {"5577": (5570.0, 5588.0), "6300": (6295.0, 6310.0), "join": (5850.0, 5950.0)}


@dataclass(frozen=True)
class Statistic:
    """A quantity over a set of spectra.

    Attributes
    ----------
    group, quantity
        Kind of spectrum, and what was measured.
    median, low, high
        Median, 16th and 84th percentile.
    n
        Spectra.
    """

    group: str
    quantity: str
    median: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.median:.4g} ({self.low:.4g} .. {self.high:.4g}; {self.n})"


def statistics(paths: Iterable[Path]) -> list[Statistic]:
    """Measure files, simulated or real.

    Parameters
    ----------
    paths
        LAMOST files of any layout; those that cannot be read are left out.

    Returns
    -------
    list of Statistic
        By group and quantity.
    """
    return _summary(_measured(paths))


def _measured(paths: Iterable[Path]) -> dict[str, list[dict[str, float]]]:
    """Return group -> what was measured of each of its spectra."""
    found: dict[str, list[dict[str, float]]] = {}
    for path in paths:
        _, file = read_lamost(Path(path))
        if isinstance(file, BadFileError):
            continue
        for spectrum in file.spectra:
            # what the arms measure themselves by: the file's own for low resolution
            header = spectrum.header_snr if spectrum.arm != "L" else file.observation.snr_r
            group = _group(spectrum, file.observation.layout)
            found.setdefault(group, []).append(measure(spectrum, header))
    return found


def _summary(measured: dict[str, list[dict[str, float]]]) -> list[Statistic]:
    table = []
    for group, spectra in sorted(measured.items()):
        for quantity in sorted({name for item in spectra for name in item}):
            numbers = [item[quantity] for item in spectra if np.isfinite(item[quantity])]
            if not numbers:
                continue
            low, median, high = np.percentile(numbers, [16.0, 50.0, 84.0])
            n = len(numbers)
            table.append(Statistic(group, quantity, float(median), float(low), float(high), n))
    return table


def _group(spectrum: Spectrum, layout: str) -> str:
    if spectrum.arm == "L":
        return "LRS first release" if layout == "lrs-image-coefficients" else "LRS"
    kind = "single" if spectrum.exposure else "coadd"
    failed = " failed" if spectrum.snr is None or spectrum.snr < FAILED else ""
    return f"MRS {spectrum.arm} {kind}{failed}"


def measure(spectrum: Spectrum, header_snr: float | None = None) -> dict[str, float]:
    """Measure one spectrum.

    Parameters
    ----------
    spectrum
        As the loader reads it.
    header_snr
        S/N that the header claims.

    Returns
    -------
    dict
        ``S/N`` (median of flux x sqrt(ivar)); ``pixels``; ``step`` (dex, median);
        ``zero ivar %``; ``masked %``; ``scatter`` (about a 7-pixel median, in units of what
        ivar says, half of the range from 16 to 84 per cent); ``spikes %`` (beyond 6 times
        that); ``neighbours`` (their correlation); ``header/own SNR``; ``negative %``; for low
        resolution the relative scatter at the sky lines 5577 and 6300 and where the arms join.
    """
    flux, ivar = spectrum.flux.astype(np.float64), spectrum.ivar.astype(np.float64)
    n = len(flux)
    wavelength = spectrum.grid.values(n)
    mask = np.zeros(n, bool) if spectrum.or_mask is None else spectrum.or_mask != 0
    known = ivar > 0
    good = known & ~mask & (flux != 0.0)
    residual = flux - median_filter(flux, 7)
    ratio = residual * np.sqrt(np.where(known, ivar, 0.0))
    low, high = np.percentile(ratio[good], [16.0, 84.0]) if good.sum() > 50 else (np.nan, np.nan)
    scatter = 0.5 * (high - low)
    quiet = good & (np.abs(ratio) < 5.0 * scatter)
    pairs = quiet[1:] & quiet[:-1]
    neighbours = np.nan
    if pairs.sum() > 50:
        neighbours = float(np.corrcoef(ratio[1:][pairs], ratio[:-1][pairs])[0, 1])
    own = spectrum.snr
    if spectrum.arm == "L":
        band = (wavelength > 6600.0) & (wavelength < 6800.0) & known
        own = float(np.median(flux[band] * np.sqrt(ivar[band]))) if band.any() else None
    found = {
        "S/N": float(own) if own is not None else np.nan,
        "pixels": float(n),
        "step": float(np.median(np.diff(np.log10(wavelength)))),
        "zero ivar %": 100.0 * float(np.mean(~known)),
        "masked %": 100.0 * float(np.mean(mask)),
        "spikes %": 100.0 * float(np.mean(np.abs(ratio[good]) > 6.0 * scatter)),
        "scatter": float(scatter),
        "neighbours": neighbours,
        "header/own SNR": header_snr / own if header_snr and own and own > 0.3 else np.nan,
        "negative %": 100.0 * float(np.mean(flux <= 0.0)),
    }
    if spectrum.arm == "L":
        for name, (left, right) in REGIONS.items():
            found[f"residual {name} %"] = 100.0 * _residual(wavelength, flux, left, right)
    return found


def _residual(wavelength: Floats, flux: Floats, left: float, right: float) -> float:
    """Return the scatter within a region about a straight line through its surroundings."""
    middle = 0.5 * (left + right)
    beside = (np.abs(wavelength - middle) < 150.0) & ((wavelength < left) | (wavelength > right))
    inside = (wavelength >= left) & (wavelength <= right)
    line = np.polyfit(wavelength[beside] - middle, flux[beside], 1)
    level = np.polyval(line, wavelength[inside] - middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sqrt(np.mean((flux[inside] / level - 1.0) ** 2)))


def compare(simulated: Iterable[Path], real: Iterable[Path]) -> str:
    """Return a table of simulated beside real files.

    Of the simulated spectra of a group those are taken that have the S/N of real ones, for
    lines count as spikes and as scatter where noise is low. A quantity *agrees* where the
    ranges from 16 to 84 per cent overlap. That is a weak test where one range is wide, and a
    strict one where there are few real spectra; their numbers stand in the table. Groups
    with fewer than three real spectra get no verdict.

    Parameters
    ----------
    simulated, real
        Files.
    """
    known = _measured(real)
    like = {
        group: _of_like_noise(spectra, known[group])
        for group, spectra in _measured(simulated).items()
        if group in known
    }
    made = {(item.group, item.quantity): item for item in _summary(like)}
    seen = {(item.group, item.quantity): item for item in _summary(known)}
    lines = [f"{'':38s} {'simulated':36s} {'real':36s}"]
    for key in sorted(made.keys() & seen.keys()):
        ours, theirs = made[key], seen[key]
        # what is a constant in the real survey may differ by its rounding
        slack = 1e-3 * abs(theirs.median)
        overlap = ours.low <= theirs.high + slack and theirs.low <= ours.high + slack
        verdict = "agree" if overlap else "differs"
        if theirs.n < FEWEST:
            verdict = f"({verdict})"
        lines.append(f"{key[0]:20s} {key[1]:17s} {ours!s:36s} {theirs!s:36s} {verdict}")
    return "\n".join(lines)


def _of_like_noise(
    spectra: list[dict[str, float]], real: list[dict[str, float]]
) -> list[dict[str, float]]:
    """Return the spectra whose S/N lies in the range of the real ones, if there are any."""
    noise = [item["S/N"] for item in real if np.isfinite(item["S/N"])]
    if not noise:
        return spectra
    low, high = 0.7 * min(noise), 1.4 * max(noise)
    return [item for item in spectra if low <= item["S/N"] <= high] or spectra


def main(arguments: Sequence[str]) -> int:
    """Compare two folders of files; return the exit code."""
    if len(arguments) != 2:
        print("usage: python -m ingest.simulation.statistics SIMULATED REAL", file=sys.stderr)
        return 2
    found = [sorted(Path(folder).rglob("*.fits*")) for folder in arguments]
    print(compare(*found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
