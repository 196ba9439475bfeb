"""Spectra of any lengths on any grids, as a column of lists holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPEED_OF_LIGHT = 299_792.458
"""km/s."""


@dataclass(frozen=True)
class RaggedSpectra:
    """Spectra of any lengths on any grids, as one column of lists holds them.

    Parameters
    ----------
    flux, ivar
        All rows end to end, shape ``(n_total,)``.
    or_mask
        The same for the mask, or None where no row has one. A row with no mask counts as
        unflagged.
    offsets
        Shape ``(n_spectra + 1,)``: row ``i`` is ``flux[offsets[i]:offsets[i + 1]]``.
    log_wavelength_start, log_wavelength_step
        log10 of the first pixel's vacuum wavelength in A and its step; NaN where ``wavelength``
        is given instead. Shape ``(n_spectra,)``.
    wavelength
        Explicit wavelengths end to end, in either order; None where no row has them.
    ivar_offsets, or_mask_offsets, wavelength_offsets
        Offsets of those arrays; None where they are the same as ``offsets``.

    Raises
    ------
    ValueError
        If the shapes do not belong together. Rows whose lists differ in length are no such
        fault: they get a status.
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    or_mask: NDArray[np.integer] | None
    offsets: NDArray[np.int64]
    log_wavelength_start: NDArray[np.float64]
    log_wavelength_step: NDArray[np.float64]
    wavelength: NDArray[np.floating] | None = None
    ivar_offsets: NDArray[np.int64] | None = None
    or_mask_offsets: NDArray[np.int64] | None = None
    wavelength_offsets: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self)
        for name in ("log_wavelength_start", "log_wavelength_step"):
            if np.shape(getattr(self, name)) != (n,):
                raise ValueError(f"{name} has shape {np.shape(getattr(self, name))}, not ({n},)")
        for name in ("flux", "ivar", "or_mask", "wavelength"):
            values = getattr(self, name)
            if values is None:
                continue
            offsets = self.offsets_of(name)
            if np.ndim(values) != 1 or offsets.shape != (n + 1,):
                raise ValueError(f"{name} must be flat, with {n + 1} offsets")
            if n and (offsets[0] < 0 or offsets[-1] > len(values) or np.any(np.diff(offsets) < 0)):
                raise ValueError(f"the offsets of {name} leave its {len(values)} values")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def rows(self, rows: slice) -> RaggedSpectra:
        """Return some neighbouring rows; the values are shared, not copied."""
        inner = slice(rows.start, rows.stop + 1)

        def cut(offsets: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
            return None if offsets is None else offsets[inner]

        return replace(
            self,
            offsets=self.offsets[inner],
            log_wavelength_start=self.log_wavelength_start[rows],
            log_wavelength_step=self.log_wavelength_step[rows],
            ivar_offsets=cut(self.ivar_offsets),
            or_mask_offsets=cut(self.or_mask_offsets),
            wavelength_offsets=cut(self.wavelength_offsets),
        )

    def offsets_of(self, name: str) -> NDArray[np.int64]:
        """Return the offsets of ``flux``, ``ivar``, ``or_mask`` or ``wavelength``."""
        own = None if name == "flux" else getattr(self, f"{name}_offsets")
        return self.offsets if own is None else own


def at_rest(spectra: RaggedSpectra, velocity: ArrayLike) -> RaggedSpectra:
    """Return spectra with their wavelengths divided by ``1 + v/c``.

    Parameters
    ----------
    spectra
        In the frame of the Sun.
    velocity : (n,)
        km/s; what is not finite counts as 0.
    """
    velocity = np.asarray(velocity, dtype=np.float64)
    factor = 1.0 + np.where(np.isfinite(velocity), velocity, 0.0) / SPEED_OF_LIGHT
    factor = np.where(factor > 0.0, factor, 1.0)  # no star; and its logarithm must exist
    wavelength = spectra.wavelength
    if wavelength is not None:
        offsets = spectra.offsets_of("wavelength")
        wavelength = wavelength.astype(np.float64)
        own = slice(offsets[0], offsets[-1])
        wavelength[own] /= np.repeat(factor, np.diff(offsets))
    start = spectra.log_wavelength_start - np.log10(factor)
    return replace(spectra, log_wavelength_start=start, wavelength=wavelength)
