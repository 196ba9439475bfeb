"""Spectral lines of the simulation, on the grids on which spectra are made.

Wavelengths are vacuum, in 0.1 nm. Strong lines are real ones; the thousands of weak ones
that fill a cool star's spectrum are drawn once with a fixed seed, since only their
crowding, not their places, matters here. Lines of one kind (say, neutral iron-peak
metals) share one template of optical depth, which :mod:`ingest.simulation.photosphere`
weighs by temperature: a spectrum is then a sum of some twenty templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ml.spectra.air import to_vacuum

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

SPEED_OF_LIGHT = 299_792.458  # km/s
_LN10 = float(np.log(10.0))


@dataclass(frozen=True)
class Grid:
    """A log-linear grid on which spectra are synthesised.

    Attributes
    ----------
    name
        ``mrs_b``, ``mrs_r`` or ``lrs``.
    log_start, log_step, n_pixels
        log10 of the first wavelength in 0.1 nm, step, length.
    resolution
        Resolving power of the instrument.
    thin
        How many pixels of this grid make one of the instrument.
    """

    name: str
    log_start: float
    log_step: float
    n_pixels: int
    resolution: float
    thin: int = 1

    @property
    def log_wavelength(self) -> Floats:
        """log10 of the wavelengths, (n_pixels,)."""
        return self.log_start + self.log_step * np.arange(self.n_pixels, dtype=np.float64)

    @property
    def wavelength(self) -> Floats:
        """Wavelengths in 0.1 nm, (n_pixels,)."""
        return np.asarray(10.0**self.log_wavelength)

    @property
    def velocity_step(self) -> float:
        """Width of a pixel in km/s."""
        return SPEED_OF_LIGHT * _LN10 * self.log_step

    def pixel(self, wavelength: float | Floats) -> Floats:
        """Return the (fractional) pixel of a wavelength."""
        return (np.log10(np.asarray(wavelength)) - self.log_start) / self.log_step


GRIDS = {
    "mrs_b": Grid("mrs_b", float(np.log10(4866.0)), 1e-5, 4800, 7500.0),
    "mrs_r": Grid("mrs_r", float(np.log10(6235.0)), 1e-5, 4500, 7500.0),
    "lrs": Grid("lrs", float(np.log10(3670.0)), 2.5e-5, 16000, 1800.0, thin=4),
}

#: H-alpha to H-12, and their width relative to H-alpha's.
BALMER = (
    (6564.61, 1.00), (4862.69, 1.22), (4341.69, 1.30), (4102.90, 1.33),
    (3971.20, 1.25), (3890.15, 1.05), (3836.48, 0.85), (3798.98, 0.68), (3771.70, 0.52),
    (3751.22, 0.40),
)  # fmt: skip
H_ALPHA = BALMER[0][0]


# (wavelength in air, equivalent width in 0.1 nm where the kind is strongest, sigma in km/s)
_HELIUM_I = (
    (3819.6, 0.8, 40), (3867.5, 0.2, 30), (3926.5, 0.25, 35), (3964.7, 0.25, 25),
    (4009.3, 0.4, 35), (4026.2, 1.15, 45), (4120.8, 0.25, 25), (4143.8, 0.55, 40),
    (4387.9, 0.75, 45), (4437.6, 0.1, 25), (4471.5, 1.15, 45), (4713.1, 0.3, 25),
    (4921.9, 0.75, 45), (5015.7, 0.32, 25), (5047.7, 0.16, 28), (5875.6, 0.75, 32),
    (6678.2, 0.70, 35), (7065.2, 0.5, 30), (7281.4, 0.25, 30),
)  # fmt: skip
_HELIUM_II = (
    (4199.8, 0.6, 60), (4541.6, 0.8, 60), (4685.7, 0.75, 50), (5411.5, 1.0, 65),
    (6560.1, 0.7, 60), (6683.2, 0.25, 60), (4859.3, 0.6, 60), (4338.7, 0.5, 60),
)  # fmt: skip
_O_STAR = (
    (4088.9, 0.3, 20), (4097.3, 0.25, 20), (4116.1, 0.2, 20), (4379.1, 0.1, 20),
    (4647.4, 0.35, 25), (4650.2, 0.2, 25), (5592.3, 0.3, 22), (5696.0, -0.15, 30),
    (5801.3, 0.3, 25), (5812.0, 0.2, 25), (4634.1, -0.1, 30), (4640.6, -0.15, 30),
    (4930.0, 0.06, 25), (5114.1, 0.06, 25), (6701.0, 0.1, 25), (6721.0, 0.08, 25),
)  # fmt: skip
_B_STAR = (
    (3995.0, 0.12, 12), (4069.8, 0.14, 14), (4072.2, 0.10, 12), (4075.9, 0.12, 12),
    (4267.2, 0.22, 16), (4317.1, 0.09, 12), (4349.4, 0.11, 12), (4366.9, 0.09, 12),
    (4414.9, 0.12, 12), (4417.0, 0.09, 12), (4552.6, 0.20, 14), (4567.8, 0.16, 14),
    (4574.8, 0.10, 12), (4590.9, 0.09, 12), (4596.2, 0.08, 12), (4630.5, 0.08, 12),
    (4638.9, 0.08, 12), (4641.8, 0.13, 12), (4649.1, 0.18, 14), (4650.8, 0.10, 12),
    (4661.6, 0.09, 12), (4676.2, 0.08, 12), (4906.8, 0.04, 12), (4924.5, 0.06, 12),
    (4941.1, 0.05, 12), (4943.0, 0.05, 12), (5001.3, 0.10, 14), (5005.2, 0.08, 12),
    (5007.3, 0.04, 12), (5010.6, 0.04, 12), (5032.4, 0.05, 12), (5045.1, 0.06, 12),
    (5073.9, 0.03, 12), (5133.0, 0.08, 18), (5145.2, 0.07, 16), (5151.1, 0.05, 14),
    (5156.1, 0.03, 12), (5159.9, 0.03, 12), (5206.7, 0.03, 12), (5212.6, 0.03, 12),
    (5320.7, 0.05, 12), (5345.7, 0.04, 12), (5432.8, 0.06, 12), (5453.8, 0.08, 12),
    (5640.0, 0.08, 14), (5666.6, 0.08, 12), (5676.0, 0.06, 12), (5679.6, 0.12, 14),
    (5696.6, 0.08, 12), (5722.7, 0.06, 12), (5739.7, 0.16, 14), (6402.2, 0.10, 14),
    (6506.5, 0.06, 12), (6482.1, 0.07, 12), (6578.1, 0.22, 15), (6582.9, 0.15, 14),
    (6379.6, 0.05, 12), (6610.6, 0.05, 12), (6640.9, 0.05, 12), (6721.4, 0.05, 12),
    (6783.9, 0.06, 14), (6787.2, 0.03, 12), (6334.4, 0.06, 12), (6382.9, 0.06, 12),
    (6143.1, 0.06, 12), (7236.4, 0.2, 16), (7231.3, 0.15, 16),
)  # fmt: skip
_SILICON_II = (
    (3853.7, 0.08, 12), (3856.0, 0.16, 14), (3862.6, 0.13, 14), (4128.1, 0.16, 13),
    (4130.9, 0.18, 13), (5041.0, 0.12, 14), (5056.0, 0.18, 15), (6347.1, 0.28, 15),
    (6371.4, 0.20, 15), (5957.6, 0.08, 14), (5979.0, 0.10, 14),
)  # fmt: skip
_MAGNESIUM_II = ((4481.2, 0.55, 18), (4390.6, 0.06, 14), (7877.1, 0.1, 15), (7896.4, 0.18, 15))
_IONISED_METALS = (
    (4173.5, 0.18, 12), (4178.9, 0.18, 12), (4233.2, 0.28, 12), (4303.2, 0.15, 12),
    (4351.8, 0.25, 12), (4385.4, 0.15, 12), (4416.8, 0.16, 12), (4395.0, 0.20, 12),
    (4443.8, 0.18, 12), (4468.5, 0.18, 12), (4501.3, 0.18, 12), (4508.3, 0.18, 12),
    (4515.3, 0.16, 12), (4520.2, 0.16, 12), (4522.6, 0.20, 12), (4534.0, 0.18, 12),
    (4549.5, 0.36, 14), (4555.9, 0.20, 12), (4563.8, 0.16, 12), (4572.0, 0.20, 12),
    (4583.8, 0.28, 12), (4629.3, 0.18, 12), (4923.9, 0.28, 12), (5018.4, 0.30, 12),
    (5169.0, 0.34, 12), (5197.6, 0.15, 12), (5226.5, 0.12, 12), (5234.6, 0.17, 12),
    (5237.3, 0.08, 12), (5264.8, 0.06, 12), (5275.9, 0.18, 12), (5276.0, 0.06, 12),
    (5284.1, 0.06, 12), (5316.6, 0.26, 13), (5325.6, 0.05, 12), (5336.8, 0.08, 12),
    (5362.9, 0.14, 12), (5188.7, 0.11, 12), (5129.2, 0.08, 12), (5100.7, 0.06, 14),
    (4993.4, 0.05, 12), (5185.9, 0.06, 12), (5154.1, 0.06, 12), (6238.4, 0.10, 12),
    (6247.6, 0.15, 12), (6416.9, 0.10, 12), (6432.7, 0.08, 12), (6456.4, 0.20, 12),
    (6516.1, 0.08, 12), (6147.7, 0.10, 12), (6149.3, 0.10, 12), (7711.7, 0.1, 12),
)  # fmt: skip
_NEUTRAL_METALS = (
    (4045.8, 0.9, 22), (4063.6, 0.6, 20), (4071.7, 0.5, 20), (4226.7, 1.2, 30),
    (4271.8, 0.5, 20), (4307.9, 0.5, 20), (4325.8, 0.5, 20), (4383.5, 0.8, 22),
    (4404.8, 0.5, 20), (4891.5, 0.25, 12), (4903.3, 0.14, 11), (4918.9, 0.2, 12),
    (4920.5, 0.32, 13), (4957.6, 0.36, 14), (4982.5, 0.12, 11), (4991.1, 0.12, 11),
    (5006.1, 0.15, 11), (5012.1, 0.15, 11), (5041.8, 0.18, 11), (5049.8, 0.15, 11),
    (5051.6, 0.14, 11), (5079.2, 0.15, 11), (5083.3, 0.12, 11), (5110.4, 0.16, 11),
    (5139.4, 0.26, 13), (5142.9, 0.15, 11), (5150.8, 0.12, 11), (5171.6, 0.18, 11),
    (5191.5, 0.18, 11), (5192.3, 0.20, 11), (5194.9, 0.14, 11), (5204.5, 0.30, 13),
    (5206.0, 0.25, 12), (5208.4, 0.32, 13), (5216.3, 0.13, 11), (5227.2, 0.32, 13),
    (5232.9, 0.34, 13), (5250.6, 0.13, 11), (5266.6, 0.28, 12), (5269.5, 0.48, 14),
    (5270.4, 0.38, 13), (5281.8, 0.16, 11), (5283.6, 0.19, 11), (5302.3, 0.16, 11),
    (5324.2, 0.31, 13), (5328.0, 0.40, 14), (5328.5, 0.16, 11), (5339.9, 0.17, 11),
    (5341.0, 0.20, 11), (5371.5, 0.25, 12), (5383.4, 0.20, 11), (6301.5, 0.13, 11),
    (6318.0, 0.11, 11), (6335.3, 0.12, 11), (6336.8, 0.13, 11), (6358.7, 0.12, 11),
    (6393.6, 0.16, 11), (6400.0, 0.21, 12), (6408.0, 0.12, 11), (6411.6, 0.15, 11),
    (6421.4, 0.12, 11), (6430.8, 0.14, 11), (6439.1, 0.19, 12), (6449.8, 0.11, 11),
    (6462.6, 0.22, 12), (6471.7, 0.10, 11), (6475.6, 0.07, 11), (6493.8, 0.16, 12),
    (6495.0, 0.22, 12), (6496.9, 0.14, 11), (6499.7, 0.09, 11), (6518.4, 0.07, 11),
    (6546.2, 0.12, 11), (6569.2, 0.09, 11), (6572.8, 0.06, 11), (6574.2, 0.05, 11),
    (6575.0, 0.07, 11), (6581.2, 0.04, 11), (6592.9, 0.13, 11), (6593.9, 0.09, 11),
    (6609.1, 0.08, 11), (6643.6, 0.11, 11), (6663.4, 0.10, 11), (6678.0, 0.15, 11),
    (6705.1, 0.06, 11), (6717.7, 0.14, 11), (6750.2, 0.09, 11), (6767.8, 0.09, 11),
)  # fmt: skip
_MAGNESIUM_B = (
    (5167.3, 0.50, 30), (5172.7, 0.80, 42), (5183.6, 0.95, 50), (5528.4, 0.2, 22),
    (5889.95, 0.75, 34), (5895.9, 0.55, 28), (8183.3, 0.2, 24), (8194.8, 0.3, 26),
)  # fmt: skip
_CALCIUM_II = (
    (3933.7, 7.0, 260), (3968.5, 5.0, 220), (8498.0, 1.0, 45), (8542.1, 2.6, 90),
    (8662.1, 2.2, 80),
)  # fmt: skip
# band heads with the length of their tail to the red, both in 0.1 nm of air, and depth
_TITANIUM_OXIDE = (
    (4761.0, 45, 0.6), (4954.6, 60, 0.9), (5166.8, 75, 1.2), (5448.0, 60, 1.0),
    (5597.0, 45, 0.6), (5661.0, 40, 0.5), (5759.0, 45, 0.8), (5847.0, 45, 1.0),
    (6158.5, 60, 1.1), (6321.0, 30, 0.35), (6357.0, 25, 0.3), (6384.0, 25, 0.3),
    (6651.5, 30, 0.7), (6680.0, 30, 0.6), (6712.0, 35, 0.6), (6747.0, 30, 0.4),
    (6781.0, 40, 0.4), (7053.0, 50, 1.4), (7087.0, 50, 1.0), (7125.0, 60, 0.9),
    (7589.0, 80, 0.9), (7666.0, 70, 0.6), (8206.0, 70, 0.4), (8432.0, 70, 0.8),
    (8859.0, 60, 0.8),
)  # fmt: skip
_MOLECULES = ((4300.0, 18, 0.7), (4312.0, 12, 0.4), (3883.4, -40, 0.8), (4215.6, -30, 0.5))
_MGH = ((5211.0, -28, 0.6), (4780.0, -30, 0.3), (5618.0, -40, 0.2))
# interstellar: (air, EW for E(B-V) = 1, sigma in km/s)
_INTERSTELLAR = (
    (4428.9, 2.6, 480), (4501.8, 0.2, 80), (4726.3, 0.25, 70), (4762.6, 0.2, 60),
    (4882.0, 0.7, 400), (5487.7, 0.2, 120), (5705.1, 0.2, 60), (5780.5, 0.52, 46),
    (5797.1, 0.17, 20), (5849.8, 0.07, 20), (6195.98, 0.06, 14), (6203.0, 0.18, 60),
    (6269.8, 0.13, 30), (6283.8, 1.15, 88), (6376.1, 0.04, 18), (6379.3, 0.09, 16),
    (6613.6, 0.23, 22), (6660.7, 0.04, 14), (6993.2, 0.1, 20), (5889.95, 0.75, 22),
    (5895.92, 0.6, 22), (3933.7, 0.4, 22), (3968.5, 0.25, 22), (7699.0, 0.15, 16),
)  # fmt: skip

#: Templates in the order of the rows of :func:`templates`.
KINDS = (
    "neutral", "neutral_weak", "neutral_high", "ionised", "ionised_weak", "magnesium_b",
    "calcium_ii", "magnesium_ii", "silicon_ii", "b_star", "helium_i", "helium_ii", "o_star",
    "titanium_oxide", "molecules", "mgh", "paschen", "hot_weak",
    "peculiar_1", "peculiar_2", "peculiar_3",
)  # fmt: skip


def add_line(row: Floats, grid: Grid, wavelength: float, width: float, sigma: float) -> None:
    """Add the optical depth of a Gaussian line to a row, in place.

    Parameters
    ----------
    row : (n_pixels,)
        Optical depths.
    wavelength, width
        Vacuum wavelength and equivalent width of the line by itself, 0.1 nm.
    sigma
        In km/s; at least one pixel is taken.
    """
    pixels = max(sigma / grid.velocity_step, 1.0)
    centre = float(grid.pixel(wavelength))
    low, high = int(max(centre - 6 * pixels, 0)), int(min(centre + 6 * pixels + 2, len(row)))
    if low >= high:
        return
    angstrom = pixels * grid.velocity_step / SPEED_OF_LIGHT * wavelength
    depth = width / (angstrom * np.sqrt(2.0 * np.pi))
    # saturation: the depth that a line of this width has, turned into optical depth
    depth = -np.log1p(-min(depth, 0.88) * 1.12) if depth > 0 else depth
    x = (np.arange(low, high) - centre) / pixels
    row[low:high] += depth * np.exp(-0.5 * x * x)


def _row(grid: Grid, entries: tuple[tuple[float, float, float], ...]) -> Floats:
    row = np.zeros(grid.n_pixels)
    for air, width, sigma in entries:
        add_line(row, grid, float(to_vacuum(air)), width, sigma)
    return row


def _bands(grid: Grid, entries: tuple[tuple[float, float, float], ...], rough: Floats) -> Floats:
    row = np.zeros(grid.n_pixels)
    wavelength = grid.wavelength
    for air, tail, depth in entries:
        x = (wavelength - float(to_vacuum(air))) / tail  # a negative tail degrades to the blue
        inside = np.clip(x, 0.0, 40.0)
        row += depth * np.where(x >= 0, np.exp(-inside), 0.0)
    return np.asarray(row * rough)


def _forest(grid: Grid, number: int, density: float, median: float, scatter: float) -> Floats:
    """Return a template of weak random lines, the same ones on every grid.

    ``density`` counts lines per 0.1 nm at 500 nm; it falls off to the red as metals do.
    """
    rng = np.random.default_rng([20260, number])
    count = int(5600 * density)
    wave = 3650.0 + 5600.0 * rng.random(count)
    kept = rng.random(count) < np.clip((5000.0 / wave) ** 4.0, 0.0, 2.0) / 2.0
    width = median * np.exp(scatter * rng.standard_normal(count))
    row = np.zeros(grid.n_pixels)
    low, high = grid.wavelength[[0, -1]]
    chosen = kept & (wave > low - 2.0) & (wave < high + 2.0)
    for line, strength in zip(wave[chosen], width[chosen], strict=True):
        add_line(row, grid, float(line), float(min(strength, 0.13)), 8.0)
    return row


def _paschen(grid: Grid) -> Floats:
    row = np.zeros(grid.n_pixels)
    wavelength = grid.wavelength
    for n in range(9, 19):
        line = 911.7633 / (1.0 / 9.0 - 1.0 / n**2)
        width = 16.0 * (9.0 / n) ** 0.3
        row += 0.34 * (9.0 / n) ** 0.9 / (1.0 + np.abs((wavelength - line) / (0.4 * width)) ** 2.0)
    edge = 1.0 / (1.0 + np.exp(-(wavelength - 8400.0) / 30.0))
    return np.asarray(row * edge)


def _roughness(grid: Grid) -> Floats:
    """Return the ragged factor that the thousands of lines of a band leave in its tail."""
    rng = np.random.default_rng(20261)
    low, high, step = 3600.0, 9300.0, 0.35
    nodes = np.arange(low, high, step)
    values = 1.0 + 0.35 * rng.standard_normal(len(nodes))
    return np.asarray(np.clip(np.interp(grid.wavelength, nodes, values), 0.2, 2.0))


@cache
def templates(name: str) -> Singles:
    """Return the optical depths of all kinds of lines on a grid, (len(KINDS), n_pixels)."""
    grid = GRIDS[name]
    rough = _roughness(grid)
    rows = {
        "neutral": _row(grid, _NEUTRAL_METALS),
        "neutral_weak": _forest(grid, 1, 2.2, 0.028, 0.9),
        "neutral_high": _forest(grid, 2, 2.0, 0.018, 0.9),
        "ionised": _row(grid, _IONISED_METALS),
        "ionised_weak": _forest(grid, 3, 0.8, 0.022, 0.9),
        "magnesium_b": _row(grid, _MAGNESIUM_B),
        "calcium_ii": _row(grid, _CALCIUM_II),
        "magnesium_ii": _row(grid, _MAGNESIUM_II),
        "silicon_ii": _row(grid, _SILICON_II),
        "b_star": _row(grid, _B_STAR),
        "helium_i": _row(grid, _HELIUM_I),
        "helium_ii": _row(grid, _HELIUM_II),
        "o_star": _row(grid, _O_STAR),
        "titanium_oxide": _bands(grid, _TITANIUM_OXIDE, rough),
        "molecules": _bands(grid, _MOLECULES, rough),
        "mgh": _bands(grid, _MGH, rough),
        "paschen": _paschen(grid),
        "hot_weak": _forest(grid, 4, 0.25, 0.012, 0.8),
        "peculiar_1": _forest(grid, 5, 0.5, 0.03, 0.9),
        "peculiar_2": _forest(grid, 6, 0.5, 0.03, 0.9),
        "peculiar_3": _forest(grid, 7, 0.5, 0.03, 0.9),
    }
    return np.array([rows[kind] for kind in KINDS], dtype=np.float32)


@cache
def interstellar(name: str) -> Singles:
    """Return the optical depth of interstellar lines and bands for E(B-V) = 1, (n_pixels,)."""
    return _row(GRIDS[name], _INTERSTELLAR).astype(np.float32)


N_RIPPLES = 12


@cache
def ripples(name: str) -> Singles:
    """Return smooth random curves of unit scatter, (N_RIPPLES, n_pixels).

    They stand for all that no model has: blends, badly known lines, flat fields. Their
    scales run from 0.05 to 3 nm, the same curve of wavelength on every grid.
    """
    grid = GRIDS[name]
    scales = (0.6, 1.0, 1.5, 2.5, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0, 25.0, 32.0)
    rows = []
    for number, scale in enumerate(scales):
        rng = np.random.default_rng([20262, number])
        nodes = np.arange(3600.0, 9300.0, scale)
        values = rng.standard_normal(len(nodes))
        values = (values + np.roll(values, 1)) / np.sqrt(2.0)
        rows.append(np.interp(grid.wavelength, nodes, values))
    return np.array(rows, dtype=np.float32)
