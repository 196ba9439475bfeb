"""From ``raw.model_grid_spectrum`` to the grid that training spectra are interpolated in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import numpy as np

from ingest.model_grid.wavelength import LOG_STEP
from ml.slam.grid import ModelGrid
from warehouse.connection import WarehouseError

#: Guo et al. (2021, section 3.2): both grids, [M/H] -1 to 0.3.
GRIDS = ("BSTAR2006", "OSTAR2002")
M_H_RANGE = (-1.0, 0.301)

_NODE = ("teff", "logg", "m_h", "microturbulence")


def read_model_grid(
    connection: duckdb.DuckDBPyConnection,
    grids: Sequence[str] = GRIDS,
    *,
    m_h_range: tuple[float, float] = M_H_RANGE,
    simulated: bool = False,
    window: tuple[float, float] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> ModelGrid:
    """Return the loaded models as one grid in Teff, log g and [M/H].

    The grids overlap at 27.5-30 kK. There the first one named counts alone: of a later grid
    only what is hotter than all of the earlier ones is taken, since nodes between the others'
    nodes would tear its cells apart. Where a model was made with several microturbulent
    velocities the least is taken (BSTAR2006: 2 km/s, which exists at every gravity; 10 km/s only
    for supergiants), so that a grid is of one kind as far as it can be.

    Parameters
    ----------
    connection
        A warehouse.
    grids
        Names in the order of preference; ``SIM-`` is put before them for simulated ones.
    m_h_range
        [M/H] that are taken.
    simulated
        Whether the simulated grids are wanted.
    window
        Vacuum wavelengths that every model must cover, A; a model that does not is left out. None
        takes what all models share.
    tell
        Called with what was left out.

    Raises
    ------
    WarehouseError
        When there is nothing, or the models share no wavelengths.
    """
    wanted = [f"SIM-{grid}" if simulated else grid for grid in grids]
    rows = connection.execute(
        f"""
        select {", ".join(_NODE)}, grid, log_wavelength_start, log_wavelength_step, len(flux) as n
        from raw.model_grid_spectrum
        where list_contains(?, grid) and m_h between ? and ?
        order by list_position(?, grid), {", ".join(_NODE)}
        """,
        [wanted, m_h_range[0] - 0.005, m_h_range[1] + 0.005, wanted],
    ).fetchnumpy()
    if len(rows["grid"]) == 0:
        raise WarehouseError(
            f"no models of {', '.join(wanted)} in the warehouse; load them with `hotstars ingest "
            "model_grid DIR`"
        )
    first = np.rint(rows["log_wavelength_start"] / LOG_STEP).astype(np.int64)
    last = first + rows["n"] - 1
    kept = _preferred(rows, wanted)
    if window is not None:
        low, high = np.log10(np.asarray(window)) / LOG_STEP
        covered = (first <= low) & (last >= high)
        if np.any(kept & ~covered):
            tell(
                f"{np.sum(kept & ~covered)} models do not reach over {window[0]:g}-{window[1]:g} A "
                "and are left out"
            )
        kept &= covered
        if not np.any(kept):
            raise WarehouseError(
                f"no model of {', '.join(wanted)} covers {window[0]:g}-{window[1]:g} A; they cover "
                f"{10 ** (first.min() * LOG_STEP):.0f}-{10 ** (last.max() * LOG_STEP):.0f} A"
            )
        start, stop = int(np.floor(low)), int(np.ceil(high))
    else:
        start, stop = int(first[kept].max()), int(last[kept].min())
    start, stop = max(start, int(first[kept].max())), min(stop, int(last[kept].min()))
    if stop - start < 1:
        raise WarehouseError(
            f"the models of {', '.join(wanted)} share no wavelengths; give the window that is "
            "wanted, or load whole spectra"
        )
    labels = np.column_stack([rows[name][kept] for name in ("teff", "logg", "m_h")])
    flux = _flux(connection, rows, kept, first, start, stop)
    log_wavelength = np.arange(start, stop + 1, dtype=np.float64) * LOG_STEP
    return ModelGrid(labels, log_wavelength, flux, "+".join(wanted), simulated)


def read_available_grid(
    connection: duckdb.DuckDBPyConnection,
    *,
    window: tuple[float, float] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> ModelGrid:
    """Return the real grid where there is one over the window, else the simulated one.

    Parameters
    ----------
    connection, window, tell
        As for :func:`read_model_grid`.

    Raises
    ------
    WarehouseError
        When there is neither.
    """
    try:
        return read_model_grid(connection, window=window, tell=tell)
    except WarehouseError as real:
        try:
            grid = read_model_grid(connection, simulated=True, window=window, tell=tell)
        except WarehouseError as simulated:
            raise WarehouseError(
                f"{real}; nor is there a simulated one: `hotstars ingest simulated` loads it"
            ) from simulated
    tell(f"no real model spectra for this; the SIMULATED {grid.name} is used")
    return grid


def _preferred(rows: dict[str, np.ndarray], grids: Sequence[str]) -> np.ndarray:
    """Tell which rows count: one a node, and of a later grid only what is hotter."""
    kept = np.zeros(len(rows["grid"]), dtype=bool)
    hottest = -np.inf
    for grid in grids:
        own = np.flatnonzero((rows["grid"] == grid) & (rows["teff"] > hottest))
        labels = np.column_stack([rows[name][own] for name in ("teff", "logg", "m_h")])
        # rows are ordered by microturbulence within a node: the first is the least
        kept[own[np.unique(labels, axis=0, return_index=True)[1]]] = True
        hottest = max(hottest, rows["teff"][own].max(initial=-np.inf))
    return kept


def _flux(
    connection: duckdb.DuckDBPyConnection,
    rows: dict[str, np.ndarray],
    kept: np.ndarray,
    first: np.ndarray,
    start: int,
    stop: int,
) -> np.ndarray:
    """Return pixels ``start`` to ``stop`` of the rows kept, one model at a time from the table."""
    flux = np.empty((int(kept.sum()), stop - start + 1), dtype=np.float32)
    condition = " and ".join(f"{name} = ?" for name in ("grid", *_NODE))
    for place, row in enumerate(np.flatnonzero(kept)):
        offset = start - int(first[row])
        cut = connection.execute(
            f"select flux[?:?] as flux from raw.model_grid_spectrum where {condition}",
            [
                offset + 1,
                offset + stop - start + 1,
                str(rows["grid"][row]),
                *(float(rows[name][row]) for name in _NODE),
            ],
        ).fetchnumpy()["flux"]
        flux[place] = cut[0]
    return flux
