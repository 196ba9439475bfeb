"""Intrinsic colours from tables of bolometric corrections of MIST (Choi et al. 2016).

The tables (`mist.science <https://waps.cfa.harvard.edu/MIST/model_grids.html>`_, "bolometric
corrections") are plain text, one file a metallicity: comment lines, the last of which names the
columns ``Teff logg [Fe/H] Av Rv`` and then the bands. A colour is the difference of two
corrections: with the same bolometric magnitude, ``m_1 - m_2 = BC_2 - BC_1``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RegularGridInterpolator

Floats = NDArray[np.float64]

_AXES = ("[Fe/H]", "Teff", "logg")


@dataclass(frozen=True)
class ColourGrid:
    """Bolometric corrections without extinction on a grid.

    Attributes
    ----------
    bands
        Names as in the files, such as ``2MASS_J``.
    axes
        [Fe/H], log10 of Teff, log g; growing.
    corrections : (n_fe_h, n_teff, n_logg, n_bands)
        mag; NaN where the files have no model.
    """

    bands: tuple[str, ...]
    axes: tuple[Floats, Floats, Floats]
    corrections: Floats

    def colours(
        self, teff: ArrayLike, logg: ArrayLike, m_h: ArrayLike, pairs: Iterable[tuple[str, str]]
    ) -> Floats:
        """Return intrinsic colours, (n, n_pairs), mag.

        Parameters
        ----------
        teff, logg, m_h : (n,)
            K, dex, dex. With one metallicity in the grid ``m_h`` does not count.
        pairs
            Bands of each colour.

        Raises
        ------
        ValueError
            If a band is not in the files.

        Notes
        -----
        Linear in log Teff, log g and [Fe/H]; NaN outside the grid.
        """
        pairs = tuple(pairs)
        unknown = {band for pair in pairs for band in pair} - set(self.bands)
        if unknown:
            known = ", ".join(self.bands)
            raise ValueError(f"no band {', '.join(sorted(unknown))}; the files hold {known}")
        with np.errstate(invalid="ignore", divide="ignore"):
            log_teff = np.log10(np.asarray(teff, dtype=np.float64))
        place = np.stack(np.broadcast_arrays(np.asarray(m_h, float), log_teff, logg), axis=-1)
        used = [number for number, axis in enumerate(self.axes) if number or len(axis) > 1]
        axes = tuple(self.axes[number] for number in used)
        values = self.corrections if len(used) == 3 else self.corrections[0]
        place = place[..., used]
        find = RegularGridInterpolator(axes, values, bounds_error=False, fill_value=np.nan)
        found = np.full((*place.shape[:-1], len(self.bands)), np.nan)
        known_place = np.isfinite(place).all(axis=-1)
        if known_place.any():
            found[known_place] = find(place[known_place])
        number = {band: i for i, band in enumerate(self.bands)}
        columns = [found[..., number[red]] - found[..., number[blue]] for blue, red in pairs]
        return np.stack(columns, axis=-1)


def read_bolometric_corrections(paths: Iterable[Path]) -> ColourGrid:
    """Read tables of bolometric corrections, one file a metallicity.

    Parameters
    ----------
    paths
        Such as ``feh_p0.00.UBVRIplus``; all with the same bands.

    Raises
    ------
    ValueError
        If a file has no line of column names, or other bands than the first.
    """
    tables = [_read(path) for path in paths]
    if not tables:
        raise ValueError("no file of bolometric corrections was given")
    first = tables[0].columns
    for table in tables:
        if list(table.columns) != list(first):
            raise ValueError("the files of bolometric corrections have different bands")
    whole = pd.concat(tables)
    whole = whole[whole["Av"] == 0.0]
    bands = tuple(name for name in first if name not in (*_AXES, "Av", "Rv"))
    values = [np.unique(whole[name].to_numpy(dtype=np.float64)) for name in _AXES]
    corrections = np.full((*(len(axis) for axis in values), len(bands)), np.nan)
    place = tuple(
        np.searchsorted(axis, whole[name].to_numpy(dtype=np.float64))
        for axis, name in zip(values, _AXES, strict=True)
    )
    corrections[place] = whole[list(bands)].to_numpy(dtype=np.float64)
    return ColourGrid(bands, (values[0], np.log10(values[1]), values[2]), corrections)


def _read(path: Path) -> pd.DataFrame:
    names: list[str] = []
    with path.open() as file:
        for line in file:
            if not line.startswith("#"):
                break
            names = line.lstrip("#").split()
    missing = {*_AXES, "Av", "Rv"} - set(names)
    if missing:
        raise ValueError(
            f"{path}: the last comment line names no column {', '.join(sorted(missing))}; "
            "give a MIST table of bolometric corrections"
        )
    return pd.read_csv(path, comment="#", sep=r"\s+", names=names)
