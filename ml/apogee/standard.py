"""What goes into the network and comes out of it, in its own units.

Labels are standardised with the constants of Sprague et al. (2022, table 2) or with those of a
training set. Metadata (parallax, G, BP, RP, J, H, K, in this order) are standardised, too; what
is missing (no number, or 98 and more, as tables print it) becomes a constant, the faintest
magnitude and the most negative parallax of the training set: so the network's authors do, and
the network learns what that constant means. The published constants are theirs.

Fluxes of apStar files go in as they are (1e-17 erg/s/cm2/A) for published weights, whose public
code does nothing else to them. For networks that are trained here each spectrum is divided by
its median, and 1 is taken off, so that the network sees lines alone: photometry, not the flux
calibration, says how bright a star is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

#: Pixels of an apStar spectrum.
N_PIXELS = 8575

#: What the network gives, in its order.
TARGETS = ("logg", "log_teff", "fe_h")

#: What it takes beside the spectrum, in its order.
METADATA = ("parallax", "g", "bp", "rp", "j", "h", "k")

#: Magnitudes from here on mean that there is none.
NO_MAGNITUDE = 98.0

#: apStar's error of a pixel that was not measured; what is near it is none either.
NO_ERROR = 1e9

#: Errors are clipped at so many times their median (section 3.2.3).
ERROR_CLIP = 5.0

#: How fluxes go in.
AS_THEY_ARE, BY_MEDIAN = "as they are", "by median"


@dataclass(frozen=True)
class Standard:
    """Constants of a network.

    Attributes
    ----------
    target_mean, target_deviation
        Of :data:`TARGETS`.
    metadata_mean, metadata_deviation, metadata_missing
        Of :data:`METADATA`; what stands for a missing one, before standardisation.
    flux
        :data:`AS_THEY_ARE` or :data:`BY_MEDIAN`.
    """

    target_mean: tuple[float, ...]
    target_deviation: tuple[float, ...]
    metadata_mean: tuple[float, ...]
    metadata_deviation: tuple[float, ...]
    metadata_missing: tuple[float, ...]
    flux: str = BY_MEDIAN

    @classmethod
    def of(cls, metadata: Floats, targets: Floats | None = None) -> Standard:
        """Return the constants of a training set.

        Parameters
        ----------
        metadata : (n, 7)
            NaN where there is none.
        targets : (n, 3), optional
            To standardise labels with; the published constants where it is None.
        """
        known = _known(metadata)
        values = np.where(known, metadata, np.nan)
        worst = [
            (np.nanmin if column == 0 else np.nanmax)(values[:, column])
            if known[:, column].any()
            else PUBLISHED.metadata_missing[column]
            for column in range(len(METADATA))
        ]
        filled = np.where(known, metadata, worst)
        mean, deviation = PUBLISHED.target_mean, PUBLISHED.target_deviation
        if targets is not None:
            mean = tuple(float(v) for v in np.nanmean(targets, axis=0))
            deviation = tuple(float(v) or 1.0 for v in np.nanstd(targets, axis=0))
        return cls(
            mean,
            deviation,
            tuple(float(v) for v in filled.mean(axis=0)),
            tuple(float(v) or 1.0 for v in filled.std(axis=0)),
            tuple(float(v) for v in worst),
        )

    def table(self) -> dict[str, Any]:
        """Return what a card says of it."""
        return asdict(self)

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Standard:
        """Read what :meth:`table` wrote."""
        columns = {name: tuple(value) for name, value in table.items() if name != "flux"}
        return cls(**columns, flux=str(table["flux"]))

    def metadata(self, values: Floats) -> Singles:
        """Return standardised metadata, (n, 7), of which NaN and 98 and more are missing."""
        filled = np.where(_known(values), values, self.metadata_missing)
        scaled = (filled - np.asarray(self.metadata_mean)) / np.asarray(self.metadata_deviation)
        return np.asarray(scaled, dtype=np.float32)

    def targets(self, values: Floats) -> Singles:
        """Return standardised labels, (n, 3); NaN stays."""
        scaled = (values - np.asarray(self.target_mean)) / np.asarray(self.target_deviation)
        return np.asarray(scaled, dtype=np.float32)

    def labels(self, out: NDArray[np.floating]) -> Floats:
        """Return labels, (..., 3), of what the network gives."""
        return np.asarray(
            np.asarray(out, dtype=np.float64) * self.target_deviation + self.target_mean
        )

    def spectra(self, flux: Singles, error: Singles | None = None) -> tuple[Singles, Singles]:
        """Return fluxes and clipped errors as the network takes them, (n, 8575) each.

        See :func:`clipped_errors`. Fluxes that are no numbers become 0, as in the public code.
        """
        fluxes = np.nan_to_num(flux, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
        errors = np.zeros_like(fluxes) if error is None else clipped_errors(error)
        if self.flux == AS_THEY_ARE:
            return fluxes, errors
        scale = median_flux(fluxes)[:, None]
        return fluxes / scale - np.float32(1), errors / scale


def _known(metadata: Floats) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.isfinite(metadata) & (metadata < NO_MAGNITUDE)


#: Table 2, and the constants of the authors' public inference code.
PUBLISHED = Standard(
    target_mean=(2.92578, 3.67057, -0.13088),
    target_deviation=(1.18907, 0.09177, 0.25669),
    metadata_mean=(
        -0.6959113178296891,
        13.630030428758845,
        14.5224418320574,
        12.832448427460813,
        11.537019017423619,
        10.858717523536697,
        10.702106344460235,
    ),
    metadata_deviation=(
        14.572430555504504,
        2.2762944923233883,
        2.8342029214199704,
        2.136884367623457,
        1.6793628207779732,
        1.4888102872755238,
        1.5848713221149886,
    ),
    metadata_missing=(-84.827, 21.40844, 24.53892, 20.26276, 18.439, 24.0, 17.025),
    flux=AS_THEY_ARE,
)


def median_flux(flux: Singles) -> Singles:
    """Return the median of a spectrum's positive pixels, (n,); 1 where there is none."""
    values = np.where(flux > 0.0, flux, np.nan)
    empty = ~np.isfinite(values).any(axis=1)
    values[empty] = 1.0
    return np.asarray(np.nanmedian(values, axis=1), dtype=np.float32)


def clipped_errors(error: Singles) -> Singles:
    """Return errors, (n, 8575), of at most five times their median (section 3.2.3).

    Pixels that were not measured carry an error of 1e10 in apStar files. The authors' public code
    gives them the flux as their error before it clips, SDSS's copy of it five times the median;
    the paper's text says the latter, and so it is here. The median is that of the measured
    pixels. Errors that are no numbers or not positive count as not measured.
    """
    with np.errstate(invalid="ignore"):
        measured = np.isfinite(error) & (error > 0.0) & (error < NO_ERROR)
    values = np.where(measured, error, np.nan).astype(np.float32)
    empty = ~measured.any(axis=1)
    values[empty] = 0.0
    limit = ERROR_CLIP * np.nanmedian(values, axis=1)[:, None]
    return np.asarray(np.where(np.isfinite(values), np.minimum(values, limit), limit))


def is_spectrum(flux: Singles) -> NDArray[np.bool_]:
    """Return which rows, (n, 8575), hold anything: half of the pixels are positive numbers."""
    with np.errstate(invalid="ignore"):
        positive = np.isfinite(flux) & (flux > 0.0)
    return np.asarray(positive.sum(axis=1) >= N_PIXELS // 2)
